"""A real JupyterLab and a real Chromium, each started once for the tests of this folder."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from tests.chromium import chromium

TOKEN = "sfnb-browser-tests"
START_SECONDS = 120
CELL_SECONDS = 90

# Cells that are run before the kernel is there make JupyterLab ask for one in a dialog.
READY = "() => window.jupyterapp?.shell.currentWidget?.sessionContext?.session?.kernel?.status === 'idle'"
SELECT = "cell => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell; }"
START = """cell => {
    window.jupyterapp.shell.currentWidget.content.activeCellIndex = cell;
    window.jupyterapp.commands.execute('notebook:run-cell');
}"""
RUN = """([name, args, limit]) => Promise.race([
    window.jupyterapp.commands.execute(name, args).then(() => true),
    new Promise((_, fail) => setTimeout(() => fail(new Error(`${name} did not end`)), limit)),
])"""


@pytest.fixture(scope="package")
def browser() -> Iterator[Any]:
    """Chromium. The scope is the folder: playwright keeps an event loop running in this thread."""
    with chromium() as started:
        yield started


class Lab:
    """A JupyterLab server with a folder of its own."""

    def __init__(self, home: Path) -> None:
        self.root = home / "notebooks"
        self.root.mkdir()
        self.port = _free_port()
        self._log = (home / "jupyter.log").open("w")
        self._settings(home, "apputils-extension/notification", fetchNews="false", checkForUpdates=False)
        environment = {
            **os.environ,
            "HOME": str(home),
            "IPYTHONDIR": str(home / "ipython"),
            "JUPYTER_CONFIG_DIR": str(home / "config"),
            "JUPYTER_DATA_DIR": str(home / "data"),
            "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
            "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
            "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        }
        options = {
            "ip": "127.0.0.1", "port": self.port, "port_retries": 0, "root_dir": self.root,
            "allow_root": True, "open_browser": False,
        }  # fmt: skip
        command = [sys.executable, "-m", "jupyterlab", "--expose-app-in-browser"]
        command += [f"--IdentityProvider.token={TOKEN}"]
        command += [f"--ServerApp.{name}={value}" for name, value in options.items()]
        self._process = subprocess.Popen(
            command, env=environment, cwd=self.root, stdout=self._log, stderr=subprocess.STDOUT
        )
        self._wait(home / "jupyter.log")

    @staticmethod
    def _settings(home: Path, plugin: str, **values: object) -> None:
        file = home / "settings" / "@jupyterlab" / f"{plugin}.jupyterlab-settings"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(values))

    def _wait(self, log: Path) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                urllib.request.urlopen(f"{self.origin}/api/status?token={TOKEN}", timeout=2).close()
            except OSError:
                time.sleep(0.1)
            else:
                return
        self.close()
        pytest.fail(f"JupyterLab did not start:\n{log.read_text()[-3000:]}")

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def write(self, name: str, cells: tuple[str, ...]) -> str:
        """A notebook of these code cells; returns the address to open it at."""
        notebook = nbformat.v4.new_notebook(
            cells=[nbformat.v4.new_code_cell(cell.strip("\n")) for cell in cells],
            metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
        )
        nbformat.write(notebook, self.root / f"{name}.ipynb")
        return f"{self.origin}/lab/tree/{name}.ipynb?token={TOKEN}&reset"

    def close(self) -> None:
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="package")
def lab(tmp_path_factory: pytest.TempPathFactory, browser: Any) -> Iterator[Lab]:
    """JupyterLab; asks for the browser first, so that it is not started in vain."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed")
    started = Lab(tmp_path_factory.mktemp("lab"))
    yield started
    started.close()


class Notebook:
    """A notebook open in the browser, with what went wrong in its page and where it sent requests."""

    def __init__(self, lab: Lab, page: Any) -> None:
        self.lab = lab
        self.page = page
        self.faults: list[str] = []
        self.elsewhere: list[str] = []
        page.on("console", lambda told: told.type == "error" and self.faults.append(told.text))
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("request", self._look)

    def _look(self, request: Any) -> None:
        local = (self.lab.origin, self.lab.origin.replace("http", "ws", 1), "data:", "blob:")
        if not request.url.startswith(local):
            self.elsewhere.append(request.url)

    def open(self, name: str, *cells: str) -> Notebook:
        self.page.goto(self.lab.write(name, cells))
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for(timeout=1000 * CELL_SECONDS)
        self.page.wait_for_function(READY, timeout=1000 * CELL_SECONDS)
        return self

    def command(self, name: str, **options: object) -> None:
        """Run a command of JupyterLab and wait until it is done."""
        self.page.evaluate(RUN, [name, options, 1000 * CELL_SECONDS])

    def start(self, cell: int) -> None:
        """Run one cell and do not wait for it."""
        self.page.evaluate(START, cell)

    def run(self, *cells: int) -> Notebook:
        """Run cells, one after the other."""
        for cell in cells:
            self.page.evaluate(SELECT, cell)
            self.command("notebook:run-cell")
        return self

    def theme(self, name: str) -> None:
        self.command("apputils:change-theme", theme=f"JupyterLab {name}")
        light = str(name == "Light").lower()
        self.page.locator(f"body[data-jp-theme-light={light}]").wait_for(state="attached")

    def output(self, cell: int) -> Any:
        """What stands below a cell."""
        return self.page.locator(".jp-Notebook .jp-CodeCell").nth(cell).locator(".jp-OutputArea-output")


OpenNotebook = Callable[..., Notebook]
"""Opens a notebook of the given name and code cells."""


@pytest.fixture(scope="module")
def open_notebook(lab: Lab, browser: Any) -> Iterator[OpenNotebook]:
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    context.set_default_timeout(60_000)
    yield lambda name, *cells: Notebook(lab, context.new_page()).open(name, *cells)
    context.close()


@pytest.fixture(scope="session")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures of the pages go, for people to look at."""
    folder = os.environ.get("SFNB_SCREENSHOTS")
    path = Path(folder) if folder else tmp_path_factory.mktemp("screenshots")
    path.mkdir(parents=True, exist_ok=True)
    return path
