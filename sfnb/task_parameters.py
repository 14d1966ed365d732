"""The parameters of tasks that call AWS, looked at before anything runs, along botocore's models.

What is written down and not computed can be known to be wrong: a name that the service does not take, one
that is missing. These are warnings: a model may be older than the service. Where botocore is not installed
nothing is found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sfnb.asl.ways import did_you_mean, nearest
from sfnb.aws_names import member_name
from sfnb.errors import Diagnostic, PathStep
from sfnb.integrations import INTEGRATIONS, api_gateway, eks, http_task
from sfnb.integrations.service import bare_action
from sfnb.integrations.service_action import Action, ServiceAction
from sfnb.integrations.step_functions import STARTING
from sfnb.mocks import shapes

Path = tuple[PathStep, ...]
Tree = Any
"""JSON as it stands in a definition."""

OWN_FIELDS: dict[str, tuple[str, ...]] = {
    "apigateway:invoke": api_gateway.FIELDS,
    "http:invoke": http_task.FIELDS,
    "states:startExecution": (*STARTING[0], *STARTING[1]),
}
"""Integrations that are no operation of a service, and what they take."""

ALSO = {"bedrock:invokeModel": ("Input", "Output")}
"""What Step Functions takes besides the members of the operation."""

PLAIN = Action(operation="")
"""Says nothing besides the model."""

UNKNOWN, MISSING, NO_ACTION = "UNKNOWN_PARAMETER", "MISSING_PARAMETER", "UNKNOWN_ACTION"


def parameter_warnings(tree: Tree) -> tuple[Diagnostic, ...]:
    """What is wrong with the Parameters or Arguments of a definition's tasks. tree: the definition."""
    try:
        return tuple(_in_machine(tree, ()))
    except shapes.NoModels:
        return ()


def _in_machine(machine: Tree, path: Path) -> Iterator[Diagnostic]:
    states = machine.get("States") if isinstance(machine, dict) else None
    for name, state in states.items() if isinstance(states, dict) else ():
        here = (*path, "States", name)
        if not isinstance(state, dict):
            continue
        if state.get("Type") == "Task":
            yield from _in_task(state, here)
        for field in ("Iterator", "ItemProcessor"):
            yield from _in_machine(state.get(field), (*here, field))
        branches = state.get("Branches")
        for place, branch in enumerate(branches if isinstance(branches, list) else ()):
            yield from _in_machine(branch, (*here, "Branches", place))


def _in_task(task: Mapping[str, Tree], path: Path) -> Iterator[Diagnostic]:
    resource = task.get("Resource")
    parts = resource.split(":") if isinstance(resource, str) and "${" not in resource else []
    if len(parts) < 7 or parts[2] != "states" or parts[5] == "activity":
        return
    kind, action = bare_action(":".join(parts))
    fault = _action_fault(kind, action) if kind.startswith("aws-sdk:") else None
    if fault is not None:
        yield _warning(*fault, NO_ACTION, (*path, "Resource"))
        return
    for field in ("Parameters", "Arguments"):
        given = task.get(field)
        if isinstance(given, dict):
            yield from _in_call(kind, action, given, (*path, field))


def _action_fault(kind: str, action: str) -> tuple[str, str | None] | None:
    """What is wrong with an `aws-sdk:` action, and what was probably meant."""
    service = kind.removeprefix("aws-sdk:")
    name = shapes.service_name(kind)
    if name is None:
        return f"'{service}' is no service that is known", did_you_mean(service, shapes.service_names())
    known = [each[:1].lower() + each[1:] for each in shapes.operations(name)]
    if action.lower() not in map(str.lower, known):
        return f"'{service}' has no action '{action}'", did_you_mean(action, known)
    if action[:1].isupper() or service != service.lower():
        right = f"aws-sdk:{service.lower()}:{action[:1].lower()}{action[1:]}"
        return f"'{kind}:{action}' is not how AWS spells it", f'write "{right}"'
    return None


