"""A Python value to JSON text, with a finding for everything in it that JSON does not have.

`json.dumps` stops at the first such thing with a stack trace, or worse, lets it pass: NaN, and keys
that are numbers. Here the value is copied first, step by step without recursion, and what cannot be
copied is named by its path and replaced by a text, so that the finding has a place to show.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Set
from datetime import date, time
from decimal import Decimal
from math import isfinite

import msgspec

from sfnb.asl.reading import (
    MAX_DEPTH,
    MAX_FINDINGS,
    MAX_SIZE_BYTES,
    TOO_DEEP,
    describe_root,
    not_an_object,
    quoted,
    too_large,
)
from sfnb.errors import Diagnostic, PathStep
from sfnb.values import Json, size_bytes

# What is counted is less than the JSON will be; a value this heavy is not worth writing out.
_MAX_WEIGHT = 2 * MAX_SIZE_BYTES

# Python writes no integer of more than 4,300 digits.
_MAX_BITS = 14_284
_HINTS: tuple[tuple[type, str], ...] = (
    (Set, "use a list"),
    (Mapping, "use a dict"),
    (bytes, "decode it to text"),
    (date, "use text: value.isoformat()"),
    (time, "use text: value.isoformat()"),
    (Decimal, "use an int or a float"),
)
_half_character = re.compile("[\ud800-\udfff]")

Container = list[Json] | dict[str, Json]
Members = Iterator[tuple[object, object]]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """JSON text of a value.

    text: two spaces a level; "" where there is none to show.
    size_bytes: without white space, as it would be sent.
    """

    text: str = ""
    size_bytes: int = 0
    findings: tuple[Diagnostic, ...] = ()


def write(value: object) -> Written:
    """`value` as JSON text; never raises because of what is in it."""
    copy = _Copy()
    try:
        tree = copy.of(value)
    except _Stop as stop:
        return Written(findings=(*copy.findings, stop.finding))
    compact = json.dumps(tree, ensure_ascii=False, separators=(",", ":"))
    findings = tuple(copy.findings)
    if not isinstance(tree, dict) and not findings:
        findings = (not_an_object(describe_root(tree)),)
    return Written(
        text=msgspec.json.format(compact, indent=2), size_bytes=size_bytes(compact), findings=findings
    )


class _Stop(Exception):
    """The value cannot be written out at all."""

    def __init__(self, finding: Diagnostic) -> None:
        super().__init__(finding.message)
        self.finding = finding


class _Copy:
    """One copying of a value; `_path` begins with a 0 for the value itself."""

    def __init__(self) -> None:
        self.findings: list[Diagnostic] = []
        self._path: list[PathStep] = []
        self._weight = 0

    def of(self, value: object) -> Json:
        top: list[Json] = []
        stack: list[tuple[Container, Members]] = [(top, iter([(0, value)]))]
        while stack:
            target, members = stack[-1]
            for key, member in members:
                self._path.append(len(target) if isinstance(target, list) else self._key(key))
                inner = self._container(member, len(stack))
                self._put(target, self._scalar(member) if inner is None else inner[0])
                if inner is not None:
                    stack.append(inner)
                    break
                self._path.pop()
            else:
                stack.pop()
                if stack:
                    self._path.pop()
        return top[0]

    def _put(self, target: Container, copy: Json) -> None:
        if isinstance(target, dict):
            target[str(self._path[-1])] = copy
        else:
            target.append(copy)

    def _container(self, value: object, depth: int) -> tuple[Container, Members] | None:
        """An empty copy of an array or object, and what goes into it; None for anything else."""
        if not isinstance(value, dict | list | tuple):
            return None
        self._weigh(2)
        if depth > MAX_DEPTH:
            message = f"Nested deeper than {MAX_DEPTH} levels"
            hint = "does the value contain itself?"
            raise _Stop(Diagnostic(message=message, code=TOO_DEEP, path=None, hint=hint))
        if isinstance(value, dict):
            return {}, iter(list(value.items()))
        return [], iter(list(enumerate(value)))

    def _key(self, key: object) -> str:
        if isinstance(key, str):
            text = _whole(key)
            fault = None if text == key else "A key holds half of a surrogate pair"
        else:
            text = _name_of_key(key)
            fault = f"A key must be text; this one is {type(key).__name__}"
        if fault is not None:
            path = (*self._path[1:], text)
            self._add(Diagnostic(message=fault, path=path, at_key=True, hint=f"write {quoted(text)}"))
        self._weigh(len(text) + 3)
        return text

    def _scalar(self, value: object) -> Json:
        """A plain copy of `value`, or a text in its place."""
        self._weigh(2)
        match value:
            case None | bool():
                return value
            case str():
                self._weigh(len(value))
                text = _whole(value)
                return (
                    text if text == value else self._refuse(text, "This text holds half of a surrogate pair")
                )
            case int():
                if value.bit_length() > _MAX_BITS:
                    return self._refuse("<int>", "This number has too many digits")
                return int(value)
            case float():
                if not isfinite(value):
                    return self._refuse(
                        str(float(value)), f"{float(value)} is no JSON value", "use None or a text"
                    )
                return float(value)
        name = type(value).__name__
        hint = next((hint for kind, hint in _HINTS if isinstance(value, kind)), None)
        return self._refuse(f"<{name}>", f"{name} is no JSON value", hint)

    def _refuse(self, instead: str, message: str, hint: str | None = None) -> str:
        self._add(Diagnostic(message=message, path=tuple(self._path[1:]), hint=hint))
        return instead

    def _add(self, finding: Diagnostic) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(finding)

    def _weigh(self, size: int) -> None:
        self._weight += size
        if self._weight > _MAX_WEIGHT:
            raise _Stop(too_large(f"over {_MAX_WEIGHT:,}"))


def _whole(text: str) -> str:
    """`text` as a plain str, with halves of characters replaced."""
    text = str.__str__(text)
    return text if text.isascii() else _half_character.sub("\ufffd", text)


def _name_of_key(key: object) -> str:
    """How to show a key that is no text; `repr` of just anything may do anything."""
    if key is None or isinstance(key, bool) or (type(key) is int and key.bit_length() < 64):
        return str(key)
    return f"<{type(key).__name__}>"
