"""Disks, files and neighbours that do not behave."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sfnb.engine.records import ExecutionFilter
from sfnb.errors import StaleAppend, StoreFault
from sfnb.stores.sqlite import SqliteStore
from sfnb.stores.sqlite.schema import APPLICATION_ID, MIGRATIONS, prepare
from tests.stores.logs import begun, passes

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "executions.db"


@pytest.fixture
def store(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path, busy_seconds=0.1)
    store.append("run", begun("run"), after=0)
    yield store
    store.close()


# No room


def test_a_full_disk_is_told_and_overcome_once_there_is_room(store: SqliteStore) -> None:
    (pages,) = store.writer.connection.execute("PRAGMA page_count").fetchone()
    store.writer.connection.execute(f"PRAGMA max_page_count={pages + 20}")
    log = passes(1, payload=os.urandom(200_000).hex())

    with pytest.raises(StoreFault, match=r"executions\.db: there is no room to write: free some disk space"):
        store.append("run", log, after=2)
    assert list(store.read("run")) == begun("run")
    store.append("run", passes(1), after=2)  # a small one still has room
    store.writer.connection.execute("PRAGMA max_page_count=1000000")
    store.append("run", log, after=3)
    assert list(store.read("run")) == [*begun("run"), *passes(1), *log]


FULL_DISK = """
import os, sys
from sfnb.errors import StoreFault
from sfnb.stores.sqlite import SqliteStore
from tests.stores.logs import begun, passes

other = os.path.join(sys.argv[1], "other")
with open(other, "wb") as file:
    file.write(bytes(500_000))
store = SqliteStore(os.path.join(sys.argv[1], "executions.db"))
store.append("run", begun("run"), after=0)
after, fault = 2, None
payload = os.urandom(50_000).hex()
while fault is None:
    try:
        store.append("run", passes(1, payload=f"{after}{payload}"), after=after)
        after += 1
    except StoreFault as refusal:
        fault = str(refusal)
assert "no room to write" in fault or "the disk reports an error" in fault, fault
assert after > 5
assert sum(1 for _ in store.read("run")) == after
os.unlink(other)
store.append("next", [*begun("next"), *passes(3)], after=0)
assert list(store.read("next")) == [*begun("next"), *passes(3)]
store.close()
print("well")
"""


@pytest.mark.skipif(shutil.which("unshare") is None, reason="there is no unshare")
def test_a_disk_that_is_really_full_harms_nothing(tmp_path: Path) -> None:
    """A small file system that is mounted for one process alone, and gone with it; needs the right to."""
    mount = 'mount -t tmpfs -o size=2m tmpfs "$1" || exit 77; exec "$2" -c "$3" "$1"'
    command = ["unshare", "--mount", "sh", "-c", mount, "sh", tmp_path, sys.executable, FULL_DISK]
    ran = subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True)
    if "unshare failed" in ran.stderr or ran.returncode == 77:
        pytest.skip("no file system can be mounted")

    assert (ran.stderr, ran.stdout) == ("", "well\n")


# Neighbours


def test_a_file_that_another_process_keeps_locked_is_told_with_how_long_we_waited(store: SqliteStore) -> None:
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreFault, match=r"another process has kept it locked for 0\.1 seconds"):
            store.append("run", passes(1), after=2)
        other.execute("ROLLBACK")

    store.append("run", passes(1), after=2)
    assert list(store.read("run")) == [*begun("run"), *passes(1)]


def test_a_file_that_is_locked_cannot_be_opened_for_now(store: SqliteStore) -> None:
    store.close()
    with closing(sqlite3.connect(store.path, isolation_level=None)) as other:
        other.execute("PRAGMA locking_mode=EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreFault, match="another process has kept it locked"):
            SqliteStore(store.path, busy_seconds=0.1)
        other.execute("ROLLBACK")


def test_many_processes_may_make_the_same_file_at_once(path: Path) -> None:
    code = (
        "import sys\n"
        "from sfnb.stores.sqlite import SqliteStore\n"
        "from tests.stores.logs import begun\n"
        "sys.stdin.read(1)\n"
        "store = SqliteStore(sys.argv[1])\n"
        "store.append(sys.argv[2], begun(sys.argv[2]), after=0)\n"
        "store.close()\n"
    )
    names = [f"run-{n}" for n in range(6)]
    processes = [
        subprocess.Popen([sys.executable, "-c", code, path, name], stdin=subprocess.PIPE, cwd=ROOT)
        for name in names
    ]
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(b"x")
        process.stdin.flush()
    for process in processes:
        process.communicate()
        assert process.returncode == 0

    with closing(SqliteStore(path)) as store:
        assert sorted(store.executions()) == names


# Damage


def test_what_was_committed_before_a_torn_end_of_the_log_of_writes_is_there(
    path: Path, tmp_path: Path
) -> None:
    store = SqliteStore(path)
    store.append("run", begun("run"), after=0)
    wal = path.with_name(path.name + "-wal")
    ends = [wal.stat().st_size]
    for at in range(10):
        store.append("run", passes(1, first=at + 2), after=at + 2)
        ends.append(wal.stat().st_size)
    assert ends == sorted(set(ends))  # each commit made it longer: nothing was moved to the file yet
    empty = path.read_bytes()
    whole = wal.read_bytes()
    store.close()
    for number, end in enumerate(ends[1:], 1):
        for torn in (end - 1, ends[number - 1] + 1, (ends[number - 1] + end) // 2):
            wrong = bytes(255 - byte for byte in whole[torn:end])
            for garbage in (b"", wrong, wrong + os.urandom(9_000)):
                copy = tmp_path / f"{torn}-{len(garbage)}.db"
                copy.write_bytes(empty)
                copy.with_name(copy.name + "-wal").write_bytes(whole[:torn] + garbage)
                assert_whole(copy, number - 1)


def assert_whole(path: Path, appended: int) -> None:
    """The two records of the beginning and `appended` more; and it can be written to."""
    with closing(SqliteStore(path)) as store:
        assert list(store.read("run"))[:2] == begun("run")
        assert [event.id for event in store.read("run", after=2)] == list(range(2, appended + 2))
        assert store.writer.connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        store.claim("run")
        store.append("run", passes(1), after=appended + 2)


@pytest.mark.parametrize("content", [b"not a database, whatever it is called" * 200, os.urandom(10_000)])
def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)

    with pytest.raises(StoreFault, match=r"executions\.db: it is no SQLite database.*name another file"):
        SqliteStore(path)
    assert path.read_bytes() == content


def test_a_folder_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreFault, match=r"it cannot be opened|cannot be made"):
        SqliteStore(tmp_path)


def test_a_damaged_page_is_told_with_what_to_do(path: Path) -> None:
    store = SqliteStore(path)
    store.append("run", passes(1, payload=os.urandom(40_000).hex()), after=0)
    store.close()
    content = bytearray(path.read_bytes())
    for page in range(1, len(content) // 4_096):
        content[page * 4_096 : page * 4_096 + 16] = b"\xff" * 16
    path.write_bytes(content)

    store = SqliteStore(path)
    with pytest.raises(StoreFault, match=r"damaged.*sfnb store check"):
        list(store.read("run"))
    with pytest.raises(StoreFault, match=r"damaged.*sfnb store check"):
        store.append("other", begun("other"), after=0)
    store.close()


READ_ONLY = """
import os, sys
import urllib.parse  # what the store imports late, nobody may not read where Python is in root's home
from contextlib import closing
from sfnb.errors import StoreFault
from sfnb.stores.sqlite import SqliteStore
from tests.stores.logs import begun

