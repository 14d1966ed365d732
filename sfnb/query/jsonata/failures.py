"""What can go wrong with a JSONata expression, in the words of Step Functions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from jlens import JlensError

Kind = Literal["threw", "unsupported", "timeout", "memory", "stack"]

TIMEOUT: Final = "Expression evaluation timeout: Check for infinite loop"
MEMORY: Final = "Expression evaluation memory limit exceeded: Check for excessive memory usage"
STACK: Final = (
    "Stack overflow error: Check for non-terminating recursive function. "
    "Consider rewriting as tail-recursive."
)
UNSUPPORTED: Final = "returned an unsupported result type."

_WHOLE_DOUBLE = re.compile(r"(?<=\d)\.0(?!\d)")
_SHOW_DOUBLES = {"D3060", "D3061", "D3100"}
"""Their messages hold a number, which the library shows as `2.0`."""

_LATER_LIMIT = "D2016"
"""For a string far too large; it came after JSONata 2.0.6."""


class QuerySyntaxError(Exception):
    """An expression that is not JSONata 2.0.6.

    code: JSONata's, as `S0201`. offset: characters into the expression, None where none is known.
    """

    def __init__(self, code: str, message: str, offset: int | None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.offset = offset


class QueryError(Exception):
    """An evaluation that failed.

    code: JSONata's; None for a limit and for a failure without one.
    message: for "threw" and the limits what follows "threw an error during evaluation": after ". "
    when there is a code (which the message begins with), after ": " when there is none (`ending`
    does that). For "unsupported" the end of the sentence itself.
    Source: AWS recordings; answers of TestState quoted in floci#2736 and floci#2737.
    """

    def __init__(self, code: str | None, message: str, kind: Kind = "threw") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.kind: Kind = kind

    @property
    def ending(self) -> str:
        """What AWS writes from "evaluation" on: `. T1006: Attempted ...`, or `: Stack overflow ...`."""
        return f"{': ' if self.code is None else '. '}{self.message}"


def timed_out() -> QueryError:
    return QueryError(None, TIMEOUT, "timeout")


def too_large() -> QueryError:
    return QueryError(None, MEMORY, "memory")


def too_deep() -> QueryError:
    return QueryError(None, STACK, "stack")


def unsupported() -> QueryError:
    """The result is a function or a regular expression."""
    return QueryError(None, UNSUPPORTED, "unsupported")


def of_library(error: JlensError) -> QueryError:
    """The library's error as AWS words it; its codes U… are its own and stand for our limits."""
    code, message = error.code, str(error)
    if code == "D1011" or (code == "U1001" and "nested" in message):
        return too_deep()
    if code == "D1012":
        return timed_out()
    if code.startswith("U") or code == _LATER_LIMIT:
        return too_large()
    if code in _SHOW_DOUBLES:
        message = _WHOLE_DOUBLE.sub("", message)
    if code == "D2014":
        message = message.replace("1e7", "1e6")  # as 2.0.6 says, though 1e7 is what it means
    return QueryError(code, f"{code}: {message}")
