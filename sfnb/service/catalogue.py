"""The executions that there are: of this process, and those that the stores have kept from before."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from weakref import WeakKeyDictionary, WeakValueDictionary

from msgspec import structs

from sfnb.asl.decode import load
from sfnb.asl.machine import Definition, MachineType, walk
from sfnb.asl.source import Source, read_text
from sfnb.asl.states.map_ import Map
from sfnb.engine import events as ev
from sfnb.engine.clock import clock_like
from sfnb.engine.execution import ExecutionState, state_of
from sfnb.engine.facts import ExecutionPlanned
from sfnb.engine.loop import Engine
from sfnb.engine.map_names import label_of
from sfnb.engine.ports import EventStore
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.engine.redrive import DELETING, described
from sfnb.map_runs import MapRuns, ResourceNotFound
from sfnb.service.openings import Openings
from sfnb.service.records import Live, Settings, StateMachineRecord
from sfnb.service.refusals import ExecutionDoesNotExist, StateMachineDoesNotExist
from sfnb.service.tags import Tags

MOST_READ = 64
"""How many definitions that were read back from a store are remembered."""


class Catalogue(Tags):
    """Finds executions and their definitions.

    store: where executions go. scratch: where those of machines go that have been given no name; the same
    unless told.
    """

    engine: Engine
    store: EventStore
    scratch: EventStore | None
    map_runs: MapRuns

    def __init__(self) -> None:
        super().__init__()
        self._live: dict[str, Live] = {}
        """Those under way."""
        self._openings = Openings()
        self._known: WeakValueDictionary[str, Live] = WeakValueDictionary()
        """Those that somebody has in hand."""
        self._keys: WeakKeyDictionary[Source, tuple[int, str]] = WeakKeyDictionary()
        """By the text that was kept: in which store, and the key there."""
        self._read: dict[tuple[str, str, str | None], StateMachineRecord] = {}

    # Executions

    def execution(self, arn: str) -> Live:
        """Raises ExecutionDoesNotExist. One that is being started is waited for."""
        live = self._live.get(arn)
        if arn in self._openings and not self.engine.here:
            self._openings.wait(arn)
            live = self._live.get(arn)
        live = live or self._known.get(arn) or self._child(arn) or self._stored(arn)
        if live is None:
            raise _missing(arn)
        return live

    def list_executions(self, wanted: ExecutionFilter | None = None) -> list[ExecutionRecord]:
        """Newest first, of all stores; children of map runs only if they are asked for."""
        wanted = wanted or ExecutionFilter()
        if len(self._stores()) == 1:
            return list(self.store.list(wanted))
        enough = None if wanted.limit is None else wanted.offset + wanted.limit
        each = [store.list(structs.replace(wanted, limit=enough, offset=0)) for store in self._stores()]
        merged = heapq.merge(*each, key=lambda record: record.started, reverse=True)
        return list(islice(merged, wanted.offset, enough))

    def latest_executions(self, wanted: ExecutionFilter | None = None) -> list[Live]:
        return [self.execution(record.arn) for record in self.list_executions(wanted)]

    def interrupted_executions(self) -> list[ExecutionRecord]:
        """Those that have no end and that nobody goes on with, oldest first."""
        running = self.list_executions(ExecutionFilter(status=("RUNNING",)))
        return [record for record in reversed(running) if self.is_interrupted(record)]

    def is_interrupted(self, record: ExecutionRecord) -> bool:
        if record.status != "RUNNING" or record.owner == "others":
            return False
        live = self._live.get(record.arn)
        return live is None or live.run is None

    def find_execution(self, arn: str) -> ExecutionRecord | None:
        return next((record for store in self._stores() if (record := store.find(arn)) is not None), None)

    def describe_execution(self, arn: str) -> ExecutionState:
        """What the execution has come to; raises ExecutionDoesNotExist."""
        live = self.execution(arn)
        first = self.first_of(live)
        if live.last is None and live.run is None:
            live.refresh()
        return self.described(live, state_of(first, live.last, self.redriven_of(live)))

    def described(self, live: Live, state: ExecutionState) -> ExecutionState:
        """The state with what AWS says of redriving it."""
        record = live.store.find(live.arn)
        if record is None:
            return state  # it has been deleted
        record = structs.replace(
            record, status=state.status, stopped=state.stop_date
        )  # it may just have ended
        plan = self.plan_of(live)
        clock = clock_like(plan.clock, state.stop_date or state.start_date)  # type: ignore[arg-type]
        state = described(state, record, clock.now(), most_events=plan.limits.history_events - 1)
        if state.redrive_status == "NOT_REDRIVABLE" or not self.is_deleting(record.machine):
            return state
        return structs.replace(state, redrive_status="NOT_REDRIVABLE", redrive_status_reason=DELETING)

    def is_deleting(self, machine: str) -> bool:
        """Whether a machine, or the one that a label belongs to, goes when its executions have ended."""
        held = self._holdings().get(machine.partition("/")[0])
        return held is not None and held.deleting

    def first_of(self, live: Live) -> ev.ExecutionStarted:
        """Raises ExecutionDoesNotExist where its start is not committed."""
        if live.first is None:
            first = next(live.store.read(live.arn), None)
            if first is None:
                raise _missing(live.arn)
            assert isinstance(first, ev.ExecutionStarted)
            live.first = first
        return live.first

    def redriven_of(self, live: Live) -> ev.ExecutionRedriven | None:
        """The event with which an execution was redriven last."""
        record = live.store.find(live.arn)
        return None if record is None else _redriven(live.store, record)

    def get_execution_history(self, arn: str) -> Iterator[ev.Event]:
        """Every event and fact so far, in order; raises ExecutionDoesNotExist."""
        return self.execution(arn).store.read(arn)

    def plan_of(self, live: Live) -> ExecutionPlanned:
        """What an execution was begun with; of a log that does not say, as executions are begun."""
        if live.plan is None:
            plan = next(live.store.read(live.arn, after=1), None)
            live.plan = plan if isinstance(plan, ExecutionPlanned) else _unplanned(live)
        return live.plan

    def redrive_date(self, record: ExecutionRecord) -> datetime | None:
        """When an execution was redriven last."""
        if not record.redrive_count:
            return None
        store = next(store for store in self._stores() if store.find(record.arn) is not None)
        redriven = _redriven(store, record)
        return None if redriven is None else redriven.timestamp

    def item_count(self, record: ExecutionRecord) -> int:
        """How many items a map run's child was given."""
        children = self.map_runs.describe(record.parent or "").children
        child = children.find(record.arn)
        return 1 if child is None else child.item_count

    def opener_of(self, map_run: str) -> str:
        """The execution that opened a map run; raises ResourceNotFound."""
        for store in self._stores():
            opener = store.opener(map_run)
            if opener is not None:
                return opener
        raise ResourceNotFound(f"Resource not found: '{map_run}'")

    def labelled(self, machine: StateMachineRecord, label: str) -> StateMachineRecord:
        """What the children of a Distributed Map of a machine run; raises StateMachineDoesNotExist."""
        return part_of(machine, label, _processor(machine.definition, machine.arn, label))

    def store_of(self, machine: StateMachineRecord) -> EventStore:
        return self.scratch if self.scratch is not None and not machine.named else self.store

    def _stores(self) -> list[EventStore]:
        return [self.store] if self.scratch is None else [self.scratch, self.store]

    def _child(self, arn: str) -> Live | None:
        """A child execution of a map run of this process, which nobody has asked for yet."""
        found = self.map_runs.child(arn) if "/" in arn else None
        if found is None:
            return None
        map_run, child = found
        parent = self.execution(map_run.run.arn).machine
        machine = part_of(parent, map_run.label, map_run.command.processor)
        live = self._known[arn] = Live(arn, child.name, machine, map_run.run.store)
        live.run = child.run
        live.first = child.started
        child.tell_end(live.end)
        return live

    def _stored(self, arn: str) -> Live | None:
        """An execution that a store has kept."""
        for store in self._stores():
            record = store.find(arn)
            if record is not None:
                live = Live(arn, record.name, self._machine_of(record, store), store)
                live.refresh()
                return self._known.setdefault(arn, live)  # another thread may have asked for it too
        return None

    # Definitions

    def keep_definition(self, machine: StateMachineRecord, store: EventStore) -> str:
        """The key under which the store has a machine's definition, once it has."""
        known = self._keys.get(machine.source)
        if known is None or known[0] != id(store):
            known = id(store), store.keep_definition(machine.source.resolved_text)
            self._keys[machine.source] = known
        return known[1]

    def _machine_of(self, record: ExecutionRecord, store: EventStore) -> StateMachineRecord:
        """The machine of an execution as it was when that began; raises StateMachineDoesNotExist."""
        arn, *labels = record.machine.split("/")
        key = record.definition
        if key is None:
            raise StateMachineDoesNotExist(
                f"State Machine Does Not Exist: '{arn}'; the log of '{record.arn}' does not say what it ran"
            )
        revision = self._revision_of(record, store)
        machine = self._defined(arn, key, revision, store)
        if machine is None:
            source = read_text(self._text_of(arn, key, store), max_bytes=2**62)
            kind: MachineType = "EXPRESS" if record.kind == "EXPRESS" and not labels else "STANDARD"
            definition, warnings = load(source, kind)
            machine = StateMachineRecord(
                arn=arn,
                name=arn.rpartition(":")[2],
                named=True,
                type=kind,
                settings=Settings(role_arn=_role(record, store) or self.default_role()),
                source=source,
                definition=definition,
                warnings=warnings,
                creation_date=record.started,
                revision=revision,
            )
            if len(self._read) >= MOST_READ:
                del self._read[next(iter(self._read))]
            self._read[arn, key, revision] = machine
        for label in labels:
            machine = self.labelled(machine, label)
        return machine

    def _text_of(self, arn: str, key: str, store: EventStore) -> str:
        try:
            return store.definition(key)
        except KeyError:
            raise StateMachineDoesNotExist(
                f"State Machine Does Not Exist: '{arn}'; the store has lost its definition"
            ) from None

    def _revision_of(self, record: ExecutionRecord, store: EventStore) -> str | None:
        """Which revision of its machine an execution runs, if that has ever changed."""
        held = self._holdings().get(record.machine.partition("/")[0])
        if held is None or held.record.revision is None:
            return None
        plan = next(store.read(record.arn, after=1), None)
        return plan.revision if isinstance(plan, ExecutionPlanned) else None

    def _defined(
        self, arn: str, key: str, revision: str | None, store: EventStore
    ) -> StateMachineRecord | None:
        """A machine with this very definition, if there is one at hand, as it was in this revision."""
        held = self._holdings().get(arn)
        every = () if held is None else (held.record, *held.versions.values(), *held.past.values())
        known = [machine for machine in every if machine.revision == revision]
        for machine in known:
            if self._keys.get(machine.source) == (id(store), key):
                return machine
        read = self._read.get((arn, key, revision))
        if read is not None or not known:
            return read
        text = self._text_of(arn, key, store)  # a machine of an earlier session, not run in this one yet
        return next((machine for machine in known if machine.source.resolved_text == text), None)


