"""The FILE that every command takes."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sfnb.asl.machine import MachineType
    from sfnb.asl.source import Source
    from sfnb.machine import StateMachine

FILE_HELP = "the definition, JSON or YAML; - for standard input"


def add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help=FILE_HELP)


def add_type(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--type",
        choices=("STANDARD", "EXPRESS"),
        type=str.upper,
        default="STANDARD",
        help="the state machine's type; STANDARD unless given",
    )


def add_output(parser: argparse.ArgumentParser, formats: Iterable[str], *, otherwise: str) -> None:
    """What to write, and where; `otherwise` is the format that nothing else tells."""
    names = list(formats)
    parser.add_argument(
        "-f",
        "--format",
        type=_one_of(names),
        metavar="{" + ",".join(names) + "}",
        help=f"told by OUTPUT's ending unless given; else {otherwise}",
    )
    parser.add_argument(
        "-o", "--output", metavar="OUTPUT", help="a file to write; standard output unless given"
    )


def _one_of(formats: list[str]) -> Callable[[str], str]:
    """Takes one of `formats`; for another it says which was meant, as far as that can be told."""

    def read(text: str) -> str:
        if text in formats:
            return text
        from sfnb.deploy.templates import no_such_format

        raise argparse.ArgumentTypeError(no_such_format(text, formats))

    return read


def read(file: str, *, unlimited: bool = False) -> Source:
    """The definition's source; raises SfnbError where there is no such file.

    unlimited: lift the bound of 1 MiB.
    """
    from sfnb.given import read_definition

    text = sys.stdin.buffer.read() if file == "-" else Path(file)
    return read_definition(text, unlimited=unlimited)


def load(
    file: str, *, name: str | None = None, unlimited: bool = False, type: MachineType = "STANDARD"
) -> StateMachine:
    """The state machine, under its file's name unless told; raises DefinitionError with every finding."""
    from sfnb.default import service
    from sfnb.machine import load_machine

    source = read(file, unlimited=unlimited)
    service().runs_triggers = False
    return load_machine(service(), source, name=name or machine_name(file), type=type)


def machine_name(file: str) -> str:
    """
    >>> machine_name("flows/orders.v2.asl.json"), machine_name("-")
    ('orders.v2', 'machine')
    """
    from sfnb.machine import file_name

    return "machine" if file == "-" else file_name(file)
