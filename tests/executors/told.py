"""For the tests of executors: a report that writes down, a clock turned by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from sfnb.engine.ports import Call, Executor, Handle
from sfnb.values import Json, Payload

NOON = datetime(2024, 5, 1, 12, tzinfo=UTC)
LONG = 30.0  # seconds; only a test that fails waits so long


class Told:
    """A Report that keeps what it is told, in order."""

    def __init__(self) -> None:
        self.all: list[tuple[Any, ...]] = []
        self._ended = threading.Event()

    def succeeded(self, answer: Payload) -> None:
        self._end("succeeded", answer.value)

    def failed(self, error: str, message: str, trace: Sequence[str]) -> None:
        self._end("failed", error, message, list(trace))

    def refused(self, error: str, cause: str | None) -> None:
        self._end("refused", error, cause)

    def heartbeat(self) -> None:
        self.all.append(("heartbeat",))

    def printed(self, text: str) -> None:
        self.all.append(("printed", text))

    def _end(self, *outcome: Any) -> None:
        self.all.append(outcome)
        self._ended.set()

    @property
    def has_ended(self) -> bool:
        return self._ended.is_set()

    def outcome(self) -> tuple[Any, ...]:
        """The one outcome, when there is one."""
        assert self._ended.wait(LONG), "no outcome was reported"
        (outcome,) = [told for told in self.all if told[0] in ("succeeded", "failed", "refused")]
        return outcome

    @property
    def text(self) -> str:
        return "".join(told[1] for told in self.all if told[0] == "printed")


class HandClock:
    """A clock that stands still until it is told to move; each wait raises `waits`."""

    def __init__(self) -> None:
        self.moment = NOON
        self.waits = threading.Semaphore(0)
        self.timers: list[tuple[datetime, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self.moment

    def wait_until(self, moment: datetime, wake: Callable[[], None]) -> Callable[[], None]:
        timer = (moment, wake)
        self.timers.append(timer)
        self.waits.release()

        def give_up() -> None:
            if timer in self.timers:
                self.timers.remove(timer)

        return give_up

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        for timer in [timer for timer in self.timers if timer[0] <= self.moment]:
            self.timers.remove(timer)
            timer[1]()


class JumpingClock(HandClock):
    """A clock for which every moment has come."""

    def wait_until(self, moment: datetime, wake: Callable[[], None]) -> Callable[[], None]:
        self.moment = moment
        wake()
        return lambda: None


class MakeCall(Protocol):
    def __call__(self, function: Callable[..., Any], argument: Json = None, **fields: Any) -> Call: ...


class Submit(Protocol):
    def __call__(
        self, executor: Executor, function: Callable[..., Any], argument: Json = None, **fields: Any
    ) -> tuple[Handle, Told]: ...
