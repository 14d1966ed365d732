"""JSON text to a value, and where in the text a value stands.

The C parser of the standard library makes the value, some 60 MB a second, and knows no places. It
stops at whatever is doubtful: a key given twice, a number past every float. Only then does
`json_faults` read the text again, with care and slowly, to say what is wrong and where. Places are
looked up later still, when a finding is to be shown, one object or array at a time: the same C
parser jumps from value to value.
"""

from __future__ import annotations

import json
import re
from math import isfinite
from typing import Never

from sfnb.asl.json_faults import find_faults
from sfnb.asl.reading import (
    MAX_DEPTH,
    Container,
    Place,
    Reading,
    describe_root,
    not_an_object,
    one_level_in,
    too_deep,
)
from sfnb.errors import Diagnostic, PathStep
from sfnb.values import Json

_blanks = re.compile(r"[ \t\n\r]*").match
_surrogate = re.compile(r"\\u[dD][89a-fA-F]").search


class _Doubtful(ValueError):
    """Valid or not, this wants a closer look."""


def read(text: str) -> Reading:
    """Read JSON `text` that is not blank."""
    findings: tuple[Diagnostic, ...] = ()
    try:
        value = _strict.decode(text)
        if (_may_be_deep(text) and _is_deep(value)) or (_surrogate(text) and not _is_unicode(value)):
            raise _Doubtful
    except (ValueError, RecursionError):
        faults, trusted = find_faults(text)
        findings = tuple(faults)
        if not trusted:
            return Reading(findings=findings)
        try:
            value = _lenient.decode(text)
        except RecursionError:  # asked from so deep a stack that fewer levels are too many
            return Reading(findings=(*findings, too_deep(text, 0)))
    root = Place(_skip(text, 0), len(text.rstrip()))
    if not isinstance(value, dict):
        return Reading(findings=(*findings, not_an_object(describe_root(value))))
    return Reading(tree=value, findings=findings, root=root, inside=lambda place: _inside(text, place))


def _object(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _Doubtful
    return members


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise _Doubtful
    return number


def _refuse(name: str) -> Never:
    raise _Doubtful


_strict = json.JSONDecoder(object_pairs_hook=_object, parse_float=_finite, parse_constant=_refuse)
_lenient = json.JSONDecoder()


def _may_be_deep(text: str) -> bool:
    """Whether so many arrays and objects begin at all; quicker than to walk them."""
    return text.count("{") + text.count("[") > MAX_DEPTH


def _is_deep(value: Json) -> bool:
    """Whether arrays and objects stand in one another more than MAX_DEPTH levels."""
    level: list[Container] = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = one_level_in(level)
        if not level:
            return False
    return bool(level)


def _is_unicode(value: Json) -> bool:
    """Whether no string holds half of a surrogate pair, which no UTF-8 can carry."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _inside(text: str, place: Place) -> dict[PathStep, Place]:
    if place.inner is None:
        look = {"{": _members, "[": _items}.get(text[place.start])
        place.inner = look(text, place.start) if look else {}
    return place.inner


def _members(text: str, start: int) -> dict[PathStep, Place]:
    """The places in the object at `start`; of a duplicate key, the last."""
    places: dict[PathStep, Place] = {}
    at = _skip(text, start + 1)
    while text[at] != "}":
        key, key_end = _lenient.raw_decode(text, at)
        colon = _skip(text, key_end)
        places[key] = place = _place_of(text, _skip(text, colon + 1), key=(at, key_end))
        at = _next(text, place.end)
    return places


def _items(text: str, start: int) -> dict[PathStep, Place]:
    places: dict[PathStep, Place] = {}
    at = _skip(text, start + 1)
    while text[at] != "]":
        places[len(places)] = place = _place_of(text, at)
        at = _next(text, place.end)
    return places


def _place_of(text: str, start: int, key: tuple[int, int] | None = None) -> Place:
    _, end = _lenient.raw_decode(text, start)
    return Place(start, end, key)


def _next(text: str, at: int) -> int:
    """Past a comma, to the next member or item; or to the closing bracket."""
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def _skip(text: str, at: int) -> int:
    return _blanks(text, at).end()  # type: ignore[union-attr]
