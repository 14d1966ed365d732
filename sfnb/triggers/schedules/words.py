"""A timing in plain English, for tables: "at 08:00 on weekdays, Europe/Berlin"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from sfnb.triggers.schedules.bits import numbers_in
from sfnb.triggers.schedules.cron import FIRST_YEAR, Cron
from sfnb.triggers.schedules.cron_fields import DAYS, HOURS, MINUTES, MONTH, YEARS
from sfnb.triggers.schedules.days import DayRule
from sfnb.triggers.schedules.timings import Once, Rate, Timing

_NTH = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"}
_WEEKDAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_MOST_TIMES = 4
_MOST_NAMED = 6


def say(timing: Timing, timezone: str, start: datetime | None, end: datetime | None) -> str:
    """What a schedule does and where its clocks are; for a rate also from when, as it has no zone."""
    match timing:
        case Rate():
            text = f"every {_interval(timing.interval)}"
        case Once():
            return f"once, on {timing.local.date()} at {_clock(timing.local)}, {timezone}"
        case Cron():
            text = f"{_cron(timing)}, {timezone}"
        case _:
            assert_never(timing)
    text += f", from {_moment(start)}" if start else ""
    return text + (f", until {_moment(end)}" if end else "")


def _interval(interval: timedelta) -> str:
    for unit, size in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        if interval % size == timedelta(0):
            count = interval // size
            return unit if count == 1 else f"{count:,} {unit}s"
    raise AssertionError(f"{interval} is not of whole minutes")


def _moment(moment: datetime) -> str:
    return f"{moment.date()} {_clock(moment)} UTC"


def _clock(moment: datetime) -> str:
    return f"{moment:%H:%M:%S}" if moment.second else f"{moment:%H:%M}"


def _cron(cron: Cron) -> str:
    minutes, hours = list(numbers_in(cron.minutes)), list(numbers_in(cron.hours))
    days = _days(cron)
    if len(minutes) * len(hours) <= _MOST_TIMES:
        times = [f"{hour:02}:{minute:02}" for hour in hours for minute in minutes]
        text = f"at {_and(times)} {days or 'every day'}"
    else:
        text = f"{_often(minutes, hours)} {days}".rstrip()
    return text + _years(list(numbers_in(cron.years << FIRST_YEAR)))


def _often(minutes: list[int], hours: list[int]) -> str:
    """Times that are too many to name: every so often, and in which hours."""
    step = _step(minutes, MINUTES.most + 1)
    whole_day = len(hours) == HOURS.most + 1
    if step == 60:
        by = _step(hours, HOURS.most + 1)
        if by is not None:
            return "every hour" if by == 1 else f"every {by} hours"
        return f"every hour {_hours(hours, 0)}"
    if step is not None:
        text = "every minute" if step == 1 else f"every {step} minutes"
        return text if whole_day else f"{text} {_hours(hours, minutes[-1])}"
    past = f"at minute{'s' if len(minutes) > 1 else ''} {_spans(minutes, str)}"
    return f"{past} of every hour" if whole_day else f"{past} {_hours(hours, None)}"


def _step(numbers: list[int], size: int) -> int | None:
    """The distance of numbers that go around a clock of `size` evenly from 0; None if they do not."""
    step, rest = divmod(size, len(numbers))
    return step if rest == 0 and numbers == list(range(0, size, step)) else None


def _hours(hours: list[int], last_minute: int | None) -> str:
    """Which hours; with the last minute of each, from when to when if they stand together."""
    if last_minute is not None and hours[-1] - hours[0] == len(hours) - 1:
        return f"from {hours[0]:02}:00 to {hours[-1]:02}:{last_minute:02}"
    return f"in the hour{'s' if len(hours) > 1 else ''} {_spans(hours, '{:02}'.format)}"


def _days(cron: Cron) -> str:
    """On which days; nothing for all of them."""
    months = "" if cron.months == MONTH.all else _spans(list(numbers_in(cron.months)), _month)
    if not cron.rules:
        if cron.days != DAYS.all:
            return f"on the {_spans(list(numbers_in(cron.days)), _ordinal)} of {months or 'the month'}"
        return f"every day in {months}" if months else ""
    rule = cron.rules[0]
    if rule.day or rule.nth:
        return f"on the {_rule(rule)} of {months or 'the month'}"
    weekdays = _weekdays([rule.weekday for rule in cron.rules])
    return f"{weekdays} in {months}" if months else weekdays


def _rule(rule: DayRule) -> str:
    if rule.nth:
        return f"{_NTH[rule.nth]} {_weekday(rule.weekday)}"
    if rule.nearest:
        return "last weekday" if rule.day == -1 else f"weekday nearest the {_ordinal(rule.day)}"
    return "last day"


def _weekdays(days: list[int]) -> str:
    """`days`: 1 is Sunday."""
    if days == [2, 3, 4, 5, 6]:
        return "on weekdays"
    if days == [1, 7]:
        return "at weekends"
    return "every day" if len(days) == 7 else f"on {_spans(days, _weekday)}"


def _weekday(day: int) -> str:
    return _WEEKDAYS[day - 1]


def _month(month: int) -> str:
    return _MONTHS[month - 1]


def _years(years: list[int]) -> str:
    if len(years) == YEARS.most - YEARS.least + 1:
        return ""
    if len(years) > 1 and years[-1] - years[0] == len(years) - 1:
        return f" from {years[0]} to {years[-1]}"
    if len(years) <= _MOST_NAMED:
        return f" in {_spans(years, str)}"
    return f" in {len(years)} years from {years[0]} to {years[-1]}"


def _spans(numbers: Sequence[int], name: Callable[[int], str]) -> str:
    """Rising numbers by name, three or more in a row as a span: "1 to 5, 8 and 9"."""
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][-1] + 1:
            spans[-1].append(number)
        else:
            spans.append([number])
    words: list[str] = []
    for span in spans:
        words += [f"{name(span[0])} to {name(span[-1])}"] if len(span) > 2 else map(name, span)
    return _and(words)


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _ordinal(number: int) -> str:
    """
    >>> [_ordinal(number) for number in (1, 2, 3, 11, 22)]
    ['1st', '2nd', '3rd', '11th', '22nd']
    """
    ending = "th" if number in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
