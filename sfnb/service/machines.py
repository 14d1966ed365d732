"""The actions on state machines."""

from __future__ import annotations

import itertools
import threading
from typing import Any, NamedTuple

from msgspec import structs

from sfnb.asl.decode import decode, load
from sfnb.asl.machine import Definition, MachineType
from sfnb.asl.source import Source, read_text
from sfnb.asl.validation import Validation, invalid_definition, validate_definition
from sfnb.engine.activities import InvalidArn
from sfnb.engine.clock import new_name
from sfnb.engine.ports import EventStore
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import Diagnostic
from sfnb.service import shelf
from sfnb.service.account import Account
from sfnb.service.arns import machine_arn
from sfnb.service.names import check_name, is_name
from sfnb.service.records import Encryption, Holding, Logging, Settings, StateMachineRecord
from sfnb.service.refusals import (
    InvalidEncryptionConfiguration,
    InvalidLoggingConfiguration,
    InvalidName,
    MissingRequiredParameter,
    StateMachineAlreadyExists,
    StateMachineDeleting,
    StateMachineDoesNotExist,
)
from sfnb.trial.refusals import InvalidDefinition, ValidationException

NOTHING_TO_CHANGE = (
    "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
    "specified"
)
UNPUBLISHED_DESCRIPTION = "Version description can only be set when publish is true"
NO_DESTINATION = "Invalid Logging Configuration: Must specify exactly one Log Destination."


class Changes(NamedTuple):
    """What an update changes; what is None stays as it is."""

    definition: str | None = None
    role_arn: str | None = None
    logging: Logging | None = None
    tracing: bool | None = None
    encryption: Encryption | None = None


class Machines(Account):
    """Keeps state machines by ARN."""

    store: EventStore

    def __init__(self) -> None:
        super().__init__()
        self._held: dict[str, Holding] = {}
        self._read_from: EventStore | None = None
        self._changing = threading.RLock()
        """Held while what there is of machines, versions and aliases is changed."""
        self._unnamed = itertools.count(1)

    def define_state_machine(
        self,
        *,
        source: Source,
        name: str | None = None,
        named: bool = True,
        type: MachineType = "STANDARD",
        role_arn: str | None = None,
    ) -> StateMachineRecord:
        """Check a definition and keep it under `name`, for as long as the process lives; a machine of this
        name gets the new definition, for later executions, and keeps its functions.

        named: not where `name` stands for want of one.
        type: an EXPRESS machine runs for five minutes at most, and waits for no job or callback.

        Raises DefinitionError with every finding, InvalidName; nothing is changed then.
        """
        definition, warnings = load(source, type)
        is_named = named and name is not None
        name = check_name(name or self._new_name())
        arn = self._arn("stateMachine", name)
        with self._changing:
            before = self._holdings().get(arn)
            settings = before.record.settings if before is not None else Settings(role_arn=self._role())
            record = StateMachineRecord(
                arn=arn,
                name=name,
                named=is_named,
                type=type,
                settings=settings if role_arn is None else structs.replace(settings, role_arn=role_arn),
                source=source,
                definition=definition,
                warnings=warnings,
                creation_date=self.clock().now(),
                revision=None if before is None else new_name(),
            )
            self._hold(record, before)
        return record

    def _hold(self, record: StateMachineRecord, before: Holding | None) -> None:
        if before is None:
            self._held[record.arn] = Holding(record, kept=False)
            return
        before.record = record
        before.deleting = False
        if before.kept:
            shelf.keep_machine(self.store, before)

    def create_state_machine(
        self,
        *,
        name: str,
        definition: str,
        settings: Settings,
        type: MachineType = "STANDARD",
        publish: bool = False,
        version_description: str | None = None,
    ) -> Holding:
        """Keep a new machine in the store, as AWS does. definition: JSON text.

        One that is there and is the same, but for its role, is answered with.
        Raises InvalidName, InvalidDefinition, InvalidLoggingConfiguration, ValidationException,
        StateMachineAlreadyExists, StateMachineDeleting.
        Source: AWS API reference, CreateStateMachine.
        """
        if not is_name(name):
            raise InvalidName(f"Invalid Name: '{name}'")
        check_description(publish, version_description)
        check_settings(settings)
        arn = self._arn("stateMachine", name)
        source, checked, warnings = self._checked(definition, type)
        with self._changing:
            before = self._gone(self._holdings().get(arn))
            if before is not None:
                return self._same(before, source, type, settings)
            record = StateMachineRecord(
                arn=arn,
                name=name,
                named=True,
                type=type,
                settings=settings,
                source=source,
                definition=checked,
                warnings=warnings,
                creation_date=self.clock().now(),
            )
            holding = self._held[arn] = Holding(record, kept=True)
            shelf.keep_machine(self.store, holding)
            return holding

    def _same(self, before: Holding, source: Source, type: MachineType, settings: Settings) -> Holding:
        """A machine that is there already, if it is what is asked for."""
        record = before.record
        if before.deleting:
            raise StateMachineDeleting(f"State Machine is being deleted: '{record.arn}'")
        alike = structs.replace(settings, role_arn=record.role_arn) == record.settings
        if not alike or record.type != type or record.source.resolved_text != source.resolved_text:
            raise StateMachineAlreadyExists(f"State Machine Already Exists: '{record.arn}'")
        return before

    def _checked(
        self, definition: str, type: MachineType
    ) -> tuple[Source, Definition, tuple[Diagnostic, ...]]:
        source = read_text(definition, format="json")
        checked, findings = decode(source, type)
        if checked is None:
            raise InvalidDefinition(invalid_definition(source, findings))
        return source, checked, findings

    def update_state_machine(
        self, arn: str, changes: Changes, *, publish: bool = False, version_description: str | None = None
    ) -> Holding:
        """Change a machine, for executions that are started from now on; raises as `create_state_machine`,
        MissingRequiredParameter and StateMachineDoesNotExist.

        Source: AWS API reference, UpdateStateMachine.
        """
        check_description(publish, version_description)
        if all(change is None for change in changes):
            raise MissingRequiredParameter(NOTHING_TO_CHANGE)
        with self._changing:
            holding = self._holding(unqualified(arn))
            record = holding.record
            settings = _changed(record.settings, changes)
            check_settings(settings)
            new = structs.replace(record, settings=settings)
            if changes.definition is not None and changes.definition != record.source.resolved_text:
                source, definition, warnings = self._checked(changes.definition, record.type)
                new = structs.replace(new, source=source, definition=definition, warnings=warnings)
            if new != record:
                new = structs.replace(new, revision=new_name())
            holding.record = structs.replace(new, updated=self.clock().now())
            if holding.kept:
                shelf.keep_machine(self.store, holding)
            return holding

    def delete_state_machine(self, arn: str) -> None:
        """Also one that is not there. One with executions under way goes when these have ended."""
        with self._changing:
            holding = self._holdings().get(unqualified(arn))
            if holding is None:
                return
            holding.deleting = True
            if self._gone(holding) is not None and holding.kept:
                shelf.keep_machine(self.store, holding)

    def _gone(self, holding: Holding | None) -> Holding | None:
        """`holding`, unless it was to be deleted and its last execution has ended: then it is dropped."""
        if holding is None or not holding.deleting:
            return holding
        running = ExecutionFilter(machine=holding.record.arn, status=("RUNNING",), limit=1)
        if self.store.list(running):
            return holding
        self._held.pop(holding.record.arn, None)
        if holding.kept:
            shelf.drop_machine(self.store, holding)
        return None

    def validate_state_machine_definition(self, definition: str, **options: Any) -> Validation:
        """AWS's answer about a definition; nothing is kept. Options: type, severity, max_results."""
        return validate_definition(definition, **options)

    def describe_state_machine(self, arn: str) -> StateMachineRecord:
        """Raises StateMachineDoesNotExist."""
        return self._holding(arn).record

    def list_state_machines(self) -> list[StateMachineRecord]:
        """Oldest first."""
        return [holding.record for holding in self.held_state_machines()]

    def held_state_machines(self) -> list[Holding]:
        """With their versions and aliases, oldest first."""
        with self._changing:
            return [holding for holding in list(self._holdings().values()) if self._gone(holding)]

    def held_state_machine(self, arn: str) -> Holding:
        """Raises StateMachineDoesNotExist; InvalidArn."""
        return self._holding(machine_arn(arn).machine, arn)

    def _holding(self, arn: str, said: str | None = None) -> Holding:
        with self._changing:
            holding = self._gone(self._holdings().get(arn))
        if holding is None:
            raise StateMachineDoesNotExist(f"State Machine Does Not Exist: '{said or arn}'")
        return holding

    def _holdings(self) -> dict[str, Holding]:
        """By ARN; those that the store keeps are read when they are first asked for."""
        if self._read_from is not self.store:
            with self._changing:
                if self._read_from is not self.store:
                    self._read_kept(self.store)
                    self._read_from = self.store
        return self._held

    def _read_kept(self, store: EventStore) -> None:
        """Take up what the store keeps besides executions; what is here already comes first."""
        self._held = shelf.machines(store) | self._held

    def _role(self) -> str:
        """That of a machine that was given none."""
        return f"arn:aws:iam::{self.account}:role/sfnb"

    def _new_name(self) -> str:
        for number in self._unnamed:
            name = "machine" if number == 1 else f"machine-{number}"
            if self._arn("stateMachine", name) not in self._holdings():
                return name
        raise AssertionError


