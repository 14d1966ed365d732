"""`cron(...)`: the minutes of a calendar that fit six fields.

Everything here is in the local time of some zone that is not named: naive datetimes at whole minutes. What
a zone makes of them (no such minute, or two of them) is for `timings.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, time

import msgspec

from sfnb.triggers.schedules.bits import lowest, numbers_in
from sfnb.triggers.schedules.cron_fields import (
    FIELDS,
    YEARS,
    Word,
    read_days,
    read_numbers,
)
from sfnb.triggers.schedules.days import DayRule, days_in
from sfnb.triggers.schedules.invalid import Source

FIRST_YEAR, LAST_YEAR = YEARS.least, YEARS.most


class Cron(msgspec.Struct, frozen=True, kw_only=True):
    """The six fields, each a set of numbers as bits.

    days: the plain days of a month, 1 to 31. rules: the days that depend on the month.
    years: the bit n stands for 1970 + n.
    """

    minutes: int
    hours: int
    days: int
    rules: tuple[DayRule, ...]
    months: int
    years: int

    @property
    def runs_a_day(self) -> int:
        """How many minutes of a day fit, if the day does."""
        return self.minutes.bit_count() * self.hours.bit_count()

    def first_from(self, moment: datetime) -> datetime | None:
        """The earliest minute that fits and is not before `moment`; None when none ever will."""
        year, month, day = moment.year, moment.month, moment.day
        if self._has(year, month, day) and (now := self._time_from(moment.hour, moment.minute)):
            return datetime(year, month, day, now[0], now[1])
        found = self._date_from(year, month, day + 1)
        if found is None:
            return None
        return datetime(*found, lowest(self.hours), lowest(self.minutes))

    def dates_from(self, first: date) -> Iterator[date]:
        """The days that fit, from `first` on."""
        for year, month in self._months_from(first.year, first.month):
            days = days_in(year, month, self.days, self.rules)
            begin = first.day if (year, month) == (first.year, first.month) else 1
            for day in numbers_in(days >> begin << begin):
                yield date(year, month, day)

    def times(self) -> Iterator[time]:
        """The minutes of any day that fit."""
        for hour in numbers_in(self.hours):
            for minute in numbers_in(self.minutes):
                yield time(hour, minute)

    def _has(self, year: int, month: int, day: int) -> bool:
        return (
            self.months >> month & 1 == 1
            and year >= FIRST_YEAR
            and self.years >> (year - FIRST_YEAR) & 1 == 1
            and days_in(year, month, self.days, self.rules) >> day & 1 == 1
        )

    def _time_from(self, hour: int, minute: int) -> tuple[int, int] | None:
        """Hour and minute of the first time that fits, on a day that does."""
        if self.hours >> hour & 1 and (found := lowest(self.minutes, minute)) >= 0:
            return hour, found
        later = lowest(self.hours, hour + 1)
        return None if later < 0 else (later, lowest(self.minutes))

    def _date_from(self, year: int, month: int, day: int) -> tuple[int, int, int] | None:
        """The first date that fits and is not before that; `day` may be one past the end of its month.

        Looks at each month that fits once: 2,760 at most, when none of them has the day.
        """
        for found in self._months_from(year, month):
            begin = day if found == (year, month) else 1
            fitting = lowest(days_in(*found, self.days, self.rules), begin)
            if fitting >= 0:
                return *found, fitting
        return None

    def _months_from(self, year: int, month: int) -> Iterator[tuple[int, int]]:
        while (offset := lowest(self.years, max(0, year - FIRST_YEAR))) >= 0:
            if year != FIRST_YEAR + offset:
                year, month = FIRST_YEAR + offset, 1
            while (month := lowest(self.months, month)) >= 0:
                yield year, month
                month += 1
            year, month = year + 1, 1


def read_cron(text: str, column: int, source: Source) -> Cron:
    """What stands between the brackets; `column` is where that begins. Raises InvalidSchedule."""
    found = list(re.finditer(r"[^ \t]+", text))
    if len(found) != len(FIELDS):
        raise source.refuse(
            f"there {'is 1 field' if len(found) == 1 else f'are {len(found)} fields'}; cron has six, with "
            "spaces between them: minutes hours day-of-month month day-of-week year",
            column=column,
        )
    read = [
        Word(word[0].upper(), column + word.start(), field, source)
        for field, word in zip(FIELDS, found, strict=True)
    ]
    minutes, hours, month_days, months, weekdays, years = read
    days, rules = read_days(month_days, weekdays)
    return Cron(
        minutes=read_numbers(minutes),
        hours=read_numbers(hours),
        days=days,
        rules=rules,
        months=read_numbers(months),
        years=read_numbers(years) >> FIRST_YEAR,
    )
