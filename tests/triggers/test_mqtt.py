"""Subscriptions and publishing, at the embedded broker and at mosquitto."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest

from sfnb.errors import SfnbError
from sfnb.triggers.iot.mqtt import (
    LARGEST_PAYLOAD,
    Broker,
    Brokers,
    Message,
    MqttError,
    publish,
)
from tests.mosquitto import mosquitto
from tests.triggers.mqtt_inbox import SECONDS, SOON, Inbox, publish_all, ready, until


@pytest.fixture(params=["embedded", "mosquitto"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "embedded":
        with Broker() as embedded:
            yield embedded.url
    else:
        with mosquitto(tmp_path) as other:
            yield other.url


@pytest.fixture
def brokers() -> Iterator[Brokers]:
    before = set(threading.enumerate())
    with Brokers(retries=SOON) as brokers:
        yield brokers
    assert {t for t in threading.enumerate() if t.name.startswith("sfnb-mqtt-kernel")} <= before


@pytest.mark.parametrize("qos", [0, 1])
def test_a_message_reaches_who_subscribes(url: str, brokers: Brokers, qos: int) -> None:
    inbox = Inbox()
    ready_subscription = brokers.connect(url, "kernel").subscribe("plant/+/heat", inbox)
    assert ready_subscription.wait(SECONDS)

    publish(url, "plant/7/heat", b'{"celsius": 21}', qos=qos)
    message = inbox.next()

    assert (message.topic, message.payload, message.qos) == ("plant/7/heat", b'{"celsius": 21}', qos)
    assert (message.retain, message.dup, bool(message.packet_id)) == (False, False, qos == 1)
    assert message.session.startswith("kernel-")


def test_only_topics_that_match_arrive(url: str, brokers: Brokers) -> None:
    one, many = Inbox(), Inbox()
    connection = brokers.connect(url, "kernel")
    connection.subscribe("a/+", one)
    connection.subscribe("a/#", many)
    ready(connection)

    for topic in ("b", "a", "a/b", "a/b/c", "a/last"):
        publish(url, topic, topic)

    assert one.payloads(2) == [b"a/b", b"a/last"]
    assert many.payloads(4) == [b"a", b"a/b", b"a/b/c", b"a/last"]


def test_overlapping_filters_deliver_once_per_subscription(url: str, brokers: Brokers) -> None:
    inboxes = [Inbox() for _ in range(4)]
    connection = brokers.connect(url, "kernel")
    for topic_filter, inbox in zip(["a/+", "+/b", "#", "#"], inboxes, strict=True):
        connection.subscribe(topic_filter, inbox)
    ready(connection)

    publish(url, "a/b", b"first")
    publish(url, "a/b", b"last")

    for inbox in inboxes:
        assert inbox.payloads(2) == [b"first", b"last"]
        assert inbox.is_empty()


def test_one_url_and_client_id_are_one_connection(url: str, brokers: Brokers) -> None:
    assert brokers.connect(url, "kernel") is brokers.connect(url, "kernel")
    assert brokers.connect(url, "kernel") is not brokers.connect(url, "other")


def test_a_retained_message_is_marked_as_one(url: str, brokers: Brokers) -> None:
    publish(url, "a", b"kept", retain=True)
    inbox = Inbox()
    ready(brokers.connect(url, "kernel")).subscribe("a", inbox)

    assert (inbox.next().retain, inbox.is_empty()) == (True, True)
    publish(url, "a", b"live", retain=True)
    assert inbox.next().retain is False


def test_a_message_is_delivered_again_until_the_callback_returns(
    url: str, brokers: Brokers, caplog: pytest.LogCaptureFixture
) -> None:
    tries: Queue[bytes] = Queue()

    def refuse(message: Message) -> bool:
        tries.put(message.payload)
        return message.payload == b"hard" and list(tries.queue).count(b"hard") < 3

    inbox = Inbox(refuse)
    ready(brokers.connect(url, "kernel")).subscribe("a", inbox).wait(SECONDS)

    publish(url, "a", b"hard")
    publish(url, "a", b"easy")
    got = [inbox.next() for _ in range(4)]

    hard = [message for message in got if message.payload == b"hard"]
    assert [message.dup for message in hard] == [False, True, True]
    assert len({message.packet_id for message in hard}) == 1
    assert [message.payload for message in got].count(b"easy") == 1
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR] == [
        f"MQTT: a message from {url} on 'a' was not taken"
    ]
    publish(url, "a", b"after")
    assert inbox.next().payload == b"after"


def test_many_messages_arrive_in_order_while_one_is_refused(url: str, brokers: Brokers) -> None:
    allowed = threading.Event()
    inbox = Inbox(lambda message: message.payload == b"bad" and not allowed.is_set())
    assert brokers.connect(url, "kernel").subscribe("a", inbox).wait(SECONDS)
    numbers = [str(number).encode() for number in range(300)]

    publish_all(url, "a", [b"bad", *numbers])
    got: list[bytes] = []
    while len(set(got)) < 301:
        got.append(inbox.next().payload)
    allowed.set()

    first_times = list(dict.fromkeys(got))
    assert first_times == [b"bad", *numbers]


def test_what_comes_while_nobody_listens_is_kept(url: str) -> None:
    for expected in ([], [b"while away", b"and again"]):
        inbox = Inbox()
        with Brokers(retries=SOON) as brokers:
            assert brokers.connect(url, "kernel").subscribe("a", inbox).wait(SECONDS)
            assert inbox.payloads(len(expected)) == expected
        if not expected:
            publish(url, "a", b"while away")
            publish(url, "a", b"and again")


def test_nothing_is_kept_for_who_has_unsubscribed(url: str, brokers: Brokers) -> None:
    inbox, connection = Inbox(), brokers.connect(url, "kernel")
    subscription = connection.subscribe("a", inbox)
    assert subscription.wait(SECONDS)
    connection.unsubscribe(subscription)
    publish(url, "a", b"unheard")

    connection.subscribe("a", inbox)
    ready(connection)
    publish(url, "a", b"heard")
    assert inbox.next().payload == b"heard"


def test_one_of_two_for_a_filter_may_unsubscribe(url: str, brokers: Brokers) -> None:
    stays, goes, connection = Inbox(), Inbox(), brokers.connect(url, "kernel")
    connection.subscribe("a", stays)
    going = connection.subscribe("a", goes)
    ready(connection)
    connection.unsubscribe(going)

    publish(url, "a", b"x")
    assert stays.next().payload == b"x"
    assert goes.is_empty()


RECEIVER = """
import sys, threading
from sfnb.triggers.iot.mqtt import Brokers
def take(message):
    print(message.payload.decode(), message.dup, message.packet_id, flush=True)
    threading.Event().wait()
