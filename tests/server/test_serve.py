"""A server on a socket: boto3, and whatever else may come to it."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator
from contextlib import closing

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

import sfnb
from sfnb.errors import SfnbError
from sfnb.server.auth import Key
from sfnb.server.serve import Server
from sfnb.server.settings import Settings
from sfnb.service import StepFunctions
from tests.server.sockets import KEY, LIST, ROLE, WORK, boto, post, raw

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


@pytest.fixture
def server(service: StepFunctions) -> Iterator[Server]:
    with Server(service, Settings(port=0, body_bytes=100_000, head_bytes=20_000)) as server:
        yield server


def test_boto3_makes_a_machine_runs_it_and_reads_its_history(server: Server) -> None:
    sfn = boto(server)
    machine = sfn.create_state_machine(name="m", definition=PASS, roleArn=ROLE)["stateMachineArn"]
    started = sfn.start_execution(stateMachineArn=machine, name="e", input='{"é": 1}')
    server.service.execution(started["executionArn"]).wait(60)

    history = sfn.get_execution_history(executionArn=started["executionArn"])["events"]
    assert [event["type"] for event in history] == [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert history[0]["timestamp"] == started["startDate"]
    assert sfn.describe_execution(executionArn=started["executionArn"])["output"] == '{"é": 1}'


def test_a_refusal_reaches_boto3_as_its_exception(server: Server) -> None:
    sfn = boto(server)

    with pytest.raises(sfn.exceptions.ActivityDoesNotExist, match="Activity Does Not Exist"):
        sfn.describe_activity(activityArn=WORK)


def test_the_client_of_a_server_is_for_the_same_service(server: Server) -> None:
    boto(server).create_activity(name="work")

    assert server.client().describe_activity(activityArn=WORK)["name"] == "work"


def test_operations_with_a_host_prefix_come_in(server: Server) -> None:
    body = {"definition": json.dumps({"Type": "Pass", "End": True}), "roleArn": ROLE}
    headers = {"Host": f"sync-localhost:{server.port}", "X-Amz-Target": "AWSStepFunctions.TestState"}

    answer = post(server, json.dumps(body).encode(), headers)

    assert (answer.status_code, answer.json()["status"]) == (200, "SUCCEEDED")


def test_the_environment_can_keep_boto3_from_the_prefix(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the help of the command advises."""
    monkeypatch.setenv("AWS_DISABLE_HOST_PREFIX_INJECTION", "true")
    sfn = boto3.client(
        "stepfunctions",
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )

    assert sfn.test_state(definition='{"Type": "Succeed"}', roleArn=ROLE)["status"] == "SUCCEEDED"


def test_health_is_told_to_machines(server: Server) -> None:
    told = httpx.get(f"{server.url}/health", trust_env=False).json()

    assert told == {
        "status": "ok",
        "service": "sfnb",
        "version": sfnb.__version__,
        "account": "123456789012",
        "region": "us-east-1",
        "requests": 0,
    }


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
@pytest.mark.parametrize("path", ["/", "/health"])
def test_requests_of_foreign_pages_are_refused_everywhere(
    server: Server, headers: dict[str, str], path: str
) -> None:
    answer = httpx.post(f"{server.url}{path}", content=b"{}", headers={**LIST, **headers}, trust_env=False)
    read = httpx.get(f"{server.url}{path}", headers=headers, trust_env=False)

    assert answer.status_code == read.status_code == 403
    assert answer.json()["__type"].endswith("#AccessDeniedException")


