"""Processes are killed while events come: each event that was accepted has its execution, and only one."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from sfnb.service import StepFunctions
from sfnb.triggers.kept import DELIVERY
from tests.crash.listener import open_service
from tests.triggers.by_hand import until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is killed here")
EACH = 400


def kill_one(store: Path, first: int, seconds: float | None, after: int | None = None) -> list[int]:
    """The numbers of the events that it said it had accepted.

    seconds: how long it lives once the first was accepted. after: how many it accepts before it is killed.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.listener", str(store), str(first), str(EACH)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    told: list[int] = []
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "done\n":
                break
            told.append(int(line))
            if len(told) == 1 and seconds is not None:
                threading.Timer(seconds, process.kill).start()
            if len(told) == after:
                process.kill()
    return told


def begun(service: StepFunctions) -> Counter[int]:
    """How often each event has an execution, once nothing is left to be passed on."""
    assert service.triggers.deliverer.wait(60)
    until(lambda: service.store.resources(DELIVERY) == [])
    found: Counter[int] = Counter()
    for record in service.list_executions():
        execution = service.describe_execution(record.arn)
        assert execution.input is not None
        found[int(execution.input[5:-1])] += 1
    return found


def check(store: Path, accepted: list[int]) -> None:
    service = open_service(store)
    found = begun(service)
    assert [number for number in accepted if number not in found] == []
    assert [number for number, times in found.items() if times > 1] == []
    assert service.triggers.deliverer.dead.all() == []
    service.close()


@pytest.mark.parametrize("after", [1, 25])
def test_what_was_accepted_before_the_end_is_started_after_it(tmp_path: Path, after: int) -> None:
    accepted = kill_one(tmp_path / "store.db", 0, None, after=after)

    assert after <= len(accepted) < EACH
    check(tmp_path / "store.db", accepted)


def fight(store: Path, rounds: int, seed: int) -> None:
    """Raises AssertionError, which names the seed."""
    chance = random.Random(seed)  # when to kill, told where it fails
    accepted: list[int] = []
    for number in range(rounds):
        accepted += kill_one(store, number * EACH, chance.uniform(0, 0.6))
    try:
        check(store, accepted)
    except AssertionError as fault:
        raise AssertionError(f"seed {seed}, {len(accepted)} accepted: {fault}") from fault


def test_no_event_is_lost_or_doubled_however_often_its_process_is_killed(tmp_path: Path) -> None:
    fight(tmp_path / "store.db", rounds=4, seed=time.time_ns())


@pytest.mark.soak
@pytest.mark.parametrize("campaign", range(12))
def test_hundreds_of_kills_under_load(tmp_path: Path, campaign: int) -> None:
    fight(tmp_path / f"{campaign}.db", rounds=25, seed=time.time_ns() + campaign)
