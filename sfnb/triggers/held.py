"""All triggers of a service: those that run in this process, those that another runs, those that wait.

A trigger is kept in the store. It runs in one process at a time, which holds it there for as long as it
lives; in another one it is taken up when there is something again for it to start: a machine, a function.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from msgspec import structs

from sfnb.errors import SfnbError, StoreFault
from sfnb.triggers.buses import Buses
from sfnb.triggers.dead_letters import DeadLetter
from sfnb.triggers.deliveries import OVERLAP, Deliverer, Delivery
from sfnb.triggers.kept import Shelf, resource_of
from sfnb.triggers.kinds import Adopted, Kind, Seen
from sfnb.triggers.pipes import Pipes
from sfnb.triggers.ports import Refused, World
from sfnb.triggers.posted import Posted
from sfnb.triggers.records import Counts, Trigger, service_of
from sfnb.triggers.recurring import Recurring
from sfnb.triggers.refusals import ConflictException, ResourceNotFoundException
from sfnb.triggers.rounds import Rounds
from sfnb.triggers.rules import EVENT
from sfnb.triggers.scheduler import Scheduler
from sfnb.triggers.targets import send
from sfnb.triggers.timetable import Timetable, perform

if TYPE_CHECKING:
    from sfnb.triggers.routes import Routes

log = logging.getLogger("sfnb")

SETTLING_SECONDS = 10.0
STARTED_HERE = ("states", "lambda")
"""The services whose resources a trigger waits for."""


class Triggers:
    """What starts executions. kinds: `TRIGGERS`."""

    def __init__(self, world: World, kinds: Mapping[str, str]) -> None:
        self.world = world
        self.began = world.clock.now()
        self.changing = threading.RLock()
        self.held: dict[str, Trigger] = {}
        self.unfit: dict[str, str] = {}
        """Triggers that could not be taken up, by key, and why."""
        self.shelf = Shelf(lambda: world.store)
        self.timetable = Timetable(lambda: world.clock)
        self.deliverer = Deliverer(world, self.timetable, self.shelf, self.send, self.counts, self.gave_up)
        self.recurring = Recurring(self)
        self.rounds = Rounds(lambda: world.clock)
        self.closed = False
        self.leaving = False
        """The store is being left: what ends is waited for."""
        self._one_by_one: dict[str, threading.Lock] = {}
        self._awaited: set[str] = set()
        """What is started by triggers that were taken up before it was there again."""
        self._homes = kinds
        self._kinds: dict[str, Kind] = {}
        self.posted = Posted(self)
        self.buses = Buses(self)
        self.scheduler = Scheduler(self)
        self.pipes = Pipes(self)

    # What there is

    def kind(self, name: str) -> Kind:
        """What knows a kind; made when it is first asked for, as some need much.

        Kinds ask for each other from threads of their own, so one that there is takes no lock.
        """
        known = self._kinds.get(name)
        if known is not None:
            return known
        with self.changing:
            if name not in self._kinds:
                self._kinds[name] = resolve_name(self._homes[name])(self)
            return self._kinds[name]

    @property
    def routes(self) -> Routes | None:
        """The routes of API Gateway, if there are any."""
        kind: Any = self._kinds.get("http")
        return kind if kind is not None and kind.any else None

    def get(self, key: str) -> Trigger | None:
        """A trigger by its key, whoever runs it."""
        with self.changing:
            if key in self.held:
                return self.held[key]
        return self.shelf.trigger(key)

    def of_kind(self, kind: str) -> list[Trigger]:
        """All that are kept, whoever runs them."""
        return [seen.trigger for seen in self.all() if seen.trigger.kind == kind]

    def all(self) -> list[Seen]:
        """Every trigger that is kept, oldest first."""
        with self.changing:
            kept = {trigger.key: trigger for trigger in self.shelf.triggers()}
            kept |= self.held
            return [Seen(trigger, self._runs(trigger)) for trigger in kept.values()]

    def _runs(self, trigger: Trigger) -> str:
        if trigger.key in self.held:
            return "here"
        missing = self._missing(trigger.targets)
        if missing:
            return f"waits for {missing[0].rpartition(':')[2]}"
        return self.unfit.get(trigger.key, "in another process")

    def _missing(self, arns: Iterable[str]) -> list[str]:
        """Those that are to be started and are not there yet."""
        return [arn for arn in arns if service_of(arn) in STARTED_HERE and not self.world.knows(arn)]

    def counts(self, key: str) -> Counts | None:
        trigger = self.held.get(key)
        return None if trigger is None else trigger.counts

    def words(self, trigger: Trigger) -> str:
        return self.kind(trigger.kind).words(trigger)

    # What becomes of them

    def put(self, trigger: Trigger) -> Trigger:
        """Make a trigger, or change the one of its key, and let it run here.

        Raises a Refusal where it cannot be, ConflictException where another process runs it, Refused once
        all is closed.
        """
        kind = self.kind(trigger.kind)
        kind.check(trigger)
        with self.changing:
            if self.closed:
                raise Refused("ServiceClosed", f"{trigger.name} cannot be: what starts executions is closed")
            known, runs = self.get(trigger.key), trigger.key in self.held
            holder = None if runs else self.shelf.hold(trigger.key)
            if holder is not None:
                raise ConflictException(
                    f"{trigger.kind} '{trigger.name}' is run by {holder}: end that, or give another name"
                )
            self.shelf.keep_trigger(trigger)
            holder = None if runs else self.shelf.hold(trigger.key)
            if holder is not None:  # it was quicker
                raise ConflictException(f"{trigger.kind} '{trigger.name}' is run by {holder}")
            self.unfit.pop(trigger.key, None)
            self.held[trigger.key] = trigger
            self.posted.look_again()
            try:
                if known is not None and runs:
                    kind.end(known)
                kind.begin(trigger)
            except BaseException:
                self._put_back(kind, trigger, known, runs)
                raise
        return trigger

    def _put_back(self, kind: Kind, trigger: Trigger, known: Trigger | None, runs: bool) -> None:
        """It could not begin: let all be as it was before. known: the one of its key; runs: it ran here."""
        if known is None:
            self.shelf.drop_trigger(trigger.key)
        else:
            self.shelf.keep_trigger(known)
        del self.held[trigger.key]
        kind.end(trigger)
        if known is not None and runs:
            self.held[trigger.key] = known
            kind.begin(known)

    def remove(self, key: str) -> None:
        """Let it be gone; raises ResourceNotFoundException, and ConflictException where another runs it."""
        with self.changing:
            trigger = self.get(key)
            if trigger is None:
                raise ResourceNotFoundException(f"there is no trigger '{key}'")
            holder = self.shelf.hold(key)
            if holder is not None:
                raise ConflictException(f"'{trigger.name}' is run by {holder}")
            self.deliverer.hold(key)
            self.shelf.drop_trigger(key)
            self.posted.drop(key)
            self.unfit.pop(key, None)
            if self.held.pop(key, None) is not None:
                self.kind(trigger.kind).end(trigger)
        self._wait_for_end(trigger)

    def enable(self, key: str, enabled: bool) -> None:
        """Let a trigger start executions, or none for a while; raises as `remove` does."""
        with self.changing:
            trigger = self.get(key)
            if trigger is None:
                raise ResourceNotFoundException(f"there is no trigger '{key}'")
            if trigger.enabled != enabled:
                now = self.world.clock.now()
                settings = self.kind(trigger.kind).state(trigger.settings, enabled)
                self.put(structs.replace(trigger, enabled=enabled, settings=settings, reached=now))
        self._wait_for_end(trigger)

    def _wait_for_end(self, trigger: Trigger) -> None:
        """A pipe may have a call under way; nobody else has to wait for that, so nothing is locked."""
        if trigger.kind == "queue":
            kind: Any = self.kind("queue")
            kind.wait(trigger.key)

    def save(self, trigger: Trigger) -> None:
        """Keep what it counts."""
        with self.changing:
            if trigger.key in self.held:
                self.shelf.keep_trigger(trigger)

    def adopt(self, arns: Iterable[str] | None = None) -> list[Adopted]:
        """Run those that are kept and that nobody runs; answers with them.

        arns: only those that start one of these; None: all that have something to start here.
        What they have received and not passed on in a process that has ended is passed on; so is what a
        trigger has received that is gone.
        """
        wanted = None if arns is None else set(arns)
        adopted: list[Adopted] = []
        with self.changing:
            if self.closed:
                return []
            for trigger in list(self.shelf.triggers()):
                if trigger.key in self.held:
                    continue
                if not (self._can_start(trigger) if wanted is None else wanted.intersection(trigger.targets)):
                    continue
                missed = self._hold(trigger)
                if missed is not None:
                    adopted.append(Adopted(trigger, missed))
            kept = {trigger.key for trigger in self.shelf.triggers()}

            def gone(delivery: Delivery) -> bool:
                arn = delivery.target.get("Arn", "")
                return delivery.trigger not in kept and (
                    arn in wanted if wanted else not self._missing([arn])
                )

            left = self.deliverer.left_over({trigger.key for trigger, _ in adopted}, gone)
            adopted = [each for each in adopted if self._begin(each.trigger)]
        self.deliverer.take_up(left)
        self.posted.begin()
        return adopted

    def adopt_left(self) -> list[Adopted]:
        """As `adopt`, where a process has ended meanwhile that ran something; quick where none has."""
        with self.changing:
            if self.closed or not self.shelf.durable:
                return []
            left = [
                trigger
                for trigger in self.shelf.triggers()
                if trigger.key not in self.held
                and trigger.key not in self.unfit
                and trigger.kind in self._homes
                and self._can_start(trigger)
                and self.shelf.hold(trigger.key) is None
            ]
            return self.adopt() if left else []

    def _begin(self, trigger: Trigger) -> bool:
        """Whether one that was taken up can run here: not where a package is missing, or a port is taken."""
        kind = self.kind(trigger.kind)
        try:
            kind.begin(trigger)
        except Exception as fault:  # whatever ails this one, the others run
            del self.held[trigger.key]
            kind.end(trigger)
            self._is_unfit(trigger, fault)
            return False
        return True

    def _is_unfit(self, trigger: Trigger, fault: Exception) -> None:
        why = str(fault) if isinstance(fault, SfnbError) else f"{type(fault).__name__}: {fault}"
        self.unfit[trigger.key] = f"cannot run: {why}"
        log.warning("%s cannot run: %s", trigger.key, why)

    def _hold(self, trigger: Trigger) -> str | None:
        """Make one ours that nobody runs; what it has missed, None where it cannot be."""
        if trigger.kind not in self._homes or self.shelf.hold(trigger.key) is not None:
            return None
        try:
            kind = self.kind(trigger.kind)
            kind.check(trigger)
            missed = kind.missed(trigger)
        except Exception as fault:  # it was kept by another process, maybe of another version
            self._is_unfit(trigger, fault)
            return None
        self.unfit.pop(trigger.key, None)
        self.held[trigger.key] = trigger
        self._awaited.update(self._missing(trigger.targets))
        return missed

    def _can_start(self, trigger: Trigger) -> bool:
        """Whether something that it starts is here, if it starts anything of this process."""
        own = [arn for arn in trigger.targets if service_of(arn) in STARTED_HERE]
        return not own or len(self._missing(own)) < len(own)

    def close(self) -> None:
        """Let everything go; what is kept goes on in the next process."""
        with self.changing:
            self.closed = self.leaving = True
        self.timetable.close()
        self.buses.close()
        self.posted.close()
        with self.changing:
            held, self.held = list(self.held.values()), {}
            for trigger in held:
                self.kind(trigger.kind).end(trigger)
        self.deliverer.close()
        if held and self.shelf.durable:
            try:
                self.shelf.keep(*map(resource_of, held))
            except StoreFault as fault:
                log.warning("what triggers have counted is lost: %s", fault)

    def move(self, switch: Callable[[], None]) -> None:
        """Another store is taken by `switch`: what was kept in a file stays there, and runs here no more."""
        self.deliverer.wait(SETTLING_SECONDS)
        with self.changing:
            self.leaving = self.shelf.durable
            for trigger in list(self.held.values()) if self.leaving else ():
                self.shelf.keep_trigger(trigger)
                del self.held[trigger.key]
                self.kind(trigger.kind).end(trigger)
                self.shelf.release(trigger.key)
            self.leaving = False
            self.unfit.clear()
            switch()
            self.buses.look_again()
            self.posted.look_again()
            for trigger in self.held.values():
                self.shelf.keep_trigger(trigger)
                self.shelf.hold(trigger.key)
                if trigger.kind == EVENT:
                    self.posted.watch()
        self.adopt()

    # What they do

    def send(self, delivery: Delivery) -> str | None:
        """Pass on what was received; see `targets.send`."""
        if service_of(delivery.target.get("Arn", "")) == "events":
            self.buses.pass_on(delivery)
            return None
        self.rounds.turn(delivery)
        self._check_there(delivery)
        trigger = self.held.get(delivery.trigger)
        if trigger is None or trigger.options.get("overlap") != "skip":
            return send(self.world, delivery)
        return self._send_alone(trigger, delivery)

    def _check_there(self, delivery: Delivery) -> None:
        """Raises Refused, to be tried again, while what it is for is only on its way back."""
        arn = delivery.target.get("Arn", "")
        if arn in self._awaited:
            if not self.world.knows(arn):
                raise Refused("NOT_YET_THERE", f"{arn} has not been defined again yet", again=True)
            self._awaited.discard(arn)

    def _send_alone(self, trigger: Trigger, delivery: Delivery) -> str | None:
        """Unless the one before is still going on."""
        with self._one_by_one.setdefault(trigger.key, threading.Lock()):
            before = trigger.counts.execution
            if before is not None and not _is_of(before, delivery) and self.world.is_running(before):
                raise Refused(OVERLAP, "the run before is still going on (overlap='skip')")
            trigger.counts.execution = send(self.world, delivery)
            self.save(trigger)
            return trigger.counts.execution

    def gave_up(self, delivery: Delivery, letter: DeadLetter) -> None:
        """Something cannot be delivered: a topic rule may have an error action for that."""
        if delivery.trigger.startswith("iot:"):
            kind: Any = self.kind("iot")
            kind.failed(delivery, letter)

    def advance(self, until: datetime) -> None:
        """Turn a clock by hand: all that is due by `until` is done, each at its time, one after the other."""
        clock = self.world.clock
        while (timer := self.timetable.due(until)) is not None:
            clock.jump(timer.moment)
            perform(timer)
            self.deliverer.wait(SETTLING_SECONDS)
        clock.jump(until)


def _is_of(execution: str, delivery: Delivery) -> bool:
    """Whether a delivery that is made again has begun this execution before."""
    return delivery.name is not None and execution.endswith(f":{delivery.name}")
