"""Subscriptions to any number of brokers, each known by its URL.

A `Connection` is what one client of one broker is to its user; each filter has a link of its own underneath,
see `link`.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from threading import Lock
from typing import Self

import msgspec

from sfnb.engine.clock import RealClock
from sfnb.errors import SfnbError

from .address import Address, parse_address
from .client import make_client
from .link import Link, OnDropped, OnMessage, Retries, State, Taker
from .topics import fault_in_filter

_LONGEST_CLIENT_ID = 119  # bytes; AWS IoT Core takes 128, and a link adds nine


class Subscription(msgspec.Struct, frozen=True, eq=False):
    """One who is called with the messages of a topic filter, until `Connection.unsubscribe`."""

    topic_filter: str
    taker: Taker
    link: Link

    @property
    def state(self) -> State:
        return self.link.state

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until the broker sends us the messages of the filter; whether it does."""
        return self.link.wait(timeout_seconds)


class Connection:
    """One client of one broker.

    Two processes must not use one `client_id` at one broker: each would throw the other out. A later process
    with the id of an earlier one gets the messages of QoS 1 that came in between, once it subscribes to the
    same filters.
    """

    def __init__(
        self, address: Address, client_id: str, *, now: Callable[[], datetime], retries: Retries
    ) -> None:
        self.address = address
        self.client_id = client_id
        self._now = now
        self._retries = retries
        self._links: dict[str, Link] = {}
        self._leaving: list[Link] = []  # unsubscribed, perhaps not ended yet
        self._lock = Lock()
        self._closed = False

    @property
    def closed(self) -> bool:
        with self._lock:
            return self._closed

    @property
    def states(self) -> dict[str, State]:
        """How each topic filter stands."""
        with self._lock:
            return {topic_filter: link.state for topic_filter, link in self._links.items()}

    @property
    def state(self) -> State:
        """How the connection stands as a whole: as the filter that has waited longest, if any does."""
        states = list(self.states.values())
        waiting = [state for state in states if not state.ready]
        if waiting or states:
            return min(waiting or states, key=lambda state: state.since)
        return State(ready=False, since=self._now(), reason="subscribed to nothing")

    def subscribe(
        self, topic_filter: str, on_message: OnMessage, on_dropped: OnDropped | None = None
    ) -> Subscription:
        """Call `on_message` with each message that matches, on a thread that the filter has to itself.

        A message of QoS 1 is acknowledged when all who subscribe to its very filter have returned. If one
        raises, it comes again to all of them. `on_dropped` hears of messages that are too large: topic, size
        in bytes, why.

        Raises SfnbError for a filter that is malformed, and when closed. Whether the broker agrees shows in
        the state.
        """
        if fault := fault_in_filter(topic_filter):
            raise SfnbError(f"the topic filter {topic_filter[:300]!r} {fault}")
        taker = Taker(on_message, on_dropped)
        with self._lock:
            if self._closed:
                raise SfnbError(f"the connection to {self.address} is closed")
            link = self._links.get(topic_filter)
            if link is None:
                link = self._new_link(topic_filter)
                link.add(taker)
                self._links[topic_filter] = link
                link.start()
            else:
                link.add(taker)
        return Subscription(topic_filter, taker, link)

    def unsubscribe(self, subscription: Subscription) -> None:
        """Call it no more.

        With the last for its filter the broker forgets what it keeps for us, if it can be reached.
        """
        with self._lock:
            left = subscription.link.remove(subscription.taker)
            if left or self._links.get(subscription.topic_filter) is not subscription.link:
                return
            del self._links[subscription.topic_filter]
            self._leaving = [link for link in self._leaving if link.running]
            self._leaving.append(subscription.link)
        subscription.link.end(forget=True)
        subscription.link.join()

    def wait(self, timeout_seconds: float) -> bool:
        """Wait until all filters are ready; whether they are."""
        end = time.monotonic() + timeout_seconds
        with self._lock:
            links = list(self._links.values())
        return all(link.wait(max(end - time.monotonic(), 0)) for link in links)

    def close(self) -> None:
        """End all threads and sockets. The broker goes on keeping messages of QoS 1 for this client id."""
        with self._lock:
            self._closed = True
            links = [*self._links.values(), *self._leaving]
            self._links.clear()
            self._leaving.clear()
        for link in links:
            link.end()
        for link in links:
            link.join()

    def _new_link(self, topic_filter: str) -> Link:
        """The session's id follows from the filter, so that it is the same next time."""
        mark = hashlib.sha256(topic_filter.encode()).hexdigest()[:8]
        return Link(
            self.address, f"{self.client_id}-{mark}", topic_filter, now=self._now, retries=self._retries
        )


class Brokers:
    """The connections of a process, one for each broker and client id; also a context manager."""

    def __init__(self, *, now: Callable[[], datetime] | None = None, retries: Retries | None = None) -> None:
        self._now = now or RealClock().now
        self._retries = retries or Retries()
        self._connections: dict[tuple[Address, str], Connection] = {}
        self._lock = Lock()

    def connect(self, url: str, client_id: str) -> Connection:
        """The connection to the broker at `url`; whether it can be reached shows in its state.

        client_id: stays the same from one process to the next; 1 to 119 bytes.

        Raises BadAddress, and SfnbError for another client id or where paho-mqtt is not installed.
        """
        address = parse_address(url)
        if (
            not 0 < len(client_id.encode(errors="replace")) <= _LONGEST_CLIENT_ID
            or not client_id.isprintable()
        ):
            raise SfnbError(
                f"the client id {client_id[:200]!r} must have 1 to {_LONGEST_CLIENT_ID} printable bytes"
            )
        make_client(
            address, client_id, clean=True
        )  # so that what is wrong with the certificates is said at once
        with self._lock:
            known = self._connections.get((address, client_id))
            if known is None or known.closed:
                known = Connection(address, client_id, now=self._now, retries=self._retries)
                self._connections[address, client_id] = known
        return known

    @property
    def connections(self) -> list[Connection]:
        with self._lock:
            return list(self._connections.values())

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            connections = list(self._connections.values())
            self._connections.clear()
        for connection in connections:
            connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
