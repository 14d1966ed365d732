"""The engine's own thread, with an asyncio loop on it.

A notebook has a running loop of its own, so nothing here depends on who calls. Async tasks run on
this loop too. What other threads have to say is queued and waked for once, however much there is.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from sfnb.engine.journal import Journal

log = logging.getLogger("sfnb")


class Engine:
    """A daemon thread that serves every run, one turn at a time."""

    def __init__(self) -> None:
        self._posted: deque[tuple[Callable[..., None], tuple[Any, ...]]] = deque()
        self._waked = False
        self._closed = False
        self._lock = threading.Lock()
        self.journal = Journal(self.soon)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """The loop; its thread starts with the first use."""
        loop = self._loop
        if loop is not None:
            return loop
        with self._lock:
            return self._running_loop()

    def _running_loop(self) -> asyncio.AbstractEventLoop:
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            self._thread = threading.Thread(
                target=self._serve, args=(self._loop,), name="sfnb-engine", daemon=True
            )
            self._thread.start()
        return self._loop

    def _serve(self, loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_forever()
        finally:
            loop.close()

    @property
    def here(self) -> bool:
        """Whether this is the engine's thread."""
        return threading.current_thread() is self._thread

    def post(self, action: Callable[..., None], *arguments: Any) -> None:
        """Have `action` called on the engine's thread; from any thread. After `close` nothing is."""
        self._posted.append((action, arguments))
        if self._waked:
            return
        self._waked = True
        with self._lock:  # so that the loop is not closed between the question and the call
            if not self._closed:
                self._running_loop().call_soon_threadsafe(self._take)

    def _take(self) -> None:
        self._waked = False
        posted = self._posted
        while posted:
            action, arguments = posted.popleft()
            try:
                action(*arguments)
            except Exception:  # what others have to say must not be lost with it
                log.exception("sfnb failed on its own thread")

    def soon(self, action: Callable[[], None]) -> None:
        """On the engine's thread only: call `action` once everybody else had a turn."""
        self.loop.call_soon(action)

    def later(self, seconds: float, action: Callable[[], None]) -> asyncio.TimerHandle:
        """On the engine's thread only: call `action` after a real delay."""
        return self.loop.call_later(min(seconds, 86_400.0), action)

    def close(self) -> None:
        """Stop the thread; what is under way stays as its log has it."""
        with self._lock:
            self._closed = True
            loop, thread = self._loop, self._thread
            if loop is not None:
                loop.call_soon_threadsafe(loop.stop)
        if thread is not None:
            thread.join()
