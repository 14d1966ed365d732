"""The policy of a bus: which accounts may put events on it.

Source: EventBridge API reference, PutPermission, RemovePermission.
"""

from __future__ import annotations

from typing import Any

import msgspec

from sfnb.triggers.refusals import (
    PolicyLengthExceededException,
    ResourceNotFoundException,
    ValidationException,
)

MOST_CHARACTERS = 10_240

Params = dict[str, Any]


def policy_with(policy: str | None, params: Params, bus: str) -> str:
    """The policy with what PutPermission grants. bus: its ARN.

    Raises ValidationException, PolicyLengthExceededException.
    """
    if params.get("Policy"):
        return _fitting(_checked(params["Policy"]))
    missing = [name for name in ("StatementId", "Principal", "Action") if not params.get(name)]
    if missing:
        raise ValidationException(f"Parameter(s) {', '.join(missing)} must be specified, or Policy.")
    statement: Params = {
        "Sid": params["StatementId"],
        "Effect": "Allow",
        "Principal": "*"
        if params["Principal"] == "*"
        else {"AWS": f"arn:aws:iam::{params['Principal']}:root"},
        "Action": params["Action"],
        "Resource": bus,
    }
    condition = params.get("Condition")
    if condition:
        statement["Condition"] = {condition["Type"]: {condition["Key"]: condition["Value"]}}
    others = [each for each in _statements(policy) if each.get("Sid") != statement["Sid"]]
    return _written([*others, statement])


def policy_without(policy: str | None, params: Params) -> str | None:
    """The policy without what RemovePermission takes away; None where nothing is left of it.

    Raises ResourceNotFoundException.
    """
    if params.get("RemoveAllPermissions"):
        return None
    if policy is None:
        raise ResourceNotFoundException("EventBus does not have a policy.")
    statements = _statements(policy)
    left = [each for each in statements if each.get("Sid") != params.get("StatementId")]
    if len(left) == len(statements):
        raise ResourceNotFoundException("Statement with the provided id does not exist.")
    return _written(left) if left else None


def _checked(policy: str) -> str:
    try:
        tree = msgspec.json.decode(policy)
    except (msgspec.DecodeError, RecursionError, UnicodeEncodeError):
        tree = None
    if not isinstance(tree, dict) or not isinstance(tree.get("Statement"), list | dict):
        raise ValidationException("Parameter Policy is not valid. Reason: it is no policy in JSON.")
    return policy


def _statements(policy: str | None) -> list[Params]:
    if policy is None:
        return []
    found = msgspec.json.decode(policy)["Statement"]
    return [found] if isinstance(found, dict) else [each for each in found if isinstance(each, dict)]


def _written(statements: list[Params]) -> str:
    return _fitting(msgspec.json.encode({"Version": "2012-10-17", "Statement": statements}).decode())


def _fitting(policy: str) -> str:
    if len(policy) > MOST_CHARACTERS:
        raise PolicyLengthExceededException(
            f"The policy has {len(policy):,} characters; a bus takes {MOST_CHARACTERS:,} at most."
        )
    return policy
