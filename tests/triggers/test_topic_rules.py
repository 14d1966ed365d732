"""Rules of AWS IoT that start machines, with real clients at the embedded broker and at mosquitto."""

from __future__ import annotations

import base64
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest
from paho.mqtt.client import CallbackAPIVersion, Client

from sfnb.errors import SfnbError
from sfnb.iam.roles import Roles, make_role
from sfnb.integrations.local_aws import LocalAws
from sfnb.machine import StateMachine, load_machine
from sfnb.on.function import make_function
from sfnb.on.trigger import Trigger
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers.iot.mqtt import BadAddress, publish
from sfnb.triggers.iot.sql import InvalidRule, InvalidSql
from tests.mosquitto import Mosquitto, free_port, mosquitto
from tests.sessions import until
from tests.triggers.mqtt_inbox import publish_all

ALL = "SELECT * FROM 'sensors/+/temp'"
ROLE = "arn:aws:iam::123456789012:role/iot"
ECHO = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


def machine(service: StepFunctions, name: str = "hot") -> StateMachine:
    return load_machine(service, ECHO, name=name)


def rule(*actions: dict[str, Any], sql: str = ALL, **more: Any) -> dict[str, Any]:
    return {"sql": sql, "actions": list(actions), **more}


def starting(name: str, **more: str) -> dict[str, Any]:
    return {"stepFunctions": {"stateMachineName": name, "roleArn": ROLE, **more}}


def inputs(hot: StateMachine, count: int) -> list[Any]:
    """Of its executions, oldest first, once there are so many."""
    until(lambda: len(hot.executions) >= count, f"execution {count}")
    return [each.input for each in hot.executions][::-1]


def dead_letters(service: StepFunctions, count: int = 1) -> list[Any]:
    until(lambda: len(service.triggers.deliverer.dead.all()) >= count, "the dead letter")
    return service.triggers.deliverer.dead.all()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as broker:
        yield broker


@pytest.fixture(params=["embedded", "mosquitto"])
def broker(request: pytest.FixtureRequest) -> str | None:
    """What rules are told of their broker."""
    return None if request.param == "embedded" else request.getfixturevalue("server").url


Listen = Callable[..., Queue[tuple[str, bytes]]]


@pytest.fixture
def listen() -> Iterator[Listen]:
    """Hears what is published at a broker."""
    clients: list[Client] = []

    def listen(url: str, topic: str) -> Queue[tuple[str, bytes]]:
        heard: Queue[tuple[str, bytes]] = Queue()
        subscribed: Queue[None] = Queue()
        client = Client(CallbackAPIVersion.VERSION2)
        client.on_message = lambda client, data, message: heard.put((message.topic, message.payload))
        client.on_subscribe = lambda *_: subscribed.put(None)
        client.connect("127.0.0.1", int(url.rpartition(":")[2]))
        client.loop_start()
        clients.append(client)
        client.subscribe(topic, 1)
        subscribed.get(timeout=15)
        return heard

    yield listen
    for client in clients:
        client.disconnect()
        client.loop_stop()


@pytest.fixture(scope="module")
def aws() -> Iterator[LocalAws]:
    pytest.importorskip("moto.server")
    local = LocalAws(region="us-east-1")
    yield local
    local.close()


# What comes of a message


def test_a_message_that_is_selected_starts_an_execution(service: StepFunctions, broker: str | None) -> None:
    hot = machine(service)
    sql = "SELECT temp, topic(2) AS sensor FROM 'sensors/+/temp' WHERE temp > 30"
    trigger = hot.on.iot(sql, prefix="${topic(2)}-", broker=broker)

    for temp in (41, 11, 42):
        publish(trigger.url, "sensors/kitchen/temp", json.dumps({"temp": temp}))
    publish(trigger.url, "sensors/kitchen/humidity", b'{"temp": 99}')
    publish(trigger.url, "sensors/kitchen/temp", b"no JSON")

    found = sorted(inputs(hot, 2), key=lambda given: given["temp"])
    assert found == [{"temp": 41, "sensor": "kitchen"}, {"temp": 42, "sensor": "kitchen"}]
    name = hot.executions[0].name
    assert name.startswith("kitchen-")
    assert len(name) == len("kitchen-") + 36
    until(lambda: trigger.counts.started == 2, "the count of both")
    assert (trigger.counts.matched, trigger.counts.dropped) == (2, {})


