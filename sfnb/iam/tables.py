"""Policies and decisions as tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from sfnb.table import Table

if TYPE_CHECKING:
    from sfnb.iam.policy import Policy, Statement
    from sfnb.iam.roles import Role


def policy_table(policy: Policy) -> Table:
    """What is granted, on what, and why."""
    from sfnb.iam.policy import MOST_INLINE, MOST_MANAGED

    rows = tuple(row for each in policy.statements for row in _statement_rows(each))
    footnote = ""
    if policy.size > MOST_MANAGED:
        footnote = f"{policy.size:,} characters: more than the {MOST_MANAGED:,} of a managed policy"
        if policy.size > MOST_INLINE:
            footnote += f" and the {MOST_INLINE:,} of a role's inline policies: make several of it"
    if not rows:
        return Table(title="", header=("a role for this machine needs no rights",), rows=())
    header = ("statement", "actions", "resources", "condition", "why")
    return Table(title="", header=header, rows=rows, footnote=footnote)


def _statement_rows(statement: Statement) -> Iterator[tuple[str, ...]]:
    """A row for actions of the same reasons; what holds for all of them stands in the first."""
    actions: dict[tuple[str, ...], list[str]] = {}
    reasons = statement.reasons_by_action or (statement.reasons,) * len(statement.actions)
    for action, why in zip(statement.actions, reasons, strict=True):
        actions.setdefault(why, []).append(action)
    sid, resources = statement.sid, "\n".join(statement.resources)
    condition = "\n".join(_conditions(statement.condition))
    for why, together in actions.items():
        yield sid, "\n".join(together), resources, condition, "\n".join(_by_state(why))
        sid = resources = condition = ""


def role_table(role: Role) -> Table:
    """What a role's policies say, statement by statement."""
    rows = [
        (
            f"{document.name}/{rule.place}",
            "✘ Deny" if rule.effect == "Deny" else rule.effect,
            "\n".join([*(["all but"] if rule.negates_actions else []), *rule.actions]),
            "\n".join([*(["all but"] if rule.negates_resources else []), *rule.resources]),
            "\n".join(f"{operator} {key} {' or '.join(values)}" for operator, key, values in rule.conditions),
        )
        for document in role.policies
        for rule in document.rules
    ]
    header = ("statement", "effect", "actions", "resources", "condition")
    notes = [] if rows else ["no policy grants it anything"]
    notes += ["a boundary limits it"] if role.boundary else []
    notes += ["its trust policy is known"] if role.trust else []
    return Table(title=role.arn, header=header, rows=tuple(rows), footnote="; ".join(notes))


def _by_state(reasons: Sequence[str]) -> list[str]:
    """
    >>> _by_state(["A: to stop it", "A: to wait for its end", "B: to stop it"])
    ['A: to stop it, to wait for its end', 'B: to stop it']
    """
    found: dict[str, list[str]] = {}
    for reason in reasons:
        state, _, purpose = reason.rpartition(": ")
        found.setdefault(state, []).append(purpose)
    return [": ".join(filter(None, (state, ", ".join(purposes)))) for state, purposes in found.items()]


def _conditions(condition: dict[str, dict[str, str]]) -> Sequence[str]:
    return [
        f"{operator} {key} {value}" for operator, keys in condition.items() for key, value in keys.items()
    ]
