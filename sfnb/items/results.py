"""What comes of the children of a Distributed Map: their records, and the state's result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from sfnb.asl.commands import Transformation
from sfnb.engine.map_ports import ChildResult
from sfnb.values import Json, decode, encode


def record(child: ChildResult) -> dict[str, Json]:
    """The child with its metadata, as Transformation NONE has it; what is None is left out.

    Source: AWS guide, "ResultWriter".
    """
    started = child.status != "PENDING"
    fields: dict[str, Json] = {
        "Cause": child.cause,
        "Error": child.error,
        "ExecutionArn": child.execution_arn,
        "Input": child.input,
        "InputDetails": {"Included": True},
        "Name": child.name,
        "Output": child.output,
        "OutputDetails": None if child.output is None else {"Included": True},
        "RedriveCount": child.redrive_count if started else None,
        "RedriveStatus": child.redrive_status or (_redrive_status(child) if started else None),
        "RedriveStatusReason": child.redrive_status_reason or _redrive_status_reason(child),
        "StartDate": _iso(child.start_date),
        "StateMachineArn": child.state_machine_arn,
        "Status": child.status,
        "StopDate": _iso(child.stop_date),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _redrive_status(child: ChildResult) -> str:
    return "NOT_REDRIVABLE" if child.status == "SUCCEEDED" else "REDRIVABLE_BY_MAP_RUN"


def _redrive_status_reason(child: ChildResult) -> str | None:
    return "Execution is SUCCEEDED and cannot be redriven" if child.status == "SUCCEEDED" else None


def entries(child: ChildResult, transformation: Transformation) -> Iterator[str]:
    """What a child adds to the result, as JSON text: itself or its output, or what is in its output.

    One that did not succeed is always recorded in full. Source: AWS guide, "ResultWriter".
    """
    if transformation == "NONE" or child.status != "SUCCEEDED" or child.output is None:
        yield encode(record(child))
    elif transformation == "FLATTEN" and child.output.lstrip().startswith("["):
        elements = decode(child.output)
        assert isinstance(elements, list)
        yield from map(encode, elements)
    else:
        yield child.output


def result_of(children: Iterable[ChildResult], transformation: Transformation = "COMPACT") -> list[Json]:
    """The state's result where nothing is exported, the children in the order of their items.

    A failed child that was tolerated takes its place with its full record, as the guide says of every
    Transformation. Its size is the caller's to check (States.DataLimitExceeded over 256 KiB).

    >>> done = ChildResult(status="SUCCEEDED", input="1", output="[1,2]")
    >>> result_of([done, done]), result_of([done, done], "FLATTEN")
    ([[1, 2], [1, 2]], [1, 2, 1, 2])
    """
    return [decode(text) for child in children for text in entries(child, transformation)]


def _iso(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
