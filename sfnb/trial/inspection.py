"""What a test of a state shows, in AWS's shapes.

AWS shows, for each type of state, only what that type does with its data, whichever fields it has.
Source: AWS recordings of TestState; AWS API reference, InspectionData.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.asl.state import State
from sfnb.trial.watch import Stage, Watch
from sfnb.values import Json, encode

if TYPE_CHECKING:
    from sfnb.integrations.http_exchange import Exchange
    from sfnb.trial.visit import Ending

SPELLED = {
    "InputPath": "afterInputPath",
    "Parameters": "afterParameters",
    "Arguments": "afterArguments",
    "ItemsPath": "afterItemsPath",
    "ItemsPointer": "afterItemsPointer",
    "ItemSelector": "afterItemSelector",
    "ItemBatcher": "afterItemBatcher",
    "Result": "result",
    "ResultSelector": "afterResultSelector",
    "ResultPath": "afterResultPath",
}

ON_ITEMS = ("ItemsPointer", "ItemSelector", "ItemBatcher")
ON_RESULT = ("ResultSelector", "ResultPath")

SHOWN: dict[str, dict[str, tuple[str, ...]]] = {
    "JSONPath": {
        "Task": ("InputPath", "Parameters", "Result", *ON_RESULT),
        "Pass": ("InputPath", "Parameters", *ON_RESULT),
        "Choice": ("InputPath",),
        "Wait": ("InputPath",),
        "Succeed": ("InputPath",),
        "Parallel": ON_RESULT,
        "Map": ("InputPath", "ItemsPath", *ON_ITEMS, *ON_RESULT),
    },
    "JSONata": {"Task": ("Arguments", "Result"), "Map": ON_ITEMS},
}

RESULT_OF_PASS = ("Result", *ON_RESULT)
"""What a Pass with a Result shows: its input is not looked at."""


def inspection_data(
    state: State, input: str, watch: Watch, variables: Mapping[str, Json], ending: Ending
) -> dict[str, Any]:
    """AWS's InspectionData; what the data was is JSON text. variables: after the state."""
    data: dict[str, Any] = {"input": input}
    for stage in told(state, watch.stages):
        data[SPELLED[stage.field]] = stage.payload.text
    if variables:
        data["variables"] = encode(dict(variables))
    data |= watch.bounds
    if ending.details is not None:
        data["errorDetails"] = msgspec.to_builtins(ending.details)
    return data


def http_data(exchange: Exchange, *, reveal_secrets: bool) -> dict[str, Any]:
    """The request and the response of an HTTP Task.

    Source: AWS guide, "Using TestState API", the example at the level TRACE.
    """
    request, answer = exchange.request if reveal_secrets else exchange.masked, exchange.answer
    data: dict[str, Any] = {
        "request": {
            "protocol": request.protocol,
            "method": request.method,
            "url": request.url,
            "headers": _listed(request.headers),
        }
    }
    if request.body is not None:
        data["request"]["body"] = request.body
    if answer is not None:
        data["response"] = {
            "protocol": request.protocol,
            "statusCode": str(answer.status),
            "statusMessage": answer.reason,
            "headers": _listed(answer.headers),
            "body": answer.content.decode(errors="replace"),
        }
    return data


def _listed(headers: Sequence[tuple[str, str]]) -> str:
    return f"[{', '.join(f'{name}: {value}' for name, value in headers)}]"


def told(state: State, stages: Sequence[Stage]) -> list[Stage]:
    """The stages that AWS shows of a state of this type."""
    shown = SHOWN[state.language].get(state.type, ())
    if getattr(state, "result", None) is not None:
        shown = RESULT_OF_PASS
    return [stage for stage in stages if stage.field in shown]


def response(ending: Ending, inspection: dict[str, Any] | None) -> dict[str, Any]:
    """AWS's answer to TestState; inspection None: at the level INFO."""
    answer = {
        "output": None if ending.output is None else ending.output.text,
        "error": ending.error,
        "cause": ending.cause,
        "inspectionData": inspection,
        "nextState": ending.next,
        "status": ending.status,
    }
    return {key: value for key, value in answer.items() if value is not None}
