"""Disks that are full or torn, files that are locked, processes that race or are thought dead."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from sfnb.engine import events as ev
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.values import Payload
from tests.crash.driver import ROOT, Answers, Process, check_finished, finish, process
from tests.crash.evidence import Evidence
from tests.crash.full_disk import run_out_and_go_on
from tests.crash.ledger import Ledger
from tests.crash.verdict import compare
from tests.crash.victim import Round

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nobody is stopped or killed here")
WAIT_SECONDS = 60
EXECUTIONS = 20
SEED = "adversities"


class Place:
    """A folder with a store, the deeds of those who use it, and one to compare with."""

    def __init__(self, folder: Path, seed: str) -> None:
        self.folder = folder
        self.seed = seed
        folder.mkdir(exist_ok=True)
        self.ledger = Ledger(folder)
        self.answers = Answers(self.ledger)
        self.evidence = Evidence(folder, self.ledger)

    def round(self, number: int, count: int = 0, *, races: bool = False) -> Round:
        return Round(
            folder=str(self.folder),
            seed=self.seed,
            machines=EXECUTIONS,
            round=number,
            first=0,
            count=count,
            nests=False,
            races=races,
        )

    def at_work(self, victim: Process) -> None:
        """Wait until a victim has begun all, and some have ended."""
        while victim.said != "begun":
            self.answers.give()
            victim.listen(0.005)
            assert victim.popen.poll() is None, victim.reap()
        ended = self.ledger.reader("ended")
        while not ended.new():
            self.answers.give()
            assert victim.listen(0.005) != "done"

    def until_done(self, *victims: Process) -> None:
        while any(victim.said != "done" for victim in victims):
            self.answers.give()
            for victim in victims:
                if victim.said != "done" and victim.listen(0.005) is None:
                    assert victim.popen.poll() is None, victim.reap()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    place = Place(tmp_path / "place", SEED)
    yield place
    place.ledger.close()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Evidence:
    """What the same executions come to, undisturbed."""
    place = Place(tmp_path_factory.mktemp("whole"), SEED)
    finish(place.round(0, EXECUTIONS), place.answers)
    place.evidence.look(0)
    place.ledger.close()
    return place.evidence


# The disk


def test_a_file_that_may_not_grow_lets_go_of_executions_and_nothing_is_called_twice(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path)
    store = SqliteStore(tmp_path / "store.db")
    pages = "PRAGMA max_page_count={}".format
    store.writer.connection.execute(pages(100)).fetchall()

    faults = run_out_and_go_on(
        store, ledger, lambda: store.writer.connection.execute(pages(1_000_000)).fetchall()
    )

    ledger.close()
    assert all("there is no room to write: free some disk space" in fault for fault in faults)


@pytest.mark.skipif(shutil.which("unshare") is None, reason="there is no unshare")
def test_a_disk_that_is_full_lets_go_of_executions_and_nothing_is_called_twice(tmp_path: Path) -> None:
    """A small file system that is mounted for one process alone, and gone with it; needs the right to."""
    small = tmp_path / "small"
    small.mkdir()
    mount = 'mount -t tmpfs -o size=4m tmpfs "$1" || exit 77; shift; exec "$@"'
    run = [sys.executable, "-m", "tests.crash.full_disk", str(tmp_path), str(small)]
    ran = subprocess.run(
        ["unshare", "--mount", "sh", "-c", mount, "sh", str(small), *run],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if "unshare failed" in ran.stderr or ran.returncode == 77:
        pytest.skip("no file system can be mounted")

    assert ran.stdout == "well\n", ran.stderr


@pytest.mark.parametrize("tear", ["cut off", "garbled"])
def test_a_torn_end_of_the_write_ahead_log_costs_one_commit_and_no_execution(
    place: Place, whole: Evidence, tear: str
) -> None:
    """As after a power cut at normal durability; what was told of that commit is told again."""
    chance = random.Random(f"{place.seed}/{tear}")
    with process(place.round(0, EXECUTIONS)) as victim:
        place.at_work(victim)
        victim.kill()
    with (place.folder / "store.db-wal").open("r+b") as wal:
        size = wal.seek(0, os.SEEK_END)
        wal.seek(size - chance.randrange(1, 4096))
        if tear == "cut off":
            wal.truncate()
        else:
            wal.write(chance.randbytes(1))
    for name in ("accepted", "ended"):
        os.truncate(place.folder / name, 0)

    finish(place.round(1, EXECUTIONS), place.answers)
    evidence = Evidence(place.folder, place.ledger, torn=True)
    evidence.look(1)
    compare(evidence, whole)


# The neighbours


def test_a_locked_file_lets_go_of_an_execution_which_goes_on_when_it_is_free(tmp_path: Path) -> None:
    tree = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": "work", "End": True}}}
    go = threading.Event()
    keys: list[str] = []

    def work(event: Any, context: Any) -> int:
        keys.append(context.aws_request_id)
        assert go.wait(WAIT_SECONDS)
        return 7

    service = StepFunctions(store=SqliteStore(tmp_path / "store.db", busy_seconds=0.1))
    service.registry.functions["work"] = work
    machine = load_machine(service, tree, name="machine").record
    with closing(service), closing(sqlite3.connect(tmp_path / "store.db", isolation_level=None)) as other:
        live = service.start_execution(machine, Payload({}), name="it")
        while not keys:
            go.wait(0.001)
        other.execute("BEGIN EXCLUSIVE")
        go.set()
        assert live.wait(WAIT_SECONDS)
        assert "another process has kept it locked for 0.1 seconds" in str(live.fault)
        other.execute("ROLLBACK")

        assert service.resume_execution(live.arn).wait(WAIT_SECONDS)
        assert isinstance(live.last, ev.ExecutionSucceeded)
        assert keys == [keys[0]] * 2


def test_two_processes_that_race_to_resume_run_each_execution_once(place: Place, whole: Evidence) -> None:
    with process(place.round(0, EXECUTIONS)) as victim:
        place.at_work(victim)
        victim.kill()
    left = place.evidence.look(0)
    assert left > 1  # else there is nothing to race for

    with ExitStack() as stack:
        racers = [stack.enter_context(process(place.round(1, races=True))) for _ in range(2)]
        for racer in racers:
            assert racer.listen(WAIT_SECONDS) == "serving"
        for racer in racers:
            assert racer.popen.stdin is not None
            racer.popen.stdin.write(b"go\n")
            racer.popen.stdin.flush()
        place.until_done(*racers)
        for racer in racers:
            check_finished(racer)
    assert place.evidence.look(1) == 0
    compare(place.evidence, whole)


def stop(victim: Process, store: Path) -> None:
    """Stop a process at a moment when it is not writing: it would keep the file locked."""
    for _ in range(1000):
        os.kill(victim.popen.pid, signal.SIGSTOP)
        os.waitpid(victim.popen.pid, os.WUNTRACED)
        with closing(sqlite3.connect(store, isolation_level=None, timeout=0)) as probe:
            try:
                probe.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                os.kill(victim.popen.pid, signal.SIGCONT)
                continue
            probe.execute("ROLLBACK")
        return
    raise AssertionError("it never stops writing")


def test_one_that_was_thought_dead_does_nothing_more_when_it_wakes(place: Place, whole: Evidence) -> None:
    with process(place.round(0, EXECUTIONS)) as sleeper:
        place.at_work(sleeper)
        stop(sleeper, place.folder / "store.db")
        (lock,) = (place.folder / "store.db.locks").iterdir()
        lock.unlink()
        assert place.evidence.look(0) > 0
        streams = list(place.evidence.streams.values())
        under_way = {key for stream in streams for key in stream.begun - stream.closed}
        answered = {token for stream in streams for token in stream.tokens}

        finish(place.round(1), place.answers)
        assert place.evidence.look(1) == 0
        calls, accepted = place.ledger.reader("calls"), place.ledger.reader("accepted")
        calls.new(), accepted.new()
        os.kill(sleeper.popen.pid, signal.SIGCONT)
        while sleeper.listen(WAIT_SECONDS) not in ("done", None):
            pass
        sleeper.popen.wait(WAIT_SECONDS)

        # What it had committed may still be done and told, under the key under which the other has done it.
        assert {line["key"] for line in calls.new() if line["at"] == "begin"} <= under_way
        assert {line["token"] for line in accepted.new()} <= answered
        assert sleeper.popen.returncode > 0
        assert "is not ours to go on with" in sleeper.reap()
    compare(place.evidence, whole)
