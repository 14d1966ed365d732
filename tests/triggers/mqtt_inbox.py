"""What tests of MQTT share: somebody who takes messages, and somebody who sends many."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, Queue
from urllib.parse import urlsplit

from paho.mqtt.client import CallbackAPIVersion, Client

from sfnb.triggers.iot.mqtt import Connection, Message, Retries

SOON = Retries(first=0.05, longest=0.2)
SECONDS = 15.0


class Inbox:
    """What a subscription was given, in order; `refuse` says of a message whether to raise."""

    def __init__(self, refuse: Callable[[Message], bool] = lambda message: False) -> None:
        self.all: Queue[Message] = Queue()
        self._refuse = refuse

    def __call__(self, message: Message) -> None:
        self.all.put(message)
        if self._refuse(message):
            raise OSError("the disk is full")

    def next(self) -> Message:
        return self.all.get(timeout=SECONDS)

    def payloads(self, count: int) -> list[bytes]:
        return [self.next().payload for _ in range(count)]

    def is_empty(self) -> bool:
        try:
            self.all.get_nowait()
        except Empty:
            return True
        return False


def until(true: Callable[[], bool]) -> None:
    """Wait for what has no event of its own."""
    pause = threading.Event()
    for _ in range(int(SECONDS / 0.02)):
        if true():
            return
        pause.wait(0.02)
    raise AssertionError("it did not come to be")


def publish_all(url: str, topic: str, payloads: list[bytes]) -> None:
    """Publish with QoS 1 over one connection; returns when all are acknowledged."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.connect("127.0.0.1", urlsplit(url).port or 0)
    client.loop_start()
    try:
        for sent in [client.publish(topic, payload, 1) for payload in payloads]:
            sent.wait_for_publish(SECONDS)
            assert sent.is_published()
    finally:
        client.disconnect()
        client.loop_stop()


def ready(connection: Connection) -> Connection:
    assert connection.wait(SECONDS), connection.state
    return connection
