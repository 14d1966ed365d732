"""`%asl list`: the state machines of this session, and the latest executions of any."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Mapping
from typing import Any

from sfnb.default import machines, service
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.keeping import status_of
from sfnb.machine import StateMachine
from sfnb.notebook import display as look
from sfnb.notebook.cells import counted
from sfnb.notebook.things import Variables, bound_to, by_definition

MOST_LISTED = 20
HEADER = ("variable", "machine", "what", "status", "name", "started", "error")


def list_all(options: Namespace, variables: Variables) -> object:
    """List the state machines and the latest executions."""
    rows = [row for machine in machines() for row in _of_machine(machine, variables)]
    latest = service().list_executions(ExecutionFilter(limit=MOST_LISTED))
    rows += [_of_execution(record, variables) for record in latest]
    return look.table(HEADER, rows, empty="nothing yet: write a %%asl cell")


def _of_machine(machine: StateMachine, variables: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    """A row for the definition that goes by the name, and one for each that a variable still holds."""
    for definition, names in by_definition(machine, variables):
        older = "" if definition is machine else ", an older definition"
        what = counted(len(definition.states), "state") + older
        yield (", ".join(names), machine.name, what, "", "", "", "")


def _of_execution(record: ExecutionRecord, variables: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        bound_to(record.arn, variables),
        record.machine_name,
        "execution",
        status_of(service(), record),
        record.name,
        f"{record.started:%Y-%m-%d %H:%M:%S}",
        record.error or "",
    )
