"""What came while nobody was there: counted by arithmetic and by days, not listed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import assert_never

import msgspec

from sfnb.triggers.schedules.cron import Cron
from sfnb.triggers.schedules.schedule import Schedule, in_utc
from sfnb.triggers.schedules.timings import Once, Rate
from sfnb.triggers.schedules.zones import moment_of

_DAY = timedelta(days=1)


class Missed(msgspec.Struct, frozen=True, kw_only=True):
    """How many runs came, the first of them and the last, in UTC."""

    count: int = 0
    first: datetime | None = None
    last: datetime | None = None


def missed(schedule: Schedule, last: datetime | None, now: datetime, created: datetime) -> Missed:
    """The runs after `last` (None: since the schedule was made), up to `now` and with it."""
    late = in_utc(created) - timedelta(microseconds=1) if last is None else in_utc(last)
    until = in_utc(now)
    first = schedule.after(late, created=created)
    if first is None or first > until:
        return Missed()
    if schedule.end is not None:
        until = min(until, schedule.end)
    match schedule.timing:
        case Once():
            return Missed(count=1, first=first, last=first)
        case Rate(interval=interval):
            more = (until - first) // interval
            return Missed(count=more + 1, first=first, last=first + more * interval)
        case Cron():
            return _count(schedule.timing, first, until, schedule.zone)
        case _:
            assert_never(schedule.timing)


def _count(cron: Cron, first: datetime, until: datetime, zone: tzinfo) -> Missed:
    """The runs from `first`, which is one, to `until`.

    A day between the first and the last has as many as the fields say. Those two, and the days on which
    clocks change, are counted run by run; so is the day after the last, whose first minutes have already come
    where clocks are put back over midnight.
    """
    begin, end = first.astimezone(zone).date(), until.astimezone(zone).date()
    count, latest = 0, begin
    for day in cron.dates_from(begin):
        if day > end + _DAY:
            break
        if begin < day < end and _keeps_time(day, zone):
            runs = cron.runs_a_day
        else:
            runs = sum(first <= run <= until for run in _runs_on(cron, day, zone))
        count += runs
        if runs:
            latest = day
    last = max(run for run in _runs_on(cron, latest, zone) if run <= until)
    return Missed(count=count, first=first, last=last)


def _runs_on(cron: Cron, day: date, zone: tzinfo) -> Iterator[datetime]:
    for time in cron.times():
        run = moment_of(datetime.combine(day, time), zone)
        if run is not None:
            yield run


def _keeps_time(day: date, zone: tzinfo) -> bool:
    """Whether the clocks are not changed on that day."""
    if zone is UTC:
        return True
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone)
    return midnight.utcoffset() == (midnight + _DAY).utcoffset()
