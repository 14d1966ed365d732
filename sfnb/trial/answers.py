"""What a tested state's commands are answered with, and what is seen of a Map by them.

A mock stands for all the work: for what a service answers, for the outputs of all branches or
iterations. Nothing here waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any, cast

from sfnb.asl.commands import (
    BeginMap,
    Command,
    InvokeTask,
    Item,
    ReadSpec,
    RunBranches,
    RunChildren,
    RunIterations,
    StartMapRun,
    WaitUntil,
)
from sfnb.asl.state import State
from sfnb.engine.feed import state_items
from sfnb.errors import StatesError
from sfnb.items.buckets import Buckets, Entry, StoredObject
from sfnb.items.map_data import BucketData
from sfnb.mocks.auto import resource_parts
from sfnb.trial import refusals as no
from sfnb.trial.refusals import ValidationException
from sfnb.trial.watch import Watch
from sfnb.values import Json, Payload, decode, encode

COMPRESSED = re.compile(r"\.(gz|gzip|zst|zstd)$", re.IGNORECASE)

UNSUCCESSFUL = frozenset({"FAILED", "ABORTED", "TIMED_OUT"})

Call = Callable[[State, InvokeTask], Payload]
"""Makes a task's call for real, as the state that asks for it; raises StatesError."""


class Answers:
    """Answers the commands of one visit, and tells `watch` what a Map made of its items.

    mock: the work's result, or its failure; None where the call is to be made by `call`.
    failures: how many of a Map's iterations are to count as failed.
    reader_data: what its ItemReader reads, as it stands in the object.
    longest: a wait beyond it is a time-out.
    """

    def __init__(
        self,
        state: State,
        watch: Watch,
        moment: datetime,
        *,
        mock: Payload | StatesError | None,
        call: Call,
        failures: int | None = None,
        reader_data: str | None = None,
        longest: timedelta | None = None,
    ) -> None:
        self._state = state
        self._watch = watch
        self._moment = moment
        self._mock = mock
        self._call = call
        self._failures = failures
        self._data = BucketData(cast(Buckets, _Given(reader_data or "", moment)))
        self._has_data = reader_data is not None
        self._longest = longest

    def perform(self, command: Command[Any]) -> Any:
        """The command's answer; raises StatesError, or ValidationException."""
        match command:
            case WaitUntil(moment):
                self._wait(moment)
            case InvokeTask():
                return self._call(self._state, command) if self._mock is None else self._polled(command)
            case RunBranches():
                return [self._mocked()]
            case RunIterations():
                self._bound("maxConcurrency", command.max_concurrency)
                self._see_items(command.values)
                if self._field("item_selector"):
                    self._see("ItemSelector", command.inputs)
                return [self._iterated(len(command.inputs))]
            case StartMapRun():
                self._bound("maxConcurrency", command.max_concurrency)
                self._bound("toleratedFailureCount", command.tolerated_failure_count)
                self._bound("toleratedFailurePercentage", command.tolerated_failure_percentage)
            case RunChildren():
                return self._children(command)
            case BeginMap():
                return None
            case _:
                raise AssertionError(f"a tested state does not ask for {type(command).__name__}")
        return None

    def _wait(self, moment: datetime) -> None:
        if self._longest is not None and moment - self._moment > self._longest:
            raise StatesError("States.Timeout")

    def _mocked(self) -> Payload:
        if isinstance(self._mock, StatesError):
            raise self._mock
        assert self._mock is not None
        self._watch.result = self._mock
        return self._mock

    def _polled(self, command: InvokeTask) -> Payload:
        result = followed(command.resource, self._mocked())
        self._watch.result = result
        return result

    # A Map

    def _children(self, command: RunChildren) -> Payload:
        items = self._items(command)
        if items is None:
            return self._mocked()
        inputs = [Payload(command.select(index, item)) for index, item in enumerate(items)]
        if self._field("item_selector"):
            self._see("ItemSelector", inputs)
        if command.batcher is not None:
            batches = self._data.batches((payload.value for payload in inputs), command.batcher)
            inputs = [batch.input for batch in batches]
            self._see("ItemBatcher", inputs)
        return self._iterated(len(inputs))

    def _items(self, command: RunChildren) -> list[Item] | None:
        """None where they are to be read, and nothing was given to read."""
        if command.reader is None:
            self._see_items(command.items)
            return [*state_items(command.items)]
        if not self._has_data:
            return None
        return self._read(command.reader)

    def _read(self, reader: ReadSpec) -> list[Item]:
        """By the reader of a real run; the list of a bucket's objects is given as JSON."""
        config, arguments = reader.config, reader.arguments
        key = arguments.get("Key")
        if reader.resource.endswith("listObjectsV2") and "InputType" not in config:
            config = {**config, "InputType": "JSON"}
        place: dict[str, Json] = {
            "Bucket": arguments.get("Bucket"),
            "Key": COMPRESSED.sub("", key) if isinstance(key, str) else "key",
        }
        stream = self._data.read(ReadSpec(resource="s3:getObject", arguments=place, config=config))
        items = [*stream]
        stream.close()
        if "ItemsPointer" in config:
            self._see("ItemsPointer", [Payload(item.value) for item in items])
        return items

    def _iterated(self, count: int) -> Payload:
        """The result of all iterations, unless too many are to have failed."""
        if self._failures is not None and self._failures > count:
            raise ValidationException(no.TOO_MANY_FAILURES)
        result = self._mocked()
        if self._failures is not None and self._is_over(self._failures, count):
            raise StatesError(
                "States.ExceedToleratedFailureThreshold",
                "The specified tolerated failure threshold was exceeded",
            )
        return result

    def _is_over(self, failures: int, count: int) -> bool:
        """Without a bound in the definition any number is tolerated. Source: AWS recordings."""
        bounds = self._watch.bounds
        most, share = bounds.get("toleratedFailureCount"), bounds.get("toleratedFailurePercentage")
        return (most is not None and failures > most) or (
            share is not None and count > 0 and failures / count * 100 > share
        )

    # What is seen

    def _field(self, name: str) -> bool:
        return getattr(self._state, name, None) is not None

    def _bound(self, name: str, value: float | None) -> None:
        if value is not None:
            self._watch.bounds[name] = value

    def _see(self, field: str, payloads: Sequence[Payload]) -> None:
        self._watch.tell(field, listed([payload.value for payload in payloads]), given=True)

    def _see_items(self, items: list[Json] | dict[str, Json]) -> None:
        field = "Items" if self._state.language == "JSONata" else "ItemsPath"
        payload = listed(items) if isinstance(items, list) else Payload(items)
        self._watch.tell(field, payload, given=self._field("items"))


