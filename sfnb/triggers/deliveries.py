"""From what a trigger has received to what it starts: at least once, however the process ends.

Theory of operation. What was received is kept before anybody is told that it was taken, and forgotten once
its execution has begun. What is there when a process begins was received by one that has ended, and is passed
on again. The name of the execution is drawn from the delivery, so one that had begun already is found under
it and not begun twice.

What fails for a while is tried again, ever more seldom; what fails for good, or too long, is a dead letter.
So what was accepted is pending, or has begun, or is a dead letter: never none of these, and never two.
Source: EventBridge guide, "How EventBridge retries delivering events", "Using dead-letter queues".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from queue import SimpleQueue
from typing import Any

import msgspec

from sfnb.engine.clock import SeededChance
from sfnb.engine.ports import Resource
from sfnb.errors import StoreFault
from sfnb.triggers.dead_letters import DeadLetter, DeadLetters
from sfnb.triggers.inputs import numbered
from sfnb.triggers.keeping import Keeping
from sfnb.triggers.kept import DELIVERY, Shelf, delivery_name, resource
from sfnb.triggers.ports import Refused, World
from sfnb.triggers.records import Counts, service_of
from sfnb.triggers.timetable import Timetable

log = logging.getLogger("sfnb")

THREADS = {"lambda": 256, "": 8}
"""How many are passed on at the same time: calls of functions, which may take long, and all else."""
MOST_ATTEMPTS = 185
OLDEST_SECONDS = 86_400
LONGEST_PAUSE_SECONDS = 600
MOST_FUNCTION_RETRIES = 2
"""How often a function that fails is called again. Source: Lambda guide, "Asynchronous invocation"."""
FUNCTION_PAUSE = timedelta(minutes=1)
"""Before the second call of a function that fails; before the third it is twice as long. Source: as above."""
STORE_PAUSE = timedelta(seconds=5)
"""Before another attempt to keep a dead letter in a store that takes nothing."""
OVERLAP = "OVERLAP"
"""The code of what was left out because its user wants it so; it is counted, and no dead letter."""


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """Something to be passed on to a target.

    id: unique; equal for equal things received twice, where that can be told. trigger: its key.
    source: the ARN of the rule or schedule. principal: the service that it belongs to.
    target: AWS's own description: Arn, RoleArn, RetryPolicy, DeadLetterConfig and the like.
    input: JSON text. event: the event behind it, where the input is another.
    name: of the execution. due: not to be passed on before.
    cause: the execution whose change of status it tells of. passed: the rules, by ARN, that have passed its
        event on from bus to bus. fault: why no input could be made; then it is a dead letter.
    """

    id: str
    trigger: str
    source: str
    principal: str
    target: dict[str, Any]
    input: str
    received: datetime
    name: str | None = None
    event: str | None = None
    trace_header: str | None = None
    due: datetime | None = None
    cause: str | None = None
    passed: tuple[str, ...] = ()
    fault: str = ""

    @property
    def expires(self) -> datetime:
        """When it is too late to pass it on."""
        policy = self.target.get("RetryPolicy", {})
        return self.received + timedelta(seconds=policy.get("MaximumEventAgeInSeconds", OLDEST_SECONDS))


def in_store(delivery: Delivery) -> Resource:
    return resource(delivery_name(delivery.id), DELIVERY, delivery)


class _Lane:
    """What is passed on by the same threads. busy: how much waits for them, or is under way."""

    def __init__(self) -> None:
        self.queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self.threads: list[threading.Thread] = []
        self.busy = 0

    def end(self) -> list[threading.Thread]:
        """Let the threads end when they have done what they are at; answers with them."""
        threads, self.threads = self.threads, []
        for _ in threads:
            self.queue.put(None)
        return threads


Send = Callable[[Delivery], str | None]
"""Passes something on; answers with the execution, if it is one. Raises Refused."""


class Deliverer:
    """Passes on what triggers have received.

    counts: of a trigger, by its key. gave_up: told of dead letters.
    """

    def __init__(
        self,
        world: World,
        timetable: Timetable,
        shelf: Shelf,
        send: Send,
        counts: Callable[[str], Counts | None],
        gave_up: Callable[[Delivery, DeadLetter], None],
    ) -> None:
        self._gave_up = gave_up
        self._world = world
        self._timetable = timetable
        self._shelf = shelf
        self._send = send
        self._counts = counts
        self._lanes = {service: _Lane() for service in THREADS}
        self._changed = threading.Condition()
        self._open: dict[str, str] = {}
        self._busy = 0
        self._keeping = Keeping(shelf, self._post)
        self.dead = DeadLetters(world, shelf, self._again)
        self._closed = False

    def accept(self, deliveries: Sequence[Delivery], *, keep: Iterable[Resource] = ()) -> None:
        """Take these; returns once they can be lost no more. keep: what is to be kept with them.

        Raises StoreFault, and Refused once it is closed; nothing is passed on then.
        """
        if self._closed:
            raise Refused("ServiceClosed", "what starts executions is closed here", again=True)
        kept = list(keep)
        if self._shelf.durable:
            kept += [in_store(each) for each in deliveries]
        if kept:
            self._keeping.keep(kept)
        self.take_up(deliveries)

    def take_up(self, deliveries: Iterable[Delivery]) -> None:
        """Pass on what is kept already."""
        for each in self._opened(deliveries):
            self._pass_on(each, 1, each.due)

    def _opened(self, deliveries: Iterable[Delivery]) -> Iterator[Delivery]:
        """Those that were not open before, and are now."""
        for each in deliveries:
            with self._changed:
                if self._closed or each.id in self._open:
                    continue
                self._open[each.id] = each.trigger
            yield each

    def hold(self, trigger: str) -> None:
        """Make ours what a trigger has received that is going to be gone, as nobody else holds it then."""
        if self._shelf.durable:
            with self._changed:
                mine = [id for id, key in self._open.items() if key == trigger]
            for id in mine:
                self._shelf.hold_resource(delivery_name(id))

    def _pass_on(self, delivery: Delivery, number: int, due: datetime | None) -> None:
        """Make an attempt, now or when it is due."""
        service = service_of(delivery.target.get("Arn", ""))
        lane = service if service in THREADS else ""
        attempt = partial(self._post, partial(self._attempt, delivery, number), lane)
        if due is None or due <= self._world.clock.now():
            attempt()
        else:
            self._timetable.at(due, attempt)

    def left_over(self, triggers: set[str], gone: Callable[[Delivery], bool]) -> list[Delivery]:
        """What these triggers have received in a process that has ended.

        gone: whether it is ours to pass on what no trigger that is kept has received.
        """
        kept = self._shelf.all(DELIVERY, Delivery)
        with self._changed:
            known = {*map(delivery_name, self._open), *self._keeping.unwanted}
        left = [each for each in kept if delivery_name(each.id) not in known]
        return [
            each
            for each in left
            if each.trigger in triggers
            or (gone(each) and self._shelf.hold_resource(delivery_name(each.id)) is None)
        ]

    def give_up(self, deliveries: Iterable[Delivery]) -> None:
        """Make dead letters of what is kept already, and has waited for longer than it may."""
        fault = Refused("WAITED", "nothing ran what it is for until it was too old", again=True)
        for each in self._opened(deliveries):
            self._post(partial(self._failed, each, 1, fault))

    def wait(self, seconds: float) -> bool:
        """Until nothing is being passed on; pauses before another attempt do not count."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, seconds)

    def close(self, seconds: float = 5.0) -> None:
        """Finish what is being passed on, as far as the time allows; what is left is kept."""
        self.wait(seconds)
        with self._changed:
            self._closed = True
            threads = [thread for lane in self._lanes.values() for thread in lane.end()]
        for thread in threads:
            thread.join(1 / len(threads))
        self._keeping.forget_now()

    def _post(self, action: Callable[[], None], service: str = "") -> None:
        lane = self._lanes[service]
        with self._changed:
            if self._closed:
                return
            self._busy += 1
            lane.busy += 1
            if len(lane.threads) < min(THREADS[service], lane.busy):
                thread = threading.Thread(target=self._work, args=(lane,), name="sfnb triggers", daemon=True)
                lane.threads.append(thread)
                thread.start()
            lane.queue.put(action)

    def _work(self, lane: _Lane) -> None:
        while (action := lane.queue.get()) is not None:
            try:
                if not self._closed:
                    action()
            except Exception:
                log.exception("a trigger failed, and what it received is tried again by the next process")
            finally:
                with self._changed:
                    self._busy -= 1
                    lane.busy -= 1
                    self._changed.notify_all()

    def _attempt(self, delivery: Delivery, number: int) -> None:
        try:
            if delivery.fault:
                raise Refused("INVALID_INPUT", delivery.fault)
            execution = self._send(_numbered(delivery, number))
        except Refused as fault:
            self._failed(delivery, number, fault)
            return
        except StoreFault as fault:
            self._failed(delivery, number, Refused("StoreFault", str(fault), again=True))
            return
        except Exception as fault:  # whatever it is, what was received must not be lost for it
            log.exception("%s: what it received could not be passed on", delivery.trigger)
            self._failed(delivery, number, Refused(type(fault).__name__, str(fault), again=True))
            return
        with self._changed:
            counts = self._counts(delivery.trigger)
            if counts is not None:
                counts.start(execution)
        self._settle(delivery)

    def _failed(self, delivery: Delivery, number: int, fault: Refused) -> None:
        if fault.code == "ServiceClosed":
            return  # it is kept, and passed on by the next process
        if fault.code == OVERLAP:
            self._drop(delivery, fault)
            self._settle(delivery)
            return
        policy = delivery.target.get("RetryPolicy", {})
        now = self._world.clock.now()
        condition = ""
        if fault.again:
            most = policy.get("MaximumRetryAttempts", MOST_ATTEMPTS)
            pause = _pause(delivery.id, number)
            if fault.code == "FunctionError":
                most, pause = min(most, MOST_FUNCTION_RETRIES), number * FUNCTION_PAUSE
            if number > most:
                condition = "MaximumRetryAttempts"
            elif now + pause > delivery.expires:
                condition = "MaximumEventAgeInSeconds"
            else:
                self._pass_on(delivery, number + 1, now + pause)
                return
        letter = _letter(_numbered(delivery, number), number, fault, condition, now)
        self._give_up(delivery, letter, fault)

    def _drop(self, delivery: Delivery, fault: Refused) -> None:
        with self._changed:
            counts = self._counts(delivery.trigger)
            if counts is not None:
                counts.drop(f"{fault.code}: {fault}")

    def _give_up(self, delivery: Delivery, letter: DeadLetter, fault: Refused) -> None:
        """Into the queue of its target first: better there twice than not at all."""
        known = self._counts(delivery.trigger)
        if known is None or f"{fault.code}: {fault}" not in known.dropped:  # once is enough
            log.warning(
                "%s: %s: %s; sfnb.dead_letters() has what it was", delivery.trigger, fault.code, fault
            )
        self.dead.send(delivery.target.get("DeadLetterConfig", {}).get("Arn"), letter)
        self._drop(delivery, fault)
        self.dead.keep(letter, partial(self._closes, letter.id))
        try:
            self._gave_up(delivery, letter)
        except Exception:  # the letter is kept, whatever comes of it
            log.exception("%s: a dead letter could not be told of", delivery.trigger)

    def _again(self, action: Callable[[], None]) -> None:
        self._timetable.at(self._world.clock.now() + STORE_PAUSE, partial(self._post, action))

    def _closes(self, id: str) -> None:
        with self._changed:
            self._open.pop(id, None)

    def _settle(self, delivery: Delivery) -> None:
        self._closes(delivery.id)
        if self._shelf.durable:
            self._keeping.forget(delivery_name(delivery.id))


def _numbered(delivery: Delivery, number: int) -> Delivery:
    """An attempt; a schedule's input may say which one it is."""
    if service_of(delivery.source) != "scheduler":
        return delivery
    return msgspec.structs.replace(delivery, input=numbered(delivery.input, number))


def _letter(delivery: Delivery, number: int, fault: Refused, condition: str, now: datetime) -> DeadLetter:
    return DeadLetter(
        id=delivery.id,
        trigger=delivery.trigger,
        source=delivery.source,
        target=delivery.target.get("Arn", ""),
        code=fault.code,
        message=str(fault),
        condition=condition,
        attempts=number,
        received=delivery.received,
        given_up=now,
        input=delivery.input,
        event=delivery.event,
    )


def _pause(key: str, number: int) -> timedelta:
    """Twice as long each time, less a part that is drawn."""
    longest = min(2.0 ** min(number - 1, 20), LONGEST_PAUSE_SECONDS)
    return timedelta(seconds=longest * (0.5 + SeededChance(f"{key} {number}").float() / 2))
