"""What is installed: the wheel, and what it asks for."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

import sfnb

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "sfnb"
NAMES = {
    "IPython": "ipython",
    "dateutil": "python-dateutil",
    "graphviz_pure": "graphviz-pure",
    "jsonpath_ng": "jsonpath-ng",
    "paho": "paho-mqtt",
    "re2": "google-re2",
    "yaml": "pyyaml",
}
"""What is imported under another name than it is installed by."""
BROUGHT_ALONG = {
    "numpy": "pandas",
    "traitlets": "ipython",
    "botocore": "boto3",
    "referencing": "jsonschema",
    "werkzeug": "moto",
}
EXTRAS = ("aws", "files", "iam", "local-aws", "server", "triggers")
"""What is imported only where it is used, and asked for by name."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (file,) = folder.glob("*.whl")
    return zipfile.ZipFile(file)


def test_the_wheel_has_the_whole_package_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    files = {path.relative_to(ROOT).as_posix() for path in PACKAGE.rglob("*") if path.is_file()}
    shipped = {name for name in wheel.namelist() if ".dist-info/" not in name}

    assert shipped == {name for name in files if "__pycache__" not in name}
    assert "sfnb/py.typed" in shipped
    assert any(name.startswith("sfnb/notebook/static/") and name.endswith(".js") for name in shipped)
    assert any(name.startswith("sfnb/notebook/static/") and name.endswith(".css") for name in shipped)


def test_the_wheel_says_what_it_is(wheel: zipfile.ZipFile) -> None:
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    metadata = message_from_string(wheel.read(name).decode())

    assert metadata["Version"] == sfnb.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata["Requires-Python"] == ">=3.11"
    assert any(name.endswith("/licenses/LICENSE") for name in wheel.namelist())


def test_a_wheel_unpacked_elsewhere_works(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = (
        "import sfnb; print(sfnb.__file__);"
        "ex = sfnb.load({'StartAt': 'A', 'States': {'A': {'Type': 'Succeed'}}}).run({'n': 1});"
        "print(ex.output, len(ex.events), '<svg' in ex.graph().svg)"
    )

    def output(*arguments: str) -> str:
        env = {**os.environ, "PYTHONPATH": str(tmp_path)}
        return subprocess.check_output([sys.executable, *arguments], text=True, env=env, cwd=tmp_path)

    assert output("-c", code).split("\n")[:2] == [str(tmp_path / "sfnb/__init__.py"), "{'n': 1} 4 True"]
    assert output("-m", "sfnb.cli", "--version") == f"sfnb {sfnb.__version__}\n"


def test_all_that_is_imported_is_asked_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    lines = [
        *project["dependencies"],
        *(line for name in EXTRAS for line in project["optional-dependencies"][name]),
    ]
    asked_for = {re.split(r"[\[<>=~!; ]", line, maxsplit=1)[0] for line in lines}

    imported = {name for path in PACKAGE.rglob("*.py") for name in _imports(path)} - sys.stdlib_module_names
    needed = {BROUGHT_ALONG.get(name, NAMES.get(name, name)) for name in imported - {"sfnb"}}

    assert needed - asked_for == set()


def _imports(path: Path) -> set[str]:
    """The packages that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_command_is_installed() -> None:
    (script,) = importlib.metadata.entry_points(group="console_scripts", name="sfnb")

    assert script.load() is not None
