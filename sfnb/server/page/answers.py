"""What the page is answered with: JSON, files, refusals; and the headers that all of it carries."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sfnb.errors import SfnbError

OWN = "x-sfnb-page"
"""A POST has to have this header: another origin's page would have to ask for leave first, and gets none."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
LARGEST_REQUEST = 2_000_000
"""Bytes; an input is 256 KiB at most, unless the limits are lifted, and may be escaped."""


class Refused(SfnbError):
    """What the page asks for cannot be had. status: of HTTP."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def answer(value: Any, status: int = 200) -> Response:
    """A value as JSON. It is not kept by the browser: it may be another at the next moment."""
    try:
        body = msgspec.json.encode(value)
    except UnicodeEncodeError:  # half a character, as a task's Error may have one
        body = json.dumps(msgspec.to_builtins(value)).encode()
    headers = {**HEADERS, "Cache-Control": "no-store"}
    return Response(body, status, headers, media_type="application/json")


def unchanged() -> Response:
    """There is nothing that the browser does not have."""
    return Response(status_code=204, headers={**HEADERS, "Cache-Control": "no-store"})


def refusal(fault: SfnbError) -> Response:
    """What was refused and why, as {"error", "message"}."""
    missing = type(fault).__name__.endswith(("DoesNotExist", "ResourceNotFound"))
    status = fault.status if isinstance(fault, Refused) else 404 if missing else 400
    return answer({"error": type(fault).__name__, "message": str(fault)}, status)


def file(request: Request, body: bytes, media_type: str) -> Response:
    """A file, which the browser keeps and asks after each time whether it is still the same."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": tag}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


Read = Callable[[Request], Any]
Act = Callable[[dict[str, Any]], Any]


def reading(read: Read) -> Callable[[Request], Response]:
    """An endpoint that answers with what `read` makes of the query; runs in a thread, as it may wait."""

    def endpoint(request: Request) -> Response:
        try:
            value = read(request)
        except SfnbError as fault:
            return refusal(fault)
        return unchanged() if value is None else answer(value)

    return endpoint


def asked(request: Request, name: str) -> str:
    """A parameter of the query; raises Refused where it is missing."""
    text = request.query_params.get(name)
    if not text:
        raise Refused(400, f"say which: '{name}' is missing")
    return text


def number(request: Request, name: str, default: int, most: int = 2**53) -> int:
    """A parameter that is a whole number, from 0; raises Refused."""
    text = request.query_params.get(name)
    if text is None:
        return default
    if not text.isascii() or not text.isdigit() or len(text) > 16:
        raise Refused(400, f"'{name}' has to be a whole number")
    return min(int(text), most)
