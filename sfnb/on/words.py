"""Words for what triggers do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.triggers.records import Counts, Trigger

if TYPE_CHECKING:
    from sfnb.service import StepFunctions


def states_of(service: StepFunctions, record: Trigger) -> str:
    """Where it runs: "here", "disabled", "waits for orders", "in another process"."""
    runs = next((seen.runs for seen in service.triggers.all() if seen.trigger.key == record.key), "gone")
    return "disabled" if runs == "here" and not record.enabled else runs


def outcome(counts: Counts) -> str:
    """
    >>> outcome(Counts(matched=3, started=2, dropped={"busy": 1}))
    '3 matched, 2 started, 1 dropped: busy'
    """
    told = [f"{counts.matched:,} matched", f"{counts.started:,} started"] if counts.matched else []
    dropped = sum(counts.dropped.values())
    if dropped:
        told.append(f"{dropped:,} dropped: {why(counts)}")
    return ", ".join(told) or "nothing has come yet"


def why(counts: Counts) -> str:
    """Each reason for dropping, with its count where there is more than one."""
    return "; ".join(f"{reason} ({n:,})" if n > 1 else reason for reason, n in counts.dropped.items())
