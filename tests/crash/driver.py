"""The driver: starts victims, kills them, and looks at what each has left.

A *campaign* is one folder with one store. Victim after victim resumes what the one before it left, starts a
few executions more and is killed at a moment that chance chooses; the last one may finish. Another process
then runs the same executions in a folder of its own, undisturbed, to compare with.
"""

from __future__ import annotations

import os
import random
import select
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from tests.crash.evidence import Evidence
from tests.crash.ledger import Ledger
from tests.crash.victim import Round

ROOT = Path(__file__).parents[2]
LONGEST_SECONDS = 60.0
"""After so long a victim that is to finish has failed to."""
BOOT_SECONDS = 0.6


class Process:
    """A victim under way. said: the last word that it said."""

    def __init__(
        self,
        round: Round,
        module: str = "tests.crash.victim",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.round = round
        self.said = ""
        self._buffer = b""
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 - closed by `reap`
        self.popen = subprocess.Popen(
            [sys.executable, "-m", module, msgspec.json.encode(round).decode()],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
        )

    def listen(self, seconds: float) -> str | None:
        """The next word that it says within so long; None if it says none."""
        assert self.popen.stdout is not None
        until = time.monotonic() + seconds
        while b"\n" not in self._buffer:
            ready, _, _ = select.select([self.popen.stdout], [], [], max(0.0, until - time.monotonic()))
            if not ready or not (chunk := os.read(self.popen.stdout.fileno(), 4096)):
                return None
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        self.said = line.decode()
        return self.said

    def kill(self) -> None:
        self.popen.kill()
        self.popen.wait()

    def reap(self) -> str:
        """End it, if it has not; what it wrote to its standard error."""
        self.kill()
        for stream in (self.popen.stdin, self.popen.stdout):
            assert stream is not None
            stream.close()
        self.errors.seek(0)
        text = self.errors.read().decode()
        self.errors.close()
        return text


@contextmanager
def process(
    round: Round,
    module: str = "tests.crash.victim",
    environment: Mapping[str, str] | None = None,
) -> Iterator[Process]:
    victim = Process(round, module, environment)
    try:
        yield victim
    finally:
        if not victim.errors.closed:
            victim.reap()


class Answers:
    """Another process that answers callbacks: through files, and whoever of its partners lives or dies."""

    def __init__(self, ledger: Ledger) -> None:
        self._asked = ledger.reader("asked")
        self._ledger = ledger
        self._answered: set[str] = set()

    def give(self) -> None:
        for asked in self._asked.new():
            if asked["by"] == "driver" and asked["token"] not in self._answered:
                self._answered.add(asked["token"])
                self._ledger.write("answers", token=asked["token"], answer=asked["answer"])


class Campaign:
    """kills: how many victims are to be killed. each: how many executions each of them starts."""

    def __init__(self, folder: Path, seed: str, *, kills: int, each: int = 6, machines: int = 28) -> None:
        self.folder = folder
        self.seed = seed
        self.kills = kills
        self.each = each
        self.machines = machines
        self.chance = random.Random(f"{seed}/driver")
        self.durability = self.chance.choice(["full", "normal"])
        self.killed: Counter[str] = Counter()
        """How many were killed at what."""
        self.rounds = 0
        self.full_seconds = 0.5
        """About how long a round takes from when it serves."""
        (folder / "crashed").mkdir()
        (folder / "whole").mkdir()
        self.ledger = Ledger(folder / "crashed")
        self.answers = Answers(self.ledger)
        self.evidence = Evidence(folder / "crashed", self.ledger)

    def run(self) -> None:
        try:
            while sum(self.killed.values()) < self.kills:
                self.one_round()
            finish(self.round(0, self.each * self.rounds), self.answers)
            self.evidence.look(self.rounds)
            whole = Ledger(self.folder / "whole")
            finish(self.round(0, self.each * self.rounds, folder="whole"), Answers(whole))
            whole.close()
        finally:
            self.ledger.close()

    def round(self, first: int, count: int, *, folder: str = "crashed") -> Round:
        return Round(
            folder=str(self.folder / folder),
            seed=self.seed,
            machines=self.machines,
            round=self.rounds,
            first=first,
            count=count,
            durability=self.durability,
        )

    def one_round(self) -> None:
        """Start a victim and kill it, if it is not quicker."""
        with process(
            self.round(self.each * max(0, self.rounds - 1), self.each * min(2, self.rounds + 1))
        ) as victim:
            early = self.chance.random() < 0.1
            delay = self.chance.uniform(0, BOOT_SECONDS)
            if not early:
                self.wait_for(victim, "serving")
                longest = 0.03 if self.chance.random() < 0.25 else self.full_seconds
                delay = self.chance.uniform(0, longest)
            served = time.monotonic()
            if self.pass_time(victim, delay) or victim.popen.poll() == 0:
                self.full_seconds = 0.7 * self.full_seconds + 0.3 * (time.monotonic() - served)
                check_finished(victim)
                self.evidence.look(self.rounds)
            else:
                self.full_seconds *= 1.02
                assert victim.popen.poll() is None, victim.reap()
                victim.kill()
                while victim.listen(0) is not None:
                    pass
                assert victim.reap() == ""
                self.killed[stage(victim.said, self.evidence.look(self.rounds))] += 1
        self.rounds += 1

    def wait_for(self, victim: Process, word: str) -> None:
        while victim.said != word:
            assert victim.listen(LONGEST_SECONDS) is not None, victim.reap()

    def pass_time(self, victim: Process, seconds: float) -> bool:
        """Answer callbacks for so long; whether the victim was done before."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            self.answers.give()
            if victim.listen(min(left, 0.005)) == "done":
                return True
        return False


def finish(round: Round, answers: Answers, environment: Mapping[str, str] | None = None) -> None:
    """Let a victim come to its end."""
    with process(round, environment=environment) as victim:
        until = time.monotonic() + LONGEST_SECONDS
        while victim.said != "done":
            answers.give()
            if victim.listen(0.005) is None and victim.popen.poll() is not None:
                break
            assert time.monotonic() < until, victim.reap()
        check_finished(victim)


def check_finished(victim: Process) -> None:
    victim.popen.wait(LONGEST_SECONDS)
    code = victim.popen.returncode
    errors = victim.reap()
    assert (code, errors) == (0, ""), errors


def stage(said: str, unfinished: int) -> str:
    """What a kill hit."""
    if said == "":
        return "at its start"
    if not unfinished:
        return "at nothing"
    return "as it resumed and started" if said == "serving" else "at work"
