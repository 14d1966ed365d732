"""What stands in for `service.triggers` where only the way to it is tried: it notes what it is asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import boto3
import httpx
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from hypothesis import strategies as st

from sfnb.server.auth import Key
from sfnb.server.serve import Server
from sfnb.service import StepFunctions
from tests.server.sockets import KEY


class Recorder:
    """One for buses, scheduler and pipes. asked: what was called, with what. answer: to all that is asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: dict[str, Any] | Exception = {}
        self.buses = self.scheduler = self.pipes = self

    def __getattr__(self, name: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
        if name.startswith("_"):
            raise AttributeError(name)

        def act(params: dict[str, Any]) -> dict[str, Any]:
            self.asked.append((name, params))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return act


class Recorded(StepFunctions):
    """A service whose triggers are a recorder."""

    def __init__(self) -> None:
        super().__init__()
        self.recorder = Recorder()

    @property
    def triggers(self) -> Any:
        return self.recorder


def boto_of(name: str, server: Server, key: Key = KEY, **options: Any) -> Any:
    """boto3's client of a service, by the socket."""
    config = Config(retries={"total_max_attempts": 1}, parameter_validation=False, **options)
    return boto3.Session(
        aws_access_key_id=key.access_key_id,
        aws_secret_access_key=key.secret_access_key,
        region_name="us-east-1",
    ).client(name, endpoint_url=server.url, config=config)


def send(
    server: Server,
    method: str,
    path: str,
    *,
    signed_for: str | None = None,
    signed_path: str | None = None,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
) -> httpx.Response:
    """Send a request just so, signed for a service where one is named. signed_path: instead of its own."""
    request = AWSRequest(method, f"{server.url}{signed_path or path}", headers=headers or {}, data=body)
    if signed_for is not None:
        credentials = Credentials(KEY.access_key_id, KEY.secret_access_key)
        SigV4Auth(credentials, signed_for, "us-east-1").add_auth(request)
    return httpx.request(
        method, f"{server.url}{path}", headers=dict(request.headers.items()), content=body, trust_env=False
    )


TEXTS = (
    "a",
    "name-1",
    "$.a",
    "123456789012",
    "sg-1",
    "subnet-1",
    "localhost:9092",
    "broker.example:9092",
    "id.sub",
    "events:PutEvents",
    "aws.partner/a/b",
    "arn:aws:iam::123456789012:role/r",
    "arn:aws:sqs:us-east-1:123456789012:q",
    "arn:aws:kms:us-east-1:123456789012:key/k",
    "arn:aws:events:us-east-1:123456789012:event-bus/b",
    "arn:aws:events:us-east-1:123456789012:archive/b",
    "arn:aws:scheduler:us-east-1:123456789012:schedule-group/g",
    "arn:aws:scheduler:us-east-1:123456789012:schedule/g/s",
    "arn:aws:pipes:us-east-1:123456789012:pipe/p",
    "arn:aws:logs:us-east-1:123456789012:log-group:g",
    "arn:aws:firehose:us-east-1:123456789012:deliverystream/d",
    "arn:aws:secretsmanager:us-east-1:123456789012:secret:s",
)
"""For each pattern of the models there is one that it matches."""


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Values that a shape of a model allows; moments as seconds since 1970."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 50)
    match shape.type_name:
        case "structure" if getattr(shape, "is_tagged_union", False):
            return st.one_of(
                st.fixed_dictionaries({name: values(each)}) for name, each in shape.members.items()
            )
        case "structure":
            required = {
                name: values(each) for name, each in shape.members.items() if name in shape.required_members
            }
            others = {name: values(each) for name, each in shape.members.items() if name not in required}
            return st.fixed_dictionaries(required, optional=others)
        case "list":
            if shape.serialization.get("location") == "querystring":
                least = max(least, 1)  # none is not told there
            return st.lists(values(shape.member), min_size=least, max_size=max(least, min(most, 2)))
        case "map":
            return st.dictionaries(
                values(shape.key), values(shape.value), min_size=least, max_size=max(least, 2)
            )
        case "string":
            return texts(shape, least, most)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return st.integers(0, 4_000_000_000)
        case _:
            return st.integers(least, shape.metadata.get("max", 2**31 - 1))


def texts(shape: Any, least: int, most: int) -> st.SearchStrategy[str]:
    if shape.enum:
        return st.sampled_from(shape.enum)
    pattern = shape.metadata.get("pattern")
    if pattern is not None and "p{L}" in pattern:
        return st.text("aé1 _.:/=+-@", min_size=least, max_size=min(most, 40))
    if pattern is None:
        return st.text("abé $<>/%&", min_size=least, max_size=max(least, min(most, 40)))
    fitting = [
        text for text in TEXTS if least <= len(text) <= most and re.fullmatch(pattern, text) is not None
    ]
    assert fitting, f"a text for {shape.name}: {pattern}"
    return st.sampled_from(fitting)
