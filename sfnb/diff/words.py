"""What two executions have in common and in what they differ, told to a reader."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from sfnb.diff.pairs import Pair, Place, place
from sfnb.diff.payloads import Change, changes
from sfnb.engine.execution import ExecutionState
from sfnb.engine.visits import Visit
from sfnb.explain import plain_message, printable
from sfnb.frames import path_text
from sfnb.hints import shortened
from sfnb.renderers.labels import columns
from sfnb.renderers.style import DIFFERENCES, Difference
from sfnb.values import Json, decode, encode

if TYPE_CHECKING:
    from sfnb.diff import Diff

Lane = list[tuple[int, Visit]]
"""The visits of the machine, a branch or an item, each with its number among all."""

MOST_ROWS, MOST_CHANGES, LONGEST_VALUE, LONGEST_REASON = 10, 2, 40, 160
WIDEST_COLUMN = 34


class Row(msgspec.Struct, frozen=True):
    """A visit that differs: its place, in what, and how; or all visits of a state on one side alone."""

    difference: Difference
    where: str
    change: str
    detail: str


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two executions in words.

    facts: pairs of a word and a sentence, such as ("same until", '"Price": ...').
    rows: what differs first; more: how many rows there would be besides.
    """

    machines: tuple[str, str]
    statuses: tuple[str, str]
    facts: tuple[tuple[str, str], ...]
    rows: tuple[Row, ...]
    more: int
    same: bool

    @property
    def machine(self) -> str:
        return " / ".join(dict.fromkeys(self.machines))

    @property
    def headline(self) -> str:
        left, right = self.statuses
        return f"{self.machine}: " + (f"both {left}" if left == right else f"left {left}, right {right}")

    @property
    def text(self) -> str:
        lines = [self.headline, *(f"{word}: {told}" for word, told in self.facts)]
        wide = min(max((columns(row.where) for row in self.rows), default=0), WIDEST_COLUMN)
        for row in self.rows:
            mark, where = DIFFERENCES[row.difference].mark, printable(row.where)
            where += " " * (wide - columns(where))
            lines.append(f"  {mark} {where}  {row.change} {row.detail}".rstrip())
        if self.more:
            lines.append(f"  … and {self.more:,} more: .frame has them all")
        return "\n".join(lines)


def compare(diff: Diff) -> Comparison:
    """Everything there is to tell."""
    found = [pair for pair in diff.pairs if pair.aspects]
    groups = _grouped(found)
    return Comparison(
        machines=(diff.left.machine_name, diff.right.machine_name),
        statuses=(diff.states[0].status, diff.states[1].status),
        facts=tuple(_facts(diff, found)),
        rows=tuple(map(_row, groups[:MOST_ROWS])),
        more=max(0, len(groups) - MOST_ROWS),
        same=diff.same,
    )


def _facts(diff: Diff, found: Sequence[Pair]) -> Iterator[tuple[str, str]]:
    parting = parted(*diff.trails)
    alone = any(pair.difference != "differs" for pair in found)
    ways = f"part {parting}" if parting else "the same in what both have" if alone else "the same throughout"
    first = origin(found)
    if first is not None and first is diff.pairs[0] and "input" in first.aspects:
        yield "from the start", differences(first)
        yield "ways", ways
    elif first is not None and first.difference == "differs":
        yield "same until", f"{_place(first)}: there {differences(first)}"
        yield "ways", ways
    elif parting:
        yield "same until", f"the ways part {parting}"
    elif first is not None:
        yield "same until", f"{_place(first)}: {first.change}"
    yield "visits", _counted(diff.pairs)
    yield from _ends(*diff.states)
    trees = [side.machine.source.tree for side in (diff.left, diff.right)]
    if trees[0] != trees[1]:
        yield "definition", "not the same"


def origin(found: Sequence[Pair]) -> Pair | None:
    """What the differences begin with: the first pair, or of a Map or Parallel the first inside it."""
    first = next(iter(found), None)
    while first is not None and not {"input", "only left", "only right"} & set(first.aspects):
        outer = first
        inner = next((pair for pair in found if pair.inside(outer)), None)
        if inner is None:
            break
        first = inner
    return first


# Visits


def _place(pair: Pair) -> str:
    where = encode(printable(pair.where))
    return where if pair.nth == 1 else f"{where}, visit {pair.nth}"


def differences(pair: Pair) -> str:
    """In what two visits differ, in a sentence; of what follows from something else nothing is said."""
    left, right, aspects = pair.left, pair.right, pair.aspects
    assert left is not None
    assert right is not None
    told = []
    payload = next((name for name in ("input", "output", "variables") if name in aspects), None)
    if payload is not None and not (payload == "output" and "status" in aspects):
        verb = "differ" if payload == "variables" else "differs"
        told.append(f"the {payload} {verb}: {_told(_changes(pair, payload))}")
    if "status" in aspects or "error" in aspects:
        told.append(f"left {_end(left)}, right {_end(right)}")
    if "attempts" in aspects:
        told.append(f"left took {_attempts(left)}, right {_attempts(right)}")
    return "; ".join(told)


def _grouped(found: Sequence[Pair]) -> list[list[Pair]]:
    """Each visit that differs by itself; those on one side alone by state: a loop makes many."""
    groups: dict[object, list[Pair]] = {}
    for number, pair in enumerate(found):
        key = number if pair.difference == "differs" else (pair.difference, pair.either.path)
        groups.setdefault(key, []).append(pair)
    return [*groups.values()]


