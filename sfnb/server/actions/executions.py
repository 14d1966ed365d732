"""The actions on executions."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from msgspec import structs

from sfnb.asl.validation import invalid_input
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.server.actions.looking import execution
from sfnb.server.actions.paging import invalid_token, page_size, place_of, token_for
from sfnb.service import Live, StateMachineTypeNotSupported, StepFunctions
from sfnb.service.arns import checked, machine_arn
from sfnb.service.executions import NOT_SYNCHRONOUS
from sfnb.service.names import given_name
from sfnb.service.refusals import InvalidExecutionInput
from sfnb.trial.refusals import ValidationException
from sfnb.values import Payload

STOPPED_SECONDS = 10.0
"""How long StopExecution waits for an execution to have ended."""
BILLED_MEGABYTES = 64
"""What AWS bills at least; memory is not measured here."""
NONE: Mapping[str, Any] = MappingProxyType({})
BOTH = "Exactly one of stateMachineArn and mapRunArn must be specified"
PENDING = "The status filter PENDING_REDRIVE can only be used with a mapRunArn"


def start_execution(
    service: StepFunctions, params: dict[str, Any], manner: Mapping[str, Any] = NONE
) -> dict[str, Any]:
    """manner: further options of `StepFunctions.start_execution`."""
    arn, _, case = params["stateMachineArn"].partition("#")
    chosen = service.choose_state_machine(arn)
    live = service.start_execution(
        chosen.machine,
        _input(params),
        name=_name(params),
        mocks=service.mock_case(chosen.machine, case) if case else None,
        qualifiers=chosen.qualifiers,
        trace_header=params.get("traceHeader"),
        **manner,
    )
    return {"executionArn": live.arn, "startDate": service.first_of(live).timestamp}


def start_sync_execution(
    service: StepFunctions, params: dict[str, Any], manner: Mapping[str, Any] = NONE
) -> dict[str, Any]:
    """manner: as for `start_execution`."""
    chosen = service.choose_state_machine(params["stateMachineArn"])
    if chosen.machine.type != "EXPRESS":
        raise StateMachineTypeNotSupported(NOT_SYNCHRONOUS)
    live = service.start_sync_execution(
        chosen.machine,
        _input(params),
        name=_name(params),
        qualifiers=chosen.qualifiers,
        trace_header=params.get("traceHeader"),
        **manner,
    )
    answer = _described(service, live, params)
    for name in ("stateMachineVersionArn", "stateMachineAliasArn"):
        answer.pop(name, None)
    return answer | {
        "billingDetails": {
            "billedDurationInMilliseconds": live.billed_milliseconds,
            "billedMemoryUsedInMB": BILLED_MEGABYTES,
        }
    }


def _input(params: dict[str, Any]) -> Payload:
    text = params.get("input") or "{}"
    try:
        return Payload.of_text(text)
    except ValueError:
        raise InvalidExecutionInput(invalid_input(text)) from None


def _name(params: dict[str, Any]) -> str | None:
    name: str | None = params.get("name")
    return None if name is None else given_name(name)


def stop_execution(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    """Of one that has ended already, this is when."""
    arn = params["executionArn"]
    live = execution(service, arn, express=False)
    service.stop_execution(arn, error=params.get("error"), cause=params.get("cause"))
    live.wait(STOPPED_SECONDS)
    return {"stopDate": service.describe_execution(arn).stop_date}


def redrive_execution(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    arn = params["executionArn"]
    execution(service, arn, express=False)
    return {"redriveDate": service.redriven(arn, params.get("clientToken"))}


def describe_execution(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    live = execution(service, params["executionArn"])
    state = service.describe_execution(live.arn)
    redrive = {
        "redriveCount": state.redrive_count,
        "redriveDate": state.redrive_date,
        "redriveStatus": state.redrive_status,
        "redriveStatusReason": state.redrive_status_reason,
    }
    record = live.store.find(live.arn)
    if record is not None and record.parent is not None:
        redrive["mapRunArn"] = record.parent
    return _described(service, live, params) | _told(redrive)


def _described(service: StepFunctions, live: Live, params: dict[str, Any]) -> dict[str, Any]:
    state = service.describe_execution(live.arn)
    trace_header = service.plan_of(live).trace_header
    assert live.first is not None  # somebody has asked for the state
    shows = params.get("includedData") != "METADATA_ONLY"
    has_output = state.output is not None
    return _told(
        {
            "executionArn": live.arn,
            "stateMachineArn": live.machine.arn,
            "stateMachineVersionArn": live.first.state_machine_version_arn,
            "stateMachineAliasArn": live.first.state_machine_alias_arn,
            "name": live.name,
            "status": state.status,
            "startDate": state.start_date,
            "stopDate": state.stop_date,
            "input": state.input if shows else None,
            "inputDetails": {"included": shows},
            "output": state.output if shows else None,
            "outputDetails": {"included": shows} if has_output else None,
            "error": state.error if shows else None,
            "cause": state.cause if shows else None,
            "traceHeader": trace_header,
        }
    )


def _told(answer: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if value is not None}


def list_executions(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
    """Newest first. A token names the last one shown, so what is started in the meantime moves nothing."""
    wanted, list_name = _wanted(service, params)
    filters = [params[name] for name in ("statusFilter", "redriveFilter") if params.get(name)]
    list_name = " ".join((list_name, *filters))
    shown_last = place_of(params, list_name)
    if shown_last is not None and service.find_execution(shown_last) is None:
        raise invalid_token()
    size = page_size(params)
    found = service.list_executions(
        structs.replace(
            wanted,
            status=(params["statusFilter"],) if params.get("statusFilter") else None,
            redriven={"REDRIVEN": True, "NOT_REDRIVEN": False}.get(params.get("redriveFilter") or ""),
            older_than=shown_last,
            limit=size + 1,
        )
    )
    answer: dict[str, Any] = {"executions": [_listed(service, record) for record in found[:size]]}
    if len(found) > size:
        answer["nextToken"] = token_for(list_name, found[size - 1].arn)
    return answer


def _wanted(service: StepFunctions, params: dict[str, Any]) -> tuple[ExecutionFilter, str]:
    """Which executions are meant, and what to call the list of them."""
    machine, map_run = params.get("stateMachineArn"), params.get("mapRunArn")
    if map_run is not None and machine is None:
        checked(map_run, "mapRun")
        service.map_runs.describe(map_run)
        return ExecutionFilter(parent=map_run), f"ListExecutions {map_run}"
    if machine is None or map_run is not None:
        raise ValidationException(BOTH)
    if params.get("statusFilter") == "PENDING_REDRIVE":
        raise ValidationException(PENDING)
    parsed = machine_arn(machine)
    if service.described_state_machine(machine).type == "EXPRESS":
        raise StateMachineTypeNotSupported(NOT_SYNCHRONOUS)
    if parsed.qualifier is None:
        return ExecutionFilter(machine=machine), f"ListExecutions {machine}"
    if parsed.version is None:
        return ExecutionFilter(alias=machine), f"ListExecutions {machine}"
    return ExecutionFilter(version=machine), f"ListExecutions {machine}"


def _listed(service: StepFunctions, record: ExecutionRecord) -> dict[str, Any]:
    return _told(
        {
            "executionArn": record.arn,
            "stateMachineArn": record.machine,
            "name": record.name,
            "status": record.status,
            "startDate": record.started,
            "stopDate": record.stopped,
            "mapRunArn": record.parent,
            "itemCount": None if record.parent is None else service.item_count(record),
            "stateMachineVersionArn": record.version,
            "stateMachineAliasArn": record.alias,
            "redriveCount": record.redrive_count,
            "redriveDate": service.redrive_date(record),
        }
    )
