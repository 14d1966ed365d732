"""EventBridge Scheduler and Pipes over REST-JSON, with a stand-in for what is behind them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfnb.errors import SfnbError
from sfnb.server.checks import model
from sfnb.server.client import client
from sfnb.server.rest import REST_APIS, Request, addressed, dispatch
from sfnb.server.serve import Server
from sfnb.server.settings import Settings
from sfnb.server.trigger_actions import TRIGGER_ACTIONS, method_name
from tests.server.recorder import Recorded, boto_of, send, values
from tests.server.sockets import KEY

OPERATIONS = [(api, operation) for api in REST_APIS for operation in TRIGGER_ACTIONS[api]]
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
GROUP = "arn:aws:scheduler:us-east-1:123456789012:schedule-group/g"
PIPE = "arn:aws:pipes:us-east-1:123456789012:pipe/p"
ROLE = "arn:aws:iam::123456789012:role/r"
SCHEDULE = {
    "FlexibleTimeWindow": {"Mode": "OFF"},
    "ScheduleExpression": "rate(5 minutes)",
    "Target": {"Arn": "arn:aws:states:us-east-1:123456789012:stateMachine:m", "RoleArn": ROLE},
}
ANYTHING = {"suppress_health_check": list(HealthCheck), "deadline": None}


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    service = Recorded()
    yield service
    service.close()


@pytest.fixture
def service(recorded: Recorded) -> Recorded:
    recorded.recorder.asked.clear()
    recorded.recorder.answer = {}
    return recorded


@pytest.fixture
def server(service: Recorded) -> Iterator[Server]:
    with Server(service, Settings(port=0, body_bytes=50_000)) as server:
        yield server


def ask(service: Recorded, api: str, method: str, address: str, body: bytes = b"") -> tuple[int, Any, Any]:
    path, _, query = address.partition("?")
    answer = dispatch(service, api, Request(method, path, query, body))
    return answer.status, json.loads(answer.body), answer.headers.get("x-amzn-errortype")


def test_boto3_makes_a_schedule_by_a_socket(server: Server, service: Recorded) -> None:
    service.recorder.answer = {"ScheduleArn": "arn:of:it"}

    answer = boto_of("scheduler", server).create_schedule(
        Name="s-1", GroupName="g", StartDate=NOON, ClientToken="t", **SCHEDULE
    )

    assert answer["ScheduleArn"] == "arn:of:it"
    expected = {"Name": "s-1", "GroupName": "g", "StartDate": NOON, "ClientToken": "t", **SCHEDULE}
    assert service.recorder.asked == [("create_schedule", expected)]


def test_boto3_starts_a_pipe_by_a_socket(server: Server, service: Recorded) -> None:
    service.recorder.answer = {"Name": "p", "CurrentState": "STARTING", "CreationTime": NOON}

    answer = boto_of("pipes", server).start_pipe(Name="p")

    assert (answer["CurrentState"], answer["CreationTime"]) == ("STARTING", NOON)
    assert service.recorder.asked == [("start_pipe", {"Name": "p"})]


def test_members_of_the_query_string_are_read_by_their_names_there(server: Server, service: Recorded) -> None:
    scheduler = boto_of("scheduler", server)
    scheduler.list_schedules(GroupName="g", MaxResults=5, NextToken="a b&c=é/")
    scheduler.untag_resource(ResourceArn=GROUP, TagKeys=["a", "b c"])
    scheduler.delete_schedule(Name="s", GroupName="g", ClientToken="t")

    assert service.recorder.asked == [
        ("list_schedules", {"GroupName": "g", "MaxResults": 5, "NextToken": "a b&c=é/"}),
        ("untag_resource", {"ResourceArn": GROUP, "TagKeys": ["a", "b c"]}),
        ("delete_schedule", {"Name": "s", "GroupName": "g", "ClientToken": "t"}),
    ]


def test_the_same_path_of_two_services_goes_to_the_one_that_it_is_signed_for(
    server: Server, service: Recorded
) -> None:
    service.recorder.answer = {"Tags": [{"Key": "a", "Value": "b"}], "tags": {"c": "d"}}

    assert boto_of("scheduler", server).list_tags_for_resource(ResourceArn=GROUP)["Tags"][0]["Key"] == "a"
    assert boto_of("pipes", server).list_tags_for_resource(resourceArn=PIPE)["tags"] == {"c": "d"}


@pytest.mark.parametrize(
    ("method", "path", "headers", "api"),
    [
        ("GET", "/schedules", {}, "scheduler"),
        ("GET", "/schedules", {"accept": "*/*"}, "scheduler"),
        ("GET", "/schedules", {"accept": "text/html,application/xhtml+xml"}, None),
        ("POST", "/schedules/a%2Fb", {}, "scheduler"),
        ("PATCH", "/schedules/a", {}, None),
        ("GET", "/schedules/", {}, None),
        ("GET", "/v1/pipes", {}, "pipes"),
        ("POST", "/v1/pipes/p/stop", {}, "pipes"),
        ("GET", f"/tags/{quote(GROUP, safe='')}", {}, "scheduler"),
        ("GET", f"/tags/{quote(PIPE, safe='')}", {}, "pipes"),
        ("GET", f"/tags/{PIPE.replace('/', '%2f')}", {}, "pipes"),
        ("GET", "/", {}, None),
        ("GET", "/health", {}, None),
        ("GET", f"/machines/{PIPE}", {}, None),
        ("GET", "/page/data/machines", {}, None),
        ("GET", "/schedules", {"authorization": "nonsense"}, "scheduler"),
    ],
)
def test_what_is_not_signed_is_known_by_its_method_and_path(
    method: str, path: str, headers: dict[str, str], api: str | None
) -> None:
    assert addressed(method, path, headers) == api


@pytest.mark.parametrize("path", ["/", "/machines/a", "/nothing", "/v1/pipes"])
def test_what_is_signed_is_for_the_service_it_is_signed_for(server: Server, path: str) -> None:
    answer = send(server, "GET", path, signed_for="scheduler")

    assert answer.status_code == 404
    assert answer.headers["x-amzn-errortype"] == "UnknownOperationException"
    assert "Amazon EventBridge Scheduler" in answer.json()["Message"]


def test_a_browser_is_shown_the_page_and_its_health(server: Server) -> None:
    assert "<html" in httpx.get(server.url, trust_env=False).text
    assert httpx.get(f"{server.url}/health", trust_env=False).json()["status"] == "ok"


def test_where_signatures_are_asked_for_they_are_of_the_service(service: Recorded) -> None:
    with Server(service, Settings(port=0, keys=(KEY,))) as server:
        boto_of("pipes", server).list_tags_for_resource(resourceArn=PIPE)
        boto_of("scheduler", server).list_schedules(NextToken="a/b c")

        with pytest.raises(ClientError, match="Missing Authentication Token") as refused:
            boto_of("scheduler", server, signature_version=UNSIGNED).list_schedules()
        foreign = send(server, "GET", "/schedules", signed_for="states")
        tampered = send(
            server, "GET", "/schedules?MaxResults=1", signed_for="scheduler", signed_path="/schedules"
        )

    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert "correct service: 'scheduler'" in foreign.json()["message"]
    assert (tampered.status_code, tampered.json()["__type"].partition("#")[2]) == (
        403,
        "InvalidSignatureException",
    )
    assert [name for name, _ in service.recorder.asked] == ["list_tags_for_resource", "list_schedules"]


def test_a_page_of_another_site_may_not_call(server: Server, service: Recorded) -> None:
    answer = send(server, "POST", "/v1/pipes/p/start", headers={"Origin": "http://elsewhere.example"})

    assert answer.status_code == 403
    assert service.recorder.asked == []


def test_a_request_that_is_too_large_is_refused(server: Server, service: Recorded) -> None:
    with pytest.raises(ClientError, match="RequestEntityTooLarge"):
        boto_of("pipes", server).create_pipe(Name="p", Description="x" * 60_000)
    assert service.recorder.asked == []


# Refusals


@pytest.mark.parametrize(
    ("api", "call", "code", "status"),
    [
        ("scheduler", ("get_schedule", {"Name": "s"}), "ResourceNotFoundException", 404),
        ("scheduler", ("create_schedule_group", {"Name": "s"}), "ConflictException", 409),
        ("scheduler", ("create_schedule_group", {"Name": "s"}), "ServiceQuotaExceededException", 402),
        ("pipes", ("describe_pipe", {"Name": "s"}), "NotFoundException", 404),
        ("pipes", ("describe_pipe", {"Name": "s"}), "ValidationException", 400),
    ],
)
def test_a_refusal_is_the_error_of_its_name_with_its_status(
    server: Server, service: Recorded, api: str, call: tuple[str, Any], code: str, status: int
) -> None:
    service.recorder.answer = type(code, (SfnbError,), {})("it is not so")
    called = boto_of(api, server)

    with pytest.raises(getattr(called.exceptions, code), match="it is not so") as refused:
        getattr(called, call[0])(**call[1])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == status


def test_a_refusal_tells_what_else_the_shape_of_its_error_has(server: Server, service: Recorded) -> None:
    class ConflictException(SfnbError):
        resource_id = "p"

    service.recorder.answer = ConflictException("there is a pipe 'p'")
    pipes = boto_of("pipes", server)

    with pytest.raises(pipes.exceptions.ConflictException) as refused:
        pipes.stop_pipe(Name="p")
    assert (refused.value.response["resourceId"], refused.value.response["message"]) == (
        "p",
        "there is a pipe 'p'",
    )


def test_a_broken_constraint_is_told_in_the_words_of_aws(service: Recorded) -> None:
    status, told, code = ask(service, "scheduler", "GET", "/schedules?MaxResults=101&NamePrefix=a%20b")

    assert (status, code) == (400, "ValidationException")
    assert told["Message"] == (
        "2 validation errors detected: Value 'a b' at 'namePrefix' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: [0-9a-zA-Z-_.]+; "
        "Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )


@pytest.mark.parametrize(
    ("method", "address", "body", "code"),
    [
        ("POST", "/schedules/s", b"{", "SerializationException"),
        ("POST", "/schedules/s", b"[]", "SerializationException"),
        ("POST", "/schedules/s", b"[" * 100_000, "SerializationException"),
        ("POST", "/schedules/s", b'{"Target": 5}', "SerializationException"),
        ("POST", "/schedules/s", b"", "ValidationException"),
        ("POST", "/schedules/%ff", b"{}", "SerializationException"),
        ("GET", "/schedules?NextToken=%ff", b"", "SerializationException"),
        ("GET", "/schedules?MaxResults=many", b"", "SerializationException"),
        ("GET", "/schedules?MaxResults=" + "9" * 10_000, b"", "SerializationException"),
        ("GET", "/schedules?" + "a=b&" * 10_000, b"", "SerializationException"),
        ("GET", "/schedules?MaxResults=0", b"", "ValidationException"),
        ("GET", "/schedules/" + "a" * 10_000, b"", "ValidationException"),
        ("BREW", "/schedules", b"", "UnknownOperationException"),
        ("GET", "//", b"", "UnknownOperationException"),
        ("GET", "", b"", "UnknownOperationException"),
    ],
)
def test_a_request_that_is_malformed_is_refused(
    service: Recorded, method: str, address: str, body: bytes, code: str
) -> None:
    status, told, found = ask(service, "scheduler", method, address, body)

    assert (status, found) == (404 if code == "UnknownOperationException" else 400, code)
    assert told["Message"]
    assert service.recorder.asked == []


def test_a_body_cannot_give_what_stands_in_the_path(service: Recorded) -> None:
    ask(service, "pipes", "POST", "/v1/pipes/here/start", b'{"Name": "there"}')

    assert service.recorder.asked == [("start_pipe", {"Name": "here"})]


def test_a_fault_behind_it_tells_the_client_nothing(service: Recorded) -> None:
    service.recorder.answer = KeyError("se" + "cret")

    status, told, code = ask(service, "scheduler", "GET", "/schedules")
    assert (status, code) == (500, "InternalFailure")
    assert "cret" not in told["Message"]


def test_what_the_model_does_not_know_is_left_out_of_an_answer(service: Recorded) -> None:
    service.recorder.answer = {"Name": "s", "Colour": "red", "Description": None, "StartDate": NOON}

    told = ask(service, "scheduler", "GET", "/schedules/s")[1]
    assert told == {"Name": "s", "StartDate": NOON.timestamp()}


# Whatever the model allows


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, str, Any, Any]:
    """An operation, what it may be asked, and what it may answer."""
    api, name = draw(st.sampled_from(OPERATIONS))
    operation = model(api).operation_model(name)
    answer = draw(values(operation.output_shape)) if operation.output_shape else {}
    return api, name, draw(values(operation.input_shape)), answer


@pytest.fixture(scope="module")
def clients(recorded: Recorded) -> dict[str, Any]:
    return {api: client(api, service=recorded) for api in REST_APIS}


@given(asked())
@settings(max_examples=150, **ANYTHING)
def test_what_boto3_is_asked_arrives_and_what_is_answered_comes_back(
    recorded: Recorded, clients: dict[str, Any], asked: tuple[str, str, Any, Any]
) -> None:
    api, name, params, answer = asked
    shapes = model(api).operation_model(name)
    recorded.recorder.asked.clear()
    recorded.recorder.answer = _moments(shapes.output_shape, answer)

    told = getattr(clients[api], method_name(name))(**_moments(shapes.input_shape, params))

    told.pop("ResponseMetadata")
    assert _without_nothing(told) == _without_nothing(_moments(shapes.output_shape, answer))
    [(method, found)] = recorded.recorder.asked
    if "ClientToken" not in params:  # botocore makes one up
        found.pop("ClientToken", None)
    assert method == method_name(name)
    assert _without_nothing(found) == _without_nothing(_moments(shapes.input_shape, params))


def _moments(shape: Any, value: Any) -> Any:
    match None if shape is None else shape.type_name:
        case "structure":
            return {name: _moments(shape.members[name], each) for name, each in value.items()}
        case "list":
            return [_moments(shape.member, each) for each in value]
        case "timestamp":
            return datetime.fromtimestamp(value, UTC)
    return value


def _without_nothing(value: dict[str, Any]) -> dict[str, Any]:
    """An empty list in a query string cannot be told from none."""
    return {name: each for name, each in value.items() if each not in ([], {})}


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PATHS = st.lists(
    st.sampled_from(["schedules", "schedule-groups", "tags", "v1", "pipes", "start", "%", "%zz"]) | TEXT,
    max_size=4,
).map(lambda parts: "/" + "/".join(parts))
BODIES = st.binary(max_size=30) | st.sampled_from([b"{}", b'{"Target": {"Input": null}}', b'{"Tags": [1]}'])


@given(
    st.sampled_from(REST_APIS),
    st.sampled_from(["GET", "POST", "PUT", "DELETE", "HEAD"]),
    PATHS,
    TEXT | st.sampled_from(["MaxResults=1", "Limit=x", "TagKeys=&TagKeys=b", "tagKeys=a", "%%%=&&"]),
    BODIES,
)
@settings(max_examples=400, **ANYTHING)
def test_requests_of_any_kind_are_answered(
    recorded: Recorded, api: str, method: str, path: str, query: str, body: bytes
) -> None:
    recorded.recorder.answer = {}

    status, _, code = ask(recorded, api, method, f"{path}?{query}", body)
    assert (status, code) == (200, None) or (status in (400, 404) and code is not None)
    assert addressed(method, path, {"authorization": query, "accept": path}) in (None, *REST_APIS)
