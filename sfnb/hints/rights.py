"""Rights that a role lacks."""

from __future__ import annotations

import json
import re
from typing import Any

from sfnb.hints.trouble import Trouble
from sfnb.iam.conditions import matches
from sfnb.iam.needed import RULE_ACTIONS
from sfnb.iam.policy import Statement

MOST_RESOURCES = 3


def not_authorized(trouble: Trouble, match: re.Match[str]) -> str:
    """A call, or what a Distributed Map does, was refused for want of a right."""
    who = re.search(r"assumed-role/([^/\s]+)/", trouble.cause)
    role = f'the role "{who[1]}"' if who else "the machine's role"
    action, resource = match[1], (match[2] or "*").strip('".')
    if "explicit deny" in trouble.cause:
        return f"{role} is denied {action} by a statement of its policies: that has to go; {_look(trouble)}"
    needed = _statement(trouble, action, resource)
    return "\n".join(
        [
            f"{role} may not do that yet: what its policies lack is a statement such as",
            f"    {json.dumps(needed)}",
            _look(trouble),
        ]
    )


def not_assumed(trouble: Trouble, match: re.Match[str]) -> str:
    """The role of a Task's Credentials was not taken on: it takes two to allow that."""
    needed = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": match[2]}
    return "\n".join(
        [
            "the machine's role has to be allowed to take on the other, by a statement such as",
            f"    {json.dumps(needed)}",
            f'and the trust policy of {match[2]} has to name {match[1]} as its "Principal"; {_look(trouble)}',
        ]
    )


def no_managed_rule(trouble: Trouble, match: re.Match[str]) -> str:
    """Step Functions may not make the rule of EventBridge by which it hears of a job's end."""
    return (
        "to wait for a job takes a rule of EventBridge: the role has to allow "
        f"{', '.join(RULE_ACTIONS)} on it; {_look(trouble)}"
    )


def _look(trouble: Trouble) -> str:
    name = trouble.execution.machine_name.partition("/")[0]
    return (
        f"%asl role {name} shows every right that it needs and which are granted, "
        f"%asl role {name} --policy a policy that grants all"
    )


def _statement(trouble: Trouble, action: str, resource: str) -> dict[str, Any]:
    """The statement of the policy that the machine needs, for this action alone; else the very right.

    Services spell actions in their own way: `sqs:sendmessage`.
    """
    told: dict[str, Any] = {"Effect": "Allow", "Action": action, "Resource": resource}
    for statement in trouble.execution.machine.iam_policy().statements:
        named = next((each for each in statement.actions if each.lower() == action.lower()), None)
        if named is None or not _covers(statement, resource):
            continue
        told["Action"] = named
        if resource not in statement.resources or len(statement.resources) <= MOST_RESOURCES:
            told["Resource"] = list(statement.resources)
        return {**told, "Condition": statement.condition} if statement.condition else told
    return told


def _covers(statement: Statement, resource: str) -> bool:
    """An HTTP Task's refusal names the endpoint, which the statement has as a condition."""
    return not resource.startswith("arn:") or any(matches(each, resource) for each in statement.resources)
