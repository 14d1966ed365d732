"""What AWS bounds. All bounds hold by default; `UNLIMITED` lifts those that can be lifted."""

from __future__ import annotations

import sys

import msgspec


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds on one execution.

    payload_bytes: an input, a state's output, a task's answer, in UTF-8.
    history_events: the last event that may be written; it is then ExecutionFailed.
    inline_concurrency: iterations of one inline Map at a time.
    Source: AWS guide, "Service quotas"; AWS recordings.
    """

    payload_bytes: int = 262_144
    history_events: int = 25_000
    inline_concurrency: int = 40


AWS_LIMITS = Limits()
UNLIMITED = Limits(payload_bytes=sys.maxsize, history_events=sys.maxsize)
