"""Executions that are about to begin: who asks for one waits until that is committed, or has failed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Openings:
    """Those whose start is not committed yet, by ARN."""

    def __init__(self) -> None:
        self._begun: dict[str, threading.Event] = {}
        self._changing = threading.Lock()

    def __contains__(self, arn: str) -> bool:
        return arn in self._begun

    def add(self, arn: str) -> None:
        """From now on it is waited for; one under this ARN has ended, however it did."""
        with self._changing:
            self._begun[arn] = threading.Event()

    @contextmanager
    def opening(self, arn: str) -> Iterator[None]:
        """Nobody waits for it any more after this, whether it has begun or not."""
        begun = self._begun[arn]
        try:
            yield
        finally:
            with self._changing:
                if self._begun.get(arn) is begun:
                    del self._begun[arn]
            begun.set()

    def wait(self, arn: str) -> None:
        """Wait for it, if it is about to begin. Not on the engine's thread: it may need that to begin."""
        begun = self._begun.get(arn)
        if begun is not None:
            begun.wait()
