"""Logs to test with: built step by step, or the run of a machine made up by chance."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.events import Event, FramePath
from sfnb.engine.visits import Status

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def after(seconds: int) -> datetime:
    """That long after the start of a log."""
    return NOON + timedelta(seconds=seconds)


class Log:
    """Events one second apart, chained by frame as AWS chains them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.tails: dict[FramePath, int] = {(): 0}
        self.next_id = 1
        self.add("ExecutionStarted", input="{}")
        self.tails[()] = 0

    @property
    def now(self) -> datetime:
        return NOON + timedelta(seconds=len(self.events))

    def add(self, type_: str, frame: FramePath = (), *, after: int | None = None, **fields: Any) -> int:
        """`after`: the previous event, where it is not the last one of the frame."""
        previous = self.tail(frame) if after is None else after
        event_id, self.next_id = self.next_id, self.next_id + 1
        kind: type[Event] = getattr(ev, type_)
        self.events.append(
            kind(id=event_id, previous_event_id=previous, timestamp=self.now, frame=frame, **fields)
        )
        self.tails[frame] = event_id
        return event_id

    def fact(self, type_: str, frame: FramePath = (), *, after: int | None = None, **fields: Any) -> None:
        previous = self.tail(frame) if after is None else after
        kind: type[Event] = getattr(facts, type_)
        self.events.append(kind(id=0, previous_event_id=previous, timestamp=self.now, frame=frame, **fields))

    def tail(self, frame: FramePath) -> int:
        return self.tails.get(frame, frame[-2] if frame else 0)

    def enter(self, type_: str, name: str, frame: FramePath = (), input: str = "{}") -> int:
        return self.add(f"{type_}StateEntered", frame, name=name, input=input)

    def exit(self, type_: str, name: str, frame: FramePath = (), output: str = "{}") -> int:
        return self.add(f"{type_}StateExited", frame, name=name, output=output)

    def schedule(self, frame: FramePath = ()) -> None:
        self.add(
            "TaskScheduled",
            frame,
            resource_type="lambda",
            resource="invoke",
            region="us-east-1",
            parameters="{}",
        )
        self.add("TaskStarted", frame, resource_type="lambda", resource="invoke")

    def answer(self, outcome: str, frame: FramePath = (), **fields: Any) -> None:
        self.add(f"Task{outcome}", frame, resource_type="lambda", resource="invoke", **fields)

    def retry(
        self,
        name: str,
        attempt: int,
        error: str,
        frame: FramePath = (),
        *,
        after: int | None = None,
        wait: int = 1,
    ) -> None:
        """`after`: the last event of the frame that failed, for a Map or Parallel."""
        fields = {"name": name, "retrier": 0, "attempt": attempt, "error": error}
        until = self.now + timedelta(seconds=wait)
        self.fact("RetryScheduled", frame, after=after, until=until, **fields)


