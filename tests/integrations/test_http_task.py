"""HTTP Tasks against a web server on this computer."""

from __future__ import annotations

import base64
import json
import threading
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from sfnb.execution import Execution
from sfnb.integrations.connections import Connection, Parameters, made
from sfnb.integrations.http_exchange import MOST_BYTES, NoAnswer, send
from sfnb.integrations.http_request import HttpRequest
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from tests.integrations.web import Asked, Reply, Web

ARN = "arn:aws:events:us-east-1:123456789012:connection/shop/81210c42-8af1-456b-9c4a-6ff02fc664ac"
SECRET = "s3cr3t-value"


def call(service: StepFunctions, parameters: dict[str, Any], **fields: Any) -> Execution:
    """Run a machine of one HTTP Task; its connection is that of `ARN` unless told."""
    if not {"InvocationConfig", "Authentication"} & parameters.keys():
        parameters = {"InvocationConfig": {"ConnectionArn": ARN}, **parameters}
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": parameters,
        "End": True,
        **fields,
    }
    return load_machine(service, {"StartAt": "Call", "States": {"Call": task}}, name="machine").run()


def connect(service: StepFunctions, parameters: Parameters | None = None, **kind: Any) -> None:
    """Make the connection of `ARN`; by default with an API key."""
    words: dict[str, Any] = {"basic": None, "api_key": None, "oauth": None}
    words |= kind or {"api_key": ("X-Api-Key", SECRET)}
    service.registry.connections["shop"] = made(ARN, **words, parameters=parameters or Parameters())


@pytest.fixture
def connected(service: StepFunctions) -> StepFunctions:
    connect(service)
    return service


# What is sent


def test_a_call_has_the_headers_that_step_functions_sends(connected: StepFunctions, web: Web) -> None:
    call(connected, {"ApiEndpoint": f"{web.url}/orders", "Method": "POST", "RequestBody": {"n": 1}})

    assert web.only.method == "POST"
    assert web.only.path == "/orders"
    assert json.loads(web.only.body) == {"n": 1}
    assert web.only.headers == {
        "host": web.host,
        "x-api-key": SECRET,
        "content-type": "application/json; charset=UTF-8",
        "content-length": "7",
        "range": "bytes=0-262144",
        "user-agent": "Amazon|StepFunctions|HttpInvoke|us-east-1",
    }


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_every_method_is_sent_as_it_is(connected: StepFunctions, web: Web, method: str) -> None:
    execution = call(connected, {"ApiEndpoint": web.url, "Method": method})

    assert execution.status == "SUCCEEDED", execution.cause
    assert (web.only.method, web.only.path, web.only.body) == (method, "/", "")
    assert "content-type" not in web.only.headers


def test_the_query_is_added_to_that_of_the_endpoint(connected: StepFunctions, web: Web) -> None:
    query = {"currency": "usd", "many": ["a b", "c&d"], "n": 3}

    call(connected, {"ApiEndpoint": f"{web.url}/a?x=1", "Method": "GET", "QueryParameters": query})

    assert web.only.path == "/a?x=1&currency=usd&many=a%20b&many=c%26d&n=3"


def test_a_body_that_is_text_is_sent_as_it_is(connected: StepFunctions, web: Web) -> None:
    headers = {"Content-Type": "text/xml"}

    call(connected, {"ApiEndpoint": web.url, "Method": "POST", "Headers": headers, "RequestBody": "<order/>"})

    assert (web.only.body, web.only.headers["content-type"]) == ("<order/>", "text/xml")


@pytest.mark.parametrize(
    ("arrays", "form"),
    [
        (None, {"a[b]": ["1"], "c[0]": ["x"], "c[1]": ["y z"]}),
        ("INDICES", {"a[b]": ["1"], "c[0]": ["x"], "c[1]": ["y z"]}),
        ("REPEAT", {"a[b]": ["1"], "c": ["x", "y z"]}),
        ("COMMAS", {"a[b]": ["1"], "c": ["x,y z"]}),
        ("BRACKETS", {"a[b]": ["1"], "c[]": ["x", "y z"]}),
    ],
)
def test_a_body_can_be_a_form(
    connected: StepFunctions, web: Web, arrays: str | None, form: dict[str, list[str]]
) -> None:
    transform: dict[str, Any] = {"RequestBodyEncoding": "URL_ENCODED"}
    if arrays is not None:
        transform["RequestEncodingOptions"] = {"ArrayFormat": arrays}

    call(
        connected,
        {
            "ApiEndpoint": web.url,
            "Method": "POST",
            "Headers": {"content-type": "application/x-www-form-urlencoded"},
            "RequestBody": {"a": {"b": 1}, "c": ["x", "y z"]},
            "Transform": transform,
        },
    )

    assert parse_qs(web.only.body) == form
    assert " " not in web.only.body


