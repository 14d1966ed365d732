"""Which messages a pipe has passed on already that its queue may show again.

A queue shows a message again that was not deleted in time: the process ended, or SQS was out of reach. The
execution of a batch is named after its messages, so the same batch is not begun twice. A message that comes
again among others, also one that had been alone, is told by a note of the batch, which is kept before the
execution begins and forgotten once the messages are deleted. A pipe that takes one at a time needs no notes.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import msgspec

from sfnb.triggers.kept import Shelf, resource
from sfnb.triggers.ports import Refused, World

BATCH = "pipeBatch"
LONGEST = timedelta(days=14)
"""How long a queue keeps a message at most."""
MOST_KNOWN = 100_000


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """Messages that were passed on together. pipe: the trigger's key. name: of the execution."""

    pipe: str
    name: str
    messages: tuple[str, ...]
    moment: datetime


class Begun:
    """What one pipe has passed on. machine: that it starts, an ARN."""

    def __init__(self, world: World, shelf: Shelf, pipe: str, machine: str) -> None:
        self._world = world
        self._shelf = shelf
        self._pipe = pipe
        self._machine = machine
        self._known: dict[str, None] = {}
        self._over: list[str] = []

    def load(self) -> None:
        """Look through the notes of an earlier process; raises StoreFault."""
        drop = []
        for batch in self._shelf.all(BATCH, Batch):
            if batch.pipe != self._pipe:
                continue
            old = batch.moment + LONGEST < self._world.clock.now()
            if old or not self._has_begun(batch.name):
                drop.append(_note(batch.pipe, batch.name))
            else:
                self._know(batch.messages)
        if drop:
            self._shelf.keep(drop=drop)

    def __contains__(self, message: str) -> bool:
        return message in self._known

    def note(self, name: str, messages: Sequence[str]) -> None:
        """These are to be passed on together under a name; raises StoreFault."""
        if not self._shelf.durable:
            return
        batch = Batch(pipe=self._pipe, name=name, messages=tuple(messages), moment=self._world.clock.now())
        kept = _note(self._pipe, name)
        over, self._over = self._over, []
        self._shelf.keep(resource(kept, BATCH, batch), drop=[each for each in over if each != kept])

    def settle(self, name: str, messages: Sequence[str], left: Collection[str]) -> None:
        """They were passed on, and deleted but for some that are `left`."""
        for message in messages:
            self._known.pop(message, None)
        if left:
            self._know([message for message in messages if message in left])
        else:
            self._over.append(_note(self._pipe, name))

    def again(self, messages: Sequence[str], left: Collection[str]) -> None:
        """They came again, and were deleted but for some that are `left`."""
        for message in messages:
            if message not in left:
                self._known.pop(message, None)

    def refused(self, name: str) -> None:
        """They were not passed on."""
        self._over.append(_note(self._pipe, name))

    def forget(self) -> None:
        """Drop the notes of what is over; raises StoreFault."""
        over, self._over = self._over, []
        if over and self._shelf.durable:
            self._shelf.keep(drop=over)

    def _know(self, messages: Sequence[str]) -> None:
        self._known.update(dict.fromkeys(messages))
        while len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def _has_begun(self, name: str) -> bool:
        parts = self._machine.split(":")
        arn = ":".join((*parts[:5], "execution", parts[6], name))
        try:
            self._world.ask("DescribeExecution", {"executionArn": arn})
        except Refused:
            return False
        return True


def _note(pipe: str, name: str) -> str:
    return f"{BATCH}:{pipe}:{name}"
