"""Tests keep nothing in the data folder of who runs them: each file of tests has one of its own.

Set in the environment, so that it holds for kernels and other processes too, and before anything is imported.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest

VARIABLES = (
    "XDG_DATA_HOME",
    "WIN_PD_OVERRIDE_LOCAL_APPDATA",
    *(["HOME"] if sys.platform == "darwin" else []),
)
"""Where platformdirs looks for the folder."""

ROOT = Path(tempfile.mkdtemp(prefix="sfnb-tests-"))


def use_folder(name: str) -> None:
    folder = ROOT / name
    folder.mkdir(parents=True, exist_ok=True)
    for variable in VARIABLES:
        os.environ[variable] = str(folder)


use_folder("any")


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    use_folder("-".join(item.path.relative_to(item.config.rootpath).parts))


def pytest_unconfigure() -> None:
    shutil.rmtree(ROOT, ignore_errors=True)
