"""What Tab offers on the lines of `%asl on`, `off`, `triggers` and `try`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sfnb.default import machines, service
from sfnb.machine import StateMachine
from sfnb.notebook.mocks import mock_names
from sfnb.notebook.options import STATUSES
from sfnb.notebook.things import everything
from sfnb.notebook.triggers import WAYS


def offered(verb: str, given: list[str], variables: Mapping[str, Any]) -> list[str]:
    """What may come next. given: the words so far that are no options."""
    if verb == "off":
        return [*_held(variables), *dict.fromkeys(seen.trigger.name for seen in service().triggers.all())]
    if not given:
        events = mock_names(variables) if verb == "try" else []
        return [*_startable(variables), *events]
    if verb == "try":
        return mock_names(variables) if len(given) == 1 else []
    if verb != "on":
        return []
    if len(given) == 1:
        return list(WAYS)
    return _whats(given[1], len(given) - 2, variables)


def _whats(kind: str, words: int, variables: Mapping[str, Any]) -> list[str]:
    """How what starts it may begin, or go on after some words."""
    if kind == "status":
        return list(STATUSES) if words else list(everything(variables, StateMachine, machines()))
    if words:
        return []
    if kind == "event":
        return mock_names(variables)
    return {
        "schedule": ["rate(5 minutes)", "cron(0 8 ? * MON-FRI *)", "at(2027-01-01T00:00:00)"],
        "http": ["POST /", "GET /", "PUT /", "DELETE /", "ANY /"],
        "iot": ["SELECT * FROM '"],
    }.get(kind, [])


def _startable(variables: Mapping[str, Any]) -> list[str]:
    from sfnb.on.function import Function

    functions = [name for name, value in variables.items() if isinstance(value, Function)]
    return [*everything(variables, StateMachine, machines()), *functions]


def _held(variables: Mapping[str, Any]) -> list[str]:
    from sfnb.on import Trigger

    return [
        name for name, value in variables.items() if isinstance(value, Trigger) and not name.startswith("_")
    ]


def _timezones() -> Iterable[str]:
    from zoneinfo import available_timezones

    return sorted(available_timezones())


def _buckets() -> Iterable[str]:
    folder = service().world.buckets_folder()
    if folder is None or not folder.is_dir():
        return []
    return sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _buses() -> Iterable[str]:
    return [bus["Name"] for bus in service().triggers.buses.list_event_buses({})["EventBuses"]]


OF_TRIGGERS: Mapping[str, Callable[[], Iterable[str]]] = {
    "--timezone": _timezones,
    "--bucket": _buckets,
    "--bus": _buses,
}
"""What may stand behind an option."""
