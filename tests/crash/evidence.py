"""What a victim has left: its logs, as far as they were committed, and its deeds; held against each other.

The store is read from a copy, so that the next victim finds it as the one before left it, and recovers it
itself.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections import Counter, defaultdict
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.tokens import TokenChance
from sfnb.stores.sqlite import SqliteStore
from tests.crash.ledger import Ledger

SCHEDULED = (ev.TaskScheduled, ev.LambdaFunctionScheduled, ev.ActivityScheduled)
STARTED = (ev.TaskStarted, ev.LambdaFunctionStarted, ev.ActivityStarted)
ANSWERS = (ev.TaskSucceeded, ev.LambdaFunctionSucceeded, ev.ActivitySucceeded)
ENDS = (
    *ANSWERS,
    ev.TaskFailed,
    ev.LambdaFunctionFailed,
    ev.ActivityFailed,
    ev.TaskTimedOut,
    ev.LambdaFunctionTimedOut,
    ev.ActivityTimedOut,
    ev.TaskStateAborted,
)


class Stream:
    """The log of one execution, read on each time, and what it says of its calls, by their keys."""

    def __init__(self, arn: str) -> None:
        self.arn = arn
        self.log: list[ev.Event] = []
        self.begun: set[str] = set()
        self.closed: set[str] = set()
        self.tokens: set[str] = set()
        """Those whose answers it has."""
        self._open: dict[ev.FramePath, str] = {}
        self._entered: dict[ev.FramePath, int] = {}

    @property
    def ended(self) -> bool:
        return bool(self.log) and isinstance(self.log[-1], ev.TERMINAL)

    @property
    def id(self) -> str:
        """The `id` that it was started with: the same in another process that did the same."""
        assert isinstance(self.log[0], ev.ExecutionStarted)
        return str(json.loads(self.log[0].input)["id"])

    def read(self, store: SqliteStore) -> None:
        """Read on; what was there has to be there still."""
        if self.ended:
            return
        known = max(0, len(self.log) - 1)
        new = list(store.read(self.arn, after=known))
        assert new[:1] == self.log[known:] or not self.log, f"{self.arn} has lost what it had"
        for event in new[len(self.log) - known :]:
            self._add(event)

    def _add(self, event: ev.Event) -> None:
        self.log.append(event)
        if isinstance(event, ev.StateEntered):
            self._entered[event.frame] = event.id
        elif isinstance(event, SCHEDULED):
            self._open[event.frame] = self._key(event)
        elif isinstance(event, STARTED):
            self.begun.add(self._open[event.frame])
        elif isinstance(event, ENDS) and event.frame in self._open:
            self.closed.add(self._open.pop(event.frame))
        elif isinstance(event, ev.TERMINAL):
            self.closed |= self.begun
        if isinstance(event, (*ANSWERS, facts.AnsweredEarly)) and '"token"' in (event.output or ""):
            self.tokens.add(json.loads(event.output or "")["token"])

    def _key(self, event: ev.Event) -> str:
        """What the function or the worker is given to know the call by; activities are not retried here."""
        if isinstance(event, ev.ActivityScheduled):
            plan = self.log[1]
            assert isinstance(plan, facts.ExecutionPlanned)
            place = f"{event.frame}/{self._entered[event.frame]}/0/token"
            return TokenChance(f"{self.arn}/{plan.seed}/{place}").uuid()
        return str(uuid5(NAMESPACE_URL, f"{self.arn}{event.frame}/{event.previous_event_id}"))


class Call(msgspec.Struct):
    """What was done under one key. rounds: in which it was begun."""

    site: str
    given: Any
    rounds: list[int]


class Evidence:
    """Grows with each look; a look that finds what must not be raises AssertionError.

    torn: a commit has been taken back, so what was done after it was done again, by another process; an
        execution that it had begun was begun anew, with other tokens.
    """

    def __init__(self, folder: Path, ledger: Ledger, *, torn: bool = False) -> None:
        self._torn = torn
        self.folder = folder
        self.streams: dict[str, Stream] = {}
        self.calls: dict[str, Call] = {}
        self._closed: set[str] = set()
        self._lines = ledger.reader("calls")
        self._ledger = ledger

    def look(self, round: int) -> int:
        """After a victim's death; how many executions it has left without an end."""
        with tempfile.TemporaryDirectory() as copy:
            for file in self.folder.glob("store.db*"):
                if file.is_file() and not file.name.endswith("-shm"):
                    shutil.copy(file, copy)
            if (Path(copy) / "store.db").exists():
                self._read(Path(copy) / "store.db")
        self._hold_calls_against_logs(round)
        self._hold_words_against_logs()
        return sum(not stream.ended for stream in self.streams.values())

    def _read(self, path: Path) -> None:
        with closing(SqliteStore(path, create=False)) as store:
            for arn in store.executions():
                self.streams.setdefault(arn, Stream(arn)).read(store)

    def _hold_calls_against_logs(self, round: int) -> None:
        begun = set().union(*(stream.begun for stream in self.streams.values()))
        for line in self._lines.new():
            if line["at"] == "end":
                continue
            key = line["key"]
            assert self._torn or line["round"] == round, line
            assert key not in self._closed, f"called again after its answer was in the log: {line}"
            assert key in begun, f"called before the log said so: {line}"
            call = self.calls.setdefault(key, Call(line["site"], line["given"], []))
            assert call.site == line["site"], f"another call: {line}"
            assert self._torn or call.given == line["given"], f"another call: {line}"
            assert line["round"] not in call.rounds, f"called twice by one process: {line}"
            call.rounds.append(line["round"])
        self._closed = set().union(*(stream.closed for stream in self.streams.values()))

    def _hold_words_against_logs(self) -> None:
        """What somebody was told is so ever after."""
        for line in self._ledger.read("started"):
            assert line["arn"] in self.streams, f"a start that was told is lost: {line}"
        tokens = set().union(*(stream.tokens for stream in self.streams.values()))
        for line in self._ledger.read("accepted"):
            assert line["token"] in tokens, f"an answer that was taken is lost: {line}"
        for line in self._ledger.read("ended"):
            last = self.streams[line["arn"]].log[-1]
            assert last.type == line["type"], f"an end that was told is lost: {line}"

    @property
    def repeats(self) -> int:
        """How many calls were made again because their answers had not been committed."""
        return sum(len(call.rounds) - 1 for call in self.calls.values())

    def sites(self) -> Counter[str]:
        """How many different calls there were at each site."""
        return Counter(call.site for call in self.calls.values())

    def by_id(self) -> dict[str, Stream]:
        found: dict[str, list[Stream]] = defaultdict(list)
        for stream in self.streams.values():
            found[stream.id].append(stream)
        twice = {id: [stream.arn for stream in streams] for id, streams in found.items() if len(streams) > 1}
        assert not twice, f"executions that were started twice: {twice}"
        return {id: stream for id, (stream,) in found.items()}
