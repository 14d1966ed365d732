"""What comes at certain times: schedules, and rules with a schedule expression.

All of them share one timer, for the earliest. What is due at the same moment is kept in one transaction, with
the note up to when each schedule has been dealt with: so a run is neither lost nor begun twice.

Runs that were due while nothing ran here (the process was away, the machine asleep) are missed. What becomes
of them is for the user to say: `options["missed"]` is "skip", "once" (the latest of them) or "all".
"""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sfnb.engine.clock import new_name
from sfnb.errors import StoreFault
from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.inputs import InvalidTargetInput
from sfnb.triggers.kept import resource_of
from sfnb.triggers.ports import Refused
from sfnb.triggers.records import Trigger
from sfnb.triggers.schedules import FlexibleTimeWindow, Schedule, missed, window_moment
from sfnb.triggers.timetable import Timer

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

log = logging.getLogger("sfnb")

LATE = timedelta(minutes=1)
"""What is dealt with later than this after its time has been missed: AWS's own precision is a minute."""
STORE_PAUSE = timedelta(seconds=5)
"""Before what is due is looked at again, where the store takes nothing."""
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


class Fired(NamedTuple):
    """What a plan has come to by now: the times that are dealt with, and what is delivered for them.

    left: how many were missed and are not made up for. faults: times for which no input could be made.
    """

    plan: Plan
    times: Sequence[datetime]
    deliveries: Sequence[Delivery]
    left: int
    faults: Sequence[str]

    def note(self, trigger: Trigger, now: datetime) -> None:
        """Write it into a trigger: the one that runs, or its copy that is kept."""
        if self.left:
            policy = trigger.options.get("missed", "skip")
            trigger.counts.drop(f"missed while nothing ran it (missed='{policy}')", self.left)
        for fault in self.faults:
            trigger.counts.drop(f"INVALID_INPUT: {fault}")
        if self.times:
            trigger.counts.match(self.times[-1], len(self.times))
        trigger.reached = now

    def kept(self, now: datetime) -> Trigger:
        trigger = self.plan.trigger
        counts = msgspec.structs.replace(trigger.counts, dropped=dict(trigger.counts.dropped))
        copy = msgspec.structs.replace(trigger, counts=counts)
        self.note(copy, now)
        return copy


class Aside(NamedTuple):
    """What goes on after a calendar that is turned by hand. calendar: "" for the world's own."""

    plans: Sequence[Plan]
    calendar: str


class Recurring:
    """Every schedule that runs here.

    Its lock is taken after that of `Triggers`, never before.
    """

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._changed = threading.RLock()
        self._plans: dict[str, Plan] = {}
        self._due: list[tuple[datetime, str]] = []
        self._timer: Timer | None = None
        self._calendar = ""
        self._calendars = itertools.count(1)

    def begin(self, plan: Plan) -> None:
        """Fire from now on, and make up for what was missed, as far as that is wanted."""
        with self._changed:
            self._plans[plan.trigger.key] = plan
            over = not self._expect(plan)
            self._set()
        if over:
            plan.over(plan.trigger)

    def end(self, key: str) -> None:
        with self._changed:
            self._plans.pop(key, None)

    def moment_key(self, moment: datetime) -> str:
        """What ids are drawn from: another one for the same moment of another calendar."""
        return f"{moment.isoformat()}{self._calendar}"

    def is_new(self, known: Trigger | None) -> bool:
        """Whether it begins anew: none that there was before a calendar goes on in it."""
        return known is None or (self._calendar != "" and known.key not in self._plans)

    def put_aside(self) -> Aside:
        """Begin a calendar: nothing of what is due now comes, for a while; see `take_back`.

        Calendars are told by their numbers, so that what is drawn repeats; where a file is kept, which has
        those of other processes too, by names that nobody else has.
        """
        name = new_name() if self._here.shelf.durable else str(next(self._calendars))
        with self._changed:
            aside = Aside(list(self._plans.values()), self._calendar)
            self._plans, self._due, self._calendar = {}, [], f" in calendar {name}"
            if self._timer is not None:
                self._timer.cancel()
            return aside

    def take_back(self, aside: Aside) -> None:
        """Go on with these; what has begun meanwhile, on another clock, goes on from now."""
        now = self._here.world.clock.now()
        for trigger in list(self._here.held.values()):
            if trigger.key in self._plans:
                trigger.created, trigger.reached = min(trigger.created, now), now
                self._here.save(trigger)
        with self._changed:
            self._plans = {plan.trigger.key: plan for plan in aside.plans} | self._plans
            self._calendar = aside.calendar
            self._due = []
            if self._timer is not None:
                self._timer.cancel()
            for plan in list(self._plans.values()):
                if self._here.held.get(plan.trigger.key) is plan.trigger:
                    self._expect(plan)
                else:
                    del self._plans[plan.trigger.key]
            self._set()

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

    def _expect(self, plan: Plan) -> bool:
        """Whether it fires again."""
        moment = plan.next()
        if moment is None:
            self._plans.pop(plan.trigger.key, None)
            return False
        heapq.heappush(self._due, (moment, plan.trigger.key))
        return True

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
        with self._here.changing:
            with self._changed:
                over = self._fire_due(now)
            for plan in over:
                plan.over(plan.trigger)

    def _fire_due(self, now: datetime) -> list[Plan]:
        """Answers with those that fire no more."""
        if self._timer is not None:
            self._timer.cancel()
        fired = [self._fire(plan, now) for plan in self._take_due(now)]
        try:
            self._here.deliverer.accept(
                [delivery for each in fired for delivery in each.deliveries],
                keep=[resource_of(each.kept(now)) for each in fired],
            )
        except (StoreFault, Refused) as fault:
            log.warning("%d schedules are due, and tried again: %s", len(fired), fault)
            for each in fired:
                self._expect(each.plan)
            self._timer = self._here.timetable.at(now + STORE_PAUSE, self._fire_all)
            return []
        for each in fired:
            each.note(each.plan.trigger, now)
        over = [each.plan for each in fired if not self._expect(each.plan)]
        self._set()
        return over

    def _take_due(self, now: datetime) -> list[Plan]:
        """Each once, though it may stand there more often, as after a change."""
        plans: dict[str, Plan] = {}
        while self._due and self._due[0][0] <= now:
            key = heapq.heappop(self._due)[1]
            plan = self._plans.get(key)
            moment = None if plan is None else plan.next()
            if plan is not None and moment is not None and moment <= now:
                plans[key] = plan
        return list(plans.values())

    def _fire(self, plan: Plan, now: datetime) -> Fired:
        trigger = plan.trigger
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
        deliveries: list[Delivery] = []
        faults: list[str] = []
        for moment in wanted:
            try:
                deliveries += self._within(plan, moment)
            except InvalidTargetInput as fault:
                faults.append(str(fault))
        return Fired(plan, wanted, deliveries, left, faults)

    def _within(self, plan: Plan, moment: datetime) -> Sequence[Delivery]:
        """Now, or at a moment in its flexible window."""
        deliveries = plan.fire(plan.trigger, moment)
        if plan.window is None:
            return deliveries
        later = window_moment(moment, plan.window, f"{plan.trigger.key} {moment.isoformat()}")
        return [msgspec.structs.replace(each, due=later) for each in deliveries]
