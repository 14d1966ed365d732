from __future__ import annotations

import asyncio
import threading

import pytest
from told import HandClock, MakeCall, Submit, Told

from sfnb.executors import InlineExecutor
from sfnb.executors.context import sleep


@pytest.fixture
def inline() -> InlineExecutor:
    return InlineExecutor()


def test_the_call_is_over_when_submit_returns(inline: InlineExecutor, submit: Submit) -> None:
    _, told = submit(inline, lambda _: threading.get_ident())

    assert told.all == [("succeeded", threading.get_ident())]


def test_an_async_call_is_over_too_where_no_loop_runs(inline: InlineExecutor, submit: Submit) -> None:
    async def nap(_):
        await asyncio.sleep(0)
        return "woke"

    assert submit(inline, nap)[1].all == [("succeeded", "woke")]


def test_an_async_call_goes_on_where_a_loop_runs(inline: InlineExecutor, submit: Submit) -> None:
    async def echo(n):
        await asyncio.sleep(0)
        return n

    async def engine():
        _, told = submit(inline, echo, 3)
        before = told.has_ended
        while not told.has_ended:
            await asyncio.sleep(0)
        return before, told.outcome()

    assert asyncio.run(engine()) == (False, ("succeeded", 3))


def test_a_plain_function_may_sleep_where_a_loop_runs(inline: InlineExecutor, submit: Submit) -> None:
    async def engine():
        return submit(inline, lambda _: sleep(0.001) and None)[1].all

    assert asyncio.run(engine()) == [("succeeded", None)]


def test_a_sleep_takes_real_time_unless_the_clock_wakes_it(
    inline: InlineExecutor, submit: Submit, clock: HandClock
) -> None:
    async def nap(_):
        await sleep(0.001)

    assert submit(inline, lambda _: sleep(0.001) and None)[1].all == [("succeeded", None)]
    assert submit(inline, nap)[1].all == [("succeeded", None)]
    assert clock.timers == []


@pytest.mark.parametrize("asynchronous", [False, True])
def test_an_interrupt_on_the_main_thread_is_reported_and_goes_on(
    inline: InlineExecutor, make_call: MakeCall, asynchronous: bool
) -> None:
    def interrupt(_):
        raise KeyboardInterrupt

    async def interrupt_async(_):
        raise KeyboardInterrupt

    report = Told()
    with pytest.raises(KeyboardInterrupt):
        inline.submit(make_call(interrupt_async if asynchronous else interrupt), report)

    assert report.outcome()[:2] == ("failed", "KeyboardInterrupt")


def test_close_cancels_async_calls(inline: InlineExecutor, submit: Submit) -> None:
    async def wait(_):
        await asyncio.Event().wait()

    async def engine():
        _, told = submit(inline, wait)
        await asyncio.sleep(0)
        inline.close()
        while not told.has_ended:
            await asyncio.sleep(0)
        return told.outcome()[1]

    assert asyncio.run(engine()) == "CancelledError"
