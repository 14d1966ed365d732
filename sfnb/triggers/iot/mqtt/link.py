"""One topic filter at one broker: an MQTT session that outlives its connections, on a thread of its own.

The session is the broker's: it is opened with clean session false under an id that stays the same, so the
broker keeps messages of QoS 1 while we are away. One is acknowledged once all callbacks have returned; until
then it is the broker's to send again. If a callback raises there is no acknowledgement, and after a pause the
link reconnects to be sent the message again; other messages go on meanwhile.

Each filter has a session of its own. A broker may send a message once, or once for each filter of a client
that it matches, and in MQTT 3.1.1 no one can tell which it did: with one session for all, overlapping filters
would be told too little or too often. And a message that is refused again and again takes up the window of
its own filter only.

The thread reads one message at a time and calls back before it reads the next: what we are slow to take stays
with the broker. A callback that takes longer than the keep alive makes the broker drop the connection, and
the message comes twice.
"""

from __future__ import annotations

import logging
import selectors
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from threading import Event, Lock, Thread, current_thread
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.errors import SfnbError

from .address import Address
from .client import CONNECT_SECONDS, make_client, plain_reason
from .topics import LARGEST_PAYLOAD

if TYPE_CHECKING:
    from paho.mqtt.client import Client, MQTTMessage

log = logging.getLogger("sfnb")