def _missing(arn: str) -> ExecutionDoesNotExist:
    return ExecutionDoesNotExist(f"Execution Does Not Exist: '{arn}'")


def _role(record: ExecutionRecord, store: EventStore) -> str | None:
    """With which an execution was started."""
    first = next(store.read(record.arn), None)
    return first.role_arn if isinstance(first, ev.ExecutionStarted) else None


def _unplanned(live: Live) -> ExecutionPlanned:
    assert live.first is not None
    moment = live.first.timestamp
    return ExecutionPlanned(
        id=0,
        previous_event_id=1,
        timestamp=moment,
        execution=live.name,
        machine=live.machine.arn,
        machine_name=live.machine.name,
    )


def _redriven(store: EventStore, record: ExecutionRecord) -> ev.ExecutionRedriven | None:
    """The event with which an execution was redriven last."""
    if not record.redrive_count:
        return None
    events = store.read_back(record.arn)
    return next((event for event in events if isinstance(event, ev.ExecutionRedriven)), None)


def part_of(machine: StateMachineRecord, label: str, processor: Definition) -> StateMachineRecord:
    """What the children of the map runs with this label run."""
    return structs.replace(
        machine,
        arn=f"{machine.arn}/{label}",
        name=f"{machine.name}/{label}",
        type=processor.processor_config.execution_type or "STANDARD",
        definition=processor,
    )


def _processor(definition: Definition, machine_arn: str, label: str) -> Definition:
    """What the children of the map run with this label run."""
    for state in walk(definition):
        if isinstance(state, Map) and state.distributed and label_of(machine_arn, state) == label:
            return state.item_processor
    raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{machine_arn}/{label}'")
