"""How the command speaks: results to standard output, words to standard error, and an exit code."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

WELL, FAILED, WRONG_CALL, INTERRUPTED, BROKEN_PIPE = 0, 1, 2, 130, 141

_COLOURS = {
    "error": "1;31",
    "warning": "1;33",
    "hint": "36",
    "SUCCEEDED": "1;32",
    "FAILED": "1;31",
    "TIMED_OUT": "1;31",
    "ABORTED": "1;33",
}
_MARKS = re.compile(r"^(?:error|warning|hint)(?=:)", re.MULTILINE)


def say(text: str) -> None:
    """Words for people; "error:", "warning:" and "hint:" in colour where a terminal shows it."""
    print(_MARKS.sub(lambda mark: coloured(mark[0]), text), file=sys.stderr)


def coloured(word: str) -> str:
    """`word` in its colour, if it has one. Source: no-color.org."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not sys.stderr.isatty()
    return word if plain or word not in _COLOURS else f"\x1b[{_COLOURS[word]}m{word}\x1b[0m"


def reserve_standard_output() -> TextIO:
    """Standard output, for answers alone. From now on whatever is printed, by tasks, their modules, their
    threads and the programs that they start, goes to standard error.
    """
    sys.stdout, sys.stderr = sys.stdout or _nowhere(), sys.stderr or _nowhere()  # None: closed
    answers = os.fdopen(
        os.dup(sys.stdout.fileno()), "w", encoding=sys.stdout.encoding, errors=sys.stdout.errors
    )
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return answers


def _nowhere() -> TextIO:
    return Path(os.devnull).open("w")


def write(
    text: str, answers: TextIO, file: str | None = None, *, escape: Callable[[str], str] | None = None
) -> None:
    """An answer, with a newline at its end; to `file`, as UTF-8, where one is given.

    escape: makes ASCII of the text, for a stream that has no sign for some of it.
    Raises SfnbError where it cannot be written.
    """
    text = text if text.endswith("\n") else text + "\n"
    try:
        if file is None:
            answers.write(_encodable(text, answers.encoding, escape))
            answers.flush()
        else:
            Path(file).write_text(text, encoding="utf-8")
    except BrokenPipeError:
        raise
    except OSError as fault:
        raise _cannot_write(file, fault) from None


def _encodable(text: str, encoding: str | None, escape: Callable[[str], str] | None) -> str:
    from sfnb.errors import SfnbError

    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError as fault:
        if escape is None:
            raise SfnbError(
                f"standard output is {fault.encoding} and has no {fault.object[fault.start]!a}: "
                "write to a file with -o, or set PYTHONIOENCODING=utf-8"
            ) from None
        return escape(text)
    return text


def check_writable(file: str) -> None:
    """Raises SfnbError where `file` cannot be written: better to know before the work than after."""
    try:
        Path(file).open("a").close()
    except OSError as fault:
        raise _cannot_write(file, fault) from None


def _cannot_write(file: str | None, fault: OSError) -> Exception:
    from sfnb.errors import SfnbError

    name = "to standard output" if file is None else f"'{file}'"
    return SfnbError(f"cannot write {name}: {fault.strerror or fault}")


def json_escapes(text: str) -> str:
    r"""JSON text in ASCII; outside of its strings it is ASCII already.

    >>> print(json_escapes('{"name": "é😀"}'))
    {"name": "\u00e9\ud83d\ude00"}
    """
    return re.sub(r"[^\x00-\x7f]", _escaped, text)


def _escaped(char: re.Match[str]) -> str:
    units = char[0].encode("utf-16-be").hex()
    return "".join(f"\\u{units[at : at + 4]}" for at in range(0, len(units), 4))