class Simulation(Log):
    """A run of a made-up machine that knows the truth about each visit: entered_id -> (status, error)."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.random = Random(seed)
        self.truth: dict[int, tuple[Status, str | None]] = {}
        self.open: dict[FramePath, int] = {}
        self.kinds: dict[FramePath, str] = {}
        self.error = ""
        for _ in self.run((), 0):
            pass
        if self.failed:
            self.add("ExecutionFailed", error=self.error)
        else:
            self.add("ExecutionSucceeded", output="{}")

    def run(self, frame: FramePath, depth: int) -> Iterator[None]:
        self.failed = False
        for _ in range(self.random.randint(1, 4)):
            yield from self.visit(frame, depth)
            if self.failed:
                return

    def visit(self, frame: FramePath, depth: int) -> Iterator[None]:
        containers = ["Map", "Parallel"] if depth < 3 else []
        kind = self.random.choice(
            [*containers, *containers, "Task", "Task", "Task", "Pass", "Wait", "Choice", "Fail"]
        )
        entered = self.enter(kind, "S", frame)
        self.truth[entered] = ("running", None)
        self.open[frame] = entered
        self.kinds[frame] = kind
        if kind != "Fail":
            yield
        if kind in ("Fail", "Choice", "Wait"):
            self.failed = self.random.random() < 0.3 or kind == "Fail"
            self.error = f"E{entered}"
        elif kind != "Pass":
            yield from self.work(kind, frame, depth, entered)
        else:
            self.failed = False
        if self.failed and kind in ("Task", "Map", "Parallel") and self.random.random() < 0.4:
            self.fact("ErrorCaught", frame, name="S", catcher=0, error=self.error)
            self.truth[entered] = ("caught", self.error)
            self.failed = False
        elif not self.failed:
            self.truth[entered] = ("succeeded", None)
        elif self.truth[entered][0] == "running":
            self.truth[entered] = ("failed", self.error)
        del self.open[frame]
        if not self.failed:
            self.exit(kind, "S", frame)

    def work(self, kind: str, frame: FramePath, depth: int, entered: int) -> Iterator[None]:
        for attempt in range(1, 4):
            if kind == "Task":
                yield from self.call(frame, entered)
            else:
                yield from self.children(kind, frame, depth)
            if not self.failed or self.random.random() < 0.5 or attempt == 3:
                break
            self.retry("S", attempt, self.error, frame, after=None if kind == "Task" else self.culprit)
            self.truth[entered] = ("running", None)
            yield
        if kind != "Task" and self.failed:
            self.add(f"{kind}StateFailed", frame, after=self.culprit)

    def call(self, frame: FramePath, entered: int) -> Iterator[None]:
        self.schedule(frame)
        yield
        outcome = self.random.choice(["Succeeded", "Succeeded", "Succeeded", "Failed", "TimedOut"])
        self.failed = outcome != "Succeeded"
        if not self.failed:
            self.answer(outcome, frame, output="1")
            return
        self.error = f"E{self.next_id}"
        self.answer(outcome, frame, error=self.error)
        if outcome == "TimedOut":
            self.truth[entered] = ("timed_out", self.error)

    def children(self, kind: str, frame: FramePath, depth: int) -> Iterator[None]:
        count = self.random.randint(1, 3)
        started = self.add(f"{kind}StateStarted", frame, **({"length": count} if kind == "Map" else {}))
        running = {index: self.run((*frame, started, index), depth + 1) for index in range(count)}
        for index in running if kind == "Map" else ():
            self.iteration("Started", (*frame, started, index))
        while running:
            index = self.random.choice(list(running))
            child = (*frame, started, index)
            try:
                next(running[index])
                yield
                continue
            except StopIteration:
                del running[index]
            if self.failed:
                self.culprit = self.tail(child)
                error = self.error
                if kind == "Map":
                    self.iteration("Failed", child)
                self.abort_state(child)
                self.abort([(*frame, started, other) for other in running], kind == "Map")
                self.error, self.failed = error, True
                return
            if kind == "Map":
                self.iteration("Succeeded", child)
        self.failed = False

    def iteration(self, what: str, frame: FramePath) -> None:
        self.add(f"MapIteration{what}", frame, name="S", index=frame[-1])

    def abort(self, frames: list[FramePath], of_map: bool) -> None:
        for inside, entered in reversed(self.open.items()):
            if any(inside[: len(frame)] == frame for frame in frames):
                self.truth[entered] = ("aborted", None)
                self.abort_state(inside)
        self.open = {inside: n for inside, n in self.open.items() if self.truth[n][0] != "aborted"}
        for frame in frames if of_map else ():
            self.iteration("Aborted", frame)

    def abort_state(self, frame: FramePath) -> None:
        """As AWS does, also of the state that has failed."""
        if self.kinds.get(frame) in ("Task", "Wait", "Map", "Parallel"):
            tail = self.tail(frame)
            self.add(f"{self.kinds[frame]}StateAborted", frame)
            self.tails[frame] = tail
