"""What the embedded broker keeps, without a socket."""

from __future__ import annotations

import logging

import pytest

from sfnb.triggers.iot.mqtt import sessions as module
from sfnb.triggers.iot.mqtt.packets import REFUSED, Publish, write_publish
from sfnb.triggers.iot.mqtt.sessions import Session, Sessions


class Sent:
    """An outlet that remembers."""

    def __init__(self) -> None:
        self.packets: list[bytes] = []
        self.closed = False
        self.congested = False

    def send(self, data: bytes) -> None:
        self.packets.append(data)

    def close(self) -> None:
        self.closed = True


def come(
    sessions: Sessions, client_id: str, *, clean: bool = False, now: float = 0.0
) -> tuple[Session, Sent, bool]:
    outlet = Sent()
    opened = sessions.open(client_id, outlet, clean=clean, now=now)
    assert opened is not None
    session, present = opened
    session.attach(outlet)
    return session, outlet, present


def message(payload: bytes, *, qos: int = 1, topic: str = "a", retain: bool = False) -> Publish:
    return Publish(topic=topic, payload=payload, qos=qos, retain=retain)


def sent(payload: bytes, packet_id: int, *, dup: bool = False) -> bytes:
    return write_publish(Publish(topic="a", payload=payload, qos=1, packet_id=packet_id, dup=dup))


def test_what_is_not_acknowledged_is_sent_again_with_its_id() -> None:
    sessions = Sessions()
    session, outlet, _ = come(sessions, "c")
    sessions.subscribe(session, [("a", 1)])
    for payload in (b"1", b"2", b"3"):
        sessions.publish(message(payload))
    session.acknowledge(2)
    sessions.leave(session, outlet, 0)
    sessions.publish(message(b"4"))

    again, outlet, present = come(sessions, "c")

    assert present
    assert again is session
    assert outlet.packets == [sent(b"1", 1, dup=True), sent(b"3", 3, dup=True), sent(b"4", 4)]


def test_a_clean_session_forgets() -> None:
    sessions = Sessions()
    session, _, _ = come(sessions, "c")
    sessions.subscribe(session, [("a", 1)])
    _, outlet, present = come(sessions, "c", clean=True)
    sessions.publish(message(b"1"))
    assert (outlet.packets, present) == ([], False)


def test_only_a_window_is_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    sessions = Sessions()
    session, outlet, _ = come(sessions, "c")
    sessions.subscribe(session, [("a", 1)])
    for number in range(module.WINDOW + 2):
        sessions.publish(message(b"%d" % number))
    assert len(outlet.packets) == module.WINDOW

    session.acknowledge(5)
    session.acknowledge(5)
    assert outlet.packets[module.WINDOW :] == [sent(b"100", 101)]


def test_overlapping_filters_send_one_copy_of_the_higher_qos() -> None:
    sessions = Sessions()
    session, outlet, _ = come(sessions, "c")
    sessions.subscribe(session, [("a", 0), ("#", 1), ("+", 0)])
    sessions.publish(message(b"1"))
    assert outlet.packets == [sent(b"1", 1)]


def test_a_full_queue_of_one_who_is_here_blocks_and_of_one_who_is_away_loses_the_oldest(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_QUEUED", 2)
    monkeypatch.setattr(module, "WINDOW", 1)
    sessions = Sessions()
    session, outlet, _ = come(sessions, "c")
    sessions.subscribe(session, [("a", 1)])
    for payload in (b"1", b"2", b"3"):
        assert sessions.blocked("a") is None
        sessions.publish(message(payload))
    assert sessions.blocked("a") is session
    assert sessions.blocked("b") is None

    sessions.leave(session, outlet, 0)
    assert sessions.blocked("a") is None
    sessions.publish(message(b"4"))
    sessions.publish(message(b"5"))
    _, outlet, _ = come(sessions, "c")
    for packet_id in (1, 2):
        session.acknowledge(packet_id)

    assert outlet.packets == [sent(b"1", 1, dup=True), sent(b"4", 2), sent(b"5", 3)]
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_session_ends_an_hour_after_its_connection() -> None:
    sessions = Sessions()
    session, outlet, _ = come(sessions, "c", now=0)
    sessions.leave(session, outlet, 100)
    assert come(sessions, "c", now=3700)[2]
    session, outlet, _ = come(sessions, "c", now=3800)
    sessions.leave(session, outlet, 4000)
    assert not come(sessions, "c", now=7601)[2]


def test_there_are_only_so_many_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SESSIONS", 2)
    sessions = Sessions()
    come(sessions, "1")
    come(sessions, "2")
    assert sessions.open("3", Sent(), clean=True, now=0) is None
    assert come(sessions, "2")[2]


def test_there_are_only_so_many_subscriptions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SUBSCRIPTIONS", 2)
    sessions = Sessions()
    session, _, _ = come(sessions, "c")
    codes, _ = sessions.subscribe(session, [("1", 1), ("2", 0), ("3", 1), ("1", 0)])
    assert codes == [1, 0, REFUSED, 0]


def test_the_last_retained_message_is_kept_until_an_empty_one() -> None:
    sessions = Sessions()
    session, _, _ = come(sessions, "c")
    sessions.publish(message(b"old", retain=True))
    sessions.publish(message(b"new", retain=True))
    assert [kept.payload for kept in sessions.subscribe(session, [("a", 1)])[1]] == [b"new"]
    sessions.publish(message(b"", retain=True))
    assert sessions.subscribe(session, [("a", 1)])[1] == []


def test_retained_messages_are_bounded(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "MOST_RETAINED_BYTES", 5)
    sessions = Sessions()
    session, _, _ = come(sessions, "c")
    sessions.publish(message(b"123", topic="a", retain=True))
    sessions.publish(message(b"456", topic="b", retain=True))
    sessions.publish(message(b"12345", topic="a", retain=True))
    assert [kept.payload for kept in sessions.subscribe(session, [("#", 1)])[1]] == [b"12345"]
    assert "on 'b' is not retained" in caplog.text


def test_a_congested_client_misses_qos_0_only() -> None:
    sessions = Sessions()
    session, outlet, _ = come(sessions, "c")
    sessions.subscribe(session, [("a", 1)])
    outlet.congested = True
    sessions.publish(message(b"may be lost", qos=0))
    sessions.publish(message(b"may not"))
    assert outlet.packets == [sent(b"may not", 1)]
