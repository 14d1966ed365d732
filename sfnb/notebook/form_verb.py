"""`%asl form`: a form that starts executions of a machine."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path
from typing import Any

from sfnb.asl.ways import did_you_mean
from sfnb.notebook.options import Parser, Usage
from sfnb.notebook.things import Variables, machine_named


def form(options: Namespace, variables: Variables) -> object:
    """Show a form that asks for an input and starts a state machine.

    Without --schema its fields are those of the latest inputs, or what the definition reads.
    """
    machine = machine_named(options.machine, variables)
    return machine.form(None if options.schema is None else schema_named(options.schema, variables))


def schema_named(text: str, variables: Variables) -> Any:
    """The schema that a variable holds, that a line gives as JSON, or the path of the file that has it.

    Raises Usage with a near miss.
    """
    if text in variables:
        return variables[text]
    if text.startswith("{"):
        return text
    path = Path(text.removeprefix("@")).expanduser()
    if path.is_file():
        return path
    near = did_you_mean(text, [name for name in variables if not name.startswith("_")])
    raise Usage(
        f"%asl form: --schema: there is no variable and no file '{text}'" + (f"; {near}" if near else "")
    )


def add_form_options(parser: Parser) -> None:
    parser.add_argument("machine", metavar="NAME", help="a state machine: its variable or its own name")
    parser.add_argument(
        "-s", "--schema", metavar="X", help="a JSON Schema of its input: a Python variable, JSON or a file"
    )
