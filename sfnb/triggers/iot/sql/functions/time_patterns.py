"""Date and time patterns as Joda-Time and java.time have them: `yyyy-MM-dd HH:mm:ss.SSS z`.

A pattern is cut into fields (a run of one letter) and literal text; `format_time` writes each field,
`parse_time` reads each from the left, without ever going back. Names of months and days are English.
Source: Joda-Time, DateTimeFormat; java.time.format.DateTimeFormatter.
"""

from __future__ import annotations

import re
from calendar import day_abbr, day_name, month_abbr, month_name
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MOST_CHARACTERS = 256
"""Of a pattern, and of a time that is read."""

_PIECES = re.compile(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']", re.DOTALL)
_ZONE = re.compile(r"[A-Za-z][A-Za-z0-9_+\-/]{0,63}")
_OFFSET = re.compile(r"([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?")
_NUMBER = re.compile(r"[+-]?\d{1,9}")
_MONTHS = {
    name.lower(): index for names in (month_abbr, month_name) for index, name in enumerate(names) if name
}
_DAYS = [name.lower() for names in (day_name, day_abbr) for name in names]
_US_ZONES = {
    "PST": "America/Los_Angeles", "PDT": "America/Los_Angeles",
    "MST": "America/Denver", "MDT": "America/Denver",
    "CST": "America/Chicago", "CDT": "America/Chicago", "EST": "America/New_York", "EDT": "America/New_York",
}  # fmt: skip


def find_zone(name: str) -> tzinfo | None:
    """The time zone of an IANA name, `UTC`, `Z`, an offset, or both as in `UTC+01:00`; None if unknown."""
    bare = name.strip()
    for prefix in ("UTC", "GMT", "UT"):
        if bare.startswith(prefix) and bare[len(prefix) : len(prefix) + 1] in ("+", "-"):
            bare = bare[len(prefix) :]
    if bare in ("Z", "UTC", "GMT", "UT"):
        return UTC
    offset = _OFFSET.fullmatch(bare)
    if offset:
        return _of_offset(offset)
    if not _ZONE.fullmatch(bare):
        return None
    try:
        return ZoneInfo(_US_ZONES.get(bare, bare))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _of_offset(match: re.Match[str]) -> tzinfo | None:
    hours, minutes, seconds = (int(match[group] or 0) for group in (2, 3, 4))
    if hours > 18 or minutes > 59 or seconds > 59:
        return None
    offset = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    return timezone(-offset if match[1] == "-" else offset)


def _fields(pattern: str) -> Iterator[tuple[str, int, str]]:
    """Letter, width and text of each piece; the letter is "" for literal text. Raises ValueError."""
    if len(pattern) > MOST_CHARACTERS:
        raise ValueError("pattern too long")
    position = 0
    while position < len(pattern):
        piece = _PIECES.match(pattern, position)
        if piece is None:
            raise ValueError("unclosed quote")
        position = piece.end()
        if piece[2]:
            yield piece[2], len(piece[0]), piece[0]
        elif piece[1] is not None:
            yield "", 0, piece[1].replace("''", "'") or "'"
        else:
            yield "", 0, piece[0]


def format_time(pattern: str, moment: datetime) -> str:
    """`moment` as the pattern says; raises ValueError for a letter that is not known.

    >>> format_time("yyyy.MM.dd G 'at' HH:mm:ss z", datetime(2017, 6, 9, 17, 19, 46, tzinfo=UTC))
    '2017.06.09 AD at 17:19:46 UTC'
    """
    return "".join(
        _WRITERS[letter](moment, width) if letter else text for letter, width, text in _known(pattern)
    )


def _known(pattern: str) -> Iterator[tuple[str, int, str]]:
    for letter, width, text in _fields(pattern):
        if letter and letter not in _WRITERS:
            raise ValueError(f"unknown letter {letter}")
        yield letter, width, text


def _year(moment: datetime, width: int) -> str:
    return f"{moment.year % 100:02}" if width == 2 else f"{moment.year:0{width}}"


def _month(moment: datetime, width: int) -> str:
    if width >= 3:
        return month_abbr[moment.month] if width == 3 else month_name[moment.month]
    return f"{moment.month:0{width}}"


def _day(moment: datetime, width: int) -> str:
    return day_name[moment.weekday()] if width > 3 else day_abbr[moment.weekday()]


def _offset_text(moment: datetime, width: int, *, colon: bool) -> str:
    minutes = round((moment.utcoffset() or timedelta()).total_seconds() / 60)
    sign = "-" if minutes < 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"{sign}{hours:02}{':' if colon else ''}{rest:02}"


def _zone_offset(moment: datetime, width: int) -> str:
    """Z is +0000, ZZ +00:00, ZZZ the zone's name."""
    return _zone_id(moment, width) if width > 2 else _offset_text(moment, width, colon=width == 2)


def _iso_offset(moment: datetime, width: int) -> str:
    """X and its like: Z for none, otherwise +01:00."""
    text = _offset_text(moment, width, colon=width > 2)
    return "Z" if text.strip("+-0:") == "" else text[:3] if width == 1 else text


def _zone_id(moment: datetime, width: int) -> str:
    return moment.tzinfo.key if isinstance(moment.tzinfo, ZoneInfo) else _zone_name(moment, width)


def _zone_name(moment: datetime, width: int) -> str:
    return moment.tzname() or "UTC"


def _number(of: Callable[[datetime], int]) -> Callable[[datetime, int], str]:
    return lambda moment, width: f"{of(moment):0{width}}"


_WRITERS: dict[str, Callable[[datetime, int], str]] = {
    "G": lambda moment, width: "AD",
    "y": _year,
    "Y": _year,
    "u": _year,
    "x": lambda moment, width: f"{moment.isocalendar().year:0{width}}",
    "w": _number(lambda moment: moment.isocalendar().week),
    "e": _number(lambda moment: moment.isoweekday()),
    "E": _day,
    "D": _number(lambda moment: moment.timetuple().tm_yday),
    "M": _month,
    "L": _month,
    "d": _number(lambda moment: moment.day),
    "a": lambda moment, width: "AM" if moment.hour < 12 else "PM",
    "K": _number(lambda moment: moment.hour % 12),
    "h": _number(lambda moment: moment.hour % 12 or 12),
    "H": _number(lambda moment: moment.hour),
    "k": _number(lambda moment: moment.hour or 24),
    "m": _number(lambda moment: moment.minute),
    "s": _number(lambda moment: moment.second),
    "S": lambda moment, width: f"{moment.microsecond:06}".ljust(width, "0")[:width],
    "z": _zone_name,
    "Z": _zone_offset,
    "V": _zone_id,
    "X": _iso_offset,
}


def read_time(text: str, pattern: str) -> datetime:
    """The moment that `text` says by `pattern`, in UTC where it names no zone; raises ValueError.

    >>> read_time("18 December 2015", "dd MMMM yyyy").isoformat()
    '2015-12-18T00:00:00+00:00'
    """
    if len(text) > MOST_CHARACTERS:
        raise ValueError("time too long")
    read: dict[str, int] = {}
    zone: tzinfo | None = UTC
    rest = text
    for letter, width, literal in _fields(pattern):
        if not letter:
            if not rest.startswith(literal):
                raise ValueError(f"expected {literal}")
            rest = rest[len(literal) :]
        elif letter in "zZVXxO":
            word = re.match(r"\S*", rest)
            zone = find_zone(word[0]) if word else None
            if zone is None:
                raise ValueError("unknown zone")
            rest = rest[len(word[0]) if word else 0 :]
        else:
            rest = _read_field(letter, width, rest, read)
    if rest:
        raise ValueError(f"{rest} is left over")
    return _moment(read).replace(tzinfo=zone)


def _read_field(letter: str, width: int, rest: str, read: dict[str, int]) -> str:
    """Read one field into `read`, and give what follows it."""
    words = {"E": _DAYS, "G": ["ad", "bc"], "a": ["am", "pm"]}.get(letter)
    if letter in "ML" and width >= 3:
        words = sorted(_MONTHS, key=len, reverse=True)
    if words is not None:
        word = next((word for word in words if rest.lower().startswith(word)), None)
        if word is None or word == "bc":
            raise ValueError(f"expected {letter}")
        read["M" if letter == "L" else letter] = _MONTHS[word] if word in _MONTHS else words.index(word)
        return rest[len(word) :]
    if letter not in "yYuMLdDHhKkmsSn":
        raise ValueError(f"unknown letter {letter}")
    number = _NUMBER.match(rest[:width] if width > 1 and letter not in "yYuSn" else rest)
    digits = number[0] if number else ""
    if letter in "Sn" or (letter in "yYu" and width == 2):
        digits = digits[:width]
    if not digits or (letter in "yYu" and width not in (1, 2) and len(digits.lstrip("+-")) < width):
        raise ValueError(f"expected {letter}")
    read[{"Y": "y", "u": "y", "L": "M"}.get(letter, letter)] = _valued(letter, width, digits)
    return rest[len(digits) :]


def _valued(letter: str, width: int, digits: str) -> int:
    """The number of a field: fractions in microseconds, years of two digits from 2000 on."""
    if letter == "S":
        return int(digits.ljust(6, "0")[:6])
    return int(digits) + (2000 if letter in "yYu" and width == 2 else 0)


def _moment(read: dict[str, int]) -> datetime:
    """The date and time of the fields read; raises ValueError where there is none."""
    hour = read.get("H", read.get("k", 0) % 24)
    if "a" in read:
        hour = read.get("h", read.get("K", 0)) % 12 + 12 * read["a"]
    date = datetime(read.get("y", 1970), read.get("M", 1), read.get("d", 1))
    if "D" in read:
        date = datetime(read.get("y", 1970), 1, 1) + timedelta(days=read["D"] - 1)
    return date.replace(
        hour=hour, minute=read.get("m", 0), second=read.get("s", 0), microsecond=read.get("S", 0)
    )
