"""A frame: one machine, branch or iteration under way, with its chain of events.

Frames make a tree. Each has the coroutine of its interpreter, the id of the last event of its chain,
and the one thing it is waiting for: a timer, a task, or a group of frames inside it.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from sfnb.asl.commands import Command
from sfnb.asl.machine import Definition
from sfnb.asl.state import State
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import SeededChance
from sfnb.engine.fold import Entry, ReplayMismatch
from sfnb.engine.interpreter import run_states
from sfnb.engine.state_events import ABORTED, ENTERED, EXITED, GAVE_UP, as_left
from sfnb.engine.tokens import TokenChance
from sfnb.errors import StatesError
from sfnb.query.roots import Chance
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload, encode

if TYPE_CHECKING:
    from sfnb.engine.groups import Group
    from sfnb.engine.map_run import MapRun
    from sfnb.engine.run import Run

AnyFact = TypeVar("AnyFact", bound=facts.Fact)

NO_VARIABLES: Mapping[str, Json] = MappingProxyType({})

ENTERED_AS: dict[type[State], type[ev.StateEntered]] = {}
EXITED_AS: dict[type[State], type[ev.StateExited]] = {}
"""`ENTERED` and `EXITED` by a state's class, as far as it has been met: quicker than by its name. Every
transition looks into both; in the module of those it took 2 % longer."""


def learn(state: State) -> type[ev.StateEntered]:
    kind = type(state)
    if state.type in EXITED:
        EXITED_AS[kind] = EXITED[state.type]
    return ENTERED_AS.setdefault(kind, ENTERED[state.type])


class Cancellable(Protocol):
    """What a frame waits for; it can be given up."""

    def cancel(self) -> None: ...
    def repeat(self, event: ev.Event) -> None:
        """A replayed log goes on with `event`: give the answer that led to it, if there was one."""


class Frame:
    """One machine, branch or iteration under way.

    path: as in the events. last_id: the end of its chain of events. entered_after: what that was
        before the open state was entered.
    state: the state it is in, None between states. waiting: what will wake it.
    variables: what can be read here, those of the frames around it included; never changed in place.
    variable_bytes: how large those are that were assigned here; None where none was.
    map_run: that of the Map in DISTRIBUTED mode that it is in.
    started: the state's branches or iterations have begun, so that giving up is an event.
    reentry: the visit that is begun again, until it is. again: its event, and how often anything has been.
    """

    __slots__ = (
        "again",
        "compat",
        "coroutine",
        "definition",
        "entered_after",
        "group",
        "index",
        "item",
        "last_id",
        "map_run",
        "path",
        "payload_bytes",
        "reentry",
        "run",
        "started",
        "state",
        "variable_bytes",
        "variables",
        "waiting",
    )

    def __init__(
        self,
        run: Run,
        definition: Definition,
        path: ev.FramePath,
        last_id: int,
        *,
        group: Group | None = None,
        index: int = 0,
        item: dict[str, Json] | None = None,
        variables: Mapping[str, Json] = NO_VARIABLES,
    ) -> None:
        self.run = run
        self.definition = definition
        self.path = path
        self.last_id = last_id
        self.entered_after = last_id
        self.group = group
        self.index = index
        self.item = item
        self.variables = variables
        self.variable_bytes: dict[str, int] | None = None
        self.compat = run.compat
        self.payload_bytes = run.limits.payload_bytes
        self.state: State | None = None
        self.map_run: MapRun | None = None
        self.started = False
        self.reentry: Entry | None = None
        self.again = (0, 0)
        self.waiting: Cancellable | None = None
        self.coroutine: Coroutine[Command[Any], Any, Payload] | None = None

    def begin(self, payload: Payload) -> None:
        """Make ready to run from StartAt; in a replay, from the last state that was entered."""
        start_at = self.definition.start_at
        replay = self.run.replay
        if replay is not None:
            replay.frames[self.path] = self
            entry = replay.entry(self.path)
            if entry is not None:
                if entry.entered.name not in self.definition.states:
                    raise ReplayMismatch(f"the log is in a state that is not there: {entry.entered.name}")
                start_at, payload = entry.entered.name, Payload.of_text(entry.entered.input)
                self.last_id = entry.entered.previous_event_id
                if entry.again:
                    self.reentry = entry
                    self.again = (entry.entered.id, entry.again)
                self.variables = {**self.variables, **entry.assigned}
                self._count_variables({name: encode(value) for name, value in entry.assigned.items()})
        self.coroutine = run_states(self, self.definition, payload, start_at)

    # What the interpreter records

    def enter(self, state: State, payload: Payload) -> Scope:
        run = self.run
        kind = ENTERED_AS.get(type(state)) or learn(state)
        if self.reentry is not None:
            return self._enter_again(state, payload, self.reentry)
        event = None if run.replay is None else self._taken(kind)
        if event is not None:
            now, identity = event.timestamp, event.id
        else:
            now = run.now = run.clock.now()
            identity = run.last_id + 1
            if identity >= run.most_events:
                identity = run.take_id(self)  # which says so
            run.last_id = identity
            run.pending.append(
                kind(
                    id=identity,
                    previous_event_id=self.last_id,
                    timestamp=now,
                    frame=self.path,
                    name=state.name,
                    input=payload.text,
                )
            )
        self.entered_after = self.last_id
        self.last_id = identity
        self.state = state
        retry_count = 0 if state.recovers else None
        return Scope(
            payload, state.name, now, identity, self, self.variables, retry_count, state.awaits_callback
        )

    @property
    def begins_again(self) -> bool:
        """It is in a state that it had entered before, and will begin that visit anew."""
        return self.reentry is not None

    def _enter_again(self, state: State, payload: Payload, entry: Entry) -> Scope:
        """Without an event; time counts from when the state was entered first."""
        self.reentry = None
        replay = self.run.replay
        if replay is None or replay.next is None:
            self.run.now = max(self.run.clock.now(), self.run.now)
        self.entered_after = self.last_id = entry.previous
        self.state = state
        return Scope(
            payload,
            state.name,
            entry.entered.timestamp,
            entry.entered.id,
            self,
            self.variables,
            0 if state.recovers else None,
            state.awaits_callback,
        )

    def exit(self, state: State, payload: Payload, assigned: dict[str, Json] | None) -> Payload:
        run = self.run
        texts = None
        kind = EXITED_AS.get(type(state)) or EXITED[state.type]
        event = None if run.replay is None else self._taken(kind)
        if event is not None:
            payload, assigned = as_left(event, payload)
        if assigned is not None:
            texts = {name: encode(value) for name, value in assigned.items()}
            self._count_variables(texts)
            self.variables = {**self.variables, **assigned}
        if event is not None:
            identity = event.id
        else:
            identity = run.last_id + 1
            if identity >= run.most_events:
                identity = run.take_id(self)
            run.last_id = identity
            run.pending.append(
                kind(
                    id=identity,
                    previous_event_id=self.last_id,
                    timestamp=run.now,
                    frame=self.path,
                    name=state.name,
                    output=payload.text,
                    assigned_variables=texts,
                )
            )
        self.last_id = identity
        self.state = None
        self.started = False
        return payload

    def _count_variables(self, texts: dict[str, str]) -> None:
        """Raises StatesError where the execution would keep more than it may.

        What counts is JSON text without names, of those that can still be read.
        Source: AWS guide, "Passing data between states with variables"; the error is our choice.
        """
        known = self.variable_bytes
        if known is None:
            known = self.variable_bytes = {}
        total = self.run.variable_bytes
        for name, text in texts.items():
            size = len(text) if text.isascii() else len(text.encode())
            total += size - known.get(name, 0)
            known[name] = size
        self.run.variable_bytes = total
        most = self.run.limits.variables_bytes
        if total > most:
            raise StatesError(
                "States.DataLimitExceeded",
                f"The variables of the execution would take {total} bytes; it may keep {most} bytes at "
                "a time.",
            )

    def forget_variables(self) -> None:
        """The frame has ended, and its scope with it."""
        if self.variable_bytes is not None:
            self.run.variable_bytes -= sum(self.variable_bytes.values())
            self.variable_bytes = None

    def evaluation_failed(
        self, state: State, scope: Scope, failure: StatesError, location: str | None
    ) -> None:
        """The event points at what the decision to evaluate came from: AWS enters a state and evaluates
        its fields in one decision, but sets a Wait's timer in the next.
        """
        if self.last_id == scope.entered_id and state.type != "Wait":
            self.last_id = self.entered_after
        self.started = self.started or state.type in GAVE_UP
        self.record(
            ev.EvaluationFailed,
            state=state.name,
            error=failure.error,
            cause=failure.cause,
            location=location,
        )

    def give_up(self, state: State) -> None:
        if self.started:
            self.started = False
            self.record(GAVE_UP[state.type])

    def caught(self, state: State, catcher: int, failure: StatesError) -> None:
        self.fact(
            facts.ErrorCaught, name=state.name, catcher=catcher, error=failure.error, cause=failure.cause
        )

    def must_pause(self) -> bool:
        run = self.run
        if run.replay is not None:
            return not run.replay.is_turn_of(self)
        run.transitions += 1
        return run.transitions >= run.pause_at or run.now >= run.pause_time

    # What everybody else records

    def record(self, kind: type[ev.Event], /, *, advance: bool = True, **details: Any) -> int:
        """Append an event to this frame's chain; with `advance` off, nothing will point at it."""
        event = None if self.run.replay is None else self._taken(kind)
        if event is not None:
            identity = event.id
        else:
            identity = self.run.take_id(self)
            self.run.pending.append(
                kind(
                    id=identity,
                    previous_event_id=self.last_id,
                    timestamp=self.run.now,
                    frame=self.path,
                    **details,
                )
            )
        if advance:
            self.last_id = identity
        return identity

    def fact(self, kind: type[AnyFact], /, *, about: int | None = None, **details: Any) -> AnyFact:
        """Append something that is no AWS event; `about` is the event it belongs to.

        Returns it as the log has it, whose details count in a replay.
        """
        if self.run.replay is not None and self.run.replay.next is not None:
            taken = cast(AnyFact, self.run.replay.take(kind, self.path))
            self.run.now = taken.timestamp
            return taken
        previous = self.last_id if about is None else about
        fact = kind(id=0, previous_event_id=previous, timestamp=self.run.now, frame=self.path, **details)
        self.run.pending.append(fact)
        return fact

    def _taken(self, kind: type[ev.Event]) -> ev.Event | None:
        """This event as a replayed log has it; None once the log is used up."""
        replay = self.run.replay
        if replay is None or replay.next is None:
            return None
        event = replay.take(kind, self.path)
        self.run.now = event.timestamp
        if replay.next is None:
            self.run.now = max(event.timestamp, self.run.clock.now())  # what comes now is new
        return event

    def abort(self) -> None:
        """Give up whatever is under way here, innermost first, and say so in the history."""
        self.stop()
        if self.state is not None and self.state.type in ABORTED:
            self.record(ABORTED[self.state.type], advance=False)
        elif self.reentry is not None and self.run.replay is not None:
            event = self.run.replay.next
            if isinstance(event, ev.StateAborted) and event.frame == self.path:
                self.record(type(event), advance=False)  # it had begun again, without a word
        self.state = self.reentry = None

    def stop(self) -> None:
        """Give up whatever is under way here; a group records what that means for its frames."""
        self.forget_variables()
        waiting, self.waiting = self.waiting, None
        if waiting is not None:
            waiting.cancel()
        if self.coroutine is not None:
            self.coroutine.close()
            self.coroutine = None

    # What expressions may ask

    def execution_context(self) -> dict[str, Json]:
        return self.run.context

    def item_context(self) -> dict[str, Json] | None:
        frame: Frame | None = self
        while frame is not None:
            if frame.item is not None:
                return frame.item
            frame = frame.group.parent if frame.group is not None else None
        return None

    def now(self) -> datetime:
        return self.run.now

    def chance(self, key: str) -> Chance:
        is_token = key.endswith("/token") and self.run.plan.get("signed_tokens")
        entered_id, again = self.again
        if again and key.startswith(f"{entered_id}/"):
            key = f"{key}/{again}"  # another token, other draws
        key = f"{self.run.arn}/{self.run.seed}/{self.path}/{key}"
        return TokenChance(key) if is_token else SeededChance(key)