def listed(items: list[Json]) -> Payload:
    """Items as AWS shows them here: a blank after each comma between them, none inside of one.

    Source: AWS recordings of TestState, afterItemsPath.

    >>> listed([1, {"a": [2, 3]}])
    Payload([1, {"a":[2,3]}])
    """
    return Payload(items, f"[{', '.join([encode(item) for item in items])}]")


def followed(resource: str, mock: Payload) -> Payload:
    """What a task comes to whose service has answered with `mock`.

    Of an execution that is waited for that is DescribeExecution's answer: raises StatesError where it has not
    succeeded. Source: AWS API reference, MockInput.
    """
    kind, action, suffix = resource_parts(resource)
    described = mock.value
    if (kind, action) != ("states", "startExecution") or not suffix.startswith("sync"):
        return mock
    if not isinstance(described, dict):
        return mock
    if suffix == "sync:2":
        texts = {name: described[name] for name in ("Input", "Output") if name in described}
        described = {**described, **{name: _parsed(text) for name, text in texts.items()}}
        mock = mock if described == mock.value else Payload(described)
    if described.get("Status") in UNSUCCESSFUL:
        raise StatesError("States.TaskFailed", encode(described))
    return mock


def _parsed(text: Json) -> Json:
    """JSON text, parsed; what is parsed already, as it is."""
    try:
        return decode(text) if isinstance(text, str) else text
    except ValueError:
        return text


class _Given:
    """Buckets that hold one text, whatever is asked for."""

    def __init__(self, text: str, moment: datetime) -> None:
        self._data = text.encode()
        self._moment = moment

    def head(self, bucket: str, key: str) -> Entry:
        return Entry(key=key, size=len(self._data), last_modified=self._moment, fingerprint="")

    def open(self, bucket: str, key: str, version: str | None = None) -> StoredObject:
        return StoredObject(self.head(bucket, key), BytesIO(self._data))


def check_result(state: State, result: Json, count: int | None) -> None:
    """Refuse a mocked result that the state could not have; raises ValidationException.

    count: how many iterations are to have failed.
    """
    if state.type == "Map":
        if getattr(state, "result_writer", None) is not None and isinstance(result, dict):
            return
        if not isinstance(result, list):
            raise ValidationException(no.NO_ARRAY)
        if count is not None and count > len(result):
            raise ValidationException(no.TOO_MANY_FAILURES)
    elif state.type == "Parallel":
        branches = len(state.parts())
        if not isinstance(result, list):
            raise ValidationException(no.NO_ARRAY)
        if len(result) != branches:
            raise ValidationException(
                f"Mocked result must have one element for each branch: {branches}, not {len(result)}."
            )
