"""Blocking calls in threads of their own: daemons, so that a process that ends waits for none of them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

Result = TypeVar("Result")

LOOK_SECONDS = 0.01
"""How often who waits for a thread looks whether one is free."""


class Threads:
    """At most so many at a time, whatever loop they are asked for by; who comes later waits."""

    def __init__(self, most: int) -> None:
        # None of asyncio's: that belongs to one loop, and what runs longer than it would never be given back.
        self._free = threading.BoundedSemaphore(most)

    async def run(self, call: Callable[[], Result]) -> Result:
        """What `call` returns or raises; who stops waiting leaves it to its end."""
        while not self._free.acquire(blocking=False):
            await asyncio.sleep(LOOK_SECONDS)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()

        def work() -> None:
            try:
                settle = _settled(future, call())
            except Exception as fault:
                settle = _failed(future, fault)
            finally:
                self._free.release()
            with suppress(RuntimeError):  # the loop has been closed: nobody is there to be answered
                loop.call_soon_threadsafe(settle)

        try:
            threading.Thread(target=work, name="sfnb route", daemon=True).start()
        except RuntimeError:  # no more threads
            self._free.release()
            raise
        return await future


def _settled(future: asyncio.Future[Result], result: Result) -> Callable[[], None]:
    return lambda: None if future.done() else future.set_result(result)


def _failed(future: asyncio.Future[Result], fault: Exception) -> Callable[[], None]:
    return lambda: None if future.done() else future.set_exception(fault)
