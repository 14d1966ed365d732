"""Templates: text with references, comments and directives in it.

A directive takes the rest of its line with it where nothing else stands there. What looks like a directive
but is none is text, as in Velocity; what API Gateway does not run (#include, #parse, #macro ...) is refused.

Source: Apache Velocity 1.7, VTL reference and Parser.jjt.
"""

from __future__ import annotations

import re

from sfnb.triggers.http.vtl.expressions import Expressions
from sfnb.triggers.http.vtl.nodes import (
    Block,
    Expression,
    ForEach,
    If,
    Place,
    Stop,
    Text,
    Written,
    written,
)
from sfnb.triggers.http.vtl.references import Set
from sfnb.triggers.http.vtl.run import RenderFault, Run, Value
from sfnb.triggers.http.vtl.scan import Cursor, TemplateError, fault_at

LARGEST_TEMPLATE = 300 * 1024
"""Source: API Gateway quotas, "Mapping template size"."""

FORBIDDEN = ("include", "parse", "macro", "evaluate", "define")
_PLAIN = re.compile(r"[^$#\\]+")
_COMMENT = re.compile(r"##[^\n]*(?:\n|$)")
_SLASHES = re.compile(r"\\+")
_MEANT = re.compile(r"\$!?\{?[A-Za-z_]|#\{?(?:set|if|elseif|else|end|foreach|break|stop)\b")
_DIRECTIVE = re.compile(r"#(?:([A-Za-z]+)|\{([A-Za-z]+)\})")
_REFERENCE = re.compile(r"\$!?\{?(?=[A-Za-z_])")
_LINE_END = re.compile(r"[ \t]*(?:\r\n|\r|\n)")
_SPACE = re.compile(r"\s*")
_NAMED = re.compile(r"\s*\$!?(?:([A-Za-z_][A-Za-z0-9_-]*)|\{([A-Za-z_][A-Za-z0-9_-]*)\})\s+in\b")
_EQUALS = re.compile(r"\s*=(?!=)")


class Template:
    """A template, read once. Raises TemplateError where it cannot be read."""

    def __init__(self, text: str) -> None:
        if len(text) > LARGEST_TEMPLATE:
            raise TemplateError(f"it has more than {LARGEST_TEMPLATE:,} characters", 1, 1)
        self.text = text
        self._body = _blocks(Cursor(text))

    def render(self, variables: dict[str, Value]) -> str:
        """What it writes; raises TemplateError where it fails, or takes too much."""
        run = Run(variables)
        try:
            return written(self._body, run)
        except RenderFault as fault:
            raise fault_at(self.text, run.at, str(fault)) from None
        except RecursionError:
            raise fault_at(self.text, run.at, "values are nested too deeply") from None


def _blocks(cursor: Cursor) -> list[Block]:
    """A whole template, or a string that is one."""
    blocks, end = _body(cursor)
    if end is not None:
        raise cursor.fault(f"#{end[0]} without its #if or #foreach", end[1])
    return blocks


def _body(cursor: Cursor) -> tuple[list[Block], tuple[str, int] | None]:
    """Blocks up to #end, #else or #elseif, given back with its place; None at the end of the text."""
    blocks: list[Block] = []
    while not cursor.at_end:
        if found := cursor.take(_PLAIN):
            blocks.append(Text(found[0]))
        elif cursor.take(_COMMENT):
            pass
        elif cursor.skip("#*"):
            _up_to(cursor, "*#")
        elif cursor.skip("#[["):
            blocks.append(Text(_up_to(cursor, "]]#")))
        elif found := cursor.take(_SLASHES):
            blocks += _escaped(cursor, len(found[0]))
        elif _REFERENCE.match(cursor.text, cursor.at):
            blocks.append(_written(cursor))
        elif (found := _DIRECTIVE.match(cursor.text, cursor.at)) and (name := found[1] or found[2]):
            if name in ("end", "else", "elseif"):
                at = cursor.at
                cursor.at = found.end()
                if name != "elseif":
                    cursor.take(_LINE_END)
                return blocks, (name, at)
            blocks.append(_directive(cursor, name, found.end()))
        else:
            blocks.append(Text(cursor.text[cursor.at]))
            cursor.at += 1
    return blocks, None


