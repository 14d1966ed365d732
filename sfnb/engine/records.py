"""What a store knows of each execution without reading its log: its own summary of what was appended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec
from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine.execution import STATUS, Status
from sfnb.engine.facts import DefinitionReplaced, ExecutionPlanned

Owner = Literal["us", "others", "nobody"]


class ExecutionRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An execution, as a store lists it.

    name, machine, machine_name, kind, definition, parent, index, origin, origin_event: as in
        `facts.ExecutionPlanned`; "" or None where its log does not say.
    version, alias: the ARNs of those that it was started by.
    events: how many records its log has, facts included. last_id: of the latest AWS event.
    owner: who may append: this store's own process; another one that lives; nobody, as after a crash.
        Of one that has ended it says nothing.
    error: of the last event, where the execution failed.
    """

    arn: str
    started: datetime
    name: str = ""
    machine: str = ""
    machine_name: str = ""
    kind: str = "STANDARD"
    definition: str | None = None
    parent: str | None = None
    index: int | None = None
    origin: str | None = None
    origin_event: int | None = None
    version: str | None = None
    alias: str | None = None
    status: Status = "RUNNING"
    stopped: datetime | None = None
    error: str | None = None
    events: int = 0
    last_id: int = 0
    redrive_count: int = 0
    owner: Owner = "us"

    @property
    def interrupted(self) -> bool:
        """It has no end, and nobody is going on with it."""
        return self.status == "RUNNING" and self.owner == "nobody"


class ExecutionFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which executions are asked for; what is None does not matter.

    machine: a machine's name, or its ARN.
    status: any of these. name: with * and ? for parts that do not matter.
    after, before: the execution began at or after, and before.
    parent: the map run whose children are meant. Unless it is given, children are left out.
    version, alias: the ARN of what it was started by.
    redriven: whether it has been redriven. older_than: it began before the execution of this ARN did.
    limit, offset: of those that are found, newest first (children by index): how many, after how many.
    """

    machine: str | None = None
    status: Sequence[Status] | None = None
    name: str | None = None
    after: datetime | None = None
    before: datetime | None = None
    parent: str | None = None
    version: str | None = None
    alias: str | None = None
    redriven: bool | None = None
    older_than: str | None = None
    limit: int | None = None
    offset: int = 0


def recorded(arn: str, before: ExecutionRecord | None, events: Sequence[ev.Event]) -> ExecutionRecord:
    """What is known of an execution once `events`, at least one, have been appended to its log."""
    record = before or _begun(arn, events[0])
    plan = events[1] if before is None and len(events) > 1 else None
    if isinstance(plan, ExecutionPlanned):
        record = _planned(record, plan)
    last_id = next((event.id for event in reversed(events) if event.id), record.last_id)
    record = structs.replace(record, events=record.events + len(events), last_id=max(last_id, record.last_id))
    for event in events:
        if isinstance(event, ev.ExecutionRedriven):
            record = structs.replace(
                record, status="RUNNING", stopped=None, error=None, redrive_count=event.redrive_count
            )
        elif isinstance(event, DefinitionReplaced):
            record = structs.replace(record, definition=event.definition)
        elif isinstance(event, ev.TERMINAL):
            record = structs.replace(
                record,
                status=STATUS[type(event)],
                stopped=event.timestamp,
                error=getattr(event, "error", None),
            )
    return record


def _begun(arn: str, first: ev.Event) -> ExecutionRecord:
    record = ExecutionRecord(arn=arn, started=first.timestamp)
    if isinstance(first, ev.ExecutionStarted) and first.state_machine_version_arn is not None:
        return structs.replace(
            record, version=first.state_machine_version_arn, alias=first.state_machine_alias_arn
        )
    return record


def _planned(record: ExecutionRecord, plan: ExecutionPlanned) -> ExecutionRecord:
    return structs.replace(
        record,
        name=plan.execution,
        machine=plan.machine,
        machine_name=plan.machine_name,
        kind=plan.kind,
        definition=plan.definition,
        parent=plan.parent,
        index=plan.index,
        origin=plan.origin,
        origin_event=plan.origin_event,
    )
