"""What holds of every schedule, looked at minute by minute with nothing but the standard library."""

from __future__ import annotations

from calendar import monthcalendar, monthrange
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.triggers.schedules import Missed, missed, read_schedule

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
LONG_AGO = datetime(1969, 1, 1, tzinfo=UTC)
ZONES = (
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/St_Johns",
    "Asia/Kolkata",
)
CHANGES = ("2026-03-29", "2026-10-25", "2026-03-08", "2026-11-01", "2026-04-05", "2026-10-04", "2006-10-29")
"""Days on which the clocks are changed in one of the zones."""


class Numbers(NamedTuple):
    """The text of a field, and the numbers it means."""

    text: str
    numbers: frozenset[int]


class Days(NamedTuple):
    """The texts of the two day fields, and whether a date is meant."""

    month: str
    week: str
    fits: Callable[[date], bool]


class Fields(NamedTuple):
    """Six fields, and what they mean."""

    minutes: Numbers
    hours: Numbers
    days: Days
    months: Numbers
    years: Numbers

    @property
    def expression(self) -> str:
        days = f"{self.days.month} {self.months.text} {self.days.week}"
        return f"cron({self.minutes.text} {self.hours.text} {days} {self.years.text})"

    def has_day(self, day: date) -> bool:
        return day.month in self.months.numbers and day.year in self.years.numbers and self.days.fits(day)

    def fits(self, local: datetime) -> bool:
        in_time = local.minute in self.minutes.numbers and local.hour in self.hours.numbers
        return in_time and self.has_day(local.date())


@st.composite
def numbers(draw: st.DrawFn, least: int, most: int, *, wraps: bool = True) -> Numbers:
    """A field by its own arithmetic: a wrapping range counted one by one."""
    number = st.integers(least, most)
    match draw(st.sampled_from(["*", "n", "list", "range", "step", "range step"])):
        case "*":
            return Numbers("*", frozenset(range(least, most + 1)))
        case "n":
            one = draw(number)
            return Numbers(str(one), frozenset([one]))
        case "list":
            some = draw(st.lists(number, min_size=1, max_size=4))
            return Numbers(",".join(map(str, some)), frozenset(some))
        case "step":
            first, step = draw(number), draw(st.integers(1, min(most, 20)))
            return Numbers(f"{first}/{step}", frozenset(range(first, most + 1, step)))
        case kind:
            first, last = draw(number), draw(number)
            if not wraps:
                first, last = sorted((first, last))
            step = draw(st.integers(1, 7)) if kind == "range step" else 1
            around = [first]
            while around[-1] != last:
                around.append(around[-1] + 1 if around[-1] < most else least)
            return Numbers(f"{first}-{last}" + (f"/{step}" if step > 1 else ""), frozenset(around[::step]))


def sunday_first(day: date) -> int:
    return day.isoweekday() % 7 + 1


def nearest_weekday(day: date) -> date:
    """Saturday before, Sunday after; over the weekend where that is another month."""
    move = {6: -1, 7: 1}.get(day.isoweekday(), 0)
    near = day + timedelta(days=move)
    return near if near.month == day.month else day - timedelta(days=2 * move)


def is_nearest(day: date, target: int) -> bool:
    """Whether it is the weekday nearest to the `target`th of its month; -1 is the last."""
    length = monthrange(day.year, day.month)[1]
    wanted = length if target == -1 else target
    return wanted <= length and nearest_weekday(day.replace(day=wanted)) == day


def is_nth(day: date, weekday: int, nth: int) -> bool:
    column = [week[(weekday - 2) % 7] for week in monthcalendar(day.year, day.month)]
    days = [number for number in column if number]
    return day.day in (days[-1:] if nth == -1 else days[nth - 1 : nth])


