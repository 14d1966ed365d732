"""An AWS in this process, and what is made in it of the names in a definition."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from botocore.exceptions import ClientError

from sfnb import default
from sfnb.default import reach
from sfnb.errors import SfnbError
from sfnb.integrations.aws_seed import seed
from sfnb.integrations.local_aws import LocalAws
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

pytest.importorskip("moto.server")

REGION = "us-east-1"
SOON = 60
NO_KEY = 'not made: its key is not known from the definition; sfnb.aws_client("dynamodb").create_table(...)'


@pytest.fixture(scope="module")
def started() -> Iterator[LocalAws]:
    local = LocalAws(region=REGION)
    yield local
    local.close()


@pytest.fixture
def local(started: LocalAws) -> LocalAws:
    started.empty()
    return started


def task(resource: str, parameters: Any, **more: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Parameters": parameters, **more}


def seeded(local: LocalAws, *states: Any) -> list[tuple[str, ...]]:
    return [
        tuple(made) for made in seed({"States": {str(n): s for n, s in enumerate(states)}}, local, REGION)
    ]


def client(local: LocalAws, name: str) -> Any:
    return local.client(name, region=REGION)


def test_each_kind_of_thing_that_is_named_is_made(local: LocalAws) -> None:
    made = seeded(
        local,
        task("sqs:sendMessage", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/123456789012/orders"}),
        task("aws-sdk:sqs:receiveMessage", {"QueueUrl": "jobs.fifo"}),
        task("sns:publish", {"TopicArn": "arn:aws:sns:us-east-1:123456789012:news"}),
        task("aws-sdk:s3:listObjectsV2", {"Bucket": "my-bucket"}),
        task("events:putEvents", {"Entries": [{"EventBusName": "shop"}, {"EventBusName": "default"}]}),
    )

    assert [(kind, note) for kind, _, note in made] == [
        ("queue", "made"),
        ("queue", "made"),
        ("topic", "made"),
        ("bucket", "made"),
        ("event bus", "made"),
    ]
    queues = [url.rpartition("/")[2] for url in client(local, "sqs").list_queues()["QueueUrls"]]
    assert queues == ["orders", "jobs.fifo"]
    assert [t["TopicArn"][-5:] for t in client(local, "sns").list_topics()["Topics"]] == [":news"]
    assert [b["Name"] for b in client(local, "s3").list_buckets()["Buckets"]] == ["my-bucket"]
    assert {b["Name"] for b in client(local, "events").list_event_buses()["EventBuses"]} == {
        "default",
        "shop",
    }


@pytest.mark.parametrize(
    ("calls", "note"),
    [
        (
            [("dynamodb:getItem", {"Key": {"orderId": {"S.$": "$.id"}}})],
            "key: orderId (S)",
        ),
        (
            [("dynamodb:deleteItem", {"Key": {"day": {"S": "x"}, "customer": {"N": "1"}}})],
            "key: day (S), customer (N)",
        ),
        (
            [("dynamodb:deleteItem", {"Key": {"createdAt": {"S": "x"}, "customer": {"N": "1"}}})],
            "key: customer (N), createdAt (S)",
        ),
        (
            [("dynamodb:putItem", {"Item": {"name": {"S": "a"}, "OrderId": {"S": "b"}}})],
            "key: OrderId (S), a guess",
        ),
        (
            [("dynamodb:putItem", {"Item": {"tags": {"SS": ["a"]}, "name": {"S": "b"}}})],
            "key: name (S), a guess",
        ),
        (
            [
                ("dynamodb:putItem", {"Item": {"id": {"S": "a"}, "sku": {"S": "b"}}}),
                ("dynamodb:updateItem", {"Key": {"sku": {"S": "b"}}}),
            ],
            "key: sku (S)",
        ),
        (
            [
                (
                    "aws-sdk:dynamodb:query",
                    {
                        "KeyConditionExpression": "#c = :c AND at = :at",
                        "ExpressionAttributeNames": {"#c": "customer"},
                        "ExpressionAttributeValues": {":c": {"S.$": "$.c"}, ":at": {"N": "1"}},
                    },
                )
            ],
            "key: customer (S), at (N)",
        ),
        ([("aws-sdk:dynamodb:scan", {})], NO_KEY),
        ([("dynamodb:putItem", {"Item.$": "$"})], NO_KEY),
    ],
)
def test_the_key_of_a_table_is_that_of_its_calls(
    local: LocalAws, calls: list[tuple[str, dict[str, Any]]], note: str
) -> None:
    states = [task(resource, {"TableName": "orders", **given}) for resource, given in calls]

    assert seeded(local, *states) == [("table", "orders", note)]
    tables = client(local, "dynamodb").list_tables()["TableNames"]
    assert tables == ([] if note.startswith("not made") else ["orders"])


def test_what_is_computed_is_told_and_not_made(local: LocalAws) -> None:
    assert seeded(
        local,
        task("sqs:sendMessage", {"QueueUrl.$": "$.queue"}),
        task("sns:publish", {"TopicArn": "{% $topic %}"}),
        task("aws-sdk:s3:getObject", {"Bucket": "${Bucket}"}),
    ) == [
        ("queue", "$.queue", "not made: known only when the machine runs"),
        ("topic", "{% $topic %}", "not made: known only when the machine runs"),
        ("bucket", "${Bucket}", "not made: known only when the machine runs"),
    ]


def test_what_cannot_be_made_is_told(local: LocalAws) -> None:
    assert seeded(
        local,
        task("sns:publish", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:news"}),
        task("sns:publish", {"TopicArn": "news"}),
        task("aws-sdk:s3:getObject", {"Bucket": "B"}),
        task("lambda:invoke", {"FunctionName": "price"}),
        task("aws-sdk:s3:createBucket", {"Bucket": "new"}),
    ) == [
        (
            "topic",
            "arn:aws:sns:eu-west-1:123456789012:news",
            "not made: it is in eu-west-1, this AWS in us-east-1",
        ),
        ("topic", "news", "not made: this is no ARN"),
        ("bucket", "B", "not made: The specified bucket is not valid."),
    ]


def test_what_only_a_person_can_make_is_told_with_the_call_that_makes_it(local: LocalAws) -> None:
    carrier = "arn:aws:events:eu-west-1:999999999999:connection/carrier/81210c42"
    states = [
        task("http:invoke", {"InvocationConfig": {"ConnectionArn": carrier}}),
        task("http:invoke", {"Authentication": {"ConnectionArn.$": "$.arn"}}),
        task("batch:submitJob.sync", {"JobName": "n", "JobQueue": "line", "JobDefinition": "work:1"}),
        task("dynamodb:updateItem", {"TableName": "t"}),
    ]

    assert seeded(local, *states) == [
        (
            "connection",
            "carrier",
            'not made: sfnb.create_connection("carrier", api_key=(HEADER, VALUE))',
        ),
        ("connection", "$.arn", "not made: known only when the machine runs"),
        ("job queue", "line", 'not made: sfnb.aws_client("batch").create_job_queue(...)'),
        ("job definition", "work:1", 'not made: sfnb.aws_client("batch").register_job_definition(...)'),
        (
            "table",
            "t",
            NO_KEY,
        ),
    ]
    known = seed({"States": {"A": states[0]}}, local, REGION, {"carrier": object()})
    assert known == [("connection", "carrier", "there already")]


def test_a_glue_job_that_is_named_can_be_run(local: LocalAws, service: StepFunctions) -> None:
    state = task("glue:startJobRun.sync", {"JobName": "crunch"}, End=True)

    assert seeded(local, state) == [("job", "crunch", "made")]
    service.connect(local)
    machine = load_machine(service, {"StartAt": "A", "States": {"A": state}}, name="crunching")
    ran = machine.run(skip_waits=True)
    assert ran.output["JobRunState"] == "SUCCEEDED"


def test_things_inside_of_maps_and_their_readers_are_found(local: LocalAws) -> None:
    inner = {"StartAt": "S", "States": {"S": task("sqs:sendMessage", {"QueueUrl": "q"}, End=True)}}
    map_state = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": {"Bucket": "in-1", "Key": "k"},
        },
        "ItemProcessor": inner,
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Arguments": {"Bucket": "out-1"}},
    }

    assert [name for _, name, _ in seeded(local, map_state)] == ["in-1", "q", "out-1"]


def test_a_second_seeding_leaves_things_as_they_are(local: LocalAws) -> None:
    states = [
        task("dynamodb:getItem", {"TableName": "t", "Key": {"id": {"S": "1"}}}),
        task("events:putEvents", {"Entries": [{"EventBusName": "shop"}]}),
        task("sqs:sendMessage", {"QueueUrl": "q"}),
        task("aws-sdk:s3:getObject", {"Bucket": "my-bucket"}),
    ]
    seeded(local, *states)

    assert {note for _, _, note in seeded(local, *states)} <= {"there already", "made"}
    assert len(client(local, "sqs").list_queues()["QueueUrls"]) == 1


def test_tasks_call_it_and_what_they_did_can_be_looked_at(local: LocalAws) -> None:
    other = "arn:aws:sns:us-east-1:999999999999:news"
    states = {
        "Send": task("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": {"n": 1}}, Next="Tell"),
        "Tell": task("sns:publish", {"TopicArn": other, "Message": "hello"}, Next="Who"),
        "Who": task("aws-sdk:sts:getCallerIdentity", {}, End=True),
    }
    service = StepFunctions(aws=local)
    seeded(local, *states.values())

    execution = load_machine(service, {"StartAt": "Send", "States": states}).run()
    service.close()

    assert execution.status == "SUCCEEDED", execution.cause
    (message,) = client(local, "sqs").receive_message(QueueUrl="q")["Messages"]
    assert json.loads(message["Body"]) == {"n": 1}


def test_neither_proxies_nor_endpoints_of_the_user_stand_in_its_way(
    local: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "mine")
    fresh = LocalAws(region=REGION)

    assert client(fresh, "sqs").list_queues()["ResponseMetadata"]["HTTPStatusCode"] == 200
    assert fresh.credentials(region=REGION).token is None
    fresh.close()


def test_the_default_service_takes_it_and_lets_it_go(local: LocalAws) -> None:
    default.service.cache_clear()
    with pytest.raises(SfnbError, match=r'sfnb\.use_aws\("local"\)'):
        reach.aws_client("sqs")
    machine = default.load(
        {
            "StartAt": "S",
            "States": {"S": task("sqs:sendMessage", {"QueueUrl": "q", "MessageBody": "m"}, End=True)},
        }
    )
    reach.use_aws("local", seed=machine, fresh=True)
    assert machine.run().status == "SUCCEEDED"
    assert len(reach.aws_client("sqs").receive_message(QueueUrl="q")["Messages"]) == 1

    reach.use_aws("off")
    assert machine.run().error == "States.TaskFailed"
    default.service().close()
    default.service.cache_clear()


@pytest.mark.parametrize("given", [{"seed": ["machine"]}, {"fresh": True}, {"where": "moon"}])
def test_what_does_not_go_together_is_refused(given: Any) -> None:
    with pytest.raises(SfnbError, match="use_aws takes"):
        reach.use_aws(**given)


def test_without_moto_it_names_the_extra() -> None:
    code = (
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'moto' else find(name, *more)\n"
        "import sfnb\n"
        "try: sfnb.use_aws('local')\n"
        "except sfnb.SfnbError as fault: print(fault)\n"
    )

    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout

    assert told == 'an AWS in this process needs moto: pip install "sfnb[local-aws]"\n'


# What moto lacks


@pytest.mark.parametrize(
    ("service", "call", "arguments", "action"),
    [
        ("mediaconvert", "create_job", {"Role": "r", "Settings": {}}, "MediaConvert CreateJob"),
        ("emr", "cancel_steps", {"ClusterId": "j-1", "StepIds": ["s-1"]}, "EMR CancelSteps"),
        ("apigateway", "get_sdk_types", {}, "API Gateway GetSdkTypes"),
        (
            "ec2",
            "describe_fleet_history",
            {"FleetId": "f", "StartTime": "2026-01-01"},
            "EC2 DescribeFleetHistory",
        ),
    ],
)
def test_an_action_that_moto_lacks_is_said_to_be_lacking_in_a_line(
    local: LocalAws,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    service: str,
    call: str,
    arguments: dict[str, Any],
    action: str,
) -> None:
    with pytest.raises(ClientError) as fault:
        getattr(client(local, service), call)(**arguments)

    error = fault.value.response["Error"]
    assert error == {
        "Code": "NotImplemented",
        "Message": f"The AWS in this process cannot do it: moto has no {action}",
    }
    assert (*capfd.readouterr(), caplog.text) == ("", "", "")


def test_a_task_that_asks_for_what_moto_lacks_fails_with_that(local: LocalAws) -> None:
    service = StepFunctions(aws=local)
    state = task("mediaconvert:createJob", {"Role": "r", "Settings": {}}, End=True)

    execution = load_machine(service, {"StartAt": "S", "States": {"S": state}}, name="m").run({})

    service.close()
    assert str(execution.cause).startswith(
        "The AWS in this process cannot do it: moto has no MediaConvert CreateJob ("
    )


def test_what_is_not_there_is_told_as_before(local: LocalAws) -> None:
    with pytest.raises(ClientError) as fault:
        client(local, "s3").get_object(Bucket="none", Key="k")
    assert fault.value.response["Error"]["Code"] == "NoSuchBucket"
    with pytest.raises(ClientError, match="404"):
        client(local, "s3").head_bucket(Bucket="none")


def test_a_fault_of_moto_is_told_in_a_line(local: LocalAws, capfd: pytest.CaptureFixture[str]) -> None:
    headers = {"X-Amz-Target": "DynamoDB_20120810.PutItem", "Content-Type": "application/x-amz-json-1.0"}
    scope = "local/20260101/us-east-1/dynamodb/aws4_request"
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"
    url = client(local, "dynamodb").meta.endpoint_url

    opener = build_opener(ProxyHandler({}))

    with pytest.raises(HTTPError) as fault:
        opener.open(Request(url, b"no JSON", headers), timeout=SOON)

    with fault.value as answer:
        assert (answer.code, bool(answer.headers["X-Moto-Fault"])) == (501, True)
    assert capfd.readouterr() == ("", "")
