"""Paths, ready to run: `compile_path` makes one of a text, `merge` puts a value where one points.

Most paths are a name or two, so those are closures of one subscript each, which a miss leaves by the
exception it raises anyway; only then is the document walked again, to say what was missing where.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias

import msgspec

from sfnb.errors import EvaluationError
from sfnb.query import java
from sfnb.query.jsonpath.operators import MISSING
from sfnb.query.jsonpath.selectors import is_definite, look_up, plain_part
from sfnb.query.jsonpath.steps import Function, Names, Scan, Step, Steps
from sfnb.query.jsonpath.syntax import PathSyntaxError, read_path
from sfnb.values import Json, encode

__all__ = ["Path", "PathNotFound", "PathSyntaxError", "compile_path", "merge"]

Find = Callable[[Json], Json]
Node: TypeAlias = Any
"""A Json whose shape is found out by trying: asking first would cost more than the step itself."""


class Path(msgspec.Struct, frozen=True, eq=False):
    """A compiled path.

    root: the document it begins at, "$" for the input, "$$" for the Context Object, else a variable's
        name without its `$`.
    definite: it names one node, and fails where there is none; any other gives a list, empty maybe.
    reference: a Reference Path, names and indices from 0 only.
    steps: those names and indices; () if it is no Reference Path.
    find: the value in a document of that root. Raises PathNotFound; returns what is there, uncopied.
    Source: Amazon States Language, "Paths" and "Reference Paths"; Jayway JsonPath 2.10.

    >>> compile_path("$.orders[*].id").find({"orders": [{"id": 1}, {}, {"id": 3}]})
    [1, 3]
    """

    text: str
    root: str
    definite: bool
    reference: bool
    steps: tuple[str | int, ...]
    find: Find


class PathNotFound(Exception):
    """A definite path that leads nowhere, in Jayway's words.

    index_past_end: what is missing is an array's item; the names and arrays before it are there.
    """

    def __init__(self, message: str, *, index_past_end: bool = False) -> None:
        super().__init__(message)
        self.index_past_end = index_past_end


@lru_cache(maxsize=4096)
def compile_path(text: str) -> Path:
    """The path that `text` spells; raises PathSyntaxError."""
    try:
        return _compile(text)
    except RecursionError:
        raise PathSyntaxError("the parentheses are nested too deeply", 0) from None


def _compile(text: str) -> Path:
    root, steps = read_path(text)
    plain = plain_part(steps)
    reference = len(plain) == len(steps) and all(isinstance(step, str) or step >= 0 for step in plain)
    return Path(
        text=text,
        root=root,
        definite=is_definite(steps),
        reference=reference,
        steps=plain if reference else (),
        find=_find_plain(plain) if len(plain) == len(steps) else _find(steps),
    )


def _find_plain(steps: tuple[str | int, ...]) -> Find:
    match steps:
        case ():
            return lambda document: document
        case (str(name),):
            return _find_name(name)
        case (str(first), str(second)):
            return _find_name_in_name(first, second)
    return _find_names(steps) if all(isinstance(step, str) for step in steps) else _find_nodes(steps)


def _find_name(name: str) -> Find:
    def find(document: Node) -> Json:
        try:
            return document[name]  # type: ignore[no-any-return]
        except (KeyError, TypeError):
            raise _miss((name,), document) from None

    return find


def _find_name_in_name(first: str, second: str) -> Find:
    def find(document: Node) -> Json:
        try:
            return document[first][second]  # type: ignore[no-any-return]
        except (KeyError, TypeError):
            raise _miss((first, second), document) from None

    return find


def _find_names(names: tuple[str | int, ...]) -> Find:
    def find(document: Node) -> Json:
        node = document
        try:
            for name in names:
                node = node[name]
        except (KeyError, TypeError):
            raise _miss(names, document) from None
        return node  # type: ignore[no-any-return]

    return find


def _find_nodes(steps: tuple[str | int, ...]) -> Find:
    """An index needs a list: a text has items too, but not for a path."""
    typed: tuple[tuple[Node, Node], ...] = tuple((s, list if isinstance(s, int) else dict) for s in steps)

    def find(document: Node) -> Json:
        node = document
        try:
            for step, kind in typed:
                if type(node) is not kind:
                    raise _miss(steps, document)
                node = node[step]
        except (KeyError, IndexError):
            raise _miss(steps, document) from None
        return node  # type: ignore[no-any-return]

    return find


def _find(steps: Steps) -> Find:
    """For paths of every other kind.

    An indefinite path that misses has found nothing, which is a result: recorded on AWS, where
    `$.items[*].id` over {} is [], though Jayway alone would fail for want of `items`.
    """
    look = look_up(steps)
    definite = is_definite(steps)

    def find(document: Json) -> Json:
        found = look(document, document)
        if found is not MISSING:
            return found
        if definite:
            raise _miss(steps, document)
        return []

    return find


def _miss(steps: Steps, document: Json) -> PathNotFound:
    """What stops `steps` in `document`. AWS shows these words to the user, after its own."""
    plain = plain_part(steps)
    node: Node = document
    for position, step in enumerate(plain):
        here = f"${_render(plain[:position])}"
        if isinstance(step, int):
            if type(node) is not list:
                return PathNotFound(_not_an_array(_render(steps[position:]), node, here))
            if not -len(node) <= step < len(node):
                return PathNotFound(f"No results for path: ${_render(steps)}", index_past_end=True)
        elif type(node) is not dict:
            return PathNotFound(_not_an_object(f"['{step}']", node, here))
        elif step not in node:
            last = position == len(steps) - 1
            what = "No results for path: " if last else "Missing property in path "
            return PathNotFound(f"{what}{here}['{step}']")
        node = node[step]
    if isinstance(steps[-1], Names):
        return PathNotFound(_not_an_object(_render(steps[-1:]), node, f"${_render(plain)}"))
    return PathNotFound(f"No results for path: ${_render(steps)}")


def _not_an_object(wanted: str, node: Json, here: str) -> str:
    return (
        f"Expected to find an object with property {wanted} in path {here} but found "
        f"'{java.class_name(node)}'. This is not a json object according to the JsonProvider: "
        "'com.jayway.jsonpath.spi.json.JacksonJsonProvider'."
    )


def _not_an_array(wanted: str, node: Json, here: str) -> str:
    if node is None:
        return f"The path {here} is null"
    return f"Filter: {wanted} can only be applied to arrays. Current context is: {java.text(node)}"


def _render(steps: Steps) -> str:
    """Steps in Jayway's normal form: `['a'][0]`."""
    return "".join(_render_step(step) for step in steps)


