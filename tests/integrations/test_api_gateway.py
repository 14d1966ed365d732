"""apigateway:invoke against a web server on this computer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.execution import Execution
from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from tests.integrations.web import Reply, Web

RESOURCE = "arn:aws:states:::apigateway:invoke"


@pytest.fixture
def signing(monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctions]:
    """A service with a way to AWS, whose credentials sign."""
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDTEST")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    service = StepFunctions(aws=Aws(region="us-east-1"))
    yield service
    service.close()


def machine_of(service: StepFunctions, parameters: dict[str, Any], resource: str = RESOURCE) -> Any:
    task = {"Type": "Task", "Resource": resource, "Parameters": parameters, "End": True}
    return load_machine(service, {"StartAt": "Call", "States": {"Call": task}}, name="machine")


def call(service: StepFunctions, parameters: dict[str, Any]) -> Execution:
    execution: Execution = machine_of(service, parameters).run()
    return execution


def test_the_url_is_made_of_stage_and_path(service: StepFunctions, web: Web) -> None:
    execution = call(
        service,
        {
            "ApiEndpoint": web.host,
            "Method": "GET",
            "Stage": "prod",
            "Path": "bills/add",
            "QueryParameters": {"id": ["1", "2"]},
            "Headers": {"key": ["a", "b"]},
        },
    )

    assert execution.status == "SUCCEEDED", execution.cause
    assert (web.only.method, web.only.path) == ("GET", "/prod/bills/add?id=1&id=2")
    assert "authorization" not in web.only.headers


@pytest.mark.parametrize(
    ("allowed", "sent"),
    [
        (False, {"type": "turtle", "tags": [{}]}),
        (True, {"type": "turtle", "category": None, "tags": [{"x": None}]}),
    ],
)
def test_nulls_are_sent_where_that_is_allowed(
    service: StepFunctions, web: Web, allowed: bool, sent: object
) -> None:
    body = {"type": "turtle", "category": None, "tags": [{"x": None}]}

    call(
        service,
        {"ApiEndpoint": web.host, "Method": "POST", "RequestBody": body, "AllowNullValues": allowed},
    )

    assert json.loads(web.only.body) == sent
    assert web.only.headers["content-type"] == "application/json"


def test_the_result_holds_the_answer(service: StepFunctions, web: Web) -> None:
    web.answer = lambda asked: Reply(content=b'{"myBills": []}', headers=(("X-Key", "1"), ("X-Key", "2")))

    output: Any = call(service, {"ApiEndpoint": web.host, "Method": "GET"}).output

    assert output["ResponseBody"] == {"myBills": []}
    assert (output["StatusCode"], output["StatusText"]) == (200, "OK")
    assert output["Headers"]["X-Key"] == ["1", "2"]


def test_a_refusal_is_an_error_of_its_status_with_what_was_said(service: StepFunctions, web: Web) -> None:
    web.says({"message": "Missing Authentication Token"}, 403)

    execution = call(service, {"ApiEndpoint": web.host, "Method": "GET"})

    assert execution.error == "ApiGateway.403"
    assert json.loads(str(execution.cause)) == {"message": "Missing Authentication Token"}


def test_nobody_there_is_an_error_of_the_exception(service: StepFunctions) -> None:
    assert (
        call(service, {"ApiEndpoint": "localhost:1", "Method": "GET"}).error == "ApiGateway.ConnectException"
    )


def test_a_port_that_cannot_be_is_an_error_of_the_exception(service: StepFunctions) -> None:
    execution = call(service, {"ApiEndpoint": "localhost:99999", "Method": "GET"})

    assert execution.error == "ApiGateway.IllegalArgumentException"


@pytest.mark.parametrize("kind", ["IAM_ROLE", "RESOURCE_POLICY"])
def test_a_signed_request_carries_a_signature_for_execute_api(
    signing: StepFunctions, web: Web, kind: str
) -> None:
    web.says({})
    execution = call(
        signing,
        {
            "ApiEndpoint": web.host,
            "Method": "POST",
            "RequestBody": {"n": 1},
            "Headers": {"a": "b"},
            "AuthType": kind,
        },
    )

    assert execution.status == "SUCCEEDED", execution.cause
    signature = web.only.headers["authorization"]
    assert signature.startswith("AWS4-HMAC-SHA256 Credential=AKIDTEST/")
    assert "/us-east-1/execute-api/aws4_request" in signature
    assert "SignedHeaders=a;content-type;host;x-amz-date" in signature
    assert signature not in repr(list(execution.log))


def test_all_values_of_a_header_are_signed(signing: StepFunctions, web: Web) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    parameters = {"Headers": {"a": ["1", "2"]}, "AuthType": "IAM_ROLE"}
    execution = call(signing, {"ApiEndpoint": web.host, "Method": "GET", **parameters})

    assert execution.status == "SUCCEEDED", execution.cause
    headers = web.only.headers
    expected = AWSRequest("GET", f"{web.url}/")
    for name, value in [("a", "1"), ("a", "2"), ("X-Amz-Date", headers["x-amz-date"])]:
        expected.headers[name] = value
    expected.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(Credentials("AKIDTEST", "secret"), "execute-api", "us-east-1")
    signature = auth.signature(auth.string_to_sign(expected, auth.canonical_request(expected)), expected)
    assert headers["authorization"].endswith(f"Signature={signature}")


def test_a_callback_is_answered_by_its_token(service: StepFunctions, web: Web) -> None:
    machine = machine_of(
        service,
        {
            "ApiEndpoint": web.host,
            "Method": "POST",
            "Headers": {"TaskToken.$": "States.Array($$.Task.Token)"},
        },
        f"{RESOURCE}.waitForTaskToken",
    )
    execution = machine.start()
    while "TaskSubmitted" not in [event.type for event in execution.log]:
        assert not execution.wait(0.01)
    service.send_task_success(web.only.headers["tasktoken"], '"paid"')

    assert execution.result() == "paid"


@pytest.mark.parametrize(
    ("parameters", "part"),
    [
        ({"Method": "GET"}, "The field 'ApiEndpoint' is required but was missing"),
        ({"ApiEndpoint": "localhost"}, "The field 'Method' is required but was missing"),
        ({"ApiEndpoint": "https://localhost", "Method": "GET"}, "is not a host name"),
        ({"ApiEndpoint": "localhost", "Method": "GET", "RequestBody": {"n": 1}}, "only supported for PATCH"),
        ({"ApiEndpoint": "localhost", "Method": "GET", "AuthType": "KEY"}, "The AuthType 'KEY' is none of"),
        ({"ApiEndpoint": "localhost", "Method": "GET", "Query": {}}, 'The field "Query" is not supported'),
        ({"ApiEndpoint": "localhost", "Method": "GET", "Stage": 1}, "'Stage' must be a STRING"),
        (
            {"ApiEndpoint": "localhost", "Method": "GET", "Headers": {"Authorization": "x"}},
            "The header 'Authorization' is not allowed",
        ),
    ],
)
def test_parameters_that_will_not_do_are_refused(
    signing: StepFunctions, parameters: dict[str, Any], part: str
) -> None:
    execution = call(signing, parameters)

    assert execution.error == "States.Runtime"
    assert part in str(execution.cause)


def test_offline_only_this_computer_is_called(service: StepFunctions, web: Web) -> None:
    far = {"ApiEndpoint": "abc.execute-api.us-east-1.amazonaws.com", "Method": "GET"}
    signed = {"ApiEndpoint": web.host, "Method": "GET", "AuthType": "IAM_ROLE"}

    assert [call(service, each).error for each in (far, signed)] == ["States.TaskFailed"] * 2
    assert web.asked == []