def test_the_topic_can_name_the_machine(service: StepFunctions) -> None:
    hot, cold = machine(service), machine(service, "cold")
    trigger = hot.on.iot(ALL, settings=rule(starting("${topic(2)}")))

    publish(trigger.url, "sensors/cold/temp", b'{"n": 1}')
    publish(trigger.url, "sensors/hot/temp", b'{"n": 2}')

    assert inputs(cold, 1) == [{"n": 1}]
    assert inputs(hot, 1) == [{"n": 2}]


def test_what_was_retained_is_not_seen(service: StepFunctions, broker: str | None) -> None:
    hot = machine(service)
    keeping = machine(service, "keeping").on.iot("SELECT * FROM 'never'", broker=broker)
    topic = "sensors/retained/temp"
    publish(keeping.url, topic, b'{"n": 1}', retain=True)

    trigger = hot.on.iot(f"SELECT * FROM '{topic}'", broker=broker)
    publish(trigger.url, topic, b'{"n": 2}', retain=True)

    assert inputs(hot, 1) == [{"n": 2}]
    assert trigger.counts.matched == 1
    publish(keeping.url, topic, b"", retain=True)


def test_a_message_that_is_too_large_for_aws_is_counted(service: StepFunctions, server: Mosquitto) -> None:
    hot = machine(service)
    trigger = hot.on.iot("SELECT * FROM 'large'", broker=server.url)
    publish_all(server.url, "large", [b"x" * 200_000, b'{"n": 1}'])

    assert inputs(hot, 1) == [{"n": 1}]
    (why,) = trigger.counts.dropped
    assert "200,000 bytes on large" in why


@pytest.mark.parametrize("payload", [b"", b"\xff\xfe", b"[" * 50_000, b'{"a": ' * 5_000, b'"\\ud800"', b"12"])
def test_what_is_no_json_is_dropped_with_a_reason_or_not_selected(
    service: StepFunctions, payload: bytes
) -> None:
    hot = machine(service)
    trigger = hot.on.iot("SELECT * FROM 'any'")

    publish_all(trigger.url, "any", [payload, b'{"n": 1}'])

    until(lambda: {"n": 1} in inputs(hot, 1), "the good one")
    until(lambda: trigger.counts.started + sum(trigger.counts.dropped.values()) == trigger.counts.matched)


def test_a_thousand_messages_are_a_thousand_executions(service: StepFunctions, broker: str | None) -> None:
    hot = machine(service)
    trigger = hot.on.iot("SELECT * FROM 'many'", broker=broker)
    publish_all(trigger.url, "many", [b'{"n": %d}' % n for n in range(1_000)])

    until(lambda: trigger.counts.started == 1_000, "the last")
    assert sorted(each["n"] for each in inputs(hot, 1_000)) == list(range(1_000))


def test_a_name_that_is_too_long_is_a_dead_letter_that_says_so(service: StepFunctions) -> None:
    hot = machine(service)
    trigger = hot.on.iot(ALL, prefix="${topic(2)}")

    publish(trigger.url, f"sensors/{'k' * 45}/temp", b"{}")

    (letter,) = dead_letters(service)
    assert letter.code == "InvalidName"
    assert "k" * 45 in letter.message
    until(lambda: trigger.counts.dropped, "the reason")
    assert list(trigger.counts.dropped) == [f"InvalidName: {letter.message}"]
    assert (trigger.counts.started, len(hot.executions)) == (0, 0)


# Other actions


def test_a_function_of_this_process_is_called(service: StepFunctions) -> None:
    called: Queue[Any] = Queue()

    def note(event: Any, context: Any) -> None:
        called.put(event)

    function = make_function(service, note)
    trigger = machine(service).on.iot(ALL, settings=rule({"lambda": {"functionArn": function.arn}}))

    publish(trigger.url, "sensors/a/temp", b'{"n": 1}')

    assert called.get(timeout=15) == {"n": 1}


def test_queues_and_topics_of_aws_are_sent_to(aws: LocalAws) -> None:
    sqs, sns = (aws.client(name, region="us-east-1") for name in ("sqs", "sns"))
    url = sqs.create_queue(QueueName="messages")["QueueUrl"]
    topic = sns.create_topic(Name="told")["TopicArn"]
    told = sqs.create_queue(QueueName="told")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:told")
    service = StepFunctions(aws=aws)
    hot = machine(service)
    actions = [
        {"sqs": {"queueUrl": url, "roleArn": ROLE}},
        {"sns": {"targetArn": topic, "roleArn": ROLE}},
        {"dynamoDB": {"tableName": "no"}},
        starting("hot"),
    ]
    trigger = hot.on.iot(ALL, settings=rule(*actions))

    publish(trigger.url, "sensors/a/temp", b'{"n": 1}')
    assert inputs(hot, 1) == [{"n": 1}]

    def received(url: str) -> str:
        found: list[str] = []
        until(
            lambda: (
                found.extend(m["Body"] for m in sqs.receive_message(QueueUrl=url).get("Messages", []))
                or found
            )
        )
        return found[0]

    assert received(url) == '{"n":1}'
    assert json.loads(received(told))["Message"] == '{"n":1}'
    assert trigger.counts.dropped == {"the action dynamoDB is none that can be done here": 1}
    service.close()


