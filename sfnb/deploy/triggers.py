"""What starts a machine, as templates take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.exporters.deployable import Starter
from sfnb.triggers.kept import Shelf
from sfnb.triggers.records import Trigger

if TYPE_CHECKING:
    from sfnb.engine.ports import EventStore
    from sfnb.machine import StateMachine
    from sfnb.triggers.http.route import Route

DATES = ("StartDate", "EndDate")
HTTP = "http"
ONCE = {"StageVariables": "set of stage variables", "CorsConfiguration": "CORS configuration"}
"""What an API has once for all its routes, and what it is called in a sentence."""
NAMELESS = "sfnb"
"""What the API of a route is called that was given no name."""


def starters(machine: StateMachine, store: EventStore | None = None) -> tuple[Starter, ...]:
    """What starts a machine, or a version or an alias of it, whoever runs it; also what is disabled.

    store: where it is kept; where the machine's service keeps it, unless given.
    """
    service = machine._service
    arn = machine.arn
    kept = [
        trigger
        for trigger in Shelf(lambda: store or service.store).triggers()
        if any(target == arn or target.startswith(f"{arn}:") for target in trigger.targets)
    ]
    nobody = service.default_role()
    plain = [_starter(trigger, nobody) for trigger in kept if trigger.kind != HTTP]
    routes = [trigger for trigger in kept if trigger.kind == HTTP and trigger.enabled]
    return (*plain, *_apis(sorted(routes, key=lambda each: each.name), machine.name, nobody))


def _starter(trigger: Trigger, nobody: str) -> Starter:
    settings: dict[str, Any] = _without(trigger.settings, nobody)
    for name in DATES:
        if name in settings:
            settings[name] = _date(settings[name])
    return Starter(kind=trigger.kind, name=trigger.name, settings=settings)


def _without(value: Any, nobody: str) -> Any:
    """Settings without what was not given, and without the role that stands for none."""
    if isinstance(value, dict):
        return {
            name: _without(item, nobody)
            for name, item in value.items()
            if item is not None and not (item == nobody and isinstance(item, str))
        }
    return [_without(item, nobody) for item in value] if isinstance(value, list | tuple) else value


def _date(given: datetime | str) -> str:
    """
    >>> _date("2027-01-01T01:00:00+01:00")
    '2027-01-01T00:00:00Z'
    """
    from datetime import UTC

    moment = given if isinstance(given, datetime) else datetime.fromisoformat(given)
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


def _apis(triggers: Sequence[Trigger], machine: str, nobody: str) -> Iterator[Starter]:
    """Routes by the API and stage that they belong to: each is an API of its own."""
    if not triggers:
        return
    from sfnb.triggers.http.route import decode_route

    groups: dict[tuple[str, str, str], list[Route]] = {}
    for trigger in triggers:
        route = decode_route(_without(trigger.settings, nobody))
        groups.setdefault((route.api.protocol_type, route.api.name, route.api.stage_name), []).append(route)
    for (protocol, name, stage), routes in sorted(groups.items()):
        called = machine if name == NAMELESS else name
        settings = {"Name": called, "StageName": stage, **_of_api(routes)}
        word = called if stage == "$default" else f"{called} {stage}"
        if protocol == "HTTP":
            told = [route.to_json() for route in routes]
            yield Starter(kind="http", name=word, settings={**settings, "Routes": told})
        else:
            yield Starter(kind="rest", name=f"{word} rest", settings={**settings, **_of_rest(routes, called)})


def _of_api(routes: Sequence[Route]) -> dict[str, Any]:
    """What is said of an API besides its routes: where they differ in what it has once, the first says it."""
    told: dict[str, Any] = {}
    notes = []
    for name in ONCE:
        having = [(route, fields) for route in routes if (fields := _fields(route).get(name))]
        if having:
            first, told[name] = having[0]
            others = [route.route_key for route in routes if _fields(route).get(name) != told[name]]
            if others:
                notes.append(_differing(name, first, others))
    throttles = {route.route_key: fields for route in routes if (fields := _fields(route).get("Throttle"))}
    if throttles and all(throttles.get(route.route_key) == throttles[min(throttles)] for route in routes):
        told["Throttle"] = throttles[min(throttles)]
    elif throttles:
        told["Throttles"] = throttles
    return {**told, "Notes": notes} if notes else told


def _fields(route: Route) -> dict[str, Any]:
    fields: dict[str, Any] = msgspec.to_builtins(route.api)
    return fields


def _differing(name: str, first: Route, others: Sequence[str]) -> str:
    here = f"{', '.join(others)} {'has' if len(others) == 1 else 'have'} another one here, or none."
    if first.is_rest and name == "CorsConfiguration":
        return (
            "What a REST API refuses by itself, and the preflights of a path, have one CORS configuration: "
            f"that of {first.route_key} or of the path's first method is there, and {here}"
        )
    return f"An API has one {ONCE[name]}: that of {first.route_key} is for all routes, and {here}"


def _of_rest(routes: Sequence[Route], title: str) -> dict[str, Any]:
    from sfnb.triggers.http.openapi import openapi

    # The same key may let in to several routes; its value is a secret and goes nowhere.
    keys = {key.value: key for route in routes for key in route.api.api_keys}
    shown = [{"Enabled": key.enabled, **({"Name": key.name} if key.name else {})} for key in keys.values()]
    return {"Document": openapi(routes, title), **({"ApiKeys": shown} if shown else {})}