def test_a_preflight_is_given_no_leave(server: Server) -> None:
    headers = {"Origin": "http://localhost:1", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(server.url, headers=headers, trust_env=False)

    assert answer.status_code in (404, 405)
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_a_name_can_be_allowed(service: StepFunctions) -> None:
    with Server(service, Settings(port=0, allow_hosts=("build-host",))) as server:
        assert post(server, headers={"Host": "build-host:8083"}).status_code == 200
        assert post(server, headers={"Host": "other-host:8083"}).status_code == 403


# Signatures


def test_with_keys_only_what_is_signed_comes_in(service: StepFunctions) -> None:
    with Server(service, Settings(port=0, keys=(KEY,))) as server:
        wrong = Key(access_key_id=KEY.access_key_id, secret_access_key="wrong")

        assert boto(server).list_state_machines()["stateMachines"] == []
        with pytest.raises(ClientError, match="InvalidSignatureException"):
            boto(server, wrong).list_state_machines()
        assert post(server).json() == {
            "__type": "com.amazon.coral.service#MissingAuthenticationTokenException",
            "message": "Missing Authentication Token",
        }


def test_with_keys_there_is_no_page(service: StepFunctions) -> None:
    with Server(service, Settings(port=0, keys=(KEY,))) as server:
        answer = httpx.get(server.url, trust_env=False)
        assert (answer.status_code, answer.text) == (
            404,
            "There is no page where requests have to be signed (--require-auth): the API is at POST /.\n",
        )
        assert httpx.get(f"{server.url}/health", trust_env=False).status_code == 200
        other = httpx.get(f"{server.url}/nosuch", trust_env=False)
        assert (other.status_code, other.text) == (
            404,
            "There is nothing at this address: the API is at POST /, the server's health at /health.\n",
        )


def test_an_address_that_is_none_is_told_which_there_are(server: Server) -> None:
    answer = httpx.get(f"{server.url}/nosuch", trust_env=False)

    assert answer.status_code == 404
    assert answer.text.startswith("There is nothing at this address: ")
    assert answer.text.endswith(", the page at /.\n")


# What is wrong with a request


def test_a_request_that_is_too_large_is_told_so(server: Server) -> None:
    answer = post(server, b'"' + b"x" * 100_000 + b'"')

    assert answer.status_code == 413
    assert answer.json()["__type"].endswith("#RequestEntityTooLargeException")


def test_so_is_one_that_does_not_say_how_large_it_is(server: Server) -> None:
    def parts() -> Iterator[bytes]:
        yield from [b"x" * 50_000] * 3

    answer = httpx.post(server.url, content=parts(), headers=LIST, trust_env=False)

    assert answer.status_code == 413


def test_one_that_is_much_too_large_is_not_read(server: Server) -> None:
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999999999999\r\n\r\n"

    assert raw(server, head).startswith(b"HTTP/1.1 4")


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"hello\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST / HTTP/1.1\r\nX: \x00\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused(server: Server, request_: bytes) -> None:
    assert raw(server, request_).startswith(b"HTTP/1.1 400")
    assert post(server).status_code == 200


def test_a_head_that_does_not_end_is_cut_off(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\n")
        answer = b""
        with closing(connection):
            try:
                for number in range(1_000):
                    connection.sendall(b"X-%d: %s\r\n" % (number, b"x" * 1_000))
                answer = connection.recv(1_000)
            except (BrokenPipeError, ConnectionResetError):
                answer = b"HTTP/1.1 431"

    assert answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize(
    "begun",
    [b"", b"POST / HT", b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{"],
)
def test_a_client_that_is_too_slow_is_not_waited_for(service: StepFunctions, begun: bytes) -> None:
    with (
        Server(service, Settings(port=0, read_seconds=0.05)) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection,
    ):
        connection.sendall(begun)
        answer = connection.recv(1_000)

        assert answer == b"" or answer.startswith(b"HTTP/1.1 408")


def test_a_connection_is_good_for_many_requests(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    with closing(connection):
        for _ in range(3):
            connection.request("POST", "/", b"{}", LIST)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b'{"stateMachines":[]}')


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "HEAD", "TRACE"])
def test_the_api_is_for_post_alone(server: Server, method: str) -> None:
    answer = httpx.request(method, server.url, headers=LIST, trust_env=False)

    assert answer.status_code in (200, 404, 405)  # a HEAD of the page is a page
    assert b"stateMachines" not in answer.content


def test_too_many_connections_are_told_so(service: StepFunctions) -> None:
    with Server(service, Settings(port=0, connections=2)) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(2)]
        try:
            assert post(server).status_code == 503
        finally:
            for connection in idle:
                connection.close()


# Life


def test_serve_is_for_the_service_behind_load() -> None:
    machine = sfnb.load(json.loads(PASS), name="served")

    with sfnb.serve(port=0) as server:
        described = boto(server).describe_state_machine(stateMachineArn=machine.record.arn)

    assert described["name"] == "served"


def test_a_server_shows_where_it_is(server: Server) -> None:
    assert server.url == f"http://127.0.0.1:{server.port}"
    assert repr(server) == f"<sfnb server at {server.url}>"
    assert f'<a href="{server.url}"' in server._repr_html_()


def test_a_server_that_is_stopped_says_so_and_may_be_stopped_again(server: Server) -> None:
    server.stop()
    server.stop()

    assert not server.is_running
    assert "stopped" in repr(server)
    assert "stopped" in server._repr_html_()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.port))


def test_its_port_can_be_used_again_at_once(service: StepFunctions) -> None:
    with Server(service, Settings(port=0)) as server:
        assert post(server).status_code == 200
    with Server(service, Settings(port=server.port)) as again:
        assert post(again).status_code == 200


def test_a_port_that_is_taken_is_told(server: Server) -> None:
    with pytest.raises(SfnbError, match=rf"cannot listen at 127\.0\.0\.1:{server.port}: .*port 0"):
        Server(server.service, Settings(port=server.port))


@pytest.mark.parametrize("settings", [Settings(port=70_000), Settings(port=0, host="no.such.host.invalid")])
def test_an_address_that_is_none_is_told(service: StepFunctions, settings: Settings) -> None:
    with pytest.raises(SfnbError, match="port"):
        Server(service, settings)


def test_a_server_listens_at_an_address_of_ipv6(service: StepFunctions) -> None:
    try:
        server = Server(service, Settings(port=0, host="::1"))
    except SfnbError:
        pytest.skip("this machine has no IPv6")
    with server:
        assert server.url == f"http://[::1]:{server.port}"
        assert post(server).status_code == 200
