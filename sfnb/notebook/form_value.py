"""The input that a form holds: a JSON value whose members are set and taken out by their paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import UNSET, UnsetType

from sfnb.notebook.form_schema import Field
from sfnb.values import Json

Path = tuple[str, ...]


def value_at(value: Json, path: Path) -> Json | UnsetType:
    """What is at a path; UNSET where there is nothing.

    >>> value_at({"a": {"b": 1}}, ("a", "b")), value_at({"a": 5}, ("a", "b"))
    (1, UNSET)
    """
    found: Json | UnsetType = value
    for name in path:
        if not isinstance(found, dict) or name not in found:
            return UNSET
        found = found[name]
    return found


def with_value(value: Json, path: Path, new: Json | UnsetType, groups: Mapping[Path, Field]) -> Json:
    """`value` with `new` at a path; what is no object on the way there becomes one.

    UNSET takes it out, and with it the objects around it that hold nothing any more and are not required.
    groups: those of the form, by their paths; their members stand in the order of the fields.

    >>> with_value({"a": {"b": 1}}, ("a", "c"), 2, {})
    {'a': {'b': 1, 'c': 2}}
    >>> with_value({"a": {"b": 1}}, ("a", "b"), UNSET, {})
    {}
    """
    if not path:
        return {} if isinstance(new, UnsetType) else new
    return _set(value, path, new, groups, 0)


def _set(value: Json, path: Path, new: Json | UnsetType, groups: Mapping[Path, Field], depth: int) -> Json:
    held = dict(value) if isinstance(value, dict) else {}
    name = path[depth]
    if depth == len(path) - 1:
        inner = new
    else:
        inner = _set(held.get(name), path, new, groups, depth + 1)
        group = groups.get(path[: depth + 1])
        if inner == {} and isinstance(new, UnsetType) and (group is None or not group.required):
            inner = UNSET
    if isinstance(inner, UnsetType):
        held.pop(name, None)
    else:
        held[name] = inner
    own = groups.get(path[:depth])
    order = [field.path[-1] for field in own.fields] if own is not None else []
    return {each: held[each] for each in order if each in held} | held


def field_at(path: Sequence[str | int], known: Mapping[Path, object]) -> tuple[Path, Sequence[str | int]]:
    """The path of the innermost known field that a place is in, and what is left of the place."""
    for length in range(len(path), 0, -1):
        start = path[:length]
        if all(isinstance(step, str) for step in start) and tuple(start) in known:
            return tuple(str(step) for step in start), path[length:]
    return (), path
