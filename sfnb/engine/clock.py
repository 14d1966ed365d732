"""Time and chance: the one place where both are drawn from outside.

A clock belongs to one execution, to the children of its map runs and to what its tasks start. The real
one waits; the jumping one goes straight to the next timer whenever nothing is running, so that a year's
Wait takes no time.
"""

from __future__ import annotations

import hashlib
import random
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol


class Clock(Protocol):
    """What an execution calls now.

    jumps: when idle, the engine may move this clock to the next timer.
    frozen: it moves in no other way, but that time-outs of running calls count real time.
    """

    jumps: bool
    frozen: bool

    def now(self) -> datetime: ...

    def jump(self, moment: datetime) -> None:
        """Make it `moment`, if that is later than now."""


class RealClock:
    """The time of day."""

    jumps = False
    frozen = False

    def now(self) -> datetime:
        return datetime.now(UTC)

    def jump(self, moment: datetime) -> None:
        raise AssertionError("the real clock does not jump")


class JumpClock:
    """The time of day, but for the waits that were skipped.

    start: where it begins; the time of day unless told.
    frozen: it moves by jumps alone, so that equal runs have equal times.
    """

    jumps = True

    def __init__(self, start: datetime | None = None, *, frozen: bool = False) -> None:
        self._began = time.monotonic()
        self._now = start or datetime.now(UTC)
        self.frozen = frozen

    def now(self) -> datetime:
        if self.frozen:
            return self._now
        return self._now + timedelta(seconds=time.monotonic() - self._began)

    def jump(self, moment: datetime) -> None:
        ahead = moment - self.now()
        if ahead > timedelta(0):
            self._now += ahead


def pick(weights: Sequence[int]) -> int:
    """The place of one of the weights, as likely as it is heavy."""
    return random.choices(range(len(weights)), weights)[0]


ClockKind = Literal["real", "jumping", "frozen"]


def kind_of(clock: Clock) -> ClockKind:
    """What is kept of a clock, to make another one like it."""
    if not clock.jumps:
        return "real"
    return "frozen" if clock.frozen else "jumping"


def clock_like(kind: ClockKind, latest: datetime) -> Clock:
    """A clock to go on with. latest: the last moment of the one before; it goes on no earlier."""
    if kind == "real":
        return RealClock()
    if kind == "frozen":
        return JumpClock(latest, frozen=True)
    return JumpClock(max(latest, RealClock().now()))


class SeededChance:
    """Chance that repeats: drawn from a key of the log, so that a replay draws the same."""

    def __init__(self, key: str) -> None:
        self._random = random.Random(key)

    def float(self) -> float:
        """At least 0, below 1."""
        return self._random.random()

    def uuid(self) -> str:
        """A version 4 UUID."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))


def uuid_of(key: str) -> str:
    """The version 4 UUID that belongs to a key of the log: quicker than to seed a `SeededChance`."""
    return str(uuid.UUID(bytes=hashlib.blake2b(key.encode(), digest_size=16).digest(), version=4))


def new_seed() -> str:
    """What the chance of one execution is drawn from."""
    return f"{random.getrandbits(64):016x}"


def new_name() -> str:
    """A name for an execution that has been given none."""
    return str(uuid.uuid4())
