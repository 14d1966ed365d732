"""Lambda functions that are really called: boto3 against a small server that speaks Invoke."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from tests.parity.lambda_server import LambdaServer, refused
from tests.parity.lambdas import Handler, LambdaError, RawPayload

pytest.importorskip("boto3")

ACCOUNT, REGION = "123456789012", "us-east-1"
DIRECT = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:"
INVOKE = "arn:aws:states:::lambda:invoke"
TRACE = ["  File \"/var/task/handler.py\", line 2, in handler\n    raise ValueError('é')\n"]


def fail(event: Any, context: Any) -> Any:
    raise LambdaError("ValueError", "é", TRACE)


FUNCTIONS: dict[str, Handler] = {
    "echo": lambda event, context: event,
    "fail": fail,
    "raw": lambda event, context: RawPayload("not json"),
    "compact": lambda event, context: RawPayload('{"n":1.0,"a":[1,2]}'),
    "nothing": lambda event, context: None,
}


@pytest.fixture
def functions() -> Iterator[LambdaServer]:
    server = LambdaServer(account=ACCOUNT, region=REGION)
    server.functions |= FUNCTIONS
    yield server
    server.close()


@pytest.fixture
def service(functions: LambdaServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[StepFunctions]:
    from sfnb.integrations.aws import Aws

    monkeypatch.setenv("AWS_ENDPOINT_URL_LAMBDA", functions.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    service = StepFunctions(aws=Aws(region=REGION))
    yield service
    service.close()


def call(service: StepFunctions, resource: str, payload: Any = None, **fields: Any) -> Execution:
    """Run a machine of one task whose input is `payload`."""
    task = {"Type": "Task", "Resource": resource, "End": True, **fields}
    machine = load_machine(service, {"StartAt": "It", "States": {"It": task}}, name="machine")
    return machine.run({} if payload is None else payload)


def invoke(service: StepFunctions, name: str, **parameters: Any) -> Execution:
    return call(service, INVOKE, Parameters={"FunctionName": name, **parameters})


def last_detail(execution: Execution, name: str) -> str:
    return str([getattr(event, name) for event in execution.log if hasattr(event, name)][-1])


# A function's own ARN


def test_a_function_is_given_the_payload_and_its_answer_is_the_result(
    functions: LambdaServer, service: StepFunctions
) -> None:
    execution = call(service, f"{DIRECT}echo", {"n": [1, 2]})

    assert execution.output == {"n": [1, 2]}
    assert json.loads(functions.calls[0].body) == {"n": [1, 2]}
    assert [event.type for event in execution.log if "Lambda" in event.type] == [
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("echo", '{"n": [1, 2]}'),
        ("compact", '{"n":1.0,"a":[1,2]}'),
        ("nothing", "null"),
        ("raw", '"not json"'),
    ],
)
def test_the_result_keeps_the_text_that_the_function_wrote(
    service: StepFunctions, name: str, text: str
) -> None:
    assert last_detail(call(service, f"{DIRECT}{name}", {"n": [1, 2]}), "output") == text


def test_a_function_that_fails_names_the_error_and_its_payload_is_the_cause(service: StepFunctions) -> None:
    execution = call(service, f"{DIRECT}fail")

    assert execution.error == "ValueError"
    assert str(execution.cause).startswith('{"errorMessage": "\\u00e9", "errorType": "ValueError", "req')
    assert json.loads(str(execution.cause))["stackTrace"] == TRACE


@pytest.mark.parametrize("payload", ['{"errorMessage": "2026 Task timed out after 3.00 seconds"}', "exit 1"])
@pytest.mark.parametrize("resource", [f"{DIRECT}crash", INVOKE])
def test_a_function_that_crashed_failed_for_an_unknown_cause(
    functions: LambdaServer, service: StepFunctions, resource: str, payload: str
) -> None:
    crashed = payload.encode()
    functions.functions["crash"] = lambda event, context: RawPayload(payload)
    functions.fails.add("crash")

    execution = call(service, resource, Parameters={"FunctionName": "crash"})

    assert crashed.decode() in str(execution.cause)
    assert (execution.error, str(execution.cause)[:68]) == (
        "Lambda.Unknown",
        "The cause could not be determined because Lambda did not return an e",
    )


@pytest.mark.parametrize("resource", [f"{DIRECT}none", INVOKE])
def test_a_function_that_is_not_there_is_not_found(service: StepFunctions, resource: str) -> None:
    execution = call(service, resource, Parameters={"FunctionName": "none"})

    assert execution.error == "Lambda.ResourceNotFoundException"
    assert re.fullmatch(
        rf"Function not found: {DIRECT}none:\$LATEST \(Service: AWSLambda; Status Code: 404; "
        r"Error Code: ResourceNotFoundException; Request ID: [0-9a-f-]{36}; Proxy: null\)",
        str(execution.cause),
    )


@pytest.mark.parametrize("resource", [f"{DIRECT}busy", INVOKE])
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (429, "TooManyRequestsException", "Lambda.TooManyRequestsException"),
        (500, "ServiceException", "Lambda.ServiceException"),
        (403, "AccessDeniedException", "Lambda.AWSLambdaException"),
    ],
)
def test_a_refusal_of_lambda_is_the_error_that_retriers_name_and_nothing_is_called_twice(
    functions: LambdaServer, service: StepFunctions, resource: str, status: int, code: str, error: str
) -> None:
    functions.refusals["busy"] = refused(status, code, "not now")

    execution = call(service, resource, Parameters={"FunctionName": "busy"})

    assert execution.error == error
    assert str(execution.cause).startswith(
        f"not now (Service: AWSLambda; Status Code: {status}; Error Code: {code}; Request ID: "
    )
    assert len(functions.calls) == 1


def test_a_qualified_arn_reaches_lambda_as_it_is(functions: LambdaServer, service: StepFunctions) -> None:
    assert call(service, f"{DIRECT}echo:PROD", 1).output == 1
    assert functions.calls[0].reference == f"{DIRECT}echo:PROD"


def test_a_plain_name_is_a_python_function_alone(functions: LambdaServer, service: StepFunctions) -> None:
    assert call(service, "echo").error == "Lambda.ResourceNotFoundException"
    assert functions.calls == []


def test_a_python_function_stands_before_the_real_one(
    functions: LambdaServer, service: StepFunctions
) -> None:
    service.registry.functions["echo"] = lambda event, context: "mine"

    assert call(service, f"{DIRECT}echo").output == "mine"
    assert functions.calls == []


# lambda:invoke


def test_invoke_tells_of_the_exchange(service: StepFunctions) -> None:
    output: Any = invoke(service, "echo", Payload={"n": [1, 2]}).output

    assert list(output) == [
        "ExecutedVersion",
        "Payload",
        "SdkHttpMetadata",
        "SdkResponseMetadata",
        "StatusCode",
    ]
    assert (output["Payload"], output["ExecutedVersion"], output["StatusCode"]) == (
        {"n": [1, 2]},
        "$LATEST",
        200,
    )
    told = output["SdkHttpMetadata"]
    assert list(told["AllHttpHeaders"]) == [
        "X-Amz-Executed-Version",
        "x-amzn-Remapped-Content-Length",
        "Connection",
        "x-amzn-RequestId",
        "Content-Length",
        "Date",
        "X-Amzn-Trace-Id",
        "Content-Type",
    ]
    assert told["AllHttpHeaders"] == {name: [value] for name, value in told["HttpHeaders"].items()}
    assert told["HttpHeaders"]["Content-Length"] == "13"
    assert told["HttpHeaders"]["x-amzn-RequestId"] == output["SdkResponseMetadata"]["RequestId"]


def test_a_real_call_is_told_as_one_of_a_python_function(service: StepFunctions) -> None:
    def shape(value: Any) -> Any:
        return {key: shape(item) for key, item in value.items()} if isinstance(value, dict) else None

    real: Any = invoke(service, "echo", Payload={"n": 1}, LogType="Tail").output
    service.registry.functions["echo"] = lambda event, context: event
    made: Any = invoke(service, "echo", Payload={"n": 1}, LogType="Tail").output

    assert json.dumps(shape(real)) == json.dumps(shape(made))
    assert base64.b64decode(real["LogResult"]).startswith(b"START")


def test_a_stand_in_that_sends_no_headers_is_told_as_lambda_is(
    functions: LambdaServer, service: StepFunctions
) -> None:
    whole: Any = invoke(service, "echo", Payload={"n": 1}).output
    functions.bare = True
    bare: Any = invoke(service, "echo", Payload={"n": 1}).output

    def names(output: Any) -> list[str]:
        return list(output["SdkHttpMetadata"]["AllHttpHeaders"])

    assert (bare["Payload"], bare["ExecutedVersion"]) == ({"n": 1}, "$LATEST")
    assert names(bare) == names(whole)
    assert bare["SdkHttpMetadata"]["HttpHeaders"]["Content-Length"] == "8"


@pytest.mark.parametrize(
    ("given", "sent"), [({}, "{}"), ({"Payload": None}, "{}"), ({"Payload": "[1, 2]"}, "[1, 2]")]
)
def test_a_payload_that_is_text_is_sent_as_it_is(
    functions: LambdaServer, service: StepFunctions, given: dict[str, Any], sent: str
) -> None:
    output: Any = invoke(service, "echo", **given).output

    assert functions.calls[0].body.decode() == sent
    assert output["Payload"] == json.loads(sent)


def test_a_payload_that_is_no_json_is_refused_as_lambda_does(
    functions: LambdaServer, service: StepFunctions
) -> None:
    execution = invoke(service, "echo", Payload="{")

    assert execution.error == "Lambda.InvalidRequestContentException"
    assert functions.calls == []


def test_an_answer_that_is_no_json_is_a_string(service: StepFunctions) -> None:
    output: Any = invoke(service, "raw").output
    assert output["Payload"] == "not json"


def test_the_parameters_of_invoke_reach_lambda(functions: LambdaServer, service: StepFunctions) -> None:
    context = base64.b64encode(b'{"custom": 1}').decode()
    invoke(service, "echo", Qualifier="PROD", ClientContext=context, LogType="None")

    (asked,) = functions.calls
    assert asked.query == {"Qualifier": ["PROD"]}
    assert (asked.headers["x-amz-client-context"], asked.headers["x-amz-log-type"]) == (context, "None")


def test_an_event_is_only_handed_over(functions: LambdaServer, service: StepFunctions) -> None:
    arrived = threading.Event()
    functions.functions["echo"] = lambda event, context: arrived.set()

    output: Any = invoke(service, "echo", InvocationType="Event", Payload={"n": 1}).output

    assert (output["StatusCode"], output["Payload"]) == (202, "")
    assert "ExecutedVersion" not in output
    assert "X-Amz-Executed-Version" not in output["SdkHttpMetadata"]["HttpHeaders"]
    assert arrived.wait(60)


def test_the_cause_of_a_failure_is_written_anew(service: StepFunctions) -> None:
    execution = invoke(service, "fail")

    assert execution.error == "ValueError"
    assert str(execution.cause).startswith('{"errorMessage":"é","errorType":"ValueError","requestId":"')


def test_a_function_is_handed_its_token_and_answers_by_it(
    functions: LambdaServer, service: StepFunctions
) -> None:
    def answer(event: Any, context: Any) -> Any:
        service.send_task_success(event["token"], '{"done": true}')
        return "accepted"

    functions.functions["answer"] = answer
    execution = call(
        service,
        f"{INVOKE}.waitForTaskToken",
        Parameters={"FunctionName": "answer", "Payload": {"token.$": "$$.Task.Token"}},
    )

    assert execution.output == {"done": True}
    assert json.loads(last_detail(execution, "parameters"))["FunctionName"] == "answer"
    submitted = next(event for event in execution.log if event.type == "TaskSubmitted")
    assert json.loads(submitted.output)["Payload"] == "accepted"  # type: ignore[attr-defined]


def test_a_parameter_that_invoke_does_not_have_is_refused(service: StepFunctions) -> None:
    execution = invoke(service, "echo", Wrong=1)

    assert execution.error == "States.Runtime"
    assert 'The field "Wrong" is not supported by Step Functions' in str(execution.cause)


def test_lambda_that_cannot_be_reached_is_a_failure_of_the_client(
    functions: LambdaServer, service: StepFunctions
) -> None:
    functions.close()

    assert call(service, f"{DIRECT}echo").error == "Lambda.SdkClientException"
    assert invoke(service, "echo").error == "Lambda.SdkClientException"


def test_a_client_is_made_before_it_is_needed() -> None:
    from sfnb.integrations.aws import Aws

    made = threading.Event()

    class Watched(Aws):
        def client(self, service: str, *, region: str, role_arn: str | None = None) -> Any:
            assert (service, role_arn) == ("lambda", None)
            made.set()

    Watched(region=REGION).prepare("lambda", region=REGION)

    assert made.wait(30)


def test_a_profile_that_is_not_there_is_told_by_the_call_alone() -> None:
    from sfnb.integrations.aws import Aws

    aws = Aws(region=REGION, profile="none-of-that-name")
    before = set(threading.enumerate())
    aws.prepare("lambda", region=REGION)
    for thread in set(threading.enumerate()) - before:
        thread.join(30)
    service = StepFunctions(aws=aws)
    execution = call(service, f"{DIRECT}echo")
    service.close()

    assert execution.error == "Lambda.SdkClientException"
    assert "none-of-that-name" in str(execution.cause)


@pytest.mark.parametrize(("closes", "error"), [(2, None), (4, "Lambda.SdkClientException")])
def test_a_call_whose_connection_is_lost_is_made_again_three_times(
    functions: LambdaServer, service: StepFunctions, closes: int, error: str | None
) -> None:
    functions.lost = closes
    execution = invoke(service, "echo", Payload={"n": 1})

    assert execution.error == error
    assert functions.lost == 0
    assert len(functions.calls) == (error is None)


def test_a_function_is_called_once_however_long_it_takes() -> None:
    from sfnb.integrations.aws import Aws

    client = Aws(region=REGION, endpoint_url="http://127.0.0.1:1").client("lambda", region=REGION)

    assert client.meta.config.read_timeout > 900
    assert client.meta.config.retries["total_max_attempts"] == 1
