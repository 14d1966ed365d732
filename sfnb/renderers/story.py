"""What an execution has come to, as a picture needs to know it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from sfnb.asl.graph import NodePath
from sfnb.renderers.scene import Wire
from sfnb.renderers.style import BY_GRAVITY, LOOKS, STATUSES, Look, Standing, Status


def gravest(counts: Mapping[Standing, int]) -> Status:
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


Way = tuple[NodePath | None, NodePath | None]
"""From one state to another; None where a graph starts or ends."""


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """As far as it is known; `statuses` None for a bare definition.

    taken: the ways from state to state; None for a start or end, where those are not to be inferred.
    sides: those of them that only one of two executions took.
    looks: all that a state may be marked as, in the order of the legend.
    """

    statuses: Mapping[NodePath, Standing] | None = None
    counts: Mapping[NodePath, Mapping[Standing, int]] = {}
    taken: Collection[Way] | None = None
    progress: Mapping[NodePath, Progress] = {}
    sides: Mapping[Way, Standing] = {}
    looks: Mapping[Standing, Look] = msgspec.field(default_factory=lambda: LOOKS)

    def status(self, path: NodePath) -> Standing | None:
        """Of one state: as told, or the gravest of its visits."""
        if self.statuses is None:
            return None
        return self.statuses.get(path) or gravest(self.counts.get(path, {}))

    def visits(self, path: NodePath) -> list[tuple[Standing, int]]:
        """How often each status occurred, where there is more than one visit to tell of."""
        if self.statuses is None:
            return []
        counts = self.counts.get(path, {})
        shown = [(status, counts[status]) for status in self.looks if counts.get(status)]
        return shown if sum(counts.values()) > 1 else []

    def present(self, paths: Iterable[NodePath]) -> set[Standing | None]:
        """The standings that occur among the states at `paths`, and among the ways."""
        found: set[Standing | None] = {*self.sides.values()}
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
        if self.taken is not None and (wire.source, wire.target) in self.taken:
            return True
        if self.taken is None or wire.kind == "start":
            return None if self.taken is None else True
        if wire.source is None or wire.target is None:
            return any(self._succeeded(path) for path in ends)
        return False

    def side(self, wire: Wire) -> Standing | None:
        """Which of two executions alone went along `wire`; None where both did, or neither."""
        return self.sides.get((wire.source, wire.target))

    def _succeeded(self, path: NodePath) -> bool:
        return self.status(path) == "succeeded" or bool(self.counts.get(path, {}).get("succeeded"))
