"""One rendering of a template: its variables, and what it has used up.

A template is an author's, what it is given is anybody's: neither may keep the process busy or fill its
memory. So each node and each turn of a loop is a step, each text that is made counts, and both have an end.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from sfnb.errors import SfnbError
from sfnb.query.java import double_text
from sfnb.values import encode

Value: TypeAlias = Any
"""JSON, or one of the objects of a template: `$input`, `$util`, a list of its own."""

STEPS = 200_000
MADE_CHARACTERS = 50_000_000
LARGEST = 10 * 1024 * 1024
"""Characters of the output, and of any text in between."""
TURNS = 1_000
"""Of one #foreach. Source: API Gateway quotas, "Number of iterations in a #ForEach ... #END loop"."""


class RenderFault(SfnbError):
    """What a template may not do; the node at which it happens adds its place."""


class JavaList(list[Value]):
    """A list made in the template, which prints as Java's do: [a, b]; one that was JSON prints as JSON."""


class Thing(Protocol):
    """An object that a template is given."""

    def call(self, run: Run, name: str, arguments: Sequence[Value]) -> Value:
        """Raises RenderFault where there is no such method."""

    def member(self, name: str) -> Value: ...


class Run:
    """variables: by name; `input`, `context`, `util` and `stageVariables` among them.

    at: the offset in the template of what is being done.
    """

    def __init__(self, variables: Mapping[str, Value]) -> None:
        self.variables: dict[str, Value] = dict(variables)
        self.is_stopped = False
        self.at = 0
        self._steps = 0
        self._made = 0

    def step(self) -> None:
        self._steps += 1
        if self._steps > STEPS:
            raise RenderFault(f"it takes more than {STEPS:,} steps")

    def made(self, text: str) -> str:
        """Count a text that has been made."""
        self.makes(len(text))
        return text

    def makes(self, size: int) -> None:
        """Count a text that is about to be made."""
        self._made += size
        if size > LARGEST:
            raise RenderFault(f"a text of more than {LARGEST:,} characters")
        if self._made > MADE_CHARACTERS:
            raise RenderFault(f"its texts take more than {MADE_CHARACTERS:,} characters together")

    def text(self, value: Value) -> str:
        """`value` as Java prints it: a map as {a=1}, a list of JSON as JSON."""
        if isinstance(value, str):
            return value
        parts: list[str] = []
        self._print(value, parts, as_json=False)
        return self.made("".join(parts))

    def json(self, value: Value) -> str:
        """`value` as compact JSON."""
        parts: list[str] = []
        self._print(value, parts, as_json=True)
        return self.made("".join(parts))

    def _print(self, value: Value, parts: list[str], *, as_json: bool) -> None:
        """Piece by piece, each a step: a list may hold itself, or hold twice what holds something twice."""
        self.step()
        match value:
            case None | bool():
                parts.append({None: "null", True: "true", False: "false"}[value])
            case str():
                self.makes(len(value))
                parts.append(encode(value) if as_json else value)
            case int():
                parts.append(str(value))
            case float():
                parts.append(encode(value) if as_json else double_text(value))
            case dict():
                self._print_map(value, parts, as_json=as_json)
            case list():
                self._print_list(value, parts, as_json=as_json or not isinstance(value, JavaList))
            case _:
                parts.append(str(value))

    def _print_map(self, value: dict[str, Value], parts: list[str], *, as_json: bool) -> None:
        parts.append("{")
        for number, (key, item) in enumerate(value.items()):
            if number:
                parts.append("," if as_json else ", ")
            parts.append(f"{encode(key)}:" if as_json else f"{key}=")
            self._print(item, parts, as_json=as_json)
        parts.append("}")

    def _print_list(self, value: list[Value], parts: list[str], *, as_json: bool) -> None:
        parts.append("[")
        for number, item in enumerate(value):
            if number:
                parts.append("," if as_json else ", ")
            self._print(item, parts, as_json=as_json)
        parts.append("]")
