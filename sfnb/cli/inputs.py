"""`--input`: JSON on the line, in a file, or from standard input."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from sfnb.errors import Diagnostic, InvalidInput, SfnbError, render_diagnostic

if TYPE_CHECKING:
    from sfnb.values import Payload


def read_input(given: str, *, definition: str) -> Payload:
    """The input that the command line names; `definition` is where the definition is read from.

    Raises SfnbError where there is no such file, InvalidInput with the place that is no JSON.
    """
    from sfnb.values import Payload

    text, origin = _text(given, definition)
    try:
        return Payload.of_text(text)
    except (ValueError, RecursionError):
        raise InvalidInput(f"{origin} is not JSON: {_fault(text)}") from None


def _text(given: str, definition: str) -> tuple[str, str]:
    """The text and what to call it."""
    if given == "-":
        if definition == "-":
            raise SfnbError("the definition and --input cannot both come from standard input")
        return _unicode(sys.stdin.buffer.read(), "standard input"), "standard input"
    if not given.startswith("@"):
        if Path(given).suffix == ".json" and Path(given).is_file():
            raise InvalidInput(f"--input: the name of a file begins with @: --input @{given}")
        return given, "--input"
    try:
        content = Path(given[1:]).expanduser().read_bytes()
    except OSError as fault:
        raise SfnbError(f"cannot read the input '{given[1:]}': {fault.strerror or fault}") from None
    return _unicode(content, f"'{given[1:]}'"), f"'{given[1:]}'"


def _unicode(content: bytes, origin: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        wrong = f"the byte 0x{content[fault.start]:02X} in line {line}"
        raise InvalidInput(f"{origin} is no UTF-8: {wrong}") from None


def _fault(text: str) -> str:
    """What is wrong with JSON text, and where."""
    if not text.strip():
        return "it is empty"
    try:
        json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as fault:
        return _shown(text, fault)
    except RecursionError:
        return "it is nested too deeply"
    except ValueError as fault:
        return str(fault)
    return "it holds a number or a character that JSON has not"


def _shown(text: str, fault: json.JSONDecodeError) -> str:
    from sfnb.asl.reading import span_of
    from sfnb.asl.source import read_text

    finding = Diagnostic(message=fault.msg, path=None, span=span_of(text, fault.pos, fault.pos + 1))
    return render_diagnostic(read_text(text, format="json"), finding).removeprefix("error: ")


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"JSON has no {name}; use null instead")
