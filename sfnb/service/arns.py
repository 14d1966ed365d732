"""ARNs of state machines, their versions and aliases, executions and activities, and of roles.

Source: AWS API reference, "StartExecution", "DescribeStateMachine"; AWS recordings.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from sfnb.engine.activities import InvalidArn
from sfnb.trial.refusals import ValidationException

_VERSION = re.compile("[1-9][0-9]*")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::[0-9]+:role/\S+")


class MachineArn(NamedTuple):
    """What a state machine's ARN names.

    machine: the ARN without what follows it. label: of a Distributed Map, whose children it stands for.
    qualifier: a version's number or an alias's name.
    """

    machine: str
    label: str | None = None
    qualifier: str | None = None

    @property
    def version(self) -> int | None:
        qualifier = self.qualifier or ""
        return int(qualifier) if _VERSION.fullmatch(qualifier) else None


def machine_arn(text: str) -> MachineArn:
    """
    >>> machine_arn("arn:aws:states:us-east-1:123456789012:stateMachine:orders:7").version
    7

    Raises InvalidArn.
    """
    parts = checked(text, "stateMachine")
    if len(parts) > 8:
        raise InvalidArn(f"Invalid Arn: 'Invalid state machine ARN: {text}'")
    name, _, label = parts[6].partition("/")
    machine = ":".join((*parts[:6], name))
    return MachineArn(machine, label or None, parts[7] if len(parts) > 7 else None)


def unqualified(arn: str) -> str:
    """`arn`, if it is that of a state machine, not of a part of one.

    Raises InvalidArn, ValidationException.
    """
    parsed = machine_arn(arn)
    if parsed.label is not None:
        raise ValidationException(
            f"State machine ARN with a label is not supported by this API: '{arn}'",
            "API_DOES_NOT_SUPPORT_LABELED_ARNS",
        )
    if parsed.qualifier is not None:
        raise InvalidArn(f"Invalid Arn: 'Qualified state machine ARN not valid in this context: {arn}'")
    return parsed.machine


def checked(text: str, *kinds: str) -> list[str]:
    """The parts of an ARN of one of these kinds of resource; raises InvalidArn, as recorded."""
    parts = text.split(":")
    if parts[0] != "arn":
        raise InvalidArn(f"Invalid Arn: 'Invalid ARN prefix: {text}'")
    kind = parts[5] if len(parts) > 6 and parts[2] == "states" else ""
    if kind not in kinds:
        raise InvalidArn(f"Invalid Arn: 'Resource type not valid in this context: {kind}'")
    return parts


def role_arn(text: str) -> str:
    """`text`, if it is the ARN of an IAM role, which need not be there; raises InvalidArn, as seen on AWS."""
    if _ROLE.fullmatch(text) is None:
        raise InvalidArn(f"Invalid Role Arn: '{text}'")
    return text
