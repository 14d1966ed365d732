"""What AWS bounds. All bounds hold by default; `UNLIMITED` lifts those that can be lifted."""

from __future__ import annotations

import sys
from typing import Literal

import msgspec
from msgspec import structs


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one execution.

    payload_bytes: an input, a state's output, a task's answer, in UTF-8.
    variables_bytes: all variables that an execution keeps at a time, in UTF-8.
    history_events: the last event that may be written; it is then ExecutionFailed.
    inline_concurrency: iterations of one inline Map at a time.
    distributed_concurrency: children of one map run at a time.
    execution_seconds: how long an execution may take, None for as long as it takes.
    Source: AWS guide, "Service quotas"; AWS recordings.
    """

    payload_bytes: int = 262_144
    variables_bytes: int = 10_485_760
    history_events: int = 25_000
    inline_concurrency: int = 40
    distributed_concurrency: int = 10_000
    execution_seconds: int | None = 31_536_000

    def of_type(self, type: Literal["STANDARD", "EXPRESS"]) -> Limits:
        """The same for a machine of this type: an EXPRESS one has five minutes and no bound on events."""
        if type == "STANDARD" or self.execution_seconds is None:
            return self
        return structs.replace(self, history_events=sys.maxsize, execution_seconds=300)


AWS_LIMITS = Limits()
UNLIMITED = Limits(
    payload_bytes=sys.maxsize,
    variables_bytes=sys.maxsize,
    history_events=sys.maxsize,
    execution_seconds=None,
)
