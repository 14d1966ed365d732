"""The roles that a template writes along with triggers: who takes them on, and what they may do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from sfnb.exporters.deployable import Deployable, Own, with_own

ASKED = Own("", "", "")
CONFINED = ("events", "scheduler", "pipes", "iot")
"""Services that say for whose account they take on a role; of API Gateway nothing such is documented.

Source: guides of EventBridge, EventBridge Scheduler and AWS IoT, "Cross-service confused deputy prevention".
"""


class Right(NamedTuple):
    """resource: an ARN, or whatever the template language has for it."""

    actions: tuple[str, ...]
    resource: Any


class Role:
    """A role that is written along."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._rights: list[Right] = []

    def grant(self, actions: Sequence[str], resource: Any) -> None:
        for number, right in enumerate(self._rights):
            if right.resource == resource:
                merged = tuple(dict.fromkeys((*right.actions, *actions)))
                self._rights[number] = Right(merged, resource)
                return
        self._rights.append(Right(tuple(actions), resource))

    def trust(self, account: Any) -> dict[str, Any]:
        """account: that of the template, in its language."""
        statement: dict[str, Any] = {
            "Effect": "Allow",
            "Principal": {"Service": f"{self.service}.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        if self.service in CONFINED:
            statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
        return {"Version": "2012-10-17", "Statement": [statement]}

    @property
    def policy(self) -> dict[str, Any]:
        return {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": list(right.actions), "Resource": [right.resource]}
                for right in self._rights
            ],
        }


class Roles:
    """All that are written along, by what they are for."""

    def __init__(self) -> None:
        self._roles: dict[str, Role] = {}

    def get(self, name: str, service: str) -> Role:
        return self._roles.setdefault(name, Role(service))

    def __iter__(self) -> Iterator[tuple[str, Role]]:
        return iter(self._roles.items())


def is_there(machine: Deployable, role: str | None) -> bool:
    """Whether a role that a trigger names is one of an account that is meant.

    One of the account that sfnb stands for is not: the template writes another instead of it.
    """
    return role is not None and with_own(machine, role, ASKED) == role


def starts(machine: Deployable, arn: str) -> str | None:
    """What is said of the machine's ARN beyond itself, "", or ":" and an alias; None for another ARN.

    >>> machine = Deployable(name="m", type="STANDARD", tree={}, trust={})
    >>> [starts(machine, f"{machine.arn}{more}") for more in ("", ":prod", "s")]
    ['', ':prod', None]
    """
    rest = arn.removeprefix(machine.arn)
    return None if rest == arn or rest[:1] not in ("", ":") else rest
