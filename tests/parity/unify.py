"""Comparing what AWS answered with what we answer.

Both are walked side by side. A placeholder of the recording binds to what stands against it at
first sight and must stand for the same afterwards, so nothing has to be replaced in our answer, and
two runs may use different names. What differs is gathered, never raised: a report shows all of it.
"""

from __future__ import annotations

import copy
import functools
import itertools
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import jsonpath_ng.parser
import msgspec

from . import history
from .placeholders import Bindings, kind_of, match_text

ADDED: dict[str, datetime] = {
    "redriveCount": datetime(2024, 3, 1),
    "redriveStatus": datetime(2024, 3, 1),
    "redriveStatusReason": datetime(2024, 3, 1),
    "RedriveCount": datetime(2024, 8, 1),
    "RedriveStatus": datetime(2024, 3, 1),
    "RedriveStatusReason": datetime(2024, 3, 1),
    "encryptionConfiguration": datetime(2024, 12, 1),
}
"""Fields that older recordings lack: an extra one is not a difference before this day."""

TRIALS = 2_000
"""How many pairings of events without order are tried before they are compared as they stand."""

Place = tuple[str | int, ...]


class Missing:
    """Stands for a key or an item that is not there."""

    def __repr__(self) -> str:
        return "nothing"


MISSING = Missing()


class Difference(msgspec.Struct, frozen=True):
    """One place where our answer is not AWS's."""

    place: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.place}: expected {self.expected}, got {self.got}"


def unify(
    expected: Any,
    got: Any,
    bindings: Bindings,
    *,
    recorded: datetime,
    relaxed: Sequence[str] = (),
) -> list[Difference]:
    """The differences between a recorded answer and ours (normalised); [] when they are equal.

    bindings: what placeholders stand for so far; grows.
    relaxed: JSONPaths whose values are left out on both sides.

    >>> day = datetime(2025, 1, 1)
    >>> [str(difference) for difference in unify({"a": [1, "<n:1>"]}, {"a": [1.0, "x"]}, {}, recorded=day)]
    ['$.a[0]: expected 1, got 1.0']
    """
    walk = _Walk(bindings, recorded)
    mine = _shaped(expected, got)
    walk.value(_without(_modern(expected, mine, recorded), relaxed), _without(mine, relaxed), ())
    return walk.differences


def _events(value: Any) -> list[Any] | None:
    events = value.get("events") if isinstance(value, dict) else None
    return events if isinstance(events, list) else None


def _modern(expected: Any, got: Any, recorded: datetime) -> Any:
    """`expected` with what AWS does today where `got` does so."""
    events, mine = _events(expected), _events(got)
    if events is None or mine is None:
        return expected
    return {**expected, "events": history.with_accepted_pointers(events, mine, recorded)}


def _shaped(expected: Any, got: Any) -> Any:
    """`got` with the order of its events as open as the recording's."""
    events = _events(got)
    if events is None or not history.is_open(_events(expected) or ()) or not _is_history(events):
        return got
    return {**got, "events": history.open_order(events)}


def _without(value: Any, relaxed: Sequence[str]) -> Any:
    """A copy of `value` without what the paths `relaxed` lead to."""
    if not relaxed:
        return value
    rest = copy.deepcopy(value)
    for path in relaxed:
        for found in _compile(path).find(rest):
            _remove(found)
    return rest


@functools.cache
def _compile(path: str) -> Any:
    return jsonpath_ng.parser.parse(path)


def _remove(found: Any) -> None:
    """Take a jsonpath-ng match out of the object around it."""
    for field in found.path.fields:
        found.context.value.pop(field, None)


