"""What goes on is kept before whoever asked for it hears so."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from sfnb.engine import events as ev
from sfnb.engine.ports import Append
from sfnb.errors import StoreFault
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore

SOON = 60
FAIL = json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}})


class Gated(MemoryStore):
    """A store whose commits wait at a gate, or fail."""

    durable = True

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.at_gate = threading.Event()
        self.is_full = False

    def append_all(self, appends: Sequence[Append]) -> None:
        self.at_gate.set()
        assert self.gate.wait(SOON)
        if self.is_full:
            raise StoreFault("the disk is full")
        super().append_all(appends)


def failed(service: StepFunctions) -> str:
    execution = load_machine(service, FAIL, name="m").start()
    assert execution.wait(SOON)
    return execution.arn


def test_a_redrive_is_kept_before_it_is_told() -> None:
    store = Gated()
    service = StepFunctions(store=store)
    arn = failed(service)
    store.gate.clear()
    store.at_gate.clear()
    asking = threading.Thread(target=service.redrive_execution, args=(arn,))
    asking.start()

    assert store.at_gate.wait(SOON)
    asking.join(0.05)
    assert asking.is_alive()
    store.gate.set()
    asking.join(SOON)

    assert any(isinstance(event, ev.ExecutionRedriven) for event in store.read(arn))
    service.close()


def test_a_redrive_that_cannot_be_kept_is_refused_and_may_be_tried_again() -> None:
    store = Gated()
    service = StepFunctions(store=store)
    arn = failed(service)
    store.is_full = True
    with pytest.raises(StoreFault, match="the disk is full"):
        service.redrive_execution(arn)

    assert service.describe_execution(arn).status == "FAILED"
    store.is_full = False
    assert service.redrive_execution(arn).wait(SOON)
    assert service.describe_execution(arn).redrive_count == 1
    service.close()


class Turned:
    """A real clock that is moved on by hand."""

    jumps = False
    frozen = False

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def jump(self, moment: datetime) -> None:
        raise AssertionError("it does not jump")


def redriven(service: StepFunctions, arn: str, token: str) -> datetime:
    moment = service.redriven(arn, token)
    assert service.execution(arn).wait(SOON)
    return moment


def test_a_token_of_a_redrive_counts_for_whoever_has_the_log() -> None:
    store, clock = MemoryStore(), Turned()
    with closing(StepFunctions(store=store)) as first:
        arn = failed(first)
        before = redriven(first, arn, "once")
    with closing(StepFunctions(store=store, clock=lambda: clock)) as second:
        assert redriven(second, arn, "once") == before
        clock.ahead = timedelta(minutes=16)
        assert redriven(second, arn, "once") > before
        assert second.describe_execution(arn).redrive_count == 2


def test_ten_tokens_of_an_execution_count() -> None:
    with closing(StepFunctions()) as service:
        arn = failed(service)
        moments = [redriven(service, arn, str(number)) for number in range(11)]

        assert [redriven(service, arn, str(number)) for number in range(1, 11)] == moments[1:]
        assert redriven(service, arn, "0") > moments[-1]
        assert service.describe_execution(arn).redrive_count == 12


def test_a_fork_has_no_tokens_of_what_it_was_forked_from() -> None:
    with closing(StepFunctions()) as service:
        arn = failed(service)
        before = redriven(service, arn, "once")
        redriven_id = next(
            event.id for event in service.store.read(arn) if isinstance(event, ev.ExecutionRedriven)
        )
        fork = service.fork_execution(arn, event_id=redriven_id)
        assert fork.wait(SOON)

        assert redriven(service, fork.arn, "once") > before
