"""What can go wrong, for three audiences.

`DefinitionError` is for the author of a definition: every finding, with its place.
`StatesError` is for the machine: an Error Name that Retry and Catch can match.
The rest are for the caller of the library.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol
from unicodedata import category, east_asian_width

import msgspec

PathStep = str | int
Severity = Literal["ERROR", "WARNING"]

_JOINER = "\u200d"  # between the parts of an emoji


class SfnbError(Exception):
    """The root of everything sfnb raises on purpose."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows instead of our call stack."""
        return str(self).splitlines()


class Span(msgspec.Struct, frozen=True):
    """A stretch of source text; lines and columns count from 1, the end column is exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class Diagnostic(msgspec.Struct, frozen=True, kw_only=True):
    """One finding about a definition.

    code, message: in AWS's words where AWS has words for it.
    path: the steps from the root to the place, keys and list indices; () is the whole. AWS's own
        location may end above the very place: `within` holds the steps from there on.
    at_key: the finding is about the key at the end of the steps, not about its value.
    span: a place that no path names, such as a syntax error.
    hint: what to do about it, in ours.
    Source: AWS API reference, ValidateStateMachineDefinitionDiagnostic; AWS recordings.
    """

    message: str
    code: str = "SCHEMA_VALIDATION_FAILED"
    path: tuple[PathStep, ...] | None = ()
    within: tuple[PathStep, ...] = ()
    at_key: bool = False
    span: Span | None = None
    hint: str | None = None
    severity: Severity = "ERROR"

    @property
    def location(self) -> str | None:
        """The place as AWS writes it: `/States/C/Choices[0]/Next`; None where there is none."""
        if self.path is None:
            return None
        return "".join(f"[{step}]" if isinstance(step, int) else f"/{step}" for step in self.path) or "/"


class Located(Protocol):
    """A text that can say where a path of keys and indices stands in it."""

    text: str

    def locate(self, path: Sequence[PathStep], *, at_key: bool = False) -> Span | None: ...


class DefinitionError(SfnbError):
    """The definition is not a valid state machine; carries every finding at once."""

    def __init__(self, source: Located, diagnostics: Sequence[Diagnostic]) -> None:
        self.source = source
        self.diagnostics = tuple(diagnostics)
        super().__init__(render_diagnostics(source, diagnostics))


def render_diagnostics(source: Located, diagnostics: Sequence[Diagnostic]) -> str:
    """Every finding with its line, a caret under the place, and its hint."""
    return "\n\n".join(render_diagnostic(source, diagnostic) for diagnostic in diagnostics)


def render_diagnostic(source: Located, diagnostic: Diagnostic) -> str:
    """One finding for a reader:

    error: line 3, column 19: Missing 'Next' target: Shiip
      3 |     "A": {"Next": "Shiip"}
        |                   ^^^^^^^
    hint: did you mean "Ship"?
    """
    span = find_span(source, diagnostic)
    kind = diagnostic.severity.lower()
    lines = [f"{kind}: {diagnostic.message}"]
    if span is not None:
        lines = [f"{kind}: line {span.line}, column {span.column}: {diagnostic.message}"]
        lines += _excerpt(source.text, span)
    if diagnostic.hint:
        lines.append(f"hint: {diagnostic.hint}")
    return "\n".join(lines)


def find_span(source: Located, diagnostic: Diagnostic) -> Span | None:
    """Where a finding stands in its source; None where the source has no such place."""
    if diagnostic.span is not None or diagnostic.path is None:
        return diagnostic.span
    return source.locate(diagnostic.path + diagnostic.within, at_key=diagnostic.at_key)


def _excerpt(text: str, span: Span) -> list[str]:
    """The line of `span` with carets under it; a long line is cut around the place."""
    rows = text.split("\n", span.line)
    if not 1 <= span.line <= len(rows):
        return []
    row = rows[span.line - 1].rstrip("\r")
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(row)
    first = max(0, start - 60)
    last = min(len(row), first + 100)
    shown = "".join(map(_printable, row[first:last]))
    before, marked = shown[: start - first], shown[start - first : end - first]
    number = str(span.line)
    return [
        f"  {number} | {'…' if first else ''}{shown}{'…' if last < len(row) else ''}",
        f"  {' ' * len(number)} | {' ' * (_cells(before) + bool(first))}{'^' * max(1, _cells(marked))}",
    ]


def _printable(char: str) -> str:
    """`char`, or what to show for one that would move the cursor or change the colours of a terminal."""
    if char.isprintable() or char == _JOINER:
        return char
    return " " if char.isspace() else "\ufffd"


def _cells(text: str) -> int:
    """How many cells of a fixed-width font `text` takes: an ideogram or emoji two, an accent none."""
    return len(text) if text.isascii() else sum(map(_width, text))


def _width(char: str) -> int:
    if char == _JOINER or category(char) in ("Mn", "Me"):
        return 0
    return 2 if east_asian_width(char) in ("W", "F") else 1


class StatesError(SfnbError):
    """A failure inside an execution, with a name that Retry and Catch can match.

    error None: a Fail state that names none. What is None is left out of the history.
    heartbeat: it is a missed heartbeat, which the history calls States.Timeout.
    """

    def __init__(self, error: str | None, cause: str | None = None, *, heartbeat: bool = False) -> None:
        super().__init__(": ".join(part for part in (error, cause) if part is not None))
        self.error = error
        self.cause = cause
        self.heartbeat = heartbeat


class EvaluationError(StatesError):
    """A state's own expression or field failed; the engine puts the state's name before the cause.

    location: the field of a JSONata failure, `Output/total`; None where it is not one field's.
    spec: the Error Name that the States Language has for it, where AWS was seen to use another.
    """

    def __init__(
        self, error: str | None, cause: str | None, *, location: str | None = None, spec: str | None = None
    ) -> None:
        super().__init__(error, cause)
        self.location = location
        self.spec = spec


class TaskError(StatesError):
    """Raise it in a task to choose the Error and the Cause that the state machine sees.

    >>> raise TaskError("PaymentDeclined", "card expired")
    Traceback (most recent call last):
    sfnb.errors.TaskError: PaymentDeclined: card expired
    """


class InvalidInput(SfnbError):
    """An execution input that is not JSON, or too large."""


class StoreFault(SfnbError):
    """Nothing can be written to the store or read from it, as when the disk is full; it keeps what it has."""


class StaleAppend(StoreFault):
    """Another writer appended to the log first, or has taken the execution over; nothing was written."""


class ExecutionOwned(SfnbError):
    """Another process is going on with the execution."""
