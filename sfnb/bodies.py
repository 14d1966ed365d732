"""The body of a request, as an ASGI server hands it over, read as far as it is wanted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any


class Gone(Exception):
    """The client went away before its request was whole."""


class TooLarge(Exception):
    """More than is taken."""


async def read_whole(
    receive: Callable[[], Awaitable[Any]], length: str | None, most: int, *, drained: int
) -> bytes:
    """The body, of `most` bytes at most; raises TooLarge, Gone.

    length: the header Content-Length. What is too large is read all the same, up to `drained` times as much:
    who is still sending when the connection is closed does not see the answer.
    """
    if length and length.isdecimal() and int(length[:20]) > drained * most:
        raise TooLarge
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        part = message.get("body", b"")
        size += len(part)
        if size > drained * most:
            raise TooLarge
        if size <= most:
            parts.append(part)
        if not message.get("more_body", False):
            break
    if size > most:
        raise TooLarge
    return parts[0] if len(parts) == 1 else b"".join(parts)
