"""Clocks that stand still, and runs that repeat."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import sfnb
from sfnb.engine.clock import RealClock
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.testing import NEW_YEAR, frozen_clock, repeatable

# All that draws on time or chance: the Context Object, ids, jitter, a retry's pause, a Wait.
RANDOM: dict[str, Any] = {
    "StartAt": "Draw",
    "States": {
        "Draw": {
            "Type": "Pass",
            "Parameters": {
                "id.$": "States.UUID()",
                "n.$": "States.MathRandom(1, 1000000)",
                "at.$": "$$.State.EnteredTime",
            },
            "Next": "Try",
        },
        "Try": {
            "Type": "Task",
            "Resource": "flaky",
            "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 30, "JitterStrategy": "FULL"}],
            "ResultPath": "$.answer",
            "Next": "Year",
        },
        "Year": {"Type": "Wait", "Seconds": 30_000_000, "Next": "Each"},
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.answer",
            "MaxConcurrency": 1,
            "ItemProcessor": {
                "StartAt": "Id",
                "States": {"Id": {"Type": "Pass", "Parameters": {"id.$": "States.UUID()"}, "End": True}},
            },
            "End": True,
        },
    },
}


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = StepFunctions()
    yield service
    service.close()


def run(service: StepFunctions, **options: Any) -> sfnb.Execution:
    calls = iter([True, True, False])

    def flaky(payload: object) -> list[int]:
        print("asked")
        if next(calls):
            raise sfnb.TaskError("Busy")
        return [1, 2, 3]

    machine = load_machine(service, RANDOM, name="draws")
    machine.task(flaky)
    execution = machine.run({"n": 1}, on_output=lambda text: None, **options)
    execution.result()
    return execution


def test_equal_runs_have_equal_logs(service: StepFunctions) -> None:
    first = run(service, clock=frozen_clock(), name="one")
    other = StepFunctions()
    second = run(other, clock=frozen_clock(), name="one")
    other.close()

    assert first.log == second.log
    assert first.history() == second.history()


def test_runs_of_another_name_draw_other_ids(service: StepFunctions) -> None:
    first = run(service, clock=frozen_clock(), name="one")
    second = run(service, clock=frozen_clock(), name="two")

    assert first.output != second.output
    assert [event.type for event in first.log] == [event.type for event in second.log]


def test_a_frozen_clock_moves_by_jumps_alone() -> None:
    clock = frozen_clock()

    assert clock.now() == clock.now() == NEW_YEAR
    clock.jump(NEW_YEAR + timedelta(days=365))
    assert clock.now() == NEW_YEAR + timedelta(days=365)
    clock.jump(NEW_YEAR)
    assert clock.now() == NEW_YEAR + timedelta(days=365)


def test_a_frozen_clock_begins_where_it_is_told(service: StepFunctions) -> None:
    start = datetime(2024, 2, 29, 12, tzinfo=UTC)
    machine = load_machine(
        service,
        {"StartAt": "Day", "States": {"Day": {"Type": "Wait", "Seconds": 86_400, "End": True}}},
    )

    execution = machine.run(clock=frozen_clock(start))

    assert execution.start_date == start
    assert execution.stop_date == start + timedelta(days=1)
    assert {event.timestamp for event in execution.log} == {start, start + timedelta(days=1)}


def test_everything_repeats_inside_of_repeatable(service: StepFunctions) -> None:
    with repeatable(service):
        first = [run(service), run(service)]
    other = StepFunctions()
    with repeatable(other):
        second = [run(other), run(other)]
    other.close()

    assert [execution.name for execution in first] == ["execution-1", "execution-2"]
    assert [execution.log for execution in first] == [execution.log for execution in second]
    assert first[0].start_date == first[1].start_date == NEW_YEAR


def test_repeatable_ends_with_its_block(service: StepFunctions) -> None:
    names = service.names
    with pytest.raises(RuntimeError), repeatable(service):
        raise RuntimeError

    assert service.clock is RealClock
    assert service.names is names


def test_repeatable_can_be_repeated(service: StepFunctions) -> None:
    machine = load_machine(service, RANDOM["States"]["Each"]["ItemProcessor"], name="ids")

    names = []
    for _ in range(2):
        with repeatable(service):
            names += [machine.run().name, machine.run().name]

    assert names == ["execution-1", "execution-2", "execution-3", "execution-4"]


def test_repeatable_is_about_the_service_of_the_package_unless_told() -> None:
    machine = sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="test_testing")

    with repeatable(start=NEW_YEAR + timedelta(days=1)):
        execution = machine.run()

    assert execution.name.startswith("execution-")
    assert execution.start_date == NEW_YEAR + timedelta(days=1)
    assert not machine.run().name.startswith("execution-")
