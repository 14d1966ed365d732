"""What the embedded broker remembers: who is subscribed to what, and which messages are still to be
acknowledged.

No sockets and no clock here: an `Outlet` takes what a connected client is sent, and the time is given. A
message of QoS 1 stays with a session until the client acknowledges it, over as many connections as that
takes: first in the queue, then, at most `WINDOW` at a time, on its way. At each new connection all on their
way are sent again, in order.

amqtt, the broker for Python, was tried: it forgets a message of QoS 1 when its receiver fails, or takes more
than 5 seconds, before acknowledging it. So a crash between receipt and commit would lose it.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from typing import Protocol

from msgspec.structs import replace

from .packets import REFUSED, Publish, write_publish
from .topics import fault_in_filter, matches

log = logging.getLogger("sfnb")

WINDOW = 100  # messages on their way to a client; the limit of AWS IoT Core
MOST_SUBSCRIPTIONS = 50  # of a client; AWS IoT Core's
MOST_SESSIONS = 1_000
MOST_QUEUED = 10_000  # messages
MOST_QUEUED_BYTES = 64 * 1024 * 1024
MOST_RETAINED = 10_000  # messages
MOST_RETAINED_BYTES = 64 * 1024 * 1024
EXPIRY_SECONDS = 3_600.0  # how long a session outlives its connection; AWS IoT Core's


class Outlet(Protocol):
    """The way to a connected client."""

    @property
    def congested(self) -> bool:
        """The client reads too slowly: what may be lost is better not sent."""

    def send(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Session:
    """What a broker keeps for one client.

    clean: it ends with the connection.
    away_since: when the connection ended, in seconds on the broker's clock.
    """

    def __init__(self, client_id: str, *, clean: bool) -> None:
        self.client_id = client_id
        self.clean = clean
        self.outlet: Outlet | None = None
        self.away_since = 0.0
        self.subscriptions: dict[str, int] = {}
        self._queue: deque[Publish] = deque()
        self._queued_bytes = 0
        self._on_their_way: dict[int, Publish] = {}
        self._last_id = 0
        self._told_of_loss = False

    @property
    def full(self) -> bool:
        return len(self._queue) >= MOST_QUEUED or self._queued_bytes >= MOST_QUEUED_BYTES

    def attach(self, outlet: Outlet) -> None:
        """A connection has been made: send again what was not acknowledged, then what has waited."""
        self.outlet, self._told_of_loss = outlet, False
        for message in self._on_their_way.values():
            outlet.send(write_publish(replace(message, dup=True)))
        self._send_on()

    def detach(self, now: float) -> None:
        self.outlet, self.away_since = None, now

    def give(self, message: Publish) -> None:
        """Send a message, or keep it until it can be sent; QoS 0 is not kept."""
        if message.qos == 0:
            if self.outlet is not None and not self.outlet.congested:
                self.outlet.send(write_publish(message))
            return
        if self.full:
            self._lose_oldest()
        self._queue.append(message)
        self._queued_bytes += len(message.payload)
        self._send_on()

    def acknowledge(self, packet_id: int) -> None:
        """The client has the message; an id that is not on its way is nothing new."""
        self._on_their_way.pop(packet_id, None)
        self._send_on()

    def _send_on(self) -> None:
        while self.outlet is not None and self._queue and len(self._on_their_way) < WINDOW:
            message = replace(self._queue.popleft(), packet_id=self._free_id())
            self._queued_bytes -= len(message.payload)
            self._on_their_way[message.packet_id] = message
            self.outlet.send(write_publish(message))

    def _free_id(self) -> int:
        """A packet identifier that nothing on its way has."""
        while True:
            self._last_id = self._last_id % 65_535 + 1
            if self._last_id not in self._on_their_way:
                return self._last_id

    def _lose_oldest(self) -> None:
        lost = self._queue.popleft()
        self._queued_bytes -= len(lost.payload)
        if not self._told_of_loss:
            self._told_of_loss = True
            log.warning(
                "MQTT: the queue of client %.128r is full; its oldest messages are lost", self.client_id
            )


class Sessions:
    """All sessions of a broker, and the messages it retains."""

    def __init__(self) -> None:
        self._by_client: dict[str, Session] = {}
        self._retained: dict[str, Publish] = {}
        self._retained_bytes = 0

    def open(self, client_id: str, outlet: Outlet, *, clean: bool, now: float) -> tuple[Session, bool] | None:
        """The session of a client that connects, and whether it was there; None if there are too many.

        A connection that the client still has ends. The outlet is not attached yet.
        """
        self._expire(now)
        session = self._by_client.get(client_id)
        if session is not None and session.outlet is not None:
            session.outlet.close()
            self.leave(session, session.outlet, now)
            session = self._by_client.get(client_id)
        if session is not None and not clean:
            return session, True
        if session is None and len(self._by_client) >= MOST_SESSIONS:
            return None
        self._by_client[client_id] = session = Session(client_id, clean=clean)
        return session, False

    def leave(self, session: Session, outlet: Outlet, now: float) -> None:
        """The connection behind `outlet` has ended; nothing, if the client has another by now."""
        if session.outlet is not outlet:
            return
        session.detach(now)
        if session.clean and self._by_client.get(session.client_id) is session:
            del self._by_client[session.client_id]

    def subscribe(
        self, session: Session, filters: Iterable[tuple[str, int]]
    ) -> tuple[list[int], list[Publish]]:
        """Subscribe a client: for each filter the QoS granted or `REFUSED`, and the retained messages due."""
        codes, retained = [], []
        for topic_filter, wanted in filters:
            known = topic_filter in session.subscriptions
            if fault_in_filter(topic_filter) or (
                not known and len(session.subscriptions) >= MOST_SUBSCRIPTIONS
            ):
                codes.append(REFUSED)
                continue
            granted = min(wanted, 1)
            session.subscriptions[topic_filter] = granted
            codes.append(granted)
            retained += [
                replace(message, qos=min(message.qos, granted))
                for topic, message in self._retained.items()
                if matches(topic_filter, topic)
            ]
        return codes, retained

    def blocked(self, topic: str) -> Session | None:
        """A connected client that `topic` goes to and whose queue is full."""
        return next((s for s, qos in self._takers(topic) if qos and s.full and s.outlet is not None), None)

    def publish(self, message: Publish) -> None:
        """Give a message to everyone who wants it, once each, and retain it if it says so."""
        if message.retain:
            self._retain(message)
        for session, qos in self._takers(message.topic):
            session.give(replace(message, qos=min(message.qos, qos), retain=False, dup=False, packet_id=0))

    def _takers(self, topic: str) -> list[tuple[Session, int]]:
        """Who takes a topic, with the highest QoS of the filters it matches."""
        takers = []
        for session in self._by_client.values():
            wanted = [qos for wish, qos in session.subscriptions.items() if matches(wish, topic)]
            if wanted:
                takers.append((session, max(wanted)))
        return takers

    def _retain(self, message: Publish) -> None:
        """Keep a message for later subscribers, instead of the last on its topic; no payload means none."""
        before = self._retained.pop(message.topic, None)
        self._retained_bytes -= len(before.payload) if before else 0
        if not message.payload:
            return
        size_bytes = self._retained_bytes + len(message.payload)
        if len(self._retained) >= MOST_RETAINED or size_bytes > MOST_RETAINED_BYTES:
            log.warning("MQTT: too many retained messages; that on %.256r is not retained", message.topic)
            return
        self._retained_bytes = size_bytes
        self._retained[message.topic] = replace(message, dup=False, packet_id=0)

    def _expire(self, now: float) -> None:
        """Forget the clients that have been away for too long."""
        gone = [
            client_id
            for client_id, session in self._by_client.items()
            if session.outlet is None and now - session.away_since > EXPIRY_SECONDS
        ]
        for client_id in gone:
            del self._by_client[client_id]
