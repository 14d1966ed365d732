"""Substitution templates, `${expression}` in a text of an action.

Source: AWS IoT developer guide, "Substitution templates".
"""

from __future__ import annotations

from collections.abc import Sequence

from sfnb.triggers.iot.sql.invalid import InvalidSql, check_text
from sfnb.triggers.iot.sql.occasion import Evaluate, Exhausted, Facts, Message, Occasion, Scope
from sfnb.triggers.iot.sql.reading import check_version, read_expression
from sfnb.triggers.iot.sql.statement import Statement
from sfnb.triggers.iot.sql.values import MOST_TEXT, Absence, to_text


class Template:
    """A text with expressions in it, read once. parts: literal text and closures in turn."""

    def __init__(self, text: str, parts: Sequence[str | Evaluate]) -> None:
        self.text = text
        self._parts = parts

    def fill(self, at: Occasion) -> str:
        """The text with the values of its expressions; what is Undefined or Null is nothing.

        An expression sees the payload and the variables of SET, not the names that SELECT gives.
        """
        scope = Scope(at.payload, at, {})
        filled = "".join(part if isinstance(part, str) else _written(part, scope) for part in self._parts)
        return filled[:MOST_TEXT]


def read_template(text: str, *, version: str = "2016-03-23", variables: tuple[str, ...] = ()) -> Template:
    """Read a template; raises InvalidSql, with line and column in the template."""
    known = check_version(version)
    check_text(text)
    parts: list[str | Evaluate] = []
    last = 0
    while (start := text.find("${", last)) >= 0:
        end = _closing(text, start + 2)
        parts.append(text[last:start])
        try:
            parts.append(read_expression(text[start + 2 : end], version=known, variables=variables))
        except InvalidSql as error:
            raise InvalidSql(error.explanation, text, _place(text, start + 2, error)) from None
        last = end + 1
    return Template(text, [*parts, text[last:]])


def substitute(text: str, message: Message, facts: Facts, *, statement: Statement | None = None) -> str:
    """`text` with each `${expression}` replaced by its value of `message`.

    statement: whose variables of SET and version hold. Raises InvalidSql.
    """
    version = statement.version if statement else "2016-03-23"
    variables = statement.variables if statement else ()
    template = read_template(text, version=version, variables=variables)
    return template.fill(
        statement.occasion(message, facts) if statement else Occasion(message, facts, check_version(version))
    )


def _written(evaluate: Evaluate, scope: Scope) -> str:
    try:
        text = to_text(evaluate(scope))
    except Exhausted:
        return ""
    return "" if isinstance(text, Absence) else text


def _closing(text: str, start: int) -> int:
    """Where the brace is that closes an expression: not within a text or an object of it."""
    depth, quote = 0, ""
    for index in range(start, len(text)):
        char = text[index]
        if quote:
            quote = "" if char == quote else quote
        elif char in "'\"":
            quote = char
        elif char == "}" and depth == 0:
            return index
        else:
            depth += (char == "{") - (char == "}")
    raise InvalidSql("found ${ that is never closed", text, start - 2)


def _place(text: str, start: int, error: InvalidSql) -> int:
    """Where in the template a fault of an expression is."""
    rows = text[start:].split("\n", error.line)
    return start + sum(len(row) + 1 for row in rows[: error.line - 1]) + error.column - 1
