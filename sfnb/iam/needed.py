"""What a call needs: an action on a resource, and what for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from sfnb.iam.given import Value
from sfnb.iam.places import ANYWHERE, Place, role_arn

Phase = Literal["call", "wait", "rule", "stop", "beyond"]
"""When a right is used: as the call is made; as its end is waited for; for the rule of EventBridge that tells
of the end; as it is stopped; beyond the call, by the service that is called."""

RULE_ACTIONS = ("events:DescribeRule", "events:PutRule", "events:PutTargets")


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One right.

    also: further resources that are granted with it, as the versions of a function.
    context: what a condition of a policy may ask about, by condition key. where: the operator under which
        each of these keys is granted; what is not there is not made a condition of.
    """

    action: str
    resource: str = ANYWHERE
    also: tuple[str, ...] = ()
    phase: Phase = "call"
    context: tuple[tuple[str, str], ...] = ()
    where: tuple[tuple[str, str], ...] = ()

    @property
    def condition(self) -> dict[str, dict[str, str]]:
        """As a policy has it: operator, key, value."""
        told = dict(self.context)
        condition: dict[str, dict[str, str]] = {}
        for key, operator in self.where:
            if told.get(key, ANYWHERE) != ANYWHERE:
                condition.setdefault(operator, {})[key] = told[key]
        return condition


def pass_role(place: Place, role: Value, to: str, phase: Phase = "call") -> Need:
    """The right to hand a role to a service. to: the service's principal."""
    return Need(
        action="iam:PassRole",
        resource=role_arn(place, role),
        phase=phase,
        context=(("iam:PassedToService", to),),
        where=(("iam:PassedToService", "StringEquals"),),
    )


def managed_rule(place: Place, name: str) -> Iterator[Need]:
    """The rights to the rule by which Step Functions hears of a job's end."""
    arn = place.arn("events", f"rule/{name}")
    for action in RULE_ACTIONS:
        yield Need(action=action, resource=arn, phase="rule")


def job(
    place: Place, resource: str, *, wait: tuple[str, ...], stop: tuple[str, ...] = (), rule: str | None = None
) -> Iterator[Need]:
    """What `.sync` needs besides the call: to see the job, to stop it, to hear of its end."""
    for action in wait:
        yield Need(action=action, resource=resource, phase="wait")
    for action in stop:
        yield Need(action=action, resource=resource, phase="stop")
    if rule is not None:
        yield from managed_rule(place, rule)
