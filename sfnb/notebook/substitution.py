"""`${Name}` in a definition: replaced in the tree, so that no value can break the text around it.

In a text, `${Name}` is replaced by a text, as CloudFormation's DefinitionSubstitutions and Terraform's
templates do it. Where it stands by itself, without quotes, it becomes the value: a number stays one.
JSON has no such thing, so a bare `${Name}` is read as a text of equal length, `"` U+E000 Name `"`, which
no author writes; each character stays in its place, and so does every finding.

A name that a task is registered under is left alone where it is the whole Resource: the engine finds
the function by it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sized
from typing import Any, Literal

import msgspec

from sfnb.asl.reading import MAX_SIZE_BYTES
from sfnb.asl.source import Format, Source, read_text
from sfnb.asl.ways import did_you_mean
from sfnb.errors import Diagnostic, PathStep
from sfnb.jsonable import NotJson, to_json
from sfnb.values import Json, decode, encode

MARK = "\ue000"
NAME = r"[A-Za-z_][\w.:-]*"
_placeholder = re.compile(rf"\$\{{({NAME})\}}")
_bare = re.compile(rf'"(?:[^"\\\n]|\\.)*"|\$\{{({NAME})\}}')

Origin = Literal["option", "task", "variable", "function", "missing"]


class Substitution(msgspec.Struct, frozen=True, kw_only=True):
    """What stands for one name.

    origin: "option", -s said so; "task", a function is registered under it and it stays; "variable";
        "function", it is where a task's name belongs, and no task is registered yet; "missing".
    text: what it becomes inside a text. value: what it becomes where it stands by itself.
    hint: what to do about one that stays.
    """

    name: str
    origin: Origin
    text: str = ""
    value: Json = None
    hint: str = ""


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """Where names are looked up, in this order.

    given: of -s. tasks: names of registered functions. states: that have a function of their own.
    """

    given: Mapping[str, str]
    tasks: Collection[str]
    states: Collection[str]
    variables: Mapping[str, Any]


def read_definition(
    text: str, names: Names, *, format: Format | None = None, max_bytes: int = MAX_SIZE_BYTES
) -> tuple[Source, tuple[Substitution, ...]]:
    """Read a definition and fill in its placeholders.

    Returns what was found for each name, in the order of the text. A name for which there is nothing is
    a finding: a warning, or, where it stands by itself in JSON, an error. max_bytes: of the definition.
    """
    source = read_text(text, format=format, max_bytes=max_bytes)
    if "${" not in text:
        return source, ()
    if source.format == "json":
        source = read_text(_mask(text), format="json", max_bytes=max_bytes)
    filling = _Filling(source, text, names)
    tree = filling.fill(source.tree, ()) if source.tree is not None else None
    assert tree is None or isinstance(tree, dict)
    filled = source.rewritten(text, tree, filling.findings(), filling.key)
    return filled, tuple(filling.found.values())


def _mask(text: str) -> str:
    """`text` with each bare `${Name}` made a JSON text of the same length."""
    return _bare.sub(lambda m: f'"{MARK}{m[1]}"' if m[1] else m[0], text)


class _Filling:
    """One pass over a tree."""

    def __init__(self, source: Source, text: str, names: Names) -> None:
        self.missing: list[tuple[Substitution, tuple[PathStep, ...], bool]] = []
        self.found: dict[str, Substitution] = {}
        self._source = source
        self._lines = text.split("\n") if source.format == "yaml" else []
        self._names = names

    def fill(self, node: Json, path: tuple[PathStep, ...]) -> Json:
        """A copy of `node`. Loops, no comprehensions: definitions may be nested as deep as the stack."""
        if isinstance(node, str):
            return self._text(node, path) if "${" in node or node.startswith(MARK) else node
        if isinstance(node, dict):
            members: dict[str, Json] = {}
            for name, value in node.items():
                members[self.key(name)] = self.fill(value, (*path, name))
            return members
        if isinstance(node, list):
            items: list[Json] = []
            for index, value in enumerate(node):
                items.append(self.fill(value, (*path, index)))
            return items
        return node

    def key(self, name: str) -> str:
        """A key is a text like any other, with or without quotes."""
        name = f"${{{name[1:]}}}" if name.startswith(MARK) else name
        return _placeholder.sub(lambda match: self._part(match, ()), name) if "${" in name else name

    def _text(self, text: str, path: tuple[PathStep, ...]) -> Json:
        if text.startswith(MARK):
            return self._whole(text[1:], path, bare=True)
        match = _placeholder.fullmatch(text)
        if match and self._is_plain(path):
            return self._whole(match[1], path, bare=False)
        if match and self.look_up(match[1], path).origin == "task":
            return text
        return _placeholder.sub(lambda part: self._part(part, path), text)

    def _is_plain(self, path: tuple[PathStep, ...]) -> bool:
        """Whether a text of YAML stands there without quotes."""
        span = self._source.locate(path) if self._lines else None
        return span is not None and self._lines[span.line - 1][span.column - 1] == "$"

    def _whole(self, name: str, path: tuple[PathStep, ...], *, bare: bool) -> Json:
        found = self.look_up(name, path, bare=bare)
        return found.value if found.origin in ("option", "variable") else f"${{{name}}}"

    def _part(self, match: re.Match[str], path: tuple[PathStep, ...]) -> str:
        found = self.look_up(match[1], path)
        return match[0] if found.origin in ("missing", "function") else found.text

    def look_up(self, name: str, path: tuple[PathStep, ...], *, bare: bool = False) -> Substitution:
        """What stands for `name`; where nothing does is a finding, each time if it cannot stay."""
        known = self.found.get(name)
        found = known or find(name, path, self._names)
        self.found[name] = found
        if found.origin == "missing" and (bare or known is None):
            self.missing.append((found, path, bare))
        return found

    def findings(self) -> list[Diagnostic]:
        """What is missing, where it stood: an error where nothing may stay there."""
        return [
            Diagnostic(
                message=f"Nothing stands for ${{{found.name}}}" + ("" if bare else ": it stays as it is"),
                path=None,
                span=self._source.locate(path),
                hint=found.hint,
                severity="ERROR" if bare else "WARNING",
            )
            for found, path, bare in self.missing
        ]


def find(name: str, path: tuple[PathStep, ...], names: Names) -> Substitution:
    """What stands for the name of a placeholder that was met at `path`."""
    if name in names.given:
        text = names.given[name]
        return Substitution(name=name, origin="option", text=text, value=_value_of(text))
    function = name.partition(".")[0]
    if function in names.tasks or _state_at(path) in names.states:
        return Substitution(name=name, origin="task", text=function)
    if name in names.variables:
        value = _scalar(names.variables[name])
        if value is not _NO_SCALAR:
            text = value if isinstance(value, str) else encode(value)
            return Substitution(name=name, origin="variable", text=text, value=value)
    if _state_at(path) is not None:
        return Substitution(name=name, origin="function", hint=_task_hint(function, names))
    return Substitution(name=name, origin="missing", hint=_hint(name, names))


def _state_at(path: tuple[PathStep, ...]) -> str | None:
    """The state whose function is named at `path`; None where no function is."""
    match path:
        case (*_, "States", state, "Resource") | (*_, "States", state, "Parameters", "FunctionName"):
            return str(state)
    return None


def _value_of(text: str) -> Json:
    """What -s gives, where it stands by itself: JSON if it is a scalar, else a text."""
    try:
        value = decode(text)
    except ValueError:
        return text
    return text if isinstance(value, dict | list) else value


_NO_SCALAR: Any = object()


def _scalar(value: object) -> Any:
    """A Python value as a JSON scalar; _NO_SCALAR where it is none."""
    if isinstance(value, Sized) and not isinstance(value, str):
        return _NO_SCALAR
    try:
        plain = to_json(value)
    except NotJson:
        return _NO_SCALAR
    return _NO_SCALAR if isinstance(plain, dict | list) else plain


def _task_hint(name: str, names: Names) -> str:
    if callable(names.variables.get(name)):
        return f"{name} is a Python function, but no task: put @sfnb.task above it"
    near = _near_miss(name, names.tasks)
    return near or f'give it a function: @sfnb.task above "def {name}(payload):"'


def _hint(name: str, names: Names) -> str:
    if name in names.variables:
        kind = type(names.variables[name]).__name__
        return f"the variable {name} is of type {kind}; a text, a number, true, false or null is wanted"
    candidates: Iterable[str] = (key for key in names.variables if not key.startswith("_"))
    near = _near_miss(name, [*names.given, *candidates])
    return near or f"say -s {name}=..., or set a Python variable {name}"


def _near_miss(name: str, known: Iterable[str]) -> str | None:
    """As for states and fields, but closer: among all of somebody's variables one is always a bit like it."""
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.75)
    return did_you_mean(name, close)
