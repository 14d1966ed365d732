"""Events as GetExecutionHistory shows them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.history import history, history_event

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RECORDINGS = Path(__file__).parents[3] / "shared" / "parity" / "cases"


def test_an_input_says_that_it_was_not_cut() -> None:
    event = ev.PassStateEntered(id=2, previous_event_id=0, timestamp=NOON, name="A", input='{"n":1}')

    assert history_event(event) == {
        "timestamp": NOON,
        "type": "PassStateEntered",
        "id": 2,
        "previousEventId": 0,
        "stateEnteredEventDetails": {
            "name": "A",
            "input": '{"n":1}',
            "inputDetails": {"truncated": False},
        },
    }


def test_what_is_not_set_is_left_out() -> None:
    event = ev.TaskScheduled(
        id=3,
        previous_event_id=2,
        timestamp=NOON,
        resource_type="lambda",
        resource="invoke",
        region="us-east-1",
        parameters="{}",
        timeout_in_seconds=5,
        task_credentials={"roleArn": "arn:aws:iam::123456789012:role/r"},
    )

    assert history_event(event)["taskScheduledEventDetails"] == {
        "resourceType": "lambda",
        "resource": "invoke",
        "region": "us-east-1",
        "parameters": "{}",
        "timeoutInSeconds": 5,
        "taskCredentials": {"roleArn": "arn:aws:iam::123456789012:role/r"},
    }


def test_a_zero_is_set() -> None:
    event = ev.MapStateStarted(id=3, previous_event_id=2, timestamp=NOON, length=0)

    assert history_event(event)["mapStateStartedEventDetails"] == {"length": 0}


def test_an_iteration_has_the_name_of_its_map_and_an_index() -> None:
    event = ev.MapIterationStarted(
        id=4, previous_event_id=3, timestamp=NOON, frame=(3, 0), name="Each", index=0
    )

    assert history_event(event)["mapIterationStartedEventDetails"] == {"name": "Each", "index": 0}


def test_a_failure_of_which_nothing_is_known_keeps_empty_details() -> None:
    event = ev.ExecutionFailed(id=3, previous_event_id=2, timestamp=NOON)

    assert history_event(event)["executionFailedEventDetails"] == {}


def test_an_event_without_details_in_the_api_has_none() -> None:
    event = ev.LambdaFunctionStarted(id=4, previous_event_id=3, timestamp=NOON)

    assert set(history_event(event)) == {"timestamp", "type", "id", "previousEventId"}


def test_facts_are_not_history() -> None:
    started = ev.ExecutionStarted(id=1, previous_event_id=0, timestamp=NOON, input="{}")
    printed = facts.TaskPrinted(id=0, previous_event_id=1, timestamp=NOON, text="hello")

    assert [entry["id"] for entry in history([started, printed])] == [1]


def _text(value: Any) -> Any:
    return value if isinstance(value, str) else json.dumps(value)


def _as_sent(entry: dict[str, Any]) -> dict[str, Any]:
    """A recorded entry with its payloads as text again, which the recording has parsed."""
    sent = {**entry, "timestamp": NOON}
    for key, details in entry.items():
        if key.endswith("EventDetails"):
            texts = {"input", "output", "parameters", "cause"} & set(details)
            sent[key] = {**details, **{name: _text(details[name]) for name in texts}}
    return sent


def _event(entry: dict[str, Any]) -> ev.Event | None:
    """None where the recording has an event or a field that the engine does not know."""
    kind = getattr(ev, entry["type"], None)
    if kind is None:
        return None
    [details] = [value for key, value in entry.items() if key.endswith("EventDetails")] or [{}]
    fields = {"".join(f"_{c.lower()}" if c.isupper() else c for c in key): v for key, v in details.items()}
    fields = {key: value for key, value in fields.items() if not key.endswith("_details")}
    if not set(fields) <= set(kind.__struct_fields__):
        return None
    event: ev.Event = kind(
        id=entry["id"], previous_event_id=entry["previousEventId"], timestamp=entry["timestamp"], **fields
    )
    return event


@pytest.mark.skipif(not RECORDINGS.exists(), reason="needs the recordings")
def test_every_recorded_event_comes_back_as_aws_sent_it() -> None:
    seen = 0
    for file in sorted(RECORDINGS.rglob("*.json")):
        for answer in json.loads(file.read_text())["expected"].values():
            entries = answer.get("events", []) if isinstance(answer, dict) else []
            for entry in entries:
                if "previousEventId" not in entry:
                    continue
                sent = _as_sent(entry)
                event = _event(sent)
                if event is not None:
                    seen += 1
                    assert history_event(event) == sent, file.name
    assert seen > 1000
