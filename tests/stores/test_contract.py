"""What every store promises the engine."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest

from sfnb.engine.events import Event, ExecutionAborted, ExecutionStarted, PassStateEntered
from sfnb.engine.facts import TaskPrinted
from sfnb.engine.ports import EventStore
from sfnb.errors import StaleAppend
from sfnb.stores import STORES

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
LOG: Sequence[Event] = [
    ExecutionStarted(id=1, previous_event_id=0, timestamp=NOON, input='{"é": 1}', role_arn="role"),
    PassStateEntered(id=2, previous_event_id=0, timestamp=NOON, frame=(1, 2), name="😀", input="null"),
    TaskPrinted(id=0, previous_event_id=2, timestamp=NOON, text="line\n"),
    ExecutionAborted(id=3, previous_event_id=0, timestamp=NOON.replace(microsecond=123456)),
]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> EventStore:
    return STORES[request.param]()


def test_what_was_appended_is_read_in_order(store: EventStore) -> None:
    store.append("run", LOG[:1], after=0)
    store.append("run", LOG[1:], after=1)

    assert list(store.read("run")) == LOG


def test_reading_may_leave_out_the_first_events(store: EventStore) -> None:
    store.append("run", LOG, after=0)

    assert list(store.read("run", after=3)) == LOG[3:]
    assert list(store.read("run", after=4)) == []
    assert list(store.read("run", after=9)) == []


def test_the_second_writer_is_refused_and_nothing_is_written(store: EventStore) -> None:
    store.append("run", LOG[:2], after=0)

    for after in (0, 1, 3):
        with pytest.raises(StaleAppend):
            store.append("run", LOG[2:], after=after)
    assert list(store.read("run")) == LOG[:2]


def test_a_stream_that_is_not_there_is_empty(store: EventStore) -> None:
    assert list(store.read("nowhere")) == []
    with pytest.raises(StaleAppend):
        store.append("nowhere", LOG, after=1)
    assert list(store.executions()) == []


def test_streams_do_not_mix(store: EventStore) -> None:
    store.append("one", LOG[:1], after=0)
    store.append("two", LOG[:2], after=0)
    store.append("one", LOG[1:2], after=1)

    assert list(store.read("one")) == list(store.read("two")) == LOG[:2]
    assert list(store.executions()) == ["one", "two"]


def test_what_is_being_read_may_grow(store: EventStore) -> None:
    store.append("run", LOG[:1], after=0)
    reading = store.read("run")
    store.append("run", LOG[1:], after=1)

    assert list(reading)[:1] == LOG[:1]


def test_the_writer_may_use_its_list_again(store: EventStore) -> None:
    batch = [LOG[0]]
    store.append("run", batch, after=0)
    batch.clear()

    assert list(store.read("run")) == LOG[:1]
