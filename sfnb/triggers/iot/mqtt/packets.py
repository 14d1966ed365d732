"""The packets of MQTT 3.1.1 as bytes, from a broker's side: what clients send is read, what they are sent is
written.

No sockets here. A reader takes the whole body of one packet, whose length is known and bounded, and raises
`Malformed` for whatever is not a packet. QoS 2 and the packets that belong to it are refused, as AWS IoT Core
does.

Source: MQTT 3.1.1 (OASIS), chapters 2 and 3; AWS IoT Core, "MQTT".
"""

from __future__ import annotations

import msgspec

CONNECT, CONNACK, PUBLISH, PUBACK = 1, 2, 3, 4
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK = 8, 9, 10, 11
PINGREQ, PINGRESP, DISCONNECT = 12, 13, 14

ACCEPTED, WRONG_PROTOCOL, WRONG_CLIENT_ID = 0, 1, 2  # CONNACK
REFUSED = 0x80  # SUBACK

_FIXED_FLAGS = {CONNECT: 0, PUBACK: 0, SUBSCRIBE: 2, UNSUBSCRIBE: 2, PINGREQ: 0, DISCONNECT: 0}


class Malformed(Exception):
    """Bytes that are no packet a client may send; the connection ends."""


class Publish(msgspec.Struct, frozen=True, kw_only=True):
    """A message on its way, in either direction.

    packet_id: 1 to 65,535; 0 for QoS 0, which has none.
    """

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0


class Connect(msgspec.Struct, frozen=True, kw_only=True):
    """How a client introduces itself.

    level: of the protocol; 4 is MQTT 3.1.1. What follows it is read for level 4 only.
    keep_alive_seconds: 0 for none.
    """

    level: int
    client_id: str = ""
    clean_session: bool = True
    keep_alive_seconds: int = 0
    will: Publish | None = None


class Subscribe(msgspec.Struct, frozen=True):
    """The filters a client wants, each with the highest QoS."""

    packet_id: int
    filters: tuple[tuple[str, int], ...]


class Unsubscribe(msgspec.Struct, frozen=True):
    """The filters a client no longer wants."""

    packet_id: int
    filters: tuple[str, ...]


class Puback(msgspec.Struct, frozen=True):
    """A message of QoS 1 has arrived."""

    packet_id: int


class Pingreq(msgspec.Struct, frozen=True):
    """The client is alive."""


class Disconnect(msgspec.Struct, frozen=True):
    """The client leaves in peace: its will is forgotten."""


Packet = Connect | Publish | Puback | Subscribe | Unsubscribe | Pingreq | Disconnect


