from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import Iterator
from contextvars import ContextVar

import pytest
from told import LONG, HandClock, Submit

from sfnb.executors import ThreadExecutor
from sfnb.executors.context import TaskCancelled, cancelled, sleep
from sfnb.values import Json


@pytest.fixture
def threads() -> Iterator[ThreadExecutor]:
    executor = ThreadExecutor()
    yield executor
    executor.close(LONG)


@pytest.fixture
def single() -> Iterator[ThreadExecutor]:
    """An executor with one thread."""
    executor = ThreadExecutor(workers=1)
    yield executor
    executor.close(LONG)


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that runs in a thread of its own, as the engine's does."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield loop
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def on_loop(loop: asyncio.AbstractEventLoop) -> Iterator[ThreadExecutor]:
    executor = ThreadExecutor(loop=lambda: loop)
    yield executor
    executor.close(LONG)


class Gate:
    """A task that waits until it is let go, whatever it is told."""

    def __init__(self) -> None:
        self.reached = threading.Event()
        self.open = threading.Event()

    def __call__(self, answer: Json) -> Json:
        self.reached.set()
        assert self.open.wait(LONG)
        return answer


def sfnb_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("sfnb-task")]


def test_forty_calls_run_at_the_same_time(threads: ThreadExecutor, submit: Submit) -> None:
    barrier = threading.Barrier(40, timeout=LONG)

    reports = [submit(threads, lambda _: barrier.wait() >= 0)[1] for _ in range(40)]

    assert {told.outcome() for told in reports} == {("succeeded", True)}


def test_sixty_four_calls_run_at_the_same_time_and_no_more(threads: ThreadExecutor, submit: Submit) -> None:
    barrier = threading.Barrier(64, timeout=LONG)

    reports = [submit(threads, lambda _: barrier.wait() >= 0)[1] for _ in range(192)]

    assert {told.outcome() for told in reports} == {("succeeded", True)}
    assert len(sfnb_threads()) == 64


def test_threads_are_daemons_with_a_name(threads: ThreadExecutor, submit: Submit) -> None:
    def who(_):
        thread = threading.current_thread()
        return [thread.name, thread.daemon]

    assert submit(threads, who)[1].outcome() == ("succeeded", ["sfnb-task-1", True])


def test_threads_are_used_again(threads: ThreadExecutor, submit: Submit) -> None:
    names = {submit(threads, lambda _: threading.current_thread().name)[1].outcome() for _ in range(200)}

    assert len(names) <= 2  # the second, when the first has reported and is not back yet


def test_a_call_waits_for_its_turn_when_all_threads_are_busy(single: ThreadExecutor, submit: Submit) -> None:
    gate = Gate()
    _, first = submit(single, gate, 1)
    _, second = submit(single, lambda _: 2)
    assert gate.reached.wait(LONG)
    assert not second.has_ended

    gate.open.set()

    assert (first.outcome(), second.outcome()) == (("succeeded", 1), ("succeeded", 2))


def test_a_cancelled_call_gives_its_thread_up_and_still_reports(
    single: ThreadExecutor, submit: Submit
) -> None:
    gate = Gate()
    handle, late = submit(single, gate, "late")
    _, waiting = submit(single, lambda _: threading.current_thread().name)
    assert gate.reached.wait(LONG)

    handle.cancel()
    handle.cancel()

    assert waiting.outcome() == ("succeeded", "sfnb-task-2")
    lost = next(thread for thread in sfnb_threads() if thread.name == "sfnb-task-1 (lost)")
    gate.open.set()
    assert late.outcome() == ("succeeded", "late")
    lost.join(LONG)
    assert not lost.is_alive()


def test_lost_threads_do_not_count(single: ThreadExecutor, submit: Submit) -> None:
    gates = [Gate() for _ in range(5)]
    reports = []
    for gate in gates:
        handle, told = submit(single, gate)
        assert gate.reached.wait(LONG)
        handle.cancel()
        reports.append(told)

    assert submit(single, lambda _: "runs")[1].outcome() == ("succeeded", "runs")

    for gate, told in zip(gates, reports, strict=True):
        gate.open.set()
        assert told.outcome() == ("succeeded", None)


