"""Machines started by the messages of a queue, on a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sfnb.errors import SfnbError
from sfnb.iam.roles import make_role
from sfnb.integrations.local_aws import LocalAws
from sfnb.on.function import make_function
from sfnb.service import StepFunctions
from sfnb.service.starting import NO_AWS
from tests.triggers.pipe_queues import FAILING, REGION, ROLE, Queue, bodies, ended, machine, until, why

pytest.importorskip("moto.server")

SOON = {"VisibilityTimeout": "1"}


@pytest.fixture(scope="module")
def local() -> Iterator[LocalAws]:
    local = LocalAws(region=REGION)
    yield local
    local.close()


@pytest.fixture
def service(local: LocalAws) -> Iterator[StepFunctions]:
    service = StepFunctions(aws=local)
    yield service
    service.close()
    assert [each.name for each in threading.enumerate() if each.name.startswith("sfnb pipe")] == []


@pytest.fixture
def queue(local: LocalAws) -> Queue:
    return Queue(local)


# What is given


def test_a_message_starts_an_execution_with_an_array_of_its_record(
    service: StepFunctions, queue: Queue
) -> None:
    orders = machine(service)
    trigger = orders.on.queue(queue.name)
    attributes = {
        "shop": {"DataType": "String", "StringValue": "berlin"},
        "raw": {"DataType": "Binary", "BinaryValue": b"\x00\xff"},
    }
    (id,) = queue.send({"total": 7}, MessageAttributes=attributes)

    (execution,) = ended(orders, 1)
    records: Any = execution.input
    (record,) = records
    assert list(record) == [
        "messageId",
        "receiptHandle",
        "body",
        "attributes",
        "messageAttributes",
        "md5OfBody",
        "eventSource",
        "eventSourceARN",
        "awsRegion",
    ]
    assert (record["messageId"], record["body"]) == (id, '{"total": 7}')
    assert record["attributes"]["ApproximateReceiveCount"] == "1"
    assert record["messageAttributes"] == {
        "shop": {
            "stringValue": "berlin",
            "stringListValues": [],
            "binaryListValues": [],
            "dataType": "String",
        },
        "raw": {"binaryValue": "AP8=", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
    }
    assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", queue.arn)
    assert record["awsRegion"] == REGION
    until(lambda: queue.left == 0)
    assert (trigger.counts.matched, trigger.counts.started, trigger.counts.dropped) == (1, 1, {})
    assert trigger.latest is not None
    assert trigger.latest.arn == execution.arn


@pytest.mark.parametrize("given", ["name", "url", "arn"])
def test_a_queue_is_given_by_its_name_its_url_or_its_arn(
    service: StepFunctions, queue: Queue, given: str
) -> None:
    trigger = machine(service).on.queue(getattr(queue, given))

    assert trigger.settings["Source"] == queue.arn


def test_ten_messages_that_are_there_come_as_one_batch(service: StepFunctions, queue: Queue) -> None:
    queue.send(*range(10))
    orders = machine(service)
    trigger = orders.on.queue(queue.name, batch=10)

    (execution,) = ended(orders, 1)
    assert sorted(bodies(execution), key=int) == [str(n) for n in range(10)]
    until(lambda: queue.left == 0)
    assert trigger.words == f"messages of {queue.name}, up to 10 at a time"


def test_a_batch_of_more_than_ten_is_gathered_by_several_calls(service: StepFunctions, queue: Queue) -> None:
    queue.send(*range(25))
    orders = machine(service)
    trigger = orders.on.queue(queue.name, batch=25)

    (execution,) = ended(orders, 1)
    assert len(bodies(execution)) == 25
    assert trigger.settings["SourceParameters"]["SqsQueueParameters"] == {
        "BatchSize": 25,
        "MaximumBatchingWindowInSeconds": 1,
    }


def test_a_window_gathers_what_comes_later(service: StepFunctions, queue: Queue) -> None:
    orders = machine(service)
    orders.on.queue(queue.name, batch=2, window=timedelta(seconds=10))
    queue.send("first")
    until(lambda: queue.hidden == 1)
    assert len(orders.executions) == 0
    queue.send("second")

    (execution,) = ended(orders, 1)
    assert sorted(bodies(execution)) == ["first", "second"]


def test_a_window_that_is_over_starts_with_what_there_is(service: StepFunctions, queue: Queue) -> None:
    orders = machine(service)
    orders.on.queue(queue.name, batch=100, window=timedelta(seconds=1))
    queue.send("alone")

    (execution,) = ended(orders, 1)
    assert bodies(execution) == ["alone"]


def test_records_that_are_too_much_together_start_several_executions(
    service: StepFunctions, queue: Queue
) -> None:
    queue.send(*("x" * 100_000 for _ in range(4)))
    orders = machine(service)
    orders.on.queue(queue.name, batch=10)

    executions = ended(orders, 2)
    assert [len(bodies(each)) for each in executions] == [2, 2]
    until(lambda: queue.left == 0)


# Filters and templates


def test_messages_that_no_filter_matches_are_deleted(service: StepFunctions, queue: Queue) -> None:
    queue.send({"total": 1}, {"total": 7}, "no JSON", {"total": "7"}, {"vip": True})
    orders = machine(service)
    patterns = [{"body": {"total": [{"numeric": [">", 5]}]}}, {"body": {"vip": [True]}}]
    trigger = orders.on.queue(queue.name, filter=patterns)

    executions = ended(orders, 2)
    assert sorted(bodies(each)[0] for each in executions) == ['{"total": 7}', '{"vip": true}']
    until(lambda: queue.left == 0)
    assert trigger.counts.matched == 2
    assert trigger.counts.dropped == {"no filter matches: deleted": 3}


def test_a_filter_may_ask_for_a_plain_text(service: StepFunctions, queue: Queue) -> None:
    queue.send("stop", "go", {"go": 1})
    orders = machine(service)
    orders.on.queue(queue.name, filter={"body": ["go"]})

    (execution,) = ended(orders, 1)
    until(lambda: queue.left == 0)
    assert bodies(execution) == ["go"]


def test_a_filter_that_looks_into_the_body_lets_no_plain_text_by(
    service: StepFunctions, queue: Queue
) -> None:
    queue.send("plain", '"text"', {"x": 1}, {"a": {"b": 1}}, {"a": {"c": 1}})
    orders = machine(service)
    trigger = orders.on.queue(queue.name, filter={"body": {"a": {"b": [{"exists": False}]}}})

    executions = ended(orders, 2)
    assert sorted(bodies(each)[0] for each in executions) == ['{"a": {"c": 1}}', '{"x": 1}']
    until(lambda: queue.left == 0)
    assert trigger.counts.dropped == {"no filter matches: deleted": 3}


def test_a_template_is_filled_for_each_record(service: StepFunctions, queue: Queue) -> None:
    queue.send({"id": "a", "total": 1}, {"id": "b", "total": 2})
    orders = machine(service)
    orders.on.queue(queue.name, batch=2, template={"order": "<$.body.id>", "from": "<aws.pipes.pipe-name>"})

    (execution,) = ended(orders, 1)
    given: Any = execution.input
    assert sorted(given, key=lambda each: each["order"]) == [
        {"order": "a", "from": "orders-queue"},
        {"order": "b", "from": "orders-queue"},
    ]


def test_a_record_of_which_a_template_makes_no_json_stays_behind_alone(
    service: StepFunctions, queue: Queue
) -> None:
    queue.send({"id": 'with "quotes"'}, {"id": "plain"})
    orders = machine(service)
    trigger = orders.on.queue(queue.name, batch=2, template='{"order": "<$.body.id>"}')

    (execution,) = ended(orders, 1)
    assert execution.input == [{"order": "plain"}]
    until(lambda: queue.left == 1)
    assert "INVALID_JSON: The filled InputTemplate is no JSON" in why(trigger)


# Enrichment


def test_a_function_enriches_and_the_machine_is_given_its_answer(
    service: StepFunctions, queue: Queue
) -> None:
    def enrich(event: Any, context: object) -> Any:
        return [{"order": json.loads(record["body"])["id"], "price": 9} for record in event]

    queue.send({"id": 1}, {"id": 2})
    orders = machine(service)
    orders.on.queue(queue.name, batch=2, enrich=make_function(service, enrich))

    (execution,) = ended(orders, 1)
    given: Any = execution.input
    assert sorted(each["order"] for each in given) == [1, 2]
    assert given[0]["price"] == 9


def test_an_express_machine_enriches(service: StepFunctions, queue: Queue) -> None:
    tree = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": {"priced": True}, "End": True}}}
    pricing = machine(service, tree, name="pricing", type="EXPRESS")
    queue.send({"id": 1})
    orders = machine(service)
    orders.on.queue(queue.name, enrich=pricing)

    (execution,) = ended(orders, 1)
    assert execution.input == {"priced": True}


@pytest.mark.parametrize("nothing", ["", {}, [], None])
def test_an_enrichment_that_answers_with_nothing_starts_nothing(
    service: StepFunctions, queue: Queue, nothing: Any
) -> None:
    def enrich(event: Any, context: object) -> Any:
        return nothing

    orders = machine(service)
    trigger = orders.on.queue(queue.name, enrich=make_function(service, enrich))
    queue.send("x")

    until(lambda: trigger.counts.dropped)
    until(lambda: queue.left == 0)
    assert trigger.counts.dropped == {"the enrichment answered with nothing: deleted": 1}
    assert len(orders.executions) == 0


def test_a_message_stays_as_long_as_the_enrichment_fails(service: StepFunctions, local: LocalAws) -> None:
    tries: list[str] = []

    def enrich(event: Any, context: object) -> Any:
        tries.append(event[0]["attributes"]["ApproximateReceiveCount"])
        if len(tries) < 2:
            raise ValueError("not yet")
        return event

    queue = Queue(local, **SOON)
    orders = machine(service)
    trigger = orders.on.queue(queue.name, enrich=make_function(service, enrich))
    queue.send("x")

    ended(orders, 1)
    until(lambda: queue.left == 0)
    assert tries == ["1", "2"]
    assert trigger.counts.dropped == {"FunctionError: ValueError: not yet": 1}


# Waiting for an answer


def test_a_synchronous_pipe_deletes_what_has_succeeded(service: StepFunctions, queue: Queue) -> None:
    orders = machine(service, type="EXPRESS")
    trigger = orders.on.queue(queue.name, sync=True)
    queue.send("x")

    until(lambda: trigger.counts.started)
    until(lambda: queue.left == 0)


def test_a_message_whose_machine_fails_comes_to_the_queue_for_dead_letters(
    service: StepFunctions, local: LocalAws
) -> None:
    dead = Queue(local)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "2"})
    queue = Queue(local, RedrivePolicy=policy, **SOON)
    orders = machine(service, FAILING, type="EXPRESS")
    trigger = orders.on.queue(queue.name, sync=True)
    queue.send("x")

    until(lambda: dead.left == 1)
    assert trigger.counts.started == 2
    assert trigger.counts.dropped == {"ExecutionFailed: orders failed: Sold: out": 2}


def test_only_the_messages_that_the_target_names_stay(service: StepFunctions, local: LocalAws) -> None:
    given: list[list[str]] = []

    def work(event: Any, context: object) -> Any:
        given.append([record["body"] for record in event])
        failed = [record["messageId"] for record in event if record["body"] == "bad" and len(given) == 1]
        return {"batchItemFailures": [{"itemIdentifier": id} for id in failed]}

    queue = Queue(local, **SOON)
    queue.send("good", "bad")
    trigger = make_function(service, work).on.queue(queue.name, batch=2, sync=True)

    until(lambda: queue.left == 0)
    assert sorted(given[0]) == ["bad", "good"]
    assert given[1:] == [["bad"]]
    assert trigger.counts.dropped == {"the target reported it among batchItemFailures": 1}


def test_a_standard_machine_cannot_be_waited_for(service: StepFunctions, queue: Queue) -> None:
    with pytest.raises(SfnbError, match="a STANDARD machine, for which InvocationType REQUEST_RESPONSE"):
        machine(service).on.queue(queue.name, sync=True)


def test_a_standard_machine_cannot_enrich(service: StepFunctions, queue: Queue) -> None:
    with pytest.raises(SfnbError, match="a STANDARD machine, and a pipe is enriched by an EXPRESS one"):
        machine(service).on.queue(queue.name, enrich=machine(service, name="pricing"))


# Other targets


def test_a_queue_is_given_each_record_by_itself(
    service: StepFunctions, local: LocalAws, queue: Queue
) -> None:
    other = Queue(local)
    service.triggers.pipes.create_pipe(
        {
            "Name": "copy",
            "Source": queue.arn,
            "Target": other.arn,
            "TargetParameters": {"InputTemplate": "number <$.body.n>"},
        }
    )
    queue.send({"n": 1}, {"n": 2})

    until(lambda: other.left == 2 and queue.left == 0)
    assert sorted(message["Body"] for message in other.receive()) == ["number 1", "number 2"]


# Roles


def test_a_message_stays_where_the_role_may_not_start(service: StepFunctions, queue: Queue) -> None:
    service.registry.roles.add(
        make_role(ROLE, [{"Version": "2012-10-17", "Statement": [_allow("sqs:*", queue.arn)]}])
    )
    orders = machine(service)
    trigger = orders.on.queue(queue.name, role=ROLE)
    queue.send("x")

    until(lambda: trigger.counts.dropped)
    assert "NO_PERMISSIONS: " in why(trigger)
    assert "states:StartExecution" in why(trigger)
    assert (queue.left, len(orders.executions)) == (1, 0)


@pytest.mark.parametrize("missing", ["sqs:ReceiveMessage", "sqs:DeleteMessage"])
def test_nothing_is_received_where_the_role_may_not(
    service: StepFunctions, queue: Queue, missing: str
) -> None:
    statement = {"Effect": "Allow", "NotAction": missing, "Resource": "*"}
    service.registry.roles.add(make_role(ROLE, [{"Version": "2012-10-17", "Statement": [statement]}]))
    queue.send("x")
    orders = machine(service)
    orders.on.queue(queue.name, role=ROLE)
    pipes = service.triggers.pipes

    until(lambda: pipes.describe_pipe({"Name": "orders-queue"})["CurrentState"] == "START_FAILED")
    assert missing in pipes.describe_pipe({"Name": "orders-queue"})["StateReason"]
    assert queue.visible == 1

    everything = {"Version": "2012-10-17", "Statement": [_allow("*", "*")]}
    service.registry.roles.add(make_role(ROLE, [everything]))
    ended(orders, 1)


def test_a_role_that_does_not_trust_pipes_is_refused(service: StepFunctions, queue: Queue) -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    everything = {"Version": "2012-10-17", "Statement": [_allow("*", "*")]}
    service.registry.roles.add(make_role(ROLE, [everything], trust=trust))
    machine(service).on.queue(queue.name, role=ROLE)
    pipes = service.triggers.pipes

    until(lambda: pipes.describe_pipe({"Name": "orders-queue"}).get("StateReason"))
    assert "pipes.amazonaws.com" in pipes.describe_pipe({"Name": "orders-queue"})["StateReason"]


# Beginning and ending


def test_without_an_aws_it_is_said_at_once() -> None:
    service = StepFunctions()
    try:
        with pytest.raises(SfnbError) as refused:
            machine(service).on.queue("orders")
        assert str(refused.value) == NO_AWS
        assert service.triggers.all() == []
    finally:
        service.close()


def test_a_queue_that_is_not_there_is_said_at_once(service: StepFunctions) -> None:
    with pytest.raises(SfnbError, match="the queue 'nowhere' cannot be read: "):
        machine(service).on.queue("nowhere")


def test_a_stopped_pipe_takes_nothing_until_it_is_started(service: StepFunctions, queue: Queue) -> None:
    orders = machine(service)
    trigger = orders.on.queue(queue.name).disable()
    queue.send("x")

    assert trigger.settings["DesiredState"] == "STOPPED"
    assert queue.visible == 1
    trigger.enable()
    ended(orders, 1)
    assert trigger.counts.started == 1


def test_a_removed_pipe_lets_the_messages_be(service: StepFunctions, queue: Queue) -> None:
    orders = machine(service)
    orders.on.queue(queue.name).remove()
    queue.send("x")

    assert queue.visible == 1
    assert len(orders.executions) == 0


def test_what_is_enriched_when_a_pipe_is_removed_starts_nothing_and_holds_nobody_up(
    service: StepFunctions, queue: Queue
) -> None:
    entered, end = threading.Event(), threading.Event()

    def enrich(records: Any) -> Any:
        entered.set()
        end.wait(20)
        return records

    orders = machine(service)
    trigger = orders.on.queue(queue.name, enrich=make_function(service, "enrich")(enrich))
    queue.send("x")
    assert entered.wait(20)
    removing = threading.Thread(target=trigger.remove)
    removing.start()
    until(lambda: trigger.key not in service.triggers.held)

    free = service.triggers.changing.acquire(timeout=2)
    if free:
        service.triggers.changing.release()
    end.set()
    removing.join(20)

    assert free
    until(lambda: queue.visible == 1)
    assert len(orders.executions) == 0


def test_a_batch_that_is_being_gathered_goes_back_at_the_end(service: StepFunctions, queue: Queue) -> None:
    trigger = machine(service).on.queue(queue.name, batch=5, window=timedelta(minutes=1))
    queue.send("x")
    until(lambda: queue.hidden == 1)

    trigger.disable()
    assert queue.visible == 1


def test_many_pipes_end_together(service: StepFunctions, local: LocalAws) -> None:
    orders = machine(service)
    queues = [Queue(local) for _ in range(8)]
    for queue in queues:
        orders.on.queue(queue.name, name=queue.name)
    for queue in queues:
        queue.send(queue.name)

    executions = ended(orders, 8)
    assert sorted(bodies(each)[0] for each in executions) == sorted(queue.name for queue in queues)


def test_a_fifo_queue_is_taken_in_order(service: StepFunctions, local: LocalAws) -> None:
    queue = Queue(local, FifoQueue="true", ContentBasedDeduplication="true")
    for n in range(6):
        queue.send(str(n), MessageGroupId="all")
    orders = machine(service)
    orders.on.queue(queue.name, batch=2)

    until(lambda: queue.left == 0)
    given = [body for each in ended(orders, 3) for body in bodies(each)]
    assert given == [str(n) for n in range(6)]


def test_a_message_of_a_fifo_queue_that_is_refused_holds_up_those_behind(
    service: StepFunctions, local: LocalAws
) -> None:
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    dead = Queue(local, **fifo)
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "1"})
    queue = Queue(local, RedrivePolicy=policy, **fifo, **SOON)
    for body in ("x" * 262_144, "1", "2"):
        queue.send(body, MessageGroupId="all")
    orders = machine(service)
    orders.on.queue(queue.name)

    executions = ended(orders, 2)
    assert dead.left == 1
    assert [bodies(each) for each in executions] == [["1"], ["2"]]
    records: list[Any] = [each.input for each in executions]
    assert [record[0]["attributes"]["ApproximateReceiveCount"] for record in records] == ["1", "1"]


def test_what_is_behind_a_refused_part_of_a_fifo_batch_goes_back(
    service: StepFunctions, local: LocalAws
) -> None:
    queue = Queue(local, FifoQueue="true", ContentBasedDeduplication="true")
    queue.send("x" * 262_144, MessageGroupId="all")
    queue.send("behind", MessageGroupId="all")
    orders = machine(service)
    trigger = orders.on.queue(queue.name, batch=2)

    until(lambda: queue.visible == 1)
    assert trigger.counts.dropped != {}
    assert len(orders.executions) == 0


def test_a_message_of_a_fifo_queue_that_fits_no_template_holds_up_its_group(
    service: StepFunctions, local: LocalAws
) -> None:
    queue = Queue(local, FifoQueue="true", ContentBasedDeduplication="true")
    for body, group in (('bad"quote', "a"), ("2", "a"), ("3", "b"), ("4", "a"), ("5", "b")):
        queue.send({"n": body}, MessageGroupId=group)
    orders = machine(service)
    trigger = orders.on.queue(queue.name, batch=10, template={"n": "<$.body.n>"})

    (execution,) = ended(orders, 1)
    assert execution.input == [{"n": "3"}, {"n": "5"}]
    until(lambda: (queue.visible, queue.hidden) == (2, 1))
    assert [reason.partition(":")[0] for reason in trigger.counts.dropped] == ["INVALID_JSON"]
    assert len(orders.executions) == 1


# Hostile messages


def test_hostile_messages_go_through_or_stay_but_stop_nothing(service: StepFunctions, queue: Queue) -> None:
    deep = "[" * 100_000
    kept = ["😀" * 1_000, '{"a": "\\ud800"}', "{", deep, '"text"', "<$.body>", "\u2028 \t\r\n", "1e999"]
    queue.send(*kept, "x" * 262_144)
    orders = machine(service)
    trigger = orders.on.queue(queue.name, batch=3)

    until(lambda: trigger.counts.matched == 9 and queue.left == 1)
    executions = ended(orders, 3)
    assert sorted(body for each in executions for body in bodies(each)) == sorted(kept)
    assert [reason.partition(":")[0] for reason in trigger.counts.dropped] == ["InvalidExecutionInput"]


def test_hostile_messages_are_held_against_a_filter_and_a_template(
    service: StepFunctions, queue: Queue
) -> None:
    deep = '{"a":' * 400 + "1" + "}" * 400
    queue.send(deep, "[" * 100_000, '{"id": "<$.body.id>"}')
    orders = machine(service)
    trigger = orders.on.queue(
        queue.name, filter={"body": {"id": [{"exists": True}]}}, template={"order": "<$.body.id>"}
    )

    (execution,) = ended(orders, 1)
    assert execution.input == [{"order": "<$.body.id>"}]
    until(lambda: trigger.counts.dropped.get("no filter matches: deleted") == 2)


def test_a_queue_that_goes_is_waited_for(service: StepFunctions, queue: Queue) -> None:
    orders = machine(service)
    trigger = orders.on.queue(queue.name)
    until(lambda: trigger.words == f"messages of {queue.name}")
    queue.client.delete_queue(QueueUrl=queue.url)
    until(lambda: "does not exist" in trigger.words)

    queue.client.create_queue(QueueName=queue.name)
    queue.send("x")
    ended(orders, 1)


def _allow(action: str, resource: str) -> dict[str, str]:
    return {"Effect": "Allow", "Action": action, "Resource": resource}
