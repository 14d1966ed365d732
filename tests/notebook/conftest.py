"""A shell with the extension in it, and cells to run in it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from sfnb import default, notebook


class Ran:
    """What became of a cell.

    shown: what it displayed, its value last, each a mapping of mime types. printed: its standard output,
    which holds the traceback of a cell that failed.
    """

    def __init__(self, result: Any, captured: Any, values: list[dict[str, str]]) -> None:
        self.error: BaseException | None = result.error_before_exec or result.error_in_exec
        self.value = result.result
        self.shown: list[dict[str, str]] = [output.data for output in captured.outputs] + values
        self.printed = re.sub(r"\x1b\[[0-9;]*m", "", captured.stdout)

    @property
    def texts(self) -> list[str]:
        return [data["text/plain"] for data in self.shown]


Run = Callable[[str], Ran]


@pytest.fixture
def fresh_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The service behind `sfnb.load` and the magics is this test's own, and so is the data folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    default.service.cache_clear()
    yield
    default.service().close()
    default.service.cache_clear()


@pytest.fixture
def bare_shell(fresh_service: None) -> Iterator[InteractiveShell]:
    """IPython without the extension and without a file for its history."""
    quiet = Config({"HistoryManager": {"enabled": False}})
    yield InteractiveShell.instance(config=quiet)
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(bare_shell: InteractiveShell) -> Iterator[InteractiveShell]:
    notebook.load(bare_shell)
    bare_shell.run_cell("import sfnb")
    yield bare_shell
    notebook.unload(bare_shell)


@pytest.fixture
def run(shell: InteractiveShell) -> Run:
    """Run a cell."""

    def run(cell: str) -> Ran:
        values: list[dict[str, str]] = []

        def show(value: object) -> None:
            if value is not None:
                shell.displayhook.exec_result.result = value
                values.append(shell.display_formatter.format(value)[0])

        shell.display_trap.hook = show
        with capture_output() as captured:
            result = shell.run_cell(cell)
        return Ran(result, captured, values)

    return run
