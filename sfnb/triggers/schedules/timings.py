"""The three kinds of timing, and the next run of each.

`rate` and `at` are moments; `cron` is read off the clocks of a zone, so its runs are looked for in local time
and then made moments. A local time that is skipped has no run; one that comes twice has one, the first time
(EventBridge Scheduler user guide, "Daylight savings time"). Both keep the runs in order: of two local times
that are moments, the later is the later moment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo

import msgspec

from sfnb.triggers.schedules.cron import FIRST_YEAR, LAST_YEAR, Cron
from sfnb.triggers.schedules.zones import moment_of

_MINUTE = timedelta(minutes=1)
_BEFORE_ALL = datetime(FIRST_YEAR - 1, 12, 30, tzinfo=UTC)


class Rate(msgspec.Struct, frozen=True):
    """`rate(5 minutes)`. at_once: the first run is at the beginning, not one interval after."""

    interval: timedelta
    at_once: bool


class Once(msgspec.Struct, frozen=True):
    """`at(...)`. local: as clocks in the schedule's zone show it; naive."""

    local: datetime


Timing = Rate | Once | Cron


def moment_of_once(once: Once, zone: tzinfo) -> datetime | None:
    """When it comes. A time in a skipped hour comes as much later as the clocks were put forward.

    None beyond the years that Python knows.
    """
    try:
        return once.local.replace(tzinfo=zone).astimezone(UTC)
    except OverflowError:
        return None


def next_of_rate(rate: Rate, late: datetime, begin: datetime) -> datetime | None:
    """The first run after `late`, counted from `begin`; None beyond the years that Python knows."""
    try:
        first = begin if rate.at_once else begin + rate.interval
        if first > late:
            return first
        return first + ((late - first) // rate.interval + 1) * rate.interval
    except OverflowError:
        return None


def next_of_cron(cron: Cron, late: datetime, zone: tzinfo) -> datetime | None:
    """The first run after `late`; None when none is left."""
    if late.year > LAST_YEAR + 1:
        return None
    local = max(late, _BEFORE_ALL).astimezone(zone)
    found = cron.first_from(local.replace(second=0, microsecond=0, tzinfo=None, fold=0) + _MINUTE)
    while found is not None:
        run = moment_of(found, zone)
        if run is not None and run > late:
            return run
        found = cron.first_from(found + _MINUTE)
    return None
