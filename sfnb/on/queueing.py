"""A pipe from an SQS queue, of little that is said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sfnb.errors import SfnbError
from sfnb.jsonable import NotJson, to_payload
from sfnb.triggers.pipe_settings import ASYNCHRONOUS, AT_ONCE, LONGEST_WINDOW, MOST_NAME, SYNCHRONOUS
from sfnb.triggers.ports import Refused
from sfnb.triggers.records import service_of
from sfnb.triggers.targets import with_client

if TYPE_CHECKING:
    from sfnb.service import StepFunctions

Filter = Mapping[str, Any] | str


def pipe_settings(
    service: StepFunctions,
    target: str,
    queue: str,
    *,
    batch: int,
    window: timedelta | None,
    filter: Filter | Sequence[Filter] | None,
    enrich: object,
    template: object,
    sync: bool,
    role: str | None,
    name: str | None,
) -> dict[str, Any]:
    """A pipe in AWS's shape; raises SfnbError. The parameters are those of `On.queue`."""
    seconds = _seconds(window)
    gathered = 1 if batch > AT_ONCE and not seconds else seconds
    patterns = [] if filter is None else [_text(each, "a filter") for each in _several(filter)]
    invocation = {"InvocationType": SYNCHRONOUS if sync else ASYNCHRONOUS}
    owner = (
        "LambdaFunctionParameters" if service_of(target) == "lambda" else "StepFunctionStateMachineParameters"
    )
    settings: dict[str, Any] = {
        "Name": name or f"{target.rpartition(':')[2][: MOST_NAME - 6]}-queue",
        "Source": queue_arn(service, queue),
        "SourceParameters": {
            "SqsQueueParameters": {
                "BatchSize": batch,
                **({"MaximumBatchingWindowInSeconds": gathered} if gathered else {}),
            },
            **({"FilterCriteria": {"Filters": [{"Pattern": each} for each in patterns]}} if patterns else {}),
        },
        "Target": target,
        "TargetParameters": {
            owner: invocation,
            **({} if template is None else {"InputTemplate": _text(template, "the template")}),
        },
        "DesiredState": "RUNNING",
    }
    if enrich is not None:
        settings["Enrichment"] = enrich if isinstance(enrich, str) else _arn(enrich)
    if role is not None:
        settings["RoleArn"] = role
    return settings


def queue_arn(service: StepFunctions, queue: str) -> str:
    """Of a queue that is given by its name, its URL or its ARN; raises SfnbError where there is none."""
    world = service.world
    name = queue.rstrip("/").rpartition("/")[2].rpartition(":")[2]
    try:
        told = with_client(
            world,
            "sqs",
            lambda client: client.get_queue_attributes(
                QueueUrl=client.get_queue_url(QueueName=name)["QueueUrl"], AttributeNames=["QueueArn"]
            ),
        )
    except Refused as fault:
        if fault.code == "NO_AWS":
            raise SfnbError(str(fault)) from None
        raise SfnbError(f"the queue '{queue}' cannot be read: {fault.code}: {fault}") from None
    return str(told["Attributes"]["QueueArn"])


def _seconds(window: timedelta | None) -> int:
    """Whole seconds, the next ones."""
    if window is None:
        return 0
    seconds = -int(-window.total_seconds() // 1)
    if not 0 <= seconds <= LONGEST_WINDOW:
        raise SfnbError(f"window is {window}, and may be up to {LONGEST_WINDOW} seconds")
    return seconds


def _several(filter: Filter | Sequence[Filter]) -> Sequence[Filter]:
    return [filter] if isinstance(filter, str | Mapping) else list(filter)


def _text(value: object, what: str) -> str:
    if isinstance(value, str):
        return value
    try:
        return to_payload(value, what).text
    except NotJson as fault:
        raise SfnbError(f"{what} is not JSON: {fault}") from None


def _arn(enrich: object) -> str:
    arn = getattr(enrich, "arn", None)
    if not isinstance(arn, str):
        raise SfnbError(
            "enrich is a function made by @sfnb.function, an EXPRESS state machine, or an ARN of one,"
            f" found {type(enrich).__name__}"
        )
    return arn
