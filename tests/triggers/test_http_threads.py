"""Blocking calls in threads, asked for by loops that come and go."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sfnb.triggers.http.threads import GivenUp, Threads

SECONDS = 30


def test_a_thread_is_free_again_for_whoever_comes_when_its_call_ends_after_its_loop() -> None:
    threads, go_on = Threads(1), threading.Event()

    async def give_up() -> None:
        async with asyncio.timeout(0.05):
            await threads.run(lambda: go_on.wait(SECONDS))

    async def ask() -> str:
        async with asyncio.timeout(SECONDS):
            return await threads.run(lambda: "answered")

    with pytest.raises(TimeoutError):
        asyncio.run(give_up())
    go_on.set()

    assert asyncio.run(ask()) == "answered"


def test_loops_of_two_threads_share_what_there_is() -> None:
    threads, entered, go_on = Threads(1), threading.Event(), threading.Event()
    answers: list[str] = []

    def hold() -> str:
        entered.set()
        go_on.wait(SECONDS)
        return "first"

    first = threading.Thread(target=lambda: answers.append(asyncio.run(threads.run(hold))))
    first.start()
    assert entered.wait(SECONDS)

    async def ask() -> str:
        async with asyncio.timeout(SECONDS):
            waiting = asyncio.create_task(threads.run(lambda: "second"))
            await asyncio.sleep(0)
            go_on.set()
            return await waiting

    answers.append(asyncio.run(ask()))
    first.join(SECONDS)

    assert sorted(answers) == ["first", "second"]


def test_a_call_that_fails_gives_its_thread_back() -> None:
    threads = Threads(1)

    async def ask() -> None:
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await threads.run(lambda: 1 / 0)

    asyncio.run(asyncio.wait_for(ask(), SECONDS))


def test_a_loop_that_is_about_to_end_waits_for_no_call_and_others_go_on() -> None:
    threads, entered, go_on = Threads(1), threading.Event(), threading.Event()

    def hold() -> str:
        entered.set()
        go_on.wait(SECONDS)
        return "answered"

    async def end() -> None:
        async with asyncio.timeout(SECONDS):
            held = asyncio.create_task(threads.run(hold))
            queued = asyncio.create_task(threads.run(hold))
            await asyncio.to_thread(entered.wait, SECONDS)
            threads.give_up()
            for waiting in (held, queued, threads.run(hold)):
                with pytest.raises(GivenUp):
                    await waiting

    async def ask() -> str:
        async with asyncio.timeout(SECONDS):
            return await threads.run(lambda: "answered")

    asyncio.run(end())
    go_on.set()

    assert asyncio.run(ask()) == "answered"
