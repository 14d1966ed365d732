"""%asl VERB."""

from __future__ import annotations

import re
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


def test_stop_says_of_what_had_ended_how_it_did(run: Any, orders: None) -> None:
    run("%asl run orders")

    assert run("%asl stop ex").texts == ["ex: nothing to stop, it had ended: SUCCEEDED"]


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


# Map runs, tokens, buckets

ROWS = """
from pathlib import Path
Path("buckets/in").mkdir(parents=True)
Path("buckets/in/rows.json").write_text("[1, 2, 3]")
@sfnb.task
def odd(n):
    if n == 2: raise ValueError("two")
    return n
"""
DISTRIBUTED = """%%asl rows --run --no-draw
StartAt: Each
States:
  Each:
    Type: Map
    ToleratedFailureCount: 1
    ItemReader:
      Resource: arn:aws:states:::s3:getObject
      ReaderConfig: {InputType: JSON}
      Parameters: {Bucket: in, Key: rows.json}
    ItemProcessor:
      ProcessorConfig: {Mode: DISTRIBUTED, ExecutionType: EXPRESS}
      StartAt: Odd
      States: {Odd: {Type: Task, Resource: odd, End: true}}
    End: true
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_maps_shows_the_map_runs_of_the_latest_execution_that_has_one(run: Any, here: Path) -> None:
    run(ROWS)
    run(DISTRIBUTED)
    run(ECHO)
    run(DEFINE)
    run("%asl run orders -o other")

    header, row = (re.split(r"  +", line) for line in run("%asl maps").texts[0].splitlines())
    assert header == ["state", "status", "items", "executions", "first failure"]
    assert row == ["Each", "SUCCEEDED", "3 of 3 items, 1 failed", "3", "child 1: ValueError: two"]
    assert run("%asl maps other").texts[0] == "orders has no Map in DISTRIBUTED mode that has run"


def test_maps_before_there_is_one(run: Any) -> None:
    assert isinstance(run("%asl maps").error, Usage)


def test_buckets_shows_the_folder_that_stands_for_s3(run: Any, here: Path) -> None:
    assert "there is nothing in it" in run("%asl buckets").texts[0]
    run(ROWS)

    assert run("%asl buckets").texts[0].splitlines() == [
        "the folder `buckets` stands for S3",
        "bucket  key        bytes",
        "in      rows.json  9",
    ]


def test_buckets_takes_the_folder_that_a_variable_holds(run: Any, here: Path) -> None:
    Path("elsewhere/in").mkdir(parents=True)
    Path("elsewhere/in/rows.json").write_text("[]")

    for value in ("'elsewhere'", "Path('elsewhere')"):
        shown = run(f"from pathlib import Path\nplace = {value}\n%asl buckets place").texts[-1]
        assert "`elsewhere`" in shown
        assert "rows.json" in shown


def test_buckets_wants_a_folder_in_a_variable(run: Any, here: Path) -> None:
    printed = run("place = 3\n%asl buckets place").printed

    assert "the variable 'place' holds no folder but int; ./place is one" in printed


def test_every_line_of_the_help_begins_its_sentence_at_the_same_place(run: Any) -> None:
    lines = [line for line in run("%asl help").texts[0].splitlines() if line.startswith("  %asl ")]

    assert len({re.search(r"  (?=[A-Z][a-z]+ .*\.$)", line[2:]).start() for line in lines}) == 1  # type: ignore[union-attr]


def test_buckets_takes_another_folder(run: Any, here: Path) -> None:
    (here / "elsewhere" / "in").mkdir(parents=True)
    (here / "elsewhere" / "in" / "rows.json").write_text("[7]")

    assert "rows.json" in run("%asl buckets elsewhere").texts[0]
    run("@sfnb.task\ndef odd(n): return n")
    assert run(DISTRIBUTED.replace("rows --run", "rows --run -o seven")).error is None
    assert run("seven.output").value == [7]


def test_tokens_shows_how_to_answer_each(run: Any, shell: Any) -> None:
    assert run("%asl tokens").texts == ["no task is waiting for a token"]
    run("@sfnb.task('sqs:sendMessage')\ndef send(message): return {}")
    run(
        "ask = sfnb.load({'StartAt': 'Ask', 'States': {'Ask': {'Type': 'Task', 'End': True, 'Resource': "
        "'arn:aws:states:::sqs:sendMessage.waitForTaskToken', 'Parameters': {'QueueUrl': 'q', "
        "'MessageBody': {'t.$': '$$.Task.Token'}}}}})"
    )
    run("one = ask.start()")
    while not shell.user_ns["sfnb"].task_tokens().shape[0]:
        assert not shell.user_ns["one"].wait(0.01)
    row = run("%asl tokens").texts[0].splitlines()[1]

    assert row.split()[:3] == ["Ask", "one", "arn:aws:states:::sqs:sendMessage.waitForTaskToken"]
    run(row.split(maxsplit=3)[3].replace("output", "{'by': 'hand'}"))
    assert run("one.result()").value == {"by": "hand"}


def test_validate_knows_the_types_of_machines(run: Any, here: Path) -> None:
    (here / "sync.yaml").write_text(
        "StartAt: A\nStates:\n  A: {Type: Task, End: true, Parameters: {StateMachineArn: m},"
        " Resource: 'arn:aws:states:::states:startExecution.sync'}"
    )

    assert "no errors" in run("%asl validate sync.yaml").texts[0]
    assert "error" in run("%asl validate sync.yaml --type EXPRESS").texts[0].splitlines()[0]