class _Walk:
    """One comparison under way."""

    def __init__(self, bindings: Bindings, recorded: datetime) -> None:
        self.bindings = bindings
        self.recorded = recorded
        self.differences: list[Difference] = []

    def value(self, expected: Any, got: Any, place: Place) -> None:
        if isinstance(expected, str):
            self._text(expected, got, place)
        elif isinstance(expected, dict) and isinstance(got, dict):
            self._object(expected, got, place)
        elif isinstance(expected, list) and isinstance(got, list):
            self._array(expected, got, place)
        elif _is_payload(place) and isinstance(got, str) and not isinstance(_parsed(got), str | Missing):
            # A few recordings hold arrays and numbers parsed, against rule 1.
            self.value(expected, _parsed(got), place)
        elif type(expected) is not type(got) or expected != got:
            self._differ(expected, got, place)

    def _text(self, expected: str, got: Any, place: Place) -> None:
        key = str(place[-1]) if place else ""
        kind = kind_of(expected, key)
        if expected in self.bindings:
            fits = got == self.bindings[expected]
        elif kind is not None:
            fits = kind.accepts(got) or (got == expected and key != "timestamp" and expected != "datetime")
        else:
            fits = isinstance(got, str) and match_text(expected, got, self.bindings)
        if not fits:
            self._differ(expected, got, place)

    def _object(self, expected: dict[str, Any], got: dict[str, Any], place: Place) -> None:
        for key, value in expected.items():
            if key in got:
                self.value(value, got[key], (*place, key))
            else:
                self._differ(value, MISSING, (*place, key))
        for key in got.keys() - expected.keys():
            if self.recorded >= ADDED.get(key, datetime.min):
                self._differ(MISSING, got[key], (*place, key))

    def _array(self, expected: list[Any], got: list[Any], place: Place) -> None:
        if len(expected) != len(got):
            self._differ(_types(expected), _types(got), (*place, "length"))
        at = 0
        for without_ids, run in itertools.groupby(expected, _is_without_id):
            events = list(run)
            mine = got[at : at + len(events)]
            if not (without_ids and self._in_any_order(events, mine)):
                for index, (wanted, given) in enumerate(zip(events, mine, strict=False), at):
                    self.value(wanted, given, (*place, index))
            at += len(events)

    def _in_any_order(self, expected: list[Any], got: list[Any]) -> bool:
        """Whether the events can be paired so that each pair is equal; binds only if so."""
        trials = itertools.count(1)

        def pair(wanted: list[Any], given: list[Any], bindings: Bindings) -> Bindings | None:
            if not wanted:
                return bindings
            for index, candidate in enumerate(given):
                if next(trials) > TRIALS:
                    return None
                walk = _Walk(dict(bindings), self.recorded)
                walk.value(wanted[0], candidate, ())
                if not walk.differences:
                    paired = pair(wanted[1:], given[:index] + given[index + 1 :], walk.bindings)
                    if paired is not None:
                        return paired
            return None

        paired = pair(expected, got, self.bindings) if len(expected) == len(got) else None
        self.bindings.update(paired or {})
        return paired is not None

    def _differ(self, expected: Any, got: Any, place: Place) -> None:
        self.differences.append(Difference(_path(place), _short(expected), _short(got)))


def _is_payload(place: Place) -> bool:
    """A state's or execution's input or output, which the API gives as text."""
    return len(place) > 1 and place[-1] in ("input", "output") and str(place[-2]).endswith("EventDetails")


def _is_without_id(event: Any) -> bool:
    return isinstance(event, dict) and event.get("id") == history.ANY_ID


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return MISSING


def _is_history(items: Any) -> bool:
    return isinstance(items, list) and all(isinstance(item, dict) and "type" in item for item in items)


def _types(items: list[Any]) -> Any:
    """A list's length, with the types of its events where it is a history."""
    if items and _is_history(items):
        return f"{len(items)} events: {' '.join(str(item['type']) for item in items)}"
    return len(items)


def _path(place: Place) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)


def _short(value: Any) -> str:
    text = repr(value) if isinstance(value, Missing | str) else json.dumps(value, default=str)
    return text if len(text) <= 400 else f"{text[:300]}… ({len(text)} characters) …{text[-60:]}"
