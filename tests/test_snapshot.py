"""An execution as it was at some moment."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sfnb.engine.visits import fold_visits
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.items.folder import FolderBuckets
from sfnb.machine import load_machine
from sfnb.renderers.story import Progress
from sfnb.service import StepFunctions
from sfnb.testing import frozen_clock

PRICE = {
    "StartAt": "Price",
    "States": {
        "Price": {"Type": "Task", "Resource": "price", "Assign": {"total.$": "$.total"}, "Next": "Pause"},
        "Pause": {"Type": "Wait", "Seconds": 5, "End": True},
    },
}
TREE = {
    "StartAt": "Check",
    "States": {
        "Check": {"Type": "Pass", "Assign": {"who": "me"}, "Next": "Orders"},
        "Orders": {
            "Type": "Map",
            "ItemsPath": "$.orders",
            "MaxConcurrency": 1,
            "ItemProcessor": PRICE,
            "Next": "Charge",
        },
        "Charge": {
            "Type": "Task",
            "Resource": "charge",
            "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": None, "Next": "Done"}],
            "Next": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}
ORDERS = {"orders": [{"n": 1}, {"n": 2}]}


@pytest.fixture
def ended(service: StepFunctions) -> Execution:
    def price(order: Any) -> Any:
        return {"total": order["n"] * 10}

    def charge(orders: Any) -> Any:
        raise ValueError("declined")

    for function in (price, charge):
        service.registry.functions[function.__name__] = function
    return load_machine(service, TREE, name="shop").run(ORDERS, clock=frozen_clock())


def event_id(execution: Execution, type: str, state: str, nth: int = 0) -> int:
    events = execution.events
    return int(events[(events.type == type) & (events.state == state)].id.iloc[nth])


# Moments


def test_after_every_event_there_is_what_the_log_up_to_it_says(ended: Execution) -> None:
    for last in ended.events.id:
        then = ended.at(last)

        assert then.events.id.tolist() == list(range(1, last + 1))
        assert then.event.id == last
        assert then.trail == fold_visits(then.log)
        assert then.time == then.event.timestamp
        assert (then.status == "RUNNING") == (last < len(ended.events))


def test_after_the_last_event_it_is_as_it_ended(ended: Execution) -> None:
    then = ended.at(len(ended.events))

    assert (then.status, then.output, then.describe()) == (ended.status, ended.output, ended.describe())
    assert then.log == ended.log
    pd.testing.assert_frame_equal(then.visits, ended.visits)
    pd.testing.assert_frame_equal(then.map_items, ended.map_items)


def test_before_it_ended_there_was_no_output(ended: Execution) -> None:
    then = ended.at(len(ended.events) - 1)

    assert (then.status, then.output, then.stop_date, then.duration) == ("RUNNING", None, None, None)
    assert then.input == ORDERS


def test_a_moment_may_be_a_time(ended: Execution) -> None:
    then = ended.at(ended.start_date + timedelta(seconds=7))

    assert [visit.state for visit in then.open_trail] == ["Orders", "Pause"]
    assert then.elapsed == timedelta(seconds=7)
    assert then.time > then.event.timestamp
    assert then.log == ended.at(then.event.id).log


def test_a_moment_may_be_a_timestamp_of_a_table(ended: Execution) -> None:
    then = ended.at(ended.events.timestamp.iloc[-1])

    assert then.log == ended.log
    assert then.timeline().text.splitlines()[1:] == ended.timeline().text.splitlines()[1:]


def test_a_state_is_looked_at_as_it_was_first_entered(ended: Execution) -> None:
    then = ended.at("Price")

    assert then.event.id == event_id(ended, "TaskStateEntered", "Price")
    assert then.open_trail[-1].input == '{"n":1}'


def test_a_state_in_a_certain_item_is_named_as_in_the_table_of_visits(ended: Execution) -> None:
    path = ended.visits.query("state == 'Price'").path.iloc[1]

    assert path == "Orders[1]/Price"
    assert ended.at(path).open_trail[-1].input == '{"n":2}'


def test_a_state_that_waits_to_be_tried_again_is_known_to(ended: Execution) -> None:
    then = ended.at(event_id(ended, "LambdaFunctionFailed", "Charge"))

    [charge] = then.open_trail
    assert (charge.state, charge.status, charge.error, charge.attempts) == (
        "Charge",
        "running",
        "ValueError",
        1,
    )
    assert "attempt 1 failed: ValueError" in then.summary()


def test_a_running_execution_may_be_looked_at(service: StepFunctions) -> None:
    tree = {"StartAt": "Nap", "States": {"Nap": {"Type": "Wait", "Seconds": 1000, "End": True}}}
    running = load_machine(service, tree).start()
    while not running.trail:  # until the engine's thread has begun
        running.wait(0.001)
    before = running.at("Nap")
    running.stop()
    running.wait()

    assert (before.status, running.status) == ("RUNNING", "ABORTED")
    assert running.at("Nap").log == before.log


NOON = datetime(2020, 1, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "message"),
    [
        (0, r"there is no event 0: the ids are 1 to \d+$"),
        (-1, r"there is no event -1: the ids are 1 to \d+$"),
        (1000, r"there is no event 1000: the ids are 1 to \d+$"),
        ("Ship", 'no state "Ship" has been entered: there are "Check", "Orders", "Price", "Pause"'),
        (NOON, "at 2020-01-01 12:00:00.00:00 there was no execution yet: it began at "),
        (NOON.replace(tzinfo=None), "2020-01-01 12:00:00 has no time zone; the execution began at "),
    ],
)
def test_a_moment_that_is_not_there(ended: Execution, moment: Any, message: str) -> None:
    with pytest.raises(SfnbError, match=message):
        ended.at(moment)


# Open and over


def test_open_states_are_shown_with_where_and_with_what(ended: Execution) -> None:
    rows = ended.at("Orders[1]/Pause").open_states

    assert rows[["state", "path", "input"]].values.tolist() == [
        ["Orders", "Orders", ORDERS],
        ["Pause", "Orders[1]/Pause", {"total": 20}],
    ]


def test_what_is_over_is_a_table_of_its_own(ended: Execution) -> None:
    then = ended.at("Orders[1]/Pause")

    assert then.completed.path.tolist() == ["Check", "Orders[0]/Price", "Orders[0]/Pause", "Orders[1]/Price"]
    assert len(then.completed) + len(then.open_states) == len(then.visits)


@pytest.mark.parametrize(
    ("moment", "variables"),
    [
        ("Check", []),
        ("Orders[0]/Price", [("", "who", "me")]),
        ("Orders[0]/Pause", [("", "who", "me"), ("Orders[0]", "total", 10)]),
        ("Orders[1]/Pause", [("", "who", "me"), ("Orders[1]", "total", 20)]),
        ("Charge", [("", "who", "me")]),
    ],
)
def test_variables_are_those_of_the_scopes_that_were_open(
    ended: Execution, moment: str, variables: list[tuple[str, str, Any]]
) -> None:
    frame = ended.at(moment).variables

    assert [tuple(row) for row in frame[["scope", "name", "value"]].values] == variables


def test_a_variable_can_be_read_between_two_states_of_an_item(ended: Execution) -> None:
    frame = ended.at(event_id(ended, "TaskStateExited", "Price")).variables

    assert frame.scope.tolist() == ["", "Orders[0]"]


# Pictures and words


def test_the_picture_shows_what_was_under_way(ended: Execution) -> None:
    text = ended.at("Orders[0]/Pause").graph().text

    assert text.splitlines()[0] == "shop: RUNNING after event 12"
    marks = {line.split()[1]: line.split()[0] for line in text.splitlines()}
    assert [marks[name] for name in ("Check", "Orders", "Price", "Pause", "Charge")] == [
        "✔",
        "▶",
        "✔",
        "▶",
        "·",
    ]


def test_the_timeline_reaches_to_the_moment(ended: Execution) -> None:
    text = ended.at(ended.start_date + timedelta(seconds=7)).timeline().text

    assert [line.split()[-1] for line in text.splitlines()[1:]] == [
        "Check",
        "Orders",
        *["[0]"] * 2,
        *["[1]"] * 2,
    ]
    assert "Pause [1]" in text
    assert "Charge" not in text


def test_the_words_say_how_it_stood(ended: Execution) -> None:
    assert repr(ended.at("Orders[1]/Pause")).splitlines() == [
        f'shop RUNNING after event 21 of {len(ended.events)}: WaitStateEntered in "Pause"',
        'now in: Orders[1]/Pause with {"total": 20}',
        'variables: $who = "me"',
        "variables of Orders[1]: $total = 20",
        "done: 4 visits: Check, Price (2 times), Pause",
    ]


def test_of_an_end_the_words_say_how_it_ended(ended: Execution) -> None:
    lines = ended.at(len(ended.events)).summary().splitlines()

    assert lines[0].endswith(": ExecutionSucceeded")
    assert lines[1] == 'output: [{"total": 10},{"total": 20}]'
    assert lines[-1].endswith("Charge (caught ValueError), Done")


def test_a_card_has_the_words_and_the_picture(ended: Execution) -> None:
    bundle = ended.at("Orders[1]/Pause")._repr_mimebundle_()

    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert "RUNNING" in bundle["text/html"]
    assert "variables of Orders[1]" in bundle["text/html"]
    assert 'class="sfnb-took" style="opacity:.7">5 s after the start' in bundle["text/html"]


# Child executions


READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
    "Parameters": {"Bucket": "in", "Key": "rows.csv"},
}


@pytest.fixture
def mapped(tmp_path: Path) -> Callable[[], Execution]:
    """A map run of three children, one after the other, each of ten seconds."""

    def run() -> Execution:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "rows.csv").write_text("id\na\nb\nc")
        states = {"Nap": {"Type": "Wait", "Seconds": 10, "End": True}}
        config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        processor = {"ProcessorConfig": config, "StartAt": "Nap", "States": states}
        each = {
            "Type": "Map",
            "ItemProcessor": processor,
            "ItemReader": READER,
            "MaxConcurrency": 1,
            "End": True,
        }
        tree = {"StartAt": "Each", "States": {"Each": each}}
        return load_machine(service, tree).run(clock=frozen_clock())

    service = StepFunctions(buckets=FolderBuckets(tmp_path))
    yield run  # type: ignore[misc]
    service.close()


def test_children_are_shown_as_they_were_at_that_time(mapped: Callable[[], Execution]) -> None:
    ended = mapped()
    then = ended.at(ended.start_date + timedelta(seconds=15))

    inside = [(visit.iteration, visit.status) for visit in then.deep_trail if visit.state == "Nap"]
    assert inside == [((0,), "succeeded"), ((1,), "running")]
    assert then.progress == {("Each",): Progress(succeeded=1, running=1)}
    assert "1 item so far" in then.graph().text
    assert ended.progress == {("Each",): Progress(succeeded=3, total=3)}


def test_after_its_end_a_map_run_is_shown_whole(mapped: Callable[[], Execution]) -> None:
    ended = mapped()

    assert ended.at(len(ended.events)).progress == ended.progress
    assert ended.at("Each").progress == {}
