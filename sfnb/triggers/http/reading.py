"""What is read of a request, and how much of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, Protocol

import msgspec

from sfnb.bodies import TooLarge, read_whole

BODY_BYTES = 10 * 1024 * 1024
"""Source: API Gateway quotas, "Payload size"."""
HEADER_BYTES = 10_240
"""Names and values together. Source: API Gateway quotas, "Total combined size of header values"."""


DRAINED = 2
"""How many times the largest size a body may be and still be read to its end."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """body_bytes, header_bytes: of a request. read_seconds: how long a body may take to come in.

    held_bytes: of all bodies that are being dealt with. calls: how many are answered at the same time.
    """

    body_bytes: int = BODY_BYTES
    header_bytes: int = HEADER_BYTES
    read_seconds: float = 30.0
    held_bytes: int = 20 * BODY_BYTES
    calls: int = 64


class Receive(Protocol):
    async def __call__(self) -> Any: ...


class TooSlow(Exception):
    """It did not come in time."""


class Pairs(msgspec.Struct, frozen=True):
    """Headers, several of one name joined by commas.

    joined: by lower-case names. as_sent: by the names that most clients write.
    """

    joined: dict[str, str]
    as_sent: dict[str, str]


def read_headers(headers: Iterable[tuple[bytes, bytes]], limits: Limits) -> Pairs:
    """Raises TooLarge."""
    size = 0
    found: dict[str, list[str]] = {}
    for name, value in headers:
        size += len(name) + len(value)
        if size > limits.header_bytes:
            raise TooLarge
        found.setdefault(name.decode("latin-1").lower(), []).append(_header_value(value))
    joined = {name: ",".join(values) for name, values in found.items()}
    return Pairs(joined, {_titled(name): value for name, value in joined.items()})


def _header_value(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _titled(name: str) -> str:
    """ASGI gives names in lower case; templates see them as most clients write them: Content-Type."""
    return "-".join(part.capitalize() for part in name.split("-"))


async def read_body(receive: Receive, length: str | None, limits: Limits) -> bytes:
    """Raises TooLarge, TooSlow, Gone.

    What is too large is read all the same, if it is not much too large: who is still sending when the
    connection is closed does not see the answer.
    """
    try:
        async with asyncio.timeout(limits.read_seconds):
            return await read_whole(receive, length, limits.body_bytes, drained=DRAINED)
    except TimeoutError:
        raise TooSlow from None
