"""How many items of a map run, or child executions of it, are where."""

from __future__ import annotations

import msgspec


class Counts(msgspec.Struct):
    """Source: AWS API reference, MapRunItemCounts and MapRunExecutionCounts."""

    pending: int = 0
    running: int = 0
    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    results_written: int = 0

    @property
    def total(self) -> int:
        return self.pending + self.running + self.succeeded + self.failed + self.timed_out + self.aborted

    def add(self, status: str, count: int) -> None:
        """So many more are RUNNING, or have ended with this status."""
        where = status.lower()
        setattr(self, where, getattr(self, where) + count)

    def move(self, status: str, count: int) -> None:
        """So many have ended with this status."""
        self.running -= count
        self.add(status, count)
