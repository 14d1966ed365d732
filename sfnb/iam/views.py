"""What a machine needs beside what its role grants, and what the calls of an execution asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from sfnb.engine import events as ev
from sfnb.iam.evaluate import Decision, Request, evaluate
from sfnb.iam.generate import Configured, rights_of
from sfnb.iam.needed import Need
from sfnb.iam.places import ANYWHERE, place_of
from sfnb.iam.roles import Ask, Asked, Role, Roles
from sfnb.table import Table
from sfnb.values import decode

NOT_KNOWN = "no policies of {} are known here, so nothing is refused; sfnb.role makes them known"


def granted_table(machine: Configured, tree: Mapping[str, Any], role: Role | None, role_arn: str) -> Table:
    """A row for each right that a machine needs: what it is for, and which statement grants it.

    role: the machine's, None where its policies are not known.
    """
    reasons: dict[Need, list[str]] = {}
    for right in rights_of(machine.definition, tree, place_of(machine.arn)):
        reasons.setdefault(right.need, []).append(right.reason)
    rows = []
    for need in sorted(reasons, key=lambda need: (need.action, need.resource)):
        row = (need.action, need.resource, "\n".join(dict.fromkeys(reasons[need])))
        rows.append(row if role is None else (*row, _grant(role, need)))
    header = ("action", "resource", "why")
    if role is None:
        return Table(title="", header=header, rows=tuple(rows), footnote=NOT_KNOWN.format(role_arn))
    lacking = sum(row[-1].startswith("✘") for row in rows)
    footnote = f"{role.name} lacks {lacking} of {len(rows)}" if lacking else f"{role.name} grants all of it"
    if not role.trusts_step_functions(machine.arn).allowed:
        footnote += "; its trust policy does not let Step Functions take it on for this machine"
    return Table(title="", header=(*header, "granted by"), rows=tuple(rows), footnote=footnote)


def _grant(role: Role, need: Need) -> str:
    """Who grants a right. What is needed on "*" or on a prefix may be granted on a part of that."""
    decision = role.decide(need, {})
    if decision.allowed or decision.explicit:
        return words(decision)
    if ANYWHERE in need.resource and (part := _partly(role, need)) is not None:
        return f"? for some resources by {part}"
    return words(decision)


def _partly(role: Role, need: Need) -> str | None:
    """The statement that allows an action on something."""
    for document in role.policies:
        for rule in document.rules:
            anywhere = msgspec.structs.replace(rule, resources=(ANYWHERE,), negates_resources=False)
            asked = Request(action=need.action, context={key: [value] for key, value in need.context})
            alone = msgspec.structs.replace(document, rules=(anywhere,))
            if rule.effect == "Allow" and evaluate([alone], asked).allowed:
                return f"{document.name}/{rule.place}"
    return None


def words(decision: Decision) -> str:
    """
    >>> words(Decision(allowed=True, statement="Read", policy="orders")), words(Decision(allowed=False))
    ('✔ orders/Read', '✘ nothing')
    """
    if not decision.explicit:
        return "✔ no policy" if decision.allowed else "✘ nothing"
    mark = "✔" if decision.allowed else "✘ denied by"
    return f"{mark} {decision.policy}/{decision.statement}"


def asked_table(roles: Roles, machine_arn: str, log: Sequence[ev.Event]) -> Table:
    """A row for each right that the calls of an execution asked for, decided by the policies of now."""
    role_arn = next((e.role_arn for e in log if isinstance(e, ev.ExecutionStarted)), None) or ""
    rows = []
    for state, ask in asks(role_arn, machine_arn, log):
        rows += [_row(state, asked) for asked in roles.asked(ask)]
    footnote = "" if roles.get(role_arn) is not None else NOT_KNOWN.format(role_arn)
    header = ("state", "action", "resource", "role", "decided by")
    return Table(title="", header=header, rows=tuple(dict.fromkeys(rows)), footnote=footnote)


def _row(state: str, asked: Asked) -> tuple[str, ...]:
    name = asked.role.rpartition("/")[2]
    return state, asked.need.action, asked.need.resource, name, words(asked.decision)


def asks(role_arn: str, machine_arn: str, log: Iterable[ev.Event]) -> Iterator[tuple[str, Ask]]:
    """Each call in a log, with the state that makes it."""
    place = place_of(machine_arn)
    entered: dict[ev.FramePath, str] = {}
    for event in log:
        match event:
            case ev.StateEntered():
                entered[event.frame] = event.name
                continue
            case ev.TaskScheduled():
                resource = f"arn:{place.partition}:states:::{event.resource_type}:{event.resource}"
                given, credentials = event.parameters, event.task_credentials
            case ev.LambdaFunctionScheduled():
                resource, given, credentials = event.resource, event.input, event.task_credentials
            case _:
                continue
        yield (
            entered.get(event.frame, ""),
            Ask(
                resource=resource,
                given=decode(given),
                role=role_arn,
                target=(credentials or {}).get("roleArn"),
                place=place,
                moment=event.timestamp,
            ),
        )
