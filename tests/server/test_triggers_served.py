"""What starts executions, asked of `sfnb serve` in a process of its own: by boto3, the AWS CLI, and worse."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from benchmarks.serving import ROLE, Served
from sfnb.integrations.local_aws import LocalAws
from sfnb.on.making import On
from sfnb.server.client import client
from sfnb.server.trigger_actions import TRIGGER_ACTIONS, method_name
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from tests.server.test_aws_cli import python, run_cli
from tests.sessions import until

__all__ = ["python"]

ECHO = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
ACCOUNT = "123456789012"
BUS = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
KEYS = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s/3+cret"}

Clients = Callable[[str], Any]
"""Gives a boto3 client of a service."""


def clients_of(url: str, key: str = "AKIDEXAMPLE", secret: str = "s/3+cret") -> Clients:
    session = boto3.Session(aws_access_key_id=key, aws_secret_access_key=secret, region_name="us-east-1")
    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1})
    return lambda name: session.client(name, endpoint_url=url, config=config)


@pytest.fixture(params=["socket", "process"])
def clients(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Clients]:
    """Of a server in a process of its own, and of a service in this one."""
    if request.param == "socket":
        with Served(tmp_path) as served:
            yield clients_of(served.url)
        return
    service = StepFunctions()
    yield lambda name: client(name, service=service)
    service.close()


def made(clients: Clients, name: str = "orders") -> str:
    arn: str = clients("stepfunctions").create_state_machine(name=name, definition=ECHO, roleArn=ROLE)[
        "stateMachineArn"
    ]
    return arn


def entry(detail: object, source: str = "shop") -> dict[str, Any]:
    return {"Source": source, "DetailType": "OrderPlaced", "Detail": json.dumps(detail)}


def inputs(clients: Clients, machine: str, count: int) -> list[Any]:
    """Of the executions of a machine, oldest first, once there are so many."""
    sfn = clients("stepfunctions")

    def arns() -> list[str]:
        pages = sfn.get_paginator("list_executions").paginate(stateMachineArn=machine)
        return [each["executionArn"] for page in pages for each in page["executions"]][::-1]

    until(lambda: len(arns()) >= count, f"execution {count}")
    return [json.loads(sfn.describe_execution(executionArn=arn)["input"]) for arn in arns()]


# The whole story


def test_an_event_starts_what_a_rule_names(clients: Clients) -> None:
    machine, events = made(clients), clients("events")
    rule = events.put_rule(Name="placed", EventPattern=json.dumps({"source": ["shop"]}))["RuleArn"]
    target = {"Id": "1", "Arn": machine, "RoleArn": ROLE, "InputPath": "$.detail"}
    assert events.put_targets(Rule="placed", Targets=[target])["FailedEntryCount"] == 0

    put = events.put_events(Entries=[entry({"n": 1}), entry({"n": 2}, "stock"), entry({"n": 3})])

    assert (put["FailedEntryCount"], len({each["EventId"] for each in put["Entries"]})) == (0, 3)
    assert sorted(each["n"] for each in inputs(clients, machine, 2)) == [1, 3]
    assert events.describe_rule(Name="placed")["Arn"] == rule
    assert events.list_targets_by_rule(Rule="placed")["Targets"] == [target]
    assert events.list_rule_names_by_target(TargetArn=machine)["RuleNames"] == ["placed"]
    assert [each["Name"] for each in events.list_rules(NamePrefix="pl")["Rules"]] == ["placed"]
    events.disable_rule(Name="placed")
    events.put_events(Entries=[entry({"n": 4})])
    events.enable_rule(Name="placed")
    events.put_events(Entries=[entry({"n": 5})])
    assert sorted(each["n"] for each in inputs(clients, machine, 3)) == [1, 3, 5]
    with pytest.raises(events.exceptions.ClientError, match="since it has targets"):
        events.delete_rule(Name="placed")
    events.remove_targets(Rule="placed", Ids=["1"])
    events.delete_rule(Name="placed")
    with pytest.raises(events.exceptions.ResourceNotFoundException):
        events.describe_rule(Name="placed")


def test_an_archive_is_replayed(clients: Clients) -> None:
    machine, events = made(clients), clients("events")
    pattern = json.dumps({"source": ["shop"]})
    archive = events.create_archive(ArchiveName="all", EventSourceArn=BUS, EventPattern=pattern)["ArchiveArn"]
    began = datetime.now(UTC) - timedelta(minutes=1)
    events.put_events(Entries=[entry({"n": n}) for n in range(3)])
    events.put_rule(Name="late", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(
        Rule="late", Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE, "InputPath": "$.detail"}]
    )

    events.start_replay(
        ReplayName="again",
        EventSourceArn=archive,
        EventStartTime=began,
        EventEndTime=datetime.now(UTC) + timedelta(minutes=1),
        Destination={"Arn": BUS},
    )

    assert sorted(each["n"] for each in inputs(clients, machine, 3)) == [0, 1, 2]
    until(lambda: events.describe_replay(ReplayName="again")["State"] == "COMPLETED", "its end")
    assert [each["ReplayName"] for each in events.list_replays()["Replays"]] == ["again"]
    described = events.describe_archive(ArchiveName="all")
    assert (described["EventCount"], described["State"]) == (3, "ENABLED")
    events.delete_archive(ArchiveName="all")


def test_a_schedule_is_created_seen_and_fires(clients: Clients) -> None:
    machine, scheduler = made(clients), clients("scheduler")
    scheduler.create_schedule_group(Name="shop")
    arn = scheduler.create_schedule(
        Name="once",
        GroupName="shop",
        ScheduleExpression="at(2020-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"n": 1}'},
    )["ScheduleArn"]
    scheduler.create_schedule(
        Name="often",
        ScheduleExpression="rate(1 minutes)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": machine, "RoleArn": ROLE, "Input": '{"n": 2}'},
    )

    seen = scheduler.get_schedule(Name="once", GroupName="shop")
    assert (seen["Arn"], seen["State"], seen["Target"]["Input"]) == (arn, "ENABLED", '{"n": 1}')
    assert {each["Name"] for each in scheduler.list_schedules()["Schedules"]} == {"once", "often"}
    assert [each["Name"] for each in scheduler.list_schedules(GroupName="shop")["Schedules"]] == ["once"]
    assert {"n": 2} in inputs(clients, machine, 1)  # the first of a rate is at once
    with pytest.raises(scheduler.exceptions.ConflictException):
        scheduler.create_schedule_group(Name="shop")
    scheduler.delete_schedule(Name="often")
    with pytest.raises(scheduler.exceptions.ResourceNotFoundException):
        scheduler.get_schedule(Name="often")


def test_all_is_there_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    with Served(tmp_path, "--store", "kept.db") as served:
        clients = clients_of(served.url)
        machine, events = made(clients), clients("events")
        events.create_event_bus(Name="shop")
        events.put_rule(Name="placed", EventBusName="shop", EventPattern=json.dumps({"source": ["shop"]}))
        events.put_targets(
            Rule="placed",
            EventBusName="shop",
            Targets=[{"Id": "1", "Arn": machine, "RoleArn": ROLE, "InputPath": "$.detail"}],
        )
        events.put_rule(Name="off", EventPattern=json.dumps({"source": ["shop"]}), State="DISABLED")
        events.create_archive(ArchiveName="all", EventSourceArn=BUS)
        clients("scheduler").create_schedule(
            Name="daily",
            ScheduleExpression="cron(0 8 * * ? *)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": machine, "RoleArn": ROLE},
        )
        events.put_events(Entries=[entry({"n": 0}) | {"EventBusName": "shop"}])
        inputs(clients, machine, 1)
        code, said = served.stop()
        assert (code, "Traceback" in said) == (0, False), said

    with Served(tmp_path, "--store", "kept.db") as served:
        clients = clients_of(served.url)
        events, scheduler = clients("events"), clients("scheduler")
        events.put_events(Entries=[entry({"n": 1}) | {"EventBusName": "shop"}])

        assert [each["n"] for each in inputs(clients, machine, 2)] == [0, 1]
        assert [each["Name"] for each in events.list_event_buses()["EventBuses"]] == ["default", "shop"]
        assert events.describe_rule(Name="off")["State"] == "DISABLED"
        assert [each["ArchiveName"] for each in events.list_archives()["Archives"]] == ["all"]
        assert [each["Name"] for each in scheduler.list_schedules()["Schedules"]] == ["daily"]
        code, said = served.stop()
    assert (code, "Traceback" in said) == (0, False)
    assert "  schedule daily: " in said
    assert "  event shop/placed: " in said


@pytest.mark.parametrize("api", TRIGGER_ACTIONS)
def test_every_operation_that_is_told_of_is_there(api: str) -> None:
    service = StepFunctions()
    holder = {"events": "buses", "scheduler": "scheduler", "pipes": "pipes"}[api]
    triggers = service.triggers

    missing = [
        operation
        for operation in TRIGGER_ACTIONS[api]
        if not callable(getattr(getattr(triggers, holder), method_name(operation), None))
    ]

    service.close()
    assert missing == []


def test_a_pipe_passes_messages_on_and_goes_on_after_a_restart(tmp_path: Path) -> None:
    pytest.importorskip("moto.server")
    local = LocalAws(region="us-east-1")
    sqs = local.client("sqs", region="us-east-1")
    queue = sqs.create_queue(QueueName="orders")["QueueUrl"]
    environment = {**KEYS, "AWS_ENDPOINT_URL_SQS": sqs.meta.endpoint_url}
    options = ("--store", "kept.db")
    with Served(tmp_path, *options, environment=environment) as served:
        clients = clients_of(served.url)
        machine, pipes = made(clients), clients("pipes")
        kind = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}
        pipes.create_pipe(
            Name="orders",
            Source=f"arn:aws:sqs:us-east-1:{ACCOUNT}:orders",
            SourceParameters={"SqsQueueParameters": {"BatchSize": 1}},
            Target=machine,
            TargetParameters=kind,
            RoleArn=ROLE,
        )
        sqs.send_message(QueueUrl=queue, MessageBody="one")
        assert [each["body"] for each in inputs(clients, machine, 1)[0]] == ["one"]
        assert [each["Name"] for each in pipes.list_pipes()["Pipes"]] == ["orders"]
        code, said = served.stop()
        assert (code, "Traceback" in said) == (0, False), said
    with Served(tmp_path, *options, environment=environment) as served:
        clients = clients_of(served.url)
        sqs.send_message(QueueUrl=queue, MessageBody="two")
        assert inputs(clients, machine, 2)[1][0]["body"] == "two"
        until(lambda: clients("pipes").describe_pipe(Name="orders")["CurrentState"] == "RUNNING", "the pipe")
        clients("pipes").stop_pipe(Name="orders")
        clients("pipes").delete_pipe(Name="orders")
    local.close()


# Routes


def kept_routes(folder: Path) -> None:
    """A store with a machine and what starts it."""
    service = StepFunctions(store=SqliteStore(folder / "kept.db"))
    orders = On(service, made(lambda name: client(name, service=service)))
    orders.http("POST /orders", cors=["https://shop.example"])
    orders.http("GET /orders")
    service.close()


def test_routes_of_a_store_are_served(tmp_path: Path) -> None:
    kept_routes(tmp_path)
    with Served(tmp_path, "--store", "kept.db") as served, httpx.Client(trust_env=False) as web:
        answer = web.post(f"{served.url}/api/orders", json={"n": 1})
        foreign = web.post(
            f"{served.url}/api/orders", json={"n": 2}, headers={"origin": "https://evil.example"}
        )
        execution = answer.json()["executionArn"]
        described = clients_of(served.url)("stepfunctions").describe_execution(executionArn=execution)
        _, said = served.stop()

    assert json.loads(described["input"]) == {"n": 1}
    assert foreign.status_code == 403
    assert "  http orders POST /orders: POST /orders" in said


def signed(
    url: str, body: bytes, service: str, method: str = "POST", secret: str = "s/3+cret"
) -> dict[str, str]:
    request = AWSRequest(method, url, data=body, headers={"content-type": "application/json"})
    SigV4Auth(Credentials("AKIDEXAMPLE", secret), service, "us-east-1").add_auth(request)
    return dict(request.headers.items())


def test_where_requests_have_to_be_signed_those_for_routes_do_too(tmp_path: Path) -> None:
    kept_routes(tmp_path)
    options = ("--store", "kept.db", "--require-auth")
    with Served(tmp_path, *options, environment=KEYS) as served, httpx.Client(trust_env=False) as web:
        url, body = f"{served.url}/api/orders", b'{"n": 1}'

        def ask(headers: dict[str, str], content: bytes = body, method: str = "POST") -> tuple[int, Any]:
            answer = web.request(method, url, content=content, headers=headers)
            return answer.status_code, answer.json()

        assert ask({}) == (403, {"message": "Missing Authentication Token"})
        assert ask({}, b"", "GET")[0] == 403
        assert (
            ask({"origin": "https://shop.example", "access-control-request-method": "POST"}, b"", "OPTIONS")[
                0
            ]
            == 403
        )
        assert ask(signed(url, body, "states"))[0] == 403
        assert ask(signed(url, body, "execute-api", secret="another"))[0] == 403
        assert ask(signed(url, body, "execute-api"), b'{"n": 2}')[0] == 403
        assert web.get(f"{served.url}/api").status_code == 403
        status, told = ask(signed(url, body, "execute-api"))
        assert (status, list(told)) == (200, ["executionArn", "startDate"])
        machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:orders"
        assert inputs(clients_of(served.url), machine, 1) == [{"n": 1}]


def sent(port: int, *parts: bytes) -> bytes:
    """What is answered on a connection of its own until the server closes it."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        answer = b""
        try:
            for part in parts:
                connection.sendall(part)
            while part := connection.recv(65_536):
                answer += part
        except ConnectionError:
            pass  # it was closed while we were sending
        return answer


