"""A client of any broker: made by paho-mqtt for an address, and a message published by one.

paho, since it is well kept, speaks TLS and WebSockets, and can leave it to us when a message is acknowledged.
MQTT 3.1.1, which every broker speaks.
"""

from __future__ import annotations

import ssl
from contextlib import suppress
from threading import Event
from typing import TYPE_CHECKING, Any

from sfnb.errors import SfnbError

from .address import Address, BadAddress, parse_address
from .topics import LARGEST_PAYLOAD, fault_in_topic

if TYPE_CHECKING:
    from paho.mqtt.client import Client

CONNECT_SECONDS = 5.0


class MqttError(SfnbError):
    """A broker that could not be reached, or that refused something."""


def make_client(address: Address, client_id: str, *, clean: bool) -> Client:
    """A client that has not connected yet, and acknowledges nothing by itself.

    Raises BadAddress for certificates that cannot be used, SfnbError where paho-mqtt is not installed.
    """
    try:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
    except ImportError:
        raise SfnbError('MQTT needs paho-mqtt: pip install "sfnb[triggers]"') from None
    client = Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id,
        clean_session=clean,
        protocol=MQTTProtocolVersion.MQTTv311,
        transport=address.transport,
        reconnect_on_failure=False,
        manual_ack=True,
    )
    client.connect_timeout = CONNECT_SECONDS
    if address.username is not None or address.password is not None:
        client.username_pw_set(address.username or "", address.password)
    if address.transport == "websockets":
        client.ws_set_options(path=address.path)
    if address.tls:
        client.tls_set_context(_tls(address))
    return client


class _TlsSocket(ssl.SSLSocket):
    """A socket that closes when the other side is not trusted; paho would leave it open."""

    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _tls(address: Address) -> ssl.SSLContext:
    """TLS that checks the broker's certificate, and shows ours if there is one."""
    try:
        context = ssl.create_default_context(cafile=address.ca)
        context.sslsocket_class = _TlsSocket
        if address.ca is not None:
            # The default of Python 3.13; authorities of one's own seldom say all that it asks for.
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if address.cert is not None:
            context.load_cert_chain(address.cert, address.key)
    except (OSError, ssl.SSLError) as wrong:
        raise BadAddress(f"the certificates for {address} cannot be used: {wrong}") from None
    return context


def plain_reason(wrong: Exception) -> str:
    """Why a connection could not be made, for a reader."""
    if isinstance(wrong, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({wrong.verify_message})"
    if isinstance(wrong, TimeoutError):
        return f"no answer within {CONNECT_SECONDS:g} s"
    return (getattr(wrong, "strerror", None) or str(wrong) or type(wrong).__name__)[:300]


def publish(
    url: str,
    topic: str,
    payload: bytes | str,
    *,
    qos: int = 1,
    retain: bool = False,
    timeout_seconds: float = 10.0,
) -> None:
    """Publish one message, and wait until the broker has acknowledged it (QoS 1) or it is sent (QoS 0).

    Raises MqttError where the broker cannot be reached, refuses us, or does not answer in time; BadAddress.
    """
    data = payload.encode() if isinstance(payload, str) else payload
    if fault := fault_in_topic(topic):
        raise MqttError(f"the topic {topic[:300]!r} {fault}")
    if len(data) > LARGEST_PAYLOAD:
        raise MqttError(f"the message has {len(data)} bytes, more than {LARGEST_PAYLOAD}")
    if qos not in (0, 1):
        raise MqttError(f"the QoS is {qos}, expected 0 or 1")
    address = parse_address(url)
    client = make_client(address, "", clean=True)
    _connect(client, address, timeout_seconds)
    try:
        sent = client.publish(topic, data, qos, retain)
        with suppress(RuntimeError, ValueError):
            sent.wait_for_publish(timeout_seconds)
        if not sent.is_published():
            raise MqttError(f"{address} did not take the message on {topic!r} within {timeout_seconds:g} s")
    finally:
        client.disconnect()
        client.loop_stop()


def _connect(client: Client, address: Address, timeout_seconds: float) -> None:
    """Connect `client`, and start its thread. Raises MqttError."""
    answered, refusals = Event(), list[str]()

    def on_connect(_client: Client, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            refusals.append(str(reason))
        answered.set()

    client.on_connect = on_connect
    client.on_disconnect = lambda *_: answered.set()
    try:
        client.connect(address.host, address.port, keepalive=60)
    except (OSError, ValueError) as wrong:
        raise MqttError(f"{address} cannot be reached: {plain_reason(wrong)}") from None
    client.loop_start()
    answered.wait(timeout_seconds)
    if refusals or not client.is_connected():
        client.disconnect()
        client.loop_stop()
        refused = f"refused the connection: {refusals[0]}" if refusals else "did not accept the connection"
        raise MqttError(f"{address} {refused}")
