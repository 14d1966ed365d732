"""Where moto answers otherwise than AWS does: defaults and a few refusals.

Each correction has been seen in a recording of AWS, and none is what sfnb could know: what follows from
moto's answer, as the HTTP headers do, sfnb works out itself.
"""

from __future__ import annotations

import json
import re
from types import SimpleNamespace
from typing import Any

Reply = dict[str, Any]

SECRET_NAME = (
    "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
)
NO_GROUP = "Invalid parameter: The MessageGroupId parameter is required for FIFO topics"


def correct(client: Any) -> Any:
    """`client` of moto's, which answers more as AWS does, and is known for a stand-in."""
    client.meta._endpoint_url = "http://moto"  # it is called nowhere: in this process moto has AWS's address
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


def _correct_error(name: str, error: Reply) -> None:
    if name == "lambda:Invoke" and error["Code"] == "ResourceNotFoundException":
        error["Message"] += ":$LATEST"
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
