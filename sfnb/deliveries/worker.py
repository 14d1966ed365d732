"""A thread that tells others what has happened, so that no execution waits for a log or a network."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from queue import SimpleQueue

log = logging.getLogger("sfnb")

Action = Callable[[], None]


class Worker:
    """Does what it is given, one after the other; the thread is begun with the first thing to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._actions: SimpleQueue[Action | None] = SimpleQueue()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None
        self._closed = False

    def post(self, action: Action) -> None:
        """From any thread. What `action` raises is logged; after `close` nothing is done."""
        if self._closed:
            return
        self._actions.put(action)
        if self._thread is None:
            with self._starting:
                if self._thread is None:
                    self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                    self._thread.start()

    def _work(self) -> None:
        while (action := self._actions.get()) is not None:
            try:
                action()
            except Exception:
                log.exception("%s failed, and goes on", self._name)

    def close(self, timeout_seconds: float = 5.0) -> None:
        """Do what has been posted, as far as the time allows, and end."""
        self._closed = True
        if self._thread is not None:
            self._actions.put(None)
            self._thread.join(timeout_seconds)
