"""The actions on state machines."""

from __future__ import annotations

import itertools
from typing import Any

from sfnb.asl.decode import load
from sfnb.asl.machine import MachineType
from sfnb.asl.source import Source
from sfnb.asl.validation import Validation, validate_definition
from sfnb.service.account import Account
from sfnb.service.names import check_name
from sfnb.service.records import StateMachineRecord
from sfnb.service.refusals import StateMachineDoesNotExist


class Machines(Account):
    """Keeps state machines by ARN."""

    def __init__(self) -> None:
        self._machines: dict[str, StateMachineRecord] = {}
        self._unnamed = itertools.count(1)

    def create_state_machine(
        self,
        *,
        source: Source,
        name: str | None = None,
        named: bool = True,
        type: MachineType = "STANDARD",
        role_arn: str | None = None,
    ) -> StateMachineRecord:
        """Check a definition and keep it under `name`; a machine of this name gets the new definition,
        for later executions, and keeps its functions.

        named: not where `name` stands for want of one.
        type: an EXPRESS machine runs for five minutes at most, and waits for no job or callback.

        Raises DefinitionError with every finding, InvalidName; nothing is changed then.
        """
        definition, warnings = load(source, type)
        is_named = named and name is not None
        name = check_name(name or self._new_name())
        record = StateMachineRecord(
            arn=self._arn("stateMachine", name),
            name=name,
            named=is_named,
            type=type,
            role_arn=role_arn or f"arn:aws:iam::{self.account}:role/sfnb",
            source=source,
            definition=definition,
            warnings=warnings,
            creation_date=self.clock().now(),
        )
        self._machines[record.arn] = record
        return record

    def validate_state_machine_definition(self, definition: str, **options: Any) -> Validation:
        """AWS's answer about a definition; nothing is kept. Options: type, severity, max_results."""
        return validate_definition(definition, **options)

    def describe_state_machine(self, arn: str) -> StateMachineRecord:
        """Raises StateMachineDoesNotExist."""
        if arn not in self._machines:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{arn}'")
        return self._machines[arn]

    def list_state_machines(self) -> list[StateMachineRecord]:
        return list(self._machines.values())

    def _new_name(self) -> str:
        for number in self._unnamed:
            name = "machine" if number == 1 else f"machine-{number}"
            if self._arn("stateMachine", name) not in self._machines:
                return name
        raise AssertionError
