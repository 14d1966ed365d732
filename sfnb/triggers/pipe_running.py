"""A pipe that runs: messages are received, filtered, enriched, passed on, and then deleted.

Theory of operation. A thread for each pipe waits for messages. They stay in the queue, out of sight, until
what they start can be lost no more; only then are they deleted. Whatever is refused, or ends the process in
between, leaves them there: the queue shows them again, and its own RedrivePolicy says for how long. The
execution is named after its messages, see `pipe_begun`, so one that comes again starts nothing twice.

Transforming a record by its template comes first, and what was made is cut to parts that the target takes: a
record that is too large or no JSON stays behind by itself.
Source: EventBridge user guide, "Amazon EventBridge Pipes": "Batching and concurrency", "Event enrichment",
"Input transformation".
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from sfnb.engine.clock import uuid_of
from sfnb.errors import StoreFault
from sfnb.triggers.inputs import decoded
from sfnb.triggers.pipe_begun import Begun
from sfnb.triggers.pipe_messages import Message, Queue
from sfnb.triggers.pipe_passing import PRINCIPAL, Passing
from sfnb.triggers.pipe_settings import Plan
from sfnb.triggers.ports import Assumed, Refused, World
from sfnb.triggers.records import Trigger, service_of
from sfnb.triggers.refusals import ValidationException
from sfnb.values import Json, encode, size_bytes

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

log = logging.getLogger("sfnb")

READING = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
"""The rights that a role needs of the queue."""
LONGEST_PAUSE_SECONDS = 30.0
WAITING_SECONDS = 1.0
"""Between two looks whether there is an AWS by now, and what the pipe needs."""
ENDING_SECONDS = 5.0
NOT_HERE = "NOT_HERE"
NO_MATCH = "no filter matches: deleted"
MOST_BYTES = {"states": 262_144, "lambda": 6 * 1024 * 1024}
"""Of the records that are given at once."""


def is_here(world: World, arn: str) -> bool:
    """Whether a machine is here, or a Python function that stands for one of Lambda's."""
    return world.has_function(arn) if service_of(arn) == "lambda" else world.knows(arn)


class Ready(NamedTuple):
    """A message, what is given of it, and how large that is."""

    message: Message
    given: Json
    bytes: int


