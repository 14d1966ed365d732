"""Times of the language: timestamps are RFC 3339 with an upper-case T, and Z or an offset."""

from __future__ import annotations

import re
from datetime import datetime

LONGEST_SECONDS = 99_999_999
"""No wait and no time-out is longer. Source: AWS guide, "Wait state", "Task state"."""

_SHAPE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d+))?(?:Z|[+-]\d\d:\d\d)", re.ASCII)


def parse_timestamp(text: str) -> datetime | None:
    """The aware moment that `text` names, to the microsecond; None where it is no such text.

    >>> parse_timestamp("2016-03-14T01:59:00Z").isoformat()
    '2016-03-14T01:59:00+00:00'
    >>> parse_timestamp("2016-03-14 01:59:00Z"), parse_timestamp("2016-13-14T01:59:00Z")
    (None, None)

    Source: Amazon States Language, "Timestamps"; AWS recordings.
    """
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return None
    fraction = shape[1]
    if fraction is not None and len(fraction) > 6:
        text = text.replace("." + fraction, "." + fraction[:6], 1)
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