@st.composite
def day_fields(draw: st.DrawFn) -> Days:
    weekday = draw(st.integers(1, 7))
    match draw(st.sampled_from(["month", "week", "L", "LW", "W", "6L", "3#2"])):
        case "month":
            field = draw(numbers(1, 31))
            return Days(field.text, "?", lambda day: day.day in field.numbers)
        case "week":
            field = draw(numbers(1, 7))
            return Days("?", field.text, lambda day: sunday_first(day) in field.numbers)
        case "L":
            return Days("L", "?", lambda day: (day + DAY).day == 1)
        case "LW":
            return Days("LW", "?", lambda day: is_nearest(day, -1))
        case "W":
            target = draw(st.integers(1, 31))
            return Days(f"{target}W", "?", lambda day: is_nearest(day, target))
        case "6L":
            return Days("?", f"{weekday}L", lambda day: is_nth(day, weekday, -1))
        case _:
            nth = draw(st.integers(1, 5))
            return Days("?", f"{weekday}#{nth}", lambda day: is_nth(day, weekday, nth))


FIELDS = st.builds(
    Fields,
    numbers(0, 59),
    numbers(0, 23),
    day_fields(),
    numbers(1, 12),
    st.just(Numbers("*", frozenset(range(1970, 2200)))) | numbers(1970, 2199, wraps=False),
)
EVERY_DAY = Days("*", "?", lambda day: True)
EVERY_MONTH = Numbers("*", frozenset(range(1, 13)))
EVERY_YEAR = Numbers("*", frozenset(range(1970, 2200)))
TIMES = st.builds(
    Fields, numbers(0, 59), numbers(0, 23), st.just(EVERY_DAY), st.just(EVERY_MONTH), st.just(EVERY_YEAR)
)
MOMENTS = st.datetimes(datetime(1980, 1, 1), datetime(2120, 1, 1), timezones=st.just(UTC))
NEAR_CHANGES = st.builds(
    lambda day, minutes: datetime.fromisoformat(f"{day}T00:00:00Z") + minutes * MINUTE,
    st.sampled_from(CHANGES),
    st.integers(-1800, 1800),
)


@given(FIELDS, MOMENTS | NEAR_CHANGES, st.sampled_from(ZONES))
@settings(deadline=None)
def test_runs_rise_and_fit_the_six_fields(fields: Fields, moment: datetime, zone: str) -> None:
    schedule = read_schedule(fields.expression, timezone=zone)
    for _ in range(5):
        run = schedule.after(moment, created=LONG_AGO)
        if run is None:
            break
        local = run.astimezone(ZoneInfo(zone))
        assert run > moment
        assert fields.fits(local)
        assert local.fold == 0
        assert (local.second, local.microsecond) == (0, 0)
        moment = run


@given(FIELDS, MOMENTS)
@settings(deadline=None)
def test_no_day_that_fits_lies_before_the_next_run(fields: Fields, moment: datetime) -> None:
    run = read_schedule(fields.expression).after(moment, created=LONG_AGO)
    last_time = (max(fields.hours.numbers), max(fields.minutes.numbers))
    day = moment.date()
    if (moment.hour, moment.minute) >= last_time:
        day += DAY
    for _ in range(800):
        if fields.has_day(day):
            assert run is not None
            assert run.date() == day
            return
        day += DAY
    assert run is None or run.date() >= day


@given(TIMES, NEAR_CHANGES, st.sampled_from(ZONES))
@settings(deadline=None, max_examples=60)
def test_the_runs_are_the_minutes_that_clocks_show_first(fields: Fields, begin: datetime, zone: str) -> None:
    end = begin + 1600 * MINUTE
    locals_ = [(begin + count * MINUTE).astimezone(ZoneInfo(zone)) for count in range(1, 1601)]
    expected = [local.astimezone(UTC) for local in locals_ if fields.fits(local) and local.fold == 0]

    schedule = read_schedule(fields.expression, timezone=zone)
    assert list(schedule.between(begin, end, LONG_AGO)) == expected
    assert list(schedule.between(begin, end, LONG_AGO, most=3)) == expected[:3]


