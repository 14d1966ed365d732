"""A schedule, and when it comes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice
from typing import assert_never

import msgspec

from sfnb.triggers.schedules.cron import Cron
from sfnb.triggers.schedules.timings import Once, Rate, Timing, moment_of_once, next_of_cron, next_of_rate
from sfnb.triggers.schedules.words import say

_INSTANT = timedelta(microseconds=1)


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When something is to be started.

    timezone, zone: its name, and what it stands for.
    start, end: in UTC; a run counts between them and at each of them. `at` has neither.
    """

    expression: str
    timezone: str
    zone: tzinfo
    timing: Timing
    start: datetime | None = None
    end: datetime | None = None

    @property
    def words(self) -> str:
        """The schedule in plain English: "at 08:00 on weekdays, Europe/Berlin"."""
        return say(self.timing, self.timezone, self.start, self.end)

    def after(self, moment: datetime, *, created: datetime) -> datetime | None:
        """The first run strictly after `moment`, in UTC; None when there is none left.

        created: when the schedule was made. It has no run before that, and may have one at that very moment:
        a rate of the Scheduler without a start begins then. Raises ValueError when a time is naive.
        """
        made = in_utc(created)
        late = max(in_utc(moment), made - _INSTANT)
        if self.start is not None:
            late = max(late, self.start - _INSTANT)
        match self.timing:
            case Once():
                found = moment_of_once(self.timing, self.zone)
                found = found if found is not None and found > late else None
            case Rate():
                found = next_of_rate(self.timing, late, self.start or made)
            case Cron():
                found = next_of_cron(self.timing, late, self.zone)
            case _:
                assert_never(self.timing)
        return found if found is None or self.end is None or found <= self.end else None

    def between(
        self, after: datetime, until: datetime, created: datetime, *, most: int | None = None
    ) -> Iterator[datetime]:
        """The runs after `after`, up to `until` and with it; at most `most` of them."""
        return islice(self._runs(after, in_utc(until), created), most)

    def _runs(self, after: datetime, until: datetime, created: datetime) -> Iterator[datetime]:
        run = self.after(after, created=created)
        while run is not None and run <= until:
            yield run
            run = self.after(run, created=created)


def in_utc(moment: datetime) -> datetime:
    """The same moment in UTC. Raises ValueError when it is naive."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment.isoformat()} has no time zone")
    return moment.astimezone(UTC)
