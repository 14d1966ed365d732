"""The actions that go on with an execution: resume, redrive, fork."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import TYPE_CHECKING, Literal

from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import Clock, clock_like
from sfnb.engine.fold import Standing
from sfnb.engine.records import ExecutionRecord
from sfnb.engine.redrive import redrive_refusal
from sfnb.engine.replay import Replay, resume
from sfnb.errors import SfnbError, StatesError
from sfnb.service.executions import Executions
from sfnb.service.names import check_name
from sfnb.service.records import Live, StateMachineRecord
from sfnb.service.refusals import (
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


class Continuing(Executions):
    """Goes on with executions where their logs end."""

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
        lost = LOST if on_lost == "fail" else None
        return self._continue(arn, machine, clock, mocks, on_output, lost=lost)

    def redrive_execution(
        self,
        arn: str,
        *,
        machine: StateMachineRecord | None = None,
        clock: Clock | None = None,
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Live:
        """Go on with an execution that failed, was aborted or timed out, from the states where it did.

        machine: another definition to go on under, which AWS has nothing like.
        Raises ExecutionNotRedrivable, ReplayMismatch where the log does not fit the other definition,
        TasksMissing; nothing is called or written then. Otherwise as `resume_execution`.
        Source: AWS API reference, RedriveExecution.
        """
        self._check_open()
        record = self._record_of(arn)
        refusal = redrive_refusal(record, self.clock().now())
        if refusal is not None:
            raise ExecutionNotRedrivable(refusal)
        return self._continue(arn, machine, clock, mocks, on_output, redrive=record.redrive_count + 1)

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
        Raises ExecutionDoesNotExist, ReplayMismatch, TasksMissing, ExecutionAlreadyExists; nothing is
        called or written then, unless the new log was begun before a function was found missing.
        """
        self._check_open()
        origin = self.execution(arn)
        name = check_name(name or self.names(), "an execution")
        runs = machine or origin.machine
        log = list(_until(origin.store.read(arn), event_id))
        if input is not None:
            log[-1] = _entered_with(log[-1], input)
        planned = next((event for event in log if isinstance(event, facts.ExecutionPlanned)), None)
        definition = self.keep_definition(runs, origin.store)
        plan = structs.replace(
            planned
            or facts.ExecutionPlanned(
                id=0,
                previous_event_id=1,
                timestamp=log[0].timestamp,
                execution=name,
                machine=runs.arn,
                machine_name=runs.name,
            ),
            execution=name,
            definition=definition,
            origin=arn,
            origin_event=event_id,
        )
        log = [plan if event is planned else event for event in log]
        if planned is None:
            log.insert(1, plan)
        now = (clock or self.clock()).now()
        log.append(
            facts.ExecutionForked(id=0, previous_event_id=event_id, timestamp=max(now, log[-1].timestamp))
        )
        new = self._execution_arn(runs, name)
        origin.store.append(new, log, after=0)
        return self._continue(new, machine, clock, mocks, on_output)

    def _record_of(self, arn: str) -> ExecutionRecord:
        record = self.find_execution(arn)
        if record is None:
            raise ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")
        return record

    def _continue(
        self,
        arn: str,
        machine: StateMachineRecord | None,
        clock: Clock | None,
        mocks: Mocks | None,
        on_output: Callable[[str], None] | None,
        *,
        lost: StatesError | None = None,
        redrive: int | None = None,
    ) -> Live:
        live = self._at_hand(arn, machine)
        standing = Standing(live.store.read(arn))
        plan = standing.plan or facts.ExecutionPlanned(
            id=0,
            previous_event_id=0,
            timestamp=standing.latest,
            execution=live.name,
            machine=live.machine.arn,
            machine_name=live.machine.name,
            limits=self.limits,
            seed=live.name,
        )
        clock = clock or clock_like(plan.clock, standing.latest)  # type: ignore[arg-type]
        opening: list[ev.Event] = []
        if redrive is not None:
            opening.append(
                ev.ExecutionRedriven(
                    id=standing.last_id + 1,
                    previous_event_id=standing.last_id,
                    timestamp=max(clock.now(), standing.latest),
                    redrive_count=redrive,
                )
            )
        if machine is not None:
            key = self.keep_definition(machine, live.store)
            if key != standing.definition:
                opening.append(
                    facts.DefinitionReplaced(id=0, previous_event_id=0, timestamp=clock.now(), definition=key)
                )
            live.machine = machine
        if mocks is None and plan.mock is not None:
            mocks = self._mocks_of(live, plan.mock, standing)
        kept = {
            "kind": plan.kind,
            "definition": standing.definition,
            "compat": plan.compat,
            "mock": plan.mock,
        }
        run = self._run(live, clock, plan.limits, kept, seed=plan.seed, mocks=mocks, on_output=on_output)
        answered: SimpleQueue[BaseException | None] = SimpleQueue()
        before = live.last
        live.reopen(run)
        self._live[arn] = self._known[arn] = live

        def go_on() -> None:
            try:
                resume(run, standing, lost=lost, opening=opening, check=None if mocks else _Check(live.name))
            except Exception as fault:
                answered.put(fault)
            else:
                answered.put(None)

        self.engine.post(go_on)
        fault = answered.get()
        if fault is not None:
            self._strike(live)
            live.run = None
            if before is not None:
                live.end(before)
            raise fault
        return live

    def _at_hand(self, arn: str, machine: StateMachineRecord | None) -> Live:
        """The execution; where a machine is given for it, its own need not be known."""
        live = self._live.get(arn) or self._known.get(arn)
        if live is not None or machine is None:
            return live or self.execution(arn)
        store = next(store for store in self._stores() if store.find(arn) is not None)
        return Live(arn, arn.rpartition(":")[2], machine, store)

    def _mocks_of(self, live: Live, text: str, standing: Standing) -> Mocks:
        """Those that the execution ran with; raises SfnbError where they could not be kept."""
        from sfnb.mocks.written import read

        if not text:
            raise SfnbError(
                f"{live.name} ran with functions as mocks, which its log cannot keep: give mock=... again"
            )
        tree = live.machine.source.tree
        assert tree is not None
        return read(text, tree, standing.calls)


class _Check:
    """Refuses to go on while functions are missing; called once a log has been found to fit."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __call__(self, replay: Replay) -> None:
        missing = {call.state: call.lacking for call in replay.calls() if call.lacking}
        if missing:
            raise TasksMissing(self._name, missing)


def _until(log: Iterator[ev.Event], event_id: int) -> Iterator[ev.Event]:
    """A log up to an event; raises SfnbError where it has no such event, or that ends it."""
    for event in log:
        if isinstance(event, ev.TERMINAL):
            break
        yield event
        if event.id == event_id:
            return
    raise SfnbError(f"there is no event {event_id} to fork from: give the id of one before the end")


def _entered_with(event: ev.Event, input: Payload) -> ev.Event:
    """Raises SfnbError where the event enters no state."""
    if not isinstance(event, ev.StateEntered):
        raise SfnbError(f"event {event.id} is {event.type}: an input is for a state that is entered")
    return structs.replace(event, input=input.text)
