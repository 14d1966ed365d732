"""Executions as DataFrames."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.events import Event, FramePath
from sfnb.engine.visits import fold_items, fold_visits
from sfnb.frames import event_log, events_frame, map_items_frame, visits_frame

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LAMBDA = {"resource_type": "lambda", "resource": "invoke"}

Step = tuple[type[Event], FramePath, dict[str, Any]]


def log(*steps: Step) -> list[Event]:
    """Events a second apart, with ids from 1; a fact has 0 and takes no time."""
    events: list[Event] = []
    last = 0
    for kind, frame, fields in steps:
        fact = issubclass(kind, facts.Fact)
        moment = NOON + timedelta(seconds=last)
        event_id = 0 if fact else last + 1
        events.append(kind(id=event_id, previous_event_id=last, timestamp=moment, frame=frame, **fields))
        last = last if fact else event_id
    return events


@pytest.fixture
def run() -> list[Event]:
    """A Pass, then a Map of two items whose task prints; the second item's fails."""
    item = '{"sku":"a"}'
    return log(
        (ev.ExecutionStarted, (), {"input": "[1]", "role_arn": "arn:aws:iam::1:role/r"}),
        (ev.PassStateEntered, (), {"name": "Prepare", "input": "[1]"}),
        (ev.PassStateExited, (), {"name": "Prepare", "output": f"[{item},{item}]"}),
        (ev.MapStateEntered, (), {"name": "Each", "input": f"[{item},{item}]"}),
        (ev.MapStateStarted, (), {"length": 2}),
        (ev.MapIterationStarted, (5, 0), {"name": "Each", "index": 0}),
        (ev.TaskStateEntered, (5, 0), {"name": "Price", "input": item}),
        (ev.TaskScheduled, (5, 0), {**LAMBDA, "region": "us-east-1", "parameters": item}),
        (ev.TaskStarted, (5, 0), LAMBDA),
        (facts.TaskPrinted, (5, 0), {"text": "pricing\n"}),
        (ev.TaskSucceeded, (5, 0), {**LAMBDA, "output": "null"}),
        (ev.TaskStateExited, (5, 0), {"name": "Price", "output": "null"}),
        (ev.MapIterationSucceeded, (5, 0), {"name": "Each", "index": 0}),
        (ev.MapIterationStarted, (5, 1), {"name": "Each", "index": 1}),
        (ev.TaskStateEntered, (5, 1), {"name": "Price", "input": item}),
        (ev.TaskScheduled, (5, 1), {**LAMBDA, "region": "us-east-1", "parameters": item}),
        (ev.TaskFailed, (5, 1), {**LAMBDA, "error": "Boom", "cause": "why"}),
        (ev.MapIterationFailed, (5, 1), {"name": "Each", "index": 1}),
        (ev.MapStateFailed, (), {}),
        (ev.ExecutionFailed, (), {"error": "Boom", "cause": "why"}),
    )


def test_every_event_knows_its_state_and_iteration(run: list[Event]) -> None:
    frame = events_frame(run).set_index("id")

    assert frame.index.tolist() == list(range(1, 20))
    assert frame.loc[[2, 5, 6, 8, 12, 16, 18], "state"].tolist() == [
        "Prepare", "Each", "Each", "Price", "Each", "Price", "Each"
    ]  # fmt: skip
    assert frame.loc[[6, 8, 12, 16], "iteration"].tolist() == [0, 0, 0, 1]
    assert frame.loc[[1, 2, 5, 18, 19], "iteration"].isna().all()
    assert frame.loc[[1, 19], "state"].isna().all()


def test_an_event_shows_its_payloads_as_values(run: list[Event]) -> None:
    frame = events_frame(run).set_index("id")

    assert frame.input[4] == [{"sku": "a"}, {"sku": "a"}]
    assert frame.input[8] == {"sku": "a"}
    assert frame.output[10] is None
    assert frame.resource[8] == "lambda:invoke"
    assert (frame.error[16], frame.cause[16]) == ("Boom", "why")
    assert frame.details[5] == {"length": 2}
    assert frame.details[8] == {"region": "us-east-1"}
    assert frame.details[6] is None


def test_a_visit_has_its_path_and_its_duration(run: list[Event]) -> None:
    frame = visits_frame(fold_visits(run))

    assert frame.columns[:6].tolist() == ["state", "type", "status", "attempts", "duration", "iteration"]
    assert frame.path.tolist() == ["Prepare", "Each", "Each[0]/Price", "Each[1]/Price"]
    assert frame.status.tolist() == ["succeeded", "failed", "succeeded", "failed"]
    assert frame.duration.tolist() == [timedelta(seconds=s) for s in (1, 15, 4, 3)]
    assert frame.printed.tolist() == ["", "", "pricing\n", ""]
    assert frame.exited_id.isna().tolist() == [False, True, False, True]


