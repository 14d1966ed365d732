"""Where a broker is: its URL, taken apart and checked."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import msgspec

from sfnb.errors import SfnbError

Transport = Literal["tcp", "websockets"]

_SCHEMES: dict[str, tuple[Transport, bool, int]] = {
    "mqtt": ("tcp", False, 1883),
    "mqtts": ("tcp", True, 8883),
    "ws": ("websockets", False, 80),
    "wss": ("websockets", True, 443),
}
_FILES = ("ca", "cert", "key")
_MOST_CHARACTERS = 2048


class BadAddress(SfnbError):
    """A broker's URL that cannot be used; says why, and never shows a password."""


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A broker.

    scheme: mqtt, mqtts (over TLS), ws (over WebSockets), wss (both).
    path: of a WebSocket.
    ca, cert, key: PEM files: who signed the broker's certificate (the system's authorities unless told),
        and the certificate and key that say who we are.
    """

    scheme: str
    host: str
    port: int
    path: str = "/mqtt"
    username: str | None = None
    password: str | None = None
    ca: str | None = None
    cert: str | None = None
    key: str | None = None

    @property
    def transport(self) -> Transport:
        return _SCHEMES[self.scheme][0]

    @property
    def tls(self) -> bool:
        return _SCHEMES[self.scheme][1]

    def __str__(self) -> str:
        """The broker without user, password and files, fit to be shown."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"


def parse_address(url: str) -> Address:
    """The broker at `url`: `mqtt://user:password@host:1883`, `mqtts://host?ca=FILE&cert=FILE&key=FILE`,
    `ws://…/path`.

    >>> parse_address("mqtts://sensor:secret@broker.example")
    Address('mqtts://broker.example:8883')

    Raises BadAddress for a URL of another kind, and for a file that is not there.
    """
    if len(url) > _MOST_CHARACTERS:
        raise BadAddress(f"the broker's URL has {len(url)} characters, more than {_MOST_CHARACTERS}")
    if "#" in url:
        raise BadAddress("the broker's URL has a # in it; in a user name or password write %23")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as wrong:
        raise BadAddress(
            f"the broker's URL cannot be read: its host or port is wrong ({_plain(wrong)})"
        ) from None
    if parts.scheme not in _SCHEMES:
        found = f"{parts.scheme[:20]}://" if parts.scheme else "no scheme"
        raise BadAddress(
            f"the broker's URL has {found}, expected one of {', '.join(s + '://' for s in _SCHEMES)}"
        )
    if not host or any(char.isspace() or not char.isprintable() for char in host):
        raise BadAddress("the broker's URL names no host, expected for instance mqtt://localhost:1883")
    if port == 0:
        raise BadAddress("the broker's URL has port 0, expected 1 to 65535")
    return _address(parts, host, port)


def shown(url: str) -> str:
    """A broker's URL without what nobody is to see.

    >>> shown("mqtt://sensor:secret@broker.example"), shown("secret")
    ('mqtt://broker.example:1883', 'a broker whose URL is wrong')
    """
    try:
        return str(parse_address(url))
    except BadAddress:  # it was right when the trigger was made: a file that it names may have gone
        return "a broker whose URL is wrong"


def _address(parts: SplitResult, host: str, port: int | None) -> Address:
    """The address of a URL whose scheme, host and port are right."""
    websocket, tls, usual_port = _SCHEMES[parts.scheme]
    if parts.path not in ("", "/") and websocket == "tcp":
        raise BadAddress(f"the broker's URL has a path, which {parts.scheme}:// does not take")
    return Address(
        scheme=parts.scheme,
        host=host,
        port=port or usual_port,
        path=parts.path or "/mqtt",
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        **_files(parts.query, tls),
    )


def _files(query: str, tls: bool) -> dict[str, str]:
    """The PEM files that a query names."""
    files: dict[str, str] = {}
    for key, value in parse_qsl(query, keep_blank_values=True):
        if key not in _FILES or key in files:
            raise BadAddress(
                f"the broker's URL has the parameter {key[:20]!r}, expected each of {_FILES} at most once"
            )
        if not tls:
            raise BadAddress(f"the broker's URL has {key!r}, which needs mqtts:// or wss://")
        if not Path(value).is_file():
            raise BadAddress(f"the broker's URL names {value[:200]!r} as {key!r}: there is no such file")
        files[key] = value
    if ("cert" in files) != ("key" in files):
        raise BadAddress("the broker's URL has one of 'cert' and 'key', expected both or none")
    return files


def _plain(wrong: ValueError) -> str:
    """What urllib complains of, but for what it quotes: that may hold a password."""
    return "the port is no number from 1 to 65535" if "ort" in str(wrong) else "the host is malformed"
