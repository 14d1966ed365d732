"""What starts executions, of the one service behind the functions of the package."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, overload

from sfnb.default import service
from sfnb.errors import SfnbError
from sfnb.jsonable import NotJson, to_payload

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.on.function import Function
    from sfnb.on.trying import Trial


@overload
def function(function: Callable[..., Any], /) -> Function: ...
@overload
def function(name: str, /) -> Callable[[Callable[..., Any]], Function]: ...
def function(function: Any, /) -> Any:
    """Let a Python function be a Lambda function: for tasks as with `task`, and for what starts it by `.on`.

    @sfnb.function
    def thumbnail(event, context): ...
    thumbnail.on.file("*.png", bucket="photos")
    """
    from sfnb.on.function import make_function

    return make_function(service(), function)


def list_triggers() -> pd.DataFrame:
    """What starts executions, a row each: rules, schedules, routes, topics, queues, files.

    Columns: trigger, kind, on, starts, runs ("here", "disabled", what it waits for), matched, started,
    dropped, why, last and next (UTC).
    """
    from sfnb.on.tables import triggers_frame

    service().take_up_left()
    return triggers_frame(service())


def dead_letters() -> pd.DataFrame:
    """What could not be delivered, oldest first.

    Columns: given_up, trigger, target, error, why, attempts, received, input, event, id.
    """
    from sfnb.on.tables import dead_letters_frame

    return dead_letters_frame(service())


def put_event(
    source: str, detail_type: str, detail: object, *, bus: str = "default", resources: tuple[str, ...] = ()
) -> str:
    """Put an event on a bus of EventBridge; answers with its id once it can be lost no more.

    detail: anything that is a JSON object. The same as `sfnb.client("events").put_events(...)`.
    Raises SfnbError where it is no event.
    """
    try:
        text = to_payload(detail, "detail").text
    except NotJson as fault:
        raise SfnbError(f"the detail is not JSON: {fault}") from None
    entry = {
        "Source": source,
        "DetailType": detail_type,
        "Detail": text,
        "EventBusName": bus,
        "Resources": list(resources),
    }
    buses = service().triggers.buses
    buses.describe_event_bus({"Name": bus})
    (answer,) = buses.put_events({"Entries": [entry]})["Entries"]
    if "ErrorCode" in answer:
        raise SfnbError(f"{answer['ErrorCode']}: {answer['ErrorMessage']}")
    return str(answer["EventId"])


def try_event(event: object) -> Trial:
    """Which rules would match an event, field by field, and what input they would make of it."""
    from sfnb.on.trying import try_event as try_it

    return try_it(service(), event)
