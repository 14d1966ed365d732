"""The refusals of SQL, templates and rules: where, what was found, what was expected."""

from __future__ import annotations

from sfnb.errors import SfnbError

MOST_CHARACTERS = 65_536
"""Of a statement or template. AWS: a whole rule is at most 256 KiB of JSON."""

_BEFORE = 50  # characters of a line shown before the place
_SHOWN = 90


class InvalidSql(SfnbError):
    """A statement, expression or template that is no AWS IoT SQL, or that cannot be run here.

    explanation: what was found and expected, without the place. line, column: from 1.
    """

    def __init__(self, explanation: str, text: str = "", offset: int = 0) -> None:
        before = text[:offset]
        self.explanation = explanation
        self.line = before.count("\n") + 1
        self.column = offset - (before.rfind("\n") + 1) + 1
        excerpt = _excerpt(text, self.line, self.column)
        super().__init__(f"line {self.line}, column {self.column}: {explanation}{excerpt}")


class InvalidRule(SfnbError):
    """The payload of a topic rule that AWS would not take.

    place: the steps to it, as `actions[0].stepFunctions.roleArn`.
    """

    def __init__(self, place: str, explanation: str) -> None:
        super().__init__(f"{place}: {explanation}")
        self.place = place
        self.explanation = explanation


def check_text(text: str) -> None:
    """Raise InvalidSql for a statement or template that is too long or no Unicode text."""
    if len(text) > MOST_CHARACTERS:
        raise InvalidSql(f"found {len(text)} characters, expected at most {MOST_CHARACTERS}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidSql("found half of a surrogate pair, expected Unicode text", text, error.start) from None


def shown(text: str, most: int = 40) -> str:
    """`text` fit for a message: cut to `most` characters, without any that would move a cursor."""
    cut = text if len(text) <= most else f"{text[:most]}…"
    return "".join(char if char.isprintable() else "\ufffd" for char in cut)


def _excerpt(text: str, line: int, column: int) -> str:
    """The line with a caret under the place; nothing where the text is empty."""
    rows = text.split("\n", line)
    row = rows[line - 1] if line <= len(rows) else ""
    if not row.strip():
        return ""
    first = max(0, column - 1 - _BEFORE)
    return f"\n  {shown(row[first : first + _SHOWN], _SHOWN)}\n  {' ' * (column - 1 - first)}^"
