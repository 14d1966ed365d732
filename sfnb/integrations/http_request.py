"""An HTTP request as a Task's parameters have it: its headers, its query and its body, checked and encoded.

Source: AWS guide, "Call HTTPS APIs in Step Functions", "Create API Gateway REST APIs with Step Functions".
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal
from urllib.parse import parse_qsl, quote, urlsplit, urlunsplit

import msgspec

from sfnb.values import Json, encode

ArrayFormat = Literal["INDICES", "REPEAT", "COMMAS", "BRACKETS", "NONE"]

METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")
JSON_TYPE = "application/json; charset=UTF-8"

_SAFE = "/?%:@!$&'()*+,;=~"
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HttpRequest(msgspec.Struct, frozen=True, kw_only=True):
    """url: with its query. headers: without those that HTTP itself needs, as Host."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    body: str | None

    @property
    def protocol(self) -> str:
        return urlsplit(self.url).scheme


class Shaped(Exception):
    """A parameter does not have the shape that it is to have."""


# Where to


def is_loopback(host: str | None) -> bool:
    """Whether a host is this computer.

    >>> is_loopback("localhost"), is_loopback("127.0.0.2"), is_loopback("::1"), is_loopback("example.com")
    (True, True, True, False)
    """
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def with_query(url: str, pairs: Iterable[tuple[str, str]]) -> str:
    """`url` with more at its end, spelled as HTTP can say it.

    >>> with_query("https://example.com/a b?b=1", [("c", "x y")])
    'https://example.com/a%20b?b=1&c=x%20y'
    """
    parts = urlsplit(url)
    query = "&".join(part for part in (quote(parts.query, safe=_SAFE), encoded(pairs)) if part)
    return urlunsplit(parts._replace(path=quote(parts.path, safe=_SAFE), query=query, fragment=""))


def encoded(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


# Headers and query


def pairs_of(value: Json, field: str) -> list[tuple[str, str]]:
    """The headers or the query that a parameter has: a value, or an array of values, for each name.

    A text is read as a query. Raises Shaped.

    >>> pairs_of({"a": ["1", 2], "b": True}, "QueryParameters")
    [('a', '1'), ('a', '2'), ('b', 'true')]
    """
    if value is None:
        return []
    if isinstance(value, str):
        return parse_qsl(value.removeprefix("?"), keep_blank_values=True)
    if not isinstance(value, dict):
        raise Shaped(f"The value for the field '{field}' must be an object")
    return [(name, text_of(each)) for name, values in value.items() for each in _several(values)]


def _several(value: Json) -> list[Json]:
    return value if isinstance(value, list) else [value]


def text_of(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else encode(value)


def header_faults(pairs: Iterable[tuple[str, str]], forbidden: Callable[[str], bool]) -> list[str]:
    """What is wrong with headers, a sentence each."""
    faults = []
    for name, value in pairs:
        if forbidden(name.lower()):
            faults.append(f"The header '{name}' is not allowed")
        elif _NAME.fullmatch(name) is None or _CONTROL.search(value):
            faults.append(f"The header '{name}' cannot be sent")
    return faults


def overridden(pairs: Iterable[tuple[str, str]], by: dict[str, str], *, fold: bool) -> list[tuple[str, str]]:
    """`pairs` with those of `by`, which win where a name is the same. fold: in whatever case."""
    spelled: Callable[[str], str] = str.lower if fold else str
    taken = {spelled(name) for name in by}
    return [pair for pair in pairs if spelled(pair[0]) not in taken] + list(by.items())


def has_header(pairs: Iterable[tuple[str, str]], name: str) -> bool:
    return any(each.lower() == name for each, _ in pairs)


def starts_with_any(name: str, prefixes: Collection[str]) -> bool:
    return any(name.startswith(prefix) for prefix in prefixes)


# The body


def form_of(value: Json, arrays: ArrayFormat) -> str:
    """A body as a form; members of objects in brackets.

    >>> form_of({"a": {"b": 1}, "c": ["x", "y z"]}, "INDICES")
    'a%5Bb%5D=1&c%5B0%5D=x&c%5B1%5D=y%20z'
    >>> form_of({"c": ["x", "y"]}, "REPEAT"), form_of({"c": ["x", "y"]}, "COMMAS")
    ('c=x&c=y', 'c=x%2Cy')
    """
    if not isinstance(value, dict):
        raise Shaped("The value for the field 'RequestBody' must be an object to be URL-encoded")
    return encoded(pair for name, each in value.items() for pair in _fields(name, each, arrays))


def _fields(name: str, value: Json, arrays: ArrayFormat) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _fields(f"{name}[{key}]", each, arrays)
    elif isinstance(value, list) and arrays == "NONE":
        yield name, encode(value)
    elif isinstance(value, list) and arrays == "COMMAS":
        yield name, ",".join(text_of(each) for each in value)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            ends = {"INDICES": f"[{index}]", "BRACKETS": "[]"}
            yield from _fields(f"{name}{ends.get(arrays, '')}", each, arrays)
    else:
        yield name, text_of(value)
