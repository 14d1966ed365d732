"""What a Distributed Map needs from outside: items to read, batches, a place for results."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

import msgspec

from sfnb.asl.commands import BatchSpec, Item, ReadSpec, Transformation, WriteSpec
from sfnb.values import Json, Payload

Status = Literal["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING"]


class ChildResult(msgspec.Struct, frozen=True, kw_only=True):
    """A child execution that ended, or was never started (PENDING).

    input, output: JSON text. state_machine_arn: `...:stateMachine:NAME/LABEL`.
    """

    status: Status
    input: str
    output: str | None = None
    error: str | None = None
    cause: str | None = None
    execution_arn: str | None = None
    name: str | None = None
    state_machine_arn: str | None = None
    start_date: datetime | None = None
    stop_date: datetime | None = None
    redrive_count: int = 0
    redrive_status: str | None = None
    redrive_status_reason: str | None = None


class Batch(msgspec.Struct, frozen=True):
    """The input of one child execution, and how many items are in it."""

    input: Payload
    count: int


class ItemStream(Protocol):
    """Items in their order; reading raises StatesError (States.ItemReaderFailed)."""

    def __iter__(self) -> Iterator[Item]: ...

    def close(self) -> None: ...

    @property
    def fingerprint(self) -> str:
        """Equal for equal data."""


class ResultSink(Protocol):
    """Where a ResultWriter's results go; every method raises StatesError (States.ResultWriterFailed)."""

    def add(self, child: ChildResult) -> None: ...

    def close(self) -> dict[str, Json]:
        """Finish the files; returns the state's result."""

    def discard(self) -> None:
        """Forget what is not finished."""


class MapData(Protocol):
    """The world of a Distributed Map."""

    def read(self, spec: ReadSpec) -> ItemStream: ...

    def batches(self, items: Iterable[Json], spec: BatchSpec) -> Iterator[Batch]: ...

    def start_children(self) -> None:
        """Called before the first child of a map run starts; raises StatesError where none may."""

    def writer(self, spec: WriteSpec, map_run_arn: str, run_id: str) -> ResultSink: ...

    def result(self, children: Sequence[ChildResult], transformation: Transformation) -> list[Json]:
        """The state's result where nothing is exported, the children in the order of their items."""
