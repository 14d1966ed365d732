"""Events, visits, variables, Map items and map runs as pandas DataFrames, one row each.

A JSON payload becomes the Python value of its text; each distinct text is parsed once, so rows may
share a value: take a copy before changing one. A missing payload and a JSON null are both None.
Columns that a person reads first stand left. Empty executions give empty frames of the same dtypes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, get_args

from sfnb.asl.graph import NodePath
from sfnb.engine.events import Event, ExecutionSucceeded, FramePath
from sfnb.engine.facts import Fact
from sfnb.engine.history import detail_fields
from sfnb.engine.progress import Status
from sfnb.engine.visits import Fold, MapItem, Visit, resource_name
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.engine.map_views import ChildView, MapRunView

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
    assigned: the variables it set, by name; None where it set none.
    location: the field whose JSONata expression failed.
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
            "assigned": objects([parse.values(v.assigned) for v in visits]),
            "error": texts([v.error for v in visits]),
            "cause": texts([v.cause for v in visits]),
            "location": texts([v.location for v in visits]),
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


def variables_frame(visits: Sequence[Visit]) -> pd.DataFrame:
    """A row for each variable, with its last value; of a branch or iteration that was run again, the last.

    scope: "" for the machine, else the branch or iteration that it lived in: "Orders[3]".
    state: that set it last, at `assigned`; `times` counts how often it was set.
    """
    import pandas as pd

    parse = _Parser()
    rows = list(last_values(visits))
    return pd.DataFrame(
        {
            "scope": texts([scope for scope, *_ in rows]),
            "name": texts([name for _, name, *_ in rows]),
            "value": parse.column([text for *_, text in rows]),
            "state": texts([visit.state for _, _, _, visit, _ in rows]),
            "times": integers([count for _, _, count, _, _ in rows]),
            "assigned": times([visit.exited for _, _, _, visit, _ in rows]),
        }
    )


def last_values(visits: Sequence[Visit]) -> Iterator[tuple[str, str, int, Visit, str]]:
    """Of each variable (scope, name, how often it was set, by whom last, its JSON text)."""
    scopes: dict[str, tuple[FramePath, dict[str, tuple[int, Visit, str]]]] = {"": ((), {})}
    for visit in sorted(visits, key=lambda visit: visit.exited_id or 0):
        if not visit.assigned:
            continue
        scope = path_text(visit.path[:-1], visit.frame) if visit.frame else ""
        if scope not in scopes or scopes[scope][0] != visit.frame:
            scopes[scope] = visit.frame, {}
        known = scopes[scope][1]
        for name, text in visit.assigned.items():
            count = known[name][0] if name in known else 0
            known[name] = count + 1, visit, text
    for scope, (_, known) in scopes.items():
        yield from ((scope, name, count, visit, text) for name, (count, visit, text) in known.items())


def map_runs_frame(map_runs: Sequence[MapRunView]) -> pd.DataFrame:
    """A row for each map run: an attempt of a Map in DISTRIBUTED mode.

    items, executions: how many there are, as far as they have been read; `_succeeded` and the like say
        what became of them. An execution has one item, or a batch of them.
    results_written: items whose results are in the files of the ResultWriter.
    duration: NaT while it runs.
    """
    import pandas as pd

    started, stopped = times([run.started for run in map_runs]), times([run.stopped for run in map_runs])
    kinds = ("succeeded", "failed", "timed_out", "aborted", "running", "pending")
    return pd.DataFrame(
        {
            "state": category([run.state for run in map_runs]),
            "status": category(
                [run.status for run in map_runs], ("SUCCEEDED", "FAILED", "ABORTED", "RUNNING")
            ),
            "duration": stopped - started,
            "items": integers([run.items.total for run in map_runs]),
            **{f"items_{kind}": integers([getattr(run.items, kind) for run in map_runs]) for kind in kinds},
            "executions": integers([run.executions.total for run in map_runs]),
            **{
                f"executions_{kind}": integers([getattr(run.executions, kind) for run in map_runs])
                for kind in kinds
            },
            "results_written": integers([run.items.results_written for run in map_runs]),
            "started": started,
            "stopped": stopped,
            "label": texts([run.label for run in map_runs]),
            "map_run": texts([run.arn for run in map_runs]),
        }
    )


def children_frame(children: Sequence[tuple[MapRunView, ChildView]]) -> pd.DataFrame:
    """A row for each child execution of these map runs.

    index: its place in its map run, from 0; `name` is a UUID.
    items: how many it was given; more than one where they come in batches.
    """
    import pandas as pd

    parse = _Parser()
    ends = [child.last for _, child in children]
    started, stopped = times([child.began for _, child in children]), times([c.ended for _, c in children])
    outputs = [last.output if isinstance(last, ExecutionSucceeded) else None for last in ends]
    return pd.DataFrame(
        {
            "state": category([run.state for run, _ in children]),
            "index": integers([child.index for _, child in children]),
            "status": category([child.status for _, child in children]),
            "items": integers([child.item_count for _, child in children]),
            "duration": stopped - started,
            "input": parse.column([child.started.input for _, child in children]),
            "output": parse.column(outputs),
            "error": texts([getattr(last, "error", None) for last in ends]),
            "cause": texts([getattr(last, "cause", None) for last in ends]),
            "started": started,
            "stopped": stopped,
            "name": texts([child.name for _, child in children]),
            "map_run": texts([run.arn for run, _ in children]),
            "arn": texts([child.arn for _, child in children]),
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
    """The place with its indices; of a frame, where `path` ends with a number.

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
        return objects([self._value(text) for text in texts])

    def values(self, texts: dict[str, str] | None) -> dict[str, Json] | None:
        return None if texts is None else {name: self._value(text) for name, text in texts.items()}

    def _value(self, text: str | None) -> Json:
        values = self._values
        if text not in values:
            assert text is not None
            values[text] = decode(text)
        return values[text]


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
