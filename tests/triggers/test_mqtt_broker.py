"""The embedded broker, and clients that are slow, malformed or many."""

from __future__ import annotations

import asyncio
import gc
import logging
import shutil
import socket
import struct
import subprocess
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from sfnb.errors import SfnbError
from sfnb.triggers.iot.mqtt import LARGEST_PAYLOAD, Broker, Brokers, Message, publish

SECONDS = 15.0


def connect_packet(
    client_id: str = "raw", *, clean: bool = True, keep_alive: int = 0, will: tuple[str, bytes] | None = None
) -> bytes:
    flags = (0x02 if clean else 0) | (0x0C if will else 0)
    body = b"\0\4MQTT\4" + bytes((flags,)) + struct.pack("!H", keep_alive) + text(client_id)
    if will:
        body += text(will[0]) + struct.pack("!H", len(will[1])) + will[1]
    return packet(0x10, body)


def packet(first: int, body: bytes) -> bytes:
    length, rest = bytearray(), len(body)
    while True:
        length.append(rest & 0x7F | (0x80 if rest > 0x7F else 0))
        rest >>= 7
        if not rest:
            return bytes((first,)) + bytes(length) + body


def text(value: str) -> bytes:
    return struct.pack("!H", len(value.encode())) + value.encode()


def publish_packet(topic: str, payload: bytes, *, qos: int = 0) -> bytes:
    return packet(0x30 | qos << 1, text(topic) + (b"\0\1" if qos else b"") + payload)


SUBSCRIBE_TO_A = packet(0x82, b"\0\1" + text("a") + b"\1")
CONNACK = b"\x20\2\0\0"


class Raw:
    """A client that sends whatever bytes it is told to."""

    def __init__(self, port: int, sends: bytes = b"") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS)
        self.socket.sendall(sends)

    def take(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                break
            data += more
        return data

    def is_ended(self) -> bool:
        """Read up to the end that the broker makes."""
        try:
            while self.socket.recv(65_536):
                pass
        except ConnectionResetError:
            pass
        return True

    def __enter__(self) -> Raw:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    with Broker(connect_seconds=0.3) as broker:
        yield broker
    assert not broker.running


def check_alive(broker: Broker) -> None:
    """A message still goes from one client to another."""
    got = threading.Event()

    def take(message: Message) -> None:
        if message.payload == b"alive":
            got.set()

    with Brokers() as brokers:
        assert brokers.connect(broker.url, "check").subscribe("check/alive", take).wait(SECONDS)
        publish(broker.url, "check/alive", b"alive")
        assert got.wait(SECONDS)


def test_it_starts_within_a_second_and_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    began = time.monotonic()
    with Broker() as broker:
        assert time.monotonic() - began < 10
        check_alive(broker)
    assert caplog.records == []


def test_it_starts_where_a_loop_is_running_already() -> None:
    async def cell() -> None:
        with Broker() as broker:
            await asyncio.to_thread(check_alive, broker)

    asyncio.run(cell())


def test_close_ends_its_thread_and_connections() -> None:
    before = threading.active_count()
    broker = Broker()
    with Raw(broker.port, connect_packet()) as client:
        assert client.take(4) == CONNACK
        broker.close()
        broker.close()
        assert client.is_ended()
    assert threading.active_count() == before
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", broker.port), timeout=1)


def test_nothing_is_left_open_by_a_broker_that_is_closed_while_clients_come() -> None:
    gc.collect()  # what others left
    with warnings.catch_warnings(record=True) as left:
        warnings.simplefilter("always", ResourceWarning)
        for _ in range(20):  # each time they are another bit further on their way in
            broker = Broker()
            clients = [socket.create_connection(("127.0.0.1", broker.port)) for _ in range(3)]
            broker.close()
            for client in clients:
                client.close()
        gc.collect()
    assert [str(each.message) for each in left] == []


def test_a_port_that_is_taken_is_an_error(broker: Broker) -> None:
    with pytest.raises(SfnbError, match="cannot listen on"):
        Broker(broker.port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "example.com", ""])
def test_it_listens_on_loopback_only(host: str) -> None:
    with pytest.raises(SfnbError, match="loopback"):
        Broker(host=host)


@pytest.mark.parametrize("half", [b"", connect_packet()[:1], connect_packet()[:9], connect_packet()[:-1]])
def test_half_a_connect_is_not_waited_for(broker: Broker, half: bytes) -> None:
    with Raw(broker.port, half) as client:
        assert client.is_ended()
    check_alive(broker)


@pytest.mark.parametrize(
    "garbage",
    [
        b"\0",
        b"\xff" * 100,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x10\xff\xff\xff\xff\x7f",
        b"\x10\xff\xff\xff\x7f",
        packet(0x10, b""),
        packet(0x10, b"\0\4MQTT\4\xff\0\0\0\0"),
        packet(0x10, b"\0\4MQTT\4\2\0\0\xff\xff"),
        packet(0x10, b"\0\4MQTT\4\2\0\0\0\2\xff\xfe"),
        SUBSCRIBE_TO_A,
    ],
)
def test_garbage_instead_of_a_connect_ends_the_connection(broker: Broker, garbage: bytes) -> None:
    with Raw(broker.port, garbage) as client:
        assert client.is_ended()
    check_alive(broker)