def _escaped(cursor: Cursor, slashes: int) -> list[Block]:
    r"""Backslashes before `$x` or `#if`: each pair prints one; one that is over takes the meaning away."""
    if not _MEANT.match(cursor.text, cursor.at):
        return [Text("\\" * slashes)]
    blocks: list[Block] = [Text("\\" * (slashes // 2))]
    if slashes % 2:
        blocks.append(Text(cursor.text[cursor.at]))
        cursor.at += 1
    return blocks


def _up_to(cursor: Cursor, end: str) -> str:
    """What stands before `end`, passed over with it."""
    found = cursor.text.find(end, cursor.at)
    if found < 0:
        raise cursor.fault(f"what begins here has no {end}")
    text = cursor.text[cursor.at : found]
    cursor.at = found + len(end)
    return text


def _written(cursor: Cursor) -> Block:
    start = cursor.at
    reference = Expressions(cursor, _blocks).reference()
    assert reference is not None
    source = cursor.text[start : cursor.at]
    return Written(reference, reference.name, source, source.startswith("$!"))


def _directive(cursor: Cursor, name: str, end: int) -> Block:
    at = cursor.at
    match name:
        case "set" | "if" | "foreach":
            cursor.at = end
            cursor.enter()
            block = {"set": _set, "if": _if, "foreach": _foreach}[name](cursor, at)
            cursor.leave()
            return block
        case "stop" | "break":
            cursor.at = end
            cursor.take(_LINE_END)
            return Stop(name == "break")
    if name in FORBIDDEN:
        raise cursor.fault(f"API Gateway does not run #{name}")
    cursor.at = end
    return Text(cursor.text[at:end])


def _set(cursor: Cursor, at: int) -> Block:
    _open(cursor)
    cursor.take(_SPACE)
    expressions = Expressions(cursor, _blocks)
    target = expressions.reference()
    if target is None or not cursor.take(_EQUALS):
        raise cursor.fault("expected $name = value")
    value = expressions.either()
    _close(cursor)
    return Set(place=Place(cursor.whole, cursor.place(at)), target=target, expression=value)


def _if(cursor: Cursor, at: int) -> Block:
    branches: list[tuple[Expression | None, list[Block]]] = []
    condition: Expression | None = _condition(cursor)
    while True:
        body, end = _body(cursor)
        branches.append((condition, body))
        if end is None:
            raise cursor.fault("this #if has no #end", at)
        if end[0] == "end":
            return If(tuple(branches))
        if condition is None:
            raise cursor.fault(f"#{end[0]} after #else", end[1])
        condition = _condition(cursor) if end[0] == "elseif" else None


def _condition(cursor: Cursor) -> Expression:
    _open(cursor)
    condition = Expressions(cursor, _blocks).either()
    _close(cursor)
    return condition


def _foreach(cursor: Cursor, at: int) -> Block:
    _open(cursor)
    found = cursor.take(_NAMED)
    if found is None:
        raise cursor.fault("expected $item in $list")
    items = Expressions(cursor, _blocks).either()
    _close(cursor)
    body, end = _body(cursor)
    if end is None or end[0] != "end":
        raise cursor.fault("this #foreach has no #end", at)
    place = Place(cursor.whole, cursor.place(at))
    return ForEach(place=place, name=found[1] or found[2], items=items, body=body)


def _open(cursor: Cursor) -> None:
    cursor.take(_SPACE)
    cursor.expect("(")


def _close(cursor: Cursor) -> None:
    cursor.take(_SPACE)
    cursor.expect(")")
    cursor.take(_LINE_END)
