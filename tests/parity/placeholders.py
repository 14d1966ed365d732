"""What stands in a recording instead of a value that differs from run to run.

Two sorts: *placeholders* in angle brackets, also inside longer texts, which bind to what stands
against them at first sight and must stand for the same afterwards; and plain *words* that stand for
any value of their kind. Source: shared/parity/README.md, "How the answers were normalised".
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

Bindings = dict[str, str]
"""What stands for what: placeholders with their brackets, and words whose value is known."""

PLACEHOLDER = re.compile(r"<[A-Za-z][A-Za-z0-9_.:-]*>")

ISO_DATE_TIME = r"-?\d{4,}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d(?::?\d\d)?)"
NAME = r"[^\s:/\"'{}\[\],]+"
UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

FAMILIES: Mapping[str, str] = {
    "<partition>": r"aws(?:-[a-z]+)*",
    "<region>": r"[a-z]{2}(?:-[a-z]+)+-\d",
    "<uuid>": UUID,
    "<request_id>": r"[\w-]+",
    "<request-id>": r"[\w-]+",
    "<extended_request_id>": r"[\w+/=-]+",
    "<start-time>": ISO_DATE_TIME,
    "<entered-time>": ISO_DATE_TIME,
    "<execution-arn>": r"arn:[^\s\"]+",
}
UNBOUND = frozenset(
    {"<request_id>", "<request-id>", "<extended_request_id>", "<start-time>", "<entered-time>"}
    | {"<omitted>", "<date>", "<signature>"}
)
"""Placeholders that stand for another value each time."""


def family(name: str) -> str:
    """What a placeholder says without its number: `<uuid:2>` is of the family `<uuid>`."""
    return re.sub(r"(_|:)\d+(idx)?>$", ">", name)


@functools.cache
def _pattern_of(name: str) -> str:
    return NAME if name.endswith("idx>") else FAMILIES.get(family(name), r"(?s:.+?)")


def match_text(expected: str, got: str, bindings: Bindings) -> bool:
    """Whether `got` is `expected` with its placeholders replaced; adds to `bindings` if so.

    >>> bindings: Bindings = {}
    >>> match_text("<uuid:1> is no <word>", "is no", bindings)
    False
    >>> match_text("fn <word:1>, fn <word:2>", "fn a, fn b", bindings), bindings
    (True, {'<word:1>': 'a', '<word:2>': 'b'})
    >>> match_text("<word:1>", "b", bindings)
    False
    """
    if expected == got:
        return True
    groups: dict[str, str] = {}
    found = re.fullmatch(_pattern(expected, bindings, groups), got)
    if found is None:
        return False
    fresh = {name: found[group] for name, group in groups.items()}
    if not all(_may_bind(name, value, {**bindings, **fresh}) for name, value in fresh.items()):
        return False
    bindings.update(fresh)
    return True


def _pattern(expected: str, bindings: Bindings, groups: dict[str, str]) -> str:
    """A regular expression for `expected`; `groups` receives the group of each unbound name."""
    pieces = []
    end = 0
    for found in PLACEHOLDER.finditer(expected):
        pieces.append(re.escape(expected[end : found.start()]))
        pieces.append(_piece(found[0], bindings, groups))
        end = found.end()
    return "".join([*pieces, re.escape(expected[end:])])


def _piece(name: str, bindings: Bindings, groups: dict[str, str]) -> str:
    if name in bindings:
        return re.escape(bindings[name])
    if name in UNBOUND:
        return _pattern_of(name)
    if name in groups:
        return f"(?P={groups[name]})"
    groups[name] = f"g{len(groups)}"
    return f"(?P<{groups[name]}>{_pattern_of(name)})"


def _may_bind(name: str, value: str, bindings: Bindings) -> bool:
    """Numbers were given by value, so two numbers of one family never stand for the same."""
    if family(name) == "<json-input>" and not _is_json(value):
        return False
    if family(name) == name:
        return True
    rivals = (other for other in bindings if other != name and family(other) == family(name))
    return all(bindings[other] != value for other in rivals)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


# Plain words


class Kind(msgspec.Struct, frozen=True):
    """What a plain word stands for: `accepts` says which values, `sample` is one."""

    accepts: Callable[[Any], bool]
    sample: Any


def _is_text_like(pattern: str) -> Callable[[Any], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _is_moment(value: Any) -> bool:
    return isinstance(value, datetime | int | float) or _is_text_like(ISO_DATE_TIME)(value)


def _is_header(value: Any) -> bool:
    values = value if isinstance(value, list) else [value]
    return bool(values) and all(isinstance(one, str) and one for one in values)


NOON = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
NOON_TEXT = "2026-11-22T12:00:00.000Z"

DATE_TIME = Kind(lambda value: isinstance(value, datetime), NOON)
MOMENT = Kind(_is_moment, 1_795_348_800_000)
ISO_TEXT = Kind(_is_text_like(ISO_DATE_TIME), NOON_TEXT)
QUOTED_ISO_TEXT = Kind(_is_text_like(f'"{ISO_DATE_TIME}"'), f'"{NOON_TEXT}"')
HEADER = Kind(_is_header, ["d1b2"])
ARN = Kind(_is_text_like(r"arn:aws[a-z-]*:[^\s]+"), "arn:aws:states:us-east-1:111111111111:thing:t")
ROLE = Kind(_is_text_like(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+"), "arn:aws:iam::111111111111:role/r")
URL = Kind(_is_text_like(r"https?://\S+"), "https://sqs.us-east-1.amazonaws.com/111111111111/q")
TEXT = Kind(_is_text_like(r"(?s).+"), "some-name")
SCALAR = Kind(lambda value: isinstance(value, str | int | float | datetime), "2016-12-05 21:29")
ANYTHING = Kind(lambda value: value is not None, "{}")

WORDS: Mapping[str, Kind] = {
    "datetime": DATE_TIME,
    "start-time": ISO_TEXT,
    "entered-time": ISO_TEXT,
    "start-date": MOMENT,
    "stop-date": Kind(lambda value: value is None or _is_moment(value), 1_795_348_800_000),
    "creation-date": MOMENT,
    "update-date": MOMENT,
}
METADATA = frozenset({"requestid", "x-amzn-requestid", "x-amzn-trace-id", "x-amz-crc32"})
WORD_FORMS: Mapping[re.Pattern[str], Kind] = {
    re.compile(r"(?!in|no)[a-z]+([_-][a-z]+)*[_-]role[_-]arn"): ROLE,
    re.compile(r"(?!in|no)[a-z]+([_-][a-z]+)*[_-]arn"): ARN,
    re.compile(r"sqs[_-]queue[_-]url"): URL,
    re.compile(r"(sqs[_-]queue|bucket|log[_-]group)[_-]name"): TEXT,
    re.compile(r"\w+EventDetails\.\w+"): ANYTHING,
}


def kind_of(word: str, key: str) -> Kind | None:
    """What `word` stands for as the value of `key`; None where it is an ordinary text."""
    if word == "timestamp":
        return _timestamp(key)
    if word == '"date"':
        return QUOTED_ISO_TEXT
    if word == "date":
        return HEADER if key == "Date" else ISO_TEXT
    if word == key and word.lower() in METADATA:
        return HEADER
    return WORDS.get(word) or _kind_by_form(word)


def _timestamp(key: str) -> Kind | None:
    if key == "timestamp":
        return DATE_TIME
    return SCALAR if "timestamp" in key.lower() else None


@functools.cache
def _kind_by_form(word: str) -> Kind | None:
    return next((kind for form, kind in WORD_FORMS.items() if form.fullmatch(word)), None)
