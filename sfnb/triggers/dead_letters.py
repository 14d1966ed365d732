"""What could not be passed on: kept, and sent to the queue that its target names.

Source: EventBridge guide, "Using dead-letter queues to process undelivered events".
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime

import msgspec

from sfnb.errors import StoreFault
from sfnb.triggers.kept import DEAD_LETTER, Shelf, delivery_name, resource
from sfnb.triggers.ports import World
from sfnb.triggers.records import queue_of, region_of, service_of

log = logging.getLogger("sfnb")

MOST_DEAD_LETTERS = 10_000
"""How many are kept; the oldest go first."""


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """What could not be passed on.

    condition: which end of patience it was; "" where it was refused for good.
    """

    id: str
    trigger: str
    source: str
    target: str
    code: str
    message: str
    condition: str
    attempts: int
    received: datetime
    given_up: datetime
    input: str
    event: str | None = None


class DeadLetters:
    """All that could not be passed on.

    again: has an action done a little later, as the store may take nothing for now.
    """

    def __init__(self, world: World, shelf: Shelf, again: Callable[[Callable[[], None]], None]) -> None:
        self._world = world
        self._shelf = shelf
        self._again = again
        self._burying = threading.Lock()
        self._buried: deque[str] | None = None

    def all(self) -> list[DeadLetter]:
        return self._shelf.all(DEAD_LETTER, DeadLetter)

    def keep(self, letter: DeadLetter, done: Callable[[], None]) -> None:
        """Keep it instead of what was received, and call `done`; later where the store takes nothing."""
        try:
            with self._burying:
                if self._buried is None:
                    self._buried = deque(f"dead:{each.id}" for each in self.all())
                oldest = list(self._buried)[: len(self._buried) + 1 - MOST_DEAD_LETTERS]
                self._shelf.keep(
                    resource(f"dead:{letter.id}", DEAD_LETTER, letter),
                    drop=[delivery_name(letter.id), *oldest],
                )
                for _ in oldest:
                    self._buried.popleft()
                self._buried.append(f"dead:{letter.id}")
        except StoreFault as fault:
            log.warning("a dead letter cannot be kept yet: %s", fault)
            self._again(lambda: self.keep(letter, done))
            return
        done()

    def send(self, queue: str | None, letter: DeadLetter) -> None:
        """Send it to the queue that the target names, as EventBridge does."""
        if queue is None:
            return
        kind = "SCHEDULE_ARN" if service_of(letter.source) == "scheduler" else "RULE_ARN"
        attributes = {
            kind: letter.source,
            "TARGET_ARN": letter.target,
            "ERROR_CODE": letter.code,
            "ERROR_MESSAGE": letter.message,
            "EXHAUSTED_RETRY_CONDITION": letter.condition,
            "RETRY_ATTEMPTS": str(letter.attempts - 1),
        }
        try:
            client = self._world.client("sqs", region_of(queue))
            client.send_message(
                QueueUrl=client.get_queue_url(**queue_of(queue))["QueueUrl"],
                MessageBody=letter.event or letter.input,
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value[:1024]}
                    for name, value in attributes.items()
                    if value
                },
            )
        except Exception as fault:  # botocore's own, and Refused where no AWS is in use
            log.warning("the dead-letter queue %s takes nothing: %s", queue, fault)
