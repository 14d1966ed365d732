"""`sfnb triggers`: what starts executions, as a file of executions has it."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from sfnb.cli.streams import WELL, json_escapes, say, write

if TYPE_CHECKING:
    from sfnb.service import StepFunctions
    from sfnb.triggers.records import Trigger

EXAMPLES = """\
examples:
  sfnb triggers                                  of the file in your data folder
  sfnb triggers --store machines.db --machine orders
  sfnb triggers --json | jq '.[] | select(.dropped > 0)'

Nothing is run, and nothing in the file is changed: a notebook or a server may have it open. What these have
counted is in there when they end, and now and then before.
"""

HIDDEN = "***"
"""Instead of an API key."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--store", metavar="PATH", help="the file; the one in your data folder unless given")
    parser.add_argument("--machine", metavar="M", help="what starts this machine or function alone")
    parser.add_argument("--json", action="store_true", help="all that is known of each but API keys, as JSON")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """List what starts executions: rules, schedules, routes, topics, queues, files."""
    import json

    from sfnb.cli.store import _opened, _table
    from sfnb.service import StepFunctions
    from sfnb.triggers.kept import Shelf

    with _opened(options) as store:
        found = [
            trigger
            for trigger in Shelf(lambda: store).triggers()
            if options.machine is None or any(_is(arn, options.machine) for arn in trigger.targets)
        ]
        service = StepFunctions()
        try:
            rows = [_told(service, trigger) for trigger in found]
        finally:
            service.close()
    if options.json:
        write(json.dumps(rows, indent=2, ensure_ascii=False), answers, escape=json_escapes)
    elif rows:
        head = ("KIND", "NAME", "STATE", "ON", "STARTS", "MATCHED", "STARTED", "DROPPED", "LAST")
        write(_table(head, map(_row, rows)), answers, escape=json_escapes)
    else:
        say("no triggers")
    return WELL


def _is(arn: str, name: str) -> bool:
    return name in (arn, arn.rpartition(":")[2])


def _told(service: StepFunctions, trigger: Trigger) -> dict[str, Any]:
    """What there is to say of one. service: knows the kinds; the trigger does not run in it."""
    counts = trigger.counts
    return {
        "kind": trigger.kind,
        "name": trigger.name,
        "enabled": trigger.enabled,
        "on": service.triggers.words(trigger),
        "starts": list(trigger.targets),
        "matched": counts.matched,
        "started": counts.started,
        "dropped": sum(counts.dropped.values()),
        "why": counts.dropped,
        "last": None if counts.last is None else counts.last.isoformat(),
        "execution": counts.execution,
        "settings": _without_keys(trigger.settings),
    }


def _without_keys(settings: Mapping[str, Any]) -> dict[str, Any]:
    """A route's settings without what its API keys are."""
    api = settings.get("Api")
    if not isinstance(api, Mapping) or not isinstance(api.get("ApiKeys"), Sequence):
        return dict(settings)
    keys = [{**key, "Value": HIDDEN} for key in api["ApiKeys"] if isinstance(key, Mapping)]
    return {**settings, "Api": {**api, "ApiKeys": keys}}


def _row(told: dict[str, Any]) -> tuple[str, ...]:
    from sfnb.cli.store import _plain, _short

    return (
        told["kind"],
        _plain(told["name"]),
        "enabled" if told["enabled"] else "disabled",
        _short(told["on"]),
        _short(", ".join(arn.rpartition(":")[2] for arn in told["starts"])),
        f"{told['matched']:,}",
        f"{told['started']:,}",
        f"{told['dropped']:,}",
        (told["last"] or "")[:19].replace("T", " "),
    )
