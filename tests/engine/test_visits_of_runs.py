"""Visits and Map items of whole runs: made up by chance, and recorded from AWS."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from event_logs import NOON, Simulation

from sfnb.engine import events as ev
from sfnb.engine.events import Event, FramePath
from sfnb.engine.visits import fold_items, fold_visits

RECORDINGS = Path(__file__).parents[3] / "shared" / "parity" / "cases"


@pytest.mark.parametrize("seed", range(150))
def test_the_fold_finds_the_truth(seed: int) -> None:
    simulation = Simulation(seed)

    visits = fold_visits(simulation.events)
    found = {v.entered_id: (v.status, None if v.status == "aborted" else v.error) for v in visits}
    assert found == simulation.truth


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("end", [ev.ExecutionAborted, ev.ExecutionTimedOut])
def test_any_prefix_folds_and_what_has_ended_stays_as_it_is(seed: int, end: type[Event]) -> None:
    events = Simulation(seed).events
    ended: dict[int, tuple[datetime | None, str | None]] = {}
    for cut in range(len(events) + 1):
        visits, items = fold_visits(events[:cut]), fold_items(events[:cut])

        assert len(visits) == sum(isinstance(event, ev.StateEntered) for event in events[:cut])
        assert len(items) == sum(isinstance(event, ev.MapIterationStarted) for event in events[:cut])
        now = {v.entered_id: (v.exited, v.output) for v in visits if v.status != "running"}
        assert ended.items() <= now.items()
        ended = now

        stopped = end(id=cut + 1, previous_event_id=0, timestamp=NOON)
        assert all(v.status != "running" and v.exited for v in fold_visits([*events[:cut], stopped]))
        assert all(i.status != "running" and i.stopped for i in fold_items([*events[:cut], stopped]))


def text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def recorded_log(entries: Sequence[dict[str, Any]]) -> list[Event] | None:
    """A recorded history as events, its frames found by the chain; None where it cannot be."""
    events: list[Event] = []
    frames: dict[int, FramePath] = {0: ()}
    maps: dict[str, tuple[FramePath, int]] = {}
    branches: dict[int, int] = {}
    name = ""
    for entry in entries:
        kind = getattr(ev, entry["type"], None)
        [details] = [v for k, v in entry.items() if k.endswith("EventDetails")] or [{}]
        if kind is None or isinstance(entry["id"], list):
            return None
        frame = frames[entry["previousEventId"]]
        if issubclass(kind, ev.MapStateEntered | ev.MapStateExited) or "index" in details:
            name = details["name"]
        if kind is ev.MapStateEntered:
            maps[name] = (frame, 0)
        elif kind is ev.MapStateStarted:
            frame = maps[name][0]
            maps[name] = (frame, entry["id"])
        elif "index" in details:
            outer, started = maps[name]
            frame = (*outer, started, details["index"])
        elif entry["type"].startswith("MapState"):
            frame = maps[name][0]
        elif entry["previousEventId"] in branches and entry["type"].endswith("StateEntered"):
            frame = (*frame, entry["previousEventId"], branches[entry["previousEventId"]])
            branches[entry["previousEventId"]] += 1
        elif kind in (ev.ParallelStateFailed, ev.ParallelStateExited, ev.ParallelStateSucceeded):
            frame = frame[:-2]
        if kind is ev.ParallelStateStarted:
            branches[entry["id"]] = 0
        frames[entry["id"]] = frame
        fields = {"".join(f"_{c.lower()}" if c.isupper() else c for c in k): v for k, v in details.items()}
        for payload in {"input", "output", "parameters", "cause"} & set(fields):
            fields[payload] = text(fields[payload])
        known = set(kind.__struct_fields__)
        events.append(
            kind(
                id=entry["id"],
                previous_event_id=entry["previousEventId"],
                timestamp=NOON + timedelta(seconds=len(events)),
                frame=() if kind in ev.TERMINAL else frame,
                **{k: v for k, v in fields.items() if k in known},
            )
        )
    return events


def recordings() -> list[tuple[str, list[Event]]]:
    logs = []
    for file in sorted(RECORDINGS.rglob("*.json")):
        for key, answer in json.loads(file.read_text())["expected"].items():
            entries = answer.get("events", []) if isinstance(answer, dict) else []
            if entries and "previousEventId" in entries[0]:
                events = recorded_log(entries)
                if events is not None:
                    logs.append((f"{file.name} {key}", events))
    return logs


@pytest.mark.skipif(not RECORDINGS.exists(), reason="needs the recordings")
def test_recordings_fold() -> None:
    logs = recordings()
    assert len(logs) > 200
    for name, events in logs:
        for cut in range(len(events)):
            fold_visits(events[:cut])
        visits = fold_visits(events)
        exits = {event.id: event.output for event in events if isinstance(event, ev.StateExited)}
        assert len(visits) == sum(isinstance(event, ev.StateEntered) for event in events), name
        assert {v.exited_id: v.output for v in visits if v.exited_id} == exits, name
        for visit in visits:
            assert visit.status != "running", name
            assert visit.status in (
                ("succeeded", "caught") if visit.exited_id else ("failed", "timed_out")
            ), name
            assert visit.error is None or visit.status != "succeeded", name
            if visit.type in ("Task", "Parallel") and (visit.output or "").startswith('{"Error":'):
                assert visit.status == "caught", name
        if isinstance(events[-1], ev.ExecutionFailed):
            assert visits[-1].status in ("failed", "timed_out"), name
            assert visits[-1].error == events[-1].error, name