if os.getuid() == 0:
    os.setuid(65534)
with closing(SqliteStore(sys.argv[1])) as store:
    assert list(store.read("run")) == begun("run")
    try:
        store.append("other", begun("other"), after=0)
    except StoreFault as fault:
        print(fault)
"""


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder of our own that every user may enter, unlike those that pytest makes."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        yield folder


def test_a_file_that_cannot_be_written_to_can_be_read(open_folder: Path) -> None:
    """In a process that is not root's, whom no mode of a file stops."""
    path = open_folder / "executions.db"
    with closing(SqliteStore(path)) as store:
        store.append("run", begun("run"), after=0)
    path.chmod(0o444)
    ran = subprocess.run(
        [sys.executable, "-c", READ_ONLY, path], check=False, cwd=ROOT, capture_output=True, text=True
    )

    assert ran.stderr == ""
    assert "it cannot be written to: give yourself the right to write the file and its folder" in ran.stdout


# Versions


def test_a_file_of_a_later_version_is_refused_and_left_as_it_is(store: SqliteStore) -> None:
    store.writer.connection.execute("PRAGMA user_version=99")
    store.close()
    content = store.path.read_bytes()

    with pytest.raises(StoreFault, match="has version 99, this sfnb knows up to 3: use a later sfnb"):
        SqliteStore(store.path)
    assert store.path.read_bytes() == content


def test_another_programs_database_is_refused_and_left_as_it_is(path: Path) -> None:
    for statement in ("CREATE TABLE orders (id)", "PRAGMA application_id=7", "PRAGMA user_version=1"):
        path.unlink(missing_ok=True)
        with closing(sqlite3.connect(path)) as other:
            other.execute(statement)
        content = path.read_bytes()

        with pytest.raises(StoreFault, match="is another program's SQLite database"):
            SqliteStore(path)
        assert path.read_bytes() == content


def test_an_empty_file_becomes_a_store(path: Path) -> None:
    path.touch()
    with closing(SqliteStore(path)) as store:
        store.append("run", begun("run"), after=0)
        assert store.writer.connection.execute("PRAGMA user_version").fetchone() == (len(MIGRATIONS),)
        assert store.writer.connection.execute("PRAGMA application_id").fetchone() == (APPLICATION_ID,)


def test_an_older_file_is_brought_forward_step_by_step(path: Path, store: SqliteStore) -> None:
    store.close()
    later = (
        *MIGRATIONS,
        "CREATE TABLE moons (name);\nINSERT INTO moons VALUES ('Io')",
        "ALTER TABLE moons ADD size",
    )
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        prepare(connection, path, 1, later)
        prepare(connection, path, 1, later)

        assert connection.execute("SELECT name, size FROM moons").fetchall() == [("Io", None)]
        assert connection.execute("PRAGMA user_version").fetchone() == (5,)
        assert connection.execute("SELECT count(*) FROM executions").fetchone() == (1,)
        with pytest.raises(StoreFault, match="has version 5, this sfnb knows up to 3"):
            prepare(connection, path, 1)


def test_a_step_that_fails_leaves_the_file_as_it_was(path: Path, store: SqliteStore) -> None:
    store.close()
    broken = (*MIGRATIONS, "CREATE TABLE moons (name)", "no SQL at all")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        with pytest.raises(sqlite3.OperationalError):
            prepare(connection, path, 1, broken)

        assert connection.execute("PRAGMA user_version").fetchone() == (3,)
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'moons'").fetchall() == []
    with closing(SqliteStore(path)) as again:
        assert len(again.list(ExecutionFilter())) == 1
        with pytest.raises(StaleAppend):
            again.append("run", begun("run"), after=0)
