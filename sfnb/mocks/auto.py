"""A plausible answer for any integration, shaped by AWS's own models.

Enumerations vary from call to call, so that a loop that polls a status comes to its end; everything is
drawn from the call's seed, so equal runs have equal answers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sfnb.engine.clock import SeededChance
from sfnb.engine.ports import TaskCall
from sfnb.mocks import plausible
from sfnb.mocks.fill import fill, shaped
from sfnb.mocks.plausible import Setting, echo_of
from sfnb.mocks.shapes import output_shape, service_name, spelling
from sfnb.mocks.want import Mark, Want
from sfnb.values import Json, encode

Answer = dict[str, Json]


def auto_result(call: TaskCall, want: Want | None = None) -> Json:
    """What the task of this call might well answer, as the state sees it.

    want: what the definition reads of it; see `wanted_of`.
    Raises NoModels where botocore is not installed and the answer is a service's.
    """
    kind, action, suffix = resource_parts(call.resource)
    setting = Setting(
        chance=SeededChance(call.request_id),
        moment=call.moment,
        region=call.region,
        account=call.account,
        service=kind.removeprefix("aws-sdk:"),
        echo=echo_of(call.payload.value),
        finished=suffix.startswith("sync"),
        spell=spelling(kind),
    )
    want = want or Want()
    if not kind or suffix == "waitForTaskToken":
        return document(want, setting)
    special = _SPECIAL.get(f"{kind}:{action}")
    if special is not None:
        return special(call.payload.value, want, setting, suffix)
    shape = output_shape(kind, action, suffix)
    if shape is None:
        known = service_name(kind) is not None
        return {} if known and not want.members else document(want, setting)
    answer = shaped(shape, want, action, setting)
    if isinstance(answer, dict):
        _fit(kind, action, answer, call.payload.value, setting)
        if not kind.startswith("aws-sdk:") and not suffix and kind != "events":
            answer |= metadata(want, setting)
    return {} if isinstance(answer, Mark) else answer


def resource_parts(resource: str) -> tuple[str, str, str]:
    """The service, the action and the pattern of a Resource; ("", "", "") for functions and activities.

    >>> resource_parts("arn:aws:states:::aws-sdk:sqs:sendMessage.waitForTaskToken")
    ('aws-sdk:sqs', 'sendMessage', 'waitForTaskToken')
    """
    parts = resource.split(":")
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "states" or parts[5] == "activity":
        return "", "", ""
    first = 7 if parts[5] == "aws-sdk" else 6
    action, _, suffix = ":".join(parts[first:]).partition(".")
    return ":".join(parts[5:first]), action, suffix


def document(want: Want, setting: Setting) -> Json:
    """A function's, a worker's or a person's answer: all that is read of it."""
    value = fill(want, "result", setting) if want.members or want.kinds or want.options else None
    return {"status": "SUCCEEDED"} if value is None or isinstance(value, Mark) else value


def member_document(want: Want, name: str, setting: Setting) -> Json:
    return document(want.members.get(name, Want()), setting)


def metadata(want: Want, setting: Setting) -> Answer:
    """What the SDK tells of the exchange, with every optimized integration's answer."""
    request_id = setting.chance.uuid()
    headers: Answer = {"Content-Type": "application/json", "x-amzn-RequestId": request_id}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": 200,
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }


def _lambda(payload: Json, want: Want, setting: Setting, suffix: str) -> Json:
    answer: Answer = {"ExecutedVersion": "$LATEST", "Payload": member_document(want, "Payload", setting)}
    return answer | metadata(want, setting) | {"StatusCode": 200}


def _http(payload: Json, want: Want, setting: Setting, suffix: str) -> Json:
    code = fill(want.members["StatusCode"], "StatusCode", setting) if "StatusCode" in want.members else 200
    return {
        "Headers": {"content-type": ["application/json"]},
        "ResponseBody": member_document(want, "ResponseBody", setting),
        "StatusCode": 200 if isinstance(code, Mark) else code,
        "StatusText": "OK",
    }


def _start_execution(payload: Json, want: Want, setting: Setting, suffix: str) -> Json:
    request = payload if isinstance(payload, dict) else {}
    machine = str(request.get("StateMachineArn") or plausible.text("StateMachineArn", setting))
    name = str(request.get("Name") or setting.chance.uuid())
    milliseconds = int(setting.moment.timestamp() * 1000)
    arn = f"{machine.replace(':stateMachine:', ':execution:')}:{name}"
    if not suffix:
        return {"ExecutionArn": arn} | metadata(want, setting) | {"StartDate": milliseconds}
    given, output = request.get("Input"), member_document(want, "Output", setting)
    parsed = suffix == "sync:2"
    return {
        "ExecutionArn": arn,
        "Input": given if parsed else encode(given),
        "InputDetails": {"Included": True},
        "Name": name,
        "Output": output if parsed or isinstance(output, str) else encode(output),
        "OutputDetails": {"Included": True},
        "RedriveCount": 0,
        "RedriveStatus": "NOT_REDRIVABLE",
        "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
        "StartDate": milliseconds,
        "StateMachineArn": machine,
        "Status": "SUCCEEDED",
        "StopDate": milliseconds,
    }


def _invoke_model(payload: Json, want: Want, setting: Setting, suffix: str) -> Json:
    return {"Body": member_document(want, "Body", setting), "ContentType": "application/json"}


def _cluster_call(payload: Json, want: Want, setting: Setting, suffix: str) -> Json:
    return {
        "ResponseBody": member_document(want, "ResponseBody", setting),
        "StatusCode": 200,
        "StatusText": "OK",
    }


def _cluster_job(payload: Json, want: Want, setting: Setting, suffix: str) -> Json:
    return document(want, setting)


_SPECIAL: dict[str, Callable[[Json, Want, Setting, str], Json]] = {
    "lambda:invoke": _lambda,
    "http:invoke": _http,
    "apigateway:invoke": _http,
    "states:startExecution": _start_execution,
    "bedrock:invokeModel": _invoke_model,
    "eks:call": _cluster_call,
    "eks:runJob": _cluster_job,
}
"""Answers that Step Functions makes itself, or that hold what no model knows."""


def _fit(kind: str, action: str, answer: Answer, payload: Json, setting: Setting) -> None:
    """Make the answer fit the request where a model cannot: as many results as were asked for."""
    request: dict[str, Any] = payload if isinstance(payload, dict) else {}
    service = kind.removeprefix("aws-sdk:")
    if service in ("events", "eventbridge") and action == "putEvents":
        count = len(request.get("Entries") or [1])
        answer["Entries"] = [{"EventId": setting.chance.uuid()} for _ in range(count)]
        answer["FailedEntryCount"] = 0
    if service == "dynamodb" and action in ("putItem", "updateItem", "deleteItem"):
        answer.pop("ItemCollectionMetrics", None)
        if "ReturnConsumedCapacity" not in request:
            answer.pop("ConsumedCapacity", None)
        if request.get("ReturnValues") in (None, "NONE"):
            answer.pop("Attributes", None)
    key = request.get("Key")
    item = answer.get("Item")
    if service == "dynamodb" and action == "getItem" and isinstance(key, dict):
        if isinstance(item, dict):
            item.pop("key", None)
            answer["Item"] = key | {name: value for name, value in item.items() if name not in key}
        answer.pop("ConsumedCapacity", None)
