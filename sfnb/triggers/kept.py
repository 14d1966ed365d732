"""Triggers in the store: what they are, what they have received, what could not be passed on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import msgspec

from sfnb.engine.ports import TRIGGER, EventStore, Resource
from sfnb.triggers.records import Trigger

DELIVERY, POSTED, DEAD_LETTER = "delivery", "posted", "deadLetter"

Kept = TypeVar("Kept", bound=msgspec.Struct)

_trigger = msgspec.json.Decoder(Trigger)


def resource_of(trigger: Trigger) -> Resource:
    return Resource(name_of(trigger.key), TRIGGER, msgspec.json.encode(trigger))


def name_of(key: str) -> str:
    """What a trigger is called among all resources of a store."""
    return f"sfnb:{key}"


def delivery_name(id: str) -> str:
    """As `name_of`, of a delivery."""
    return f"{DELIVERY}:{id}"


class Shelf:
    """Where triggers and their like are kept. store: asked for anew each time, as another may be taken."""

    def __init__(self, store: Callable[[], EventStore]) -> None:
        self._store = store

    @property
    def durable(self) -> bool:
        """What is kept outlives the process."""
        return self._store().durable

    def triggers(self) -> Iterator[Trigger]:
        """Of all processes that share the store, oldest first."""
        return map(_trigger.decode, self._store().resources(TRIGGER))

    def trigger(self, key: str) -> Trigger | None:
        return self.find(name_of(key), Trigger)

    def find(self, name: str, shape: type[Kept]) -> Kept | None:
        """What is kept under a name."""
        data = self._store().resource(name)
        return None if data is None else msgspec.json.decode(data, type=shape)

    def all(self, kind: str, shape: type[Kept]) -> list[Kept]:
        decoder = msgspec.json.Decoder(shape)
        return [decoder.decode(data) for data in self._store().resources(kind)]

    def keep(self, *resources: Resource, drop: Sequence[str] = ()) -> None:
        """Keep these and forget those; raises StoreFault."""
        self._store().change_resources(keep=resources, drop=drop)

    def keep_trigger(self, trigger: Trigger) -> None:
        self.keep(resource_of(trigger))

    def drop_trigger(self, key: str) -> None:
        self._store().drop_resource(name_of(key))

    def release(self, key: str) -> None:
        """Let another process run a trigger."""
        self._store().release_resource(name_of(key))

    def hold(self, key: str) -> str | None:
        """Make a trigger ours to run; else who it is that runs it."""
        return self.hold_resource(name_of(key))

    def hold_resource(self, name: str) -> str | None:
        """As `hold`, for anything that is kept."""
        return self._store().hold_resource(name)


def resource(name: str, kind: str, data: Any) -> Resource:
    return Resource(name, kind, msgspec.json.encode(data))
