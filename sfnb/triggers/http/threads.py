"""Blocking calls in threads of their own: daemons, so that a process that ends waits for none of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar
from weakref import WeakSet

Result = TypeVar("Result")

LOOK_SECONDS = 0.01
"""How often who waits for a thread looks whether one is free."""


class GivenUp(Exception):
    """The loop is about to end: whoever waits in it gets no result."""


class Threads:
    """At most so many at a time, whatever loop they are asked for by; who comes later waits."""

    def __init__(self, most: int) -> None:
        # None of asyncio's: that belongs to one loop, and what runs longer than it would never be given back.
        self._free = threading.BoundedSemaphore(most)
        self._waiting: set[asyncio.Future[Any]] = set()
        self._ending: WeakSet[asyncio.AbstractEventLoop] = WeakSet()

    async def run(self, call: Callable[[], Result]) -> Result:
        """What `call` returns or raises; who stops waiting leaves it to its end. Raises GivenUp."""
        loop = asyncio.get_running_loop()
        self._check_going_on(loop)
        while not self._free.acquire(blocking=False):
            await asyncio.sleep(LOOK_SECONDS)
            self._check_going_on(loop)
        future: asyncio.Future[Result] = loop.create_future()
        self._waiting.add(future)
        try:
            self._start(call, future)
            return await future
        finally:
            self._waiting.discard(future)

    def give_up(self) -> None:
        """Let nobody of the loop that runs wait any longer, nor from now on."""
        loop = asyncio.get_running_loop()
        self._ending.add(loop)
        for future in list(self._waiting):
            if future.get_loop() is loop and not future.done():
                future.set_exception(GivenUp())

    def _check_going_on(self, loop: asyncio.AbstractEventLoop) -> None:
        if loop in self._ending:
            raise GivenUp

    def _start(self, call: Callable[[], Result], future: asyncio.Future[Result]) -> None:
        def work() -> None:
            try:
                settle = _settled(future, call())
            except Exception as fault:
                settle = _failed(future, fault)
            finally:
                self._free.release()
            with suppress(RuntimeError):  # the loop has been closed: nobody is there to be answered
                future.get_loop().call_soon_threadsafe(settle)

        try:
            threading.Thread(target=work, name="sfnb route", daemon=True).start()
        except RuntimeError:  # no more threads
            self._free.release()
            raise


def _settled(future: asyncio.Future[Result], result: Result) -> Callable[[], None]:
    return lambda: None if future.done() else future.set_result(result)


def _failed(future: asyncio.Future[Result], fault: Exception) -> Callable[[], None]:
    return lambda: None if future.done() else future.set_exception(fault)
