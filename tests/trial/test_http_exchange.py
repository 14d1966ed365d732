"""What a test of an HTTP Task shows of the exchange."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.integrations.connections import Parameters, made
from sfnb.service import StepFunctions
from sfnb.trial.request import request_of
from tests.integrations.web import Web, serving

ARN = "arn:aws:events:us-east-1:123456789012:connection/shop/1"
SECRET = "s3cr3t"


@pytest.fixture
def web() -> Iterator[Web]:
    with serving() as web:
        web.says({"id": 7})
        yield web


def tried(service: StepFunctions, url: str, level: str, **more: Any) -> dict[str, Any]:
    """The answer of TestState; the connection adds a header, a parameter of the query and a member."""
    added = Parameters(query={"key": SECRET}, body={"key": SECRET})
    service.registry.connections["shop"] = made(ARN, None, ("X-Api-Key", SECRET), None, added)
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {
            "ApiEndpoint": url,
            "Method": "POST",
            "InvocationConfig": {"ConnectionArn": ARN},
            "Headers": {"definitionHeader": "h1"},
            "RequestBody": {"n": 1},
        },
        "End": True,
    }
    given = {"definition": json.dumps(task), "roleArn": "arn:aws:iam::123456789012:role/r", **more}
    return service.test_state(request_of({**given, "inspectionLevel": level}))


def test_a_trace_has_request_and_response_with_secrets_masked(service: StepFunctions, web: Web) -> None:
    data = tried(service, f"{web.url}/orders", "TRACE")["inspectionData"]

    mask = "REDACTED"
    assert data["request"] == {
        "protocol": "http",
        "method": "POST",
        "url": f"{web.url}/orders?key={mask}",
        "headers": f"[definitionHeader: h1, X-Api-Key: {mask}, "
        "Content-Type: application/json; charset=UTF-8, "
        "User-Agent: Amazon|StepFunctions|HttpInvoke|us-east-1, Range: bytes=0-262144]",
        "body": f'{{"n":1,"key":"{mask}"}}',
    }
    assert (data["response"]["statusCode"], data["response"]["statusMessage"]) == ("200", "OK")
    assert (data["response"]["protocol"], data["response"]["body"]) == ("http", '{"id": 7}')
    assert "Content-Type: application/json" in data["response"]["headers"]
    assert SECRET not in json.dumps(data)


def test_secrets_are_revealed_when_asked_for(service: StepFunctions, web: Web) -> None:
    request = tried(service, web.url, "TRACE", revealSecrets=True)["inspectionData"]["request"]

    assert f"X-Api-Key: {SECRET}" in request["headers"]
    assert request["url"].endswith(f"?key={SECRET}")


def test_a_refusal_can_be_read_in_the_trace_alone(service: StepFunctions, web: Web) -> None:
    web.says({"why": "no such tea"}, 404)

    answer = tried(service, web.url, "TRACE")

    assert (answer["error"], answer["cause"]) == ("States.Http.StatusCode.404", "Not Found")
    assert answer["inspectionData"]["response"]["body"] == '{"why": "no such tea"}'


def test_without_an_answer_the_request_is_shown(service: StepFunctions) -> None:
    data = tried(service, "http://localhost:1", "TRACE")["inspectionData"]

    assert data["request"]["method"] == "POST"
    assert "response" not in data


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_lower_levels_do_not_show_it(service: StepFunctions, web: Web, level: str) -> None:
    answer = tried(service, web.url, level)

    assert "request" not in answer.get("inspectionData", {})
    assert service.registry.exchanges == {}
