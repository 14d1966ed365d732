"""Events held against a branch.

A branch is compiled to a tree of names, and the tree is walked along with the event. An array in the event
stands for any one of its items, but for one at a time: fields that are read out of objects in the same array
must be read out of the same object. So an array is one choice for everything below it, made once, and a walk
takes no longer than the event has nodes on the pattern's paths; there is no trying of combinations.

A field that must be missing is looked for in the item that was chosen, if one was chosen by then: AWS takes
the fields by the alphabet of their paths, so those before the first one that must be there are looked for in
all items.
Source: aws/event-ruler, README "JSON Array Matching", ACFinder and NameState.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from sfnb.triggers.patterns.reading import Wanted
from sfnb.values import Json

Value = Any
"""A Json, `MISSING` or `Several`, told apart while walking."""


class _Missing:
    """The type of `MISSING`."""


MISSING = _Missing()
"""What stands where the event has nothing."""


class Several(list[Value]):
    """Values with the same path, as of `{"a": {"b": 1}, "a.b": 2}`; no array, so nothing is chosen."""


class Field(msgspec.Struct, frozen=True, eq=False):
    """A field and what it may be.

    holds: whether a value that is there will do; None where it has to be missing.
    absent: it may be missing.
    """

    steps: tuple[str, ...]
    holds: Callable[[Json], bool] | None
    absent: bool

    def when_there(self) -> Field:
        """The field, if it is there."""
        return Field(self.steps, self.holds, absent=False)


def field_of(path: str, wanted: Wanted) -> Field:
    checks = tuple(operator.holds for operator in wanted.operators if not operator.absent)
    return Field(
        tuple(path.split(".")),
        (checks[0] if len(checks) == 1 else _any_of(checks)) if checks else None,
        absent=len(checks) < len(wanted.operators),
    )


def _any_of(checks: Sequence[Callable[[Json], bool]]) -> Callable[[Json], bool]:
    return lambda found: any(holds(found) for holds in checks)


class Tree:
    """Fields below some place of the event; `depth` is how many of their steps lead there.

    fields: by the alphabet of their paths.
    """

    __slots__ = ("branches", "depth", "early", "fields", "leaf", "reaches_far")

    def __init__(self, fields: Sequence[Field], depth: int = 0) -> None:
        self.fields = fields
        self.depth = depth
        self.leaf: Field | None = None
        groups: dict[str, list[Field]] = {}
        for field in fields:
            if len(field.steps) == depth:
                self.leaf = field
            else:
                groups.setdefault(field.steps[depth], []).append(field)
        self.branches = tuple((step, Tree(group, depth + 1)) for step, group in groups.items())
        self.reaches_far = any(tree.branches for _, tree in self.branches)
        present = next((n for n, field in enumerate(fields) if not field.absent), len(fields))
        self.early = tuple(fields[:present])  # missing from all items, or else there

    def matches(self, value: Value) -> bool:
        """Whether every field is what it may be."""
        if type(value) is dict:
            return self._matches_object(value)
        if type(value) is list:
            return self._matches_array(value)
        if type(value) is Several:
            return all(self._matches_one(field, value) for field in self.fields)
        leaf = self.leaf
        if leaf is not None:
            if value is MISSING:
                if not leaf.absent:
                    return False
            elif leaf.holds is None or not leaf.holds(value):
                return False
        return all(tree.matches(MISSING) for _, tree in self.branches) if self.branches else True

    def _matches_object(self, value: dict[str, Value]) -> bool:
        if self.leaf is not None and not self.leaf.absent:
            return False
        if self.reaches_far:
            value = undotted(value)
        for step, tree in self.branches:  # noqa: SIM110 - a generator takes twice as long
            if not tree.matches(value.get(step, MISSING)):
                return False
        return True

    def _matches_array(self, items: list[Value]) -> bool:
        """Plain values among the items choose nothing; objects and arrays are chosen from."""
        inner = [item for item in items if type(item) in (dict, list)]
        fields = self.fields
        if self.leaf is not None and len(inner) < len(items):
            leaf = self.leaf
            holds = leaf.holds
            if holds is not None and any(holds(item) for item in items if type(item) not in (dict, list)):
                fields = [field for field in fields if field is not leaf]
            elif holds is None:
                return False
            else:
                fields = [field.when_there() if field is leaf else field for field in fields]
        if not fields:
            return True
        tree = self if fields is self.fields else Tree(fields, self.depth)
        if not inner:
            return tree.matches(MISSING)
        return tree._matches_item(inner)

    def _matches_item(self, items: list[Value]) -> bool:
        there = [field for field in self.early if occurs(field.steps[self.depth :], items)]
        if not there:
            return any(self.matches(item) for item in items)
        if any(field.holds is None for field in there):
            return False
        fields = [field.when_there() if field in there else field for field in self.fields]
        tree = Tree(fields, self.depth)
        return any(tree.matches(item) for item in items)

    def _matches_one(self, field: Field, values: Several) -> bool:
        found = any(occurs(field.steps[self.depth :], value) for value in values)
        if not found:
            return field.absent
        if field.holds is None:
            return False
        tree = Tree([field.when_there()], self.depth)
        return any(tree.matches(value) for value in values)


def undotted(value: Mapping[str, Value]) -> dict[str, Value]:
    """An object whose names have no dots: those that had any are objects within.

    >>> undotted({"a.b": 1, "a": {"c": 2}})
    {'a': {'b': 1, 'c': 2}}
    """
    if not any("." in name for name in value):
        return value if isinstance(value, dict) else dict(value)
    plain: dict[str, Value] = {}
    for name, inner in value.items():
        step, dot, rest = name.partition(".")
        _put(plain, step, {rest: inner} if dot else inner)
    return plain


def _put(values: dict[str, Value], name: str, value: Value) -> None:
    there = values.get(name, MISSING)
    if there is MISSING:
        values[name] = value
    elif type(there) is dict and type(value) is dict:
        values[name] = merged = dict(there)
        for inner, item in value.items():
            _put(merged, inner, item)
    else:
        before = there if type(there) is Several else [there]
        values[name] = Several([*before, value])


def occurrences(steps: Sequence[str], value: Value) -> list[Json]:
    """Every value at a path that is no object and no array, through all arrays."""
    if type(value) in (list, Several):
        return [found for item in value for found in occurrences(steps, item)]
    if not steps:
        return [] if type(value) is dict else [value]
    if type(value) is not dict:
        return []
    plain = undotted(value) if len(steps) > 1 else value
    return occurrences(steps[1:], plain[steps[0]]) if steps[0] in plain else []


def occurs(steps: Sequence[str], value: Value) -> bool:
    return bool(occurrences(steps, value))
