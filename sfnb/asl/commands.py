"""What a state may ask of the world: awaiting a command hands it to the driver.

Theory of operation. A state's `run` is a coroutine that touches no clock, file, network or chance;
all it can do is await commands. `await WaitUntil(t)` yields the command itself out of the coroutine
and goes on with the answer that the driver sends in. So the driver decides who performs a command,
records what happened, and can answer from the log instead; no asyncio is needed to run a state.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, TypeVar

import msgspec

from sfnb.values import Json, Payload

if TYPE_CHECKING:
    from sfnb.asl.machine import Definition

Answer = TypeVar("Answer")
Transformation = Literal["NONE", "COMPACT", "FLATTEN"]


class Command(msgspec.Struct, Generic[Answer], frozen=True):
    """A request for one `Answer`."""

    def __await__(self) -> Generator[Command[Answer], Answer, Answer]:
        return (yield self)


class InvokeTask(Command[Payload], frozen=True, kw_only=True):
    """Call `resource` with `payload`; raises StatesError if it fails or is late.

    timeout_seconds, heartbeat_seconds: None where the definition gives none.
    credentials: the evaluated Credentials field.
    attempt: 0, or how often the state has been retried.
    token: the attempt's task token, where the Context Object has one.
    """

    resource: str
    payload: Payload
    timeout_seconds: int | None = None
    heartbeat_seconds: int | None = None
    credentials: dict[str, Json] | None = None
    attempt: int = 0
    token: str | None = None


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


# A Map in DISTRIBUTED mode


class Item(msgspec.Struct, frozen=True, gc=False):
    """One item of a Map; key: of the member, where it is one of an object.

    source: as Map.Item.Source has it: `STATE_DATA`, `S3://bucket/key`, or `S3://bucket` for a listing.
    """

    value: Json
    key: str | None
    source: str


class ReadSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An ItemReader whose expressions have their values; `config` is spelled as in the definition."""

    resource: str
    arguments: dict[str, Json]
    config: dict[str, Json]


class BatchSpec(msgspec.Struct, frozen=True, kw_only=True):
    """An ItemBatcher whose expressions have their values; UNSET where there is no BatchInput."""

    max_items: int | None = None
    max_bytes: int | None = None
    batch_input: Json | msgspec.UnsetType = msgspec.UNSET


class WriteSpec(msgspec.Struct, frozen=True, kw_only=True):
    """A ResultWriter that exports, its expressions with their values."""

    arguments: dict[str, Json]
    transformation: Transformation
    output_type: Literal["JSON", "JSONL"]


class BeginMap(Command[None], frozen=True):
    """Record that a Map has begun with so many items; 0 where a reader will find them."""

    length: int


class StartMapRun(Command[None], frozen=True, kw_only=True):
    """Open a map run, so that what follows is part of it.

    label: names the map run; made up where the definition gives none.
    max_concurrency: 0 for as many children as are allowed.
    tolerated_failure_count, tolerated_failure_percentage: None where the definition gives none.
    """

    processor: Definition
    label: str | None
    max_concurrency: int
    tolerated_failure_count: int | None
    tolerated_failure_percentage: float | None


class RunChildren(Command[Payload], frozen=True, kw_only=True):
    """Run a child execution for each item, or batch of items, of the open map run.

    items: the state's own data, where there is no `reader`.
    select: what ItemSelector makes of an item; it may be called from another thread.
    transformation: of the results that are not exported.
    """

    items: list[Json] | dict[str, Json]
    reader: ReadSpec | None
    select: Callable[[int, Item], Json]
    batcher: BatchSpec | None
    writer: WriteSpec | None
    transformation: Transformation