class Body:
    """The bytes of a packet, read from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        """The next `count` bytes. Raises Malformed if there are fewer."""
        if self._at + count > len(self._data):
            raise Malformed("a packet ends too early")
        self._at += count
        return self._data[self._at - count : self._at]

    def byte(self) -> int:
        return self.take(1)[0]

    def number(self) -> int:
        """Two bytes, big end first."""
        return int.from_bytes(self.take(2), "big")

    def packet_id(self) -> int:
        number = self.number()
        if number == 0:
            raise Malformed("a packet has the identifier 0")
        return number

    def data(self) -> bytes:
        """Bytes, after their count."""
        return self.take(self.number())

    def text(self) -> str:
        try:
            text = self.data().decode()
        except UnicodeDecodeError:
            raise Malformed("a text is not UTF-8") from None
        if "\0" in text:
            raise Malformed("a text has a null character")
        return text

    @property
    def rest(self) -> int:
        """How many bytes are left."""
        return len(self._data) - self._at

    def end(self) -> None:
        if self.rest:
            raise Malformed(f"a packet has {self.rest} bytes too many")


def read_packet(first: int, data: bytes) -> Packet:
    """The packet with this first byte and body. Raises Malformed."""
    kind, flags = first >> 4, first & 0x0F
    if kind != PUBLISH and _FIXED_FLAGS.get(kind) != flags:
        raise Malformed(f"a client sent a packet of type {kind} with flags {flags}")
    body = Body(data)
    packet: Packet
    match kind:
        case 1:
            packet = _read_connect(body)
        case 3:
            packet = _read_publish(flags, body)
        case 4:
            packet = Puback(body.packet_id())
        case 8:
            packet = _read_subscribe(body)
        case 10:
            packet = _read_unsubscribe(body)
        case 12:
            packet = Pingreq()
        case _:
            packet = Disconnect()
    body.end()
    return packet


def _read_connect(body: Body) -> Connect:
    """Protocol name and level, flags, keep alive; client id, then what is flagged: will, user, password."""
    name, level = body.data(), body.byte()
    if name not in (b"MQTT", b"MQIsdp"):
        raise Malformed("a client's first packet does not speak MQTT")
    if name != b"MQTT" or level != 4:
        body.take(body.rest)
        return Connect(level=0 if level == 4 else level)
    flags, keep_alive = body.byte(), body.number()
    has_will, will_qos = flags & 0x04, flags >> 3 & 3
    if flags & 0x01 or will_qos == 3 or (not has_will and flags & 0x38) or (flags & 0xC0 == 0x40):
        raise Malformed(f"a CONNECT has flags {flags:#04x}, which contradict each other")
    client_id = body.text()
    will = None
    if has_will:
        topic, payload = body.text(), body.data()
        will = Publish(topic=topic, payload=payload, qos=will_qos, retain=bool(flags & 0x20))
    if flags & 0x80:
        body.text()
    if flags & 0x40:
        body.data()
    return Connect(
        level=level,
        client_id=client_id,
        clean_session=bool(flags & 0x02),
        keep_alive_seconds=keep_alive,
        will=will,
    )


def _read_publish(flags: int, body: Body) -> Publish:
    """Topic, packet identifier if the QoS is not 0, and the payload up to the end."""
    qos = flags >> 1 & 3
    if qos > 1:
        raise Malformed(f"a client publishes with QoS {qos}, which AWS IoT Core does not take")
    if qos == 0 and flags & 0x08:
        raise Malformed("a message of QoS 0 says that it is sent again")
    topic = body.text()
    packet_id = body.packet_id() if qos else 0
    return Publish(
        topic=topic,
        payload=body.take(body.rest),
        qos=qos,
        retain=bool(flags & 0x01),
        dup=bool(flags & 0x08),
        packet_id=packet_id,
    )


def _read_subscribe(body: Body) -> Subscribe:
    packet_id = body.packet_id()
    filters: list[tuple[str, int]] = []
    while body.rest or not filters:
        topic_filter, qos = body.text(), body.byte()
        if qos > 2:
            raise Malformed(f"a client subscribes with QoS {qos}")
        filters.append((topic_filter, qos))
    return Subscribe(packet_id, tuple(filters))


def _read_unsubscribe(body: Body) -> Unsubscribe:
    packet_id = body.packet_id()
    filters: list[str] = []
    while body.rest or not filters:
        filters.append(body.text())
    return Unsubscribe(packet_id, tuple(filters))


def write_connack(code: int, *, session_present: bool = False) -> bytes:
    return _packet(CONNACK, 0, bytes((session_present, code)))


def write_publish(message: Publish) -> bytes:
    flags = message.dup << 3 | message.qos << 1 | message.retain
    topic = message.topic.encode()
    packet_id = message.packet_id.to_bytes(2, "big") if message.qos else b""
    return _packet(PUBLISH, flags, len(topic).to_bytes(2, "big") + topic + packet_id + message.payload)


def write_puback(packet_id: int) -> bytes:
    return _packet(PUBACK, 0, packet_id.to_bytes(2, "big"))


def write_suback(packet_id: int, codes: list[int]) -> bytes:
    return _packet(SUBACK, 0, packet_id.to_bytes(2, "big") + bytes(codes))


def write_unsuback(packet_id: int) -> bytes:
    return _packet(UNSUBACK, 0, packet_id.to_bytes(2, "big"))


def write_pingresp() -> bytes:
    return _packet(PINGRESP, 0, b"")


def _packet(kind: int, flags: int, body: bytes) -> bytes:
    """A packet: type and flags, the length of the body in groups of seven bits, the body."""
    length, rest = bytearray(), len(body)
    while True:
        rest, low = rest >> 7, rest & 0x7F
        length.append(low | (0x80 if rest else 0))
        if not rest:
            return bytes((kind << 4 | flags,)) + bytes(length) + body
