"""What a server is told: where to listen, whom to let in, how much to take."""

from __future__ import annotations

import msgspec

from sfnb.server.auth import Key

PORT = 8083
"""That of Step Functions Local."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How a server is to be.

    host: the address to listen at. port: 0 takes a free one.
    allow_hosts: names that requests may be for, besides those of this machine and `host`; "*" is any.
    keys: requests have to be signed with one of them; None: nothing is asked, and signatures are not read.
    body_bytes: the largest request; AWS takes 1 MiB, but SDKs may write a character of it as six.
    head_bytes: the largest head of a request. read_seconds: how long a request may take to come in.
    connections: how many there may be at once; each may wait for an answer for a minute.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    allow_hosts: tuple[str, ...] = ()
    keys: tuple[Key, ...] | None = None
    body_bytes: int = 2 * 1024 * 1024 + 64 * 1024
    head_bytes: int = 64 * 1024
    read_seconds: float = 30.0
    connections: int = 800
