"""CORS as HTTP APIs do it: preflights are answered by the API, answers carry its headers.

Source: API Gateway guide, "Configure CORS for HTTP APIs".
"""

from __future__ import annotations

from collections.abc import Mapping

from sfnb.triggers.http.route import Cors

Headers = dict[str, str]


def is_preflight(method: str, headers: Mapping[str, str]) -> bool:
    return method == "OPTIONS" and "origin" in headers and "access-control-request-method" in headers


def preflight_headers(cors: Cors, headers: Mapping[str, str]) -> Headers:
    """What a preflight is answered with; {} where the origin may not call."""
    told = answer_headers(cors, headers)
    if not told:
        return {}
    if cors.allow_methods:
        told["access-control-allow-methods"] = _several(cors.allow_methods)
    if cors.allow_headers:
        told["access-control-allow-headers"] = _several(cors.allow_headers)
    if cors.max_age is not None:
        told["access-control-max-age"] = str(cors.max_age)
    told.pop("access-control-expose-headers", None)
    return told


def answer_headers(cors: Cors, headers: Mapping[str, str]) -> Headers:
    """What any answer to this origin carries; {} where the origin may not read it, or there is none."""
    allowed = _allowed(cors, headers.get("origin", ""))
    if not allowed:
        return {}
    told = {"access-control-allow-origin": allowed}
    if allowed != "*":
        told["vary"] = "Origin"
    if cors.allow_credentials:
        told["access-control-allow-credentials"] = "true"
    if cors.expose_headers:
        told["access-control-expose-headers"] = _several(cors.expose_headers)
    return told


def allows(cors: Cors, origin: str) -> bool:
    """Whether pages of an origin may call."""
    return bool(_allowed(cors, origin))


def _allowed(cors: Cors, origin: str) -> str:
    """The origin as it is allowed; "" where it is not."""
    if not origin or not origin.isprintable() or not origin.isascii():
        return ""
    if "*" in cors.allow_origins:
        return "*"
    schemes = {word.removesuffix("*") for word in cors.allow_origins if word in ("http://*", "https://*")}
    names = {word.rstrip("/").lower() for word in cors.allow_origins}
    fits = origin.lower() in names or any(origin.startswith(scheme) for scheme in schemes)
    return origin if fits else ""


def _several(words: tuple[str, ...]) -> str:
    return ",".join(words)
