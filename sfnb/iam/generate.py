"""From a definition to the policy that its machine's role needs.

A right is on one resource where the definition names it, and on "*" where a path or a query brings its name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from sfnb.asl.machine import Definition, walk
from sfnb.asl.state import State
from sfnb.asl.states.map_ import Map
from sfnb.asl.states.task import Task
from sfnb.iam.calls import needs_of, role_need
from sfnb.iam.given import static, static_payload, text
from sfnb.iam.map_rights import map_needs
from sfnb.iam.needed import Need
from sfnb.iam.placeholders import held, released, unfilled
from sfnb.iam.places import ANYWHERE, Place, place_of
from sfnb.iam.policy import Policy, Reasoned, merged

WHY = {
    "call": "to make the call",
    "wait": "to wait for its end",
    "rule": "to hear of its end",
    "stop": "to stop it",
    "beyond": "for what the call goes on to do",
}

LOGGING = tuple(
    f"logs:{action}"
    for action in (
        "CreateLogDelivery",
        "CreateLogStream",
        "DeleteLogDelivery",
        "DescribeLogGroups",
        "DescribeResourcePolicies",
        "GetLogDelivery",
        "ListLogDeliveries",
        "PutLogEvents",
        "PutResourcePolicy",
        "UpdateLogDelivery",
    )
)
"""Source: AWS guide, "Using CloudWatch Logs to log execution history", IAM policies."""

TRACING = tuple(
    f"xray:{action}"
    for action in ("GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")
)

ENCRYPTION = ("kms:Decrypt", "kms:GenerateDataKey")


def iam_policy(
    definition: Definition,
    tree: Mapping[str, Any],
    place: Place | None = None,
    *,
    logging: bool = False,
    tracing: bool = False,
    kms_key: str | None = None,
    with_placeholders: bool = False,
) -> Policy:
    """What the role of a machine needs, and no more than its definition shows.

    tree: the definition's plain JSON tree. place: where the machine is; "*" in ARNs where it is not known.
    logging, tracing, kms_key: what the machine is configured with, besides its definition.
    with_placeholders: a `${Name}` may stand in ARNs, for a template to fill in; else they are "*".
    """
    rights = rights_of(definition, held(tree) if with_placeholders else tree, place or Place())
    rights += [Reasoned(Need(action=action), "the machine: to log") for action in LOGGING if logging]
    rights += [Reasoned(Need(action=action), "the machine: to trace") for action in TRACING if tracing]
    if kms_key is not None:
        rights += [
            Reasoned(Need(action=action, resource=kms_key), "the machine: to encrypt")
            for action in ENCRYPTION
        ]
    return merged(rights)


def rights_of(definition: Definition, tree: Mapping[str, Any], place: Place) -> list[Reasoned]:
    """Each right that each state needs."""
    return [
        Reasoned(released(need), f"{state.name}: {WHY[need.phase]}{_left_open(need, node(tree, state))}")
        for state in walk(definition)
        for need in _needs_of_state(place, state, node(tree, state))
    ]


def _left_open(need: Need, told: Mapping[str, Any]) -> str:
    """Why a right is on all resources, if a placeholder makes it so."""
    if released(need).resource != ANYWHERE:
        return ""
    names = [f"${{{name}}}" for name in dict.fromkeys(unfilled(_own(told)))]
    return (
        f", on any as {' and '.join(names)} {'is' if len(names) == 1 else 'are'} not filled in"
        if names
        else ""
    )


def _own(told: Mapping[str, Any]) -> Mapping[str, Any]:
    """What is said of a state itself, and not of those inside of it."""
    return {key: value for key, value in told.items() if key not in ("ItemProcessor", "Iterator", "Branches")}


class Configured(Protocol):
    """A state machine as a service keeps it."""

    @property
    def arn(self) -> str: ...
    @property
    def definition(self) -> Definition: ...
    @property
    def settings(self) -> Any:
        """With `logging.level`, `tracing` and `encryption.key_id`."""


def policy_of(machine: Configured, tree: Mapping[str, Any], *, with_placeholders: bool = False) -> Policy:
    """The policy of a machine with what it is configured with; see `iam_policy`."""
    settings = machine.settings
    return iam_policy(
        machine.definition,
        tree,
        place_of(machine.arn),
        logging=settings.logging.level != "OFF",
        tracing=settings.tracing,
        kms_key=settings.encryption.key_id,
        with_placeholders=with_placeholders,
    )


def node(tree: Mapping[str, Any], state: State) -> Mapping[str, Any]:
    """What the definition says of a state."""
    at: Any = tree
    for step in state.place:
        at = at[step]
    found: Mapping[str, Any] = at
    return found


def _needs_of_state(place: Place, state: State, told: Mapping[str, Any]) -> Iterator[Need]:
    if isinstance(state, Task):
        yield from _needs_of_task(place, state, told)
    elif isinstance(state, Map) and state.distributed:
        yield from map_needs(place, state, told)


def _needs_of_task(place: Place, state: Task, told: Mapping[str, Any]) -> Iterator[Need]:
    """With Credentials another role makes the call, and needs the rights for it."""
    if "Credentials" in told:
        yield role_need(text(static(told["Credentials"], state.language), "RoleArn"))
        return
    yield from needs_of(place, str(told["Resource"]), static_payload(told, state.language))
