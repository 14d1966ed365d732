"""One execution under way: writes the log first, then lets the world act.

Theory of operation. A run holds a queue of frames that can go on, each with the answer it waited for.
A *turn* steps them until none can go on, 1,000 transitions are made, or 10 ms have passed; then the
engine's loop may serve others, or a stop. A step sends the answer into the frame's coroutine and
performs the command that comes out. Events gather in `pending`; the engine's journal commits them when the
turn is over, together with those of other runs, and only then has done what the step asked of the world.

Every method here runs on the engine's thread; `Engine.post` is the way in from any other.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sfnb.asl.machine import Definition
from sfnb.asl.recovery import UNCATCHABLE
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.alarms import Alarms, Timer
from sfnb.engine.clock import kind_of
from sfnb.engine.ending import cut, end, history_full, limit_time
from sfnb.engine.frame import Frame
from sfnb.engine.limits import Limits
from sfnb.engine.perform import PERFORM
from sfnb.engine.replay import Replay
from sfnb.engine.surroundings import Surroundings
from sfnb.errors import StatesError, StoreFault
from sfnb.query.scope import timestamp_text
from sfnb.values import Json, Payload

log = logging.getLogger("sfnb")

TURN_TRANSITIONS = 1_000
TURN_TIME = timedelta(milliseconds=10)

Ready = tuple[Frame, Any, StatesError | None]


class HistoryFull(Exception):
    """The next event would be the last the history may hold."""

    def __init__(self, frame: Frame) -> None:
        self.frame = frame


class Run:
    """One execution under way.

    arn, machine_arn, name: as in the Context Object.
    plan: what else the log has to keep: the other fields of `facts.ExecutionPlanned`.
    qualifiers: the version and the alias that it is started by, as `events.ExecutionStarted` has them.
    on_end: called on the engine's thread once the last event is committed.
    on_lost: called there when nothing can be committed any more: the log ends where it ended.
    asleep: 0, or its number among the sleepers.
    forsaken: it was let go of without an end, so nothing more is written.
    """

    def __init__(
        self,
        around: Surroundings,
        *,
        definition: Definition,
        arn: str,
        name: str,
        machine_arn: str,
        machine_name: str,
        limits: Limits,
        plan: Mapping[str, Any],
        on_end: Callable[[ev.Event], None],
        on_lost: Callable[[StoreFault], None],
        qualifiers: Mapping[str, Any] | None = None,
    ) -> None:
        self.around = around
        self.engine = around.engine
        self.store = around.store
        self.clock = around.clock
        self.sleepers = around.sleepers
        self.executor = around.executor
        self.tasks = around.tasks
        self.map_data = around.map_data
        self.compat = around.compat
        self.region = around.region
        self.role_arn = around.role_arn
        self.seed = around.seed
        self.on_output = around.on_output
        self.on_map_run = around.on_map_run
        self.on_events = around.on_events
        self.definition = definition
        self.arn = arn
        self.name = name
        self.machine_arn = machine_arn
        self.machine_name = machine_name
        self.limits = limits
        self.most_events = limits.history_events
        self.plan = plan
        self.on_end = on_end
        self.on_lost = on_lost
        self.qualifiers = qualifiers or {}

        self.now = self.clock.now()
        self.last_id = 0
        self.written = 0
        self.written_at = self.now
        self.pending: list[ev.Event] = []
        self.ready: deque[Ready] = deque()
        self.alarms = Alarms(self)
        self.running_calls = 0
        self.open_map_runs = 0
        self.open_tokens = 0
        self.variable_bytes = 0
        self.asleep = 0
        self.transitions = 0
        self.pause_at = 0
        self.pause_time = self.now
        self.scheduled = False
        self.ending = False
        self.ended = False
        self.forsaken = False
        self.fault: StoreFault | None = None
        self.context: dict[str, Json] = {}
        self.replay: Replay | None = None
        self.root = Frame(self, definition, (), 0)

    # From start to end

    def accept(self, payload: Payload) -> ev.ExecutionStarted:
        """Commit that the execution has started, before its caller hears so; on the caller's thread."""
        started = self.open_log(payload)
        self.flush()
        return started

    def open_log(self, payload: Payload) -> ev.ExecutionStarted:
        """Write that the execution has started, and with what."""
        self.now = self.clock.now()
        self.set_context(payload, self.now, None)
        self.root.record(ev.ExecutionStarted, input=payload.text, role_arn=self.role_arn, **self.qualifiers)
        self.root.fact(
            facts.ExecutionPlanned,
            execution=self.name,
            machine=self.machine_arn,
            machine_name=self.machine_name,
            seed=self.seed,
            limits=self.limits,
            clock=kind_of(self.clock),
            **self.plan,
        )
        self.root.last_id = 0  # AWS: the first StateEntered points at nothing
        started = self.pending[0]
        assert isinstance(started, ev.ExecutionStarted)
        return started

    def set_context(self, payload: Payload, started: datetime, redriven: ev.ExecutionRedriven | None) -> None:
        execution: dict[str, Json] = {
            "Id": self.arn,
            "Input": payload.value,
            "StartTime": timestamp_text(started),
            "Name": self.name,
            "RoleArn": self.role_arn,
            "RedriveCount": redriven.redrive_count if redriven else 0,
        }
        if redriven:
            execution["RedriveTime"] = timestamp_text(redriven.timestamp)
        machine: dict[str, Json] = {"Id": self.machine_arn, "Name": self.machine_name}
        self.context = {"Execution": execution, "StateMachine": machine}

    def start(self, payload: Payload) -> None:
        """Take the first turn."""
        self.sleepers.join()
        limit_time(self)
        self.root.begin(payload)
        self.ready.append((self.root, None, None))
        self.turn()

    def forsake(self) -> None:
        """Let go of all that has been begun; nothing is written."""
        self.ending = self.forsaken = True
        self.root.stop()
        self.ended = True
        self.pending.clear()
        self.ready.clear()
        self.alarms.clear()
        self.sleepers.leave(self)

    def let_go(self) -> None:
        """Keep what has happened, and leave the rest to whoever takes it up."""
        self.engine.journal.commit()
        if not self.ended:
            self.lose(StoreFault("its service was closed; it can be taken up where it was"))

    def lose(self, fault: StoreFault) -> None:
        """What it has written could not be committed: it is over for this process, and its log goes on
        where it ended when it is taken up again.
        """
        if self.fault is None:
            self.fault = fault
            if not self.ended:
                self.rouse()
                self.forsake()
            self.on_lost(fault)

    def turn(self) -> None:
        """Let every frame go on that can, for a while."""
        self.scheduled = False
        if not self.ended:
            self.rouse()
            self.guard(self._turn)
            if not self.clock.frozen:  # or equal runs would differ with the machine's load
                self.engine.journal.commit_if_late()

    def _turn(self) -> None:
        self.begin_turn()
        self.now = self.clock.now()
        self.alarms.ring()
        ready = self.ready
        while ready and not self.ended and not self.scheduled:
            self.step(*ready.popleft())
        if self.ended:
            return
        if self.pending:
            self.engine.journal.add(self)
        if not self.scheduled:
            self.alarms.sleep()

    def begin_turn(self) -> None:
        self.pause_at = self.transitions + TURN_TRANSITIONS
        self.pause_time = self.clock.now() + TURN_TIME

    def step(self, frame: Frame, answer: Any, failure: StatesError | None = None) -> None:
        """Take one frame to its next command, or to its end."""
        coroutine = frame.coroutine
        if coroutine is None:
            return
        try:
            command = coroutine.send(answer) if failure is None else coroutine.throw(failure)
            PERFORM[type(command)](self, frame, command)
        except StopIteration as done:
            frame.coroutine = None
            self._frame_succeeded(frame, done.value)
        except StatesError as error:
            frame.coroutine = None
            self._frame_failed(frame, error)
        except HistoryFull as full:
            history_full(self, full.frame)

    def _frame_succeeded(self, frame: Frame, output: Payload) -> None:
        if frame.group is not None:
            frame.group.child_succeeded(frame, output)
        else:
            end(self, ev.ExecutionSucceeded, frame, output=output.text)

    def _frame_failed(self, frame: Frame, failure: StatesError) -> None:
        """A failure that nothing here catches; States.Runtime is caught nowhere.

        AWS then writes no event for the branches and states around it.
        """
        if frame.group is None or failure.error in UNCATCHABLE:
            end(self, ev.ExecutionFailed, frame, error=failure.error, cause=failure.cause)
        else:
            frame.group.child_failed(frame, failure)

    def stop(self, error: str | None = None, cause: str | None = None) -> None:
        """End the execution as ABORTED, now."""
        cut(self, ev.ExecutionAborted, error=error, cause=cause)

    # The log

    def take_id(self, frame: Frame) -> int:
        """The next event's id; raises HistoryFull where only a last one is left."""
        identity = self.last_id + 1
        if identity >= self.most_events:
            raise HistoryFull(frame)
        self.last_id = identity
        return identity

    def flush(self) -> None:
        """Commit what has happened, now; raises StoreFault."""
        if self.pending:
            self.store.append(self.arn, self.pending, after=self.written)
            self.committed()

    def committed(self) -> None:
        """What was pending is in the log."""
        pending, self.pending = self.pending, []
        self.written += len(pending)
        self.written_at = pending[-1].timestamp
        if self.on_events is not None:
            self.on_events(self.arn, pending)

    def after_commit(self, effect: Callable[[], None], *, first: bool = False) -> None:
        """Have something done once all that has happened so far is committed; first: before all else."""
        self.engine.journal.then(self, effect, first=first)

    # Time

    def at(self, moment: datetime, action: Callable[[], None], *, timeout: bool = False) -> Timer:
        """Do something at `moment` of this execution's clock."""
        return self.alarms.at(moment, action, timeout=timeout)

    def schedule(self, action: Callable[[], None]) -> None:
        self.scheduled = True
        self.rouse()
        self.engine.soon(action)

    def rouse(self) -> None:
        """The clock must not jump before this execution sleeps again."""
        if self.asleep:
            self.sleepers.rouse(self)

    # What reaches a run from outside

    def go_on(self, frame: Frame, answer: Any, failure: StatesError | None = None) -> None:
        """`frame` has what it waited for."""
        frame.waiting = None
        self.ready.append((frame, answer, failure))

    def wake(self) -> None:
        """Take a turn soon, if there is none coming."""
        if not self.scheduled and not self.ended:
            self.schedule(self.turn)

    def guard(self, action: Callable[..., None], *arguments: Any) -> None:
        """Do something that may write events. A fault of our own ends this run, visibly, and no other."""
        try:
            action(*arguments)
        except HistoryFull as full:
            history_full(self, full.frame)
        except Exception as fault:
            log.exception("sfnb failed inside execution %s", self.arn)
            if self.ended:
                return
            end(
                self,
                ev.ExecutionFailed,
                self.root,
                error="States.Runtime",
                cause=f"Internal error: {fault!r}",
            )
