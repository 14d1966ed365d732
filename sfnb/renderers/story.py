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


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """As far as it is known; `statuses` None for a bare definition."""

    statuses: Mapping[NodePath, Status] | None = None
    counts: Mapping[NodePath, Mapping[Status, int]] = {}
    taken: Collection[tuple[NodePath, NodePath]] | None = None

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
