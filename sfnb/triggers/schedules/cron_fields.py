"""The six fields of `cron(...)`, read to sets of numbers.

    field   → "?" | item ("," item)*
    item    → ("*" | value | value "-" value) ("/" step)?
    value   → number | name

Where AWS's documents are silent, the rules are those of Quartz, which AWS's fields and wildcards come from:
a range may wrap (`FRI-MON`), but not that of the years; `5/10` goes on to the end of the field; a step is
below the size of its field (AWS refuses `*/60`); what names a day by the shape of its month (`L`, `W`, `#`)
stands alone; capitals do not matter.
Source: EventBridge user guide, "Cron expressions reference"; an answer of PutRule to `*/60`.
"""

from __future__ import annotations

import re

import msgspec

from sfnb.triggers.schedules.bits import bits_of, numbers_in
from sfnb.triggers.schedules.days import DayRule
from sfnb.triggers.schedules.invalid import InvalidSchedule, Source, shown

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """What may stand in one of the six.

    least, most: the numbers it has. most_step: the largest number after a "/".
    names: the first stands for `least`.
    """

    title: str
    least: int
    most: int
    most_step: int
    names: tuple[str, ...] = ()
    wraps: bool = True

    @property
    def all(self) -> int:
        return bits_of(range(self.least, self.most + 1))

    @property
    def possible(self) -> str:
        numbers = f"a number from {self.least} to {self.most}"
        return f"{numbers} or a name from {self.names[0]} to {self.names[-1]}" if self.names else numbers


MINUTES = Field(title="minutes", least=0, most=59, most_step=59)
HOURS = Field(title="hours", least=0, most=23, most_step=23)
DAYS = Field(title="day of month", least=1, most=31, most_step=31)
MONTH = Field(title="month", least=1, most=12, most_step=12, names=MONTHS)
WEEKDAY = Field(title="day of week", least=1, most=7, most_step=7, names=WEEKDAYS)
YEARS = Field(title="year", least=1970, most=2199, most_step=229, wraps=False)

FIELDS = (MINUTES, HOURS, DAYS, MONTH, WEEKDAY, YEARS)

_ITEM = re.compile(r"(?:(\*)|([^-/]+)(?:-([^-/]+))?)(?:/([^-/]*))?")
_NUMBER = re.compile(r"[0-9]{1,4}")
_NEAREST = re.compile(r"(L|[0-9]{1,4})W")
_LAST_WEEKDAY = re.compile(r"([0-9A-Z]+)L")
_NTH_WEEKDAY = re.compile(r"([^#]+)#(.*)")


class Word(msgspec.Struct, frozen=True):
    """The text of one field in capitals, or of a part of it. column: where it begins, from 1."""

    text: str
    column: int
    field: Field
    source: Source

    def part(self, text: str, offset: int = 0) -> Word:
        return Word(text, self.column + offset, self.field, self.source)

    def refuse(self, why: str) -> InvalidSchedule:
        return self.source.refuse(f"in the field of the {self.field.title}, {why}", column=self.column)


def read_numbers(word: Word) -> int:
    """The numbers that a field lists, as bits. Raises InvalidSchedule."""
    bits = 0
    offset = 0
    for item in word.text.split(","):
        bits |= _read_item(word.part(item, offset))
        offset += len(item) + 1
    return bits


def read_days(month: Word, week: Word) -> tuple[int, tuple[DayRule, ...]]:
    """The two day fields: plain days of a month as bits, and rules for the others. One of the two is "?".

    Raises InvalidSchedule.
    """
    if month.text == "?" and week.text == "?":
        raise week.refuse(
            'there is "?", as in that of the day of month; one of the two has to say a day, or "*"'
        )
    if month.text == "?":
        return _read_weekdays(week)
    if week.text == "?":
        return _read_month_days(month)
    raise week.refuse(
        f'there is "{shown(week.text)}" while that of the day of month has "{shown(month.text)}"; '
        'one of the two has to be "?"'
    )


def _read_month_days(word: Word) -> tuple[int, tuple[DayRule, ...]]:
    if word.text == "L":
        return 0, (DayRule(day=-1),)
    if match := _NEAREST.fullmatch(word.text):
        day = -1 if match[1] == "L" else _read_value(word.part(match[1]))
        return 0, (DayRule(day=day, nearest=True),)
    return read_numbers(word), ()


def _read_weekdays(word: Word) -> tuple[int, tuple[DayRule, ...]]:
    if word.text == "*":
        return DAYS.all, ()
    if word.text == "L":
        return 0, (DayRule(weekday=7),)  # the last day of the week, not of the month
    if match := _NTH_WEEKDAY.fullmatch(word.text):
        return 0, (_read_nth(word, match[1], match[2]),)
    if match := _LAST_WEEKDAY.fullmatch(word.text):
        return 0, (DayRule(weekday=_read_value(word.part(match[1])), nth=-1),)
    return 0, tuple(DayRule(weekday=day) for day in numbers_in(read_numbers(word)))


def _read_nth(word: Word, weekday: str, nth: str) -> DayRule:
    """`3#2`, the second Tuesday; alone in its field."""
    if "," in weekday or "," in nth:
        raise word.refuse(f'"#" stands alone, not in the list "{shown(word.text)}"')
    number = word.part(nth, len(weekday) + 1)
    if nth not in ("1", "2", "3", "4", "5"):
        raise number.refuse(f'"{shown(nth)}" stands after "#"; which of the month is a number from 1 to 5')
    return DayRule(weekday=_read_value(word.part(weekday)), nth=int(nth))


def _read_item(word: Word) -> int:
    match = _ITEM.fullmatch(word.text)
    if match is None:
        raise word.refuse(_explain_item(word))
    field = word.field
    every, low, high, step = match.groups()
    first = field.least if every else _read_value(word.part(low))
    last = first
    if every or (step is not None and high is None):
        last = field.most
    if high is not None:
        last = _read_value(word.part(high, match.start(3)))
    stride = 1 if step is None else _read_step(word.part(step, match.start(4)))
    size = field.most - field.least + 1
    if last < first:
        if not field.wraps:
            raise word.refuse(
                f'"{shown(word.text)}" runs backwards; the first of a range comes before the last'
            )
        last += size
    return bits_of((number - field.least) % size + field.least for number in range(first, last + 1, stride))


def _read_value(word: Word) -> int:
    field = word.field
    if word.text in field.names:
        return field.least + field.names.index(word.text)
    if not _NUMBER.fullmatch(word.text) or not field.least <= int(word.text) <= field.most:
        raise word.refuse(_explain_item(word))
    return int(word.text)


def _read_step(word: Word) -> int:
    most = word.field.most_step
    if not _NUMBER.fullmatch(word.text) or not 1 <= int(word.text) <= most:
        raise word.refuse(f'"{shown(word.text)}" stands after "/"; a step is a number from 1 to {most}')
    return int(word.text)


def _explain_item(word: Word) -> str:
    text, field = word.text, word.field
    if not text:
        return f"nothing stands between two signs; give {field.possible}"
    if "?" in text:
        why = "stands alone" if field in (DAYS, WEEKDAY) else "is for the day of month and the day of week"
        return f'"?" {why}; "*" means every one'
    if field in (DAYS, WEEKDAY) and re.search("[LW#]", text):
        signs = '"L", "LW" or "15W"' if field is DAYS else '"L", "6L" or "3#2"'
        return f'"{shown(text)}" is not possible; give {field.possible}, or {signs} by itself'
    return f'"{shown(text)}" is not possible; give {field.possible}'
