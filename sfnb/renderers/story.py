"""What an execution has come to, as a picture needs to know it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from sfnb.asl.graph import NodePath
from sfnb.renderers.scene import Wire
from sfnb.renderers.style import BY_GRAVITY, STATUSES, Status


def gravest(counts: Mapping[Status, int]) -> Status:
    """What a state visited many times is coloured by.

    >>> gravest({"succeeded": 38, "failed": 2}), gravest({})
    ('failed', 'not_reached')
    """
    return next((status for status in BY_GRAVITY if counts.get(status)), "not_reached")


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How many items of a state are where; total: None as long as nobody knows."""

    succeeded: int = 0
    failed: int = 0
    timed_out: int = 0
    aborted: int = 0
    running: int = 0
    total: int | None = None

    @property
    def words(self) -> str:
        """
        >>> Progress(succeeded=90, failed=2, running=5, total=100).words, Progress(succeeded=3).words
        ('92 of 100 items, 2 failed', '3 items so far')
        """
        failed = self.failed + self.timed_out
        done = self.succeeded + failed
        if self.total is None:
            known = f"{done:,} item{'s' * (done != 1)} so far"
        else:
            known = f"{done:,} of {self.total:,} item{'s' * (self.total != 1)}"
        notes = [
            f"{count:,} {word}" for count, word in ((failed, "failed"), (self.aborted, "aborted")) if count
        ]
        return ", ".join([known, *notes])

    @property
    def counts(self) -> dict[Status, int]:
        """By status, those that there are."""
        pairs = {status: getattr(self, status, 0) for status in STATUSES}
        return {status: count for status, count in pairs.items() if count}

    @property
    def whole(self) -> float:
        """What the counts are parts of; as long as that is not known, somewhat more than there are."""
        seen = sum(self.counts.values())
        return max(1, 1.2 * seen if self.total is None else seen, self.total or 0)

    def __add__(self, other: Progress) -> Progress:
        total = None if self.total is None or other.total is None else self.total + other.total
        sums = {
            status: getattr(self, status) + getattr(other, status) for status in self.__struct_fields__[:5]
        }
        return Progress(**sums, total=total)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """As far as it is known; `statuses` None for a bare definition."""

    statuses: Mapping[NodePath, Status] | None = None
    counts: Mapping[NodePath, Mapping[Status, int]] = {}
    taken: Collection[tuple[NodePath, NodePath]] | None = None
    progress: Mapping[NodePath, Progress] = {}

    def status(self, path: NodePath) -> Status | None:
        """Of one state: as told, or the gravest of its visits."""
        if self.statuses is None:
            return None
        return self.statuses.get(path) or gravest(self.counts.get(path, {}))

    def visits(self, path: NodePath) -> list[tuple[Status, int]]:
        """How often each status occurred, where there is more than one visit to tell of."""
        if self.statuses is None:
            return []
        counts = self.counts.get(path, {})
        shown = [(status, counts[status]) for status in STATUSES if counts.get(status)]
        return shown if sum(counts.values()) > 1 else []

    def present(self, paths: Iterable[NodePath]) -> set[Status | None]:
        """The statuses that occur among the states at `paths`."""
        found: set[Status | None] = set()
        for path in paths:
            found |= {self.status(path), *(status for status, _ in self.visits(path))}
        return found

    def follows(self, wire: Wire) -> bool | None:
        """Whether the execution went along `wire`; None where that is not known."""
        if self.statuses is None:
            return None
        ends = [path for path in (wire.source, wire.target) if path is not None]
        if any(self.status(path) == "not_reached" for path in ends):
            return False
        if self.taken is None or wire.kind == "start":
            return None if self.taken is None else True
        if wire.source is None or wire.target is None:
            return any(self._succeeded(path) for path in ends)
        return (wire.source, wire.target) in self.taken

    def _succeeded(self, path: NodePath) -> bool:
        return self.status(path) == "succeeded" or bool(self.counts.get(path, {}).get("succeeded"))
