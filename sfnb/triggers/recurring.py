"""What comes at certain times: schedules, and rules with a schedule expression.

All of them share one timer, for the earliest. What is due at the same moment is kept in one transaction, with
the note up to when each schedule has been dealt with: so a run is neither lost nor begun twice.

Runs that were due while nothing ran here (the process was away, the machine asleep) are missed. What becomes
of them is for the user to say: `options["missed"]` is "skip", "once" (the latest of them) or "all".
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.kept import resource_of
from sfnb.triggers.records import Trigger
from sfnb.triggers.schedules import FlexibleTimeWindow, Schedule, missed, window_moment
from sfnb.triggers.timetable import Timer

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

LATE = timedelta(minutes=1)
"""What is dealt with later than this after its time has been missed: AWS's own precision is a minute."""
MOST_CAUGHT_UP = 10_000
"""How many missed runs are made up for at once, at most."""

Fire = Callable[[Trigger, datetime], Sequence[Delivery]]


class Plan(NamedTuple):
    """When a trigger fires, and what it then delivers. window: AWS's FlexibleTimeWindow."""

    trigger: Trigger
    schedule: Schedule
    fire: Fire
    over: Callable[[Trigger], None]
    window: FlexibleTimeWindow | None = None

    @property
    def reached(self) -> datetime:
        return self.trigger.reached or self.trigger.created - timedelta(microseconds=1)

    def next(self) -> datetime | None:
        return self.schedule.after(self.reached, created=self.trigger.created)


class Recurring:
    """Every schedule that runs here."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._changed = threading.RLock()
        self._plans: dict[str, Plan] = {}
        self._due: list[tuple[datetime, str]] = []
        self._timer: Timer | None = None

    def begin(self, plan: Plan) -> None:
        """Fire from now on, and make up for what was missed, as far as that is wanted."""
        with self._changed:
            self._plans[plan.trigger.key] = plan
            self._expect(plan)
            self._set()

    def end(self, key: str) -> None:
        with self._changed:
            self._plans.pop(key, None)

    def missed(self, trigger: Trigger, schedule: Schedule) -> str:
        """What a schedule that ran nowhere has missed, in words."""
        now = self._here.world.clock.now()
        gone = missed(schedule, trigger.reached, now - LATE, trigger.created)
        if not gone.count or not trigger.enabled:
            return ""
        policy = trigger.options.get("missed", "skip")
        runs = "1 run" if gone.count == 1 else f"{gone.count:,} runs"
        done = {"skip": "skipped", "once": "made up for by one", "all": "made up for"}[policy]
        return f"missed {runs} since {gone.first:%Y-%m-%d %H:%M} UTC: {done}"

    def next(self, key: str) -> datetime | None:
        """When it fires next."""
        plan = self._plans.get(key)
        return None if plan is None else plan.next()

    def _expect(self, plan: Plan) -> None:
        moment = plan.next()
        if moment is None:
            self._plans.pop(plan.trigger.key, None)
            plan.over(plan.trigger)
            return
        heapq.heappush(self._due, (moment, plan.trigger.key))

    def _set(self) -> None:
        """Have the timer go off for the earliest."""
        if not self._due:
            return
        if self._timer is not None and not self._timer.cancelled:
            if self._timer.moment <= self._due[0][0]:
                return
            self._timer.cancel()
        self._timer = self._here.timetable.at(self._due[0][0], self._fire_all)

    def _fire_all(self) -> None:
        """All that is due by now; then the next."""
        now = self._here.world.clock.now()
        with self._changed:
            if self._timer is not None:
                self._timer.cancel()
            plans: dict[str, Plan] = {}
            while self._due and self._due[0][0] <= now:
                key = heapq.heappop(self._due)[1]
                plan = self._plans.get(key)
                moment = None if plan is None else plan.next()
                if plan is not None and moment is not None and moment <= now:
                    plans[key] = plan
            deliveries = [each for plan in plans.values() for each in self._fire(plan, now)]
            self._here.deliverer.accept(
                deliveries, keep=[resource_of(plan.trigger) for plan in plans.values()]
            )
            for plan in plans.values():
                self._expect(plan)
            self._set()

    def _fire(self, plan: Plan, now: datetime) -> list[Delivery]:
        trigger, counts = plan.trigger, plan.trigger.counts
        lately = max(plan.reached, now - LATE)
        wanted = list(plan.schedule.between(lately, now, created=trigger.created))
        gone = missed(plan.schedule, plan.reached, lately, trigger.created)
        policy = trigger.options.get("missed", "skip")
        if gone.count and policy == "all":
            early = plan.schedule.between(plan.reached, lately, created=trigger.created, most=MOST_CAUGHT_UP)
            wanted = [*early, *wanted]
        elif gone.last is not None and policy == "once" and not wanted:
            wanted = [gone.last]
        left = gone.count - sum(moment <= lately for moment in wanted)
        if left:
            counts.drop(f"missed while nothing ran it (missed='{policy}')", left)
        if wanted:
            counts.match(wanted[-1], len(wanted))
        trigger.reached = now
        return [each for moment in wanted for each in self._within(plan, moment)]

    def _within(self, plan: Plan, moment: datetime) -> Sequence[Delivery]:
        """Now, or at a moment in its flexible window."""
        deliveries = plan.fire(plan.trigger, moment)
        if plan.window is None:
            return deliveries
        later = window_moment(moment, plan.window, f"{plan.trigger.key} {moment.isoformat()}")
        return [msgspec.structs.replace(each, due=later) for each in deliveries]
