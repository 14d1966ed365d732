"""What outlives the process besides executions: machines, their versions and aliases, tags, activities.

Each is a resource of the store, as JSON. A field that comes later has a default, so that the resources of
last year still load.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from sfnb.asl.decode import load
from sfnb.asl.machine import MachineType
from sfnb.asl.source import read_text
from sfnb.engine.activities import ActivityRecord
from sfnb.engine.ports import EventStore
from sfnb.service.records import Alias, Holding, Settings, StateMachineRecord

MACHINE, VERSION, ALIAS, TAGS, ACTIVITY = "stateMachine", "version", "alias", "tags", "activity"


class _Machine(msgspec.Struct, frozen=True, kw_only=True):
    """A state machine, or one of its versions."""

    arn: str
    name: str
    type: MachineType
    definition: str
    settings: Settings
    creation_date: datetime
    updated: datetime | None = None
    revision: str | None = None
    version: int | None = None
    description: str | None = None
    last_version: int = 0
    deleting: bool = False
    created: tuple[bool, str | None] | None = None


class _Tags(msgspec.Struct, frozen=True):
    arn: str
    tags: dict[str, str]


_machine = msgspec.json.Decoder(_Machine)
_alias = msgspec.json.Decoder(Alias)
_tags = msgspec.json.Decoder(_Tags)
_activity = msgspec.json.Decoder(ActivityRecord)


def keep_machine(
    store: EventStore,
    holding: Holding,
    record: StateMachineRecord,
    version: StateMachineRecord | None = None,
    *,
    deleting: bool = False,
) -> None:
    """Keep a machine as it is going to be, and with it a new version if it gets one.

    A version whose number the machine does not know yet is none: so the machine, kept last, decides.
    """
    last_version = holding.last_version
    if version is not None:
        store.keep_resource(f"{version.arn}:{version.version}", VERSION, _written(version))
        last_version = version.version or last_version
    data = _written(record, last_version=last_version, deleting=deleting, created=holding.created)
    store.keep_resource(record.arn, MACHINE, data)


def keep_alias(store: EventStore, alias: Alias) -> None:
    store.keep_resource(alias.arn, ALIAS, msgspec.json.encode(alias))


def keep_tags(store: EventStore, arn: str, tags: dict[str, str]) -> None:
    if tags:
        store.keep_resource(f"{arn}#tags", TAGS, msgspec.json.encode(_Tags(arn, tags)))
    else:
        store.drop_resource(f"{arn}#tags")


def keep_activity(store: EventStore, activity: ActivityRecord) -> None:
    store.keep_resource(activity.arn, ACTIVITY, msgspec.json.encode(activity))


def drop(store: EventStore, arn: str) -> None:
    store.drop_resource(arn)


def drop_machine(store: EventStore, holding: Holding) -> None:
    """With all that belongs to it, itself last: until then it is one that is being deleted."""
    arn = holding.record.arn
    for number in holding.versions:
        store.drop_resource(f"{arn}:{number}")
    for alias in holding.aliases.values():
        store.drop_resource(alias.arn)
    store.drop_resource(f"{arn}#tags")
    store.drop_resource(arn)


def machines(store: EventStore) -> dict[str, Holding]:
    """Every machine that is kept, by ARN, oldest first."""
    held: dict[str, Holding] = {}
    for kept in map(_machine.decode, store.resources(MACHINE)):
        holding = held[kept.arn] = Holding(_read(kept), kept=True)
        holding.last_version = kept.last_version
        holding.deleting = kept.deleting
        holding.created = kept.created
    for version in map(_machine.decode, store.resources(VERSION)):
        number = version.version or 0
        if version.arn in held and 0 < number <= held[version.arn].last_version:
            held[version.arn].versions[number] = _read(version)
    for holding in held.values():
        holding.versions = dict(sorted(holding.versions.items()))
    for alias in map(_alias.decode, store.resources(ALIAS)):
        machine = alias.arn.rpartition(":")[0]
        if machine in held:
            held[machine].aliases[alias.name] = alias
    return held


def tags(store: EventStore) -> dict[str, dict[str, str]]:
    """By ARN."""
    return {kept.arn: kept.tags for kept in map(_tags.decode, store.resources(TAGS))}


def activities(store: EventStore) -> Iterator[ActivityRecord]:
    return map(_activity.decode, store.resources(ACTIVITY))


def _written(record: StateMachineRecord, **held: Any) -> bytes:
    """held: what is known of a machine besides; see `Holding`."""
    return msgspec.json.encode(
        _Machine(
            arn=record.arn,
            name=record.name,
            type=record.type,
            definition=record.source.resolved_text,
            settings=record.settings,
            creation_date=record.creation_date,
            updated=record.updated,
            revision=record.revision,
            version=record.version,
            description=record.description,
            **held,
        )
    )


def _read(kept: _Machine) -> StateMachineRecord:
    source = read_text(kept.definition, max_bytes=2**62)
    definition, warnings = load(source, kept.type)
    return StateMachineRecord(
        arn=kept.arn,
        name=kept.name,
        named=True,
        type=kept.type,
        settings=kept.settings,
        source=source,
        definition=definition,
        warnings=warnings,
        creation_date=kept.creation_date,
        updated=kept.updated,
        revision=kept.revision,
        version=kept.version,
        description=kept.description,
    )