def _row(group: Sequence[Pair]) -> Row:
    """Pairs in a list, where `change` says the most telling aspect already."""
    pair, count = group[0], len(group)
    left, right = pair.left, pair.right
    if left is None or right is None:
        places = {place(each.either) for each in group}
        where = pair.where if len(places) == 1 else "/".join(map(str, pair.either.path[::2]))
        return Row(pair.difference, where, pair.change, f"{count:,} visits" if count > 1 else "")
    match pair.change:
        case "status" | "error":
            detail = f"{_end(left)} → {_end(right)}"
        case "attempts":
            detail = f"{left.attempts} → {right.attempts}"
        case change:
            detail = _told(_changes(pair, change))
    times = "" if pair.nth == 1 else f" (visit {pair.nth})"
    return Row(pair.difference, pair.where + times, pair.change, detail)


def _changes(pair: Pair, payload: str) -> list[Change]:
    return [change for name, change in pair.payloads() if name == payload]


def _told(found: Sequence[Change]) -> str:
    """`$.total 30 → 31, $.lines[0] only left: "a", and 3 more`."""
    parts = [_change(change) for change in found[:MOST_CHANGES]]
    if len(found) > MOST_CHANGES:
        parts.append(f"and {len(found) - MOST_CHANGES:,} more")
    return ", ".join(parts)


def _change(change: Change) -> str:
    path = printable(change.path)
    if change.kind == "changed":
        return f"{path} {_value(change.left)} → {_value(change.right)}"
    return f"{path} {change.kind}: {_value(change.left if change.kind == 'only left' else change.right)}"


def _value(value: Json) -> str:
    return shortened(encode(value), LONGEST_VALUE)


def _end(visit: Visit) -> str:
    """`succeeded`, `failed (Boom)`."""
    status = visit.status.replace("_", " ")
    return f"{status} ({printable(visit.error)})" if visit.error else status


def _attempts(visit: Visit) -> str:
    return f"{visit.attempts:,} attempt{'s' * (visit.attempts != 1)}"


def _counted(pairs: Sequence[Pair]) -> str:
    """`12, of them 8 same, 3 differ, 1 only left`."""
    counts = Counter(pair.difference for pair in pairs)
    if set(counts) <= {"same"}:
        return f"{len(pairs):,}, all the same"
    words: dict[Difference, str] = {
        "same": "the same",
        "differs": "differing",
        "only_left": "only left",
        "only_right": "only right",
    }
    return f"{len(pairs):,}, of them " + ", ".join(
        f"{counts[key]:,} {word}" for key, word in words.items() if counts[key]
    )


# Ways and ends


def parted(left: Sequence[Visit], right: Sequence[Visit]) -> str | None:
    """Where the ways part for the first time, and where each goes on to; None where they do not.

    Branches and items are looked at one by one, since those of a Map or Parallel come in any order.
    """
    lefts, rights = _lanes(left), _lanes(right)
    found: list[tuple[int, str]] = []
    for lane, ours in lefts.items():
        theirs = rights.get(lane)
        if theirs is None:
            continue  # then its Map or Parallel differs
        count = _common(ours, theirs)
        if count == len(ours) == len(theirs):
            continue
        words = _onwards(ours, theirs, count)
        if count:
            number, last = ours[count - 1]
            found.append((number, f"after {encode(printable(path_text(last.path, last.frame)))}: {words}"))
        else:
            found.append((ours[0][0], f"at the start: {words}"))
    return min(found)[1] if found else None


def _common(left: Lane, right: Lane) -> int:
    """How many states, from the first one on, are the same."""
    both = enumerate(zip(left, right, strict=False))
    parts = (count for count, ((_, one), (_, other)) in both if one.state != other.state)
    return next(parts, min(len(left), len(right)))


def _lanes(visits: Sequence[Visit]) -> dict[Place, Lane]:
    """By the place of what they are in: the machine, a branch, an item."""
    lanes: dict[Place, Lane] = {}
    for number, visit in enumerate(visits):
        path, indices = place(visit)
        lanes.setdefault((path[:-1], indices), []).append((number, visit))
    return lanes


def _onwards(left: Lane, right: Lane, count: int) -> str:
    """`left goes on to "Ship", right ends`."""
    one, other = _onward(left, count), _onward(right, count)
    again = "goes on " if one.startswith("goes on ") else ""
    return f"left {one}, right {other.removeprefix(again)}"


def _onward(lane: Lane, count: int) -> str:
    if count < len(lane):
        state = encode(printable(lane[count][1].state))
        return f"goes on to {state}" if count else f"begins with {state}"
    status = lane[-1][1].status
    return {"succeeded": "ends", "running": "is still there"}.get(status, status.replace("_", " "))


def _ends(left: ExecutionState, right: ExecutionState) -> Iterator[tuple[str, str]]:
    """What both came to: outputs that differ, and why either failed."""
    one, other = left.output, right.output
    if one is not None and other is not None and (found := [*changes(decode(one), decode(other))]):
        yield "output", _told(found)
    for side, state in (("left", left), ("right", right)):
        reason = ": ".join(filter(None, (state.error, plain_message(state.cause).split("\n")[0])))
        if reason:
            yield side, shortened(printable(reason), LONGEST_REASON)
