"""Where something can be delivered, and who may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from sfnb.service import StepFunctions
from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.ports import Refused
from sfnb.triggers.targets import send
from tests.triggers.by_hand import NOON, by_hand, letters, machine, numbers, put, rule, settle

ROLE = "arn:aws:iam::123456789012:role/events"


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


@pytest.fixture
def aws(service: StepFunctions) -> Iterator[Any]:
    """Services of AWS in this process."""
    moto = pytest.importorskip("moto")
    from sfnb.integrations.aws import Aws

    with moto.mock_aws():
        service.registry.aws = Aws(region="us-east-1")
        yield service.registry.aws


def delivery(arn: str, input: str = "{}", **target: Any) -> Delivery:
    return Delivery(
        id="one",
        trigger="event:placed",
        source="arn:aws:events:us-east-1:123456789012:rule/placed",
        principal="events.amazonaws.com",
        target={"Arn": arn, **target},
        input=input,
        received=NOON,
    )


@pytest.mark.parametrize("arn", ["", "orders", "arn:aws:batch:us-east-1:1:job-queue/x", "arn:aws:states"])
def test_what_cannot_be_reached_is_refused_for_good(service: StepFunctions, arn: str) -> None:
    with pytest.raises(Refused, match="none that can be reached from here") as refused:
        send(service.world, delivery(arn))

    assert (refused.value.code, refused.value.again) == ("UNSUPPORTED_TARGET", False)


def test_an_input_that_is_no_json_is_refused_for_good(service: StepFunctions) -> None:
    with pytest.raises(Refused, match="is no JSON") as refused:
        send(service.world, delivery(machine(service).arn, '{"n": }'))

    assert (refused.value.code, refused.value.again) == ("INVALID_JSON", False)


def test_versions_and_aliases_are_started(service: StepFunctions) -> None:
    orders = machine(service)
    version = service.publish_state_machine_version(orders.arn)
    alias = service.create_state_machine_alias("live", [(f"{version.arn}:1", 100)])
    rule(service, "by-version", f"{version.arn}:1")
    rule(service, "by-alias", alias.arn)

    put(service, {"n": 1})
    settle(service)

    assert numbers(orders) == [1, 1]
    records = service.list_executions()
    assert sorted(filter(None, (record.alias for record in records))) == [alias.arn]
    assert letters(service) == []


# Roles


def test_a_role_that_may_starts(service: StepFunctions) -> None:
    orders = machine(service)
    role(service, orders.arn)
    rule(service, "placed", orders.arn, RoleArn=ROLE)

    put(service, {"n": 1})
    settle(service)

    assert numbers(orders) == [1]


def test_a_role_without_the_right_is_refused_in_the_words_of_aws(service: StepFunctions) -> None:
    orders = machine(service)
    role(service, orders.arn, action="states:StopExecution")
    rule(service, "placed", orders.arn, RoleArn=ROLE)

    put(service, {"n": 1})
    settle(service)

    assert orders.executions == []
    (letter,) = letters(service)
    assert letter.code == "NO_PERMISSIONS"
    assert "assumed-role/events" in letter.message
    assert f"is not authorized to perform: states:StartExecution on resource: {orders.arn}" in letter.message
    assert "because no identity-based policy allows the states:StartExecution action" in letter.message


def test_a_role_that_eventbridge_may_not_take_on_is_refused(service: StepFunctions) -> None:
    orders = machine(service)
    role(service, orders.arn, trusted="states.amazonaws.com")
    rule(service, "placed", orders.arn, RoleArn=ROLE)

    put(service, {"n": 1})
    settle(service)

    (letter,) = letters(service)
    assert letter.code == "NO_PERMISSIONS"
    assert "does not let events.amazonaws.com take it on" in letter.message


def test_a_role_that_nobody_knows_is_not_held_to_anything(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn, RoleArn=ROLE)

    put(service, {"n": 1})
    settle(service)

    assert numbers(orders) == [1]


def role(
    service: StepFunctions,
    resource: str,
    action: str = "states:StartExecution",
    trusted: str = "events.amazonaws.com",
) -> None:
    from sfnb.iam.roles import make_role

    policy = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]}
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": trusted}, "Action": "sts:AssumeRole"}]
    }
    service.registry.roles.add(make_role(ROLE, [policy], trust=trust))


# Services of AWS


def test_queues_and_topics_are_sent_to(service: StepFunctions, aws: Any) -> None:
    sqs, sns = aws.client("sqs", region="us-east-1"), aws.client("sns", region="us-east-1")
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]
    ordered = sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:orders")
    rule(service, "queue", "arn:aws:sqs:us-east-1:123456789012:orders", InputPath="$.detail")
    rule(
        service,
        "ordered",
        "arn:aws:sqs:us-east-1:123456789012:orders.fifo",
        Input='"x"',
        SqsParameters={"MessageGroupId": "g"},
    )
    rule(service, "topic", topic, Input='{"told": true}')
    sqs.set_queue_attributes(QueueUrl=ordered, Attributes={"ContentBasedDeduplication": "true"})

    put(service, {"n": 1})
    settle(service)

    assert letters(service) == []
    bodies = [json.loads(each["Body"]) for _ in range(2) for each in received(sqs, url)]
    assert {"n": 1} in bodies
    assert any(json.loads(each["Message"]) == {"told": True} for each in bodies if "Message" in each)
    assert [each["Body"] for each in received(sqs, ordered)] == ['"x"']


def test_a_queue_that_is_not_there_is_a_dead_letter_at_once(service: StepFunctions, aws: Any) -> None:
    rule(service, "queue", "arn:aws:sqs:us-east-1:123456789012:nowhere")

    put(service, {"n": 1})
    settle(service)

    (letter,) = letters(service)
    assert "NonExistentQueue" in letter.code
    assert letter.attempts == 1


def test_a_dead_letter_goes_to_the_queue_of_its_target(service: StepFunctions, aws: Any) -> None:
    sqs = aws.client("sqs", region="us-east-1")
    url = sqs.create_queue(QueueName="dead")["QueueUrl"]
    queue = "arn:aws:sqs:us-east-1:123456789012:dead"
    gone = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    rule(service, "placed", gone, Input="{}", DeadLetterConfig={"Arn": queue})

    (event,) = put(service, {"n": 1})
    settle(service)

    (message,) = received(sqs, url)
    assert json.loads(message["Body"])["id"] == event  # the event, not what was made of it
    attributes = {name: each["StringValue"] for name, each in message["MessageAttributes"].items()}
    assert attributes == {
        "RULE_ARN": "arn:aws:events:us-east-1:123456789012:rule/placed",
        "TARGET_ARN": gone,
        "ERROR_CODE": "StateMachineDoesNotExist",
        "ERROR_MESSAGE": f"State Machine Does Not Exist: '{gone}'",
        "RETRY_ATTEMPTS": "0",
    }


def test_a_dead_letter_queue_that_takes_nothing_loses_no_dead_letter(
    service: StepFunctions, aws: Any, caplog: pytest.LogCaptureFixture
) -> None:
    queue = "arn:aws:sqs:us-east-1:123456789012:nowhere"
    gone = "arn:aws:states:us-east-1:123456789012:stateMachine:gone"
    rule(service, "placed", gone, DeadLetterConfig={"Arn": queue})

    put(service, {"n": 1})
    settle(service)

    assert len(letters(service)) == 1
    assert "takes nothing" in caplog.text


def test_a_service_that_is_busy_is_tried_again(service: StepFunctions, aws: Any) -> None:
    from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError

    from sfnb.triggers.targets import with_client

    def raises(fault: Exception) -> Refused:
        def call(client: Any) -> None:
            raise fault

        with pytest.raises(Refused) as refused:
            with_client(service.world, "sqs", call)
        return refused.value

    def answer(code: str, status: int) -> ClientError:
        told = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        return ClientError(told, "SendMessage")  # type: ignore[arg-type]

    assert raises(answer("Throttling", 400)).again
    assert raises(answer("InternalError", 500)).again
    assert raises(EndpointConnectionError(endpoint_url="http://nowhere")).again
    assert not raises(answer("AccessDenied", 403)).again
    assert not raises(ParamValidationError(report="wrong")).again


def received(sqs: Any, url: str) -> list[dict[str, Any]]:
    answer = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
    return list(answer.get("Messages", []))


def test_a_queue_of_the_same_name_in_another_region_is_another_one(service: StepFunctions, aws: Any) -> None:
    sqs = aws.client("sqs", region="us-east-1")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("orders", "dead")]
    elsewhere = "arn:aws:sqs:eu-west-1:123456789012"
    rule(service, "queue", f"{elsewhere}:orders", DeadLetterConfig={"Arn": f"{elsewhere}:dead"})

    put(service, {"n": 1})
    settle(service)

    assert [received(sqs, url) for url in urls] == [[], []]
    (letter,) = letters(service)
    assert "NonExistentQueue" in letter.code


def test_a_queue_is_asked_for_in_the_account_of_its_arn(service: StepFunctions, aws: Any) -> None:
    asked: list[dict[str, str]] = []
    sqs = service.world.client("sqs", "us-east-1")
    sqs.meta.events.register(
        "provide-client-params.sqs.GetQueueUrl", lambda params, **more: asked.append(params)
    )
    queues = "arn:aws:sqs:us-east-1:999999999999"
    rule(service, "queue", f"{queues}:orders", DeadLetterConfig={"Arn": f"{queues}:dead"})

    put(service, {"n": 1})
    settle(service)

    assert asked == [
        {"QueueName": name, "QueueOwnerAWSAccountId": "999999999999"} for name in ("orders", "dead")
    ]


def test_queues_and_topics_of_another_region_are_sent_to(service: StepFunctions, aws: Any) -> None:
    sqs = aws.client("sqs", region="us-east-1", only="eu-west-1")
    urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("orders", "dead", "told")]
    sns = aws.client("sns", region="us-east-1", only="eu-west-1")
    topic = sns.create_topic(Name="news")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:told")
    dead = {"Arn": "arn:aws:sqs:eu-west-1:123456789012:dead"}
    rule(service, "queue", "arn:aws:sqs:eu-west-1:123456789012:orders", topic)
    rule(service, "nowhere", "arn:aws:batch:eu-west-1:1:job-queue/x", DeadLetterConfig=dead)

    put(service, {"n": 1})
    settle(service)

    assert [len(received(sqs, url)) for url in urls] == [1, 1, 1]


def test_a_region_that_cannot_be_is_refused_for_good(service: StepFunctions, aws: Any) -> None:
    with pytest.raises(Refused) as refused:
        send(service.world, delivery("arn:aws:sqs:no region/:123456789012:orders"))

    assert not refused.value.again
