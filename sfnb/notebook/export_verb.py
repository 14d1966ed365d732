"""`%asl export`: a state machine written out."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from sfnb.deploy.templates import file_beside
from sfnb.errors import SfnbError
from sfnb.notebook import display as look
from sfnb.notebook.options import Parser
from sfnb.notebook.things import Variables, machine_named

ENDINGS = {"asl": "json", "yml": "yaml", "tf": "terraform", "mmd": "mermaid"}


def export(options: Namespace, variables: Variables) -> object:
    """Write a state machine out, as JSON unless told; or draw it.

    The format is json or yaml; cloudformation, sam or terraform for a template that deploys it, with its role
    and what starts it; sam-definition for the file that a SAM template may need beside it; mermaid, dot, svg
    or text for a picture. The ending of a file's name tells it too, where it can.
    """
    suffix = Path(options.file).suffix.lstrip(".") if options.file else ""
    format = options.format or ENDINGS.get(suffix, suffix) or "json"
    machine = machine_named(options.machine, variables)
    text = machine.export(format)
    needed = file_beside(machine, format, options.file)
    if options.file is None:
        if needed is not None:
            command = f"%asl export {options.machine} {needed[1]} -f {needed[0]}"
            look.show(look.note(f"the template takes the definition from {needed[0]} beside it: `{command}`"))
        return look.code(text)
    if needed is None:
        return look.note(_written(Path(options.file), text))
    beside, its_format = needed
    told = _written(beside, machine.export(its_format))
    return look.note(f"{_written(Path(options.file), text)}; {told}, which it takes the definition from")


def _written(file: Path, text: str) -> str:
    """What was done; raises SfnbError."""
    try:
        file.write_text(text, encoding="utf-8")
    except OSError as fault:
        raise SfnbError(f"cannot write '{file}': {fault.strerror or fault}") from None
    return f"wrote {file}: {len(text.splitlines()):,} lines"


def add_export_options(parser: Parser) -> None:
    parser.add_argument("machine", metavar="NAME", help="a state machine")
    parser.add_argument("format", nargs="?", metavar="FORMAT", help="what to write")
    parser.add_argument("-f", "--file", help="write it to this file")
