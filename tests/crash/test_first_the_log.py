"""What kills at random found once, each by itself: what the world is told of is in the log before."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from laws import check_laws
from machines import TREE, single

from sfnb.engine import events as ev
from sfnb.engine.clock import JumpClock
from sfnb.engine.ports import Append
from sfnb.errors import ExecutionOwned
from sfnb.machine import load_machine
from sfnb.service import Live, StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.stores.sqlite import SqliteStore
from sfnb.values import Payload
from tests.crash.shapes import ARN

WAIT_SECONDS = 60
GLANCE_SECONDS = 0.3
CALLBACK = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "Parameters": {"MessageBody.$": "$$.Task.Token"},
}
ACTIVITY = {"Type": "Task", "Resource": f"{ARN}:activity:desk"}


class SlowDisk(MemoryStore):
    """Commits of one kind of event wait until they are let through."""

    durable = True

    def __init__(self, slow: type[ev.Event]) -> None:
        super().__init__()
        self.slow = slow
        self.go = threading.Event()

    def append_all(self, appends: Sequence[Append]) -> None:
        if any(isinstance(event, self.slow) for append in appends for event in append.events):
            assert self.go.wait(WAIT_SECONDS)
        super().append_all(appends)


@contextmanager
def serving(store: MemoryStore) -> Iterator[StepFunctions]:
    service = StepFunctions(store=store)
    service.registry.functions["sqs:sendMessage"] = lambda message: {"MessageId": "1"}
    yield service
    service.close()


def start(service: StepFunctions, tree: TREE, **options: Any) -> Live:
    machine = load_machine(service, tree, name="machine")
    return service.start_execution(machine.record, Payload({}), name="it", **options)


def open_token(service: StepFunctions, live: Live) -> str:
    """The token of a callback that has been submitted."""
    submitted = threading.Event()
    while not any(isinstance(event, ev.TaskSubmitted) for event in service.store.read(live.arn)):
        submitted.wait(0.001)
    (token,) = service.list_task_tokens()
    return token.token


def test_a_callback_is_accepted_when_it_is_committed_and_not_before() -> None:
    store = SlowDisk(ev.TaskSucceeded)
    with serving(store) as service:
        live = start(service, single(CALLBACK))
        token = open_token(service, live)
        answering = threading.Thread(target=service.send_task_success, args=(token, "7"), daemon=True)
        answering.start()
        answering.join(GLANCE_SECONDS)
        assert answering.is_alive()

        store.go.set()
        answering.join(WAIT_SECONDS)
        assert not answering.is_alive()
        assert live.wait(WAIT_SECONDS)


def test_a_worker_is_given_a_task_when_that_is_committed_and_not_before() -> None:
    store = SlowDisk(ev.ActivityStarted)
    with serving(store) as service:
        arn = service.create_activity("desk").arn
        live = start(service, single(ACTIVITY))
        taken: list[Any] = []
        worker = threading.Thread(
            target=lambda: taken.append(service.get_activity_task(arn, "w")), daemon=True
        )
        worker.start()
        worker.join(GLANCE_SECONDS)
        assert not taken

        store.go.set()
        worker.join(WAIT_SECONDS)
        service.send_task_success(taken[0].task_token, "7")
        assert live.wait(WAIT_SECONDS)


def test_no_clock_jumps_over_an_answer_that_is_on_its_way() -> None:
    """The answer is taken by the thread that brings it; the engine hears of it a little later."""
    with serving(MemoryStore()) as service:
        live = start(service, single(CALLBACK), clock=JumpClock(datetime(2026, 1, 1, tzinfo=UTC)))
        token = open_token(service, live)
        run = live.run
        assert run is not None
        answered = threading.Event()

        def look_at_the_clock() -> None:
            assert answered.wait(WAIT_SECONDS)
            run.turn()

        service.engine.post(look_at_the_clock)
        service.send_task_success(token, "7")
        answered.set()
        assert live.wait(WAIT_SECONDS)
        assert isinstance(live.last, ev.ExecutionSucceeded)


NESTED = {"Type": "Wait", "Seconds": 1}
STARTS = {
    "Type": "Task",
    "Resource": "arn:aws:states:::states:startExecution.sync:2",
    "Parameters": {"StateMachineArn": f"{ARN}:stateMachine:nested", "Name": "inner", "Input": {"n": 1}},
}


def cut_logs(nested_ends: bool) -> MemoryStore:
    """What a crash leaves that comes before the task which starts another execution has been answered."""
    with serving(MemoryStore()) as service:
        load_machine(service, single(NESTED), name="nested")
        live = start(service, single(STARTS), clock=JumpClock())
        assert live.wait(WAIT_SECONDS)
        whole = service.store
    cut = MemoryStore()
    for arn in whole.executions():
        log = list(whole.read(arn))
        last = ev.TaskStarted if ":machine:" in arn else ev.WaitStateEntered
        if ":machine:" in arn or not nested_ends:
            log = log[: next(place for place, event in enumerate(log) if isinstance(event, last)) + 1]
        cut.append(arn, log, after=0)
    for machine in (single(NESTED), single(STARTS)):
        cut.keep_definition(load_text(machine))
    return cut


def load_text(tree: TREE) -> str:
    """The text under which a store keeps a definition."""
    service = StepFunctions()
    text = load_machine(service, tree, name="machine").record.source.resolved_text
    service.close()
    return text


@pytest.mark.parametrize("nested_ends", [True, False], ids=["that has ended", "that was interrupted"])
def test_a_task_that_is_repeated_finds_the_execution_that_it_had_started(nested_ends: bool) -> None:
    store = cut_logs(nested_ends)
    with serving(store) as service:
        load_machine(service, single(NESTED), name="nested")
        load_machine(service, single(STARTS), name="machine")
        lives = [service.resume_execution(record.arn) for record in service.interrupted_executions()]
        assert all(live.wait(WAIT_SECONDS) for live in lives)
        assert all(isinstance(live.last, ev.ExecutionSucceeded) for live in lives), lives[0].last
        assert len(store.executions()) == 2


def test_a_name_that_another_task_has_taken_is_refused() -> None:
    with serving(MemoryStore()) as service:
        load_machine(service, single(NESTED), name="nested")
        for name, status in (("one", ev.ExecutionSucceeded), ("two", ev.ExecutionFailed)):
            machine = load_machine(service, single(STARTS), name="machine")
            live = service.start_execution(machine.record, Payload({}), name=name, clock=JumpClock())
            assert live.wait(WAIT_SECONDS)
            assert isinstance(live.last, status)


def test_a_task_that_no_worker_has_taken_may_be_answered_all_the_same() -> None:
    """As by a worker who had taken it before a crash took that back."""
    with serving(MemoryStore()) as service:
        arn = service.create_activity("desk").arn
        live = start(service, single(ACTIVITY))
        while not service.list_task_tokens():
            threading.Event().wait(0.001)
        (token,) = service.list_task_tokens()

        service.send_task_success(token.token, "7")

        assert live.wait(WAIT_SECONDS)
        assert isinstance(live.last, ev.ExecutionSucceeded)
        check_laws(list(service.store.read(live.arn)))
        assert service.get_activity_task(arn, wait_seconds=0) is None


class Overtaken(SqliteStore):
    """Somebody else is quicker: between the reading of a log and the claim to it."""

    meanwhile: Callable[[], None]

    def claim(self, execution: str) -> None:
        self.meanwhile()
        super().claim(execution)


def test_an_execution_that_another_process_has_ended_in_the_meantime_is_left_alone(tmp_path: Path) -> None:
    tree = single({"Type": "Task", "Resource": "work"})
    path = tmp_path / "store.db"
    calls: list[str] = []

    def resume(store: SqliteStore) -> Live:
        service = StepFunctions(store=store)
        closing.callback(service.close)
        service.registry.functions["work"] = lambda payload: calls.append("called")
        return service.resume_execution(f"{ARN}:execution:machine:it")

    with ExitStack() as closing:
        first = StepFunctions(store=SqliteStore(path))
        first.registry.functions["work"] = lambda payload: threading.Event().wait(GLANCE_SECONDS)
        start(first, tree)
        first.close()
        overtaken = Overtaken(path)
        overtaken.meanwhile = lambda: ended.append(resume(SqliteStore(path)).wait(WAIT_SECONDS))
        ended: list[bool] = []
        with pytest.raises(ExecutionOwned, match="in the meantime"):
            resume(overtaken)
        assert ended == [True]
        assert calls == ["called"]
