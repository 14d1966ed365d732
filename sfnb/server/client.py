"""A boto3 client whose requests are answered in this process: no socket, region or credentials are needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from sfnb.errors import SfnbError
from sfnb.integrations.aws import models
from sfnb.service import StepFunctions

if TYPE_CHECKING:
    from sfnb.server.wire import Answer

NOWHERE = "http://sfnb.invalid"
"""The endpoint that requests are made out for; no request is ever sent there."""


SERVICES = {name: name for name in ("stepfunctions", "events", "scheduler", "pipes")} | {
    "sfn": "stepfunctions"
}
"""botocore's names, by the names that are taken."""


def client(service_name: str = "stepfunctions", *, service: StepFunctions | None = None) -> Any:
    """A real boto3 client for the state machines of this process, or for what starts them.

    sfnb.client("stepfunctions").start_execution(stateMachineArn=..., input="{}")
    sfnb.client("events").put_rule(Name=..., EventPattern="...")

    service_name: "stepfunctions", "events" (EventBridge), "scheduler" or "pipes".
    service: the one behind `sfnb.load` unless given.
    Raises SfnbError for another service of AWS, and where boto3 is not installed.
    """
    name = SERVICES.get(service_name)
    if name is None:
        *most, last = dict.fromkeys(SERVICES.values())
        raise SfnbError(
            f"sfnb is {', '.join(map(repr, most))} and {last!r}, and no '{service_name}': "
            f"boto3.client('{service_name}')"
        )
    try:
        import boto3
        import botocore.session
        from botocore import UNSIGNED
        from botocore.config import Config
    except ImportError:
        raise SfnbError('a client needs boto3: pip install "sfnb[aws]"') from None
    if service is None:
        from sfnb.default import service as default

        service = default()
    session = botocore.session.Session(session_vars=_alone())
    session.register_component("data_loader", models())
    made = boto3.Session(botocore_session=session, region_name=service.region).client(
        name,
        endpoint_url=NOWHERE,
        config=Config(
            signature_version=UNSIGNED,
            inject_host_prefix=False,
            defaults_mode="legacy",
            retries={"mode": "standard", "max_attempts": 1},
        ),
    )
    service_id = made.meta.service_model.service_id.hyphenize()
    made.meta.events.register(f"before-send.{service_id}", _Sender(service, name))
    return made


def _alone() -> dict[str, Any]:
    """What keeps botocore from the user's files and profile, where something might be wrong."""
    return {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }


class _Sender:
    """Stands where botocore would send a request; answers with the response. name: of a service of AWS."""

    def __init__(self, service: StepFunctions, name: str) -> None:
        self._service = service
        self._name = name

    def __call__(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        answer = self._answer(request)
        return AWSResponse(request.url, answer.status, dict(answer.headers), _Raw(answer.body))

    def _answer(self, request: Any) -> Answer:
        from sfnb.server import rest, wire

        given = request.body or b""
        body = given.encode() if isinstance(given, str) else bytes(given)
        if self._name in rest.REST_APIS:
            address = urlsplit(request.url)
            asked = rest.Request(request.method, address.path, address.query, body)
            return rest.dispatch(self._service, self._name, asked)
        target = request.headers.get("X-Amz-Target")
        return wire.dispatch(self._service, target.decode() if isinstance(target, bytes) else target, body)


class _Raw:
    """The body of a response, as botocore reads one from urllib3."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
