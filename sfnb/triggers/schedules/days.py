"""Which days of a month a day field means: "the last Friday", "the weekday nearest the 15th".

The calendar is dateutil's: it is the maintained implementation of RFC 5545's recurrence rules, whose BYDAY
and BYMONTHDAY say exactly what `6L`, `3#2` and `L` say (`FR(-1)`, `TU(+2)`, `bymonthday=-1`). `W` has no
such rule: it is the nearest of the working days that dateutil lists. A cron library was not taken: croniter's
years end in 2099 and cronsim has none, neither counts weekdays from Sunday as 1, and both do as Vixie's cron
does where the clocks change (the run of a skipped hour comes late, those of a doubled one may come twice),
which AWS does not.

A rule iterates, 50 us for a month. But months come in 28 kinds (four lengths, seven first days), so
each kind is asked of dateutil once.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import datetime
from functools import cache, partial

import msgspec

from sfnb.triggers.schedules.bits import bits_of


class DayRule(msgspec.Struct, frozen=True, kw_only=True):
    """Days of a month that depend on its length or its first day. One of `weekday` and `day` is given.

    weekday: 1 (Sunday) to 7 (Saturday).
    nth: which of them in the month, 1 to 5; -1 the last; 0 every one.
    day: day of the month, 1 to 31; -1 the last.
    nearest: the weekday, Monday to Friday, nearest to `day` within the month, if the month has that day.
    """

    weekday: int = 0
    nth: int = 0
    day: int = 0
    nearest: bool = False


def days_in(year: int, month: int, plain: int, rules: tuple[DayRule, ...]) -> int:
    """The days of a month, as bits 1 to 31: those of `plain` it has, and those that the rules name."""
    first, length = monthrange(year, month)
    days = plain & ((2 << length) - 1)
    for rule in rules:
        days |= _days_by(rule, first, length)
    return days


@cache  # there are 112 rules in all, and 28 kinds of month
def _days_by(rule: DayRule, first: int, length: int) -> int:
    """The days that `rule` names in a month of that kind. first: the weekday of its 1st, 0 is Monday."""
    from dateutil.rrule import MONTHLY, rrule, weekday

    begin = _month_of_kind(first, length)
    recur = partial(rrule, MONTHLY, begin, until=begin.replace(day=length))
    if rule.nearest:
        target = length if rule.day == -1 else rule.day
        working = [moment.day for moment in recur(byweekday=range(5))]
        return 1 << min(working, key=lambda day: abs(day - target)) if target <= length else 0
    if rule.day:
        return bits_of(moment.day for moment in recur(bymonthday=rule.day))
    monday_first = (rule.weekday - 2) % 7
    return bits_of(moment.day for moment in recur(byweekday=weekday(monday_first, rule.nth or None)))


@cache
def _month_of_kind(first: int, length: int) -> datetime:
    """The beginning of a month with that first weekday and length; 28 years have all of them."""
    months = ((year, month) for year in range(2001, 2029) for month in range(1, 13))
    year, month = next(pair for pair in months if monthrange(*pair) == (first, length))
    return datetime(year, month, 1)