def test_an_open_visit_has_no_duration(run: list[Event]) -> None:
    frame = visits_frame(fold_visits(run[:4]))

    assert frame.status.tolist() == ["succeeded", "running"]
    assert frame.duration.isna().tolist() == [False, True]


def test_a_map_item_has_what_went_in_and_came_out(run: list[Event]) -> None:
    frame = map_items_frame(fold_items(run))

    assert frame.state.tolist() == ["Each", "Each"]
    assert frame.iteration.tolist() == [0, 1]
    assert frame.path.tolist() == ["Each[0]", "Each[1]"]
    assert frame.input.tolist() == [{"sku": "a"}, {"sku": "a"}]
    assert frame.error.isna().tolist() == [True, False]
    assert frame.outer_iteration.isna().all()


def test_lists_of_one_length_stay_values() -> None:
    events = log(
        (ev.PassStateEntered, (), {"name": "A", "input": "[1,2]"}),
        (ev.PassStateExited, (), {"name": "A", "output": "[3,4]"}),
    )

    frame = visits_frame(fold_visits(events))
    assert (frame.input[0], frame.output[0]) == ([1, 2], [3, 4])


TYPES: dict[Callable[[list[Event]], pd.DataFrame], dict[str, str]] = {
    events_frame: {
        "id": "Int64",
        "type": "category",
        "state": "category",
        "iteration": "Int64",
        "timestamp": "datetime64[us, UTC]",
        "input": "object",
        "output": "object",
        "details": "object",
        "previous_event_id": "Int64",
    },
    lambda events: visits_frame(fold_visits(events)): {
        "state": "category",
        "type": "category",
        "status": "category",
        "attempts": "Int64",
        "duration": "timedelta64[us]",
        "iteration": "Int64",
        "input": "object",
        "output": "object",
        "entered": "datetime64[us, UTC]",
        "exited": "datetime64[us, UTC]",
        "entered_id": "Int64",
        "exited_id": "Int64",
    },
    lambda events: map_items_frame(fold_items(events)): {
        "state": "category",
        "iteration": "Int64",
        "status": "category",
        "attempt": "Int64",
        "duration": "timedelta64[us]",
        "input": "object",
        "output": "object",
        "started": "datetime64[us, UTC]",
        "stopped": "datetime64[us, UTC]",
        "outer_iteration": "Int64",
        "started_id": "Int64",
    },
}


@pytest.mark.parametrize("make", TYPES)
@pytest.mark.parametrize("events", [0, 1, 4, 19])
def test_the_types_do_not_depend_on_the_rows(
    make: Callable[[list[Event]], pd.DataFrame], events: int, run: list[Event]
) -> None:
    frame = make(run[:events])

    found = frame.dtypes.astype(str).to_dict()
    assert {name: found[name] for name in TYPES[make]} == TYPES[make]
    text = str(pd.Series(["text"]).dtype)
    assert {found[name] for name in found if name not in TYPES[make]} <= {text, "object"}
    assert found["error"] == text


def test_an_event_log_has_the_names_that_process_mining_reads(run: list[Event]) -> None:
    frame = event_log(fold_visits(run), "run-1")

    assert frame.columns.tolist() == [
        "case:concept:name",
        "concept:name",
        "time:timestamp",
        "start_timestamp",
        "lifecycle:transition",
        "org:resource",
    ]
    assert frame["case:concept:name"].unique().tolist() == ["run-1"]
    assert frame["concept:name"].tolist() == ["Prepare", "Each", "Price", "Price"]
    assert frame["lifecycle:transition"].tolist() == ["complete", "ate_abort", "complete", "ate_abort"]
    assert frame["org:resource"].tolist()[2:] == ["lambda:invoke", "lambda:invoke"]
    assert (frame["time:timestamp"] >= frame["start_timestamp"]).all()


def test_an_open_visit_is_mined_as_started(run: list[Event]) -> None:
    frame = event_log(fold_visits(run[:4]), "run-1")

    assert frame["lifecycle:transition"].tolist() == ["complete", "start"]
    assert frame["time:timestamp"].tolist() == [NOON + timedelta(seconds=2), NOON + timedelta(seconds=3)]


def test_importing_the_module_does_not_load_pandas() -> None:
    code = (
        "import sys, sfnb.frames, sfnb.select; sys.exit(bool({'pandas', 'jsonpath_ng'} & set(sys.modules)))"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
