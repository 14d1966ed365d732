"""What AWS's own services tell of an HTTP exchange, for answers that something else gave in their place.

The results of optimized integrations show the headers of the answer. A stand-in for AWS (moto, any
emulator) sends headers of its own and leaves out others. Its answers are told with the set that AWS
has in its recordings; what AWS itself has answered is left as it is.
"""

from __future__ import annotations

import html
import io
import zlib
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from sfnb.engine.ports import TaskCall

AWS_HOSTS = (".amazonaws.com", ".amazonaws.com.cn", ".api.aws", ".amazonwebservices.com.cn")

ANY = ""
"""A value that differs from answer to answer."""

OWN: dict[str, dict[str, str]] = {
    "dynamodb": {
        "Server": "Server",
        "Connection": "keep-alive",
        "x-amzn-RequestId": ANY,
        "x-amz-crc32": ANY,
        "Content-Length": ANY,
        "Date": ANY,
        "Content-Type": "application/x-amz-json-1.0",
    },
    "lambda": {
        "X-Amz-Executed-Version": ANY,
        "x-amzn-Remapped-Content-Length": "0",
        "Connection": "keep-alive",
        "x-amzn-RequestId": ANY,
        "Content-Length": ANY,
        "Date": ANY,
        "X-Amzn-Trace-Id": ANY,
        "Content-Type": "application/json",
    },
}
"""The headers that a service has in every recording, by botocore's name of it."""

SHARED = {"x-amzn-RequestId": ANY, "connection": "keep-alive", "Content-Length": ANY, "Date": ANY}
"""Those of all others that are recorded (SQS, SNS, Step Functions), besides their Content-Type."""

OPTIONAL = ("X-Amz-Log-Result",)

ENCRYPTED = {"ServerSideEncryption": "AES256"}
ALWAYS: dict[tuple[str, str], dict[str, str]] = {
    ("s3", "CopyObject"): ENCRYPTED,
    ("s3", "GetObject"): ENCRYPTED,
    ("s3", "HeadObject"): ENCRYPTED,
    ("s3", "PutObject"): ENCRYPTED,
}
"""Members of answers that AWS never leaves out: S3 encrypts every object since January 2023, and says so."""


def is_aws(endpoint: str) -> bool:
    """Whether a URL is one of AWS's own.

    >>> is_aws("https://sqs.us-east-1.amazonaws.com"), is_aws("http://localhost:4566")
    (True, False)
    """
    return (urlsplit(endpoint).hostname or "").endswith(AWS_HOSTS)


def as_aws_tells(call: TaskCall, operation: Any, reply: dict[str, Any]) -> dict[str, Any]:
    """The `ResponseMetadata` of a stand-in's reply, with the headers that AWS sends.

    Values are the stand-in's where they are as good; those that follow from the answer are worked out: its
    length as AWS writes it, its checksum. Services whose protocol no recording shows are left as they are.
    """
    metadata: dict[str, Any] = reply["ResponseMetadata"]
    headers = _headers(operation.service_model)
    if headers is None:
        return metadata
    pairs = metadata.get("RawHeaders") or metadata.get("HTTPHeaders", {}).items()
    sent = {str(name).lower(): str(value) for name, value in pairs}
    request_id = _request_id(sent, call)
    version = "$LATEST" if metadata.get("HTTPStatusCode") == 200 else None  # none has run a mere event
    body = _body(operation, reply, request_id)
    values = {
        "x-amzn-RequestId": request_id,
        "Content-Length": str(len(body)),
        "x-amz-crc32": str(zlib.crc32(body)),
        "Date": sent.get("date") or http_date(call),
        "X-Amz-Executed-Version": sent.get("x-amz-executed-version") or version,
        "X-Amzn-Trace-Id": sent.get("x-amzn-trace-id") or trace_id(call),
    }
    told = [(name, sent[name.lower()]) for name in OPTIONAL if name.lower() in sent]
    told += [(name, value) for name, fixed in headers.items() if (value := fixed or values[name])]
    return {**metadata, "RequestId": request_id, "RawHeaders": told}


def with_what_aws_adds(
    call: TaskCall, operation: Any, arguments: dict[str, Any], reply: dict[str, Any]
) -> dict[str, Any]:
    """A stand-in's reply with the members that AWS always sends and many a stand-in leaves out, so that a
    definition which reads them works with either.
    """
    service = operation.service_model.service_name
    whole = {**ALWAYS.get((service, operation.name), {}), **reply}
    if service == "s3" and any(name.startswith("ChecksumCRC") for name in reply):
        whole.setdefault("ChecksumType", "FULL_OBJECT")
    if (service, operation.name) == ("sns", "Publish") and "MessageGroupId" in arguments:
        whole.setdefault("SequenceNumber", str(10**19 + int(call.moment.timestamp() * 1_000_000)))
    return whole


def _headers(model: Any) -> dict[str, str] | None:
    """Names with their values, as far as these are always the same."""
    match model.metadata["protocol"]:
        case _ if model.service_name in OWN:
            return OWN[model.service_name]
        case "json":
            return {**SHARED, "Content-Type": f"application/x-amz-json-{model.metadata['jsonVersion']}"}
        case "query":
            return {**SHARED, "Content-Type": "text/xml"}
        case _:
            return None


def _request_id(sent: dict[str, str], call: TaskCall) -> str:
    """The stand-in's, where it has the form of AWS's."""
    given = sent.get("x-amzn-requestid", "")
    try:
        return str(UUID(given))
    except ValueError:
        return call.request_id


def _body(operation: Any, reply: dict[str, Any], request_id: str) -> bytes:
    """The answer as AWS writes it; a streamed one as it came."""
    members = {name: value for name, value in reply.items() if name != "ResponseMetadata"}
    for name, value in members.items():
        if hasattr(value, "read"):
            content: bytes = value.read()
            reply[name] = io.BytesIO(content)
            return content
    if operation.service_model.metadata["protocol"] == "query":
        return _xml(operation, members, request_id).encode()
    return msgspec.json.encode(members)


def _xml(operation: Any, members: dict[str, Any], request_id: str) -> str:
    rows = "".join(
        f"    <{name}>{html.escape(str(value), quote=False)}</{name}>\n" for name, value in members.items()
    )
    namespace = operation.service_model.metadata["xmlNamespace"]
    return (
        f'<{operation.name}Response xmlns="{namespace}">\n'
        f"  <{operation.name}Result>\n{rows}  </{operation.name}Result>\n"
        f"  <ResponseMetadata>\n    <RequestId>{request_id}</RequestId>\n  </ResponseMetadata>\n"
        f"</{operation.name}Response>\n"
    )


def http_date(call: TaskCall) -> str:
    return f"{call.moment:%a, %d %b %Y %H:%M:%S GMT}"


def trace_id(call: TaskCall) -> str:
    seed = call.request_id.replace("-", "")
    return f"root=1-{int(call.moment.timestamp()):08x}-{seed[:24]};parent={seed[:16]};sampled=0"