def test_who_floods_or_dawdles_is_answered_and_nobody_else_waits(tmp_path: Path) -> None:
    kept_routes(tmp_path)
    with Served(tmp_path, "--store", "kept.db") as served, httpx.Client(trust_env=False, timeout=60) as web:
        url, host = f"{served.url}/api/orders", f"Host: 127.0.0.1:{served.port}\r\n".encode()
        head = b"POST /api/orders HTTP/1.1\r\n" + host
        slow = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(50)]
        for number, each in enumerate(slow):
            each.sendall(head + b"Content-Length: 10\r\n\r\n{" if number % 2 else head[:20])

        large = web.post(url, content=b"x" * (11 * 1024 * 1024), headers={"content-type": "application/json"})
        many = web.post(url, content=b"{}", headers={f"x-{n}": "v" * 100 for n in range(200)})
        flood = sent(served.port, head, *(b"X-%d: %s\r\n" % (n, b"v" * 1_000) for n in range(200)), b"\r\n")
        chunked = sent(
            served.port,
            head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n",
            *[b"100000\r\n" + b"x" * 0x100000 + b"\r\n"] * 11,
            b"0\r\n\r\n",
        )
        began = time.monotonic()
        answer = web.post(url, json={"n": 1})
        seconds = time.monotonic() - began
        for each in slow:
            each.close()
        _, said = served.stop()

    assert (large.status_code, large.json()) == (413, {"message": "Request Entity Too Large"})
    assert (many.status_code, many.json()) == (431, {"message": "Request Header Fields Too Large"})
    assert flood[:12] in (b"HTTP/1.1 431", b"HTTP/1.1 400", b""), flood[:200]
    assert chunked[:12] == b"HTTP/1.1 413", chunked[:200]
    assert (answer.status_code, seconds < 5) == (200, True)
    assert "Traceback" not in said


