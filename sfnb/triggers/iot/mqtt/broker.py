"""The embedded broker: MQTT 3.1.1 on a loopback port, by the rules of AWS IoT Core, on an event loop and
thread of its own.

Whoever can reach the port may connect, under any name and password. QoS 0 and 1, persistent sessions,
retained messages and wills; no QoS 2, which AWS has not either. All is in memory and ends with the broker.

A client may be slow or hostile: it has `connect_seconds` to introduce itself, then one and a half times its
keep alive for each packet; packets, clients, queues and what a client leaves unread are bounded. Where the
queue of a connected subscriber is full, its publishers are made to wait, so that nothing that was
acknowledged is lost.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from concurrent.futures import Future
from contextlib import suppress
from threading import Thread, current_thread
from typing import Self

from msgspec.structs import replace

from sfnb.errors import SfnbError

from . import packets
from .packets import (
    Connect,
    Disconnect,
    Malformed,
    Packet,
    Pingreq,
    Puback,
    Publish,
    Subscribe,
    Unsubscribe,
    read_packet,
)
from .sessions import Session, Sessions
from .topics import LARGEST_PAYLOAD, fault_in_topic

log = logging.getLogger("sfnb")

_LARGEST_PACKET = LARGEST_PAYLOAD + 1024
_MOST_UNSENT = 1024 * 1024  # bytes in a client's buffer, beyond which QoS 0 is dropped
_LONGEST_KEEP_ALIVE = 1_200  # seconds; also for a client that wants none, as with AWS
_LONGEST_CLIENT_ID = 128  # bytes
_MOST_FILTERS = 8  # in one SUBSCRIBE
_ROOM_SECONDS = 30.0  # how long a publisher waits for a full queue
_ROOM_TRIES_SECONDS = 0.02
_CLOSE_SECONDS = 5.0


class Broker:
    """A running broker; also a context manager.

    port: 0 for a free one.
    host: a loopback address, as it asks nobody for a password.
    connect_seconds: how long a client may take for its first packet.
    most_connections: those beyond are closed at once.

    Raises SfnbError where it cannot listen.
    """

    def __init__(
        self,
        port: int = 0,
        *,
        host: str = "127.0.0.1",
        connect_seconds: float = 10.0,
        most_connections: int = 512,
    ) -> None:
        if not _is_loopback(host):
            raise SfnbError(
                f"the embedded MQTT broker listens on a loopback address only, not on {host[:100]!r}"
            )
        self._host = host
        self._connect_seconds = connect_seconds
        self._most_connections = most_connections
        self._stop = asyncio.Event()
        ready: Future[tuple[int, asyncio.AbstractEventLoop]] = Future()
        self._thread = Thread(
            target=lambda: asyncio.run(self._serve(port, ready)), name="sfnb-mqtt-broker", daemon=True
        )
        self._thread.start()
        try:
            self.port, self._loop = ready.result()
        except (OSError, OverflowError) as wrong:
            self._thread.join()
            raise SfnbError(f"the MQTT broker cannot listen on {host}:{port}: {wrong}") from None

    @property
    def url(self) -> str:
        return (
            f"mqtt://[{self._host}]:{self.port}" if ":" in self._host else f"mqtt://{self._host}:{self.port}"
        )

    @property
    def running(self) -> bool:
        return self._thread.is_alive()

    def close(self) -> None:
        """End every connection and forget everything; a second time it does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
        if current_thread() is not self._thread:
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def _serve(self, port: int, ready: Future[tuple[int, asyncio.AbstractEventLoop]]) -> None:
        """Listen until told to stop, then end every connection."""
        sessions, clients = Sessions(), set[asyncio.Task[None]]()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if self._stop.is_set() or len(clients) >= self._most_connections:
                writer.transport.abort()
                return
            client = Client(sessions, reader, writer, self._connect_seconds)
            task = asyncio.get_running_loop().create_task(client.run())
            clients.add(task)
            task.add_done_callback(clients.discard)
            # A task cancelled before its first step closes nothing itself.
            task.add_done_callback(lambda _: writer.transport.abort())

        try:
            server = await asyncio.start_server(accept, self._host, port, backlog=256)
        except (OSError, OverflowError) as wrong:
            ready.set_exception(wrong)
            return
        ready.set_result((server.sockets[0].getsockname()[1], asyncio.get_running_loop()))
        await self._stop.wait()
        await _accept_no_more(server)
        server.close()
        for task in clients:
            task.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
        await _some_turns()  # in which the aborted transports close
        await server.wait_closed()


