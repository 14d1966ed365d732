"""A history read back: the events that were, each in its frame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from laws import frames_are_begun_where_they_say, iterations_end_once, states_are_left_as_they_were_entered
from machines import TREE, distinct, parallel, single
from test_history import RECORDINGS, _as_sent, _text
from test_laws import machines, run, serving, several
from test_redrive_laws import can_be_redriven, redriven
from test_resume import whole
from twins import TwinMachine, broken_machines
from twins import machines as twin_machines

from sfnb.asl.decode import decode, load
from sfnb.asl.machine import Definition
from sfnb.asl.source import of_value, read_text
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.history import history, history_event
from sfnb.engine.history_read import UnreadableHistory, read_event, read_history
from sfnb.service import StepFunctions

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def inline() -> Iterator[StepFunctions]:
    with serving("inline") as service:
        yield service


@pytest.fixture(scope="module")
def threaded() -> Iterator[StepFunctions]:
    with serving("threads") as service:
        yield service


def events_of(log: Sequence[ev.Event]) -> list[ev.Event]:
    return [event for event in log if not isinstance(event, facts.Fact)]


def definition_of(tree: TREE) -> Definition:
    return load(of_value(distinct(tree)))[0]


@several
@given(tree=machines())
def test_a_history_reads_back_as_the_events_it_was_made_of(threaded: StepFunctions, tree: TREE) -> None:
    log = list(run(threaded, tree).log)

    assert read_history(history(log), definition_of(tree)) == events_of(log)


@several
@given(tree=broken_machines())
def test_so_does_one_in_which_expressions_fail(inline: StepFunctions, tree: TREE) -> None:
    log = list(run(inline, tree).log)

    assert read_history(history(log), definition_of(tree)) == events_of(log)


@several
@given(machine=twin_machines())
def test_so_does_one_with_map_runs_and_variables(threaded: StepFunctions, machine: TwinMachine) -> None:
    tree = machine.whole(None)
    log = list(run(threaded, tree).log)

    assert read_history(history(log), definition_of(tree)) == events_of(log)


@several
@given(tree=machines())
def test_of_a_redriven_one_every_event_is_read_and_up_to_the_redrive_in_its_frame(tree: TREE) -> None:
    name, log = whole(tree)
    if not can_be_redriven(log):
        return
    events = events_of(redriven(tree, log, name))
    read = read_history(history(events), definition_of(tree))

    assert history(read) == history(events)
    length = len(events_of(log))
    assert read[:length] == events[:length]
    frames_are_begun_where_they_say(read)


def test_a_redriven_task_goes_on_in_the_branch_that_calls_what_the_event_says() -> None:
    one, two = (
        single(
            {
                "Type": "Task",
                "Resource": f"arn:aws:states:::sqs:{name}",
                "Parameters": {"QueueUrl": "q", "MessageBody.$": "$$.Task.Token"},
            }
        )
        for name in ("sendMessage", "sendMessage.waitForTaskToken")
    )
    tree = distinct(single(parallel(one, two)))
    first, second = (branch["StartAt"] for branch in tree["States"]["It"]["Branches"])
    entries = [
        entry("ExecutionStarted", input="{}"),
        entry("ParallelStateEntered", 0, name="It", input="{}"),
        entry("ParallelStateStarted", 2),
        entry("TaskStateEntered", 3, name=first, input="{}"),
        entry("TaskStateEntered", 3, name=second, input="{}"),
        entry("ExecutionAborted", 0),
        entry("ExecutionRedriven", 6, redriveCount=1),
        entry(
            "TaskScheduled",
            7,
            resourceType="sqs",
            resource="sendMessage.waitForTaskToken",
            region="r",
            parameters="{}",
        ),
        entry("TaskScheduled", 7, resourceType="sqs", resource="sendMessage", region="r", parameters="{}"),
    ]
    for number, each in enumerate(entries, 1):
        each["id"] = number

    assert [event.frame for event in read_history(entries, definition_of(tree))][-2:] == [(3, 1), (3, 0)]


def entry(type: str, previous: int = 0, **details: Any) -> dict[str, Any]:
    kind: type[ev.Event] = getattr(ev, type)  # type: ignore[valid-type]
    told = {kind.details: details} if kind.details else {}
    return {"id": 1, "previousEventId": previous, "timestamp": NOON, "type": type, **told}


def test_without_a_definition_branches_are_numbered_as_they_begin() -> None:
    entries = [
        entry("ParallelStateStarted", 0),
        entry("PassStateEntered", 1, name="second", input="{}") | {"id": 2},
        entry("PassStateEntered", 1, name="first", input="{}") | {"id": 3},
    ]

    assert [event.frame for event in read_history(entries)] == [(), (1, 0), (1, 1)]


# Single events


@pytest.mark.parametrize(
    "timestamp",
    [
        NOON,
        NOON.astimezone(timezone(timedelta(hours=5))),
        "2026-01-01T13:00:00+01:00",
        "2026-01-01T12:00:00Z",
        NOON.timestamp(),
    ],
    ids=["utc", "local", "text", "zulu", "seconds"],
)
def test_a_time_is_read_as_boto3_the_cli_and_the_wire_have_it(timestamp: Any) -> None:
    read = read_event(entry("ExecutionStarted", input="{}") | {"timestamp": timestamp})

    assert read.timestamp == NOON
    assert read.timestamp.tzinfo is UTC


def test_data_that_was_left_out_reads_as_null() -> None:
    read = read_event(entry("PassStateEntered", name="A"))

    assert read == ev.PassStateEntered(id=1, previous_event_id=0, timestamp=NOON, name="A", input="null")


def test_details_that_are_not_kept_are_dropped() -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:m:1"
    read = read_event(entry("ExecutionStarted", input="{}", inputDetails={"truncated": False}, newer=arn))

    assert read == ev.ExecutionStarted(id=1, previous_event_id=0, timestamp=NOON, input="{}")


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ({"id": 7, "type": "TeapotStarted"}, "event 7 is of an unknown type: 'TeapotStarted'"),
        ({"id": 7, "type": "StateEntered"}, "event 7 is of an unknown type: 'StateEntered'"),
        ({}, "event None is of an unknown type: None"),
        (entry("PassStateEntered", input="{}") | {"id": 7}, "event 7 .PassStateEntered. cannot be read"),
        (
            entry("MapStateStarted", length="many") | {"id": 7},
            "event 7 .MapStateStarted. cannot be read: .*int",
        ),
        (
            {"id": 7, "type": "ExecutionAborted", "timestamp": "noon"},
            "event 7 .ExecutionAborted. cannot be read",
        ),
    ],
)
def test_what_is_no_event_is_refused(broken: dict[str, Any], message: str) -> None:
    with pytest.raises(UnreadableHistory, match=message):
        read_event(broken)


# Recordings of AWS


def recorded() -> list[tuple[Path, dict[str, Any], list[dict[str, Any]]]]:
    """Every recorded history with ids, and the case it belongs to."""
    found = []
    for file in sorted(RECORDINGS.rglob("*.json")):
        case = json.loads(file.read_text())
        for answer in case["expected"].values():
            entries = answer.get("events") if isinstance(answer, dict) else None
            if entries and all(isinstance(each.get("id"), int) for each in entries):
                found.append((file, case, entries))
    return found


def with_texts(entry: dict[str, Any]) -> dict[str, Any]:
    """An entry whose variables are text again, too."""
    assigned = entry.get("stateExitedEventDetails", {}).get("assignedVariables", {})
    assigned |= {name: _text(value) for name, value in assigned.items()}
    return entry


def definitions_of(case: dict[str, Any]) -> Iterator[Definition]:
    for machine in case["state_machines"]:
        source = read_text(json.dumps(machine["definition"]))
        definition, _ = decode(source, machine.get("type", "STANDARD"))
        if definition is not None:
            yield definition


@pytest.mark.skipif(not RECORDINGS.exists(), reason="needs the recordings")
def test_recorded_histories_are_read_as_aws_sent_them_and_their_frames_keep_the_laws() -> None:
    seen = 0
    for file, case, entries in recorded():
        sent = [
            with_texts(_as_sent(each)) for each in entries if set(each) >= {"id", "previousEventId", "type"}
        ]
        read = read_history(sent, next(definitions_of(case), None))
        assert [history_event(event) for event in read] == sent, file.name
        if len(sent) == len(entries):
            seen += 1
            frames_are_begun_where_they_say(read)
            states_are_left_as_they_were_entered(read)
            iterations_end_once(read)
    assert seen > 200