@pytest.mark.parametrize(
    ("breach", "why"),
    [
        (connect_packet(), "second CONNECT"),
        (publish_packet("a/+", b""), "wildcard"),
        (publish_packet("", b""), "is empty"),
        (publish_packet("/".join("abcdefghi"), b""), "8 slashes"),
        (publish_packet("a" * 257, b""), "257 bytes"),
        (publish_packet("a", b"", qos=2), "QoS 2"),
        (publish_packet("a", b"x" * (LARGEST_PAYLOAD + 1)), "131073 bytes"),
        (b"\x30\xff\xff\xff\x7f", "268435455 bytes"),
        (packet(0x82, b"\0\1"), "too early"),
        (packet(0x82, b"\0\0" + text("a") + b"\1"), "identifier 0"),
        (packet(0x80, b"\0\1" + text("a") + b"\1"), "flags 0"),
        (packet(0x82, b"\0\1" + (text("a") + b"\1") * 9), "9 filters"),
        (packet(0x50, b"\0\1"), "type 5"),
        (packet(0xC0, b"x"), "1 bytes too many"),
    ],
)
def test_a_client_that_breaks_a_rule_is_thrown_out_and_told_of(
    broker: Broker, caplog: pytest.LogCaptureFixture, breach: bytes, why: str
) -> None:
    with Raw(broker.port, connect_packet() + breach) as client:
        assert client.take(4) == CONNACK
        assert client.is_ended()
    check_alive(broker)
    (record,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert why in record.getMessage()
    assert "'raw'" in record.getMessage()


def test_a_filter_that_is_malformed_is_refused_alone(broker: Broker) -> None:
    filters = text("a/#/b") + b"\1" + text("fine/#") + b"\2" + text("a+") + b"\0"
    with Raw(broker.port, connect_packet() + packet(0x82, b"\0\7" + filters)) as client:
        assert client.take(4) == CONNACK
        assert client.take(7) == b"\x90\5\0\7\x80\1\x80"


@pytest.mark.parametrize(
    ("connect", "code"),
    [
        (packet(0x10, b"\0\4MQTT\5\2\0\0\0\0\0"), 1),
        (packet(0x10, b"\0\6MQIsdp\3\2\0\0\0\1x"), 1),
        (connect_packet("", clean=False), 2),
        (connect_packet("x" * 129), 2),
    ],
)
def test_a_connect_that_is_not_served_gets_a_code(broker: Broker, connect: bytes, code: int) -> None:
    with Raw(broker.port, connect) as client:
        assert client.take(5) == b"\x20\2\0" + bytes((code,))


def test_two_hundred_silent_connections_do_no_harm(broker: Broker) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(Raw(broker.port)) for _ in range(200)]
        check_alive(broker)
        assert all(client.is_ended() for client in clients)
    check_alive(broker)


def test_connections_beyond_the_most_are_closed() -> None:
    with Broker(most_connections=3) as broker, ExitStack() as stack:
        for number in range(3):
            client = stack.enter_context(Raw(broker.port, connect_packet(str(number))))
            assert client.take(4) == CONNACK
        assert stack.enter_context(Raw(broker.port)).is_ended()


def test_a_client_that_reads_nothing_does_not_hold_up_others(broker: Broker) -> None:
    with Raw(broker.port, connect_packet() + SUBSCRIBE_TO_A) as client:
        assert client.take(9) == CONNACK + b"\x90\3\0\1\1"
        with Raw(broker.port, connect_packet("other")) as other:
            for _ in range(300):
                other.socket.sendall(publish_packet("a", b"x" * 100_000))
            other.socket.sendall(b"\xc0\0")
            assert other.take(6) == CONNACK + b"\xd0\0"
        check_alive(broker)


def test_a_second_connection_of_a_client_ends_the_first(broker: Broker) -> None:
    with Raw(broker.port, connect_packet()) as first:
        assert first.take(4) == CONNACK
        with Raw(broker.port, connect_packet()) as second:
            assert second.take(4) == CONNACK
            assert first.is_ended()
            second.socket.sendall(b"\xc0\0")
            assert second.take(2) == b"\xd0\0"


def test_the_will_of_a_client_that_is_lost_is_published(broker: Broker) -> None:
    with Raw(broker.port, connect_packet("heir") + SUBSCRIBE_TO_A) as heir:
        assert heir.take(9) == CONNACK + b"\x90\3\0\1\1"
        with Raw(broker.port, connect_packet("peaceful", will=("a", b"not this")) + b"\xe0\0") as peaceful:
            assert peaceful.is_ended()
        with Raw(broker.port, connect_packet("lost", will=("a", b"gone"))) as lost:
            assert lost.take(4) == CONNACK
        assert heir.take(11) == b"\x32\x09\0\1a\0\1gone"


def test_a_client_that_falls_silent_is_lost(broker: Broker) -> None:
    with Raw(broker.port, connect_packet(keep_alive=1)) as client:
        began = time.monotonic()
        assert client.is_ended()
        assert 1.4 < time.monotonic() - began < 60


@pytest.mark.parametrize("qos", ["0", "1"])
def test_mosquitto_pub_can_publish_and_retain(broker: Broker, qos: str) -> None:
    program = shutil.which("mosquitto_pub")
    if program is None:
        pytest.skip("mosquitto_pub is not installed")
    got: list[Message] = []
    arrived = threading.Event()

    def take(message: Message) -> None:
        got.append(message)
        arrived.set()

    sends = [
        program,
        "-p",
        str(broker.port),
        "-t",
        "a/b",
        "-m",
        "21",
        "-q",
        qos,
        "-r",
        "-u",
        "any",
        "-P",
        "one",
    ]
    subprocess.run(sends, check=True, timeout=SECONDS)
    with Brokers() as brokers:
        brokers.connect(broker.url, "kernel").subscribe("a/#", take)
        assert arrived.wait(SECONDS)
    assert [(m.topic, m.payload, m.qos, m.retain) for m in got] == [("a/b", b"21", int(qos), True)]
