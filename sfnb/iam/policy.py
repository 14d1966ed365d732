"""A policy: what is granted, and why.

The JSON is what IAM takes; the reasons are on the objects and in the table alone. Equal needs give equal
bytes: statements and what is in them are merged and sorted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from sfnb.iam.needed import Need
from sfnb.iam.places import ANYWHERE

VERSION = "2012-10-17"
MOST_INLINE, MOST_MANAGED = 10_240, 6_144
"""Characters without white space, of all inline policies of a role, and of one managed policy."""

Condition = dict[str, dict[str, str]]


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What may be done on which resources.

    condition: operator, key, value. reasons: "Charge: to make the call", a line for each state.
    reasons_by_action: those of each of the actions, in their order.
    """

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition = {}
    reasons: tuple[str, ...] = ()
    reasons_by_action: tuple[tuple[str, ...], ...] = ()
    effect: str = "Allow"

    @property
    def document(self) -> dict[str, Any]:
        """As it stands in a policy."""
        told: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": self.effect,
            "Action": list(self.actions),
            "Resource": list(self.resources),
        }
        return {**told, "Condition": self.condition} if self.condition else told


class Policy(msgspec.Struct, frozen=True):
    """An identity policy. `policy.json` is what IAM takes; Jupyter shows it as a table with the reasons."""

    statements: tuple[Statement, ...]

    @property
    def document(self) -> dict[str, Any]:
        return {"Version": VERSION, "Statement": [each.document for each in self.statements]}

    @property
    def json(self) -> str:
        """Two spaces a level."""
        return json.dumps(self.document, indent=2)

    @property
    def size(self) -> int:
        """Characters as IAM counts them."""
        return len(json.dumps(self.document, separators=(",", ":")))

    @property
    def actions(self) -> list[str]:
        return sorted({action for each in self.statements for action in each.actions})

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.iam.tables import policy_table

        return policy_table(self).bundle

    def __repr__(self) -> str:
        from sfnb.iam.tables import policy_table

        return policy_table(self).text


class Reasoned(msgspec.Struct, frozen=True):
    """A right, and why it is needed."""

    need: Need
    reason: str


def merged(rights: Iterable[Reasoned]) -> Policy:
    """One policy of many rights.

    Rights on the same resources become one statement, then actions that are granted on several.
    A resource that "*" stands for besides is left out.
    """
    granted: dict[tuple[str, str], dict[str, set[str]]] = {}
    for right in rights:
        condition = json.dumps(right.need.condition, sort_keys=True)
        at = granted.setdefault((right.need.action, condition), {})
        for resource in (right.need.resource, *right.need.also):
            at.setdefault(resource, set()).add(right.reason)
    groups: dict[tuple[str, tuple[str, ...], str], list[tuple[str, set[str]]]] = {}
    for (action, condition), resources in granted.items():
        reasons = set().union(*resources.values())
        names = (ANYWHERE,) if ANYWHERE in resources else tuple(sorted(resources))
        key = (action.partition(":")[0], names, condition)
        groups.setdefault(key, []).append((action, reasons))
    return Policy(tuple(_named(_statements(groups))))


def _statements(
    groups: dict[tuple[str, tuple[str, ...], str], list[tuple[str, set[str]]]],
) -> Iterator[Statement]:
    for (_, resources, condition), unsorted in sorted(groups.items(), key=lambda group: group[0]):
        actions = sorted((action, tuple(sorted(reasons))) for action, reasons in unsorted)
        yield Statement(
            sid=_sid([action for action, _ in actions]),
            actions=tuple(action for action, _ in actions),
            resources=resources,
            condition=json.loads(condition),
            reasons=tuple(sorted({reason for _, reasons in actions for reason in reasons})),
            reasons_by_action=tuple(reasons for _, reasons in actions),
        )


def _sid(actions: list[str]) -> str:
    """`DynamodbPutItem`, or `DynamodbAccess` for several; a Sid has letters and digits alone."""
    prefix, _, name = min(actions).partition(":")
    words = "".join(word.capitalize() for word in re.split(r"[^A-Za-z0-9]+", prefix))
    return f"{words}{re.sub(r'[^A-Za-z0-9]', '', name) if len(actions) == 1 else 'Access'}"


def _named(statements: Iterable[Statement]) -> Iterator[Statement]:
    """A Sid is there once: the second has a number."""
    seen: dict[str, int] = {}
    for statement in statements:
        count = seen[statement.sid] = seen.get(statement.sid, 0) + 1
        yield statement if count == 1 else msgspec.structs.replace(statement, sid=f"{statement.sid}{count}")
