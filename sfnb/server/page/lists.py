"""What the page lists: state machines with their counts, and executions, a page at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, get_args

import msgspec

from sfnb.asl import machine as asl
from sfnb.engine.execution import Status
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.keeping import status_of
from sfnb.notebook.view_data import Machine, machine_of, milliseconds
from sfnb.renderers.svg import render_svg
from sfnb.server.page.answers import Refused
from sfnb.server.page.tally import Count, Tally
from sfnb.service import StateMachineDoesNotExist, StateMachineRecord, StepFunctions
from sfnb.service.records import Holding

MOST_LISTED = 200
STATUSES: Sequence[Status] = get_args(Status)
BUSY = "The server has not answered yet."
"""Instead of what the view says of a kernel."""
_STYLE = "<style>", "</style>"
_ROOM = ' style="max-width:100%;height:auto"'


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as the page takes it in: without a style of its own, which its policy would not let in.

    style: to be put into a style sheet of the page's.
    """

    svg: str
    style: str


def drawing(svg: str) -> Drawing:
    """
    >>> drawing("<svg><style>a { }</style><g/></svg>")
    Drawing(svg='<svg><g/></svg>', style='a { }')
    """
    before, _, rest = svg.partition(_STYLE[0])
    style, _, after = rest.partition(_STYLE[1])
    return Drawing(svg=(before + after).replace(_ROOM, "", 1), style=style)


def outline_of(record: StateMachineRecord) -> dict[str, Any]:
    """A machine for the graph of the live view, with its style apart."""
    machine: Machine = machine_of(asl.graph(record.definition), record.name)
    drawn = drawing(machine.svg)
    return {**msgspec.to_builtins(machine), "svg": drawn.svg, "style": drawn.style, "busy": BUSY}


def row_of(service: StepFunctions, record: ExecutionRecord) -> dict[str, Any]:
    """An execution as a list shows it. ms: how long it took, None while it has no end."""
    return {
        "arn": record.arn,
        "name": record.name or record.arn.rpartition(":")[2],
        "machine": record.machine,
        "machine_name": record.machine_name,
        "status": status_of(service, record),
        "started": iso(record.started),
        "stopped": iso(record.stopped),
        "ms": None if record.stopped is None else milliseconds(record.stopped, record.started),
        "error": record.error,
        "events": record.last_id,
        "redrives": record.redrive_count,
        "index": record.index,
    }


def iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def machines_data(service: StepFunctions, tally: Tally) -> dict[str, Any]:
    """Every machine: those that there are, and those that executions are kept of."""
    counts = tally.read()
    known = {record.arn: record for record in service.list_state_machines()}
    rows = [machine_row(service, record, counts.get(record.arn)) for record in known.values()]
    gone = [(arn, count) for arn, count in counts.items() if arn not in known and arn]
    rows += [gone_row(service, arn, count) for arn, count in gone]
    latest = [row_of(service, record) for record in service.list_executions(ExecutionFilter(limit=10))]
    rows.sort(key=lambda row: row["name"].casefold())
    return {"machines": rows, "latest": latest, "account": service.account, "region": service.region}


def machine_row(service: StepFunctions, record: StateMachineRecord, count: Count | None) -> dict[str, Any]:
    return {
        "arn": record.arn,
        "name": record.name,
        "type": record.type,
        "known": True,
        "created": iso(record.creation_date),
        **_counted(service, count),
    }


def gone_row(service: StepFunctions, arn: str, count: Count) -> dict[str, Any]:
    """A machine that nobody has loaded into this process, or that was deleted: its executions are there."""
    facts = {"arn": arn, "name": count.name or arn.rpartition(":")[2], "type": count.latest.kind}
    return {**facts, "known": False, "created": None, **_counted(service, count)}


def _counted(service: StepFunctions, count: Count | None) -> dict[str, Any]:
    if count is None:
        return {"counts": {}, "last": None}
    latest = service.find_execution(count.latest.arn) or count.latest
    return {"counts": count.statuses, "last": row_of(service, latest)}


