"""The one service behind the functions of the package, made when it is first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from sfnb.asl.ways import did_you_mean
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.given import register
from sfnb.items.folder import FolderBuckets
from sfnb.keeping import Durability
from sfnb.machine import StateMachine, load_machine
from sfnb.service import ExecutionDoesNotExist, MachineType, StepFunctions

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.deploy.execution import AwsExecution
    from sfnb.mocks.answers import Given
    from sfnb.resuming import Resumption
    from sfnb.service.continuing import OnLost

Function = TypeVar("Function", bound=Callable[..., Any])

MOST_COMPARED = 200
"""How many of the latest executions a misspelt name is compared with."""


@functools.cache
def service() -> StepFunctions:
    """The service that `load`, `task` and the magics use."""
    return StepFunctions()


def load(
    definition: str | bytes | dict[str, Any] | Path,
    *,
    name: str | None = None,
    unlimited: bool = False,
    type: MachineType = "STANDARD",
) -> StateMachine:
    """A state machine from JSON or YAML text, a Python dict, or a file.

    definition: text; a dict; a Path, or a str that names an existing .json, .yaml or .yml file.
    name: that of the file unless told, `orders` of orders.asl.json; without a file, "machine" and a
        number. The name of a machine that exists gives it a new definition and keeps its tasks.
    unlimited: lift the bound of 1 MiB.
    type: an EXPRESS machine runs for five minutes at most, and waits for no job or callback.
    Raises DefinitionError with every finding.

    >>> load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="hello").run({"n": 1}).output
    {'n': 1}
    """
    return load_machine(service(), definition, name=name, unlimited=unlimited, type=type)


@overload
def task(function: Function, /) -> Function: ...
@overload
def task(name: str, /) -> Callable[[Function], Function]: ...
def task(function: Any, /) -> Any:
    """Let a Python function stand for a Resource of its name, or of the name that is given.

    >>> @task
    ... def price(order): return {**order, "price": 3}
    >>> @task("arn:aws:lambda:us-east-1:123456789012:function:ship")
    ... def ship_it(order): return "shipped"

    One parameter receives the whole payload; parameters named (event, context) are Lambda's; several
    others are filled by the payload's keys.
    """
    registry = service().registry
    return register(registry, registry.functions, function)


def executions(
    machine: str | None = None,
    status: str | Sequence[str] | None = None,
    name: str | None = None,
    after: datetime | None = None,
    before: datetime | None = None,
    limit: int | None = 1_000,
) -> pd.DataFrame:
    """The executions that are kept, newest first, a row each; of other sessions too.

    Columns: name, machine, status, started, stopped (UTC), duration, events, error, redrives, origin (what
    it was forked from), arn. `get_execution` opens one.
    machine: its name or ARN. status: one or several; INTERRUPTED is one. name: with * and ?.
    after, before: aware datetimes that it began at or after, and before. limit: None for all.
    """
    from sfnb import keeping

    wanted, only_interrupted = keeping.wanted(machine, status, name, after, before)
    found = keeping.records_of(service(), limit, wanted=wanted, only_interrupted=only_interrupted)
    return keeping.executions_frame(found)


def get_execution(name: str) -> Execution:
    """The execution of this name or ARN, of any session, also a map run's child.

    Raises ExecutionDoesNotExist, and SfnbError where more than one has the name.
    """
    if name.startswith("arn:"):
        return execution_of(name)
    records = [each for each in service().list_executions(ExecutionFilter(name=name)) if each.name == name]
    if not records:
        latest = service().list_executions(ExecutionFilter(limit=MOST_COMPARED))
        near = did_you_mean(name, (record.name for record in latest))
        raise ExecutionDoesNotExist(f"there is no execution '{name}'" + (f"; {near}" if near else ""))
    if len(records) > 1:
        raise SfnbError(f"more than one is called '{name}': {', '.join(each.arn for each in records)}")
    return execution_of(records[0].arn)


def execution_of(arn: str) -> Execution:
    """The execution of this ARN, also that of a map run's child; raises ExecutionDoesNotExist."""
    return Execution(service(), service().execution(arn))


def use_store(path: str | Path | None = None, *, durability: Durability = "full") -> None:
    """Keep what named machines run in a file, from now on; what is under way stays where it is.

    path: in your data folder unless given. Machines that were given no name stay in memory.
    durability: "full" survives a power cut; "normal", quicker, the end of the process; with "memory" nothing
        outlives the process: so it is in a script that says nothing.
    Raises StoreFault where the file cannot be opened; nothing is changed then.
    """
    from sfnb import keeping

    keeping.keep_in_file(service(), None if path is None else Path(path), durability)


def resume(
    *executions: str | Execution,
    on_lost: OnLost = "repeat",
    mock: Given | None = None,
    wait: bool = True,
    skip_waits: bool = False,
) -> Resumption:
    """Go on with interrupted executions, all or these, each from where its log ends; returns at once.

    executions: Executions, or their names or ARNs. Nothing is raised because one cannot go on: the Resumption
        has `.executions`, which go on; `.waiting`, by name the functions that others wait for, to go on by
        themselves when these are there; and `.refused`, by name why others cannot.
    on_lost: a task that had been called and had not answered is called again, or it fails, as `TaskLost`.
    mock: again, where functions were among the mocks. wait: also for functions that are needed later.
    skip_waits: as for `StateMachine.start`, also where they did not before.
    """
    from sfnb import resuming

    manner = resuming.Manner(
        on_lost=on_lost, mock=mock, wait=wait, skip_waits=skip_waits, on_output=resuming.to_output
    )
    return resuming.resume(service(), executions, manner, resuming.after_the_cell)


def use_buckets(folder: str | Path) -> None:
    """Let a folder stand for S3, with a folder in it for each bucket; it need not exist yet.

    Distributed Maps read their items from it and write their results there. Unless told, it is the folder
    `buckets` where the process runs; after `use_aws` it is S3 itself.
    """
    service().buckets = FolderBuckets(Path(folder).expanduser())


def pull(
    arn: str, *, profile: str | None = None, region: str | None = None, client: Any = None
) -> StateMachine | AwsExecution:
    """What is on AWS, fetched: a state machine, or an execution, by its ARN.

    A machine comes with its role, settings and tags, under its name; one of this name here gets them.
    An execution has the tables and pictures of one that ran here; `fork` goes on here from any of its events,
    `replay` runs it again with what its tasks had answered.
    profile, region: as boto3 knows them; the ARN's region unless given. client: instead, a boto3 client.
    Raises SfnbError where AWS refuses or there is no such thing.
    """
    from sfnb.deploy import pulling
    from sfnb.deploy.clients import client_of

    _, _, _, there, *_ = [*arn.split(":"), "", "", "", ""]
    return pulling.pull(service(), arn, client_of(client, profile, region or there or None))


def machines() -> list[StateMachine]:
    """Every state machine of this process, oldest first."""
    return [StateMachine(service(), record) for record in service().list_state_machines()]
