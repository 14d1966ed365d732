"""Where moto answers otherwise than AWS does: HTTP headers, defaults, and a few refusals.

Each correction has been seen in a recording of AWS.
"""

from __future__ import annotations

import json
import re
import uuid
from types import SimpleNamespace
from typing import Any

Reply = dict[str, Any]

SECRET_NAME = (
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)
NO_GROUP = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"
PUBLISHED = {1: 294, 2: 352}
"""Bytes of the XML that answers sns:Publish, by the number of its members."""


def correct(client: Any) -> Any:
    """`client` of moto's, which answers more as AWS does."""
    events = client.meta.events
    events.register("before-call.secrets-manager.CreateSecret", _refuse_secret_name)
    events.register("before-call.sns.Publish", _note_fifo)
    events.register("after-call", _correct)
    return client


def _refuse_secret_name(params: Any, **_: Any) -> tuple[Any, Reply] | None:
    if re.fullmatch(r"[\w/+=.@!-]+", json.loads(params["body"])["Name"]):
        return None
    refusal = {
        "Error": {"Code": "ValidationException", "Message": SECRET_NAME},
        "ResponseMetadata": {"RequestId": "0-0", "HTTPStatusCode": 400, "HTTPHeaders": {}},
    }
    return SimpleNamespace(status_code=400, headers={}), refusal


def _note_fifo(params: Any, context: Reply, **_: Any) -> None:
    context["fifo"] = "MessageGroupId" in params["body"]


def _correct(model: Any, parsed: Reply, context: Reply, **_: Any) -> None:
    name = f"{model.service_model.service_name}:{model.name}"
    if "Error" in parsed:
        _correct_error(name, parsed["Error"])
        return
    parsed |= DEFAULTS.get(name, {})
    if "ChecksumCRC32" in parsed:
        parsed["ChecksumType"] = "FULL_OBJECT"
    if context.get("fifo"):
        parsed["SequenceNumber"] = "10000000000000000000"
    members = {key: value for key, value in parsed.items() if key != "ResponseMetadata"}
    headers = HEADERS.get(model.service_model.service_name)
    if headers is not None:
        metadata = parsed["ResponseMetadata"]
        metadata["RequestId"] = str(uuid.uuid4())
        metadata["RawHeaders"] = list(_headers(headers, members, metadata).items())


def _correct_error(name: str, error: Reply) -> None:
    if name != "sns:Publish":
        return
    if error["Code"] == "MissingParameter":
        error.update(Code="InvalidParameter", Message=NO_GROUP)
    elif error["Code"] == "NotFound":
        error["Message"] = "Topic does not exist"


DEFAULTS: dict[str, Reply] = {
    "s3:PutObject": {"ServerSideEncryption": "AES256"},
    "s3:GetObject": {"ServerSideEncryption": "AES256"},
}

JSON = {"connection": "keep-alive", "Content-Type": "application/x-amz-json-1.0"}
HEADERS: dict[str, dict[str, str]] = {
    "sqs": JSON,
    "sns": {"connection": "keep-alive", "Content-Type": "text/xml"},
    "dynamodb": {
        "Server": "Server",
        "Connection": "keep-alive",
        "x-amz-crc32": "2745614147",
        "Content-Type": "application/x-amz-json-1.0",
    },
}


def _size(members: Reply) -> int:
    return len(json.dumps(members, separators=(",", ":"), default=str))


def _headers(fixed: dict[str, str], members: Reply, metadata: Reply) -> dict[str, str]:
    is_xml = fixed["Content-Type"] == "text/xml"
    length = PUBLISHED.get(len(members), 0) if is_xml else _size(members)
    return {
        **fixed,
        "x-amzn-RequestId": str(metadata.get("RequestId")),
        "Content-Length": str(length),
        "Date": "Sun, 22 Nov 2026 12:00:00 GMT",
    }