def test_a_call_cancelled_in_the_queue_never_begins(single: ThreadExecutor, submit: Submit) -> None:
    gate, begun = Gate(), []
    _, first = submit(single, gate)
    handle, second = submit(single, begun.append)
    assert gate.reached.wait(LONG)

    handle.cancel()
    handle.cancel()

    assert second.outcome() == ("failed", "TaskCancelled", "cancelled before it began", [])
    gate.open.set()
    first.outcome()
    assert submit(single, lambda _: 3)[1].outcome() == ("succeeded", 3)
    assert begun == []


def test_cancelling_a_call_that_has_ended_changes_nothing(single: ThreadExecutor, submit: Submit) -> None:
    handle, told = submit(single, lambda _: 1)
    told.outcome()
    submit(single, lambda _: 1)[1].outcome()  # the thread has left the first behind

    handle.cancel()

    assert submit(single, lambda _: threading.current_thread().name)[1].outcome()[1] == "sfnb-task-1"


def test_a_task_can_see_that_it_is_cancelled(threads: ThreadExecutor, submit: Submit) -> None:
    reached = threading.Event()

    def work(_):
        reached.set()
        while not cancelled():
            threading.Event().wait(0.001)
        return "stopped"

    handle, told = submit(threads, work)
    assert reached.wait(LONG)
    handle.cancel()

    assert told.outcome() == ("succeeded", "stopped")


def test_sleep_ends_when_the_clock_says_so(threads: ThreadExecutor, submit: Submit, clock: HandClock) -> None:
    _, told = submit(threads, lambda _: sleep(60) and None)
    assert clock.waits.acquire(timeout=LONG)
    clock.move(59)
    assert not told.has_ended

    clock.move(1)

    assert told.outcome() == ("succeeded", None)
    assert clock.timers == []


def test_cancelling_ends_a_sleep(threads: ThreadExecutor, submit: Submit, clock: HandClock) -> None:
    handle, told = submit(threads, lambda _: sleep(60) and None, name="nap")
    assert clock.waits.acquire(timeout=LONG)

    handle.cancel()

    assert told.outcome()[:3] == ("failed", "TaskCancelled", "nobody waits for nap any more")
    assert clock.timers == []


def test_a_cancelled_task_cannot_sleep_any_more(
    threads: ThreadExecutor, submit: Submit, clock: HandClock
) -> None:
    gate, caught = Gate(), []

    def stubborn(_):
        gate(None)
        for _ in range(2):
            try:
                sleep(60)
            except TaskCancelled as error:
                caught.append(str(error))

    handle, told = submit(threads, stubborn)
    assert gate.reached.wait(LONG)
    handle.cancel()
    gate.open.set()

    assert told.outcome() == ("succeeded", None)
    assert len(caught) == 2


def test_a_keyboard_interrupt_in_a_thread_is_the_tasks_failure(
    single: ThreadExecutor, submit: Submit
) -> None:
    def interrupt(_):
        raise KeyboardInterrupt

    assert submit(single, interrupt)[1].outcome()[1] == "KeyboardInterrupt"
    assert submit(single, lambda _: threading.current_thread().name)[1].outcome()[1] == "sfnb-task-1"


def test_no_thread_is_left_after_close(submit: Submit) -> None:
    before = set(threading.enumerate())
    executor = ThreadExecutor()
    barrier = threading.Barrier(10, timeout=LONG)
    for told in [submit(executor, lambda _: barrier.wait() >= 0)[1] for _ in range(10)]:
        told.outcome()

    executor.close(LONG)

    assert set(threading.enumerate()) <= before


def test_close_cancels_what_runs_and_what_waits(
    single: ThreadExecutor, submit: Submit, clock: HandClock
) -> None:
    _, first = submit(single, lambda _: sleep(60) and None)
    _, second = submit(single, lambda _: 2)
    assert clock.waits.acquire(timeout=LONG)

    single.close(LONG)

    assert first.outcome()[1] == "TaskCancelled"
    assert second.outcome() == ("failed", "TaskCancelled", "cancelled before it began", [])
    with pytest.raises(RuntimeError, match="the executor is closed"):
        submit(single, lambda _: 3)


