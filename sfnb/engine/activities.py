"""Activities: names under which workers from outside fetch their tasks.

A task whose Resource is an activity waits in the activity's queue; a worker polls, and is given the
input with a task token to answer by.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Protocol

import msgspec

from sfnb.errors import SfnbError


class ActivityDoesNotExist(SfnbError):
    """No activity has this ARN."""


class InvalidArn(SfnbError):
    """A text that is no ARN of the kind that is asked for."""


class ActivityRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An activity. key_id, reuse_seconds: of the key of one's own that it is encrypted with on AWS."""

    arn: str
    name: str
    creation_date: datetime
    key_id: str | None = None
    reuse_seconds: int | None = None


class ActivityTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker is given. input: JSON text."""

    task_token: str
    input: str


class Waiting(Protocol):
    """The task in the queue; from any thread."""

    def taken(self, worker_name: str | None) -> None: ...


class Activities:
    """The activities of one service and their queues. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._records: dict[str, ActivityRecord] = {}
        self._queues: dict[str, deque[tuple[ActivityTask, Waiting]]] = {}

    def create(self, record: ActivityRecord) -> ActivityRecord:
        """Answers with the activity of this ARN, which may have been there before."""
        with self._changed:
            self._queues.setdefault(record.arn, deque())
            return self._records.setdefault(record.arn, record)

    def delete(self, arn: str) -> None:
        """Tasks that wait in its queue wait for ever, as on AWS; a deleted activity may be deleted again."""
        with self._changed:
            self._records.pop(arn, None)

    def describe(self, arn: str) -> ActivityRecord:
        """Raises ActivityDoesNotExist, InvalidArn."""
        record = self.find(arn)
        if record is None:
            raise ActivityDoesNotExist(f"Activity Does Not Exist: '{arn}'")
        return record

    def find(self, arn: str) -> ActivityRecord | None:
        """None where there is none; raises InvalidArn."""
        _check(arn)
        return self._records.get(arn)

    def list(self) -> list[ActivityRecord]:
        return list(self._records.values())

    def exists(self, arn: str) -> bool:
        return arn in self._records

    def put(self, arn: str, task: ActivityTask, waiting: Waiting) -> None:
        with self._changed:
            self._queues[arn].append((task, waiting))
            self._changed.notify_all()

    def look_again(self) -> None:
        """Let whoever waits look whether its worker has gone."""
        with self._changed:
            self._changed.notify_all()

    def withdraw(self, arn: str, token: str) -> None:
        """Nobody waits for the task any more."""
        with self._changed:
            queue = self._queues[arn]
            for entry in queue:
                if entry[0].task_token == token:
                    queue.remove(entry)
                    return

    def take(
        self,
        arn: str,
        worker_name: str | None,
        wait_seconds: float,
        has_gone: Callable[[], bool] = lambda: False,
    ) -> ActivityTask | None:
        """The next task, waiting for one at most `wait_seconds` of real time; None if there is none.

        has_gone: whether the worker is there no more, and is to be given none; see `look_again`.
        Raises ActivityDoesNotExist, InvalidArn.
        """
        self.describe(arn)
        until = time.monotonic() + wait_seconds
        with self._changed:
            queue = self._queues[arn]
            while not queue and not has_gone():
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    return None
            if has_gone():
                return None
            task, waiting = queue.popleft()
        waiting.taken(worker_name)
        return task


def _check(arn: str) -> None:
    parts = arn.split(":")
    if parts[0] != "arn" or len(parts) < 6:
        raise InvalidArn(f"Invalid Arn: 'Invalid ARN prefix: {arn}'")
    if len(parts) != 7 or parts[2] != "states" or parts[5] != "activity":
        raise InvalidArn(f"Invalid Arn: 'Resource type not valid in this context: {parts[5]}'")