connection = Brokers().connect(sys.argv[1], "kernel")
connection.subscribe("a", take)
assert connection.wait(20), connection.state
print("ready", flush=True)
threading.Event().wait()
"""


def test_what_a_killed_process_received_comes_again(url: str, brokers: Brokers) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", RECEIVER, url], stdout=subprocess.PIPE, text=True
    ) as receiver:
        assert receiver.stdout is not None
        assert receiver.stdout.readline() == "ready\n"
        publish(url, "a", b"precious")
        payload, dup, packet_id = receiver.stdout.readline().split()
        os.kill(receiver.pid, signal.SIGKILL)
    assert (payload, dup) == ("precious", "False")

    inbox = Inbox()
    brokers.connect(url, "kernel").subscribe("a", inbox)
    message = inbox.next()

    assert (message.payload, message.dup, message.packet_id) == (b"precious", True, int(packet_id))


def test_a_subscription_outlives_the_broker(tmp_path: Path, brokers: Brokers) -> None:
    with mosquitto(tmp_path) as broker:
        inbox, connection = Inbox(), brokers.connect(broker.url, "kernel")
        connection.subscribe("a", inbox)
        ready(connection)
        publish(broker.url, "a", b"before")
        assert inbox.next().payload == b"before"
        broker.stop()
        until(lambda: not connection.state.ready)
        assert "127.0.0.1" in connection.state.reason
        broker.start()
        ready(connection)
        publish(broker.url, "a", b"after")
        assert inbox.next().payload == b"after"


def test_a_subscription_outlives_the_embedded_broker(brokers: Brokers) -> None:
    inbox = Inbox()
    with Broker() as first:
        connection = brokers.connect(first.url, "kernel")
        connection.subscribe("a", inbox)
        ready(connection)
    until(lambda: not connection.state.ready)
    with Broker(first.port) as second:
        ready(connection)
        publish(second.url, "a", b"again")
        assert inbox.next().payload == b"again"


def test_a_closed_connection_takes_no_subscriptions(url: str, brokers: Brokers) -> None:
    connection = brokers.connect(url, "kernel")
    connection.close()
    connection.close()
    with pytest.raises(SfnbError, match="is closed"):
        connection.subscribe("a", Inbox())


def test_a_callback_may_unsubscribe_itself(url: str, brokers: Brokers) -> None:
    connection, done = brokers.connect(url, "kernel"), threading.Event()

    def once(_: Message) -> None:
        connection.unsubscribe(subscription)
        done.set()

    subscription = connection.subscribe("a", once)
    ready(connection)
    publish(url, "a", b"x")
    assert done.wait(SECONDS)


@pytest.mark.parametrize("topic_filter", ["", "a/#/b", "a+", "a\0", "/".join("abcdefghi"), "\ud800"])
def test_a_malformed_filter_is_refused(brokers: Brokers, topic_filter: str) -> None:
    with pytest.raises(SfnbError, match="the topic filter"):
        brokers.connect("mqtt://127.0.0.1:1", "kernel").subscribe(topic_filter, Inbox())


@pytest.mark.parametrize(
    ("topic", "payload", "qos"),
    [("a/+", b"", 1), ("", b"", 1), ("a", b"x" * (LARGEST_PAYLOAD + 1), 1), ("a", b"", 2)],
)
def test_what_cannot_be_published_is_refused(topic: str, payload: bytes, qos: int) -> None:
    with pytest.raises(MqttError):
        publish("mqtt://127.0.0.1:1", topic, payload, qos=qos)


@pytest.mark.parametrize("client_id", ["", "x" * 120, "a\nb"])
def test_a_client_id_that_cannot_be_used_is_refused(brokers: Brokers, client_id: str) -> None:
    with pytest.raises(SfnbError, match="client id"):
        brokers.connect("mqtt://127.0.0.1:1", client_id)