class Client:
    """One connection to the broker, from its first byte to its last; the `Outlet` of its session."""

    def __init__(
        self,
        sessions: Sessions,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        connect_seconds: float,
    ) -> None:
        self._sessions = sessions
        self._reader = reader
        self._writer = writer
        self._patience = connect_seconds  # seconds
        self._will: Publish | None = None

    @property
    def congested(self) -> bool:
        return self._writer.transport.get_write_buffer_size() > _MOST_UNSENT

    def send(self, data: bytes) -> None:
        if not self._writer.transport.is_closing():
            self._writer.write(data)

    def close(self) -> None:
        self._writer.transport.abort()

    async def run(self) -> None:
        """Serve the client until it leaves, is lost or breaks a rule."""
        session: Session | None = None
        try:
            session = await self._introduce()
            if session is not None:
                await self._attend(session)
        except Malformed as wrong:
            _tell(session, str(wrong), logging.INFO if session is None else logging.WARNING)
        except TimeoutError:
            _tell(session, "it was silent, or read nothing, for too long", logging.INFO)
        except (OSError, asyncio.IncompleteReadError):
            _tell(session, "it was lost", logging.DEBUG)
        except asyncio.CancelledError:
            self._will = None
            self.close()
            raise
        finally:
            self._leave(session)
        await self._hang_up()

    async def _introduce(self) -> Session | None:
        """Take the first packet; the client's session, or None for a client that was refused."""
        connect = await self._read()
        if not isinstance(connect, Connect):
            raise Malformed("its first packet is no CONNECT")
        code = _refusal(connect)
        opened = None
        if code == packets.ACCEPTED:
            client_id = connect.client_id or f"anonymous-{id(self):x}"
            now = asyncio.get_running_loop().time()
            opened = self._sessions.open(client_id, self, clean=connect.clean_session, now=now)
        if opened is None:
            self.send(packets.write_connack(code or packets.WRONG_CLIENT_ID))
            return None
        session, present = opened
        self._will = connect.will
        self._patience = 1.5 * min(connect.keep_alive_seconds or _LONGEST_KEEP_ALIVE, _LONGEST_KEEP_ALIVE)
        self.send(packets.write_connack(packets.ACCEPTED, session_present=present))
        session.attach(self)
        return session

    async def _attend(self, session: Session) -> None:
        """Answer packet after packet, until the client leaves in peace."""
        while True:
            packet = await self._read()
            match packet:
                case Publish():
                    await self._publish(packet)
                case Puback():
                    session.acknowledge(packet.packet_id)
                case Subscribe():
                    self._subscribe(session, packet)
                case Unsubscribe():
                    for topic_filter in packet.filters:
                        session.subscriptions.pop(topic_filter, None)
                    self.send(packets.write_unsuback(packet.packet_id))
                case Pingreq():
                    self.send(packets.write_pingresp())
                case Disconnect():
                    self._will = None
                    return
                case Connect():
                    raise Malformed("it sent a second CONNECT")
            async with asyncio.timeout(self._patience):
                await self._writer.drain()

    def _subscribe(self, session: Session, packet: Subscribe) -> None:
        if len(packet.filters) > _MOST_FILTERS:
            raise Malformed(
                f"it subscribes to {len(packet.filters)} filters at once, more than {_MOST_FILTERS}"
            )
        codes, retained = self._sessions.subscribe(session, packet.filters)
        self.send(packets.write_suback(packet.packet_id, codes))
        for message in retained:
            session.give(message)

    async def _publish(self, message: Publish) -> None:
        """Hand a message round, then acknowledge it; not before the subscribers have room for it."""
        _check_message(message)
        if message.qos:
            await self._room(message.topic)
        self._sessions.publish(message)
        if message.qos:
            self.send(packets.write_puback(message.packet_id))

    async def _room(self, topic: str) -> None:
        """Wait until all connected subscribers have room in their queues. Raises Malformed in the end."""
        end = asyncio.get_running_loop().time() + _ROOM_SECONDS
        while (full := self._sessions.blocked(topic)) is not None:
            if asyncio.get_running_loop().time() > end:
                raise Malformed(f"client {full.client_id!r} has had a full queue for {_ROOM_SECONDS:g} s")
            await asyncio.sleep(_ROOM_TRIES_SECONDS)

    async def _read(self) -> Packet:
        """The next packet. Raises Malformed, TimeoutError, IncompleteReadError, OSError."""
        async with asyncio.timeout(self._patience):
            first = (await self._reader.readexactly(1))[0]
            length = 0
            for place in range(4):
                byte = (await self._reader.readexactly(1))[0]
                length |= (byte & 0x7F) << 7 * place
                if not byte & 0x80:
                    break
            else:
                raise Malformed("the length of a packet has more than four bytes")
            if length > _LARGEST_PACKET:
                raise Malformed(
                    f"a packet has {length} bytes, more than the {LARGEST_PAYLOAD} of a message on AWS"
                )
            return read_packet(first, await self._reader.readexactly(length))

    def _leave(self, session: Session | None) -> None:
        """Leave the session, and publish the will unless the client left in peace."""
        if session is None:
            return
        self._sessions.leave(session, self, asyncio.get_running_loop().time())
        if self._will is not None and fault_in_topic(self._will.topic) is None:
            self._sessions.publish(replace(self._will, qos=min(self._will.qos, 1)))

    async def _hang_up(self) -> None:
        """Let the last answer out, then close."""
        self._writer.close()
        try:
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._writer.wait_closed()
        except (OSError, TimeoutError):
            self._writer.transport.abort()


