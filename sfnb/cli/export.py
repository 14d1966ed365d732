"""`sfnb export`."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from sfnb.cli import definitions
from sfnb.cli.streams import WELL, json_escapes, say, write

if TYPE_CHECKING:
    from sfnb.machine import StateMachine

EXAMPLES = """\
examples:
  sfnb export orders.yaml                      as JSON, as AWS takes it
  sfnb export orders.asl.json -o orders.yaml   as YAML
  sfnb export orders.yaml -f cloudformation    in a template, with the role that it needs
  sfnb export orders.yaml -o orders.tf         as a Terraform configuration
  sfnb export orders.yaml -o orders.tf --store machines.db     with what starts it, as it is kept there
"""
SUFFIXES = {".json": "json", ".asl": "json", ".yaml": "yaml", ".yml": "yaml", ".tf": "terraform"}
JSON = ("json", "sam-definition")


def add_options(parser: argparse.ArgumentParser) -> None:
    from sfnb.exporters import BESIDE, EXPORTERS, TEMPLATES

    definitions.add_file(parser)
    definitions.add_output(parser, [*EXPORTERS, *TEMPLATES, *BESIDE], otherwise="json")
    definitions.add_type(parser)
    parser.add_argument("--role-arn", metavar="ARN", help="in a template: a role that is there already")
    parser.add_argument(
        "--store",
        metavar="PATH",
        help="in a template: with the triggers that this file of executions has for a machine of FILE's name",
    )


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Write a definition out in another format."""
    name = options.format or format_of(options.output)
    machine = definitions.load(options.file, type=options.type)
    text = _text(machine, name, options)
    note = _file_beside(machine, name, options, answers)
    write(text, answers, options.output, escape=json_escapes if name in JSON else None)
    if note is not None:
        say(note)
    return WELL


def _text(machine: StateMachine, format: str, options: argparse.Namespace) -> str:
    if options.store is None:
        return machine.export(format, role_arn=options.role_arn)
    from sfnb.stores.sqlite import SqliteStore

    store = SqliteStore(Path(options.store), create=False)
    try:
        return machine.export(format, role_arn=options.role_arn, store=store)
    finally:
        store.close()


def format_of(output: str | None) -> str:
    """By the ending of a file's name, JSON where it has none; raises SfnbError where nothing ends so."""
    from sfnb.errors import SfnbError

    suffix = Path(output or "").suffix.lower()
    if suffix and suffix not in SUFFIXES:
        *most, last = SUFFIXES
        raise SfnbError(
            f"'{output}' does not say which format to write: give --format, or end it with "
            f"{', '.join(most)} or {last}"
        )
    return SUFFIXES.get(suffix, "json")


def _file_beside(
    machine: StateMachine, format: str, options: argparse.Namespace, answers: TextIO
) -> str | None:
    """Write the file that the template needs beside it, if any; answers with what there is to say of it.

    Raises SfnbError where it cannot be written, or has the template's own name.
    """
    from sfnb.deploy.templates import file_beside

    needed = file_beside(machine, format, options.output)
    if needed is None:
        return None
    file, its_format = needed
    if options.output is None:
        command = f"sfnb export {shlex.quote(options.file)} -f {its_format} -o {shlex.quote(str(file))}"
        return f"sfnb: the template takes the definition from {file} beside it: {command}"
    write(machine.export(its_format), answers, str(file))
    return f"sfnb: the template takes the definition from {file}, which is written, too"
