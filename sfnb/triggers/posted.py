"""Events for rules that run in another process, or nowhere yet.

Theory of operation. A bus belongs to the store, and so to all processes that share it; a rule runs in one of
them, or in none until what it starts is there again. What an event on the bus of one process means for a rule
that runs elsewhere is posted: kept for that rule in the store. Who runs the rule looks there every
second, and when it takes the rule up, and passes it on as what it has received itself.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from sfnb.engine.ports import Resource
from sfnb.errors import SfnbError, StoreFault
from sfnb.triggers.deliveries import Delivery, in_store
from sfnb.triggers.events import Event
from sfnb.triggers.kept import POSTED, resource
from sfnb.triggers.records import Trigger
from sfnb.triggers.rules import EVENT, Rule, Rules, matched

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

log = logging.getLogger("sfnb")

LOOK_SECONDS = 1.0
"""How old what is known of other processes' rules may be, and how often is looked what they post."""
MOST_POSTED = 10_000
"""How much waits for all rules together; an older rule may be one that nobody ever takes up again."""


class Posted:
    """What is posted from here, and what is posted for the rules that run here."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._lock = threading.Lock()
        self._rules: dict[str, Rule] = {}
        """By the keys of their triggers, with those that no event can match."""
        self._looked: float | None = None
        self._room = 0
        self._stop = threading.Event()
        self._watcher: threading.Thread | None = None

    # From here

    def look_again(self) -> None:
        """Rules have come or gone here."""
        self._looked = None

    def matching(self, events: Sequence[Event], bus: str, only: Collection[str]) -> list[tuple[Event, Rule]]:
        """As `Rules.matching`, of the rules that do not run here. Raises StoreFault."""
        return matched([rule for rule in self._elsewhere() if rule.bus == bus], events, only)

    def letters(self, deliveries: Iterable[Delivery]) -> list[Resource]:
        """What is to be kept so that these are posted; fewer where too much waits already, which is told."""
        letters = [resource(f"{POSTED}:{each.id}", POSTED, each) for each in deliveries]
        with self._lock:
            fit, self._room = letters[: self._room], max(0, self._room - len(letters))
        if len(fit) < len(letters):
            log.warning(
                "%d events wait for rules that run nowhere; another is not kept for them: define again what"
                " they start, or remove the rules (%%asl triggers shows them)",
                MOST_POSTED,
            )
        return fit

    def _elsewhere(self) -> list[Rule]:
        rules = self._here.buses.rules  # asked for before the lock, as it may take another
        with self._lock:
            now = time.monotonic()
            if self._looked is None or now - self._looked > LOOK_SECONDS:
                self._read(rules)
                self._looked = now
            return [rule for key, rule in self._rules.items() if key not in self._here.held]

    def _read(self, rules: Rules) -> None:
        shelf, known, self._rules = self._here.shelf, self._rules, {}
        if not shelf.durable:
            return
        for trigger in shelf.triggers():
            if trigger.kind == EVENT and trigger.enabled and trigger.key not in self._here.held:
                rule = known.get(trigger.key)
                if rule is None or rule.trigger.settings != trigger.settings:
                    rule = _rule(rules, trigger)
                if rule is not None:
                    self._rules[trigger.key] = rule
        self._room = MOST_POSTED - len(shelf.all(POSTED, Delivery)) if self._rules else 0

    # For what runs here

    def begin(self) -> None:
        """Something may have been taken up here: pass on what waits for it, and look what runs elsewhere."""
        self.look_again()
        self.take()
        if any(rule.may_ask_for("aws.states") for rule in self._elsewhere()):
            self._here.buses.listen()

    def watch(self) -> None:
        """A rule runs here: look from now on whether others post something for it."""
        if self._watcher is None and self._here.shelf.durable and not self._here.closed:
            self._watcher = threading.Thread(target=self._watch, name="sfnb posted", daemon=True)
            self._watcher.start()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                self.take()
            except StoreFault as fault:
                log.debug("it cannot be seen what is posted: %s", fault)
            except Exception:
                log.exception("what is posted for the rules that run here cannot be passed on")

    def take(self) -> None:
        """Pass on what is posted for the rules that run here. Raises StoreFault."""
        shelf = self._here.shelf
        if not shelf.durable:
            return
        with self._here.changing:
            posted = shelf.all(POSTED, Delivery)
            for_us = [each for each in posted if each.trigger in self._here.held]
            if not for_us:
                return
            shelf.keep(
                *map(in_store, for_us),
                drop=[f"{POSTED}:{each.id}" for each in for_us],
            )
            self._count(for_us)
        now = self._here.world.clock.now()
        self._here.deliverer.take_up(each for each in for_us if each.expires >= now)
        self._here.deliverer.give_up(each for each in for_us if each.expires < now)

    def _count(self, deliveries: list[Delivery]) -> None:
        """A rule has matched once for an event, however many targets it has."""
        seen = {(each.trigger, event_of(each)): each for each in deliveries}
        for (key, _), each in seen.items():
            counts = self._here.counts(key)
            if counts is not None:
                counts.match(each.received)

    def waiting(self, key: str) -> list[Delivery]:
        """What is posted for a rule and not passed on yet."""
        shelf = self._here.shelf
        return [each for each in shelf.all(POSTED, Delivery) if each.trigger == key] if shelf.durable else []

    def words(self, key: str) -> str:
        """What came for a rule while it ran nowhere; "" where nothing did."""
        count = len(set(map(event_of, self.waiting(key))))
        return f"{count:,} event{'s' if count > 1 else ''} came meanwhile: passed on now" if count else ""

    def drop(self, key: str) -> None:
        """A rule is gone, and what waits for it."""
        gone = [f"{POSTED}:{each.id}" for each in self.waiting(key)]
        if gone:
            self._here.shelf.keep(drop=gone)

    def close(self) -> None:
        self._stop.set()
        if self._watcher is not None and self._watcher is not threading.current_thread():
            self._watcher.join()


def event_of(delivery: Delivery) -> str:
    """The id of the event that a rule has matched; it begins the name of the execution."""
    return (delivery.name or delivery.id).partition("_")[0]


def _rule(rules: Rules, trigger: Trigger) -> Rule | None:
    try:
        return rules.get(trigger)
    except SfnbError:  # it was kept by another version
        return None
