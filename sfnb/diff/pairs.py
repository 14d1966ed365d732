"""The visits of two executions, matched: same state, same branch or item, as many visits before it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

import msgspec

from sfnb.asl.graph import NodePath
from sfnb.diff.payloads import Change, Sameness, changes, variables
from sfnb.engine.visits import Visit
from sfnb.frames import path_text
from sfnb.renderers.difference import woven
from sfnb.renderers.style import Difference
from sfnb.values import decode

Aspect = Literal["only left", "only right", "status", "output", "input", "error", "attempts", "variables"]

Place = tuple[NodePath, tuple[int, ...]]
"""A state, and the branches and items around it."""


class Pair(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A visit on the left and the one on the right that stands for it; one of them may be None.

    nth: how often the state has been visited there, this time included.
    aspects: in what they differ, what says most first; () where they are the same.
    """

    nth: int
    left: Visit | None
    right: Visit | None
    aspects: tuple[Aspect, ...]

    @property
    def either(self) -> Visit:
        visit = self.left or self.right
        assert visit is not None
        return visit

    @property
    def where(self) -> str:
        """`Orders[3]/Price`."""
        return path_text(self.either.path, self.either.frame)

    @property
    def change(self) -> str:
        """What says most, or "same"."""
        return self.aspects[0] if self.aspects else "same"

    @property
    def difference(self) -> Difference:
        """As a picture marks it."""
        if not self.aspects:
            return "same"
        if self.left is None:
            return "only_right"
        return "only_left" if self.right is None else "differs"

    def inside(self, outer: Pair) -> bool:
        """Whether it happened in a branch or item of `outer`."""
        path, indices = place(outer.either)
        own, own_indices = place(self.either)
        deeper = len(own_indices) > len(indices)
        return deeper and own[: len(path)] == path and own_indices[: len(indices)] == indices

    def payloads(self) -> Iterator[tuple[str, Change]]:
        """("input", "output" or "variables", where it differs: at "$.total", of variables at "$total")."""
        left, right = self.left, self.right
        if left is None or right is None:
            return
        for name in ("input", "output"):
            one, other = getattr(left, name), getattr(right, name)
            if name in self.aspects and one is not None and other is not None:
                yield from ((name, change) for change in changes(decode(one), decode(other)))
        if "variables" in self.aspects:
            sides = decode(variables(left.assigned)), decode(variables(right.assigned))
            for change in changes(*sides, root=""):
                yield "variables", msgspec.structs.replace(change, path=_as_variable(change.path))


def _as_variable(path: str) -> str:
    """`$total.net`: a variable's name needs no quotes."""
    return "$" + path.removeprefix(".")


def place(visit: Visit) -> Place:
    """Where a visit happened, without the ids of events, which say nothing to another execution."""
    return visit.path, visit.frame[1::2]


def align(left: Sequence[Visit], right: Sequence[Visit]) -> list[Pair]:
    """Every visit of both once, in the order of the left one, but branch by branch and item by item."""
    lefts, rights = _numbered(left), _numbered(right)
    same = Sameness()
    return [_pair(key[1], lefts.get(key), rights.get(key), same) for key in woven([*lefts], [*rights])]


def _numbered(visits: Iterable[Visit]) -> dict[tuple[Place, int], Visit]:
    """Visits by place and by how many there have been.

    Branches and items run side by side, and in which order their states are entered is chance: so they
    are put one after the other.
    """
    times: dict[Place, int] = {}
    order: dict[Place, tuple[int, ...]] = {}
    found: list[tuple[tuple[int, ...], tuple[Place, int], Visit]] = []
    for number, visit in enumerate(visits):
        path, indices = here = place(visit)
        around = (*order.get((path[:-2], indices[:-1]), ()), *indices[-1:])
        order[here] = (*around, number)
        times[here] = times.get(here, 0) + 1
        found.append((order[here], (here, times[here]), visit))
    found.sort(key=lambda entry: entry[0])
    return {key: visit for _, key, visit in found}


def _pair(nth: int, left: Visit | None, right: Visit | None, same: Sameness) -> Pair:
    aspects: Iterable[Aspect] = ("only left",) if right is None else ("only right",)
    if left is not None and right is not None:
        aspects = _aspects(left, right, same)
    return Pair(nth=nth, left=left, right=right, aspects=tuple(aspects))


def _aspects(left: Visit, right: Visit, same: Sameness) -> Iterator[Aspect]:
    """An output that differs says most where the input is the same; else the input is why."""
    if left.status != right.status:
        yield "status"
    if not same(left.input, right.input):
        yield "input"
    if not same(left.output, right.output):
        yield "output"
    if (left.error, left.location) != (right.error, right.location):
        yield "error"
    if left.attempts != right.attempts:
        yield "attempts"
    if left.assigned != right.assigned and not same(variables(left.assigned), variables(right.assigned)):
        yield "variables"
