"""The buses of EventBridge in this account: made, described, deleted; who may put events on them.

Source: EventBridge API reference, CreateEventBus, UpdateEventBus, PutPermission.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.triggers.archives import Archives
from sfnb.triggers.kept import resource
from sfnb.triggers.paging import page
from sfnb.triggers.permissions import policy_with, policy_without
from sfnb.triggers.records import arn
from sfnb.triggers.refusals import (
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ValidationException,
)
from sfnb.triggers.rules import DEFAULT, Rule
from sfnb.triggers.tags import Tags

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

BUS = "eventBus"

Params = dict[str, Any]


class Bus(msgspec.Struct, frozen=True, kw_only=True):
    """A bus besides the default one. settings: AWS's own description."""

    name: str
    created: datetime
    settings: dict[str, Any]
    updated: datetime | None = None


class KnownBuses(Archives, Tags):
    """The default bus, and those that were made."""

    def __init__(self, here: Triggers) -> None:
        super().__init__(here)
        self._buses: dict[str, Bus] | None = None

    def _rules_of(self, bus: str) -> list[Rule]:
        """Also those that another process runs."""
        raise NotImplementedError

    def create_event_bus(self, params: Params) -> Params:
        with self._here.changing:
            name = params["Name"]
            if "/" in name:
                raise ValidationException(f"Event bus name {name} is not valid: it may have no slash.")
            if name == DEFAULT or name in self._known():
                raise ResourceAlreadyExistsException(f"Event bus {name} already exists.")
            self._keep_bus(Bus(name=name, created=self._now(), settings=told(params, "Tags")))
            self._set_tags(self.bus_arn(name), params.get("Tags", []))
            return {"EventBusArn": self.bus_arn(name), **told(params, "Name", "Tags", "EventSourceName")}

    def update_event_bus(self, params: Params) -> Params:
        with self._here.changing:
            bus = self._bus(params.get("Name", DEFAULT))
            self._change_bus(bus, {**bus.settings, **told(params, "Name")})
            return {"Arn": self.bus_arn(bus.name), "Name": bus.name, **told(params, "Name")}

    def describe_event_bus(self, params: Params) -> Params:
        bus = self._bus(params.get("Name", DEFAULT))
        return self._described(bus)

    def list_event_buses(self, params: Params) -> Params:
        prefix = params.get("NamePrefix", "")
        names = [name for name in {DEFAULT: None, **self._known()} if name.startswith(prefix)]
        found, token = page(names, params)
        return {"EventBuses": [self._described(self._bus(name)) for name in found], **token}

    def delete_event_bus(self, params: Params) -> Params:
        with self._here.changing:
            name = self._bus_name(params["Name"])
            if name == DEFAULT:
                raise ValidationException("Cannot delete event bus default.")
            if self._rules_of(name):
                raise ValidationException(f"Event bus {name} cannot be deleted since it has rules.")
            if self._known().pop(name, None) is not None:
                self._here.shelf.keep(drop=[f"{BUS}:{name}"])
                self._drop_tags(self.bus_arn(name))
            return {}

    def put_permission(self, params: Params) -> Params:
        """Kept and shown; here is no other account that it could let in."""
        with self._here.changing:
            bus = self._bus(params.get("EventBusName", DEFAULT))
            policy = policy_with(bus.settings.get("Policy"), params, self.bus_arn(bus.name))
            self._change_bus(bus, {**bus.settings, "Policy": policy})
            return {}

    def remove_permission(self, params: Params) -> Params:
        with self._here.changing:
            bus = self._bus(params.get("EventBusName", DEFAULT))
            policy = policy_without(bus.settings.get("Policy"), params)
            settings = told(bus.settings, "Policy")
            self._change_bus(bus, settings if policy is None else {**settings, "Policy": policy})
            return {}

    def _change_bus(self, bus: Bus, settings: Params) -> None:
        self._keep_bus(msgspec.structs.replace(bus, settings=settings, updated=self._now()))

    def bus_arn(self, name: str) -> str:
        world = self._here.world
        return arn("events", world.region, world.account, f"event-bus/{name}")

    def _described(self, bus: Bus) -> Params:
        return {
            **told(bus.settings, "Tags", "EventSourceName"),
            "Name": bus.name,
            "Arn": self.bus_arn(bus.name),
            "CreationTime": bus.created,
            "LastModifiedTime": bus.updated or bus.created,
        }

    def _known(self) -> dict[str, Bus]:
        if self._buses is None:
            self._buses = {bus.name: bus for bus in self._here.shelf.all(BUS, Bus)}
        return self._buses

    def _is_known(self, name: str) -> bool:
        """Another process may have made it a moment ago."""
        if name not in self._known():
            self._buses = None
        return name in self._known()

    def _keep_bus(self, bus: Bus) -> None:
        self._here.shelf.keep(resource(f"{BUS}:{bus.name}", BUS, bus))
        self._known()[bus.name] = bus

    def _bus(self, given: str) -> Bus:
        """By its name or its ARN; raises ResourceNotFoundException."""
        name = self._bus_name(given)
        if name == DEFAULT and name not in self._known():
            return Bus(name=DEFAULT, created=self._here.began, settings={})
        if not self._is_known(name):
            raise ResourceNotFoundException(f"Event bus {name} does not exist.")
        return self._known()[name]

    def _bus_name(self, given: str) -> str:
        """Of a bus that is given by its name or its ARN.

        Raises ResourceNotFoundException for the ARN of what is no bus of this account in this region.
        """
        if not given.startswith("arn:"):
            return given
        name = given.partition(":event-bus/")[2]
        if not name or given != self.bus_arn(name):
            raise ResourceNotFoundException(
                f"Event bus {given} does not exist here, where ARNs are like {self.bus_arn(DEFAULT)}."
            )
        return name


def told(params: Params, *without: str) -> Params:
    """What was given, as it is told again."""
    return {name: value for name, value in params.items() if name not in without}