class Pipe:
    """A pipe that runs, from `begin` to `end`. state, reason: as DescribePipe has them."""

    def __init__(
        self, here: Triggers, trigger: Trigger, plan: Plan, arn: str, before: Pipe | None = None
    ) -> None:
        """before: one of the same name that is ending; it is waited for a little."""
        self.trigger = trigger
        self.plan = plan
        self.state = "STARTING"
        self.reason = ""
        self._here = here
        self._arn = arn
        self._queue = Queue(here.world, plan.source)
        self._stop = threading.Event()
        self._passing = Passing(here, trigger, plan, arn, self._stop)
        self._begun = Begun(here.world, here.shelf, trigger.key, plan.target)
        self._loaded = False
        self._unsaved = False
        self._before = before
        self._thread = threading.Thread(target=self._run, name=f"sfnb pipe {trigger.name}", daemon=True)

    def begin(self) -> None:
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Nothing is under way any more."""
        return not self._thread.is_alive()

    def stop(self) -> None:
        """Take no more messages, and pass on none of those that are held; nothing is waited for."""
        self._stop.set()

    def end(self) -> None:
        """Take no more, and wait a little for what is under way."""
        self._stop.set()
        if self._thread is not threading.current_thread():
            self._thread.join(ENDING_SECONDS)

    def _run(self) -> None:
        if self._before is not None:
            self._before.end()
            self._before = None
        failures = 0
        while not self._stop.is_set():
            pause = 0.0
            try:
                went_well = self._round()
            except Refused as fault:
                if fault.code == "ServiceClosed":
                    return
                self._stand(fault)
                went_well = False
                pause = WAITING_SECONDS if fault.code in (NOT_HERE, "NO_AWS") else 0.0
            except StoreFault as fault:
                self._stand(Refused("StoreFault", str(fault)))
                went_well = False
            except Exception:
                log.exception("the pipe %s failed; it goes on", self.trigger.name)
                went_well = False
            failures = 0 if went_well or pause else failures + 1
            if not went_well:
                self._stop.wait(pause or min(0.25 * 2.0 ** min(failures, 10), LONGEST_PAUSE_SECONDS))

    def _round(self) -> bool:
        """Receive messages and pass them on; whether none was refused. Raises Refused, StoreFault."""
        self._prepare()
        messages = self._queue.gather(self.plan.received, self.plan.window, self._stop)
        self.state, self.reason = "RUNNING", ""
        if not messages:
            self._save()
            return True
        if self._stop.is_set():
            self._queue.release(messages)
            return True
        self._unsaved = True
        return self._pass_on(self._delete_unwanted(messages))

    def _prepare(self) -> None:
        """Raises Refused where something is missing without which no message should be taken."""
        world = self._here.world
        for arn in self.trigger.options.get("needs", ()):
            if not is_here(world, arn):
                raise Refused(NOT_HERE, f"it waits for {arn.rpartition(':')[2]}")
        if self.plan.role is not None:
            for action in READING:
                world.check_role(
                    Assumed(
                        role=self.plan.role,
                        principal=PRINCIPAL,
                        source=self._arn,
                        action=action,
                        resource=self.plan.source,
                    )
                )
        if not self._loaded:
            self._begun.load()
            self._loaded = True

    def _stand(self, fault: Refused) -> None:
        """Nothing can be received for a while."""
        if self.reason != str(fault) and fault.code not in (NOT_HERE, "NO_AWS"):
            log.warning("the pipe %s cannot read %s: %s", self.trigger.name, self.plan.queue, fault)
        self.reason = str(fault)
        if fault.code not in (NOT_HERE, "NO_AWS") and self.state == "STARTING":
            self.state = "START_FAILED"

    def _save(self) -> None:
        """Keep what has been counted, while nothing else is to be done and nobody changes triggers."""
        if not self._unsaved or not self._here.shelf.durable:
            return
        if self._here.changing.acquire(blocking=False):
            try:
                if self._here.held.get(self.trigger.key) is self.trigger:
                    self._here.shelf.keep_trigger(self.trigger)
                    self._begun.forget()
                    self._unsaved = False
            finally:
                self._here.changing.release()

    # What becomes of messages

    def _delete_unwanted(self, messages: Sequence[Message]) -> list[Ready]:
        """Those that are to be passed on; what has been already, and what no filter lets by, is deleted.

        Of a FIFO queue, what comes behind one of its group for which no input can be made goes back.
        """
        counts = self.trigger.counts
        again = [each for each in messages if each.id in self._begun]
        unwanted: list[Message] = []
        ready: list[Ready] = []
        behind: list[Message] = []
        stuck: set[str] = set()
        for message in messages:
            if message.id in self._begun:
                continue
            if message.group in stuck:
                behind.append(message)
                continue
            try:
                if not self.plan.wants(decoded(message.record)):
                    unwanted.append(message)
                    continue
                counts.match(self._here.world.clock.now())
                given = self._passing.first_input(message.record)
            except (Refused, ValidationException) as fault:
                self._passing.drop(fault, 1)
                if self.plan.in_order:
                    stuck.add(message.group)
                continue
            ready.append(Ready(message, given, size_bytes(encode(given)) + 1))
        if unwanted:
            counts.drop(NO_MATCH, len(unwanted))
        if again or unwanted:
            left = self._queue.delete(again + unwanted)
            self._begun.again([each.id for each in again], left)
        self._queue.release(behind)
        return ready

    def _pass_on(self, ready: Sequence[Ready]) -> bool:
        """Part by part; whether none was refused."""
        went_well = True
        parts = list(self._parts(ready))
        for number, part in enumerate(parts):
            if self._stop.is_set() or (self.plan.in_order and not went_well):
                self._queue.release([each.message for rest in parts[number:] for each in rest])
                break
            went_well = self._pass_on_part(part) and went_well
        return went_well

    def _pass_on_part(self, part: Sequence[Ready]) -> bool:
        ids = [each.message.id for each in part]
        name = uuid_of(f"{self._arn} {' '.join(sorted(ids))}")
        try:
            if self.plan.service == "states" and not self.plan.synchronous and self.plan.batch > 1:
                self._begun.note(name, ids)
            failed = self._passing.deliver([each.given for each in part], ids, name)
        except Refused as fault:
            if fault.code == "ServiceClosed":
                self._queue.release([each.message for each in part])
                self._stop.set()
                return False
            self._begun.refused(name)
            self._passing.drop(fault, len(part))
            return False
        except StoreFault as fault:
            self._passing.drop(Refused("StoreFault", str(fault)), len(part))
            return False
        done = [each.message for each in part if each.message.id not in failed]
        self._begun.settle(name, [each.id for each in done], self._queue.delete(done))
        return not failed

    def _parts(self, ready: Sequence[Ready]) -> Iterator[list[Ready]]:
        """As much at once as is taken at once."""
        most = 0 if self._passing.one_by_one else MOST_BYTES[self._passing.first_service]
        part: list[Ready] = []
        size = 2
        for each in ready:
            if part and (len(part) == self.plan.batch or size + each.bytes > most):
                yield part
                part, size = [], 2
            part.append(each)
            size += each.bytes
        if part:
            yield part
