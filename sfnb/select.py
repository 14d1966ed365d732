"""Search the payloads of an execution with one JSONPath.

The dialect is jsonpath-ng's with its extensions (filters, arithmetic, `len`): it is for looking at
what happened. What a state machine's own paths mean is decided in `query/jsonpath`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sfnb.engine.visits import Visit
from sfnb.errors import SfnbError
from sfnb.frames import category, integers, objects, texts, times
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd

_Match = tuple[Json, str]
_Payload = tuple[int, datetime, str, str, Visit]


class InvalidPath(SfnbError):
    """A path that jsonpath-ng cannot read; `column` counts from 0, None where it does not say."""

    def __init__(self, path: str, reason: str, column: int | None) -> None:
        place = "" if column is None else f" at column {column + 1}"
        caret = "^" * max(1, len(path)) if column is None else " " * column + "^"
        super().__init__(f"cannot read the JSONPath{place}: {reason}\n  {path}\n  {caret}")
        self.path = path
        self.column = column


def select(path: str, visits: Sequence[Visit], *, inputs: bool = False) -> pd.DataFrame:
    """A row for each match of `path` in the payloads of an execution, in the order of the log.

    Searched are the input of the execution and the output of every state: the output of one is the
    input of the next, so most payloads are looked at once. inputs: search the input of every state
    too, and with it what a Map or Parallel hands to its items and branches.

    value: what was found. full_path: where in the payload, as a path of the definition writes it.
    where: "input" or "output" of `state`; the execution's input is its first state's.
    iteration: the index in the innermost Map around it. time, event_id: when the payload was written.
    Raises InvalidPath.
    """
    import pandas as pd

    find = _finder(path)
    payloads = sorted(_payloads(visits, inputs), key=lambda payload: payload[0])
    rows = [(value, place, payload) for payload in payloads for value, place in find(payload[3])]
    found = [payload for _, _, payload in rows]
    return pd.DataFrame(
        {
            "value": objects([value for value, _, _ in rows]),
            "full_path": texts([place for _, place, _ in rows]),
            "state": category([visit.state for *_, visit in found]),
            "where": category([where for _, _, where, _, _ in found], ("input", "output")),
            "iteration": integers([visit.iteration[-1] if visit.iteration else None for *_, visit in found]),
            "time": times([moment for _, moment, *_ in found]),
            "event_id": integers([event_id for event_id, *_ in found]),
        }
    )


def _payloads(visits: Sequence[Visit], inputs: bool) -> Iterator[_Payload]:
    """(event id, time, where, text, visit) of each payload to search."""
    for visit in visits if inputs else visits[:1]:
        yield visit.entered_id, visit.entered, "input", visit.input, visit
    for visit in visits:
        if visit.exited_id is not None and visit.exited is not None and visit.output is not None:
            yield visit.exited_id, visit.exited, "output", visit.output, visit


def _finder(path: str) -> Callable[[str], Sequence[_Match]]:
    """What `path` matches in a JSON text; each distinct text is searched once."""
    expression = _parse(path)
    known: dict[str, Sequence[_Match]] = {}

    def find(text: str) -> Sequence[_Match]:
        if text not in known:
            known[text] = _search(expression, path, decode(text))
        return known[text]

    return find


def _search(expression: Any, path: str, value: Json) -> Sequence[_Match]:
    try:
        return [(match.value, _asl_path(match.full_path)) for match in expression.find(value)]
    except TypeError:  # jsonpath-ng met a value of another type, as where it sorts or cuts text
        return []
    except re.error as error:
        raise InvalidPath(path, f"bad regular expression, {error}", None) from error


def _parse(path: str) -> Any:
    from jsonpath_ng.exceptions import JSONPathError
    from jsonpath_ng.ext.parser import parse
    from jsonpath_ng.ext.string import DefintionInvalid

    try:
        return parse(path)
    except (JSONPathError, DefintionInvalid) as error:
        message = str(error)
        place = re.search(r" ?(?:at|on line) (\d+)(?::|, col )(\d+):?", message)
        if place is not None:
            reason = message[: place.start()] + message[place.end() :]
            raise InvalidPath(path, reason.strip(), int(place[2])) from None
        at_end = "near the end" in message or "EOF" in message
        raise InvalidPath(path, message, len(path) if at_end else None) from None


def _asl_path(place: Any) -> str:
    """A place as a state machine's definition would write it: "$.items[0]['unit price']"."""
    return f"${_steps(place)}"


def _steps(place: Any) -> str:
    from jsonpath_ng import Child, Fields, Root, This

    match place:
        case Child():
            return _steps(place.left) + _steps(place.right)
        case Fields():
            [name] = place.fields
            quoted = name.replace("\\", "\\\\").replace("'", "\\'")
            return f".{name}" if re.fullmatch(r"\w+", name) else f"['{quoted}']"
        case Root() | This():
            return ""
    text = str(place)
    return text if text.startswith("[") else f".{text}"
