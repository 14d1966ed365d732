"""Schedules: `rate`, `cron` and `at`, as EventBridge's rules and EventBridge Scheduler read them.

When they come, in moments and in words. Pure: no clock is asked, the moment to look from is given, and
chance is drawn from a key.
"""

from sfnb.triggers.schedules.invalid import InvalidSchedule
from sfnb.triggers.schedules.missing import Missed, missed
from sfnb.triggers.schedules.reading import read_schedule
from sfnb.triggers.schedules.schedule import Schedule
from sfnb.triggers.schedules.windows import FlexibleTimeWindow, read_window, window_moment

__all__ = [
    "FlexibleTimeWindow",
    "InvalidSchedule",
    "Missed",
    "Schedule",
    "missed",
    "read_schedule",
    "read_window",
    "window_moment",
]
