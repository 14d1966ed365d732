"""The names that AWS takes for machines, executions and activities.

Source: AWS API reference, CreateStateMachine, StartExecution, CreateActivity.
"""

from __future__ import annotations

import re

from sfnb.service.refusals import InvalidName

_NOT_IN_NAMES = re.compile(
    r"""[\s<>{}\[\]?*"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\U0010ffff]"""
)


def is_name(text: str) -> bool:
    return 1 <= len(text) <= 80 and not _NOT_IN_NAMES.search(text)


def check_name(name: str, what: str = "a state machine") -> str:
    """`name`, if AWS takes it for a state machine or an execution; raises InvalidName.

    Source: AWS API reference, CreateStateMachine, StartExecution.
    """
    bad = _NOT_IN_NAMES.search(name)
    if bad or not 1 <= len(name) <= 80:
        why = f"it holds {bad[0]!r}" if bad else "it has to have 1 to 80 characters"
        raise InvalidName(f"'{name}' is no name for {what}: {why}")
    return name


def given_name(name: str) -> str:
    """`name`, if AWS takes it; raises InvalidName, in AWS's words."""
    if not is_name(name):
        raise InvalidName(f"Invalid Name: '{name}'")
    return name


def usable_name(text: str) -> str:
    """`text`, made a name that AWS takes.

    >>> usable_name("my orders: v2")
    'my-orders--v2'
    """
    return _NOT_IN_NAMES.sub("-", text)[:80] or "machine"
