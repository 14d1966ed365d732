"""The actions that go on with an execution: resume, redrive, fork."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice, takewhile
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import Clock, clock_like
from sfnb.engine.fold import Standing
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.engine.redrive import DELETING, redrive_refusal
from sfnb.engine.replay import Replay, resume
from sfnb.errors import SfnbError, StaleAppend, StatesError
from sfnb.service.executions import Executions
from sfnb.service.names import check_name
from sfnb.service.records import Live, StateMachineRecord
from sfnb.service.refusals import (
    ExecutionAlreadyExists,
    ExecutionDoesNotExist,
    ExecutionNotRedrivable,
    ExecutionNotResumable,
    TasksMissing,
)
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.mocks import Mocks

OnLost = Literal["repeat", "fail"]

LOST = StatesError("TaskLost", "The process that had called the task ended before the task had answered")
"""What a call that may have been made fails with where it must not be made twice."""


TOKEN_LASTS = timedelta(minutes=15)
TOKENS_KEPT = 10


class Continuing(Executions):
    """Goes on with executions where their logs end."""

    def __init__(self) -> None:
        super().__init__()
        self._redriving = threading.Lock()

    def resume_execution(
        self,
        arn: str,
        *,
        machine: StateMachineRecord | None = None,
        clock: Clock | None = None,
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
        on_lost: OnLost = "repeat",
    ) -> Live:
        """Go on with an execution whose log has no end, where that log stops.

        What had finished is not done again.
        machine: instead of its own, as it was when the execution began.
        clock: instead of one of the kind that it had. mocks: where the log could not keep them.
        on_lost: a task that was called and has no answer is called again, with the same key; or it fails,
            as `TaskLost`.
        Raises ReplayMismatch where the log does not fit the machine, TasksMissing where a function that an
        open task needs is not there; nothing is called or written then.
        Raises ExecutionDoesNotExist, ExecutionNotResumable (it has ended, or is under way), ExecutionOwned,
        ServiceClosed.
        """
        self._check_open()
        record = self._record_of(arn)
        if record.status != "RUNNING":
            raise ExecutionNotResumable(f"Execution has ended: '{arn}'")
        if not self.is_interrupted(record):
            raise ExecutionNotResumable(f"Execution is under way: '{arn}'")
        found = self._find_log(arn, machine, clock)
        lost = LOST if on_lost == "fail" else None
        return self._go_on(found, mocks, on_output, opening=replaced(found), lost=lost)

    def redrive_execution(
        self,
        arn: str,
        *,
        machine: StateMachineRecord | None = None,
        clock: Clock | None = None,
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
        client_token: str | None = None,
    ) -> Live:
        """Go on with an execution that failed, was aborted or timed out, from the states where it did.

        client_token: to be known by, see `redriven`.
        machine: another definition to go on under, which AWS has nothing like.
        Raises ExecutionNotRedrivable, ReplayMismatch where the log does not fit the other definition;
        nothing is called or written then. Otherwise as `resume_execution`.
        Source: AWS API reference, RedriveExecution.
        """
        self._check_open()
        record = self._record_of(arn)
        found = self._find_log(arn, machine, clock)
        most_events = found.plan.limits.history_events - 1
        refusal = redrive_refusal(record, found.clock.now(), most_events=most_events)
        if refusal is None and self.is_deleting(record.machine):
            refusal = DELETING
        if refusal is not None:
            raise ExecutionNotRedrivable(refusal)
        redriven = ev.ExecutionRedriven(
            id=record.last_id + 1,
            previous_event_id=record.last_id,
            timestamp=max(found.clock.now(), found.standing.latest),
            redrive_count=record.redrive_count + 1,
        )
        opening = (redriven, *requested(redriven, client_token), *replaced(found))
        return self._go_on(found, mocks, on_output, opening=opening)

    def redriven(self, arn: str, token: str | None) -> datetime:
        """Redrive an execution, once for a client's token; when it was.

        The ten latest tokens of an execution count, for 15 minutes.
        Raises as `redrive_execution`. Source: AWS API reference, RedriveExecution.
        """
        with self._redriving:  # of two who ask at once with one token, the second hears of the first
            before = None if token is None else self._redriven_for(arn, token)
            if before is not None:
                return before
            event = self.redriven_of(self.redrive_execution(arn, client_token=token))
            return self.clock().now() if event is None else event.timestamp

    def _redriven_for(self, arn: str, token: str) -> datetime | None:
        """When an execution was redriven for a token that still counts, as its log tells."""
        record = self.find_execution(arn)
        if record is None or not record.redrive_count:
            return None
        since = self.clock().now() - TOKEN_LASTS
        log = _own(self.execution(arn).store.read_back(arn))
        given = takewhile(lambda event: event.timestamp > since, log)
        requests = (event for event in given if isinstance(event, facts.RedriveRequested))
        for request in islice(requests, TOKENS_KEPT):
            if request.client_token == token:
                return request.timestamp
        return None

    def fork_execution(
        self,
        arn: str,
        *,
        event_id: int,
        input: Payload | None = None,
        name: str | None = None,
        machine: StateMachineRecord | None = None,
        clock: Clock | None = None,
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Live:
        """Start a new execution that goes on from what another had come to at one of its events.

        All up to the event is the same; what was under way there begins again.
        input: for the state that the event enters, instead of its own.
        machine: another definition to go on under.
        Raises ExecutionDoesNotExist, ReplayMismatch, ExecutionAlreadyExists, SfnbError where there is no
        such event; nothing is called or kept then.
        """
        self._check_open()
        origin = self.execution(arn)
        runs = machine or origin.machine
        name = check_name(name or self.names(), "an execution")
        new, store = self._execution_arn(runs, name), origin.store
        definition = self.keep_definition(runs, store)
        log = forked_log(store.read(arn), event_id, input, name=name, definition=definition, origin=arn)
        try:
            store.append(new, log, after=0)
        except StaleAppend:
            raise ExecutionAlreadyExists(f"Execution Already Exists: '{new}'") from None
        try:
            return self._go_on(self._find_log(new, runs, clock), mocks, on_output)
        except BaseException:
            store.forget(new)
            raise

    def leaves_open(self) -> bool:
        """Whether there is an execution without an end that does not run here."""
        running = self.list_executions(ExecutionFilter(status=("RUNNING",)))
        return any(record.owner == "others" or self.is_interrupted(record) for record in running)

    def _record_of(self, arn: str) -> ExecutionRecord:
        record = self.find_execution(arn)
        if record is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return record

    def _find_log(self, arn: str, machine: StateMachineRecord | None, clock: Clock | None) -> Found:
        live = self._at_hand(arn, machine)
        standing = Standing(live.store.read(arn))
        machine = machine or live.machine
        plan = standing.plan or planned(
            standing.started, execution=live.name, machine=machine.arn, machine_name=machine.name
        )
        clock = clock or clock_like(plan.clock, standing.latest)  # type: ignore[arg-type]
        return Found(live, machine, self.keep_definition(machine, live.store), standing, plan, clock)

    def _at_hand(self, arn: str, machine: StateMachineRecord | None) -> Live:
        """The execution; where a machine is given for it, its own need not be known."""
        live = self._live.get(arn) or self._known.get(arn)
        if live is not None or machine is None:
            return live or self.execution(arn)
        store = next(store for store in self._stores() if store.find(arn) is not None)
        return Live(arn, arn.rpartition(":")[2], machine, store)

    def _go_on(
        self,
        found: Found,
        mocks: Mocks | None,
        on_output: Callable[[str], None] | None,
        *,
        opening: Sequence[ev.Event] = (),
        lost: StatesError | None = None,
    ) -> Live:
        """Hand the execution to the engine, and wait until it has been found to fit, and that is kept."""
        live, standing, plan = found.live, found.standing, found.plan
        if mocks is None and plan.mock is not None:
            mocks = mocks_again(found)
        run = self._run(
            live,
            found.machine,
            found.clock,
            plan.limits,
            {
                "kind": plan.kind,
                "definition": found.definition,
                "compat": plan.compat,
                "mock": plan.mock,
                "signed_tokens": plan.signed_tokens,
            },
            seed=plan.seed or live.name,
            mocks=mocks,
            on_output=on_output,
        )
        check = None if mocks else Check(live.name)
        before = live.last
        live.reopen(run)
        self._live[live.arn] = self._known[live.arn] = live
        try:
            self._begin_for_good(run, lambda: resume(run, standing, lost=lost, opening=opening, check=check))
        except Exception:
            self._strike(live)
            live.give_back(before)
            raise
        live.machine = found.machine
        return live


class Found(NamedTuple):
    """An execution and where it stands. machine: what it goes on under; definition: the key of that."""

    live: Live
    machine: StateMachineRecord
    definition: str
    standing: Standing
    plan: facts.ExecutionPlanned
    clock: Clock


def requested(redriven: ev.ExecutionRedriven, client_token: str | None) -> list[ev.Event]:
    """The fact that a client's token was given for a redrive, if one was."""
    if client_token is None:
        return []
    moment = redriven.timestamp
    return [
        facts.RedriveRequested(
            id=0, previous_event_id=redriven.id, timestamp=moment, client_token=client_token
        )
    ]


