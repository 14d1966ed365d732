"""Schedule expressions, read: `rate(...)`, `cron(...)` and `at(...)`."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from sfnb.triggers.schedules.cron import read_cron
from sfnb.triggers.schedules.invalid import MOST_CHARACTERS, InvalidSchedule, Source, shown
from sfnb.triggers.schedules.schedule import Schedule
from sfnb.triggers.schedules.timings import Once, Rate, Timing
from sfnb.triggers.schedules.zones import read_zone

_CALL = re.compile(r"([a-z]+)\(([^()]*)\)")
_RATE = re.compile(r"[ \t]*([^ \t]+)[ \t]+([^ \t]+)[ \t]*")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_AT = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})T([0-9]{2}):([0-9]{2}):([0-9]{2})")
_UNITS = {"minute": timedelta(minutes=1), "hour": timedelta(hours=1), "day": timedelta(days=1)}


def read_schedule(
    expression: str,
    *,
    timezone: str = "UTC",
    start: datetime | None = None,
    end: datetime | None = None,
    scheduler: bool = True,
) -> Schedule:
    """The schedule that `expression` stands for.

    scheduler: as EventBridge Scheduler reads it, which has zones, dates and `at`; False, as a rule of
    EventBridge does, which has none of them and begins a rate one interval after the rule was made.
    start, end: aware; StartDate and EndDate, which `at` ignores.
    Raises InvalidSchedule.
    Source: EventBridge Scheduler user guide, "Schedule types"; EventBridge user guide, "Creating a rule that
    runs on a schedule".
    """
    source = Source(expression, scheduler)
    if not scheduler and (timezone != "UTC" or start is not None or end is not None):
        raise source.refuse(
            "a rule has neither time zone nor dates, it keeps to UTC; EventBridge Scheduler has them"
        )
    timing = _read_timing(source)
    start, end = _aware(start, "StartDate"), _aware(end, "EndDate")
    if start is not None and end is not None and end <= start:
        raise InvalidSchedule("Invalid EndDate.", f"It is {end}; it has to come after StartDate, {start}.")
    if isinstance(timing, Once):
        start = end = None
    return Schedule(
        expression=expression,
        timezone=timezone,
        zone=read_zone(timezone),
        timing=timing,
        start=start,
        end=end,
    )


def _read_timing(source: Source) -> Timing:
    text = source.text
    if len(text) > MOST_CHARACTERS:
        raise source.refuse(f"it has {len(text):,} characters, {MOST_CHARACTERS} are possible")
    strange = re.search(r"[^ -~\t]", text)
    if strange:
        raise source.refuse(f'"{shown(strange[0])}" is no sign of a schedule', column=strange.start() + 1)
    kinds = "rate(...), cron(...) or at(...)" if source.scheduler else "rate(...) or cron(...)"
    call = _CALL.fullmatch(text)
    if call is None:
        raise source.refuse(f"it is not of the form {kinds}")
    column = call.start(2) + 1
    match call[1]:
        case "rate":
            return _read_rate(call[2], column, source)
        case "cron":
            return read_cron(call[2], column, source)
        case "at" if source.scheduler:
            return _read_at(call[2], column, source)
        case "at":
            raise source.refuse("a rule has no at(...), EventBridge Scheduler has it", column=1)
        case other:
            raise source.refuse(f'"{shown(other)}" is not possible; give {kinds}', column=1)


def _read_rate(text: str, column: int, source: Source) -> Rate:
    found = _RATE.fullmatch(text)
    if found is None:
        raise source.refuse("a rate is a number and a unit, as in rate(5 minutes)", column=column)
    value, unit = found.groups()
    if not _NUMBER.fullmatch(value):
        raise source.refuse(
            f'"{shown(value)}" is not possible; give a whole number from 1 to 999,999,999',
            column=column + found.start(1),
        )
    count, single = int(value), unit.removesuffix("s")
    plural = unit.endswith("s")
    if single not in _UNITS:
        raise source.refuse(
            f'"{shown(unit)}" is not possible; the unit of a rate is minutes, hours or days',
            column=column + found.start(2),
        )
    if plural is (count == 1) and not (source.scheduler and plural):
        right = single if count == 1 else f"{single}s"
        raise source.refuse(f"write rate({count} {right})", column=column + found.start(2))
    return Rate(count * _UNITS[single], at_once=source.scheduler)


def _read_at(text: str, column: int, source: Source) -> Once:
    found = _AT.fullmatch(text)
    if found is None:
        raise source.refuse("a time is written as in at(2026-11-30T13:00:00)", column=column)
    year, month, day, hour, minute, second = map(int, found.groups())
    try:
        return Once(datetime(year, month, day, hour, minute, second))
    except ValueError as wrong:
        raise source.refuse(f"there is no {text}: {wrong}", column=column) from None


def _aware(moment: datetime | None, name: str) -> datetime | None:
    if moment is None:
        return None
    if moment.tzinfo is None:
        raise InvalidSchedule(f"Invalid {name}.", f"{moment.isoformat()} has no time zone.")
    return moment.astimezone(UTC)
