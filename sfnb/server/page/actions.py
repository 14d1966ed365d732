"""What the buttons of the page do."""

from __future__ import annotations

from typing import Any

from sfnb.server.page.answers import Refused
from sfnb.service import InvalidExecutionInput, StepFunctions
from sfnb.values import Payload


def start(service: StepFunctions, asked: dict[str, Any]) -> dict[str, Any]:
    """Start an execution: {"machine": ARN, "input": JSON text, "name": text or absent}.

    machine: or one of its versions or aliases.
    Raises StateMachineDoesNotExist, InvalidExecutionInput, InvalidName, ExecutionAlreadyExists.
    """
    chosen = service.choose_state_machine(_text(asked, "machine"))
    try:
        payload = Payload.of_text(_text(asked, "input"))
    except ValueError as fault:
        raise InvalidExecutionInput(f"The input is not JSON: {fault}") from None
    name = asked.get("name")
    live = service.start_execution(
        chosen.machine,
        payload,
        name=name if isinstance(name, str) and name else None,
        qualifiers=chosen.qualifiers,
    )
    return {"arn": live.arn}


def stop(service: StepFunctions, asked: dict[str, Any]) -> dict[str, Any]:
    """End an execution as ABORTED; nothing happens where it has ended."""
    arn = _text(asked, "arn")
    service.stop_execution(arn)
    return {"arn": arn}


def redrive(service: StepFunctions, asked: dict[str, Any]) -> dict[str, Any]:
    """Go on from where it failed; raises ExecutionNotRedrivable, TasksMissing."""
    return {"arn": service.redrive_execution(_text(asked, "arn")).arn}


def resume(service: StepFunctions, asked: dict[str, Any]) -> dict[str, Any]:
    """Go on where it was interrupted; raises ExecutionNotResumable, TasksMissing."""
    return {"arn": service.resume_execution(_text(asked, "arn")).arn}


ACTIONS = {"start": start, "stop": stop, "redrive": redrive, "resume": resume}
"""By the last part of the address."""


def _text(asked: dict[str, Any], name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise Refused(400, f"'{name}' has to be a text")
    return value
