"""%asl VERB."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sfnb.notebook.options import Usage

DEFINE = "%%asl orders\nStartAt: A\nStates:\n  A: {Type: Task, Resource: echo, End: true}"
ECHO = "@sfnb.task\ndef echo(payload): return payload"


@pytest.fixture
def orders(run: Any) -> None:
    run(ECHO)
    run(DEFINE)


def test_run_takes_what_a_cell_takes(run: Any, shell: Any, orders: None) -> None:
    ran = run('%asl run orders -i {"n": 1} -o first --no-draw')

    assert ran.texts == ['orders SUCCEEDED\noutput: {"n":1}']
    assert shell.user_ns["first"].output == {"n": 1}


def test_the_value_of_a_line_can_be_assigned(run: Any, shell: Any, orders: None) -> None:
    run("again = %asl run orders")
    run("machine = %asl show orders")

    assert shell.user_ns["again"].status == "SUCCEEDED"
    assert shell.user_ns["machine"] is shell.user_ns["orders"]


def test_a_machine_is_known_by_its_variable_and_by_its_name(run: Any, orders: None) -> None:
    run("shop = sfnb.load(orders.tree, name='the-shop')")

    assert run("%asl show shop").value.name == "the-shop"
    assert run("%asl show the-shop").value.name == "the-shop"


def test_list_shows_machines_and_executions(run: Any, orders: None) -> None:
    run("%asl run orders")
    run("%asl run orders -o last")

    assert run("%asl list").texts[0].splitlines() == [
        "variable  machine  what       status",
        "orders    orders   1 state",
        "last      orders   execution  SUCCEEDED",
        "ex        orders   execution  SUCCEEDED",
    ]


def test_history_is_a_data_frame(run: Any, orders: None) -> None:
    run("%asl run orders")

    for line in ("%asl history", "%asl history ex"):
        history = run(line).value
        assert isinstance(history, pd.DataFrame)
        assert history["type"].iloc[0] == "ExecutionStarted"


def test_stop_ends_what_runs(run: Any, shell: Any) -> None:
    run("wait = sfnb.load('StartAt: A\\nStates: {A: {Type: Wait, Seconds: 1000, End: true}}')")
    run("one, two = wait.start(), wait.start()")

    assert run("%asl stop one").texts[0].splitlines()[1].split() == ["one", "machine", "ABORTED"]
    assert shell.user_ns["two"].status == "RUNNING"
    run("%asl stop --all")
    assert shell.user_ns["two"].status == "ABORTED"
    assert run("%asl stop --all").texts == ["nothing is running"]


def test_export_shows_or_writes(run: Any, orders: None, tmp_path: Path) -> None:
    assert run("%asl export orders").texts[0].startswith("{")
    assert run("%asl export orders yaml").texts[0].startswith("StartAt: A")
    assert "flowchart" in run("%asl export orders mermaid").texts[0]

    file = tmp_path / "orders.yaml"
    assert run(f"%asl export orders -f {file}").texts == [f"wrote {file}: 6 lines"]
    assert file.read_text().startswith("StartAt: A")
    assert "cannot write" in run(f"%asl export orders -f {tmp_path}/no/such.json").printed
    assert "no such format: 'word'" in run("%asl export orders word").printed


def test_validate_shows_findings_and_does_not_fail(run: Any, orders: None, tmp_path: Path) -> None:
    file = tmp_path / "bad.json"
    file.write_text('{"StartAt": "A", "States": {"B": {"Type": "Succeed"}}}')

    ran = run(f"%asl validate {file}")

    assert ran.error is None
    assert "Missing 'Next' target: A" in ran.texts[0]
    assert run("%asl validate orders").texts == ["orders: no errors, no warnings"]
    assert "there is no file or state machine 'nothing'" in run("%asl validate nothing").printed


def test_tasks_are_listed_with_whom_they_serve(run: Any, orders: None) -> None:
    run('@orders.task("A")\ndef one(event, context): ...')

    assert run("%asl tasks").texts[0].splitlines() == [
        "task  function             for",
        "echo  echo(payload)        every machine",
        "A     one(event, context)  orders",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%asl rnu", "%asl: no such verb: 'rnu'; did you mean \"run\"?"),
        ("%asl zzz", "%asl: no such verb: 'zzz'; there are run, show, list,"),
        ("%asl run ordres", "there is no state machine 'ordres'; did you mean \"orders\"?"),
        ("%asl show zzz", "there is no state machine or execution 'zzz'; %asl list shows what there is"),
        ("%asl run", "%asl run: the following arguments are required: NAME"),
        ("%asl history", "there is no execution yet"),
    ],
)
def test_what_cannot_be_done_is_said(run: Any, orders: None, line: str, message: str) -> None:
    ran = run(line)

    assert isinstance(ran.error, Usage)
    assert ran.printed.startswith(message)


@pytest.mark.parametrize("line", ["%asl", "%asl help", "%asl --help", "%asl run --help", "%asl stop -h"])
def test_help(run: Any, line: str) -> None:
    assert "%asl" in run(line).texts[0]
