"""Flexible time windows: a run comes at some moment of the minutes that follow its time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

import msgspec

from sfnb.engine.clock import SeededChance
from sfnb.triggers.schedules.invalid import InvalidSchedule, shown
from sfnb.values import Json

MOST_MINUTES = 1440


class FlexibleTimeWindow(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """As EventBridge Scheduler keeps it: `{"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15}`.

    maximum_window_in_minutes: 1 to 1,440 where the mode is FLEXIBLE, else None.
    """

    mode: Literal["OFF", "FLEXIBLE"]
    maximum_window_in_minutes: int | None = None


def read_window(value: Json) -> FlexibleTimeWindow:
    """The window that AWS's JSON describes. Raises InvalidSchedule."""
    try:
        window = msgspec.convert(value, FlexibleTimeWindow)
    except msgspec.ValidationError as wrong:
        raise _refuse(shown(str(wrong), 200)) from None
    minutes = window.maximum_window_in_minutes
    if window.mode == "OFF" and minutes is not None:
        raise _refuse("MaximumWindowInMinutes is for the Mode FLEXIBLE; leave it out where it is OFF")
    if window.mode == "FLEXIBLE" and (minutes is None or not 1 <= minutes <= MOST_MINUTES):
        found = "is missing" if minutes is None else f"is {minutes}"
        raise _refuse(f"MaximumWindowInMinutes {found}; the Mode FLEXIBLE needs one from 1 to {MOST_MINUTES}")
    return window


def window_moment(schedule_time: datetime, window: FlexibleTimeWindow, key: str) -> datetime:
    """When a run is to come: `schedule_time` itself, or a whole second of the window that begins with it.

    key: what the second is drawn from, such as the schedule's ARN and the time; equal keys draw the same.
    """
    if window.mode == "OFF":
        return schedule_time
    seconds = 60 * (window.maximum_window_in_minutes or 0)
    return schedule_time + timedelta(seconds=int(SeededChance(key).float() * seconds))


def _refuse(why: str) -> InvalidSchedule:
    return InvalidSchedule("Invalid FlexibleTimeWindow.", f"{why}.")
