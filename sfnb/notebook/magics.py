"""`%%asl` and `%asl`: the line is parsed, one function is called, its value is shown."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from IPython.core.magic import Magics, cell_magic, line_magic, magics_class, no_var_expand
from traitlets import Bool, Enum, TraitError, Unicode, observe, validate

from sfnb.default import service
from sfnb.keeping import PROMISES, keep_in_file_later
from sfnb.notebook import display, verbs
from sfnb.notebook.cells import run_cell
from sfnb.notebook.options import CELL_PARSER, parse_cell_line

CELL: Any = cell_magic("asl")
LINE: Any = line_magic("asl")


@magics_class
class SfnMagic(Magics):
    """Settings of the magics: `%config SfnMagic.draw = False`.

    undo: what takes back all else that loading has changed.
    """

    shell: Any
    undo: Sequence[Callable[[], None]] = ()

    draw = Bool(True, help="Show pictures; --draw and --no-draw decide for one cell.").tag(config=True)
    skip_waits = Bool(False, help="Jump over Waits and retry pauses; --no-skip-waits does not.").tag(
        config=True
    )
    output_name = Unicode("ex", help="The variable that receives an Execution; -o names another.").tag(
        config=True
    )

    store = Unicode(
        "",
        help="The file in which executions of named machines are kept; one in your data folder unless given.",
    ).tag(config=True)
    durability = Enum(
        tuple(PROMISES),
        "full",
        help="; ".join(f"{name}: {promise}" for name, promise in PROMISES.items()) + ".",
    ).tag(config=True)

    @validate("output_name")
    def _is_name(self, proposal: Any) -> str:
        name = str(proposal["value"])
        if not name.isidentifier():
            raise TraitError(f"SfnMagic.output_name: '{name}' is no name that a Python variable can have")
        return name

    @observe("store", "durability")
    def _keep(self, change: Any) -> None:
        self.keep()

    def keep(self) -> None:
        """Keep executions where the settings say; what is under way stays where it is."""
        keep_in_file_later(service(), Path(self.store) if self.store else None, self.durability, print)

    @no_var_expand
    @CELL  # type: ignore[untyped-decorator]
    def asl_cell(self, line: str, cell: str) -> object:
        if verbs.begins_verb(line):
            return verbs.run_line(line, self.filled_in, self.shell.user_ns, cell)
        options = parse_cell_line(line)
        if options.help:
            return display.code(CELL_PARSER.format_help())
        return run_cell(cell, self.filled_in(options), self.shell.user_ns)

    @no_var_expand
    @LINE  # type: ignore[untyped-decorator]
    def asl_line(self, line: str) -> object:
        return verbs.run_line(line, self.filled_in, self.shell.user_ns)

    def filled_in(self, options: Namespace) -> Namespace:
        """`options` with the settings where the line says nothing."""
        for name, setting in (
            ("draw", self.draw),
            ("skip_waits", self.skip_waits),
            ("output", self.output_name),
        ):
            if getattr(options, name, None) is None:
                setattr(options, name, setting)
        return options


SfnMagic.asl_cell.__doc__ = CELL_PARSER.format_help()
SfnMagic.asl_line.__doc__ = verbs.HELP
