"""Whether executions that were interrupted again and again came to what they would have come to."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import zip_longest
from typing import Any

import msgspec
from laws import check_laws

from sfnb.engine import events as ev
from sfnb.engine import facts
from tests.crash.evidence import Evidence, Stream

MASKS = [
    (re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), "UUID"),
    (re.compile(r"root=1-[0-9a-f]{8}-[0-9a-f]{24};parent=[0-9a-f]{16}"), "TRACE"),
    (re.compile(r"\w{3}, \d\d \w{3} \d{4} [0-9:]{8} GMT"), "DATE"),
    (re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+(Z|\+00:00)"), "TIME"),
    (re.compile(r"\b1\d{12}\b"), "MILLISECONDS"),
]
"""What no two processes have in common."""
COMPARED_FACTS = (facts.RetryScheduled, facts.ErrorCaught, facts.MapRunResult, facts.HeartbeatMissed)
GROUPS = (ev.ParallelStateStarted, ev.MapStateStarted)
PLACE = ("id", "previous_event_id", "timestamp", "frame")

Lane = tuple[Any, ...]


def compare(crashed: Evidence, whole: Evidence) -> None:
    """Raises AssertionError at what is different, or breaks a law."""
    ours, theirs = crashed.by_id(), whole.by_id()
    assert ours.keys() == theirs.keys()
    for id, stream in ours.items():
        assert stream.ended, f"{stream.arn} has no end"
        check_laws(stream.log)
        check_laws(theirs[id].log)
        compare_logs(stream, theirs[id])
    assert_same_calls(crashed, whole)


def assert_same_calls(crashed: Evidence, whole: Evidence) -> None:
    """Each site has seen as many calls, however often each was repeated; but in torn groups."""
    loose = torn_sites(crashed) | torn_sites(whole)
    ours = {site: count for site, count in crashed.sites().items() if site not in loose}
    theirs = {site: count for site, count in whole.sites().items() if site not in loose}
    assert ours == theirs


def torn_sites(evidence: Evidence) -> set[str]:
    """The sites within groups of which a branch fails."""
    found = set()
    for stream in evidence.streams.values():
        torn = torn_groups(stream.log)
        for event in stream.log:
            if isinstance(event, ev.TaskStateEntered) and torn & set(event.frame[::2]):
                found.add(f"{json.loads(event.input)['id']}/{event.name}")
    return found


def torn_groups(log: Sequence[ev.Event]) -> set[int]:
    """The ids of the events that began them."""
    names: dict[ev.FramePath, str] = {}
    found = set()
    for event in log:
        if isinstance(event, ev.StateEntered):
            names[event.frame] = event.name
        elif isinstance(event, GROUPS) and names[event.frame].startswith("Torn"):
            found.add(event.id)
    return found


def compare_logs(stream: Stream, other: Stream) -> None:
    ours, theirs = lanes(stream.log), lanes(other.log)
    torn = {lane for lane in ours.keys() | theirs.keys() if "torn" in lane}
    assert ours.keys() - torn == theirs.keys() - torn, stream.arn
    for lane in ours.keys() | theirs.keys():
        pairs = zip_longest(ours.get(lane, []), theirs.get(lane, []))
        for one, two in pairs:
            if lane in torn and (one is None or two is None or "Aborted" in one + two):
                break
            assert one == two, f"{stream.arn}, frame {lane}:\n{one}\n{two}"


def lanes(log: Sequence[ev.Event]) -> dict[Lane, list[str]]:
    """What happened in each frame, in its order; frames are named by their places and not by ids.

    A lane's name: for each group around it, which one it was in its frame ("torn" before it where one of its
    branches fails), and the index.
    """
    torn = torn_groups(log)
    numbers: dict[int, Lane] = {}
    count: dict[Lane, int] = {}
    found: dict[Lane, list[str]] = {}
    for event in log:
        lane = lane_of(event.frame, numbers)
        if isinstance(event, GROUPS):
            count[lane] = count.get(lane, 0) + 1
            numbers[event.id] = ("torn", count[lane]) if event.id in torn else (count[lane],)
        if not isinstance(event, facts.Fact) or isinstance(event, COMPARED_FACTS):
            found.setdefault(lane, []).append(told(event))
    return found


def lane_of(frame: ev.FramePath, numbers: dict[int, Lane]) -> Lane:
    lane: Lane = ()
    for group, index in zip(frame[::2], frame[1::2], strict=True):
        lane += (*numbers[group], index)
    return lane


def told(event: ev.Event) -> str:
    """All that an event says but where and when it was, and what chance drew."""
    said = {name: value for name, value in msgspec.to_builtins(event).items() if name not in PLACE}
    text = json.dumps(said, sort_keys=True)
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text
