"""HTTP Tasks whose connections are EventBridge's: described there, their credentials in Secrets Manager."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs

import pytest

from sfnb.execution import Execution
from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from tests.integrations.web import Asked, Reply, Web

moto = pytest.importorskip("moto")

REGION = "us-east-1"
INVOCATION = {
    "HeaderParameters": [{"Key": "X-Shop", "Value": "one", "IsValueSecret": False}],
    "QueryStringParameters": [{"Key": "q", "Value": "two", "IsValueSecret": True}],
    "BodyParameters": [{"Key": "b", "Value": "three", "IsValueSecret": True}],
}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with moto.mock_aws():
        yield Aws(region=REGION)


@pytest.fixture
def connected(aws: Aws) -> Iterator[StepFunctions]:
    service = StepFunctions(aws=aws)
    yield service
    service.close()


def create(aws: Aws, kind: str, **parameters: Any) -> str:
    events = aws.client("events", region=REGION)
    made = events.create_connection(
        Name="shop", Description="", AuthorizationType=kind, AuthParameters=parameters
    )
    return str(made["ConnectionArn"])


def call(service: StepFunctions, web: Web, arn: str, **more: Any) -> Execution:
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": web.url,
            "Method": "POST",
            "InvocationConfig": {"ConnectionArn": arn},
            **more,
        },
        "End": True,
    }
    return load_machine(service, {"StartAt": "Call", "States": {"Call": task}}).run()


def test_an_api_key_comes_from_the_secret(aws: Aws, connected: StepFunctions, web: Web) -> None:
    key = {"ApiKeyName": "X-Key", "ApiKeyValue": "v"}
    arn = create(aws, "API_KEY", ApiKeyAuthParameters=key, InvocationHttpParameters=INVOCATION)

    execution = call(connected, web, arn)

    assert execution.status == "SUCCEEDED", execution.cause
    assert (web.only.headers["x-key"], web.only.headers["x-shop"]) == ("v", "one")
    assert (web.only.path, json.loads(web.only.body)) == ("/?q=two", {"b": "three"})


def test_basic_credentials_come_from_the_secret(aws: Aws, connected: StepFunctions, web: Web) -> None:
    arn = create(aws, "BASIC", BasicAuthParameters={"Username": "ann", "Password": "pw"})

    call(connected, web, arn)

    assert web.only.headers["authorization"] == "Basic " + base64.b64encode(b"ann:pw").decode()


def test_the_credentials_of_a_client_come_from_the_secret(
    aws: Aws, connected: StepFunctions, web: Web
) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(content=b'{"access_token": "t-1"}') if asked.path.startswith("/token") else Reply()

    web.answer = answer
    arn = create(
        aws,
        "OAUTH_CLIENT_CREDENTIALS",
        OAuthParameters={
            "AuthorizationEndpoint": f"{web.url}/token",
            "HttpMethod": "POST",
            "ClientParameters": {"ClientID": "me", "ClientSecret": "s"},
            "OAuthHttpParameters": {"BodyParameters": [{"Key": "scope", "Value": "all"}]},
        },
    )

    execution = call(connected, web, arn)

    assert execution.status == "SUCCEEDED", execution.cause
    form = parse_qs(web.asked[0].body)
    assert (form["client_id"], form["client_secret"], form["scope"]) == (["me"], ["s"], ["all"])
    assert web.asked[1].headers["authorization"] == "Bearer t-1"


def test_a_connection_that_is_not_there_has_an_error_of_its_own(connected: StepFunctions, web: Web) -> None:
    execution = call(connected, web, f"arn:aws:events:{REGION}:123456789012:connection/none/1")

    assert execution.error == "Events.ConnectionResource.ResourceNotFound"
    assert web.asked == []


def test_a_body_of_text_does_not_go_with_that_of_a_connection_of_aws(
    aws: Aws, connected: StepFunctions, web: Web
) -> None:
    key = {"ApiKeyName": "X-Key", "ApiKeyValue": "v"}
    arn = create(aws, "API_KEY", ApiKeyAuthParameters=key, InvocationHttpParameters=INVOCATION)

    execution = call(connected, web, arn, RequestBody="text")

    assert (execution.error, web.asked) == ("States.Runtime", [])
    assert "three" not in repr(list(execution.log))