async def _accept_no_more(server: asyncio.Server) -> None:
    """Let the connections that were just accepted reach their client: closing first would lose them, open."""
    loop = asyncio.get_running_loop()
    with suppress(NotImplementedError):  # Windows' loop has no readers, and nothing between the two
        for listening in server.sockets:
            loop.remove_reader(listening.fileno())
    await _some_turns()


async def _some_turns() -> None:
    """Let the loop do what it has begun: to accept takes it two turns, to close one."""
    for _ in range(4):
        await asyncio.sleep(0)


def _refusal(connect: Connect) -> int:
    """The code with which a CONNECT is refused, or `ACCEPTED`."""
    if connect.level != 4:
        return packets.WRONG_PROTOCOL
    nameless = not connect.client_id and not connect.clean_session
    if nameless or len(connect.client_id.encode()) > _LONGEST_CLIENT_ID:
        return packets.WRONG_CLIENT_ID
    return packets.ACCEPTED


def _check_message(message: Publish) -> None:
    """Raise Malformed for a message that AWS IoT Core would not take."""
    if fault := fault_in_topic(message.topic):
        raise Malformed(f"the topic {message.topic[:300]!r} {fault}")
    if len(message.payload) > LARGEST_PAYLOAD:
        size_bytes = len(message.payload)
        raise Malformed(f"a message on {message.topic!r} has {size_bytes} bytes, more than {LARGEST_PAYLOAD}")


def _tell(session: Session | None, why: str, level: int) -> None:
    """Log why a connection ends."""
    name = "that had not introduced itself" if session is None else repr(session.client_id)
    log.log(level, "MQTT: the connection of the client %s ends: %s", name, why)


def _is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
