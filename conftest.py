"""Tests keep nothing in the data folder of who runs them: each file of tests has one of its own.

Set in the environment, so that it holds for kernels and other processes too, and before anything is imported.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

VARIABLES = (
    "XDG_DATA_HOME",
    "WIN_PD_OVERRIDE_LOCAL_APPDATA",
    *(["HOME"] if sys.platform == "darwin" else []),
)
"""Where platformdirs looks for the folder."""

ROOT = Path(tempfile.mkdtemp(prefix="sfnb-tests-"))

LONGEST_FIRST = (
    "tests/parity/test_served.py",
    "tests/test_benchmarks.py",
    "tests/server/test_page_in_browser.py",
    "tests/test_real_world.py",
    "tests/server/test_serve_command.py",
    "tests/crash/test_power_cut.py",
    "tests/server/test_aws_cli.py",
    "tests/server/test_page_wrong_turns.py",
    "tests/crash/test_server_kill.py",
    "tests/crash/test_kill.py",
    "tests/browser/test_execution_view.py",
    "tests/browser/test_form.py",
    "tests/browser/test_map_run.py",
    "tests/browser/test_state_test.py",
    "tests/items/test_reading.py",
    "tests/items/test_buckets.py",
    "tests/integrations/test_jobs.py",
    "tests/parity/test_parity.py",
    "tests/notebook/test_kernel_killed.py",
    "tests/notebook/test_durable.py",
)
"""Where several processes share the files, these begin first: else all would wait for the last of them."""

RECORDINGS = "recordings"


def use_folder(name: str) -> None:
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    for variable in VARIABLES:
        os.environ[variable] = str(folder)


use_folder("any")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell has it that starts this in the background
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The machine may be busy: what has to be quick says so itself.
hypothesis.settings.register_profile("patient", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("patient")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):  # in a process of several
        ranks = {name: rank for rank, name in enumerate(LONGEST_FIRST)}
        items.sort(key=lambda item: ranks.get(item.location[0], len(ranks)))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    use_folder("-".join(item.path.relative_to(item.config.rootpath).parts))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How many recordings are reproduced, as the tests of that have left it in their reports."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name.startswith(RECORDINGS):
                terminalreporter.write_sep("-", name)
                terminalreporter.write_line(text)


def pytest_unconfigure() -> None:
    shutil.rmtree(ROOT, ignore_errors=True)