KEEP_ALIVE_SECONDS = 60
_TICK_SECONDS = 5.0
_GOODBYE_SECONDS = 2.0


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it arrived. MQTT 3.1.1 does not say who published it.

    qos: 0 or 1, that of the delivery.
    retain: the broker had kept it, and sends it since we subscribed; rules of AWS IoT do not see such.
    dup: sent again, since it was not acknowledged the first time.
    packet_id: 1 to 65,535, the same each time it is sent again to the same session; 0 with QoS 0.
    session: the client id of the session. `session`, `packet_id` and the payload name a delivery repeatably.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    dup: bool
    packet_id: int
    session: str
    received: datetime


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How a link stands.

    ready: connected and subscribed.
    since: when that became so.
    reason: why it is not ready; "" if it is.
    """

    ready: bool
    since: datetime
    reason: str = ""


OnMessage = Callable[[Message], None]
OnDropped = Callable[[str, int, str], None]


class Taker(msgspec.Struct, frozen=True, eq=False):
    """Who is called with the messages of a link. `on_dropped` is given topic, size in bytes and why."""

    on_message: OnMessage
    on_dropped: OnDropped | None = None


class Retries(msgspec.Struct, frozen=True):
    """How long to wait before the first try again, and at most; it doubles in between. In seconds."""

    first: float = 1.0
    longest: float = 60.0

    def pause(self, failures: int) -> float:
        """The pause after so many failures in a row, 1 or more."""
        return min(self.first * 2.0 ** min(failures - 1, 30), self.longest)


class Link:
    """A session for one filter; it runs from `start` until `end`."""

    def __init__(
        self,
        address: Address,
        client_id: str,
        topic_filter: str,
        *,
        now: Callable[[], datetime],
        retries: Retries,
    ) -> None:
        self.address = address
        self.client_id = client_id
        self.topic_filter = topic_filter
        self._now = now
        self._retries = retries
        self._takers: tuple[Taker, ...] = ()
        self._lock = Lock()  # around _takers
        self._state = State(ready=False, since=now(), reason="not connected yet")
        self._ready = Event()
        self._closing = Event()
        self._forgets = False
        self._wake_reader, self._wake_writer = socket.socketpair()
        self._wake_writer.setblocking(False)
        self._thread = Thread(target=self._live, name=f"sfnb-mqtt-{client_id}", daemon=True)
        self._reason = ""  # why the connection is to end, or has
        self._failures = 0  # connections in a row that did not come to be ready
        self._subscribed = False  # in the broker's session
        self._refused: set[int] = set()  # packet ids a callback raised for
        self._refusals = 0  # reconnections in a row for the sake of those
        self._again_at: float | None = None  # when to reconnect for them, on the monotonic clock

    @property
    def state(self) -> State:
        return self._state

    def start(self) -> None:
        self._thread.start()

    def add(self, taker: Taker) -> None:
        with self._lock:
            self._takers = (*self._takers, taker)

    def remove(self, taker: Taker) -> int:
        """How many are left."""
        with self._lock:
            self._takers = tuple(other for other in self._takers if other is not taker)
            return len(self._takers)

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until the link is ready; whether it is."""
        return self._ready.wait(timeout_seconds)

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def end(self, *, forget: bool = False) -> None:
        """Begin to close. The broker keeps the messages to come, unless it is to `forget` the session."""
        self._forgets = self._forgets or forget
        self._closing.set()
        with suppress(OSError):  # it is awake already, or has ended
            self._wake_writer.send(b"\0")

    def join(self) -> None:
        """Wait for the end, unless called from the link's own thread."""
        if current_thread() is not self._thread:
            self._thread.join()

    def _live(self) -> None:
        """Connect again and again, until closed."""
        while not self._closing.is_set():
            reason = self._attend()
            if self._closing.is_set():
                break
            self._set_state(False, reason)
            if self._again_at is not None:
                self._again_at = None
                continue
            self._failures += 1
            self._closing.wait(self._retries.pause(self._failures))
        if self._forgets:
            with suppress(Exception):  # whatever the broker does, the link ends
                self._forget()
        self._set_state(False, "closed")
        self._wake_reader.close()
        self._wake_writer.close()

    def _attend(self) -> str:
        """Connect and serve the connection until it ends, or is to end; why."""
        self._reason = ""
        try:
            client = make_client(self.address, self.client_id, clean=False)
            client.on_connect = self._on_connect
            client.on_subscribe = self._on_subscribe
            client.on_message = self._on_message
            client.connect(self.address.host, self.address.port, keepalive=KEEP_ALIVE_SECONDS)
        except (OSError, ValueError) as wrong:
            return f"{self.address} cannot be reached: {plain_reason(wrong)}"
        except SfnbError as wrong:
            return str(wrong)
        return self._serve(client)

    def _serve(self, client: Client) -> str:
        """Read and write until the connection ends, or is to end; why."""
        give_up = time.monotonic() + CONNECT_SECONDS
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_reader, selectors.EVENT_READ)
            while (connection := client.socket()) is not None:
                deadline = self._again_at if self._state.ready else give_up
                try:
                    self._turn(client, connection, selector, deadline)
                except Exception as wrong:  # paho's, on bytes that it did not expect
                    return f"{self.address} sent what is not MQTT ({type(wrong).__name__})"
                if self._closing.is_set() or self._is_time_again():
                    _part(client, selector)
                    return "reconnecting, to be sent a message again"
                if self._reason or (not self._state.ready and time.monotonic() > give_up):
                    _part(client, selector)
                    return self._reason or f"{self.address} did not answer within {CONNECT_SECONDS:g} s"
        return self._reason or f"{self.address} closed the connection"

    def _turn(
        self, client: Client, connection: Any, selector: selectors.BaseSelector, deadline: float | None
    ) -> None:
        """Wait for the socket, at most until `deadline` on the monotonic clock, then read or write once."""
        pause = _TICK_SECONDS if deadline is None else deadline - time.monotonic()
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if client.want_write() else 0)
        if connection.fileno() not in selector.get_map():
            selector.register(connection.fileno(), events)
        else:
            selector.modify(connection.fileno(), events)
        buffered = hasattr(connection, "pending") and connection.pending() > 0
        ready = {
            key.fd: mask
            for key, mask in selector.select(0 if buffered else min(max(pause, 0), _TICK_SECONDS))
        }
        mask = ready.get(connection.fileno(), 0)
        if mask & selectors.EVENT_READ or buffered:
            client.loop_read()
        if client.want_write():
            client.loop_write()
        client.loop_misc()

    def _is_time_again(self) -> bool:
        return self._again_at is not None and time.monotonic() >= self._again_at

    def _on_connect(self, client: Client, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._reason = f"{self.address} refused the connection: {reason}"
            return
        if not flags.session_present:
            self._refused.clear()
        elif self._subscribed:
            self._set_state(True, "")  # to subscribe again would bring the retained messages again
            return
        client.subscribe(self.topic_filter, 1)

    def _on_subscribe(self, _client: Client, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._reason = f"{self.address} refused the subscription to {self.topic_filter!r}"
            return
        self._subscribed = True
        self._set_state(True, "")

    def _on_message(self, client: Client, _data: Any, message: MQTTMessage) -> None:
        """Call back, and acknowledge if nobody raised."""
        if self._closing.is_set():
            return
        if self._take(message):
            self._refused.discard(message.mid)
            if not self._refused:
                self._refusals = 0
            client.ack(message.mid, message.qos)
            return
        if message.qos and self._again_at is None:
            self._refusals += 1
            self._again_at = time.monotonic() + self._retries.pause(self._refusals)

    def _take(self, message: MQTTMessage) -> bool:
        """Give a message to everyone, or say that it is dropped; whether it is done with."""
        why, size_bytes = None, len(message.payload)
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic, why = "", "its topic is not UTF-8"
        if size_bytes > LARGEST_PAYLOAD:
            why = f"it has {size_bytes} bytes, more than {LARGEST_PAYLOAD}"
        calls: list[Callable[[], None]]
        if why is None:
            arrived = self._message(topic, message)
            calls = [_bound(taker.on_message, arrived) for taker in self._takers]
        else:
            log.warning("MQTT: a message from %s on %.256r is dropped: %s", self.address, topic, why)
            calls = [_bound(t.on_dropped, topic, size_bytes, why) for t in self._takers if t.on_dropped]
        returned = [self._call(call, message) for call in calls]
        return all(returned)

    def _message(self, topic: str, message: MQTTMessage) -> Message:
        return Message(
            topic=topic,
            payload=bytes(message.payload),
            qos=message.qos,
            retain=message.retain,
            dup=message.dup,
            packet_id=message.mid,
            session=self.client_id,
            received=self._now(),
        )

    def _call(self, call: Callable[[], None], message: MQTTMessage) -> bool:
        """Call somebody else's function; whether it returned. Its first failure with a message is logged."""
        try:
            call()
        except Exception:
            if message.mid not in self._refused or not message.qos:
                log.exception("MQTT: a message from %s on %r was not taken", self.address, self.topic_filter)
            if message.qos:
                self._refused.add(message.mid)
            return False
        return True

    def _set_state(self, ready: bool, reason: str) -> None:
        if ready:
            self._failures = 0
        since = self._state.since if ready == self._state.ready else self._now()
        self._state = State(ready=ready, since=since, reason=reason)
        if ready:
            self._ready.set()
        else:
            self._ready.clear()

    def _forget(self) -> None:
        """Have the broker drop the session: connect with clean session true, and leave."""
        client = make_client(self.address, self.client_id, clean=True)
        client.on_connect = lambda client, *_: client.disconnect()
        client.connect_timeout = _GOODBYE_SECONDS
        client.connect(self.address.host, self.address.port, keepalive=KEEP_ALIVE_SECONDS)
        end = time.monotonic() + _GOODBYE_SECONDS
        with selectors.DefaultSelector() as selector:
            while (connection := client.socket()) is not None and time.monotonic() < end:
                self._turn(client, connection, selector, end)


def _bound(function: Callable[..., None], *arguments: object) -> Callable[[], None]:
    return lambda: function(*arguments)


def _part(client: Client, selector: selectors.BaseSelector) -> None:
    """Send what is still to be sent and DISCONNECT; give up soon if the socket takes nothing."""
    end = time.monotonic() + _GOODBYE_SECONDS
    client.disconnect()
    while client.socket() is not None and client.want_write() and time.monotonic() < end:
        selector.select(0.01)
        client.loop_write()
