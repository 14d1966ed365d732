"""When what runs have written is committed."""

from __future__ import annotations

from typing import Any

import pytest
from machines import distributed, frozen, load, single
from test_laws import serving

import sfnb
from sfnb.engine import events as ev
from sfnb.engine import journal

TASK = {"T": {"Type": "Task", "Resource": "work", "End": True}}


def fail(_: Any) -> None:
    raise sfnb.TaskError("Broken")


def logs_of_a_map_run() -> dict[str, list[ev.Event]]:
    """Of more children than are started in one turn, the first of which ends the map run."""
    with serving("inline") as service:
        machine = load(service, single(distributed(TASK)), work=fail)
        execution = machine.start(list(range(60)), name="it", clock=frozen())
        assert execution.wait(60)
        return {arn: list(service.store.read(arn)) for arn in service.store.executions()}


def test_on_a_frozen_clock_equal_runs_make_equal_logs_however_busy_the_machine_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal, "LONGEST_SECONDS", 3600.0)
    at_leisure = logs_of_a_map_run()
    monkeypatch.setattr(journal, "LONGEST_SECONDS", -1.0)  # every turn takes too long

    assert logs_of_a_map_run() == at_leisure
