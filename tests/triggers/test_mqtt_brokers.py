"""Subscriptions at brokers that refuse, are far away or send what they should not."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from queue import Queue

import pytest
from paho.mqtt.publish import single

from sfnb.triggers.iot.mqtt import LARGEST_PAYLOAD, Brokers, MqttError, publish
from tests.mosquitto import free_port, mosquitto
from tests.triggers.mqtt_inbox import SECONDS, SOON, Inbox, ready, until


@pytest.fixture
def brokers() -> Iterator[Brokers]:
    with Brokers(retries=SOON) as brokers:
        yield brokers


def test_a_giant_message_is_dropped_and_told_once(tmp_path: Path, brokers: Brokers) -> None:
    dropped: Queue[tuple[str, int, str]] = Queue()
    inbox = Inbox()
    with mosquitto(tmp_path) as broker:
        subscription = brokers.connect(broker.url, "kernel").subscribe(
            "a", inbox, lambda *about: dropped.put(about)
        )
        assert subscription.wait(SECONDS)
        size_bytes = LARGEST_PAYLOAD + 1
        single("a", b"x" * size_bytes, qos=1, hostname="127.0.0.1", port=broker.port)
        single("a", b"x" * LARGEST_PAYLOAD, qos=1, hostname="127.0.0.1", port=broker.port)

        assert dropped.get(timeout=SECONDS) == (
            "a",
            size_bytes,
            f"it has {size_bytes} bytes, more than {LARGEST_PAYLOAD}",
        )
        assert len(inbox.next().payload) == LARGEST_PAYLOAD
        assert dropped.empty()


def test_a_wrong_password_shows_in_the_state(tmp_path: Path, brokers: Brokers) -> None:
    with mosquitto(tmp_path, users={"sensor": "right"}) as broker:
        wrong = f"mqtt://sensor:wrong@127.0.0.1:{broker.port}"
        connection = brokers.connect(wrong, "kernel")
        connection.subscribe("a", Inbox())
        until(lambda: "refused" in connection.state.reason)
        assert not connection.state.ready
        assert "wrong@" not in connection.state.reason
        with pytest.raises(MqttError, match=r"refused the connection: Not authorized"):
            publish(wrong, "a", b"x")

        right = brokers.connect(f"mqtt://sensor:right@127.0.0.1:{broker.port}", "kernel")
        inbox = Inbox()
        right.subscribe("a", inbox)
        ready(right)
        publish(f"mqtt://sensor:right@127.0.0.1:{broker.port}", "a", b"x")
        assert inbox.next().payload == b"x"


def test_a_broker_that_is_not_there_shows_in_the_state(brokers: Brokers) -> None:
    url = f"mqtt://127.0.0.1:{free_port()}"
    connection = brokers.connect(url, "kernel")
    connection.subscribe("a", Inbox())
    until(lambda: "Connection refused" in connection.state.reason)

    with pytest.raises(MqttError, match=r"cannot be reached: Connection refused"):
        publish(url, "a", b"x")


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x20\2\0\0" + b"\x90\0", b"\x20\2\0\0" + b"\x32\3\xff\xffa"],
)
def test_a_server_that_does_not_speak_mqtt_shows_in_the_state(brokers: Brokers, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connection = brokers.connect(f"mqtt://127.0.0.1:{server.getsockname()[1]}", "kernel")
        connection.subscribe("a", Inbox())
        for _ in range(3):  # it comes again
            client, _ = server.accept()
            with client:
                assert client.recv(1000).startswith(b"\x10")
                client.sendall(answer)
        until(lambda: "127.0.0.1" in connection.state.reason)
        assert not connection.state.ready


def test_websockets_carry_messages_too(tmp_path: Path, brokers: Brokers) -> None:
    with mosquitto(tmp_path, websockets=True) as broker:
        inbox = Inbox()
        assert brokers.connect(broker.url, "kernel").subscribe("a", inbox).wait(SECONDS)
        publish(broker.url, "a", b"x" * 9_000)
        publish(broker.url, "a", b"last")
        assert [len(payload) for payload in inbox.payloads(2)] == [9_000, 4]


def test_tls_needs_a_certificate_that_is_trusted(tmp_path: Path, brokers: Brokers) -> None:
    pem = make_certificate(tmp_path)
    with mosquitto(tmp_path, certificates=tmp_path) as broker:
        inbox = Inbox()
        trusting = f"{broker.url}?ca={pem}"
        assert brokers.connect(trusting, "kernel").subscribe("a", inbox).wait(SECONDS)
        publish(trusting, "a", b"x" * 100_000)
        publish(trusting, "a", b"last")
        assert [len(payload) for payload in inbox.payloads(2)] == [100_000, 4]

        strict = brokers.connect(broker.url, "kernel")
        strict.subscribe("a", Inbox())
        until(lambda: "certificate is not trusted" in strict.state.reason)


def test_tls_trusts_a_plain_authority_that_is_named(tmp_path: Path, brokers: Brokers) -> None:
    """As the manuals of brokers have it made: it does not say what its key is for."""
    authority = make_signed_certificate(tmp_path)
    with mosquitto(tmp_path, certificates=tmp_path) as broker:
        connection = brokers.connect(f"{broker.url}?ca={authority}", "kernel")

        assert connection.subscribe("a", Inbox()).wait(SECONDS), connection.state.reason


def make_signed_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 and its key; the file of the authority that signed it."""
    (folder / "names").write_text("subjectAltName=IP:127.0.0.1\n")
    new = ["req", "-newkey", "rsa:2048", "-nodes"]
    openssl(folder, *new, "-x509", "-days", "2", "-subj", "/CN=own", "-keyout", "ca.key", "-out", "ca.pem")
    openssl(folder, *new, "-subj", "/CN=127.0.0.1", "-keyout", "server.key", "-out", "server.csr")
    by = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "names"]
    openssl(folder, "x509", "-req", "-in", "server.csr", *by, "-out", "server.pem")
    return folder / "ca.pem"


def make_certificate(folder: Path) -> Path:
    """A certificate for 127.0.0.1 that is its own authority, and its key."""
    new = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    openssl(folder, *new, *names, "-keyout", "server.key", "-out", "server.pem")
    return folder / "server.pem"


def openssl(folder: Path, *words: str) -> None:
    try:
        subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
