"""What `--input` means: a Python variable, JSON, or a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from sfnb.asl.ways import did_you_mean
from sfnb.errors import InvalidInput
from sfnb.jsonable import NotJson, size_message, to_payload
from sfnb.values import Payload, size_bytes


class Input(msgspec.Struct, frozen=True):
    """A payload and where it came from: `order`, `order.json`; "" where it stands in the line itself."""

    payload: Payload
    origin: str = ""
    is_table: bool = False

    @property
    def size(self) -> str:
        return size_message(self.payload)


def read_input(text: str | None, variables: Mapping[str, Any]) -> Input:
    """The input that `text` names; {} where there is none. Raises InvalidInput."""
    if text is None:
        return Input(Payload({}, "{}"))
    if text.startswith("@"):
        return _of_file(text[1:])
    if text in variables:
        return _of_variable(text, variables[text])
    try:
        return Input(Payload.of_text(text))
    except ValueError:
        raise InvalidInput(_why_not(text, variables)) from None


def _of_variable(name: str, value: object) -> Input:
    try:
        payload = to_payload(value, name)
    except NotJson as fault:
        raise InvalidInput(f"the input is not JSON: {fault}") from None
    return Input(payload, name, is_table=hasattr(value, "columns") and hasattr(value, "iloc"))


def _of_file(name: str) -> Input:
    text = file_text(name, "the input")
    try:
        return Input(Payload.of_text(text), name)
    except ValueError:
        raise InvalidInput(f"the input '{name}' is not JSON: {_fault(text)}") from None


def file_text(name: str, what: str) -> str:
    """The text of a file; raises InvalidInput, which says what it was to be."""
    try:
        return Path(name).expanduser().read_bytes().decode("utf-8-sig")
    except OSError as fault:
        near = did_you_mean(Path(name).name, _neighbours(Path(name)))
        reason = fault.strerror or str(fault)
        raise InvalidInput(f"cannot read {what} '{name}': {reason}" + (f"; {near}" if near else "")) from None
    except UnicodeDecodeError:
        raise InvalidInput(f"{what} '{name}' is no UTF-8 text") from None


def _neighbours(path: Path) -> list[str]:
    try:
        return [entry.name for entry in path.parent.iterdir()]
    except OSError:
        return []


def _why_not(text: str, variables: Mapping[str, Any]) -> str:
    """Why a text names no input."""
    if text.isidentifier():
        near = did_you_mean(text, [name for name in variables if not name.startswith("_")])
        return f"--input: there is no variable '{text}'" + (f"; {near}" if near else "")
    if text[:1] in "{[":
        return f"--input: this is not JSON: {_fault(text)}"
    first = text.replace("[", ".").replace("(", ".").split(".")[0]
    if first in variables:
        return f"--input takes a variable's name: write  data = {text}  above, and --input data"
    if text.endswith((".json", ".jsonl")):
        return f"--input: a file's name begins with @: --input @{text}"
    return f"--input: '{text}' is no variable and no JSON; a text is written '\"{text}\"'"


def _fault(text: str) -> str:
    """What is wrong with JSON text, with its place."""
    try:
        json.loads(text, parse_constant=_refuse)
    except json.JSONDecodeError as error:
        return f"line {error.lineno}, column {error.colno}: {error.msg}"
    except ValueError as error:
        return str(error)
    return "it holds something that JSON has not"


def _refuse(name: str) -> None:
    raise ValueError(f"JSON has no {name}; use null instead")


def check_size(given: Input, limit_bytes: int) -> None:
    """Raises InvalidInput where an input is too large, saying what to do in a cell."""
    if size_bytes(given.payload.text) > limit_bytes:
        what = f"'{given.origin}'" if given.origin else "the input"
        raise InvalidInput(
            f"{what} is too large: {given.size}.\n"
            "Pass a part of it, or the name of a file that a task reads; --unlimited lifts the limit."
        )
