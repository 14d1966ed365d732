"""The actions on state machines."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import structs

from sfnb.asl.decode import decode, load
from sfnb.asl.machine import Definition, MachineType
from sfnb.asl.source import Source, read_text
from sfnb.asl.validation import Validation, invalid_definition, validate_definition
from sfnb.engine.clock import new_name
from sfnb.engine.ports import EventStore
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import Diagnostic
from sfnb.service import shelf
from sfnb.service.arns import machine_arn, unqualified
from sfnb.service.conditions import check_description, check_settings, check_there
from sfnb.service.labels import Labels
from sfnb.service.names import check_name, given_name
from sfnb.service.records import Encryption, Holding, Logging, Settings, StateMachineRecord
from sfnb.service.refusals import (
    MissingRequiredParameter,
    ServiceQuotaExceededException,
    StateMachineAlreadyExists,
    StateMachineDoesNotExist,
)
from sfnb.trial.refusals import InvalidDefinition

NOTHING_TO_CHANGE = (
    "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be "
    "specified"
)
MOST_VERSIONS = 1_000


class Changes(NamedTuple):
    """What an update changes; what is None stays as it is."""

    definition: str | None = None
    role_arn: str | None = None
    logging: Logging | None = None
    tracing: bool | None = None
    encryption: Encryption | None = None


class Kept(NamedTuple):
    """A machine as it is now. version: which it was published as, if it was."""

    record: StateMachineRecord
    version: StateMachineRecord | None = None


class Machines(Labels):
    """Keeps state machines by ARN."""

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
            settings = (
                before.record.settings if before is not None else Settings(role_arn=self.default_role())
            )
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
                revision=new_name() if before is not None and before.kept else None,
            )
            self._hold(record, before)
        return record

    def keep_state_machine(self, arn: str) -> StateMachineRecord:
        """Keep a machine in the store, as one that was created by the API is: it outlives the process.

        Raises StateMachineDoesNotExist, StoreFault.
        """
        with self._changing:
            holding = self._holding(arn)
            if not holding.kept:
                record = structs.replace(holding.record, revision=new_name())
                shelf.keep_machine(self.store, holding, record)
                holding.kept = True
                holding.change(record)
            return holding.record

    def _hold(self, record: StateMachineRecord, before: Holding | None) -> None:
        if before is None:
            self._held[record.arn] = Holding(record, kept=False)
            return
        self._put(before, record)
        before.deleting = False

    def _put(
        self, holding: Holding, record: StateMachineRecord, version: StateMachineRecord | None = None
    ) -> None:
        """From now on the machine is `record`, and `version` one of its versions, new or not.

        Raises StoreFault; nothing is changed then.
        """
        new = version if version is not None and version.version not in holding.versions else None
        if holding.kept:
            shelf.keep_machine(self.store, holding, record, new)
        holding.change(record, new)

    def _numbered(
        self, holding: Holding, record: StateMachineRecord, description: str | None
    ) -> StateMachineRecord:
        """The version of a machine as `record` is; one that is to be kept yet, if there is none.

        Raises ServiceQuotaExceededException.
        """
        for version in holding.versions.values():
            if version.revision == record.revision and _same_text(version, record):
                return version
        if len(holding.versions) >= MOST_VERSIONS:
            raise ServiceQuotaExceededException(
                f"A state machine has {MOST_VERSIONS:,} versions at most: delete one"
            )
        return structs.replace(
            record,
            version=holding.last_version + 1,
            description=description,
            creation_date=self.clock().now(),
        )

    def create_state_machine(
        self,
        *,
        name: str,
        definition: str,
        settings: Settings,
        type: MachineType = "STANDARD",
        publish: bool = False,
        version_description: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Kept:
        """Keep a new machine in the store, as AWS does. definition: JSON text.

        One that is there and is the same, but for its role and tags, is answered with.
        Raises InvalidName, InvalidDefinition, InvalidLoggingConfiguration, ValidationException,
        StateMachineAlreadyExists, StateMachineDeleting, TooManyTags.
        Source: AWS API reference, CreateStateMachine.
        """
        given_name(name)
        created = (publish, version_description)
        check_description(*created)
        check_settings(settings)
        self.check_tags(tags or {}, name)
        arn = self._arn("stateMachine", name)
        source, checked, warnings = self._checked(definition, type)
        with self._changing:
            before = self._gone(self._holdings().get(arn))
            if before is not None:
                self._check_same(before, source, type, settings, created)
                return self._as_created(before, before.record, created)
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
            self._put_tags(arn, tags or {})  # first: a machine that is answered with keeps those it has
            holding = Holding(record, kept=True)
            holding.created = created
            kept = self._as_created(holding, record, created)
            self._held[arn] = holding
            return kept

    def _as_created(
        self, holding: Holding, record: StateMachineRecord, created: tuple[bool, str | None]
    ) -> Kept:
        """Keep a machine that is new, or the version that it is to have and has not."""
        publish, description = created
        version = self._numbered(holding, record, description) if publish else None
        if holding.record.arn not in self._held or (
            version is not None and version.version not in holding.versions
        ):
            self._put(holding, record, version)
        return Kept(record, version)

    def _check_same(
        self,
        before: Holding,
        source: Source,
        type: MachineType,
        settings: Settings,
        created: tuple[bool, str | None],
    ) -> None:
        """A machine that is there already has to be what is asked for."""
        record = before.record
        check_there(before)
        same = (
            structs.replace(settings, role_arn=record.role_arn) == record.settings
            and record.type == type
            and record.source.resolved_text == source.resolved_text
            and before.created in (None, created)
        )
        if not same:
            raise StateMachineAlreadyExists(f"State Machine Already Exists: '{record.arn}'")

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
    ) -> Kept:
        """Change a machine, for executions that are started from now on; raises as `create_state_machine`,
        MissingRequiredParameter, StateMachineDoesNotExist and ServiceQuotaExceededException; nothing is
        changed then.

        Source: AWS API reference, UpdateStateMachine.
        """
        check_description(publish, version_description)
        if all(change is None for change in changes):
            raise MissingRequiredParameter(NOTHING_TO_CHANGE)
        with self._changing:
            holding = self._holding(unqualified(arn))
            check_there(holding)
            record = holding.record
            settings = _changed(record.settings, changes)
            check_settings(settings)
            new = structs.replace(record, settings=settings)
            if changes.definition is not None and changes.definition != record.source.resolved_text:
                source, definition, warnings = self._checked(changes.definition, record.type)
                new = structs.replace(new, source=source, definition=definition, warnings=warnings)
            if new != record:
                new = structs.replace(new, revision=new_name())
            new = structs.replace(new, updated=self.clock().now())
            version = self._numbered(holding, new, version_description) if publish else None
            self._put(holding, new, version)
            return Kept(new, version)

    def delete_state_machine(self, arn: str) -> None:
        """Also one that is not there. One with executions under way goes when these have ended, as they do
        at their next transitions.
        """
        with self._changing:
            holding = self._holdings().get(unqualified(arn))
            if holding is None:
                return
            if holding.kept and not holding.deleting:
                shelf.keep_machine(self.store, holding, holding.record, deleting=True)
            holding.deleting = True
            if self._gone(holding) is None:
                return
        self._end_executions(arn)

    def _end_executions(self, arn: str) -> None:
        """Have those of a machine end at their next transitions; there are none here."""

    def _gone(self, holding: Holding | None) -> Holding | None:
        """`holding`, unless it was to be deleted and its last execution has ended: then it is dropped."""
        if holding is None or not holding.deleting:
            return holding
        running = ExecutionFilter(machine=holding.record.arn, status=("RUNNING",), limit=1)
        if self.store.list(running):
            return holding
        if holding.kept:
            shelf.drop_machine(self.store, holding)
        self._held.pop(holding.record.arn, None)
        self._forget_tags(holding.record.arn)
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

    def default_role(self) -> str:
        """That of a machine that was given none."""
        return f"arn:aws:iam::{self.account}:role/sfnb"

    def _new_name(self) -> str:
        for number in self._unnamed:
            name = "machine" if number == 1 else f"machine-{number}"
            if self._arn("stateMachine", name) not in self._holdings():
                return name
        raise AssertionError


def _changed(settings: Settings, changes: Changes) -> Settings:
    given = {
        "role_arn": changes.role_arn,
        "logging": changes.logging,
        "tracing": changes.tracing,
        "encryption": changes.encryption,
    }
    return structs.replace(settings, **{name: value for name, value in given.items() if value is not None})


def _same_text(one: StateMachineRecord, other: StateMachineRecord) -> bool:
    """Machines that are defined anew in a process have no revisions."""
    return one.source is other.source or one.source.resolved_text == other.source.resolved_text
