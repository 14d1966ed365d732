"""Who may append: stores in one process, and in several."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.errors import ExecutionOwned, StaleAppend
from sfnb.stores.sqlite import SqliteStore
from sfnb.stores.sqlite.locks import HeldLock, is_held
from tests.stores.logs import begun, passes, succeeded

ROOT = Path(__file__).parents[2]
PREAMBLE = """
import sys
from sfnb.errors import ExecutionOwned, StaleAppend
from sfnb.stores.sqlite import SqliteStore
from tests.stores.logs import begun, passes

def say(word):
    print(word, flush=True)

store = SqliteStore(sys.argv[1])
"""

Start = Callable[[str], "subprocess.Popen[str]"]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "executions.db"


@pytest.fixture
def start(path: Path) -> Iterator[Start]:
    """Starts a process that opens the store and goes on with this code; killed in the end."""
    started: list[subprocess.Popen[str]] = []

    def start(code: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PREAMBLE + code, str(path)]
        started.append(
            subprocess.Popen(
                command, cwd=ROOT, text=True, bufsize=1, stdin=subprocess.PIPE, stdout=subprocess.PIPE
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def heard(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str], word: str) -> None:
    assert process.stdin is not None
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def known(store: SqliteStore, execution: str) -> ExecutionRecord:
    record = store.find(execution)
    assert record is not None
    return record


# In one process


def test_two_stores_on_one_file_do_not_write_to_each_others_executions(path: Path) -> None:
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as two:
        one.append("first", begun("first"), after=0)
        two.append("second", begun("second"), after=0)

        assert [record.owner for record in one.list(ExecutionFilter())] == ["others", "us"]
        assert [record.owner for record in two.list(ExecutionFilter())] == ["us", "others"]
        with pytest.raises(StaleAppend, match=rf"first is not ours to go on with: process {os.getpid()} on"):
            two.append("first", passes(1), after=2)
        assert list(one.read("first")) == list(two.read("first")) == begun("first")


def test_an_execution_of_one_that_lives_cannot_be_claimed(path: Path) -> None:
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as two:
        one.append("run", begun("run"), after=0)

        with pytest.raises(ExecutionOwned, match=rf"process {os.getpid()} on {socket.gethostname()}"):
            two.claim("run")
        with pytest.raises(ExecutionOwned):
            two.forget("run")
        one.append("run", passes(1), after=2)


def test_an_execution_that_has_ended_is_free_for_the_taking(path: Path) -> None:
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as two:
        one.append("run", [*begun("run"), succeeded(2)], after=0)
        two.claim("run")
        two.append("run", passes(1), after=3)

        with pytest.raises(StaleAppend, match="not ours to go on with"):
            one.append("run", passes(1), after=4)


def test_closing_makes_what_has_no_end_nobodys(path: Path) -> None:
    one = SqliteStore(path)
    one.append("run", begun("run"), after=0)
    one.append("over", [*begun("over"), succeeded(2)], after=0)
    one.close()

    with closing(SqliteStore(path)) as two:
        assert (known(two, "run").owner, known(two, "run").interrupted) == ("nobody", True)
        assert not known(two, "over").interrupted
        with pytest.raises(StaleAppend, match="not ours"):
            two.append("run", passes(1), after=2)
        two.claim("run")
        assert known(two, "run").owner == "us"
        two.append("run", passes(1), after=2)


def test_one_that_was_thought_dead_cannot_write_any_more(path: Path) -> None:
    """Its lock is gone, as when its folder was deleted; the number in the row is the fence."""
    with closing(SqliteStore(path)) as one, closing(SqliteStore(path)) as two:
        one.append("run", begun("run"), after=0)
        for file in path.with_name(path.name + ".locks").iterdir():
            file.unlink()
        two.claim("run")
        two.append("run", passes(1), after=2)

        with pytest.raises(StaleAppend, match="not ours to go on with"):
            one.append("run", passes(1), after=3)
        assert known(one, "run").owner == "others"


def test_the_locks_of_the_dead_are_removed_and_those_of_the_living_kept(path: Path) -> None:
    locks = path.with_name(path.name + ".locks")
    with closing(SqliteStore(path)) as one:
        one.append("run", begun("run"), after=0)
        (locks / "77").touch()
        with closing(SqliteStore(path)) as two:
            two.append("other", begun("other"), after=0)
            assert sorted(file.name for file in locks.iterdir()) == ["1", "2"]
    assert list(locks.iterdir()) == []


def test_a_number_is_never_given_twice(path: Path) -> None:
    for number in (1, 2, 3):
        with closing(SqliteStore(path)) as store:
            store.append(f"run-{number}", begun("run"), after=0)
            assert store.number == number
            store.writer.connection.execute("DELETE FROM owners")


def test_a_store_that_is_reached_by_another_path_has_the_same_locks(path: Path) -> None:
    link = path.with_name("link.db")
    with closing(SqliteStore(path)) as one:
        one.append("run", begun("run"), after=0)
        link.symlink_to(path)
        with closing(SqliteStore(link)) as two, pytest.raises(ExecutionOwned):
            two.claim("run")


def test_a_lock_is_held_until_it_is_released(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "lock")
    lock = HeldLock(tmp_path / "lock")
    assert is_held(tmp_path / "lock")
    lock.release()
    assert not is_held(tmp_path / "lock")
    assert list(tmp_path.iterdir()) == []


# In several


def test_another_process_that_lives_is_named(path: Path, start: Start) -> None:
    other = start("store.append('run', begun('run'), after=0); say('begun'); sys.stdin.readline()")
    assert heard(other) == "begun"

    with closing(SqliteStore(path)) as store:
        assert known(store, "run").owner == "others"
        with pytest.raises(ExecutionOwned, match=f"process {other.pid} on {socket.gethostname()}"):
            store.claim("run")


def test_what_a_killed_process_was_at_can_be_taken_over(path: Path, start: Start) -> None:
    other = start("store.append('run', begun('run'), after=0); say('begun'); sys.stdin.readline()")
    assert heard(other) == "begun"
    with closing(SqliteStore(path)) as store:
        assert known(store, "run").owner == "others"
        other.send_signal(signal.SIGKILL)
        other.wait()

        assert known(store, "run").interrupted
        store.claim("run")
        store.append("run", passes(1), after=2)
        assert list(store.read("run")) == [*begun("run"), *passes(1)]


def test_of_two_processes_that_claim_what_the_dead_left_exactly_one_wins(path: Path, start: Start) -> None:
    """Fifty times, each time for another dead owner's execution."""
    racer = """
store.append(sys.argv[0] + str(store.path) + str(__import__('os').getpid()), begun('mine'), after=0)
say('ready')
for line in sys.stdin:
    execution = line.strip()
    try:
        store.claim(execution)
        store.append(execution, passes(1), after=2)
    except (ExecutionOwned, StaleAppend) as refusal:
        say(type(refusal).__name__)
    else:
        say('won')
"""
    racers = [start(racer), start(racer)]
    assert [heard(each) for each in racers] == ["ready", "ready"]
    wins = [0, 0]
    for attempt in range(50):
        execution = f"left-{attempt}"
        with closing(SqliteStore(path)) as dead:
            dead.append(execution, begun(execution), after=0)
        for each in racers[:: 1 - 2 * (attempt % 2)]:
            tell(each, execution)
        outcomes = [heard(each) for each in racers]
        assert sorted(outcomes) == ["ExecutionOwned", "won"]
        wins[outcomes.index("won")] += 1

    assert sum(wins) == 50
    with closing(SqliteStore(path)) as store:
        assert all(known(store, f"left-{attempt}").events == 3 for attempt in range(50))


