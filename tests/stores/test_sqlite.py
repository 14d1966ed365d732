"""The store in a file: what other stores need not promise."""

from __future__ import annotations

import gc
import os
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sfnb.engine.ports import Append
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import SfnbError, StaleAppend, StoreFault
from sfnb.stores import default_path
from sfnb.stores.sqlite import SqliteStore, catalogue
from tests.stores.logs import arn, begun, failed, passes, succeeded

SOON = 60
"""Seconds within which what is expected comes."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "executions.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    yield store
    store.close()


# The file


def test_what_is_closed_and_opened_again_is_all_there(path: Path) -> None:
    first = SqliteStore(path)
    first.append("run", [*begun("run"), *passes(5_000), succeeded(5_002)], after=0)
    key = first.keep_definition("{}")
    known = first.find("run")
    first.close()

    second = SqliteStore(path)
    assert list(second.read("run")) == [*begun("run"), *passes(5_000), succeeded(5_002)]
    assert second.find("run") == known
    assert second.definition(key) == "{}"
    second.close()


def test_the_file_and_its_companions_are_for_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        store = SqliteStore(tmp_path / "new" / "folder" / "executions.db")
        store.append("run", begun("run"), after=0)
        modes = {
            file.name: stat.S_IMODE(file.stat().st_mode)
            for file in (tmp_path / "new").rglob("*")
            if not file.is_dir()
        }
        folders = [stat.S_IMODE((tmp_path / "new" / part).stat().st_mode) for part in ("", "folder")]
        store.close()
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(("executions.db", "executions.db-wal", "executions.db-shm", "1"), 0o600)
    assert folders == [0o700, 0o700]


def test_a_store_that_is_not_to_be_made_is_not(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match="there is no store at"):
        SqliteStore(tmp_path / "no" / "executions.db", create=False)
    assert list(tmp_path.iterdir()) == []


def test_reading_leaves_no_trace(path: Path) -> None:
    SqliteStore(path).close()
    store = SqliteStore(path, create=False)
    assert store.list(ExecutionFilter()) == []
    store.close()

    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_a_place_where_no_file_can_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(StoreFault, match=r"file/executions\.db cannot be made: Not a directory"):
        SqliteStore(tmp_path / "file" / "executions.db")


@pytest.mark.parametrize(("durability", "synchronous"), [("full", 2), ("normal", 1)])
def test_durability_is_what_sqlite_is_told(path: Path, durability: str, synchronous: int) -> None:
    store = SqliteStore(path, durability=durability)  # type: ignore[arg-type]
    store.append("run", begun("run"), after=0)
    store.forget("run")  # needs no sync of its own
    store.append("run", begun("run"), after=0)

    assert store.writer.connection.execute("PRAGMA synchronous").fetchone() == (synchronous,)
    assert store.writer.connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    store.close()


def test_a_process_that_is_killed_loses_nothing_that_was_appended(path: Path) -> None:
    code = (
        "import os, sys, signal\n"
        "from sfnb.stores.sqlite import SqliteStore\n"
        "from tests.stores.logs import begun, passes\n"
        "store = SqliteStore(sys.argv[1], durability='normal')\n"
        "store.append('run', [*begun('run'), *passes(300)], after=0)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    ended = subprocess.run([sys.executable, "-c", code, path], check=False, cwd=Path(__file__).parents[2])

    assert ended.returncode < 0
    store = SqliteStore(path)
    assert list(store.read("run")) == [*begun("run"), *passes(300)]
    store.close()


def test_the_default_file_is_in_the_users_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/data/of/someone")

    assert default_path().name == "executions.db"
    if sys.platform.startswith("linux"):
        assert default_path() == Path("/data/of/someone/sfnb/executions.db")


# Closing


CALLS: dict[str, Callable[[SqliteStore], object]] = {
    "append": lambda store: store.append("run", begun("run"), after=0),
    "append_all": lambda store: store.append_all([Append("run", begun("run"), 0)]),
    "read": lambda store: list(store.read("run")),
    "read_back": lambda store: list(store.read_back("run")),
    "forget": lambda store: store.forget("run"),
    "executions": lambda store: store.executions(),
    "find": lambda store: store.find("run"),
    "list": lambda store: store.list(ExecutionFilter()),
    "claim": lambda store: store.claim("run"),
    "keep_definition": lambda store: store.keep_definition("{}"),
    "definition": lambda store: store.definition("key"),
}


@pytest.mark.parametrize("call", CALLS)
def test_a_closed_store_says_so(store: SqliteStore, call: str) -> None:
    store.append("run", begun("run"), after=0)
    store.close()

    with pytest.raises(StoreFault, match=r"executions.db is closed"):
        CALLS[call](store)


def test_reading_that_was_under_way_ends_with_the_store(store: SqliteStore) -> None:
    for at in range(3):
        log = passes(2, payload=os.urandom(700_000).hex(), first=2 * at + 1)
        store.append("run", log, after=2 * at)
    reading = store.read("run")
    next(reading)
    store.close()

    with pytest.raises(StoreFault, match="is closed"):
        list(reading)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="open files cannot be counted")
def test_a_store_leaves_no_thread_and_no_open_file(path: Path) -> None:
    gc.collect()  # what other tests have left
    before, threads = open_files(), threading.active_count()
    for _ in range(5):
        store = SqliteStore(path)
        store.append("run", begun("run"), after=0)
        next(store.read("run"))
        store.forget("run")
        store.close()
    gc.collect()

    assert open_files() <= before
    assert threading.active_count() <= threads


def open_files() -> int:
    return len(os.listdir("/proc/self/fd"))


# Reading


def test_an_abandoned_reader_does_not_keep_the_log_of_writes_from_being_emptied(store: SqliteStore) -> None:
    for at in range(20):
        store.append("run", passes(1, payload=os.urandom(100_000).hex(), first=at + 1), after=at)
    reading, reading_back = store.read("run"), store.read_back("run")
    next(reading)
    next(reading_back)

    busy, left, moved = store.writer.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    assert (busy, left, moved) == (0, 0, 0)
    assert sum(1 for _ in reading) == 19
    assert sum(1 for _ in reading_back) == 19


def test_a_reader_does_not_wait_for_a_writer(store: SqliteStore, path: Path) -> None:
    store.append("run", begun("run"), after=0)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")

    began = time.monotonic()
    assert list(store.read("run")) == begun("run")
    assert store.find("run") is not None
    assert time.monotonic() - began < store.busy_seconds / 2
    other.close()


def test_a_reader_sees_what_was_appended_since_its_last_page(store: SqliteStore) -> None:
    store.append("run", begun("run"), after=0)
    reading = store.read("run")
    assert [next(reading), next(reading)] == begun("run")
    store.append("run", passes(2), after=2)

    assert list(reading) == passes(2)


def test_a_long_log_is_read_without_being_in_memory(store: SqliteStore) -> None:
    """100,000 events are some 60 MB as objects."""
    for at in range(0, 100_000, 5_000):
        store.append("run", passes(5_000, first=at + 1), after=at)
    for read in (store.read, store.read_back):
        tracemalloc.start()
        count = sum(1 for _ in read("run"))
        _, peak_bytes = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 100_000
        assert peak_bytes < 12_000_000


def test_a_record_that_is_missing_is_told_and_not_left_out(store: SqliteStore) -> None:
    for at in range(3):
        store.append("run", passes(2, first=2 * at + 1), after=2 * at)
    store.writer.connection.execute("DELETE FROM chunks WHERE place & 0xffffffff = 2")

    with pytest.raises(StoreFault, match=r"record 3 of run is missing.*sfnb store check"):
        list(store.read("run"))
    with pytest.raises(StoreFault, match="record 3 of run is missing"):
        list(store.read_back("run"))


def test_a_record_that_cannot_be_read_is_told(store: SqliteStore) -> None:
    store.append("run", passes(2), after=0)
    store.writer.connection.execute("UPDATE chunks SET data = x'3f3f'")

    for read in (store.read, store.read_back):
        with pytest.raises(StoreFault, match=r"record 1 of run cannot be read.*sfnb store check"):
            list(read("run"))


# Listing


def test_no_listing_looks_at_more_than_it_has_to(store: SqliteStore) -> None:
    """Each of the ways to list is served by an index, in its order: nothing is scanned, nothing is sorted."""
    plans = {
        "tops": ExecutionFilter(limit=10),
        "by_machine": ExecutionFilter(machine="orders", limit=10),
        "by_status": ExecutionFilter(status=["FAILED"], limit=10),
        "children": ExecutionFilter(parent="map", limit=10),
    }
    store.append("run", begun("run"), after=0)
    for index, wanted in plans.items():
        asked: list[str] = []
        reader = sqlite3.connect(store.path)
        reader.set_trace_callback(asked.append)
        catalogue.matching(reader, wanted)
        reader.set_trace_callback(None)
        plan = "\n".join(row[3] for row in reader.execute(f"EXPLAIN QUERY PLAN {asked[-1]}"))
        reader.close()
        assert f"USING INDEX executions_{index}" in plan, plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE FOR ORDER BY" not in plan, plan


def test_listing_a_hundred_thousand_executions_is_quick(store: SqliteStore) -> None:
    store.append(arn("first"), [*begun("first"), failed(2, "Boom")], after=0)
    store.append(arn("running"), begun("running", machine="refunds"), after=0)
    store.writer.connection.execute(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100000)"
        " INSERT INTO executions"
        " (arn, owner, machine, name, kind, status, started, events, last_id, redrive_count)"
        " SELECT 'arn:' || n, 0, 1, 'e' || n, 'STANDARD', 'SUCCEEDED', n, 3, 3, 0 FROM n"
    )
    seconds = []
    for wanted, count in (
        (ExecutionFilter(limit=50), 50),
        (ExecutionFilter(machine="orders", limit=50), 50),
        (ExecutionFilter(machine="refunds", limit=50), 1),
        (ExecutionFilter(status=["FAILED"], limit=50), 1),
        (ExecutionFilter(status=["RUNNING"]), 1),
        (ExecutionFilter(name="e99*", limit=50), 50),
    ):
        began = time.thread_time()
        assert len(store.list(wanted)) == count
        seconds.append(time.thread_time() - began)
    assert max(seconds) < 0.1


# Writing together


def test_those_who_append_at_the_same_time_share_a_transaction(store: SqliteStore) -> None:
    store.append("first", begun("first"), after=0)
    commits: list[str] = []
    store.writer.connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
    threads = [
        threading.Thread(target=store.append, args=(f"run-{n}", begun(f"run-{n}")), kwargs={"after": 0})
        for n in range(20)
    ]
    with store.writer.lock:  # as if a commit took long
        for thread in threads:
            thread.start()
        until = time.monotonic() + SOON
        while len(store.writer.queue) < 20 and time.monotonic() < until:
            time.sleep(0.001)
    for thread in threads:
        thread.join()

    assert len(commits) == 1
    assert len(store.executions()) == 21


def test_a_stale_append_spoils_nothing_for_those_it_is_committed_with(store: SqliteStore) -> None:
    store.append("old", begun("old"), after=0)
    outcomes: dict[int, Exception | None] = {}

    def append(n: int) -> None:
        execution = "old" if n % 2 else f"new-{n}"
        try:
            store.append(execution, begun(execution), after=0)
        except SfnbError as fault:
            outcomes[n] = fault
        else:
            outcomes[n] = None

    together(store, append, 10)
    assert [type(outcomes[n]) for n in range(10)] == [type(None), StaleAppend] * 5
    assert len(store.executions()) == 6


def test_a_batch_that_cannot_be_written_spoils_nothing_for_the_others(store: SqliteStore) -> None:
    store.append("first", begun("first"), after=0)
    store.writer.connection.execute(
        "CREATE TEMP TRIGGER refuse BEFORE INSERT ON executions WHEN NEW.arn = 'run-3'"
        " BEGIN SELECT RAISE(FAIL, 'not this one'); END"
    )
    faults: dict[int, StoreFault] = {}

    def append(n: int) -> None:
        try:
            store.append(f"run-{n}", [*begun(f"run-{n}"), *passes(n)], after=0)
        except StoreFault as fault:
            faults[n] = fault

    together(store, append, 6)
    assert list(faults) == [3]
    assert "not this one" in str(faults[3])
    for n in (0, 1, 2, 4, 5):
        assert list(store.read(f"run-{n}")) == [*begun(f"run-{n}"), *passes(n)]


def test_a_name_that_is_no_unicode_is_refused_and_spoils_nothing_for_the_others(store: SqliteStore) -> None:
    store.append("first", begun("first"), after=0)
    faults: list[StoreFault] = []

    def append(n: int) -> None:
        try:
            store.append("\udcff" if n == 1 else f"run-{n}", begun("run"), after=0)
        except StoreFault as fault:
            faults.append(fault)

    together(store, append, 3)
    assert len(faults) == 1
    assert sorted(store.executions()) == ["first", "run-0", "run-2"]


def test_an_interrupt_rolls_back_and_leaves_the_others_their_turn(store: SqliteStore) -> None:
    store.append("first", begun("first"), after=0)

    def interrupted(connection: sqlite3.Connection) -> None:
        connection.execute("UPDATE executions SET name = 'half done'")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        store.write(interrupted)
    store.append("second", begun("second"), after=0)

    assert [record.name for record in store.list(ExecutionFilter())] == ["second", "first"]


def together(store: SqliteStore, work: Callable[[int], None], count: int) -> None:
    """Do `work(0)` to `work(count - 1)` in threads that all wait for the same commit."""
    threads = [threading.Thread(target=work, args=(n,)) for n in range(count)]
    with store.writer.lock:
        for thread in threads:
            thread.start()
        until = time.monotonic() + SOON
        while len(store.writer.queue) < count and time.monotonic() < until:
            time.sleep(0.001)
    for thread in threads:
        thread.join()


# Forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_forked_child_is_refused_and_harms_nothing(path: Path) -> None:
    store = SqliteStore(path)
    store.append("run", begun("run"), after=0)
    code, message = in_child(store, lambda: store.append("run", passes(1), after=2))

    assert code == 7
    assert "was opened by the process that this one was forked from: open it anew" in message
    store.append("run", passes(5), after=2)
    other = SqliteStore(path)
    seen = other.find("run")
    assert seen is not None
    assert seen.owner == "others"  # the child did not take our lock with it
    other.close()
    store.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*use of fork:DeprecationWarning")
def test_a_child_that_outlives_its_parents_store_does_not_keep_its_lock(path: Path) -> None:
    store = SqliteStore(path)
    store.append("run", begun("run"), after=0)
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(ready[1], b"1")
        os.read(go[0], 1)
        os._exit(0)
    os.read(ready[0], 1)
    store.close()

    other = SqliteStore(path)
    seen = other.find("run")
    assert seen is not None
    assert seen.owner == "nobody"
    other.close()
    os.write(go[1], b"1")
    os.waitpid(child, 0)
    for descriptor in (*ready, *go):
        os.close(descriptor)


def in_child(store: SqliteStore, call: Callable[[], object]) -> tuple[int, str]:
    """Make `call` in a forked child, which then closes all it has; 7 and the message where it is refused."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            call()
        except StoreFault as fault:
            os.write(writing, str(fault).encode())
            code = 7
        store.close()
        store.writer.connection.close()  # as the end of the interpreter would
        os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        message = pipe.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), message
