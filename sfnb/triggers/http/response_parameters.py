"""Headers of a REST API's answer: 'static', integration.response.header.x, integration.response.body.x.

Source: API Gateway guide, "Parameter mapping source reference for REST APIs".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from sfnb.query.jsonpath.path import PathNotFound, PathSyntaxError, compile_path
from sfnb.triggers.http.mapping import ServiceAnswer
from sfnb.triggers.http.vtl.run import RenderFault
from sfnb.values import decode, encode

HeaderFind = Callable[[ServiceAnswer], str | None]

_TARGET = re.compile(r"method\.response\.header\.([A-Za-z0-9_-]+)")
_NEVER = ("content-length", "transfer-encoding", "connection")
HEADER, BODY = "integration.response.header.", "integration.response.body."


def compile_headers(parameters: Mapping[str, str]) -> dict[str, HeaderFind]:
    """By lower-case names; raises RenderFault."""
    found: dict[str, HeaderFind] = {}
    for target, value in parameters.items():
        named = _TARGET.fullmatch(target)
        if named is None or named[1].lower() in _NEVER:
            raise RenderFault(f"ResponseParameters: {target!r:.80} is no method.response.header.NAME")
        found[named[1].lower()] = _find(value)
    return found


def _find(value: str) -> HeaderFind:
    if len(value) >= 2 and value[0] == value[-1] == "'":
        return lambda answer: value[1:-1]
    if value.startswith(HEADER):
        return lambda answer: answer.headers.get(value.removeprefix(HEADER).lower())
    if value.startswith(BODY):
        return _in_body("$." + value.removeprefix(BODY))
    if value == "integration.response.body":
        return lambda answer: answer.body
    raise RenderFault(f"ResponseParameters: {value!r:.80} is neither 'text' nor {HEADER}NAME nor {BODY}PATH")


def _in_body(path: str) -> HeaderFind:
    try:
        compiled = compile_path(path)
    except PathSyntaxError as fault:
        raise RenderFault(f"ResponseParameters: {path!r:.80}: {fault}") from None

    def find(answer: ServiceAnswer) -> str | None:
        try:
            found = compiled.find(decode(answer.body))
        except (PathNotFound, ValueError):
            return None
        return found if isinstance(found, str) else encode(found)

    return find