def test_a_message_is_published_again(service: StepFunctions, listen: Listen, broker: str | None) -> None:
    republish = {"republish": {"topic": "alarms/${topic(2)}", "roleArn": ROLE, "qos": 1}}
    trigger = machine(service).on.iot(ALL, broker=broker, settings=rule(republish))
    heard = listen(trigger.url, "alarms/+")

    publish(trigger.url, "sensors/kitchen/temp", b'{"n":  1}')

    assert heard.get(timeout=15) == ("alarms/kitchen", b'{"n":1}')


def test_a_topic_that_nobody_can_publish_to_is_dropped_once(service: StepFunctions, listen: Listen) -> None:
    republish = {"republish": {"topic": "${name}", "roleArn": ROLE}}
    error = {"republish": {"topic": "errors", "roleArn": ROLE, "qos": 1}}
    hot = machine(service)
    trigger = hot.on.iot(ALL, settings=rule(republish, starting("hot"), errorAction=error))
    heard = listen(trigger.url, "errors")

    publish_all(trigger.url, "sensors/a/temp", [b'{"name": "a/#"}', b'{"name": "b"}'])

    assert sorted(each["name"] for each in inputs(hot, 2)) == ["a/#", "b"]
    (failure,) = json.loads(heard.get(timeout=15)[1])["failures"]
    assert failure["failedAction"] == "RepublishAction"
    assert (trigger.counts.matched, list(trigger.counts.dropped.values())) == (2, [1])


def test_rules_that_publish_to_each_other_come_to_an_end(service: StepFunctions, broker: str | None) -> None:
    hot, cold = machine(service), machine(service, "cold")
    there = {"republish": {"topic": "loop/b", "roleArn": ROLE}}
    back = {"republish": {"topic": "loop/a", "roleArn": ROLE}}
    sql = "SELECT n + 1 AS n FROM 'loop/%s'"
    first = hot.on.iot("", broker=broker, settings=rule(there, starting("hot"), sql=sql % "a"))
    second = cold.on.iot("", broker=broker, settings=rule(back, starting("cold"), sql=sql % "b"))

    publish(first.url, "loop/a", b'{"n": 0}')

    until(lambda: first.counts.dropped or second.counts.dropped, "the end")
    assert [*first.counts.dropped, *second.counts.dropped] == [
        "republish: rules publish to each other's topics, 10 times in a row: it ends here"
    ]
    assert first.counts.matched + second.counts.matched == 11
    publish(first.url, "loop/a", b'{"n": 100}')
    until(lambda: first.counts.matched + second.counts.matched == 22, "another round")


def test_a_rule_that_hears_of_its_own_failures_comes_to_an_end(service: StepFunctions) -> None:
    error = {"republish": {"topic": "errors", "roleArn": ROLE, "qos": 1}}
    hot = machine(service)
    trigger = hot.on.iot("", settings=rule(starting("gone"), sql="SELECT * FROM '#'", errorAction=error))

    publish(trigger.url, "sensors/a/temp", b"{}")

    until(lambda: any("it ends here" in why for why in trigger.counts.dropped), "the end")
    assert trigger.counts.matched == 11


# Basic Ingest


@pytest.mark.parametrize("sql", ["SELECT topic(1) AS a, n", "SELECT topic(1) AS a, n FROM 'sensors/+'"])
def test_a_rule_can_be_published_to_directly(service: StepFunctions, sql: str, broker: str | None) -> None:
    hot = machine(service)
    name = f"Direct{hashlib.md5((sql + str(broker)).encode()).hexdigest()[:6]}"
    trigger = hot.on.iot(sql, name=name, broker=broker)

    until(lambda: publish(trigger.url, f"$aws/rules/{name}/floor/7", b'{"n": 1}') or hot.executions)

    assert inputs(hot, 1)[0] == {"a": "floor", "n": 1}


# What fails


