"""The records that go to CloudWatch Logs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from machines import frozen, load

from sfnb.engine.log_records import Level, log_records
from sfnb.service import StepFunctions

TREE = {
    "StartAt": "P",
    "States": {"P": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Fail", "Error": "E", "Cause": "why"}},
}
EVERY = ["ExecutionStarted", "PassStateEntered", "PassStateExited", "FailStateEntered", "ExecutionFailed"]


@pytest.mark.parametrize(
    ("level", "types"), [("ALL", EVERY), ("ERROR", EVERY[3:]), ("FATAL", EVERY[4:]), ("OFF", [])]
)
def test_a_level_logs_its_events(service: StepFunctions, level: Level, types: Sequence[str]) -> None:
    execution = load(service, TREE).run({"n": 1}, clock=frozen())

    records = list(log_records(execution.log, execution.arn, level, include_data=True))

    assert [record["type"] for record in records] == types


def test_a_record_holds_text_and_shows_data_only_if_asked(service: StepFunctions) -> None:
    execution = load(service, TREE).run({"n": 1}, clock=frozen())
    (bare, *_) = log_records(execution.log[1:], execution.arn, "ALL", include_data=False)
    (full, *_) = log_records(execution.log[1:], execution.arn, "ALL", include_data=True)

    assert bare == {
        "id": "2",
        "type": "PassStateEntered",
        "details": {"name": "P"},
        "previous_event_id": "0",
        "event_timestamp": "1767268800000",
        "execution_arn": execution.arn,
        "redrive_count": "0",
    }
    assert full["details"] == {"name": "P", "input": '{"n":1}', "inputDetails": {"truncated": False}}


def test_records_count_the_redrives_before_them(service: StepFunctions) -> None:
    execution = load(service, TREE).run({"n": 1}, clock=frozen())
    for _ in range(2):
        assert service.redrive_execution(execution.arn).wait(20)

    records = log_records(
        service.get_execution_history(execution.arn), execution.arn, "ALL", include_data=False
    )

    counts = [(record["type"], record["redrive_count"]) for record in records]
    assert [count for kind, count in counts if kind == "ExecutionFailed"] == ["0", "1", "2"]
    assert [count for kind, count in counts if kind == "ExecutionRedriven"] == ["1", "2"]
    assert counts[0] == ("ExecutionStarted", "0")
