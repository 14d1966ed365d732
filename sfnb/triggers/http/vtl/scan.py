"""A place in a template's text, and how a fault there is told."""

from __future__ import annotations

import re

from sfnb.errors import SfnbError

DEEPEST = 50
"""How deep strings, blocks and brackets may be nested in each other."""


class TemplateError(SfnbError):
    """A mapping template that cannot be read, or that failed; line and column count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"mapping template, line {line}, column {column}: {message}")
        self.line = line
        self.column = column


class Cursor:
    """Where reading stands.

    start: the offset of `text` in the `whole`, for a string that is a template itself.
    """

    def __init__(self, text: str, whole: str | None = None, start: int = 0, depth: int = 0) -> None:
        self.text = text
        self.at = 0
        self.whole = text if whole is None else whole
        self.start = start
        self.depth = depth

    @property
    def at_end(self) -> bool:
        return self.at >= len(self.text)

    def take(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        """What `pattern` matches here, passed over."""
        found = pattern.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def skip(self, words: str) -> bool:
        if not self.text.startswith(words, self.at):
            return False
        self.at += len(words)
        return True

    def expect(self, words: str) -> None:
        if not self.skip(words):
            raise self.fault(f"expected {words!r}, found {self._next()}")

    def enter(self) -> None:
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.fault(f"nested more than {DEEPEST} deep")

    def leave(self) -> None:
        self.depth -= 1

    def fault(self, message: str, at: int | None = None) -> TemplateError:
        return fault_at(self.whole, self.place(at), message)

    def place(self, at: int | None = None) -> int:
        """An offset in the whole template."""
        return self.start + (self.at if at is None else at)

    def _next(self) -> str:
        return "the end" if self.at_end else repr(self.text[self.at : self.at + 20])


def fault_at(whole: str, place: int, message: str) -> TemplateError:
    before = whole[:place]
    return TemplateError(message, before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1)
