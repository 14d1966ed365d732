from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator

import pytest
from told import LONG, HandClock, Submit

from sfnb.executors import ThreadExecutor
from sfnb.executors.context import cancelled, heartbeat, sleep


@pytest.fixture
def threads() -> Iterator[ThreadExecutor]:
    executor = ThreadExecutor()
    yield executor
    executor.close(LONG)


def test_outside_any_task_nobody_is_cancelled_and_a_heartbeat_is_nothing() -> None:
    assert cancelled() is False
    assert heartbeat() is None


def test_sleep_outside_any_task_is_times() -> None:
    sleep(0)

    with pytest.raises(ValueError, match="the time to sleep is -1 seconds, must not be negative"):
        sleep(-1)


def test_sleep_outside_any_task_is_asyncios_where_it_is_awaited() -> None:
    async def turns():
        order = []

        async def other():
            order.append("other")

        task = asyncio.create_task(other())
        await sleep(0.001)
        order.append("self")
        await task
        return order

    assert asyncio.run(turns()) == ["other", "self"]


def test_a_plain_function_blocks_though_a_loop_runs() -> None:
    """As in a notebook cell, where one always does."""

    def plain():
        return sleep(0)

    async def cell():
        slept = plain()
        await slept  # which is over
        return asyncio.iscoroutine(slept)

    assert asyncio.run(cell()) is False


def test_sleeps_may_be_gathered_and_made_tasks(
    threads: ThreadExecutor, submit: Submit, clock: HandClock
) -> None:
    async def naps(_):
        await asyncio.gather(*(sleep(n) for n in (1, 2)), *[sleep(n) for n in (3,)])
        await asyncio.create_task(sleep(4))

    _, told = submit(threads, naps)
    for _ in range(3):
        assert clock.waits.acquire(timeout=LONG)
    clock.move(3)
    assert clock.waits.acquire(timeout=LONG)
    clock.move(4)

    assert told.outcome() == ("succeeded", None)


def test_a_plain_function_of_an_async_task_must_not_block_the_loop(
    threads: ThreadExecutor, submit: Submit
) -> None:
    def pause():
        sleep(1)

    async def task(_):
        pause()

    assert submit(threads, task)[1].outcome()[1:3] == (
        "RuntimeError",
        "sfnb.sleep() in a plain function of an async task would stop every other task: "
        'make the function "async def" and await sfnb.sleep()',
    )


def test_a_thread_that_an_async_task_starts_may_block(
    threads: ThreadExecutor, submit: Submit, clock: HandClock
) -> None:
    async def task(_):
        await asyncio.to_thread(sleep, 5)

    _, told = submit(threads, task)
    assert clock.waits.acquire(timeout=LONG)
    clock.move(5)

    assert told.outcome() == ("succeeded", None)


def test_a_plain_task_may_run_a_loop_of_its_own(
    threads: ThreadExecutor, submit: Submit, clock: HandClock
) -> None:
    async def nap():
        await sleep(5)

    handle, told = submit(threads, lambda _: asyncio.run(nap()))
    assert clock.waits.acquire(timeout=LONG)
    handle.cancel()

    assert told.outcome()[1] == "TaskCancelled"


def test_calls_know_only_themselves(threads: ThreadExecutor, submit: Submit) -> None:
    barrier = threading.Barrier(2, timeout=LONG)

    def ask(_):
        barrier.wait()
        heartbeat()
        barrier.wait()
        return cancelled()

    first, told_first = submit(threads, ask)
    first.cancel()
    _, told_second = submit(threads, ask)

    assert told_second.outcome() == ("succeeded", False)
    assert told_first.outcome() == ("succeeded", True)
    assert told_first.all.count(("heartbeat",)) == 1