def test_a_machine_that_is_not_there_is_told_of_by_the_error_action(
    service: StepFunctions, listen: Listen, broker: str | None
) -> None:
    error = {"republish": {"topic": "errors/${topic(2)}", "roleArn": ROLE, "qos": 1}}
    trigger = machine(service).on.iot(
        "", broker=broker, name="gone", settings=rule(starting("gone"), errorAction=error)
    )
    heard = listen(trigger.url, "errors/+")

    publish(trigger.url, "sensors/kitchen/temp", b'{"n":  1}')

    topic, payload = heard.get(timeout=15)
    told = json.loads(payload)
    (failure,) = told.pop("failures")
    assert topic == "errors/kitchen"
    assert told == {
        "ruleName": "gone",
        "topic": "sensors/kitchen/temp",
        "base64OriginalPayload": base64.b64encode(b'{"n":  1}').decode(),
    }
    assert (failure["failedAction"], failure["failedResource"]) == ("StepFunctionsAction", "gone")
    assert failure["errorMessage"].startswith("StateMachineDoesNotExist: ")
    (letter,) = dead_letters(service)
    assert letter.code == "StateMachineDoesNotExist"
    with pytest.raises(Empty):
        heard.get_nowait()


def test_a_role_that_may_not_start_the_machine_is_refused(service: StepFunctions) -> None:
    trust = {"Effect": "Allow", "Principal": {"Service": "iot.amazonaws.com"}, "Action": "sts:AssumeRole"}
    roles = service.registry.permissions = Roles()
    roles.add(make_role(ROLE, [], trust={"Statement": [trust]}))
    hot, errors = machine(service), machine(service, "errors")
    other = {"stepFunctions": {"stateMachineName": "errors", "roleArn": ROLE.replace("iot", "other")}}
    trigger = hot.on.iot("", settings=rule(starting("hot"), errorAction=other))

    publish(trigger.url, "sensors/a/temp", b"{}")

    (told,) = inputs(errors, 1)
    assert "is not authorized to perform: states:StartExecution" in told["failures"][0]["errorMessage"]
    assert dead_letters(service)[0].code == "NO_PERMISSIONS"
    assert len(hot.executions) == 0


@pytest.mark.parametrize(
    ("words", "fault", "says"),
    [
        ({"sql": "SELCT * FROM 'a'"}, InvalidSql, "SELCT"),
        ({"sql": "SELECT temp, FROM 'a/+'"}, InvalidSql, "line 1"),
        ({"sql": "SELECT * FROM 'a/#/b'"}, InvalidSql, "#"),
        ({"sql": ALL, "prefix": "${topic(2}"}, InvalidRule, "executionNamePrefix"),
        ({"sql": ALL, "broker": "http://localhost"}, BadAddress, "mqtt://"),
        ({"sql": ALL, "broker": "mqtt://"}, BadAddress, "host"),
        ({"sql": ALL, "broker": "mqtts://localhost?ca=/nowhere"}, BadAddress, "nowhere"),
        ({"sql": ALL, "version": "2020-01-01"}, SfnbError, "2016-03-23"),
        ({"sql": "", "settings": rule({"lambda": {}})}, InvalidRule, "functionArn"),
        ({"sql": "", "settings": rule({"republish": {"topic": 1}})}, InvalidRule, "topic"),
        ({"sql": "", "settings": rule({"republish": {"topic": "a", "qos": 2}})}, InvalidRule, "qos"),
        ({"sql": "", "settings": rule({"mail": {}})}, InvalidRule, "mail"),
        ({"sql": "", "settings": rule(errorAction={"sqs": "q"})}, InvalidRule, "queueUrl"),
        ({"sql": "SELECT *", "name": "a/b"}, InvalidRule, "Basic Ingest"),
    ],
)
def test_what_is_no_rule_is_refused_with_its_place(
    service: StepFunctions, words: dict[str, Any], fault: type[Exception], says: str
) -> None:
    with pytest.raises(fault, match=says):
        machine(service).on.iot(**words)
    assert service.triggers.all() == []


# Brokers come and go


def test_a_broker_that_comes_later_is_listened_to(service: StepFunctions, tmp_path: Path) -> None:
    server = Mosquitto(tmp_path)
    hot = machine(service)
    trigger = hot.on.iot(ALL, broker=server.url)
    assert "refused" in trigger.words.lower()
    with_password = f"mqtt://me:secret@127.0.0.1:{free_port()}"
    assert "secret" not in hot.on.iot(ALL, broker=with_password, name="other").words

    server.start()
    try:
        assert service.triggers.kind("iot").wait(trigger.key, 60)  # type: ignore[attr-defined]
        assert trigger.words == f"{ALL} at {server.url}"
        publish(server.url, "sensors/a/temp", b'{"n": 1}')
        assert inputs(hot, 1) == [{"n": 1}]
    finally:
        server.stop()