def _in_call(kind: str, action: str, given: Mapping[str, Tree], path: Path) -> Iterator[Diagnostic]:
    name = f"{kind}:{action}"
    if name in OWN_FIELDS:
        yield from _unknown(given, OWN_FIELDS[name], path)
        return
    integration = INTEGRATIONS.get(name)
    if isinstance(integration, eks.EksCall | eks.RunJob):
        return
    if isinstance(integration, ServiceAction):
        yield from _in_service_action(integration, given, path, ALSO.get(name, ()))
        return
    shape = shapes.input_shape(kind, action)
    if shape is not None:
        yield from _in_structure(shape, given, path)


def _in_service_action(
    integration: ServiceAction, given: Mapping[str, Tree], path: Path, also: tuple[str, ...]
) -> Iterator[Diagnostic]:
    action = integration.action
    shape = shapes.input_shape(integration.provider.client, action.operation)
    if shape is None:
        return
    if type(integration) is ServiceAction:
        yield from _in_structure(shape, given, path, action)
    else:  # it makes something of its own of them
        known = [shapes.capital(member) for member in shape.members]
        yield from _unknown(given, (*known, *action.takes, *action.needs, *also), path)


def _in_structure(
    shape: Any, given: Mapping[str, Tree], path: Path, action: Action = PLAIN
) -> Iterator[Diagnostic]:
    """action: what it says besides the model, at the top."""
    renamed = {target.partition(".")[0].removesuffix("[]") for target in action.takes.values()}
    members = {_folded(member): member for member in shape.members}
    known = [member_name(member) for member in shape.members if member not in renamed]
    meant = set()
    for key, value in given.items():
        name = key.removesuffix(".$")
        if name in action.takes:
            continue
        member = members.get(_folded(name))
        if member is None:
            meant.add(nearest(name, known))
            yield _unknown_name(name, (*known, *action.takes), (*path, key))
            continue
        if name[:1].islower():
            yield _unknown_name(name, (shapes.capital(name),), (*path, key))
        if not key.endswith(".$"):
            yield from _in_value(shape.members[member], value, (*path, key))
    there = {_folded(key.removesuffix(".$")) for key in given}
    for name in _needed(shape, action, renamed):
        if _folded(name) not in there and name not in meant:
            yield _warning(f"The field '{name}' is required but was missing", None, MISSING, path)


def _needed(shape: Any, action: Action, renamed: set[str]) -> Iterable[str]:
    """What has to be given, by the names that it is given by."""
    added = {_folded(name) for name in (*action.adds, action.token or "")}
    required = [
        member_name(member)
        for member in shape.required_members
        if _folded(member) not in added
        and member not in renamed
        and not shape.members[member].metadata.get("idempotencyToken")
    ]
    return dict.fromkeys((*action.needs, *required))


def _in_value(shape: Any, value: Tree, path: Path) -> Iterator[Diagnostic]:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        yield from _in_structure(shape, value, path)
    elif kind == "list" and isinstance(value, list):
        for place, item in enumerate(value):
            yield from _in_value(shape.member, item, (*path, place))
    elif kind == "map" and isinstance(value, dict):
        for key, item in value.items():
            if not key.endswith(".$"):
                yield from _in_value(shape.value, item, (*path, key))


def _unknown(given: Mapping[str, Tree], known: tuple[str, ...], path: Path) -> Iterator[Diagnostic]:
    for key in given:
        name = key.removesuffix(".$")
        if name not in known:
            yield _unknown_name(name, known, (*path, key))


def _unknown_name(name: str, known: tuple[str, ...], path: Path) -> Diagnostic:
    message = f'The field "{name}" is not supported by Step Functions'
    return _warning(message, did_you_mean(name, known), UNKNOWN, path, at_key=True)


def _warning(message: str, hint: str | None, code: str, path: Path, *, at_key: bool = False) -> Diagnostic:
    return Diagnostic(message=message, hint=hint, code=code, path=path, at_key=at_key, severity="WARNING")


def _folded(name: str) -> str:
    """Names are found whatever their case; the SDK for Java says `EqualsValue` for `equals`."""
    lower = name.lower()
    return "equals" if lower == "equalsvalue" else lower
