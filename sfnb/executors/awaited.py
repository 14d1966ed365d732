"""Calls of async functions: on a loop that runs already, or on one of their own.

Imported when the first of them is submitted: who has none needs no asyncio.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection

from sfnb.executors.call import Plan, arguments_of, is_interrupt, tell
from sfnb.executors.context import CURRENT, Running
from sfnb.executors.output import Printing
from sfnb.jsonable import to_payload
from sfnb.values import Payload


async def perform_awaited(running: Running, plan: Plan) -> None:
    """As `perform`, for an `async def`. A cancellation is reported, and goes on its way."""
    CURRENT.set(running)
    with Printing(running.report.printed):
        try:
            args, kwargs = arguments_of(running.call, plan)
            outcome: Payload | BaseException = to_payload(await running.call.function(*args, **kwargs))
        except BaseException as error:
            outcome = error
    tell(running, outcome)
    if is_interrupt(outcome):
        raise outcome
    if isinstance(outcome, asyncio.CancelledError):
        raise outcome


class AwaitedCall:
    """An async function on a running loop; may be started and cancelled from any thread.

    calls: holds this one while it is under way, for a loop holds its tasks weakly only.
    """

    def __init__(
        self, running: Running, plan: Plan, loop: asyncio.AbstractEventLoop, calls: set[AwaitedCall]
    ) -> None:
        self.loop = loop
        self.task: asyncio.Task[None] | None = None
        self._running = running
        self._plan = plan
        self._calls = calls

    def start(self) -> None:
        self._calls.add(self)
        self._on_loop(self._begin)

    def _begin(self) -> None:
        performing = perform_awaited(self._running, self._plan)
        self.task = self.loop.create_task(performing, name=f"sfnb-task {self._running.call.name}")
        self.task.add_done_callback(self._end)
        if self._running.cancelled:
            self.task.cancel()

    def cancel(self) -> None:
        self._running.cancel()
        if not self.loop.is_closed():
            self._on_loop(self._cancel_task)

    def _on_loop(self, action: Callable[[], None]) -> None:
        if asyncio._get_running_loop() is self.loop:
            action()
        else:
            self.loop.call_soon_threadsafe(action)

    def _cancel_task(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def _end(self, _: asyncio.Task[None]) -> None:
        self._calls.discard(self)
        if not self._running.answered:  # cancelled before its first step
            self._running.report.failed("CancelledError", "cancelled before it began", [])


def cancel_all(calls: Collection[AwaitedCall], grace_seconds: float) -> None:
    """Cancel `calls`; wait for their ends for so long at most, unless this is their loop's thread."""
    for call in calls:
        call.cancel()
    for loop in {call.loop for call in calls}:

        async def ended(loop: asyncio.AbstractEventLoop = loop) -> None:
            tasks = [call.task for call in calls if call.loop is loop and call.task is not None]
            if tasks:
                await asyncio.wait(tasks, timeout=grace_seconds)

        if loop.is_running() and asyncio._get_running_loop() is not loop:
            asyncio.run_coroutine_threadsafe(ended(), loop).result()


def run_alone(running: Running, plan: Plan) -> None:
    """Perform an async function in this thread, on a loop of its own."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        task = asyncio.current_task()

        def cancel() -> None:
            loop.call_soon_threadsafe(task.cancel)  # type: ignore[union-attr]

        with running.on_cancel(cancel):
            await perform_awaited(running, plan)

    try:
        asyncio.run(main())
    except asyncio.CancelledError:
        return  # reported already