def unqualified(arn: str) -> str:
    """`arn`, if it is that of a state machine, not of a part of one.

    Raises InvalidArn, ValidationException.
    """
    parsed = machine_arn(arn)
    if parsed.label is not None:
        raise ValidationException(
            f"State machine ARN with a label is not supported by this API: '{arn}'",
            "API_DOES_NOT_SUPPORT_LABELED_ARNS",
        )
    if parsed.qualifier is not None:
        raise InvalidArn(f"Invalid Arn: 'Qualified state machine ARN not valid in this context: {arn}'")
    return parsed.machine


def check_description(publish: bool, description: str | None) -> None:
    if description is not None and not publish:
        raise ValidationException(UNPUBLISHED_DESCRIPTION)


def check_settings(settings: Settings) -> None:
    """Raises InvalidLoggingConfiguration, InvalidEncryptionConfiguration.

    Logs that go nowhere may not be asked for; off, they may be sent somewhere (AWS recordings, api/logs).
    """
    groups = settings.logging.log_groups
    if len(groups) > 1 or (settings.logging.level != "OFF" and not groups):
        raise InvalidLoggingConfiguration(NO_DESTINATION)
    encryption = settings.encryption
    if (encryption.type == "CUSTOMER_MANAGED_KMS_KEY") != (encryption.key_id is not None):
        raise InvalidEncryptionConfiguration(
            "Invalid Encryption Configuration: 'kmsKeyId goes with CUSTOMER_MANAGED_KMS_KEY'"
        )


def _changed(settings: Settings, changes: Changes) -> Settings:
    given = {
        "role_arn": changes.role_arn,
        "logging": changes.logging,
        "tracing": changes.tracing,
        "encryption": changes.encryption,
    }
    return structs.replace(settings, **{name: value for name, value in given.items() if value is not None})