def test_close_does_not_wait_for_a_task_that_hangs(single: ThreadExecutor, submit: Submit) -> None:
    gate = Gate()
    _, told = submit(single, gate, "late")
    assert gate.reached.wait(LONG)

    single.close(grace_seconds=0)

    assert not told.has_ended
    gate.open.set()
    assert told.outcome() == ("succeeded", "late")


def test_a_task_may_close_its_own_executor(single: ThreadExecutor, submit: Submit) -> None:
    _, told = submit(single, lambda _: single.close())

    assert told.outcome() == ("succeeded", None)


def test_idle_threads_end_after_a_while(submit: Submit) -> None:
    executor = ThreadExecutor(idle_seconds=0.001)
    barrier = threading.Barrier(5, timeout=LONG)
    for told in [submit(executor, lambda _: barrier.wait() >= 0)[1] for _ in range(5)]:
        told.outcome()

    for thread in sfnb_threads():
        thread.join(LONG)

    assert sfnb_threads() == []
    assert submit(executor, lambda _: "back")[1].outcome() == ("succeeded", "back")
    executor.close(LONG)


def test_threads_that_come_and_go_lose_no_call(submit: Submit) -> None:
    executor = ThreadExecutor(workers=4, idle_seconds=0.0)
    for _ in range(30):
        reports = [submit(executor, lambda n: n, n)[1] for n in range(20)]
        assert [told.outcome()[1] for told in reports] == list(range(20))
    executor.close(LONG)


def test_the_threads_that_the_system_gives_do_all_the_work(
    threads: ThreadExecutor, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    start, started = threading.Thread.start, []

    def start_two(thread: threading.Thread) -> None:
        if len(started) == 2:
            raise RuntimeError("can't start new thread")
        started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_two)
    barrier = threading.Barrier(2, timeout=LONG)

    reports = [submit(threads, lambda _: barrier.wait() >= 0)[1] for _ in range(10)]

    assert {told.outcome() for told in reports} == {("succeeded", True)}


def test_an_idle_thread_keeps_nothing_of_its_last_call_alive(single: ThreadExecutor, submit: Submit) -> None:
    def task(_):
        return None

    gone = weakref.ref(task)
    handle, told = submit(single, task)
    told.outcome()
    submit(single, lambda _: None)[1].outcome()
    del task, handle
    gc.collect()

    assert gone() is None


def test_a_task_sees_the_context_of_who_submits_it_and_changes_its_own(
    single: ThreadExecutor, submit: Submit
) -> None:
    cell = ContextVar("cell", default=0)
    cell.set(7)

    def read_and_write(_):
        seen = cell.get()
        cell.set(seen + 1)
        return seen

    assert [submit(single, read_and_write)[1].outcome()[1] for _ in range(2)] == [7, 7]
    assert cell.get() == 7


# Async functions


def test_async_functions_run_on_the_given_loop(
    on_loop: ThreadExecutor, loop: asyncio.AbstractEventLoop, submit: Submit
) -> None:
    async def where(_):
        return asyncio.get_running_loop() is loop

    assert submit(on_loop, where)[1].outcome() == ("succeeded", True)


def test_sync_functions_run_in_threads_beside_the_loop(on_loop: ThreadExecutor, submit: Submit) -> None:
    gate = Gate()

    async def opens(_):
        gate.open.set()

    _, blocking = submit(on_loop, gate, "opened")
    assert gate.reached.wait(LONG)
    submit(on_loop, opens)[1].outcome()

    assert blocking.outcome() == ("succeeded", "opened")


def test_async_functions_may_be_submitted_on_the_loop_itself(
    on_loop: ThreadExecutor, loop: asyncio.AbstractEventLoop, submit: Submit
) -> None:
    async def echo(n):
        await asyncio.sleep(0)
        return n

    reports = []
    loop.call_soon_threadsafe(lambda: reports.extend(submit(on_loop, echo, n)[1] for n in range(3)))
    submit(on_loop, echo)[1].outcome()

    assert [told.outcome()[1] for told in reports] == [0, 1, 2]


