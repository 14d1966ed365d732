"""A store whose file is made with the first write, and memory where there can be no file."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sfnb.engine import events as ev
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import StoreFault
from sfnb.stores.lazy import LazyStore
from sfnb.stores.sqlite import SqliteStore

STARTED = ev.ExecutionStarted(
    id=1, previous_event_id=0, timestamp=datetime(2026, 1, 1, tzinfo=UTC), input="{}", role_arn="r"
)


class Told(list[str]):
    """The sentences that were told."""


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def store(tmp_path: Path, told: Told) -> Iterator[LazyStore]:
    store = LazyStore(tmp_path / "sub" / "x.db", "normal", told.append)
    yield store
    store.close()


def test_reading_makes_no_file(store: LazyStore) -> None:
    assert store.list(ExecutionFilter()) == []
    assert store.find("one") is None
    assert list(store.read("one")) == list(store.read_back("one")) == []
    store.forget("one")

    assert not store.path.parent.exists()
    assert store.opened() is None


def test_the_first_write_makes_it(store: LazyStore, told: Told) -> None:
    store.append("one", [STARTED], after=0)

    assert store.path.exists()
    assert list(store.read("one")) == [STARTED]
    assert store.durable
    assert told == []
    other = SqliteStore(store.path)
    assert list(other.read("one")) == [STARTED]
    other.close()


def test_what_is_there_already_is_read(store: LazyStore) -> None:
    before = SqliteStore(store.path)
    before.append("one", [STARTED], after=0)
    before.close()

    assert store.executions() == ["one"]


def later_version(path: Path) -> None:
    SqliteStore(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version=999")
    connection.close()


def other_program(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_text("not a database at all, " * 100)


def no_folder(path: Path) -> None:
    path.parent.write_text("a file where the folder should be")


@pytest.mark.parametrize("spoil", [later_version, other_program, no_folder])
def test_where_there_can_be_no_file_events_are_kept_in_memory_and_that_is_told_once(
    store: LazyStore, told: Told, spoil: object
) -> None:
    spoil(store.path)  # type: ignore[operator]

    key = store.keep_definition("{}")
    store.append("one", [STARTED], after=0)

    assert store.definition(key) == "{}"
    assert list(store.read("one")) == [STARTED]
    assert not store.durable
    assert len(told) == 1
    assert told[0].endswith("; so executions are kept in memory, and end with this process")
    assert "\n" not in told[0]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
def test_a_file_that_cannot_be_written_is_told_with_the_first_write(store: LazyStore, told: Told) -> None:
    SqliteStore(store.path).close()
    store.path.chmod(0o400)
    store.path.parent.chmod(0o500)
    try:
        store.append("one", [STARTED], after=0)
    finally:
        store.path.parent.chmod(0o700)

    assert len(told) == 1
    assert list(store.read("one")) == [STARTED]


def test_to_open_it_at_once_raises_where_it_cannot_be(store: LazyStore, told: Told) -> None:
    later_version(store.path)

    with pytest.raises(StoreFault, match="version 999"):
        store.open()
    assert told == []
