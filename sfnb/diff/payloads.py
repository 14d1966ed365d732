"""In what two JSON values differ, place by place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from sfnb.values import Json, decode, encode

Kind = Literal["changed", "only left", "only right"]


class Change(msgspec.Struct, frozen=True):
    """A place at which two values differ; `path` as in a definition: "$.lines[0]['unit price']".

    left, right: None on the side where there is nothing, too; `kind` says so.
    """

    path: str
    kind: Kind
    left: Json
    right: Json


def changes(left: Json, right: Json, root: str = "$") -> Iterator[Change]:
    """Where two values differ, in the order of the left one; items of lists are matched by their index.

    >>> [(change.path, change.kind) for change in changes({"a": [1, 2], "b": 1}, {"a": [1], "b": True})]
    [('$.a[1]', 'only left'), ('$.b', 'changed')]
    """
    todo: list[tuple[str, Kind, Json, Json]] = [(root, "changed", left, right)]
    while todo:
        path, kind, one, other = todo.pop()
        if kind == "changed" and isinstance(one, dict) and isinstance(other, dict):
            todo += reversed([*_members(path, one, other)])
        elif kind == "changed" and isinstance(one, list) and isinstance(other, list):
            todo += reversed([*_items(path, one, other)])
        elif kind != "changed" or type(one) is not type(other) or one != other:
            yield Change(path, kind, one, other)


def _members(
    path: str, left: dict[str, Json], right: dict[str, Json]
) -> Iterator[tuple[str, Kind, Json, Json]]:
    for name in [*left, *(name for name in right if name not in left)]:
        place = path + step(name)
        if name not in right:
            yield place, "only left", left[name], None
        elif name not in left:
            yield place, "only right", None, right[name]
        elif left[name] is not right[name]:
            yield place, "changed", left[name], right[name]


def _items(path: str, left: list[Json], right: list[Json]) -> Iterator[tuple[str, Kind, Json, Json]]:
    both = min(len(left), len(right))
    for index in range(both):
        yield f"{path}[{index}]", "changed", left[index], right[index]
    for index, item in enumerate(left[both:], both):
        yield f"{path}[{index}]", "only left", item, None
    for index, item in enumerate(right[both:], both):
        yield f"{path}[{index}]", "only right", None, item


def step(name: str) -> str:
    """A member's name as a step of a path.

    >>> step("total") + step("unit price")
    ".total['unit price']"
    """
    if re.fullmatch(r"\w+", name):
        return f".{name}"
    return "['{}']".format(name.replace("\\", "\\\\").replace("'", "\\'"))


class Sameness:
    """Whether JSON texts mean the same: white space and the order of members do not count.

    Each distinct text is read once.
    """

    def __init__(self) -> None:
        self._known: dict[str, bytes] = {}

    def __call__(self, left: str | None, right: str | None) -> bool:
        if left is None or right is None or left == right:
            return left == right
        return self._canonical(left) == self._canonical(right)

    def _canonical(self, text: str) -> bytes:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = msgspec.json.encode(decode(text), order="deterministic")
        return known


def variables(texts: dict[str, str] | None) -> str:
    """The variables that a state set as one JSON text; "{}" where it set none."""
    return "{" + ",".join(f"{encode(name)}:{text}" for name, text in (texts or {}).items()) + "}"
