"""ARNs of state machines, their versions and aliases, executions and activities.

Source: AWS API reference, "StartExecution", "DescribeStateMachine"; AWS recordings.
"""

from __future__ import annotations

from typing import NamedTuple

from sfnb.engine.activities import InvalidArn


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
        return int(self.qualifier) if self.qualifier is not None and self.qualifier.isdecimal() else None


def machine_arn(text: str) -> MachineArn:
    """
    >>> machine_arn("arn:aws:states:us-east-1:123456789012:stateMachine:orders:7").version
    7

    Raises InvalidArn.
    """
    parts = checked(text, "stateMachine")
    name, _, label = parts[6].partition("/")
    machine = ":".join((*parts[:6], name))
    return MachineArn(machine, label or None, parts[7] if len(parts) > 7 else None)


def checked(text: str, *kinds: str) -> list[str]:
    """The parts of an ARN of one of these kinds of resource; raises InvalidArn, as recorded."""
    parts = text.split(":")
    if parts[0] != "arn":
        raise InvalidArn(f"Invalid Arn: 'Invalid ARN prefix: {text}'")
    kind = parts[5] if len(parts) > 6 and parts[2] == "states" else ""
    if kind not in kinds:
        raise InvalidArn(f"Invalid Arn: 'Resource type not valid in this context: {kind}'")
    return parts
