"""Events, visits and Map items as pandas DataFrames, one row each.

A JSON payload becomes the Python value of its text; each distinct text is parsed once, so rows may
share a value: take a copy before changing one. A missing payload and a JSON null are both None.
Columns that a person reads first stand left. Empty executions give empty frames of the same dtypes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from sfnb.asl.graph import NodePath
from sfnb.engine.events import Event, Fact, FramePath
from sfnb.engine.history import detail_fields
from sfnb.engine.progress import Status
from sfnb.engine.visits import Fold, MapItem, Visit, resource_name
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd

# Fields with a column of their own, or told by one: a Map iteration's name and index by state and iteration.
_SHOWN = frozenset(
    {"name", "index", "input", "parameters", "output", "error", "cause", "resource", "resource_type"}
)

# XES has no word for a failure but "ate_abort", the activity's own; "pi_abort" comes from around it.
_TRANSITIONS = {
    "succeeded": "complete",
    "caught": "complete",
    "failed": "ate_abort",
    "timed_out": "ate_abort",
    "aborted": "pi_abort",
    "running": "start",
}


def events_frame(events: Iterable[Event]) -> pd.DataFrame:
    """A row for each event of the AWS history.

    state: that the event belongs to, also for a task's events.
    iteration: the index in the innermost Map around it.
    input: also a task's parameters.
    details: what has no column of its own, under the names of the API; None where there is nothing.
    """
    import pandas as pd

    log = list(events)
    fold = Fold(log)
    rows = [event for event in log if not isinstance(event, Fact)]
    places = [fold.place(event) for event in rows]
    parse = _Parser()
    return pd.DataFrame(
        {
            "id": integers([event.id for event in rows]),
            "type": category([event.type for event in rows]),
            "state": category([state for state, _ in places]),
            "iteration": integers([_innermost(iteration) for _, iteration in places]),
            "timestamp": times([event.timestamp for event in rows]),
            "input": parse.column([_attribute(e, "input") or _attribute(e, "parameters") for e in rows]),
            "output": parse.column([_attribute(event, "output") for event in rows]),
            "error": texts([_attribute(event, "error") for event in rows]),
            "cause": texts([_attribute(event, "cause") for event in rows]),
            "resource": texts([resource_name(event) for event in rows]),
            "details": objects([_details(event) for event in rows]),
            "previous_event_id": integers([event.previous_event_id for event in rows]),
        }
    )


def visits_frame(visits: Sequence[Visit]) -> pd.DataFrame:
    """A row for each visit of a state.

    duration: NaT while the visit is open.
    iteration: the index in the innermost Map around it; `path` has them all: "Orders[3]/Lines[0]/Price",
    where the number after a Parallel is the branch's.
    """
    import pandas as pd

    parse = _Parser()
    entered, exited = times([v.entered for v in visits]), times([v.exited for v in visits])
    return pd.DataFrame(
        {
            "state": category([v.state for v in visits]),
            "type": category([v.type for v in visits]),
            "status": category([v.status for v in visits], get_args(Status)),
            "attempts": integers([v.attempts for v in visits]),
            "duration": exited - entered,
            "iteration": integers([_innermost(v.iteration) for v in visits]),
            "input": parse.column([v.input for v in visits]),
            "output": parse.column([v.output for v in visits]),
            "error": texts([v.error for v in visits]),
            "cause": texts([v.cause for v in visits]),
            "printed": texts([v.printed for v in visits]),
            "entered": entered,
            "exited": exited,
            "resource": texts([v.resource for v in visits]),
            "path": texts([path_text(v.path, v.frame) for v in visits]),
            "entered_id": integers([v.entered_id for v in visits]),
            "exited_id": integers([v.exited_id for v in visits]),
        }
    )


def map_items_frame(items: Sequence[MapItem]) -> pd.DataFrame:
    """A row for each item that an inline Map has started.

    state: the Map's.
    iteration: the item's index, as in the visits inside it; `outer_iteration` is the Map's own.
    attempt: of the Map, from 1; a Retrier runs every item again.
    """
    import pandas as pd

    parse = _Parser()
    started, stopped = times([i.started for i in items]), times([i.stopped for i in items])
    return pd.DataFrame(
        {
            "state": category([i.state for i in items]),
            "iteration": integers([i.index for i in items]),
            "status": category([i.status for i in items], get_args(Status)),
            "attempt": integers([i.attempt for i in items]),
            "duration": stopped - started,
            "input": parse.column([i.input for i in items]),
            "output": parse.column([i.output for i in items]),
            "error": texts([i.error for i in items]),
            "cause": texts([i.cause for i in items]),
            "started": started,
            "stopped": stopped,
            "outer_iteration": integers([_innermost(i.iteration) for i in items]),
            "path": texts([path_text(i.path, i.frame) for i in items]),
            "started_id": integers([i.started_id for i in items]),
        }
    )


def event_log(visits: Sequence[Visit], case: str) -> pd.DataFrame:
    """The visits under the column names that process mining tools read (XES); `case` names the execution.

    To mine several executions, concatenate their logs. A state that failed has the transition
    "ate_abort", one stopped from outside "pi_abort", one still open "start".
    Source: IEEE 1849 (XES), extensions Concept, Time, Lifecycle, Organizational.
    """
    import pandas as pd

    return pd.DataFrame(
        {
            "case:concept:name": texts([case] * len(visits)),
            "concept:name": texts([v.state for v in visits]),
            "time:timestamp": times([v.exited or v.entered for v in visits]),
            "start_timestamp": times([v.entered for v in visits]),
            "lifecycle:transition": texts([_TRANSITIONS[v.status] for v in visits]),
            "org:resource": texts([v.resource for v in visits]),
        }
    )


def _attribute(event: Event, name: str) -> str | None:
    return getattr(event, name, None)


def _innermost(iteration: tuple[int, ...] | None) -> int | None:
    return iteration[-1] if iteration else None


def _details(event: Event) -> dict[str, Any] | None:
    rest = _rest(type(event))
    if not rest:
        return None
    values = ((key, getattr(event, attribute)) for attribute, key in rest)
    return {key: value for key, value in values if value is not None} or None


@cache
def _rest(kind: type[Event]) -> tuple[tuple[str, str], ...]:
    return tuple(field for field in detail_fields(kind) if field[0] not in _SHOWN)


def path_text(path: NodePath, frame: FramePath) -> str:
    """The place with its indices.

    >>> path_text(("Orders", 0, "Lines", 0, "Price"), (5, 3, 17, 0))
    'Orders[3]/Lines[0]/Price'
    >>> path_text(("Orders",), (5, 3))
    'Orders[3]'
    """
    names, indices = path[::2], frame[1::2]
    around = "".join(f"{name}[{index}]/" for name, index in zip(names, indices, strict=False))
    return around[:-1] if len(names) == len(indices) else f"{around}{names[-1]}"


# Columns; pandas's stubs know less of None than pandas does, so what goes in is Any


class _Parser:
    """JSON texts to values, each distinct text once."""

    def __init__(self) -> None:
        self._values: dict[str | None, Json] = {None: None}

    def column(self, texts: Sequence[str | None]) -> Any:
        values = self._values
        for text in texts:
            if text is not None and text not in values:
                values[text] = decode(text)
        return objects([values[text] for text in texts])


def objects(values: Sequence[Any]) -> Any:
    """An object array; numpy left to itself would make a table of lists of equal length."""
    import numpy as np

    return np.fromiter(values, dtype=object, count=len(values))


def integers(values: Sequence[Any]) -> Any:
    import pandas as pd

    return pd.array(values, dtype="Int64")


def times(values: Any) -> Any:
    import pandas as pd

    return pd.to_datetime(values, utc=True).as_unit("us")


def texts(values: Sequence[Any]) -> Any:
    """`str` in pandas 3, `object` before."""
    import pandas as pd

    return pd.Series(values, dtype=_text_type())


def category(values: Any, categories: Iterable[Any] | None = None) -> Any:
    """With `categories`, or those there are, in the order of first appearance."""
    import pandas as pd

    present = [value for value in dict.fromkeys(categories or values) if value is not None]
    return pd.Categorical(values, categories=pd.Index(present, dtype=_text_type()))


def _text_type() -> Any:
    import pandas as pd

    return pd.Series(["text"]).dtype
