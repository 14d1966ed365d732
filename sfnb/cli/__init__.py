"""The `sfnb` command: run, validate, render and export definitions outside of a notebook.

`sfnb --help` must answer at once, so everything that costs time to import is imported where it is used.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import NoReturn, Protocol, TextIO

from sfnb import __version__
from sfnb.cli import export, render, run, serve, start, store, triggers, validate
from sfnb.cli.streams import BROKEN_PIPE, FAILED, INTERRUPTED, WRONG_CALL, reserve_standard_output, say


class Command(Protocol):
    """A module that holds one command; the docstring of `perform` is its help."""

    EXAMPLES: str

    def add_options(self, parser: argparse.ArgumentParser) -> None: ...

    def perform(self, options: argparse.Namespace, answers: TextIO) -> int:
        """Do it; answers with the exit code. Raises SfnbError where the call itself is wrong."""


COMMANDS: dict[str, Command] = {
    "run": run,
    "validate": validate,
    "render": render,
    "export": export,
    "serve": serve,
    "start": start,
    "store": store,
    "triggers": triggers,
}

EXIT_CODES = """\
exit codes:
  0    all is well
  1    the execution did not succeed, or a definition has errors
  2    the call is wrong: an unknown option, a file that is not there, an input that is no JSON
  130  interrupted; the execution has ended as ABORTED

Standard output has the result alone; everything else goes to standard error.
"""


def command() -> NoReturn:
    """The `sfnb` process: its whole life."""
    options = make_parser(sys.argv[1:]).parse_args()
    code = perform(options, reserve_standard_output())
    # A task that was given up may still be at work. Nobody waits for it, nor for the lock of a stream
    # that it prints to.
    if any(thread.name.endswith("(lost)") for thread in threading.enumerate()):
        os._exit(code)
    sys.exit(code)


def main(arguments: Sequence[str]) -> int:
    """The same inside another program, which keeps its standard output; answers with the exit code.

    Raises SystemExit after --help, and where an option is wrong.
    """
    options = make_parser(arguments).parse_args(arguments)
    answers = sys.stdout
    with redirect_stdout(sys.stderr):
        return perform(options, answers)


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Do what the options say; answers with the exit code."""
    from sfnb.errors import DefinitionError, SfnbError

    try:
        code: int = options.perform(options, answers)
    except DefinitionError as fault:
        validate.tell(options.file, fault.source, fault.diagnostics)
        return FAILED
    except SfnbError as fault:
        say(f"sfnb: {fault}")
        return WRONG_CALL
    except BrokenPipeError:
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    return code


def make_parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for `arguments`: of all commands only the one that they name gets its options."""
    parser = argparse.ArgumentParser(
        prog="sfnb",
        description="Run, check, draw and rewrite AWS Step Functions state machines, with no AWS account.",
        epilog=EXIT_CODES + "\n`sfnb COMMAND --help` explains a command.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"sfnb {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    named = next((word for word in arguments if not word.startswith("-")), None)
    for name, command in COMMANDS.items():
        words = command.perform.__doc__ or ""
        made = commands.add_parser(
            name,
            help=words.partition("\n")[0],
            description=words.partition("\n")[0],
            epilog=f"{command.EXAMPLES}\n{EXIT_CODES}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        made.set_defaults(perform=command.perform)
        if name == named:
            command.add_options(made)
    return parser