def test_what_a_broker_asks_for_is_shown_to_nobody(service: StepFunctions, tmp_path: Path) -> None:
    url = f"mqtt://sensor:s3cret@127.0.0.1:{free_port()}"
    trigger = machine(service).on.iot(ALL, broker=url)

    shown = [trigger.url, trigger.words, trigger.text, json.dumps(trigger._repr_mimebundle_())]

    assert trigger.url == url.replace("sensor:s3cret@", "")
    assert not any("s3cret" in text or "sensor:" in text for text in shown)


def _session_of(client_id: str, url: str, topic: str) -> bool:
    """Whether mosquitto keeps one for a filter of a rule that is not connected."""
    mark = hashlib.sha256(topic.encode()).hexdigest()[:8]
    present: Queue[bool] = Queue()
    client = Client(CallbackAPIVersion.VERSION2, client_id=f"{client_id}-{mark}", clean_session=False)
    client.on_connect = lambda client, data, flags, *_: present.put(flags.session_present)
    client.connect("127.0.0.1", int(url.rpartition(":")[2]))
    client.loop_start()
    try:
        return present.get(timeout=15)
    finally:
        client.disconnect()
        client.loop_stop()


def _client_id(trigger: Trigger) -> str:
    kind: Any = trigger._service.triggers.kind("iot")
    found: str = kind._listening[trigger.key].connection.client_id
    return found


def test_the_broker_keeps_messages_for_the_next_process(tmp_path: Path, server: Mosquitto) -> None:
    first = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    machine(first).on.iot("SELECT * FROM 'away'", broker=server.url)
    first.close()
    publish_all(server.url, "away", [b'{"n": 1}', b'{"n": 2}'])

    second = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    hot = machine(second)

    assert sorted(each["n"] for each in inputs(hot, 2)) == [1, 2]
    second.close()


def test_the_broker_keeps_nothing_for_what_does_not_come_back(tmp_path: Path, server: Mosquitto) -> None:
    service = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    hot = machine(service)
    changed = hot.on.iot("SELECT * FROM 'old'", broker=server.url, name="changed")
    removed = hot.on.iot("SELECT * FROM 'gone'", broker=server.url, name="removed")
    ids = _client_id(changed), _client_id(removed)

    hot.on.iot("SELECT * FROM 'new'", broker=server.url, name="changed")
    removed.remove()
    service.close()
    forgetful = StepFunctions()  # in memory: nobody comes back for what it keeps
    memory = machine(forgetful).on.iot("SELECT * FROM 'memory'", broker=server.url)
    ids = (*ids, _client_id(memory))
    forgetful.close()

    sessions = [
        _session_of(id, server.url, topic) for id, topic in zip(ids, ("old", "gone", "memory"), strict=True)
    ]
    assert sessions == [False, False, False]
    assert _session_of(ids[0], server.url, "new")


def test_nothing_that_comes_while_a_rule_is_disabled_is_made_up_for(
    tmp_path: Path, broker: str | None
) -> None:
    service = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    hot = machine(service)
    other = machine(service, "other").on.iot("SELECT * FROM 'off'", broker=broker)
    trigger = hot.on.iot("SELECT * FROM 'off'", broker=broker)
    kind: Any = service.triggers.kind("iot")

    for number in range(2):
        trigger.disable()
        publish(other.url, "off", b'{"off": %d}' % number)
        trigger.enable()
        assert kind.wait(trigger.key, 30)
        publish(other.url, "off", b'{"on": %d}' % number)
        inputs(hot, number + 1)

    assert inputs(hot, 2) == [{"on": 0}, {"on": 1}]
    assert trigger.settings["ruleDisabled"] is False
    trigger.remove()
    publish(other.url, "off", b'{"n": 1}')
    until(lambda: other.counts.started == 5, "the other")
    assert len(hot.executions) == 2
    service.close()


def test_the_embedded_broker_lives_as_long_as_there_are_rules_for_it(service: StepFunctions) -> None:
    hot = machine(service)
    first = hot.on.iot(ALL, name="first")
    url = first.url
    second = hot.on.iot("SELECT * FROM 'b'", name="second")
    assert second.url == url
    hot.on.iot("SELECT * FROM 'c'", name="second")

    assert second.url == url
    second.remove()
    publish(url, "sensors/a/temp", b"{}")
    hot.on.iot("SELECT * FROM 'd'", name="first")
    assert first.url == url
    publish(url, "d", b"{}")
    assert len(inputs(hot, 2)) == 2
    first.remove()
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5)
