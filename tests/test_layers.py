"""A room imports only from rooms below its own."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "sfnb"

ROWS: list[dict[str, str]] = [
    {
        "values": "JSON and its text",
        "errors": "findings and exceptions",
        "table": "texts in rows, for a person",
        "bodies": "the body of a request, as far as it is wanted",
        "aws_names": "how AWS's SDKs spell its services and members",
    },
    {"jsonable": "Python values to JSON, at the border", "query": "expressions"},
    {"asl": "the language"},
    {"engine": "events, interpreter, runs"},
    {
        "stores": "where events are kept",
        "executors": "where calls run",
        "items": "what a Distributed Map reads and writes",
        "mocks": "answers instead of calls",
        "integrations": "what a Resource means",
        "renderers": "how a machine looks",
        "exporters": "what it is written out as",
        "deliveries": "what is told of executions elsewhere",
        "iam": "what a role needs, and what it grants",
        "triggers": "what starts executions",
        "frames": "events as tables",
    },
    {
        "map_runs": "map runs and their children, by ARN",
        "registry": "which function stands for which Resource",
        "select": "payloads searched; answers with a table",
        "task_parameters": "what a task asks AWS for, checked before it runs",
        "trial": "one state tried on an input",
    },
    {
        "children": "the children of map runs as parts of their parent",
        "given": "what a user gives: definition, input, function",
        "needs": "which functions an execution is going to call",
        "service": "joins one of each",
    },
    {
        "machine": "a state machine in a user's hands",
        "defined": "a state machine as its definition shows it",
        "execution": "an execution in a user's hands",
        "logged": "what a log shows: status, tables, pictures",
        "snapshot": "an execution as it was at some moment",
        "diff": "two executions side by side",
        "going_on": "an execution resumed, redriven, forked",
        "resuming": "interrupted executions, each as soon as its functions are there",
        "on": "what starts an execution, in a user's hands",
        "keeping": "where a service keeps its executions, and the table of all",
        "deploy": "machines and executions that are on AWS",
        "explain": "what an execution came to, in words",
        "hints": "what to do about a failure",
        "display": "what an execution looks like in a cell",
    },
    {
        "default": "the one service behind the package's functions",
        "mock_words": "the mocks that a word on a line names",
        "testing": "clocks for tests",
    },
    {"server": "the API over HTTP, and its page"},
    {"notebook": "magics, completion, live view", "cli": "the sfnb command"},
    {"__init__": "the public names", "__main__": "the sfnb command as a module"},
]
"""From the bottom; rooms of one row do not import each other, but for those of TOGETHER."""

TOGETHER = {
    "machine", "execution", "logged", "snapshot", "diff", "explain", "hints", "display", "default", "testing",
    "going_on", "resuming", "keeping", "deploy", "on", "defined",
    "values", "errors",
}  # fmt: skip
"""What a user holds is one idea in several files."""

LAZY_UPWARDS = {
    (room, "notebook")
    for room in ("machine", "execution", "snapshot", "diff", "on", "resuming", "trial", "server")
} | {("service", "server")}
"""How an execution and a test of a state look in a cell is the notebook's; imported when it is asked.

A task that calls Step Functions itself is answered by the server's actions.
"""


def row_of(room: str) -> int:
    return next(number for number, row in enumerate(ROWS) if room in row)


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """The rooms that a file imports from."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "sfnb" else [f"sfnb.{name.name}" for name in node.names]
        elif isinstance(node, ast.Import):
            names = [name.name for name in node.names]
        for name in names:
            if name == "sfnb":
                yield "__init__"
            elif name.startswith("sfnb."):
                yield name.split(".")[1]


FILES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=[str(path.relative_to(ROOT)) for path in FILES])
def test_a_room_imports_only_from_below(path: Path) -> None:
    room = room_of(path)
    for other in imports(path):
        if other == room or (room, other) in LAZY_UPWARDS or other not in _rooms():
            continue
        below = row_of(other) < row_of(room)
        beside = row_of(other) == row_of(room) and {room, other} <= TOGETHER
        assert below or beside, f"{path.relative_to(ROOT)} imports from {other}, which is not below {room}"


def _rooms() -> set[str]:
    return {room for row in ROWS for room in row}


def test_every_room_has_its_row() -> None:
    assert {room_of(path) for path in FILES} <= _rooms()
