"""The threads that requests are answered in: as many as there are requests that wait.

They are daemons, because a worker's poll for an activity's task blocks its thread for a minute, and no
process should have to wait for that to end. A thread that has nothing to do takes the next call; one is made
where none is idle, so that polls never keep short calls waiting.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue

from sfnb.server.caller import CALLER, Caller
from sfnb.server.wire import Answer

Awaited = asyncio.Future[Answer | None]

IDLE_THREADS = 64
"""How many may stay when there is nothing to do."""


class Calls:
    """Calls under way; belongs to one event loop."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[tuple[Callable[[], Answer], Caller, Awaited] | None] = SimpleQueue()
        self._pending: dict[Awaited, Caller] = {}
        self._idle = 0
        self._closed = False
        self._lock = threading.Lock()

    def __len__(self) -> int:
        """How many are under way."""
        return len(self._pending)

    async def answer(self, call: Callable[[], Answer], caller: Caller) -> Answer | None:
        """What `call`, which does not raise, answers; None where the server stops first."""
        future: Awaited = asyncio.get_running_loop().create_future()
        self._pending[future] = caller
        with self._lock:
            is_short = self._idle == 0
            self._idle -= not is_short
        self._queue.put((call, caller, future))
        if is_short:
            threading.Thread(target=self._work, name="sfnb request", daemon=True).start()
        try:
            return await future
        finally:
            del self._pending[future]

    def give_up(self) -> None:
        """Answer all that is under way with None; on the loop's thread."""
        for future, caller in list(self._pending.items()):
            caller.go()
            if not future.done():
                future.set_result(None)

    def close(self) -> None:
        """No more calls come: the threads that are idle end, the others when they have answered."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, 0
        for _ in range(idle):
            self._queue.put(None)

    def _work(self) -> None:
        while (asked := self._queue.get()) is not None:
            call, caller, future = asked
            CALLER.set(caller)
            answer = call()
            with self._lock:
                stays = self._idle < IDLE_THREADS and not self._closed
                self._idle += stays
            try:
                future.get_loop().call_soon_threadsafe(_settle, future, answer)
            except RuntimeError:  # the loop has been closed: nobody is there to be answered
                return
            if not stays:
                return


def _settle(future: Awaited, answer: Answer) -> None:
    if not future.done():
        future.set_result(answer)
