"""What others are told of executions."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from machines import single

from sfnb.deliveries.logs import LogFile, batches
from sfnb.deliveries.status_changes import LARGEST_BYTES
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.service.records import Logging, Settings
from sfnb.values import Payload

SOON = 60
ROLE = "arn:aws:iam::123456789012:role/sfn"
PASS = json.dumps(single({"Type": "Pass"}))
FAIL = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}})


class Told:
    """A sink for both."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []

    def write(self, machine: str, groups: Sequence[str], records: Sequence[dict[str, Any]]) -> None:
        self.records += records

    def note(self, changes: Sequence[dict[str, Any]]) -> None:
        self.changes += changes


@pytest.fixture
def told(service: StepFunctions) -> Told:
    told = Told()
    service.log_sinks.append(told)
    return told


def run(service: StepFunctions, text: str, logging: Logging | None = None) -> str:
    """Run a machine to its end. To close the service afterwards tells all that is left to tell."""
    settings = Settings(role_arn=ROLE, logging=logging or Logging())
    machine = service.create_state_machine(name="m", definition=text, settings=settings).record
    live = service.start_execution(machine, Payload({"n": 1}))
    assert live.wait(SOON)
    return live.arn


ALL = Logging(level="ALL", include_data=True, log_groups=("arn:aws:logs:us-east-1:1:log-group:g:*",))


def test_all_events_are_logged_with_their_data(service: StepFunctions, told: Told) -> None:
    arn = run(service, PASS, ALL)
    service.close()

    assert [record["type"] for record in told.records] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert told.records[1]["details"]["input"] == '{"n":1}'
    assert {record["execution_arn"] for record in told.records} == {arn}


def test_data_is_logged_only_where_it_is_asked_for(service: StepFunctions, told: Told) -> None:
    run(service, PASS, Logging(level="ALL", log_groups=ALL.log_groups))
    service.close()

    assert told.records[1]["details"] == {"name": "It"}


def test_a_redriven_execution_is_logged_with_its_count(service: StepFunctions, told: Told) -> None:
    arn = run(service, FAIL, Logging(level="FATAL", log_groups=ALL.log_groups))
    for _ in range(2):
        assert service.redrive_execution(arn).wait(SOON)
    service.close()

    assert [(each["type"], each["redrive_count"]) for each in told.records] == [
        ("ExecutionFailed", "0"),
        ("ExecutionFailed", "1"),
        ("ExecutionFailed", "2"),
    ]


def test_nothing_is_logged_unless_a_machine_asks_for_it(service: StepFunctions, told: Told) -> None:
    run(service, PASS)
    service.close()
    assert told.records == []


def test_records_go_to_pythons_logging_and_to_a_file(
    service: StepFunctions, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    service.log_sinks.append(LogFile(tmp_path / "log.jsonl"))
    with caplog.at_level(logging.INFO, logger="sfnb.executions"):
        run(service, PASS, ALL)
        service.close()

    lines = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["1", "2", "3", "4"]
    assert [json.loads(record.message) for record in caplog.records] == lines


def test_a_sink_that_fails_harms_nobody(service: StepFunctions, caplog: pytest.LogCaptureFixture) -> None:
    class Broken:
        def write(self, *_: object) -> None:
            raise RuntimeError("broken")

    service.log_sinks.insert(0, Broken())
    told = Told()
    service.status_sinks.append(told.note)

    run(service, PASS, ALL)
    service.close()

    assert [change["status"] for change in told.changes] == ["RUNNING", "SUCCEEDED"]
    assert "sfnb deliveries failed, and goes on" in caplog.text


def test_a_machine_in_hand_is_told_to_log(service: StepFunctions, told: Told, tmp_path: Path) -> None:
    one, other = (load_machine(service, json.loads(PASS), name=name) for name in ("one", "other"))
    one.log("FATAL", file=tmp_path / "one.jsonl")
    one.log(file=tmp_path / "one.jsonl", include_data=False)
    other.log("ALL")
    one.run({"n": 1})
    other.run()
    service.close()

    lines = [json.loads(line) for line in (tmp_path / "one.jsonl").read_text().splitlines()]
    assert [line["id"] for line in lines] == ["1", "2", "3", "4"]
    assert lines[1]["details"] == {"name": "It"}
    assert len(told.records) == 8


# Status changes


def test_each_change_of_status_is_told(service: StepFunctions, told: Told) -> None:
    service.status_sinks.append(told.note)
    arn = run(service, FAIL)
    assert service.redrive_execution(arn).wait(SOON)
    service.close()

    assert [(change["status"], change["redriveCount"]) for change in told.changes] == [
        ("RUNNING", 0),
        ("FAILED", 0),
        ("RUNNING", 1),
        ("FAILED", 1),
    ]
    first, failed = told.changes[:2]
    assert (failed["error"], failed["cause"], failed["input"]) == ("E", "c", '{"n":1}')
    assert (first["stopDate"], first["output"], first["outputDetails"]) == (None, None, None)
    assert first["redriveStatusReason"] == "Execution is RUNNING and cannot be redriven"
    assert failed["redriveStatus"] == "REDRIVABLE"
    assert failed["stopDate"] >= failed["startDate"]


def test_large_data_is_left_out_of_an_event(service: StepFunctions, told: Told) -> None:
    service.status_sinks.append(told.note)
    settings = Settings(role_arn=ROLE)
    machine = service.create_state_machine(name="m", definition=PASS, settings=settings).record
    large = Payload("x" * (LARGEST_BYTES - 20))
    assert service.start_execution(machine, large).wait(SOON)
    service.close()

    running, ended = told.changes
    assert running["inputDetails"] == {"included": True}
    assert (ended["input"], ended["inputDetails"]) == (None, {"included": False})
    assert ended["outputDetails"] == {"included": True}


def test_express_executions_change_no_status_that_is_told(service: StepFunctions, told: Told) -> None:
    service.status_sinks.append(told.note)
    settings = Settings(role_arn=ROLE)
    machine = service.create_state_machine(
        name="m", definition=PASS, settings=settings, type="EXPRESS"
    ).record
    service.start_sync_execution(machine, Payload({}))
    service.close()
    assert told.changes == []


def test_cloudwatch_is_given_batches_it_takes() -> None:
    records = [{"event_timestamp": str(2_000 - number), "text": "x" * 1_000} for number in range(2_000)]
    made = batches(records)

    sizes = [sum(len(event["message"]) for event in batch) for batch in made]
    assert max(sizes) < 1_000_000
    moments = [event["timestamp"] for batch in made for event in batch]
    assert moments == sorted(moments)
    assert len(moments) == 2_000
