"""All triggers of a service: those that run in this process, those that another runs, those that wait.

A trigger is kept in the store. It runs in one process at a time, which holds it there for as long as it
lives; in another one it is taken up when there is something again for it to start: a machine, a function.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from msgspec import structs

from sfnb.triggers.buses import Buses
from sfnb.triggers.deliveries import DeadLetter, Deliverer, Delivery
from sfnb.triggers.kept import Shelf, resource_of
from sfnb.triggers.ports import Refused, World
from sfnb.triggers.records import Counts, Trigger, service_of
from sfnb.triggers.recurring import Recurring
from sfnb.triggers.refusals import ConflictException, ResourceNotFoundException
from sfnb.triggers.scheduler import Scheduler
from sfnb.triggers.targets import send
from sfnb.triggers.timetable import Timetable, perform

if TYPE_CHECKING:
    from sfnb.triggers.routes import Routes

SETTLING_SECONDS = 10.0


class Kind(Protocol):
    """What triggers of a kind do. Each kind is a row of `TRIGGERS`, made once for a service."""

    def check(self, trigger: Trigger) -> None:
        """Raises a Refusal where the settings are not what they have to be."""

    def begin(self, trigger: Trigger) -> None:
        """Let it run here."""

    def end(self, trigger: Trigger) -> None:
        """Let it run here no more."""

    def words(self, trigger: Trigger) -> str:
        """What it is there for, in a few words: "every 5 minutes", "POST /orders"."""

    def missed(self, trigger: Trigger) -> str:
        """What came while it ran nowhere, and what becomes of it; "" where nothing did, or nobody knows."""

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        """The settings of one that is enabled, or not, as AWS writes them."""


class Seen(NamedTuple):
    """A trigger, and where it runs. runs: "here", or in words where else or what it waits for."""

    trigger: Trigger
    runs: str


class Adopted(NamedTuple):
    """A trigger of a process that has ended, which runs here now. missed: in words, what it missed."""

    trigger: Trigger
    missed: str


class Triggers:
    """What starts executions. kinds: `TRIGGERS`."""

    def __init__(self, world: World, kinds: Mapping[str, str]) -> None:
        self.world = world
        self.began = world.clock.now()
        self.changing = threading.RLock()
        self.held: dict[str, Trigger] = {}
        self.watchers: list[Callable[[], None]] = []
        """Called when there are other triggers than before."""
        self.shelf = Shelf(lambda: world.store)
        self.timetable = Timetable(lambda: world.clock)
        self.deliverer = Deliverer(world, self.timetable, self.shelf, self.send, self.counts, self.gave_up)
        self.recurring = Recurring(self)
        self._homes = kinds
        self._kinds: dict[str, Kind] = {}
        self.buses = Buses(self)
        self.scheduler = Scheduler(self)

    # What there is

    def kind(self, name: str) -> Kind:
        """What knows a kind; made when it is first asked for, as some need much."""
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
        return next((each for each in self.shelf.triggers() if each.key == key), None)

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
        missing = [name for name in trigger.targets if not self.world.knows(name)]
        return f"waits for {missing[0].rpartition(':')[2]}" if missing else "in another process"

    def counts(self, key: str) -> Counts | None:
        trigger = self.held.get(key)
        return None if trigger is None else trigger.counts

    def words(self, trigger: Trigger) -> str:
        return self.kind(trigger.kind).words(trigger)

    # What becomes of them

    def put(self, trigger: Trigger) -> Trigger:
        """Make a trigger, or change the one of its key, and let it run here.

        Raises a Refusal where it cannot be, ConflictException where another process runs it.
        """
        kind = self.kind(trigger.kind)
        kind.check(trigger)
        with self.changing:
            holder = self.shelf.hold(trigger.key)
            if holder is not None:
                raise ConflictException(
                    f"{trigger.kind} '{trigger.name}' is run by {holder}: end that, or give another name"
                )
            before = self.held.get(trigger.key)
            self.shelf.keep_trigger(trigger)
            self.shelf.hold(trigger.key)
            if before is not None:
                kind.end(before)
            self.held[trigger.key] = trigger
            kind.begin(trigger)
        self._tell()
        return trigger

    def remove(self, key: str) -> None:
        """Let it be gone; raises ResourceNotFoundException, and ConflictException where another runs it."""
        with self.changing:
            trigger = self.get(key)
            if trigger is None:
                raise ResourceNotFoundException(f"there is no trigger '{key}'")
            holder = self.shelf.hold(key)
            if holder is not None:
                raise ConflictException(f"'{trigger.name}' is run by {holder}")
            self.shelf.drop_trigger(key)
            if self.held.pop(key, None) is not None:
                self.kind(trigger.kind).end(trigger)
        self._tell()

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

    def save(self, trigger: Trigger) -> None:
        """Keep what it counts."""
        if trigger.key in self.held:
            self.shelf.keep_trigger(trigger)

    def adopt(self, arns: Iterable[str] | None = None) -> list[Adopted]:
        """Run those that are kept and that nobody runs; answers with them.

        arns: only those that start one of these; None: all that have something to start here.
        What they have received and not passed on in a process that has ended is passed on.
        """
        wanted = None if arns is None else set(arns)
        adopted: list[Adopted] = []
        with self.changing:
            for trigger in list(self.shelf.triggers()):
                if trigger.key in self.held:
                    continue
                if not (self._can_start(trigger) if wanted is None else wanted.intersection(trigger.targets)):
                    continue
                if trigger.kind not in self._homes or self.shelf.hold(trigger.key) is not None:
                    continue
                self.held[trigger.key] = trigger
                adopted.append(Adopted(trigger, self.kind(trigger.kind).missed(trigger)))
            if not adopted:
                return []
            left = self.deliverer.left_over({trigger.key for trigger, _ in adopted})
            for trigger, _ in adopted:
                self.kind(trigger.kind).begin(trigger)
        self.deliverer.take_up(left)
        self._tell()
        return adopted

    def _can_start(self, trigger: Trigger) -> bool:
        """Whether something that it starts is here, if it starts anything of this process."""
        own = [arn for arn in trigger.targets if service_of(arn) in ("states", "lambda")]
        return not own or any(map(self.world.knows, own))

    def close(self) -> None:
        """Let everything go; what is kept goes on in the next process."""
        self.timetable.close()
        with self.changing:
            held, self.held = list(self.held.values()), {}
            for trigger in held:
                self.kind(trigger.kind).end(trigger)
        self.deliverer.close()
        if held and self.shelf.durable:
            self.shelf.keep(*map(resource_of, held))

    def _tell(self) -> None:
        for watcher in list(self.watchers):
            watcher()

    # What they do

    def send(self, delivery: Delivery) -> str | None:
        """Pass on what was received; see `targets.send`."""
        trigger = self.held.get(delivery.trigger)
        if trigger is not None and trigger.options.get("overlap") == "skip":
            before = trigger.counts.execution
            if before is not None and self.world.is_running(before):
                raise Refused("OVERLAP", "the run before is still going on (overlap='skip')")
        if service_of(delivery.target.get("Arn", "")) == "events":
            self.buses.pass_on(delivery)
            return None
        return send(self.world, delivery)

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


def described(trigger: Trigger) -> dict[str, Any]:
    """What there is to say of what a trigger has seen."""
    counts = trigger.counts
    return {
        "matched": counts.matched,
        "started": counts.started,
        "dropped": sum(counts.dropped.values()),
        "why": "; ".join(f"{reason} ({count})" for reason, count in counts.dropped.items()),
        "last": counts.last,
    }


def first_machine(targets: Sequence[str]) -> str | None:
    """The ARN of the state machine among what a trigger starts."""
    return next((arn for arn in targets if service_of(arn) == "states"), None)
