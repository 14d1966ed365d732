"""What the target of a schedule is to be: checked when the schedule is made, and made what it starts.

A templated target names what is reached, and its Input is what that is given. A universal one names an
operation of an SDK, `arn:aws:scheduler:::aws-sdk:sfn:startExecution`, and its Input is the operation's
parameters.
Source: EventBridge Scheduler user guide, "Templated targets", "Universal targets".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sfnb.triggers.inputs import InvalidTargetInput, ScheduleFacts, scheduler_input
from sfnb.triggers.records import service_of
from sfnb.triggers.refusals import ValidationException
from sfnb.values import Json, decode

START_EXECUTION = "sfn:startExecution"
PARAMETERS = ("stateMachineArn", "input", "name", "traceHeader")
TAKES_JSON = ("states", "lambda", "events")

_sample = ScheduleFacts(
    arn="arn:aws:scheduler:::schedule/default/x", time=datetime(2026, 1, 1, tzinfo=UTC), execution_id="x"
)


def check_scheduled(target: Mapping[str, Any]) -> None:
    """Raises ValidationException for a target that nothing could ever be delivered to."""
    service, text = service_of(target["Arn"]), target.get("Input")
    if not service:
        raise ValidationException("Provided Arn is not in correct format.")
    if service == "scheduler":
        _check_universal(target)
        return
    if service == "events":
        _check_bus(target)
    if text and service in TAKES_JSON:
        given = _read(scheduler_input(text, _sample), "Input")
        if service == "events" and not isinstance(given, dict):
            raise ValidationException("Input is the detail of an event, and so a JSON object.")


def _check_bus(target: Mapping[str, Any]) -> None:
    parameters = target.get("EventBridgeParameters") or {}
    for name in ("DetailType", "Source"):
        if not parameters.get(name):
            raise ValidationException(f"EventBridgeParameters has no {name}, which an event bus is given.")
    if parameters["Source"].startswith("aws."):
        raise ValidationException(f"Source is {parameters['Source']}, and those of AWS begin with 'aws.'.")


def _check_universal(target: Mapping[str, Any]) -> None:
    operation = target["Arn"].partition(":aws-sdk:")[2]
    if operation != START_EXECUTION:
        raise ValidationException(
            f"{target['Arn']} is none that can be reached from here: of universal targets that is"
            f" arn:aws:scheduler:::aws-sdk:{START_EXECUTION} alone."
        )
    try:
        parameters = _parameters(scheduler_input(target.get("Input") or "", _sample))
    except InvalidTargetInput as fault:
        raise ValidationException(str(fault)) from None
    _read(parameters.get("input", "{}"), "Input of StartExecution")


def _read(text: str, what: str) -> Json:
    try:
        return decode(text)
    except (ValueError, RecursionError):
        raise ValidationException(f"{what} is not a valid JSON text.") from None


def _parameters(text: str) -> dict[str, str]:
    """Of StartExecution, as its API calls them; raises InvalidTargetInput."""
    try:
        given = decode(text)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise InvalidTargetInput("Input is the parameters of StartExecution, and so a JSON object.")
    parameters: dict[str, str] = {}
    for name, value in given.items():
        known = name[:1].lower() + name[1:]
        if known not in PARAMETERS or not isinstance(value, str):
            raise InvalidTargetInput(
                f"{name[:100]} in the Input is none of StartExecution's parameters, StateMachineArn, Input,"
                " Name and TraceHeader, or no text."
            )
        parameters[known] = value
    if service_of(parameters.get("stateMachineArn", "")) != "states":
        raise InvalidTargetInput("StateMachineArn in the Input is not the ARN of a state machine.")
    return parameters


def started(target: Mapping[str, Any]) -> str:
    """The ARN of what a target that is checked starts, or is given something."""
    if service_of(target["Arn"]) != "scheduler":
        return str(target["Arn"])
    return _parameters(scheduler_input(target["Input"], _sample))["stateMachineArn"]


def templated(target: dict[str, Any], text: str) -> tuple[dict[str, Any], str]:
    """A target as a templated one, and what it is given; see `targets.send`.

    text: its Input, filled. Raises InvalidTargetInput for a universal one that cannot be called so.
    """
    if service_of(target["Arn"]) != "scheduler":
        return target, text
    parameters = _parameters(text)
    more = {"Arn": parameters["stateMachineArn"], "Name": parameters.get("name")}
    more["TraceHeader"] = parameters.get("traceHeader")
    kept = {name: value for name, value in target.items() if name not in ("Arn", "Input")}
    made = kept | {name: value for name, value in more.items() if value is not None}
    return made, parameters.get("input", "{}")
