"""Functions of time.

Source: AWS IoT developer guide, "parse_time", "time_to_epoch".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sfnb.triggers.iot.sql.functions.time_patterns import find_zone, format_time, read_time
from sfnb.triggers.iot.sql.values import UNDEFINED, Absence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(pattern: str, timestamp: int, timezone: str = "UTC") -> str | Absence:
    """Milliseconds since 1970 written by a pattern of Joda-Time.

    >>> parse_time("yyyy.MM.dd G 'at' HH:mm:ss z", 100000000, "America/Belize")
    '1970.01.01 AD at 21:46:40 CST'
    """
    zone = find_zone(timezone)
    if zone is None:
        return UNDEFINED
    return format_time(pattern, (_EPOCH + timedelta(milliseconds=timestamp)).astimezone(zone))


def time_to_epoch(timestamp: str, pattern: str) -> int:
    """A time read by a pattern of Java, in milliseconds since 1970.

    >>> time_to_epoch("2020-04-03 09:45:18 UTC+01:00", "yyyy-MM-dd HH:mm:ss VV")
    1585903518000
    """
    return (read_time(timestamp, pattern) - _EPOCH) // timedelta(milliseconds=1)