def _render_step(step: Step) -> str:
    match step:
        case int():
            return f"[{step}]"
        case str():
            return f"['{step}']"
        case Names(names):
            quoted = ",".join(f"'{name}'" for name in names)
            return f"[{quoted}]"
        case Function(name):
            return f".{name}()"
        case Scan(inner):
            return f"..{_render_step(inner)}"
    return "[*]"


def merge(path: Path, document: Json, value: Json) -> Json:
    """`document` with `value` at the Reference Path `path`; only what lies on the way is copied.

    Missing objects on the way are made; an index must be there already, and its item is replaced.

    >>> merge(compile_path("$.a.b"), {"x": 1}, 2)
    {'x': 1, 'a': {'b': 2}}

    Raises States.ResultPathMatchFailure where the way leads through anything else.
    Source: Amazon States Language, "ResultPath".
    """
    if not path.steps:
        return value
    if not isinstance(document, dict):
        raise _mismatch(path, f"it is not an object but {_describe(document)}")
    return _merge(path, 0, document, value)


def _merge(path: Path, position: int, node: Json, value: Json) -> Json:
    if position == len(path.steps):
        return value
    step = path.steps[position]
    if isinstance(step, str):
        if not isinstance(node, dict):
            raise _mismatch(path, f"${_render(path.steps[:position])} is not an object but {_describe(node)}")
        return {**node, step: _merge(path, position + 1, node.get(step, {}), value)}
    if not isinstance(node, list):
        raise _mismatch(path, f"${_render(path.steps[:position])} is not an array but {_describe(node)}")
    if step >= len(node):
        raise _mismatch(path, f"${_render(path.steps[:position])} has {len(node)} items, so none at [{step}]")
    return [*node[:step], _merge(path, position + 1, node[step], value), *node[step + 1 :]]


def _mismatch(path: Path, reason: str) -> EvaluationError:
    return EvaluationError(
        "States.ResultPathMatchFailure",
        f"The ResultPath '{path.text}' cannot be applied to the state's input: {reason}",
    )


def _describe(node: Json) -> str:
    if isinstance(node, dict | list):
        return "an object" if isinstance(node, dict) else "an array"
    return encode(node)[:40]
