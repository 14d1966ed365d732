"""A trigger as it is kept, and what has become of what it received."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

MOST_REASONS = 50
"""How many reasons for dropping something are counted apart."""


class Counts(msgspec.Struct, kw_only=True):
    """What a trigger has seen.

    matched: events, times, requests, messages that it is there for. started: executions, calls of functions,
    messages passed on. dropped: by the reason, how often nothing was started. last: when it last matched.
    execution: the latest.
    """

    matched: int = 0
    started: int = 0
    dropped: dict[str, int] = {}
    last: datetime | None = None
    execution: str | None = None

    def match(self, moment: datetime, count: int = 1) -> None:
        self.matched += count
        self.last = moment

    def start(self, execution: str | None) -> None:
        """execution: None for what is none, as a function that has been called."""
        self.started += 1
        self.execution = execution or self.execution

    def drop(self, reason: str, count: int = 1) -> None:
        if reason not in self.dropped and len(self.dropped) >= MOST_REASONS:
            reason = "other reasons"
        self.dropped[reason] = self.dropped.get(reason, 0) + count


class Trigger(msgspec.Struct, kw_only=True):
    """Something that starts executions.

    kind: a row of `TRIGGERS`. name: unique among its kind.
    settings: AWS's own description of it: of a rule with its targets, of a schedule, a route, a pipe.
    targets: what it starts, by ARNs, the state machine first.
    options: what AWS has no word for.
    reached: up to when all has been dealt with that comes at certain times.
    """

    kind: str
    name: str
    settings: dict[str, Any]
    targets: tuple[str, ...]
    created: datetime
    updated: datetime | None = None
    enabled: bool = True
    options: dict[str, Any] = {}
    reached: datetime | None = None
    counts: Counts = msgspec.field(default_factory=Counts)

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.name}"


def arn(service: str, region: str, account: str, rest: str) -> str:
    return f"arn:aws:{service}:{region}:{account}:{rest}"


def region_of(name: str) -> str | None:
    """The region that an ARN tells of; None where it tells of none."""
    parts = name.split(":", 5)
    return parts[3] or None if len(parts) == 6 and parts[0] == "arn" else None


def queue_of(arn: str) -> dict[str, str]:
    """What GetQueueUrl is asked for a queue of SQS: its name, and the account that it belongs to."""
    owner, _, name = arn.rpartition(":")
    account = owner.rpartition(":")[2]
    return {"QueueName": name, **({"QueueOwnerAWSAccountId": account} if account else {})}


def service_of(name: str) -> str:
    """The service that an ARN belongs to; "" where it is none."""
    parts = name.split(":", 5)
    return parts[2] if len(parts) == 6 and parts[0] == "arn" else ""
