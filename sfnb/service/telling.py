"""What others are told of executions: log records, and that a status has changed.

The events of an execution are handed over when they are committed, and told by a thread of its own. What has
not been told when the process ends is not told again: AWS promises its own as best effort, too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from sfnb.deliveries.logs import LogFile, LogSink
from sfnb.deliveries.status_changes import status_change
from sfnb.deliveries.worker import Worker
from sfnb.engine import events as ev
from sfnb.engine.execution import state_of
from sfnb.engine.log_records import Level, log_records
from sfnb.engine.loop import Engine
from sfnb.engine.records import ExecutionFilter
from sfnb.engine.run import Run
from sfnb.errors import ExecutionOwned
from sfnb.service.catalogue import Catalogue
from sfnb.service.machines import Changes
from sfnb.service.records import Live, Logging, StateMachineRecord

StatusSink = Callable[[Sequence[dict[str, object]]], None]
Observer = Callable[[str, Sequence[ev.Event]], None]

CHANGES = (ev.ExecutionStarted, ev.ExecutionRedriven, *ev.TERMINAL)


class Telling(Catalogue):
    """Hands on to those who want to be told.

    log_sinks: where log records go. status_sinks: who is given the details of status changes, on a thread of
        their own; none unless there is somebody.
    """

    engine: Engine
    log_sinks: list[LogSink]
    status_sinks: list[StatusSink]
    worker: Worker

    def stop_execution(self, arn: str, *, error: str | None = None, cause: str | None = None) -> None:
        """End a running execution as ABORTED."""
        raise NotImplementedError

    def _observer(self, live: Live, machine: StateMachineRecord) -> Observer | None:
        """Who is handed an execution's events, and those of its map runs' children; None for nobody."""
        logged = machine.settings.logging.level != "OFF"
        noted = bool(self.status_sinks) and machine.type == "STANDARD"
        if not logged and not noted:
            return None
        counts: dict[str, int] = {}
        redriven: list[ev.ExecutionRedriven] = []

        def observe(arn: str, events: Sequence[ev.Event]) -> None:
            if logged:
                self.worker.post(lambda: self._log(arn, machine, events, counts))
            if noted and arn == live.arn and any(isinstance(event, CHANGES) for event in events):
                redriven.extend(event for event in events if isinstance(event, ev.ExecutionRedriven))
                latest = redriven[-1] if redriven else None
                self.worker.post(lambda: self._note(live, events, latest))

        return observe

    def _log(
        self, arn: str, machine: StateMachineRecord, events: Sequence[ev.Event], counts: dict[str, int]
    ) -> None:
        """counts: how often each execution has been redriven, as far as that is known."""
        if arn not in counts:
            record = self.find_execution(arn)
            begins = isinstance(events[0], ev.ExecutionStarted) or record is None
            counts[arn] = 0 if begins or record is None else record.redrive_count
        for event in events:
            if isinstance(event, ev.ExecutionRedriven):
                counts[arn] = event.redrive_count
        logging = machine.settings.logging
        records = list(
            log_records(
                events, arn, logging.level, include_data=logging.include_data, redrive_count=counts[arn]
            )
        )
        for sink in self.log_sinks if records else ():
            sink.write(machine.name, logging.log_groups, records)

    def _note(self, live: Live, events: Sequence[ev.Event], redriven: ev.ExecutionRedriven | None) -> None:
        """redriven: the latest that is known; another may have come since, which these know nothing of."""
        if redriven is None:
            latest = self.redriven_of(live)
            redriven = latest if latest is not None and latest.id < events[-1].id else None
        first = self.first_of(live)
        changes = []
        for event in events:
            if isinstance(event, CHANGES):
                last = event if isinstance(event, ev.TERMINAL) else None
                state = self.described(live, state_of(first, last, redriven))
                changes.append(status_change(live.arn, live.machine.arn, live.name, first, state))
        for sink in self.status_sinks:
            sink(changes)

    def _end_executions(self, arn: str) -> None:
        """Have those of a machine end at their next transitions; those that nobody goes on with, now.

        Source: AWS API reference, DeleteStateMachine.
        """
        for live in list(self._live.values()):
            if live.machine.arn == arn and live.run is not None:
                self.engine.post(_end_at_transition, live.run)
        for record in self.list_executions(ExecutionFilter(machine=arn, status=("RUNNING",))):
            if self.is_interrupted(record):
                with suppress(ExecutionOwned):  # somebody goes on with it after all
                    self.stop_execution(record.arn)


def _end_at_transition(run: Run) -> None:
    """On the engine's thread."""
    tell = run.on_events

    def observe(arn: str, events: Sequence[ev.Event]) -> None:
        if tell is not None:
            tell(arn, events)
        if any(isinstance(event, ev.StateExited) for event in events):
            run.engine.post(run.guard, run.stop)

    run.on_events = observe


def logging_of(
    service: Telling,
    machine: StateMachineRecord,
    level: Level,
    include_data: bool,
    group: str | None,
    file: str | Path | None,
) -> StateMachineRecord:
    """The machine with another log configuration; see `StateMachine.log`."""
    region, account = machine.arn.split(":")[3:5]
    usual = f"arn:aws:logs:{region}:{account}:log-group:/aws/vendedlogs/states/{machine.name}:*"
    logging = Logging(level=level, include_data=include_data, log_groups=(group or usual,))
    changed = service.update_state_machine(machine.arn, Changes(logging=logging)).record
    if file is not None:
        sink = LogFile(Path(file), machine=machine.name)
        service.log_sinks[:] = [*(known for known in service.log_sinks if known != sink), sink]
    return changed