@given(
    TIMES | FIELDS | st.sampled_from(["rate(7 minutes)", "rate(3 hours)", "at(2026-03-29T01:30:00)"]),
    NEAR_CHANGES,
    st.integers(0, 9000),
    st.sampled_from(ZONES),
)
@settings(deadline=None, max_examples=60)
def test_missed_counts_what_between_lists(
    fields: Fields | str, begin: datetime, minutes: int, zone: str
) -> None:
    expression = fields if isinstance(fields, str) else fields.expression
    schedule = read_schedule(expression, timezone=zone)
    created, now = begin - DAY, begin + minutes * MINUTE
    runs = list(schedule.between(begin, now, created))
    ends = {"first": runs[0], "last": runs[-1]} if runs else {}

    assert missed(schedule, begin, now, created) == Missed(count=len(runs), **ends)


@given(st.integers(1, 100), st.sampled_from(["minutes", "hours", "days"]), st.integers(-(10**6), 10**6))
def test_a_rate_keeps_its_distance_from_its_beginning(count: int, unit: str, seconds: int) -> None:
    interval = timedelta(**{unit: count})
    start = datetime(2026, 1, 1, tzinfo=UTC)
    schedule = read_schedule(f"rate({count} {unit})", start=start, timezone="Europe/Berlin")
    moment = start + timedelta(seconds=seconds)
    run = schedule.after(moment, created=LONG_AGO)

    assert run is not None
    assert run > moment
    assert run >= start
    assert (run - start) % interval == timedelta(0)
    assert run == start or run - interval <= moment


def test_missed_counts_since_the_beginning_and_not_after_the_end() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    end = start + timedelta(hours=1)
    for expression in ("rate(5 minutes)", "cron(0/5 * * * ? *)"):
        schedule = read_schedule(expression, start=start, end=end)

        assert missed(schedule, None, start + DAY, start) == Missed(count=13, first=start, last=end)


def test_years_of_minutes_are_counted_not_listed() -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC)
    until = datetime(2126, 1, 1, tzinfo=UTC)
    gone = missed(read_schedule("cron(* * * * ? *)"), start, until, start)

    assert gone == Missed(count=(until - start) // MINUTE, first=start + MINUTE, last=until)


@pytest.mark.parametrize(
    ("expression", "zone", "runs"),
    [
        ("cron(30 2 * * ? *)", "Europe/Berlin", 364),
        ("cron(30 1 * * ? *)", "Europe/Berlin", 365),
        ("cron(0/15 2 * * ? *)", "Europe/Berlin", 4 * 364),
        ("cron(0/15 2 * * ? *)", "Australia/Lord_Howe", 4 * 365 - 2),
        ("cron(* * * * ? *)", "America/New_York", 24 * 60 * 365 - 60),
    ],
)
def test_days_on_which_clocks_change_are_counted_by_their_own_minutes(
    expression: str, zone: str, runs: int
) -> None:
    begin, end = (datetime(year, 1, 1, tzinfo=ZoneInfo(zone)) for year in (2026, 2027))
    gone = missed(read_schedule(expression, timezone=zone), None, end - MINUTE, begin)

    assert gone.count == runs


def test_clocks_put_back_over_midnight_leave_no_run_out() -> None:
    """St John's went from 00:01 on 2006-10-29 back to 23:01 on the 28th: its midnight came twice."""
    zone = "America/St_Johns"
    schedule = read_schedule("cron(0 0 * * ? *)", timezone=zone)
    midnight = datetime(2006, 10, 29, tzinfo=ZoneInfo(zone)).astimezone(UTC)
    for minutes in (0, 1, 30, 60, 90):
        gone = missed(schedule, midnight - 3 * DAY - MINUTE, midnight + minutes * MINUTE, LONG_AGO)

        assert gone == Missed(count=4, first=midnight - 3 * DAY, last=midnight)