def test_two_processes_that_begin_the_same_execution_do_not_both_succeed(path: Path, start: Start) -> None:
    racer = """
say('ready')
for line in sys.stdin:
    try:
        store.append(line.strip(), begun(line.strip()), after=0)
    except StaleAppend:
        say('refused')
    else:
        say('won')
"""
    racers = [start(racer), start(racer)]
    assert [heard(each) for each in racers] == ["ready", "ready"]
    for attempt in range(50):
        for each in racers:
            tell(each, f"run-{attempt}")
        assert sorted(heard(each) for each in racers) == ["refused", "won"]


def test_processes_that_append_at_the_same_time_lose_nothing(path: Path, start: Start) -> None:
    writer = """
import os
name = str(os.getpid())
for at in range(100):
    store.append(name, passes(3, first=3 * at + 1), after=3 * at)
store.close()
say(name)
"""
    names = [heard(each) for each in [start(writer) for _ in range(3)]]

    with closing(SqliteStore(path)) as store:
        for name in names:
            assert [event.id for event in store.read(name)] == list(range(1, 301))


def test_a_resource_is_held_by_one_process_until_it_ends(path: Path) -> None:
    with closing(SqliteStore(path)) as first:
        first.keep_resource("trigger", "trigger", b"1")
        assert first.hold_resource("trigger") is None
        with closing(SqliteStore(path)) as second:
            assert second.hold_resource("trigger") == f"process {os.getpid()} on {socket.gethostname()}"
            second.keep_resource("trigger", "trigger", b"2")
            assert second.hold_resource("trigger") is not None, "what is kept does not change who holds it"
    with closing(SqliteStore(path)) as third:
        assert third.hold_resource("trigger") is None


def test_a_resource_of_a_killed_process_can_be_held(path: Path, start: Start) -> None:
    other = start(
        "store.keep_resource('trigger', 'trigger', b'1')\n"
        "say(store.hold_resource('trigger'))\n"
        "sys.stdin.readline()\n"
    )
    assert other.stdout is not None
    assert other.stdout.readline() == "None\n"
    with closing(SqliteStore(path)) as store:
        assert store.hold_resource("trigger") is not None
        other.send_signal(signal.SIGKILL)
        other.wait()
        assert store.hold_resource("trigger") is None


def test_a_resource_that_is_released_can_be_held_by_another(path: Path) -> None:
    with closing(SqliteStore(path)) as first, closing(SqliteStore(path)) as second:
        first.keep_resource("trigger", "trigger", b"1")
        assert first.hold_resource("trigger") is None
        second.release_resource("trigger")
        assert second.hold_resource("trigger") is not None, "only its holder can let it go"
        first.release_resource("trigger")
        assert second.hold_resource("trigger") is None
