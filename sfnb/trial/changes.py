"""What one stage of the data flow changed against the stage before.

The members of objects are compared one by one, at any depth, and the items of lists that are equally
long. What has nothing in common with what it replaces is laid out as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import msgspec

from sfnb.values import Json, encode

Kind = Literal["same", "added", "removed", "changed"]


class Line(msgspec.Struct, frozen=True):
    """One line of JSON, laid out over several, and how it came to be.

    depth: how far it is indented. was: what stood there before, where it is changed.
    """

    kind: Kind
    depth: int
    text: str
    was: str = ""


CLOSED = frozenset({"SdkHttpMetadata", "SdkResponseMetadata"})
"""Members of a service's answer that nobody looks at."""

SHORT = 60
"""A value of so many characters stays on one line."""


def compare(before: Json, after: Json) -> list[Line]:
    """`after` as lines, with what it has lost.

    >>> [(line.kind, line.text) for line in compare({"a": 1, "b": 2}, {"a": 3, "c": 4})]
    [('same', '{'), ('changed', '"a": 3,'), ('removed', '"b": 2,'), ('added', '"c": 4'), ('same', '}')]
    """
    return [*_compare(before, after, 0, "", "")]


def related(before: Json, after: Json) -> bool:
    """Whether it says something to compare two values: they have a member or all items in common."""
    if isinstance(before, dict) and isinstance(after, dict):
        return bool(before.keys() & after.keys()) or not before
    if isinstance(before, list) and isinstance(after, list):
        return len(before) == len(after)
    return encode(before) == encode(after)


def folded(lines: list[Line], around: int = 2) -> list[Line]:
    """Long stretches without a change put into one line; what tells where a change is stays."""
    kept = {
        near
        for index, line in enumerate(lines)
        if line.kind != "same"
        for near in range(index - around, index + around + 1)
    }
    if not kept:
        return lines
    parents = _parents(lines)
    for index in sorted(kept & set(range(len(lines)))):
        parent = parents[index]
        while parent is not None:
            kept.add(parent)
            parent = parents[parent]
    result: list[Line] = []
    skipped: list[Line] = []
    for index, line in enumerate(lines):
        if index in kept or (line.depth == 0 and index in (0, len(lines) - 1)):
            result += _gap(skipped)
            skipped = []
            result.append(line)
        else:
            skipped.append(line)
    return result + _gap(skipped)


def _gap(skipped: list[Line]) -> list[Line]:
    if len(skipped) < 3:
        return skipped
    return [Line("same", min(line.depth for line in skipped), f"⋯ {len(skipped)} lines as before")]


def _parents(lines: list[Line]) -> list[int | None]:
    """For each line the one that opens what it stands in."""
    open_at: dict[int, int] = {}
    parents = []
    for index, line in enumerate(lines):
        parents.append(open_at.get(line.depth - 1))
        open_at[line.depth] = index
    return parents


def laid_out(value: Json, kind: Kind = "same") -> list[Line]:
    """A value as lines."""
    return [*_lines(value, kind, 0, "", "")]


def _compare(before: Json, after: Json, depth: int, head: str, tail: str) -> Iterator[Line]:
    if encode(before) == encode(after):  # not ==, for 1 is True there
        yield from _lines(after, "same", depth, head, tail)
    elif (
        isinstance(before, dict) and isinstance(after, dict) and (before.keys() & after.keys() or not before)
    ):
        yield Line("same", depth, head + "{")
        yield from _members(before, after, depth + 1)
        yield Line("same", depth, "}" + tail)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        yield Line("same", depth, head + "[")
        last = len(after) - 1
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _compare(old, new, depth + 1, "", "," * (index < last))
        yield Line("same", depth, "]" + tail)
    else:
        lines = [*_lines(after, "changed", depth, head, tail)]
        yield msgspec.structs.replace(lines[0], was=brief(before))
        yield from lines[1:]


def _members(before: dict[str, Json], after: dict[str, Json], depth: int) -> Iterator[Line]:
    """The members of `after` in their order, each lost one where it used to stand."""
    merged = _merged([*before], [*after])
    last = merged[-1] if merged else None
    for name in merged:
        head, tail = f"{encode(name)}: ", "," * (name != last)
        if name not in after:
            yield from _lines(before[name], "removed", depth, head, tail)
        elif name not in before:
            yield from _lines(after[name], "added", depth, head, tail)
        else:
            yield from _compare(before[name], after[name], depth, head, tail)


def _merged(before: list[str], after: list[str]) -> list[str]:
    """Every name once: those of `after` in their order, a lost one after its neighbour."""
    names = list(after)
    for index, name in enumerate(before):
        if name not in after:
            neighbour = next((other for other in reversed(before[:index]) if other in names), None)
            names.insert(0 if neighbour is None else names.index(neighbour) + 1, name)
    return names


def _lines(value: Json, kind: Kind, depth: int, head: str, tail: str) -> Iterator[Line]:
    text = _spaced(value)
    if not isinstance(value, dict | list) or not value or len(head) + len(text) + 2 * depth <= SHORT:
        yield Line(kind, depth, f"{head}{text}{tail}")
        return
    opening, closing = ("{", "}") if isinstance(value, dict) else ("[", "]")
    yield Line(kind, depth, head + opening)
    if isinstance(value, dict):
        yield from _each(value, kind, depth + 1)
    elif any(isinstance(item, dict | list) for item in value):
        for index, item in enumerate(value):
            yield from _lines(item, kind, depth + 1, "", "," * (index < len(value) - 1))
    else:
        words = [encode(item) + "," * (index < len(value) - 1) for index, item in enumerate(value)]
        yield from (Line(kind, depth + 1, row) for row in _wrapped(words))
    yield Line(kind, depth, closing + tail)


def _each(members: dict[str, Json], kind: Kind, depth: int) -> Iterator[Line]:
    for index, (name, item) in enumerate(members.items()):
        head, tail = f"{encode(name)}: ", "," * (index < len(members) - 1)
        if name in CLOSED and isinstance(item, dict):
            yield Line(kind, depth, f"{head}{{⋯}}{tail}")
        else:
            yield from _lines(item, kind, depth, head, tail)


def _wrapped(words: list[str]) -> Iterator[str]:
    """Words in rows of readable length."""
    row = ""
    for word in words:
        if row and len(row) + len(word) >= SHORT:
            yield row
            row = ""
        row = f"{row} {word}" if row else word
    yield row


def _spaced(value: Json) -> str:
    """JSON on one line, with a blank where a reader wants one."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{encode(name)}: {_spaced(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_spaced, value)) + "]"
    return encode(value)


def brief(value: Json, longest: int = SHORT) -> str:
    """JSON on one line, cut to a readable length."""
    text = _spaced(value)
    return text if len(text) <= longest else text[: longest - 1] + "…"