# The AWS CLI


def test_the_aws_cli_puts_rules_events_and_schedules(python: Path, tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        clients = clients_of(served.url)
        machine = made(clients)

        def aws(*words: object) -> Any:
            done = run_cli(python, served.url, *words)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout) if done.stdout.strip() else None

        rule = ("--name", "placed", "--event-pattern", {"source": ["shop"]})
        assert aws("events", "put-rule", *rule)["RuleArn"].endswith(":rule/placed")
        target = [{"Id": "1", "Arn": machine, "RoleArn": ROLE, "InputPath": "$.detail"}]
        aws("events", "put-targets", "--rule", "placed", "--targets", target)
        assert aws("events", "put-events", "--entries", [entry({"n": 1})])["FailedEntryCount"] == 0
        assert inputs(clients, machine, 1) == [{"n": 1}]
        tried = ("--event-pattern", {"source": ["shop"]}, "--event", event())
        assert aws("events", "test-event-pattern", *tried) == {"Result": True}
        when = ("--name", "daily", "--schedule-expression", "cron(0 8 * * ? *)")
        where = ("--flexible-time-window", "Mode=OFF", "--target", f"Arn={machine},RoleArn={ROLE}")
        aws("scheduler", "create-schedule", *when, *where)
        (seen,) = aws("scheduler", "list-schedules", "--name-prefix", "da")["Schedules"]
        assert (seen["Name"], seen["State"]) == ("daily", "ENABLED")
        arn = aws("scheduler", "get-schedule-group", "--name", "default")["Arn"]
        aws("scheduler", "create-schedule-group", "--name", "g", "--tags", "Key=team,Value=blue")
        tagged = arn.replace("default", "g")
        assert aws("scheduler", "list-tags-for-resource", "--resource-arn", tagged)["Tags"] == [
            {"Key": "team", "Value": "blue"}
        ]
        assert aws("pipes", "list-pipes") == {"Pipes": []}
        gone = run_cli(python, served.url, "events", "describe-rule", "--name", "gone")
    assert "An error occurred (ResourceNotFoundException) when calling the DescribeRule" in gone.stderr


