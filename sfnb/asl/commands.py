"""What a state may ask of the world: awaiting a command hands it to the driver.

Theory of operation. A state's `run` is a coroutine that touches no clock, file, network or chance;
all it can do is await commands. `await WaitUntil(t)` yields the command itself out of the coroutine
and goes on with the answer that the driver sends in. So the driver decides who performs a command,
records what happened, and can answer from the log instead; no asyncio is needed to run a state.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import datetime
from typing import TYPE_CHECKING, Generic, TypeVar

import msgspec

from sfnb.values import Json, Payload

if TYPE_CHECKING:
    from sfnb.asl.machine import Definition

Answer = TypeVar("Answer")


class Command(msgspec.Struct, Generic[Answer], frozen=True):
    """A request for one `Answer`."""

    def __await__(self) -> Generator[Command[Answer], Answer, Answer]:
        return (yield self)


class InvokeTask(Command[Payload], frozen=True, kw_only=True):
    """Call `resource` with `payload`; raises StatesError if it fails or is late.

    timeout_seconds, heartbeat_seconds: None where the definition gives none.
    credentials: the evaluated Credentials field.
    """

    resource: str
    payload: Payload
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None
    credentials: dict[str, Json] | None = None


class WaitUntil(Command[None], frozen=True):
    """Go on at `moment`, or at once if it is past."""

    moment: datetime


class RetryLater(Command[None], frozen=True, kw_only=True):
    """Pause before an attempt; recorded as a fact, since AWS has no event for it."""

    state: str
    retrier: int
    attempt: int
    seconds: float
    error: str | None
    cause: str | None


class RunBranches(Command[list[Payload]], frozen=True, kw_only=True):
    """Run every branch on the same input; the answers come in the order of the branches."""

    branches: tuple[Definition, ...]
    input: Payload


class RunIterations(Command[list[Payload]], frozen=True, kw_only=True):
    """Run `processor` once per item; the answers come in the order of the items.

    inputs: each iteration's input. values: each item itself, for the Context Object.
    max_concurrency: 0 for as many as are allowed.
    """

    processor: Definition
    inputs: list[Payload]
    values: list[Json]
    max_concurrency: int


class Pause(Command[None], frozen=True):
    """Let others run: a loop that never waits must not starve them."""
