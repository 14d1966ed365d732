"""Route keys, and which of several routes a request is for.

HTTP APIs take the most specific route that matches path and method, then `$default`. REST APIs find the most
specific path first and then ask whether it has the method.

Source: API Gateway guide, "Create routes for HTTP APIs", "Methods in REST APIs".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

from sfnb.errors import SfnbError

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY")
_VARIABLE = re.compile(r"\{([A-Za-z0-9._$:-]+)(\+?)\}")
_STATIC = re.compile(r"[^{}?#\s/]+")
MOST_SEGMENTS = 100
LONGEST_PATH = 10_240

Kept = TypeVar("Kept")


class RouteKeyRefused(SfnbError):
    """What is no route key."""


class PathRefused(SfnbError):
    """A path that cannot be decoded, or is too long."""


class Segment(msgspec.Struct, frozen=True):
    """static: the text; else the name of a variable, which takes one segment, or all the rest if greedy."""

    static: str | None = None
    variable: str = ""
    is_greedy: bool = False

    @property
    def rank(self) -> int:
        """Less is more specific."""
        return 0 if self.static is not None else 2 if self.is_greedy else 1


class RouteKey(msgspec.Struct, frozen=True):
    """method: "ANY" is any; "" and no segments is $default."""

    method: str
    segments: tuple[Segment, ...] = ()

    @property
    def is_default(self) -> bool:
        return not self.method

    @property
    def rank(self) -> tuple[object, ...]:
        """Routes that match the same path come in this order; $default is last."""
        ranks = [segment.rank for segment in self.segments]
        return (self.is_default, 2 in ranks, ranks, -len(ranks), self.method == "ANY")

    @property
    def shape(self) -> tuple[str | int, ...]:
        """The path with its variables' names left out: that of a REST API's resource."""
        return tuple(part.rank if part.static is None else part.static for part in self.segments)

    def match(self, parts: Sequence[str]) -> dict[str, str] | None:
        """The variables of a path of which these are the segments, decoded; None where it is another path."""
        found: dict[str, str] = {}
        for index, segment in enumerate(self.segments):
            if segment.is_greedy:
                rest = parts[index:]
                return found | {segment.variable: "/".join(rest)} if rest and rest != [""] else None
            if index >= len(parts):
                return None
            if segment.static is None:
                if not parts[index]:
                    return None
                found[segment.variable] = parts[index]
            elif segment.static != parts[index]:
                return None
        return found if self.is_default or len(parts) == len(self.segments) else None


def read_route_key(text: str) -> RouteKey:
    """Raises RouteKeyRefused.

    >>> read_route_key("GET /files/{proxy+}").match(["files", "a", "b"])
    {'proxy': 'a/b'}
    """
    if text == "$default":
        return RouteKey("")
    method, _, path = text.partition(" ")
    if method not in METHODS or not path.startswith("/") or len(text) > 1_024:
        raise RouteKeyRefused(
            f"{text!r:.80} is neither $default nor a method and a path: POST /orders/{{id}}"
        )
    segments = tuple(_segment(part, text) for part in path[1:].split("/"))
    if path == "/":
        segments = (Segment(static=""),)
    names = [segment.variable for segment in segments if segment.static is None]
    if len(names) != len(set(names)):
        raise RouteKeyRefused(f"{text!r:.80} has two variables of one name")
    if any(segment.is_greedy for segment in segments[:-1]):
        raise RouteKeyRefused(f"{text!r:.80}: a greedy variable comes last")
    return RouteKey(method, segments)


def _segment(part: str, text: str) -> Segment:
    if found := _VARIABLE.fullmatch(part):
        return Segment(variable=found[1], is_greedy=bool(found[2]))
    if part and not _STATIC.fullmatch(part):
        raise RouteKeyRefused(f"{text!r:.80}: {part!r:.40} is neither text nor a {{variable}}")
    return Segment(static=part)


def split_path(raw: str) -> list[str]:
    """The segments of a path, each decoded by itself, so that %2F is no separator; raises PathRefused."""
    if len(raw) > LONGEST_PATH:
        raise PathRefused(f"the path has more than {LONGEST_PATH:,} characters")
    parts = raw.removeprefix("/").split("/")
    if len(parts) > MOST_SEGMENTS:
        raise PathRefused(f"the path has more than {MOST_SEGMENTS} segments")
    try:
        return [unquote_to_bytes(part).decode() for part in parts]
    except UnicodeDecodeError:
        raise PathRefused("the path is not UTF-8") from None


class Found(NamedTuple, Generic[Kept]):
    route: Kept
    variables: dict[str, str]


class Keyed(msgspec.Struct, Generic[Kept], frozen=True):
    """What is kept under a route key. stage: None for the one that has no part in the path."""

    key: RouteKey
    kept: Kept
    stage: str | None
    is_rest: bool


class RouteTable(Generic[Kept]):
    """Routes in the order in which they are looked at: stages with a name, the most specific, $default."""

    def __init__(self, routes: Iterable[Keyed[Kept]]) -> None:
        self._routes = sorted(routes, key=lambda each: (each.stage is None, *each.key.rank))

    def find(self, method: str, parts: list[str]) -> Found[Kept] | None:
        """The route of a request; None where there is none."""
        resource: tuple[object, ...] | None = None
        for each in self._routes:
            own = self._own(each, parts)
            variables = None if own is None else each.key.match(own)
            if variables is None:
                continue
            if each.is_rest:
                resource = resource or (each.stage, each.key.shape)
                if resource != (each.stage, each.key.shape):
                    continue
            if each.key.is_default or each.key.method in (method, "ANY"):
                return Found(each.kept, variables)
        return None

    def near(self, parts: list[str]) -> list[Kept]:
        """All whose path this is, whatever the method."""
        return [
            each.kept
            for each in self._routes
            if (own := self._own(each, parts)) is not None and each.key.match(own) is not None
        ]

    def stage_of(self, parts: list[str]) -> list[Kept]:
        """All of the stage that a path is in, the paths aside."""
        return [each.kept for each in self._routes if self._own(each, parts) is not None]

    @staticmethod
    def _own(each: Keyed[Kept], parts: list[str]) -> list[str] | None:
        """The segments after the stage's."""
        own = parts
        if each.stage is not None:
            if parts[:1] != [each.stage]:
                return None
            own = parts[1:] or [""]
        if each.is_rest and len(own) > 1 and not own[-1]:
            own = own[:-1]  # a REST API does not mind a slash at the end
        return own