def event() -> dict[str, Any]:
    return {
        "id": "1",
        "account": ACCOUNT,
        "source": "shop",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": "x",
        "detail": {},
    }


# A server that is its own EventBridge


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL_EVENTBRIDGE", "AWS_ENDPOINT_URL"])
def test_a_server_that_is_named_as_its_own_endpoint_tells_itself_nothing(
    tmp_path: Path, variable: str
) -> None:
    """Clients are led here by the same variables that lead tasks elsewhere."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**KEYS, variable: f"http://localhost:{port}", "AWS_DEFAULT_REGION": "us-east-1"}
    with Served(tmp_path, "--port", str(port), environment=environment) as served:
        clients = clients_of(served.url)
        machine, after, events = made(clients), made(clients, "after"), clients("events")
        pattern = {"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}}
        events.put_rule(Name="ends", EventPattern=json.dumps(pattern))
        events.put_targets(
            Rule="ends", Targets=[{"Id": "1", "Arn": after, "RoleArn": ROLE, "InputPath": "$.detail"}]
        )

        clients("stepfunctions").start_execution(stateMachineArn=machine, input="{}")

        changes = inputs(clients, after, 2)
        code, said = served.stop()
    assert sorted(each["status"] for each in changes) == ["RUNNING", "SUCCEEDED"]
    assert (code, "Traceback" in said, "aws.states" in said) == (0, False, False), said


def test_a_task_can_put_events_at_its_own_server(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    environment = {**KEYS, "AWS_ENDPOINT_URL_EVENTBRIDGE": f"http://127.0.0.1:{port}"}
    entry = {"Source": "shop", "DetailType": "x", "Detail.$": "$"}
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::events:putEvents",
        "Parameters": {"Entries": [entry]},
        "End": True,
    }
    with Served(tmp_path, "--port", str(port), environment=environment) as served:
        clients = clients_of(served.url)
        after, events, sfn = made(clients, "after"), clients("events"), clients("stepfunctions")
        events.put_rule(Name="r", EventPattern=json.dumps({"source": ["shop"]}))
        events.put_targets(
            Rule="r", Targets=[{"Id": "1", "Arn": after, "RoleArn": ROLE, "InputPath": "$.detail"}]
        )
        definition = json.dumps({"StartAt": "T", "States": {"T": state}})
        machine = sfn.create_state_machine(name="tells", definition=definition, roleArn=ROLE)[
            "stateMachineArn"
        ]

        sfn.start_execution(stateMachineArn=machine, input='{"n": 1}')

        (given,) = inputs(clients, after, 1)
    assert given["n"] == 1


def test_a_client_is_told_what_no_service_here_can_do(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        clients = clients_of(served.url)
        with pytest.raises(ClientError) as events:
            clients("events").list_connections()
        with pytest.raises(ClientError) as lambdas:
            clients("lambda").list_functions()

    assert events.value.response["Error"]["Code"] == "UnknownOperationException"
    assert lambdas.value.response["ResponseMetadata"]["HTTPStatusCode"] < 500
