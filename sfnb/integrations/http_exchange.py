"""A request sent and its answer read, with `http.client`: it sends no header that it was not given.

Redirections are not followed: what is secret in a request is for one host.
"""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from sfnb.errors import SfnbError, TaskError
from sfnb.integrations.http_request import HttpRequest
from sfnb.values import Json, decode

if TYPE_CHECKING:
    from http.client import HTTPConnection

LONGEST_SECONDS = 60.0
MOST_BYTES = 262_144
"""How much of an answer is read, and one byte more, with which it is too large to be a result."""

_CHUNK_BYTES = 16_384


class HttpAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """headers: as they were spelled, in order. content: at most MOST_BYTES and one more."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...]
    content: bytes

    @property
    def succeeded(self) -> bool:
        return 200 <= self.status < 300

    def header(self, name: str) -> str | None:
        return next((value for each, value in self.headers if each.lower() == name), None)


class Exchange(msgspec.Struct, frozen=True, kw_only=True):
    """A request, the same without its secrets, and what was answered: None where nothing was."""

    request: HttpRequest
    masked: HttpRequest
    answer: HttpAnswer | None = None

    def __repr__(self) -> str:
        return f"Exchange({self.masked!r}, {self.answer!r})"


class NoAnswer(SfnbError):
    """The exchange broke off. name: what Java calls it; sfnb's sentence names no part of the request."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name


def send(
    request: HttpRequest, *, seconds: float = LONGEST_SECONDS, trust: ssl.SSLContext | None = None
) -> HttpAnswer:
    """Raises NoAnswer, also where it takes longer than `seconds`, and for what HTTP cannot say.

    trust: whom to believe instead of those whom the system does.
    """
    from http.client import HTTPException, InvalidURL

    host, deadline = "the endpoint", time.monotonic() + seconds
    try:
        parts = urlsplit(request.url)
        host = parts.hostname or host
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        with closing(_connection(parts.scheme, host, parts.port, seconds, trust)) as connection:
            return _exchange(connection, request, target, deadline)
    except TimeoutError:
        raise NoAnswer("SocketTimeoutException", f"{host} did not answer in {seconds:g} seconds") from None
    except ssl.SSLError as fault:
        raise NoAnswer("SSLException", f"{host}: {fault.reason or fault}") from None
    except socket.gaierror:
        raise NoAnswer("UnknownHostException", f"{host}: there is no such host") from None
    except (InvalidURL, ValueError):  # its text would hold the header, or the URL
        raise NoAnswer("IllegalArgumentException", f"{host}: HTTP cannot say this request") from None
    except HTTPException as fault:
        raise NoAnswer("IOException", f"{host} gave no valid answer: {type(fault).__name__}") from None
    except OSError as fault:
        raise NoAnswer("ConnectException", f"{host}: {fault.strerror or fault}") from None


def _connection(
    scheme: str, host: str, port: int | None, seconds: float, trust: ssl.SSLContext | None
) -> HTTPConnection:
    from http.client import HTTPConnection, HTTPSConnection

    if scheme == "http":
        return HTTPConnection(host, port, timeout=seconds)
    context = trust or ssl.create_default_context()
    return HTTPSConnection(host, port, timeout=seconds, context=context)


def _exchange(connection: HTTPConnection, request: HttpRequest, target: str, deadline: float) -> HttpAnswer:
    body = None if request.body is None else request.body.encode()
    connection.putrequest(request.method, target, skip_accept_encoding=True)
    for name, value in request.headers:
        connection.putheader(name, value.encode())
    if body is not None:
        connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    open_socket = connection.sock  # the connection lets go of it with an answer that closes it
    open_socket.settimeout(_left(deadline))
    response = connection.getresponse()
    content = b""
    while len(content) <= MOST_BYTES and not response.isclosed():
        open_socket.settimeout(_left(deadline))
        more = response.read1(min(_CHUNK_BYTES, MOST_BYTES + 1 - len(content)))
        if not more:
            break
        content += more
    return HttpAnswer(
        status=response.status, reason=response.reason, headers=tuple(response.getheaders()), content=content
    )


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


# What an answer says


def body_of(answer: HttpAnswer) -> Json:
    """JSON where the answer's type says that it is that, else text.

    Raises TaskError for what is no text: bytes, images, sound.
    """
    from email.message import Message

    kind = Message()
    kind["content-type"] = answer.header("content-type") or "application/json"
    name = kind.get_content_type()
    if name == "application/octet-stream" or kind.get_content_maintype() in ("image", "audio", "video"):
        raise TaskError("States.Runtime", f"The response's content type '{name}' is not supported")
    text = text_in(answer, kind.get_content_charset("utf-8"))
    if kind.get_content_subtype() == "json" or name.endswith("+json"):
        try:
            return decode(text)
        except ValueError:
            return text
    return text


def text_in(answer: HttpAnswer, charset: str = "utf-8") -> str:
    """Raises TaskError where the content is not text."""
    try:
        return answer.content.decode(charset)
    except (UnicodeDecodeError, LookupError):
        if len(answer.content) > MOST_BYTES:  # cut within a character, and too large anyway
            return answer.content.decode(errors="replace")
        raise TaskError("States.Runtime", "The response cannot be read as text") from None


def by_name(headers: tuple[tuple[str, str], ...], *, lower: bool) -> dict[str, Json]:
    """Headers as a result has them, an array of values for each."""
    found: dict[str, list[Json]] = {}
    for name, value in headers:
        found.setdefault(name.lower() if lower else name, []).append(value)
    return dict(found)
