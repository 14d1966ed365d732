"""The state machines and executions that a line names: by a variable, by their own names, or the latest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sfnb.asl.ways import did_you_mean
from sfnb.default import execution_of, get_execution, machines, service
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.machine import StateMachine
from sfnb.notebook.options import Usage
from sfnb.service import ExecutionDoesNotExist

Variables = dict[str, Any]

MOST_NAMES = 200
"""How many of the latest executions are offered by name."""
MOST_SEARCHED = 100
"""How many of the latest executions are looked at for a map run."""


def everything(variables: Mapping[str, Any], kind: type, kept: Iterable[Any]) -> dict[str, Any]:
    """What goes by a name: what variables hold comes before the names that things have themselves."""
    named = {thing.name: thing for thing in reversed(list(kept))}
    return named | held(variables, kind)


def held(variables: Mapping[str, Any], kind: type) -> dict[str, Any]:
    """What variables hold of a kind."""
    return {
        name: value
        for name, value in variables.items()
        if isinstance(value, kind) and not name.startswith("_")
    }


def execution_names(variables: Mapping[str, Any], **wanted: Any) -> list[str]:
    """The names under which executions can be had: variables, then the latest executions' own."""
    records = service().list_executions(ExecutionFilter(limit=MOST_NAMES, **wanted))
    return list(dict.fromkeys([*held(variables, Execution), *(record.name for record in records)]))


def no_such(name: str, what: str, known: Iterable[str]) -> Usage:
    """There is no such thing; a near miss is named."""
    near = did_you_mean(name, known)
    return Usage(f"there is no {what} '{name}'; {near or '%asl list shows what there is'}")


def machine_named(name: str, variables: Variables) -> StateMachine:
    """Raises Usage with a near miss."""
    known = everything(variables, StateMachine, machines())
    if name not in known:
        raise no_such(name, "state machine", known)
    found: StateMachine = known[name]
    return found


def find_execution(name: str, variables: Variables) -> Execution | None:
    """The execution of this variable, name or ARN; raises SfnbError where several have the name."""
    variable = held(variables, Execution).get(name)
    if variable is not None:
        found: Execution = variable
        return found
    try:
        return get_execution(name)
    except ExecutionDoesNotExist:
        return None


def execution_named(name: str | None, variables: Variables) -> Execution:
    """The execution of this variable, name or ARN, else the latest; raises Usage with a near miss."""
    found = latest() if name is None else find_execution(name, variables)
    if found is None and name is None:
        raise Usage("there is no execution yet")
    if found is None:
        raise no_such(str(name), "execution", execution_names(variables))
    return found


def latest() -> Execution | None:
    """The latest execution of a machine of this session, else of any."""
    records = service().list_executions(ExecutionFilter(limit=MOST_SEARCHED))
    ours = {machine.arn for machine in machines()}
    found = next((record for record in records if record.machine in ours), None)
    found = found or next(iter(records), None)
    return None if found is None else execution_of(found.arn)


def latest_with_map_runs() -> Execution:
    """Raises Usage where there is none."""
    for record in service().list_executions(ExecutionFilter(limit=MOST_SEARCHED)):
        if service().map_runs.of_execution(record.arn):
            return execution_of(record.arn)
    raise Usage("there is no execution with a map run yet: only a Map in DISTRIBUTED mode has one")


def bound_to(thing: StateMachine | Execution | str, variables: Mapping[str, Any]) -> str:
    """The variables that hold a machine or an execution, which may be given by its ARN."""
    arn = thing if isinstance(thing, str) else thing.arn
    kinds = (StateMachine, Execution) if isinstance(thing, str) else type(thing)
    return ", ".join(
        name
        for name, value in variables.items()
        if isinstance(value, kinds) and value.arn == arn and not name.startswith("_")
    )


def by_definition(
    machine: StateMachine, variables: Mapping[str, Any]
) -> list[tuple[StateMachine, list[str]]]:
    """The machines of one ARN that have different definitions, with the variables that hold each.

    First comes `machine`, to which the name belongs now, if no variable holds it too.
    """
    found = [(machine, list[str]())]
    for name, value in held(variables, StateMachine).items():
        if value.arn == machine.arn:
            same = next((names for one, names in found if one.source.tree == value.source.tree), None)
            if same is None:
                found.append((value, [name]))
            else:
                same.append(name)
    return found


def owner(arn: str, variables: Mapping[str, Any]) -> str:
    """The variable that holds an execution, else its machine's and its own name."""
    bound = bound_to(arn, variables)
    if bound:
        return bound
    try:
        execution = execution_of(arn)
    except SfnbError:
        return arn
    return f"{execution.machine_name}:{execution.name}"