def test_hundreds_of_async_calls_wait_at_the_same_time(
    on_loop: ThreadExecutor, submit: Submit, clock: HandClock
) -> None:
    async def nap(n):
        await sleep(60)
        return n

    reports = [submit(on_loop, nap, n)[1] for n in range(300)]
    for _ in range(300):
        assert clock.waits.acquire(timeout=LONG)
    clock.move(60)

    assert [told.outcome()[1] for told in reports] == list(range(300))


@pytest.mark.parametrize("own_loop", [False, True])
def test_cancelling_an_async_call_cancels_its_task(
    threads: ThreadExecutor, on_loop: ThreadExecutor, submit: Submit, own_loop: bool
) -> None:
    reached, cleaned_up = threading.Event(), []

    async def wait(_):
        reached.set()
        try:
            await asyncio.Event().wait()
        finally:
            cleaned_up.append(cancelled())

    handle, told = submit(threads if own_loop else on_loop, wait)
    assert reached.wait(LONG)
    handle.cancel()

    assert told.outcome()[:2] == ("failed", "CancelledError")
    assert cleaned_up == [True]


def test_cancelling_ends_an_async_sleep(on_loop: ThreadExecutor, submit: Submit, clock: HandClock) -> None:
    async def nap(_):
        await sleep(60)

    handle, told = submit(on_loop, nap)
    assert clock.waits.acquire(timeout=LONG)
    handle.cancel()

    assert told.outcome()[1] in ("CancelledError", "TaskCancelled")
    assert clock.timers == []


def test_an_async_call_cancelled_before_it_began_is_reported(
    on_loop: ThreadExecutor, loop: asyncio.AbstractEventLoop, submit: Submit
) -> None:
    begun, reports = [], []

    async def begin(_):
        begun.append(True)

    def submit_and_cancel():
        handle, told = submit(on_loop, begin)
        handle.cancel()
        reports.append(told)

    loop.call_soon_threadsafe(submit_and_cancel)
    submit(on_loop, lambda _: None)[1].outcome()
    submit(on_loop, begin)[1].outcome()

    assert reports[0].outcome() == ("failed", "CancelledError", "cancelled before it began", [])
    assert begun == [True]


def test_an_async_task_that_ignores_its_cancellation_still_answers(
    on_loop: ThreadExecutor, submit: Submit
) -> None:
    reached = threading.Event()

    async def stubborn(_):
        reached.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return "finished"

    handle, told = submit(on_loop, stubborn)
    assert reached.wait(LONG)
    handle.cancel()

    assert told.outcome() == ("succeeded", "finished")


def test_close_cancels_async_calls_and_waits_for_them(on_loop: ThreadExecutor, submit: Submit) -> None:
    async def wait(_):
        await asyncio.Event().wait()

    reports = [submit(on_loop, wait)[1] for _ in range(3)]

    on_loop.close(LONG)

    assert all(told.has_ended for told in reports)


def test_an_async_call_lives_though_nobody_holds_its_handle(on_loop: ThreadExecutor, submit: Submit) -> None:
    gates = []

    async def wait(_):
        gates.append(asyncio.get_running_loop().create_future())
        await gates[-1]

    async def collect(_):
        gc.collect()
        gate = gates.pop()
        gate.set_result(None)

    _, told = submit(on_loop, wait)
    submit(on_loop, collect)[1].outcome()

    assert told.outcome() == ("succeeded", None)


def test_system_exit_on_the_loop_does_not_stop_it(
    on_loop: ThreadExecutor, loop: asyncio.AbstractEventLoop, submit: Submit
) -> None:
    async def leave(_):
        raise SystemExit(1)

    async def interrupt(_):
        raise KeyboardInterrupt

    assert submit(on_loop, leave)[1].outcome()[1] == "SystemExit"
    assert submit(on_loop, interrupt)[1].outcome()[1] == "KeyboardInterrupt"
    assert loop.is_running()
