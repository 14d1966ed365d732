"""Who waits for an answer, and whether it still does.

A worker that goes away while it polls for a task must not be given one: it would be nobody's until it times
out. A ContextVar holds the caller of the request that a thread answers, as actions know nothing of sockets.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar


class Caller:
    """The client at the other end. tell: called when it has gone, on the thread that finds out."""

    def __init__(self, tell: Callable[[], None] = lambda: None) -> None:
        self._tell = tell
        self._has_gone = False

    def has_gone(self) -> bool:
        """From any thread."""
        return self._has_gone

    def go(self) -> None:
        self._has_gone = True
        self._tell()


CALLER: ContextVar[Caller | None] = ContextVar("sfnb.caller", default=None)


def caller() -> Caller:
    """That of the request that this thread answers; else somebody in this process, who waits long enough."""
    return CALLER.get() or Caller()
