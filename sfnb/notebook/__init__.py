"""The notebook's face: the magics, completion, and how things look in an output cell.

`load` changes six things in a shell, and `unload` takes each of them back: the magics with their
settings, the mending of comments above `%%asl`, the completion inside such cells, the help that
Shift-Tab shows there, the dollars in DataFrames, and what is told below a cell of triggers that run
again. Besides, executions are kept in a file from then on,
also after `unload`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def load(shell: Any) -> None:
    """Add `%%asl` and `%asl`; a shell that has them gets them anew. Says how much was interrupted."""
    from sfnb.default import service
    from sfnb.keeping import interrupted_line
    from sfnb.notebook.complete import make_matcher
    from sfnb.notebook.describe import wrap_inspect
    from sfnb.notebook.magics import SfnMagic
    from sfnb.notebook.mend import mend
    from sfnb.notebook.tables import leave_dollars_alone
    from sfnb.notebook.triggers import tell_taken_up

    unload(shell)
    magics = SfnMagic(shell=shell)
    shell.register_magics(magics)
    magics.undo = [
        lambda: shell.configurables.remove(magics),
        _put(shell.input_transformers_cleanup, mend, at=0),
        _put(shell.Completer.custom_matchers, make_matcher(shell)),
        wrap_inspect(shell),
        leave_dollars_alone(shell),
        _after_cells(shell, tell_taken_up),
    ]
    magics.keep()
    line = interrupted_line(service())
    if line is not None:
        print(line)


def unload(shell: Any) -> None:
    """Take everything back; nothing happens where there is nothing."""
    manager = shell.magics_manager
    magics = manager.registry.pop("SfnMagic", None)
    if magics is None:
        return
    for kind in ("line", "cell"):
        manager.magics[kind].pop("asl", None)
    for undo in magics.undo:
        undo()


def _after_cells(shell: Any, action: Callable[[], None]) -> Callable[[], None]:
    """Do it after each cell; returns what ends that."""

    def after(*_: object) -> None:
        action()

    shell.events.register("post_run_cell", after)
    return lambda: shell.events.unregister("post_run_cell", after)


def _put(entries: list[Any], entry: Any, *, at: int | None = None) -> Callable[[], None]:
    """Put an entry into a list; returns what takes it out again."""
    entries.insert(len(entries) if at is None else at, entry)
    return lambda: entries.remove(entry)