def executions_data(
    service: StepFunctions,
    machine: str | None,
    status: str | None,
    words: str | None,
    offset: int,
    limit: int,
) -> dict[str, Any]:
    """A page of executions, newest first. more: whether there is another one after it.

    words: a part of the name; with * and ? for what does not matter. Raises Refused.
    """
    if status is not None and status not in STATUSES:
        raise Refused(400, f"there is no status {status!r}: there are {', '.join(STATUSES)}")
    limit = min(max(limit, 1), MOST_LISTED)
    wanted = ExecutionFilter(
        machine=machine,
        status=None if status is None else (status,),  # type: ignore[arg-type]
        name=pattern(words),
        limit=limit + 1,
        offset=offset,
    )
    found = service.list_executions(wanted)
    return {"rows": [row_of(service, record) for record in found[:limit]], "more": len(found) > limit}


def pattern(words: str | None) -> str | None:
    """What is looked for in names, as the stores understand it.

    >>> pattern("order"), pattern("run-*"), pattern("")
    ('*order*', 'run-*', None)
    """
    if not words:
        return None
    words = words.replace("[", "?")  # which names do not have, and GLOB takes for more than itself
    return words if "*" in words or "?" in words else f"*{words}*"


def machine_data(service: StepFunctions, tally: Tally, arn: str) -> dict[str, Any]:
    """A machine with its drawing and definition; raises StateMachineDoesNotExist.

    known: whether it is on this server; else it is told by what its latest execution ran.
    starts: what an execution can be started by: the machine, its versions, its aliases.
    """
    count = tally.read().get(arn)
    held = _held(service, arn)
    if held is None and count is None:
        raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
    record = held.record if held is not None else service.execution(count.latest.arn).machine  # type: ignore[union-attr]
    drawn = drawing(render_svg(asl.graph(record.definition)))
    return {
        **machine_row(service, record, count),
        "arn": arn,
        "known": held is not None,
        "role": record.role_arn,
        "revision": record.revision,
        "updated": iso(record.updated),
        "drawing": {**outline_of(record), "svg": drawn.svg, "style": drawn.style},
        "definition": definition_of(record),
        "warnings": [warning.message for warning in record.warnings],
        "starts": [] if held is None else list(starts_of(held)),
    }


def starts_of(held: Holding) -> Iterator[dict[str, Any]]:
    """The machine itself, then its aliases, then its versions, newest first.

    kind: "machine", "alias" or "version". routes: of an alias the shares of its versions, in per cent.
    """
    arn = held.record.arn
    yield {"arn": arn, "kind": "machine", "name": "", "created": iso(held.record.creation_date)}
    for alias in held.aliases.values():
        routes = [[route.version, route.weight] for route in alias.routes]
        words = {"description": alias.description, "created": iso(alias.creation_date), "routes": routes}
        yield {"arn": alias.arn, "kind": "alias", "name": alias.name, **words}
    for number, version in reversed(held.versions.items()):
        words = {"description": version.description, "created": iso(version.creation_date)}
        yield {"arn": f"{arn}:{number}", "kind": "version", "name": str(number), **words}


def counts_data(service: StepFunctions, tally: Tally, arn: str) -> dict[str, Any]:
    """How many executions a machine has, by status; and what is another text once it has been changed."""
    count = tally.read().get(arn)
    held = _held(service, arn)
    state = ""
    if held is not None:
        record = held.record
        parts = (record.creation_date, record.revision, list(held.versions), list(held.aliases.values()))
        state = " ".join(map(str, parts))
    return {"counts": {} if count is None else count.statuses, "state": state}


def _held(service: StepFunctions, arn: str) -> Holding | None:
    """The machine with its versions and aliases, if it is on this server."""
    return next((held for held in service.held_state_machines() if held.record.arn == arn), None)


def definition_of(record: StateMachineRecord) -> dict[str, str]:
    """The text as its author wrote it."""
    return {"text": record.source.text, "format": record.source.format}
