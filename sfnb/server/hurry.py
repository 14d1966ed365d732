"""uvicorn's HTTP, with bounds on the head of a request: how long it may take to come, and how large it is.

uvicorn bounds neither; bodies are the application's to bound.
"""

from __future__ import annotations

from asyncio import TimerHandle
from typing import Any

from sfnb.server.settings import Settings

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


def protocol(settings: Settings) -> Any:
    """The class of protocol that uvicorn makes one of for each connection."""
    from uvicorn.protocols.http.auto import AutoHTTPProtocol

    class Hurried(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
        """A connection that is closed where a head does not come in time, or does not end."""

        _deadline: TimerHandle | None = None
        _head_bytes = 0

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._hurry()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if self.cycle is not None and not self.cycle.response_complete:
                self._relax()
                self._head_bytes = 0
                return
            self._head_bytes += len(data)
            if self._head_bytes > settings.head_bytes:
                self.transport.write(TOO_LARGE)
                self.transport.close()
            elif self._deadline is None:
                self._hurry()

        def connection_lost(self, exc: Exception | None) -> None:
            self._relax()
            super().connection_lost(exc)

        def _hurry(self) -> None:
            self._deadline = self.loop.call_later(settings.read_seconds, self.transport.close)

        def _relax(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Hurried