# Connections


def test_basic_credentials_are_sent(service: StepFunctions, web: Web) -> None:
    connect(service, basic=("ann", SECRET))

    call(service, {"ApiEndpoint": web.url, "Method": "GET"})

    kind, _, given = web.only.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(given)) == ("Basic", f"ann:{SECRET}".encode())


def test_a_token_is_asked_for_with_the_credentials_of_the_client(service: StepFunctions, web: Web) -> None:
    def answer(asked: Asked) -> Reply:
        return (
            Reply(content=b'{"access_token": "t-1", "expires_in": 60}') if "token" in asked.path else Reply()
        )

    web.answer = answer
    connect(service, oauth={"endpoint": f"{web.url}/token", "client_id": "me", "client_secret": SECRET})

    execution = call(service, {"ApiEndpoint": f"{web.url}/orders", "Method": "GET"})

    assert execution.status == "SUCCEEDED", execution.cause
    first, second = web.asked
    assert (first.method, parse_qs(first.body)) == (
        "POST",
        {"grant_type": ["client_credentials"], "client_id": ["me"], "client_secret": [SECRET]},
    )
    assert second.headers["authorization"] == "Bearer t-1"


def test_a_token_that_is_refused_is_an_error_of_the_connection(service: StepFunctions, web: Web) -> None:
    web.says({"error": "invalid_client"}, 401)
    connect(service, oauth={"endpoint": web.url, "client_id": "me", "client_secret": SECRET})

    execution = call(service, {"ApiEndpoint": web.url, "Method": "GET"})

    assert execution.error == "Events.ConnectionResource.InvalidConnectionState"
    assert "401" in str(execution.cause)


def test_what_a_connection_adds_wins_over_the_task(service: StepFunctions, web: Web) -> None:
    connect(
        service,
        Parameters(headers={"Header-Param": "theirs"}, query={"q": "theirs"}, body={"b": "theirs"}),
        api_key=("X-Api-Key", SECRET),
    )

    call(
        service,
        {
            "ApiEndpoint": web.url,
            "Method": "POST",
            "Headers": {"header-param": "ours", "Other": "ours"},
            "QueryParameters": {"q": "ours", "r": "ours"},
            "RequestBody": {"b": "ours", "c": "ours"},
        },
    )

    assert (web.only.headers["header-param"], web.only.headers["other"]) == ("theirs", "ours")
    assert parse_qs(urlsplit(web.only.path).query) == {"q": ["theirs"], "r": ["ours"]}
    assert json.loads(web.only.body) == {"b": "theirs", "c": "ours"}


def test_a_body_of_text_does_not_go_with_that_of_a_connection(service: StepFunctions, web: Web) -> None:
    connect(service, Parameters(body={"b": "1"}), api_key=("X-Api-Key", SECRET))

    execution = call(service, {"ApiEndpoint": web.url, "Method": "POST", "RequestBody": "text"})

    assert (execution.error, web.asked) == ("States.Runtime", [])


@pytest.mark.parametrize("field", ["InvocationConfig", "Authentication"])
def test_the_connection_may_stand_in_either_field(connected: StepFunctions, web: Web, field: str) -> None:
    execution = call(connected, {"ApiEndpoint": web.url, "Method": "GET", field: {"ConnectionArn": ARN}})

    assert execution.status == "SUCCEEDED"


def test_nothing_secret_is_shown_or_kept(service: StepFunctions, web: Web) -> None:
    web.says({"ok": True})
    for words in ({"basic": ("ann", SECRET)}, {"api_key": ("X-Api-Key", SECRET)}):
        connect(service, Parameters(query={"key": SECRET}, body={"key": SECRET}), **words)
        execution = call(service, {"ApiEndpoint": web.url, "Method": "POST"})

        assert execution.status == "SUCCEEDED"
        told = repr(list(execution.log)) + repr(execution) + repr(service.registry.connections)
        assert SECRET not in told
        assert base64.b64encode(f"ann:{SECRET}".encode()).decode() not in told
    assert SECRET in web.asked[0].path + web.asked[0].body


def test_a_failure_does_not_tell_what_is_secret(service: StepFunctions) -> None:
    connect(service, Parameters(query={"key": SECRET}), api_key=("X-Api-Key", f"{SECRET}\n"))

    for endpoint in ("http://localhost:1/", "https://localhost:1/"):
        execution = call(service, {"ApiEndpoint": endpoint, "Method": "GET"})
        assert execution.error == "States.Http.Socket"
        assert SECRET not in repr(list(execution.log))


