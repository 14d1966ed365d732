"""The process that is killed: it resumes what was interrupted, starts more, and waits for all.

    python -m tests.crash.victim '{"folder": ..., "seed": ..., "machines": ..., "round": ..., "first": ...,
        "count": ..., "durability": ...}'

Says on its standard output how far it is: `serving`, `begun`, `done`.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from sfnb.engine import events as ev
from sfnb.engine.clock import JumpClock, RealClock
from sfnb.engine.tokens import TaskToken
from sfnb.errors import ExecutionOwned
from sfnb.machine import load_machine
from sfnb.service import ExecutionNotResumable, Live, StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.stores.sqlite.schema import Durability
from sfnb.values import Payload
from tests.crash.ledger import Ledger
from tests.crash.shapes import execution, machines, nested_machines
from tests.crash.work import World

WORKERS = 2
WAIT_SECONDS = 30
"""How long all may take; that is a fault then, not a slow machine."""


class Round(msgspec.Struct):
    """What one victim is to do.

    first, count: the numbers of the executions that it starts, after it has resumed.
    machines: how many different ones there are. nests: they may start others.
    races: it waits for a line before it begins, and leaves to other processes what they have.
    """

    folder: str
    seed: str
    machines: int
    round: int
    first: int
    count: int
    durability: Durability = "full"
    nests: bool = True
    races: bool = False


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


class Victim:
    def __init__(self, round: Round) -> None:
        self.round = round
        self.folder = Path(round.folder)
        self.ledger = Ledger(self.folder)
        self.service = StepFunctions(store=SqliteStore(self.folder / "store.db", durability=round.durability))
        self.world = World(self.service, self.ledger, round.round)
        self.world.register()
        self.activity = self.service.create_activity("desk").arn
        for machine in nested_machines(round.seed):
            load_machine(self.service, machine.tree, name=machine.name)

    def run(self) -> int:
        """How many executions this process could not go on with."""
        say("serving")
        if self.round.races:
            sys.stdin.readline()
        found = [self.resume(record.arn) for record in self.service.interrupted_executions()]
        lives = [live for live in found if live is not None]
        orphans = self.orphans()
        self.begin(self.world.answer_callbacks)
        for token in orphans:
            self.begin(lambda token=token: self.world.work_at(token.token, token.input))
        for _ in range(WORKERS):
            self.begin(lambda: self.world.work_at_activity(self.activity))
        lives += self.start()
        say("begun")
        self.until = time.monotonic() + WAIT_SECONDS
        lost = [live for live in lives if not self.wait(live)]
        say("done")
        return len(lost)

    def resume(self, arn: str) -> Live | None:
        try:
            return self.service.resume_execution(arn)
        except (ExecutionOwned, ExecutionNotResumable):
            if self.round.races:
                return None
            raise

    def start(self) -> list[Live]:
        """Start those that are this round's; what an earlier victim had begun to start is resumed already."""
        known = machines(self.round.seed, self.round.machines, nests=self.round.nests)
        there = {record.name for record in self.service.list_executions()}
        loaded = {}
        lives = []
        for number in range(self.round.first, self.round.first + self.round.count):
            machine, name, input = execution(number, known)
            if name in there:
                continue
            if machine.name not in loaded:
                loaded[machine.name] = load_machine(
                    self.service, machine.tree, name=machine.name, type=machine.kind
                ).record
            clock = JumpClock() if machine.jumps else RealClock()
            record = loaded[machine.name]
            live = self.service.start_execution(record, Payload(input), name=name, clock=clock)
            self.ledger.write("started", arn=live.arn)
            lives.append(live)
        return lives

    def wait(self, live: Live) -> bool:
        """Whether it has ended; an end that was told is one for ever."""
        if not live.wait(max(0.0, self.until - time.monotonic())) or live.last is None:
            sys.stderr.write(f"{live.arn} has not ended: {live.fault}\n")
            return False
        self.ledger.write("ended", arn=live.arn, type=live.last.type)
        return True

    def orphans(self) -> list[TaskToken]:
        """Tasks of the activity whose worker died with the process before this one."""
        tokens = [token for token in self.service.list_task_tokens() if ":activity:" in token.resource]
        return [token for token in tokens if self.is_taken(token)]

    def is_taken(self, token: TaskToken) -> bool:
        frame = None
        taken = False
        for event in self.service.store.read(token.execution):
            if isinstance(event, ev.ActivityScheduled) and json.loads(event.input) == token.input:
                frame, taken = event.frame, False
            elif isinstance(event, ev.ActivityStarted) and event.frame == frame:
                taken = True
        return taken

    def begin(self, life: Callable[[], object]) -> None:
        threading.Thread(target=life, daemon=True).start()


def main() -> int:
    return Victim(msgspec.json.decode(sys.argv[1], type=Round)).run()


if __name__ == "__main__":
    sys.exit(main())
