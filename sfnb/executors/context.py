"""What a task's own code may ask: to sleep, to show that it lives, whether anybody still waits.

A ContextVar holds the call under way, so these are plain functions; outside any task they do what
their names say to whoever calls them, and a task function stays an ordinary function.

`sleep` serves two kinds of caller. In a plain function it blocks, in an `async def` it must be
awaited; which it is shows in the calling frame. A running loop alone would not tell: a notebook
cell has one as well, and so has a plain function that an engine calls inside its loop.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from inspect import CO_ASYNC_GENERATOR, CO_COROUTINE
from types import FrameType

from sfnb.engine.ports import Call, Report
from sfnb.errors import SfnbError


class TaskCancelled(SfnbError):
    """Nobody waits for this task any more: its state timed out, or the execution was stopped."""


class Running:
    """A call under way; also the least of Handles.

    is_async: its function is an `async def`.
    alone: nothing else happens while it runs, so no clock can wake it: it sleeps in real time.
    answered: its outcome has been reported.
    """

    __slots__ = ("_lock", "_on_cancel", "alone", "answered", "call", "cancelled", "is_async", "report")

    def __init__(self, call: Call, report: Report, *, is_async: bool, alone: bool = False) -> None:
        self.call = call
        self.report = report
        self.is_async = is_async
        self.alone = alone
        self.answered = False
        self.cancelled = False
        self._lock = threading.Lock()
        self._on_cancel: list[Callable[[], None]] = []

    def cancel(self) -> None:
        # Under the lock: once `on_cancel` has been left, its function is never called again.
        with self._lock:
            self.cancelled = True
            for tell in self._on_cancel:
                tell()

    @contextmanager
    def on_cancel(self, tell: Callable[[], None]) -> Iterator[None]:
        """While entered, a cancellation calls `tell()`; at once if there has been one."""
        with self._lock:
            self._on_cancel.append(tell)
            if self.cancelled:
                tell()
        try:
            yield
        finally:
            with self._lock:
                self._on_cancel.remove(tell)

    @contextmanager
    def alarm(self, seconds: float, wake: Callable[[], None]) -> Iterator[None]:
        """While entered, `wake()` is called when the execution's clock has gone on by `seconds`, or
        when the call is cancelled. Raises TaskCancelled on leaving then."""
        with self.on_cancel(wake):
            give_up = self.call.wait_until(self.call.now() + timedelta(seconds=seconds), wake)
            try:
                yield
            finally:
                give_up()
        if self.cancelled:
            raise TaskCancelled(f"nobody waits for {self.call.name} any more")


CURRENT: ContextVar[Running | None] = ContextVar("sfnb.running", default=None)


def cancelled() -> bool:
    """Whether the task that asks has been given up: it timed out, or its execution was stopped."""
    running = CURRENT.get()
    return running is not None and running.cancelled


def heartbeat() -> None:
    """Show that the task that calls is alive: its HeartbeatSeconds start anew."""
    running = CURRENT.get()
    if running is not None:
        running.report.heartbeat()


def sleep(seconds: float) -> Awaitable[None]:
    """Wait by the execution's clock: `sfnb.sleep(5)`, in an `async def` `await sfnb.sleep(5)`.

    With a clock that jumps, no real time passes. Raises TaskCancelled as soon as nobody waits for
    the task any more, RuntimeError in a plain function that an async task calls (it would stop the
    loop that everybody shares), ValueError if `seconds` is negative.
    """
    if not seconds >= 0:
        raise ValueError(f"the time to sleep is {seconds} seconds, must not be negative")
    running = CURRENT.get()
    if _loop_runs_here():
        if _awaits(sys._getframe(1)):
            return _sleep_awaited(running, seconds)
        if running is not None and running.is_async:
            raise RuntimeError(
                "sfnb.sleep() in a plain function of an async task would stop every other task: "
                'make the function "async def" and await sfnb.sleep()'
            )
    _sleep_blocking(running, seconds)
    return _Slept()


def _sleep_blocking(running: Running | None, seconds: float) -> None:
    if running is None:
        time.sleep(seconds)
        return
    woken = threading.Event()
    with running.alarm(seconds, woken.set):
        woken.wait(seconds if running.alone else None)


async def _sleep_awaited(running: Running | None, seconds: float) -> None:
    import asyncio

    if running is None:
        await asyncio.sleep(seconds)
        return
    loop = asyncio.get_running_loop()
    woken = asyncio.Event()

    def wake() -> None:
        loop.call_soon_threadsafe(woken.set)

    with running.alarm(seconds, wake):
        if running.alone:
            loop.call_later(seconds, woken.set)
        await woken.wait()


class _Slept:
    """Awaiting a sleep that is over."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


def _loop_runs_here() -> bool:
    asyncio = sys.modules.get("asyncio")  # who has not imported it runs no loop
    return asyncio is not None and asyncio._get_running_loop() is not None


def _awaits(frame: FrameType | None) -> bool:
    """Whether code in `frame` can await; a comprehension is seen as the function around it."""
    while frame is not None and frame.f_code.co_name in _COMPREHENSIONS:
        frame = frame.f_back
    return frame is not None and bool(frame.f_code.co_flags & (CO_COROUTINE | CO_ASYNC_GENERATOR))


_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>", "<lambda>")
