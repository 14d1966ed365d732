"""Time zones by their IANA names, and what becomes of a local time in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from sfnb.triggers.schedules.invalid import InvalidSchedule, shown

_MOST_CHARACTERS = 50  # botocore's model of the Scheduler
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_+/-]*")
_FILES = ("localtime", "posixrules", "Factory")  # lie among the zones and are none
_FOLDERS = ("posix/", "right/")


def read_zone(name: str) -> tzinfo:
    """The zone called `name`. Raises InvalidSchedule."""
    if name == "UTC":
        return UTC  # five times as quick as its ZoneInfo
    if len(name) <= _MOST_CHARACTERS and _NAME.fullmatch(name):
        try:
            if name not in _FILES and not name.startswith(_FOLDERS):
                return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            pass
    raise InvalidSchedule(
        "Parameter ScheduleExpressionTimezone is not valid.",
        f'"{shown(name)}" is not the name of a time zone; {_advice(name)}.',
    )


def moment_of(local: datetime, zone: tzinfo) -> datetime | None:
    """The moment that clocks in `zone` show as `local` (naive), in UTC; None for one they skip.

    Of two such moments, where clocks are put back, the earlier.
    """
    if zone is UTC:
        return local.replace(tzinfo=UTC)
    moment = local.replace(tzinfo=zone).astimezone(UTC)
    return moment if moment.astimezone(zone).replace(tzinfo=None) == local else None


def _advice(name: str) -> str:
    from difflib import get_close_matches  # only for a refusal

    known = sorted(available_timezones())
    city = name.strip().replace(" ", "_").lower()
    meant = [zone for zone in known if city in (zone.lower(), zone.rpartition("/")[2].lower())]
    meant += get_close_matches(name[:_MOST_CHARACTERS], known, n=1)
    return f'"{meant[0]}" is' if meant else 'give one of IANA\'s, such as "Europe/Berlin" or "UTC"'
