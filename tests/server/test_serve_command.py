"""`sfnb serve`, as a process of its own."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import httpx
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from sfnb.cli import main
from tests.sessions import until

PASS = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ROLE = "arn:aws:iam::123456789012:role/sfn"
COMMAND = [sys.executable, "-m", "sfnb.cli", "serve", "--port", "0"]
SOON = 60
SYNC_PREFIX = (
    "  StartSyncExecution and TestState need AWS_DISABLE_HOST_PREFIX_INJECTION=true at the client,"
    " or Config(inject_host_prefix=False)"
)
ROUTE = """
import sys, threading, sfnb
def say(*words): print(*words, file=sys.stderr)
echo = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
orders = sfnb.load(echo, name="orders")
trigger = orders.on.http("POST /orders")
servers = [each for each in threading.enumerate() if each.name == "sfnb server"]
say(len(servers) + 1, trigger.url)
try:
    say(orders.on.iot("SELECT * FROM 'orders'").url)
except sfnb.SfnbError as fault:
    say(fault)
"""


class Process(NamedTuple):
    process: subprocess.Popen[str]
    url: str

    def client(self, key: str = "AKID", secret: str = "secret") -> Any:
        config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
        return boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret).client(
            "stepfunctions", region_name="us-east-1", endpoint_url=self.url, config=config
        )

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """Its exit code, and what it said."""
        self.process.send_signal(number)
        _, said = self.process.communicate(timeout=SOON)
        return self.process.returncode, said


Serve = Callable[..., Process]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """Begins a server in an empty folder, with no more environment than is told, and waits for its line."""
    with ExitStack() as stack:

        def serve(*options: str, **environment: str) -> Process:
            process = begin(tmp_path, *options, **environment)
            stack.callback(_end, process)
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("sfnb serves AWS Step Functions at http://127.0.0.1:"), line
            return Process(process, line.split()[-1])

        yield serve


def _end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for stream in (process.stdout, process.stderr):
        assert stream is not None
        stream.close()


def begin(folder: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "SFN_"))}
    return subprocess.Popen(
        [*COMMAND, *options],
        cwd=folder,
        env={**plain, "PYTHONPATH": str(Path(__file__).parents[2]), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def refused(folder: Path, *options: str, **environment: str) -> str:
    """What a call says that is wrong."""
    process = begin(folder, *options, **environment)
    said = process.communicate(timeout=SOON)[1]
    assert process.returncode == 2, said
    assert "Traceback" not in said
    return said


def made(sfn: Any, definition: object, name: str = "m") -> str:
    text = definition if isinstance(definition, str) else json.dumps(definition)
    arn: str = sfn.create_state_machine(name=name, definition=text, roleArn=ROLE)["stateMachineArn"]
    return arn


def ended(sfn: Any, execution: str) -> dict[str, Any]:
    described: dict[str, Any] = {}

    def has_ended() -> bool:
        described.update(sfn.describe_execution(executionArn=execution))
        return described["status"] != "RUNNING"

    until(has_ended, "the end of the execution")
    return described


def one_task(resource: str, **fields: object) -> dict[str, Any]:
    return {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True, **fields}}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_serves_and_ends_cleanly(serve: Serve, number: signal.Signals) -> None:
    server = serve()
    sfn = server.client()
    execution = sfn.start_execution(stateMachineArn=made(sfn, PASS), input="[1]")["executionArn"]

    assert ended(sfn, execution)["output"] == "[1]"
    assert httpx.get(f"{server.url}/health", trust_env=False).json()["status"] == "ok"
    code, said = server.end(number)
    assert code == 0
    assert said.splitlines() == [
        "  machines and executions are kept in memory, until this process ends (--store FILE keeps them)",
        "  functions for Resources: none (--tasks FILE)",
        "  calls of services go nowhere (AWS_ENDPOINT_URL=... or --aws lets them go somewhere)",
        SYNC_PREFIX,
    ]


def test_it_says_what_is_around_it(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("def double(n): return 2 * n\ndef triple(n): return 3 * n\n")
    endpoint = "http://127.0.0.1:1"
    server = serve("--tasks", "tasks.py", "--store", "kept.db", AWS_ENDPOINT_URL_SQS=endpoint)
    assert httpx.get(f"{server.url}/health", trust_env=False).status_code == 200

    assert server.end()[1].splitlines() == [
        f"  machines and executions are kept in {tmp_path / 'kept.db'}",
        "  functions for Resources: double, triple",
        "  calls of services go to what AWS_ENDPOINT_URL_<SERVICE> names",
        SYNC_PREFIX,
    ]


def test_the_environment_gives_account_and_region(serve: Serve) -> None:
    server = serve(AWS_ACCOUNT_ID="111122223333", AWS_DEFAULT_REGION="eu-west-1")

    arn = made(server.client(), PASS)

    assert arn == "arn:aws:states:eu-west-1:111122223333:stateMachine:m"


def test_functions_stand_for_resources(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "tasks.py").write_text("def double(n): return 2 * n\n")
    sfn = serve("--tasks", "tasks.py").client()
    machine = made(sfn, one_task("arn:aws:lambda:us-east-1:123456789012:function:double"))

    execution = sfn.start_execution(stateMachineArn=machine, input="21")["executionArn"]

    assert ended(sfn, execution)["output"] == "42"


def test_waits_can_be_skipped(serve: Serve) -> None:
    sfn = serve("--skip-waits").client()
    waits = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": True}}}

    execution = sfn.start_execution(stateMachineArn=made(sfn, waits))["executionArn"]

    assert ended(sfn, execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("by_option", [True, False])
def test_a_case_of_a_mock_file_answers_for_tasks(serve: Serve, tmp_path: Path, by_option: bool) -> None:
    cases = {"m": {"TestCases": {"Happy": {"T": "Answer"}}}}
    file = tmp_path / "mocks.json"
    file.write_text(
        json.dumps({"StateMachines": cases, "MockedResponses": {"Answer": {"0": {"Return": "mocked"}}}})
    )
    server = serve("--mock-config", str(file)) if by_option else serve(SFN_MOCK_CONFIG=str(file))
    sfn = server.client()
    machine = made(sfn, one_task("arn:aws:lambda:us-east-1:123456789012:function:none"))

    execution = sfn.start_execution(stateMachineArn=f"{machine}#Happy")["executionArn"]

    assert ended(sfn, execution)["output"] == '"mocked"'


# A store


def test_what_is_kept_outlives_the_process_and_goes_on(serve: Serve) -> None:
    """Also after a kill: the state that was open is entered once."""
    first = serve("--store", "kept.db")
    sfn = first.client()
    activity = sfn.create_activity(name="work")["activityArn"]
    machine = made(sfn, one_task(activity))
    execution = sfn.start_execution(stateMachineArn=machine, input='{"n": 1}')["executionArn"]
    first.end(signal.SIGKILL)

    second = serve("--store", "kept.db")
    sfn = second.client()
    task = sfn.get_activity_task(activityArn=activity)
    sfn.send_task_success(taskToken=task["taskToken"], output='"done"')

    assert task["input"] == '{"n": 1}'
    assert ended(sfn, execution)["output"] == '"done"'
    assert sfn.describe_state_machine(stateMachineArn=machine)["name"] == "m"
    entered = [
        event
        for event in sfn.get_execution_history(executionArn=execution)["events"]
        if event["type"] == "TaskStateEntered"
    ]
    assert len(entered) == 1
    code, said = second.end()
    assert code == 0
    assert "1 execution goes on" in said


def test_log_records_go_to_a_file(serve: Serve, tmp_path: Path) -> None:
    server = serve("--log-file", str(tmp_path / "log.jsonl"))
    group = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*"}}
    machine = server.client().create_state_machine(
        name="m",
        definition=PASS,
        roleArn=ROLE,
        loggingConfiguration={"level": "ALL", "destinations": [group]},
    )["stateMachineArn"]
    started = server.client().start_execution(stateMachineArn=machine)["executionArn"]
    server.end()

    records = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [record["type"] for record in records][:2] == ["ExecutionStarted", "PassStateEntered"]
    assert {record["execution_arn"] for record in records} == {started}


def test_two_servers_do_not_share_a_store(serve: Serve, tmp_path: Path) -> None:
    serve("--store", "kept.db")

    assert "another server keeps its machines in" in refused(tmp_path, "--store", "kept.db")


# What is wrong with a call


def test_a_port_that_is_taken_is_told(serve: Serve, tmp_path: Path) -> None:
    port = serve().url.rpartition(":")[2]

    assert f"cannot listen at 127.0.0.1:{port}" in refused(tmp_path, "--port", port)


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        (["--require-auth"], {}, "--keys FILE"),
        (["--require-auth", "--keys", "none"], {}, "cannot read the keys"),
        (["--keys", "none"], {}, "--require-auth"),
        (["--mock-config", "none"], {}, "cannot read the mock file 'none'"),
        (["--tasks", "none.py"], {}, "cannot find the tasks"),
        (["--store", "."], {}, "sfnb: "),
        ([], {"AWS_ACCOUNT_ID": "mine"}, "twelve digits"),
    ],
)
def test_a_wrong_call_is_told(
    tmp_path: Path, options: list[str], environment: dict[str, str], words: str
) -> None:
    assert words in refused(tmp_path, *options, **environment)


def test_help_is_given_in_this_process(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["serve", "--help"])

    assert "--require-auth" in capsys.readouterr().out


# Who may call, and what is called


def test_signatures_are_asked_for_with_the_keys_of_the_environment(serve: Serve) -> None:
    server = serve("--require-auth", AWS_ACCESS_KEY_ID="AKID", AWS_SECRET_ACCESS_KEY="s3cret")

    assert server.client(secret="s3cret").list_state_machines()["stateMachines"] == []
    with pytest.raises(ClientError, match="InvalidSignatureException"):
        server.client(secret="another").list_state_machines()
    assert "s3cret" not in server.end()[1]


def test_or_with_those_of_a_file(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("[a]\naws_access_key_id = ONE\naws_secret_access_key = two\n")
    server = serve("--require-auth", "--keys", "keys")

    assert server.client("ONE", "two").list_state_machines()["stateMachines"] == []
    with pytest.raises(ClientError, match="UnrecognizedClientException"):
        server.client("TWO", "two").list_state_machines()


def test_what_the_tasks_define_is_served_with_the_others_and_asks_for_keys(
    serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "own.py").write_text(ROUTE)
    (tmp_path / "keys").write_text("[a]\naws_access_key_id = ONE\naws_secret_access_key = two\n")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    server = serve("--port", str(port), "--require-auth", "--keys", "keys", "--tasks", "own.py")
    refused = httpx.post(f"{server.url}/api/orders", json={}, trust_env=False)
    said = server.end()[1].splitlines()

    assert refused.status_code == 403
    assert said[0] == f"1 {server.url}/api/orders"
    assert said[1].startswith("the server asks for keys")


def test_a_broker_begins_where_no_keys_are_asked_for(serve: Serve, tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(ROUTE)

    server = serve("--tasks", "own.py")
    started = httpx.post(f"{server.url}/api/orders", json={}, trust_env=False)

    assert started.status_code == 200
    assert server.end()[1].splitlines()[1].startswith("mqtt://127.0.0.1:")


@contextmanager
def queue() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A service that answers as SQS does to SendMessage: its URL, and what came."""
    came: list[dict[str, Any]] = []

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            body = json.dumps({"MessageId": "m-1", "MD5OfMessageBody": ""}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/x-amz-json-1.0")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nobody reads it."""

    with HTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", came
        server.shutdown()
        thread.join()


SEND = one_task(
    "arn:aws:states:::sqs:sendMessage", Parameters={"QueueUrl": "http://q/1/orders", "MessageBody": "hello"}
)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
def test_an_endpoint_of_the_environment_is_called_without_more_words(serve: Serve, name: str) -> None:
    with queue() as (url, came):
        sfn = serve(**{name: url}, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b").client()

        execution = sfn.start_execution(stateMachineArn=made(sfn, SEND))["executionArn"]

        assert json.loads(ended(sfn, execution)["output"])["MessageId"] == "m-1"
        assert [message["MessageBody"] for message in came if "MessageBody" in message] == ["hello"]


def test_credentials_alone_let_nothing_be_called(serve: Serve) -> None:
    sfn = serve(AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b").client()

    described = ended(sfn, sfn.start_execution(stateMachineArn=made(sfn, SEND))["executionArn"])

    assert described["status"] == "FAILED"


def test_a_service_that_has_no_endpoint_is_not_called(serve: Serve) -> None:
    with queue() as (url, came):
        sfn = serve(AWS_ENDPOINT_URL_SNS=url, AWS_ACCESS_KEY_ID="a", AWS_SECRET_ACCESS_KEY="b").client()

        described = ended(sfn, sfn.start_execution(stateMachineArn=made(sfn, SEND))["executionArn"])

    assert described["status"] == "FAILED"
    assert "no endpoint for 'sqs'" in described["cause"]
    assert came == []


def test_whoever_listens_at_all_addresses_is_warned(tmp_path: Path) -> None:
    process = begin(tmp_path, "--host", "0.0.0.0")
    assert process.stdout is not None
    url = process.stdout.readline().split()[-1]
    with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))):
        process.terminate()
    said = process.communicate(timeout=SOON)[1]

    assert "--require-auth" in said
    assert process.returncode == 0
