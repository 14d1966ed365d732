"""Values as the language of Terraform writes them, laid out as `terraform fmt` does.

Documents are heredocs rather than jsonencode, which would sort their keys: they keep their order, and a plan
shows the text that was written. In texts `${` and `%{` are Terraform's, so those of an author are doubled.
Source: Terraform language, "Strings and Templates".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

HELD = "\ue000"
"""Stands for the `$` of what Terraform is to fill in while all else is doubled; no author writes it."""

Hold = Callable[[str], str]
"""A text with `HELD` before the brace of each thing that Terraform is to fill in."""


class Expr(msgspec.Struct, frozen=True):
    """An expression: `aws_iam_role.orders.arn`. more: text right after it."""

    text: str
    more: str = ""


class Document(msgspec.Struct, frozen=True):
    """A JSON value that is written as a text."""

    value: Any


class Block(msgspec.Struct, frozen=True):
    """A nested block; a list of them is as many blocks."""

    fields: Mapping[str, Any]


class Hcl:
    """Writes values. hold: looks at every text before it is written."""

    def __init__(self, hold: Hold) -> None:
        self._hold = hold

    def block(self, head: str, fields: Mapping[str, Any]) -> str:
        """Fields first, then the blocks among them; what is None is left out."""
        given = {name: value for name, value in fields.items() if value is not None}
        lines = [
            (name, self.value(value)) for name, value in given.items() if not isinstance(_first(value), Block)
        ]
        inside = [
            self.block(name, each.fields)
            for name, value in given.items()
            if isinstance(_first(value), Block)
            for each in ([value] if isinstance(value, Block) else value)
        ]
        return block(head, lines, inside)

    def value(self, value: Any) -> str:
        match value:
            case Expr():
                return f'"${{{value.text}}}{value.more}"' if value.more else value.text
            case Document():
                return self.document(value.value)
            case str():
                return self.quoted(value)
            case bool():
                return str(value).lower()
            case dict():
                return mapping([(self.quoted(key), self.value(item)) for key, item in value.items()])
            case list() | tuple():
                return f"[{', '.join(map(self.value, value))}]"
        return json.dumps(value)

    def document(self, tree: Any) -> str:
        """JSON as a heredoc. No line of it is the delimiter: JSON has no line breaks inside of texts."""
        text = json.dumps(self._held(tree), indent=2, ensure_ascii=False)
        return f"<<EOT\n{released(text)}\nEOT"

    def quoted(self, text: str) -> str:
        r"""A quoted text; JSON's \b and \f are not Terraform's."""
        quoted = json.dumps(self._hold(text), ensure_ascii=False)
        quoted = re.sub(
            r"\\.", lambda found: {"\\b": "\\u0008", "\\f": "\\u000c"}.get(found[0], found[0]), quoted
        )
        return released(quoted)

    def _held(self, value: Any) -> Any:
        match value:
            case Expr():
                return f"{HELD}{{{value.text}}}{value.more}"
            case str():
                return self._hold(value)
            case dict():
                return {key: self._held(item) for key, item in value.items()}
            case list() | tuple():
                return [self._held(item) for item in value]
        return value


def _first(value: Any) -> Any:
    return value[0] if isinstance(value, list) and value else value


def released(text: str) -> str:
    """A template that Terraform makes the text of: what is held is filled in, all else is as it is.

    A `$` right before what is filled in would be taken for the sign that it is not.
    """
    doubled = text.replace("${", "$${").replace("%{", "%%{")
    return doubled.replace(f"${HELD}", f'${{"$"}}{HELD}').replace(HELD, "$")


def block(head: str, fields: Sequence[tuple[str, str]], inside: Sequence[str] = ()) -> str:
    """A block as `terraform fmt` lays it out: the `=` of neighbouring lines stand in a column, in which maps
    of several lines do not stand, but heredocs do.
    """
    lines: list[str] = []
    group: list[tuple[str, str]] = []
    for field in fields:
        if field[1].startswith("{\n"):
            lines += aligned(group) + aligned([field])
            group = []
        else:
            group.append(field)
    lines += aligned(group)
    for number, each in enumerate(inside):
        gap = "\n" if fields or number else ""
        lines.append(gap + "".join(_indented(line) for line in _lines(each)))
    return f"{head} {{\n{''.join(lines)}}}\n"


def mapping(pairs: Sequence[tuple[str, str]]) -> str:
    """A map, a pair in each line."""
    return "{\n" + "".join(aligned(pairs, "    ")) + "  }" if pairs else "{}"


def aligned(fields: Sequence[tuple[str, str]], indent: str = "  ") -> list[str]:
    width = max((len(name) for name, _ in fields), default=0)
    return [f"{indent}{name:<{width}} = {value}\n" for name, value in fields]


def _lines(text: str) -> list[tuple[str, bool]]:
    """Lines, each with whether it is of a heredoc: such lines stay where they are."""
    found, within = [], False
    for line in text.splitlines():
        found.append((line, within))
        within = line != "EOT" if within else line.endswith("<<EOT")
    return found


def _indented(line: tuple[str, bool]) -> str:
    text, is_verbatim = line
    return f"{text}\n" if is_verbatim or not text else f"  {text}\n"