def test_a_masked_connection_adds_the_same_by_name() -> None:
    connection = made(ARN, ("ann", SECRET), None, None, Parameters(query={"key": SECRET}))

    masked = connection.masked()

    assert list(masked.headers()) == list(connection.headers())
    assert masked.parameters.query == {"key": "REDACTED"}
    assert SECRET not in str(masked.headers())


# What is answered


def test_the_result_holds_the_answer(connected: StepFunctions, web: Web) -> None:
    web.answer = lambda asked: Reply(
        201, b'{"id": 7}', headers=(("X-Page", "1"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"))
    )

    output: Any = call(connected, {"ApiEndpoint": web.url, "Method": "POST"}).output

    assert sorted(output) == ["Headers", "ResponseBody", "StatusCode", "StatusText"]
    assert (output["ResponseBody"], output["StatusCode"], output["StatusText"]) == ({"id": 7}, 201, "Created")
    assert (output["Headers"]["x-page"], output["Headers"]["set-cookie"]) == (["1"], ["a=1", "b=2"])


@pytest.mark.parametrize(
    ("type", "content", "body"),
    [
        ("application/json", b"[1]", [1]),
        ("application/problem+json; charset=utf-8", b'{"a":1}', {"a": 1}),
        ("application/json", b"not json", "not json"),
        ("application/json", b"", ""),
        ("text/plain", b"12", "12"),
        ("text/plain; charset=latin-1", "é".encode("latin-1"), "é"),
        (None, b'{"a":1}', {"a": 1}),
    ],
)
def test_a_body_is_json_where_its_type_says_so(
    connected: StepFunctions, web: Web, type: str | None, content: bytes, body: object
) -> None:
    web.answer = lambda asked: Reply(200, content, type)

    output: Any = call(connected, {"ApiEndpoint": web.url, "Method": "GET"}).output

    assert output["ResponseBody"] == body


@pytest.mark.parametrize(
    ("type", "content"),
    [
        ("application/octet-stream", b"abc"),
        ("image/png", b"abc"),
        ("audio/ogg", b"abc"),
        ("video/mp4", b"abc"),
        ("text/plain", b"\xff\xfe\x00"),
    ],
)
def test_what_is_no_text_cannot_be_a_result(
    connected: StepFunctions, web: Web, type: str, content: bytes
) -> None:
    web.answer = lambda asked: Reply(200, content, type)

    assert call(connected, {"ApiEndpoint": web.url, "Method": "GET"}).error == "States.Runtime"


@pytest.mark.parametrize(
    ("status", "reason"), [(301, "Moved Permanently"), (404, "Not Found"), (503, "Service Unavailable")]
)
def test_another_status_than_a_success_is_an_error_of_its_name(
    connected: StepFunctions, web: Web, status: int, reason: str
) -> None:
    web.answer = lambda asked: Reply(status, b"{}", headers=(("Location", "/elsewhere"),))

    execution = call(connected, {"ApiEndpoint": web.url, "Method": "GET"})

    assert (execution.error, execution.cause) == (f"States.Http.StatusCode.{status}", reason)
    assert web.only.path == "/"


def test_a_retrier_knows_the_status(connected: StepFunctions, web: Web) -> None:
    web.answer = lambda asked: Reply(429 if len(web.asked) < 3 else 200)
    retry = [
        {
            "ErrorEquals": ["States.Http.StatusCode.429"],
            "IntervalSeconds": 1,
            "MaxAttempts": 3,
            "BackoffRate": 1,
        }
    ]
    task = {
        "Type": "Task",
        "Resource": "arn:aws:states:::http:invoke",
        "Parameters": {"ApiEndpoint": web.url, "Method": "GET", "InvocationConfig": {"ConnectionArn": ARN}},
        "Retry": retry,
        "End": True,
    }
    machine = load_machine(connected, {"StartAt": "Call", "States": {"Call": task}})

    execution = machine.run(skip_waits=True)

    assert (execution.status, len(web.asked)) == ("SUCCEEDED", 3)


def test_an_answer_that_is_too_large_is_over_the_data_limit(connected: StepFunctions, web: Web) -> None:
    web.answer = lambda asked: Reply(206, b"x" * (MOST_BYTES + 1000), "text/plain")

    assert call(connected, {"ApiEndpoint": web.url, "Method": "GET"}).error == "States.DataLimitExceeded"


def test_an_answer_that_does_not_come_is_a_failure_of_the_socket(web: Web) -> None:
    release = threading.Event()

    def late(asked: Asked) -> Reply:
        release.wait(20)
        return Reply()

    web.answer = late
    request = HttpRequest(method="GET", url=web.url, headers=(), body=None)
    with pytest.raises(NoAnswer, match=r"did not answer in 0\.05 seconds"):
        send(request, seconds=0.05)
    release.set()


def test_nobody_there_is_a_failure_of_the_socket(connected: StepFunctions) -> None:
    execution = call(connected, {"ApiEndpoint": "http://localhost:1", "Method": "GET"})

    assert (execution.error, execution.cause) == ("States.Http.Socket", "localhost: Connection refused")


def test_a_host_that_cannot_be_is_a_failure_of_the_socket(connected: StepFunctions) -> None:
    execution = call(connected, {"ApiEndpoint": "https://no host/a", "Method": "GET"})

    assert execution.error == "States.Http.Socket"
    assert execution.cause == "no host: HTTP cannot say this request"


# What is refused


@pytest.mark.parametrize(
    ("parameters", "part"),
    [
        ({"Method": "GET"}, "The field 'ApiEndpoint' is required but was missing"),
        ({"ApiEndpoint": "https://e"}, "The field 'Method' is required but was missing"),
        ({"ApiEndpoint": "https://e", "Method": "TRACE"}, "The Method 'TRACE' is none of GET,"),
        ({"ApiEndpoint": "http://example.com", "Method": "GET"}, "is not HTTPS"),
        ({"ApiEndpoint": "ftp://localhost", "Method": "GET"}, "is not an HTTPS URL"),
        ({"ApiEndpoint": "https://[x", "Method": "GET"}, "is not a URL"),
        ({"ApiEndpoint": "https://e", "Method": "GET", "Body": 1}, 'The field "Body" is not supported'),
        (
            {"ApiEndpoint": "https://e", "Method": "GET", "InvocationConfig": {}},
            "ConnectionArn has to be given",
        ),
        (
            {
                "ApiEndpoint": "https://e",
                "Method": "GET",
                "InvocationConfig": {"ConnectionArn": ARN},
                "Authentication": {"ConnectionArn": ARN},
            },
            "ConnectionArn has to be given once",
        ),
        (
            {
                "ApiEndpoint": "https://e",
                "Method": "POST",
                "RequestBody": {},
                "Transform": {"RequestBodyEncoding": "URL_ENCODED"},
            },
            "needs the header Content-Type",
        ),
        (
            {
                "ApiEndpoint": "https://e",
                "Method": "POST",
                "RequestBody": {},
                "Transform": {"RequestBodyEncoding": "URL_ENCODED", "RequestEncodingOptions": "COMMAS"},
            },
            "'RequestEncodingOptions' must be an object",
        ),
        (
            {"ApiEndpoint": "https://e", "Method": "GET", "Headers": {"a": "b\r\nHost: c"}},
            "The header 'a' cannot be sent",
        ),
    ],
)
def test_parameters_that_will_not_do_are_refused_before_anything_is_sent(
    connected: StepFunctions, parameters: dict[str, Any], part: str
) -> None:
    execution = call(connected, parameters)

    assert execution.error == "States.Runtime"
    assert part in str(execution.cause)
    assert "TaskScheduled" not in [event.type for event in execution.log]


@pytest.mark.parametrize(
    "header",
    ["Authorization", "host", "Date", "If-Match", "X-Amz-Date", "x-forwarded-for", "X-Amzn-Trace-Id"],
)
def test_headers_that_are_not_the_tasks_own_are_refused(connected: StepFunctions, header: str) -> None:
    execution = call(connected, {"ApiEndpoint": "https://e", "Method": "GET", "Headers": {header: "x"}})

    assert execution.error == "States.Runtime"
    assert f"The header '{header}' is not allowed" in str(execution.cause)


# Who makes the call


def test_a_function_stands_before_the_call(connected: StepFunctions) -> None:
    connected.registry.functions["http:invoke"] = lambda request: {"asked": request["ApiEndpoint"]}

    execution = call(connected, {"ApiEndpoint": "https://e", "Method": "GET"})

    assert execution.output == {"asked": "https://e"}


def test_without_a_connection_nothing_is_called(service: StepFunctions, web: Web) -> None:
    execution = call(service, {"ApiEndpoint": web.url, "Method": "GET"})

    assert (execution.error, web.asked) == ("States.TaskFailed", [])


def test_a_connection_is_shown_without_its_secret() -> None:
    assert repr(Connection(arn=ARN, kind="BASIC", user="ann", secret=SECRET)) == "<BASIC connection shop>"
