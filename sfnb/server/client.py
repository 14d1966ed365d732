"""A boto3 client whose requests are answered in this process: no socket, region or credentials are needed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from sfnb.errors import SfnbError
from sfnb.integrations.aws import models
from sfnb.service import StepFunctions

NOWHERE = "http://sfnb.invalid"
"""The endpoint that requests are made out for; no request is ever sent there."""


def client(service_name: str = "stepfunctions", *, service: StepFunctions | None = None) -> Any:
    """A real boto3 client for the state machines of this process.

    sfnb.client("stepfunctions").start_execution(stateMachineArn=..., input="{}")

    service: the one behind `sfnb.load` unless given.
    Raises SfnbError for another service of AWS, and where boto3 is not installed.
    """
    if service_name not in ("stepfunctions", "sfn"):
        raise SfnbError(f"sfnb is 'stepfunctions' and no '{service_name}': boto3.client('{service_name}')")
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
        "stepfunctions",
        endpoint_url=NOWHERE,
        config=Config(
            signature_version=UNSIGNED,
            inject_host_prefix=False,
            defaults_mode="legacy",
            retries={"mode": "standard", "max_attempts": 1},
        ),
    )
    made.meta.events.register("before-send.sfn", _Sender(service))
    return made


def _alone() -> dict[str, Any]:
    """What keeps botocore from the user's files and profile, where something might be wrong."""
    return {
        "profile": (None, None, None, None),
        "config_file": (None, None, os.devnull, None),
        "credentials_file": (None, None, os.devnull, None),
    }


class _Sender:
    """Stands where botocore would send a request; answers with the response."""

    def __init__(self, service: StepFunctions) -> None:
        self._service = service

    def __call__(self, request: Any, **_: Any) -> Any:
        from botocore.awsrequest import AWSResponse

        from sfnb.server.wire import dispatch

        target, body = request.headers.get("X-Amz-Target"), request.body or b""
        answer = dispatch(
            self._service,
            target.decode() if isinstance(target, bytes) else target,
            body.encode() if isinstance(body, str) else bytes(body),
        )
        return AWSResponse(request.url, answer.status, dict(answer.headers), _Raw(answer.body))


class _Raw:
    """The body of a response, as botocore reads one from urllib3."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self) -> Iterator[bytes]:
        yield self._body