def replaced(found: Found) -> list[ev.Event]:
    """The fact that it goes on under another definition, if it does."""
    key = found.definition
    if found.standing.definition in (None, key):
        return []
    moment = max(found.clock.now(), found.standing.latest)
    return [facts.DefinitionReplaced(id=0, previous_event_id=0, timestamp=moment, definition=key)]


class Check:
    """Refuses to go on while functions are missing; called once a log has been found to fit."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, replay: Replay) -> None:
        missing = {call.state: call.lacking for call in replay.calls() if call.lacking}
        if missing:
            raise TasksMissing(self._name, missing)


def mocks_again(found: Found) -> Mocks:
    """Those that the execution ran with; raises SfnbError where they could not be kept."""
    from sfnb.mocks.written import read

    if not found.plan.mock:
        raise SfnbError(
            f"{found.live.name} ran with functions as mocks, which its log cannot keep: give mock=... again"
        )
    tree = found.machine.source.tree
    assert tree is not None
    return read(found.plan.mock, tree, found.standing.calls)


def planned(started: ev.Event, **details: Any) -> facts.ExecutionPlanned:
    return facts.ExecutionPlanned(id=0, previous_event_id=1, timestamp=started.timestamp, **details)


def forked_log(
    log: Iterable[ev.Event], event_id: int, input: Payload | None, *, name: str, definition: str, origin: str
) -> list[ev.Event]:
    """The log of a fork: all up to an event, as if it had been done under the new name.

    Raises SfnbError where there is no such event before the end, or where it takes no input.
    """
    begun = list(_until(log, event_id))
    if input is not None:
        if not isinstance(begun[-1], ev.StateEntered):
            raise SfnbError(f"event {event_id} is {begun[-1].type}: an input is for a state that is entered")
        begun[-1] = structs.replace(begun[-1], input=input.text)
    first, *rest = begun
    if rest and isinstance(rest[0], facts.ExecutionPlanned):
        before, *rest = rest
    else:
        before = planned(first, execution=name, machine="", machine_name="")
    plan = structs.replace(
        before, execution=name, definition=definition, origin=origin, origin_event=event_id
    )
    latest = begun[-1].timestamp
    return [first, plan, *rest, facts.ExecutionForked(id=0, previous_event_id=event_id, timestamp=latest)]


def _own(backwards: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """What an execution has written itself: not what was another's before it was forked from that."""
    return takewhile(lambda event: not isinstance(event, facts.ExecutionForked), backwards)


def _until(log: Iterable[ev.Event], event_id: int) -> Iterator[ev.Event]:
    """All up to an event; an end that a redrive took back is passed over like any other event."""
    found = False
    ended: ev.Event | None = None
    for event in log:
        if found and not isinstance(event, facts.ExecutionPlanned):
            return
        if ended is not None:
            yield ended
            ended = None
        if isinstance(event, ev.TERMINAL):
            ended = event
            continue
        yield event
        found = found or event.id == event_id
    if found:
        return
    raise SfnbError(f"there is no event {event_id} to fork from: give the id of one before the end")
