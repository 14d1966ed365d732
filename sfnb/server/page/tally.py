"""How many executions each machine has, by status.

To count all of them each time somebody looks would take long where there are a hundred thousand. What has
ended stays as it is, so afterwards only what is new and what was running is looked at; now and then all are
counted anew, since executions are deleted, too, and one may be redriven and end again unseen.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import msgspec

from sfnb.engine.execution import Status
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.service import StepFunctions

NEW_AT_ONCE = 200
ANEW_SECONDS = 60.0
PATIENCE = 50
"""What takes long is done for one part in so many of the time at most."""


class Count(msgspec.Struct):
    """Of a machine. statuses: how many executions there are of each. latest: the newest one.

    name: the machine's, as its latest execution knew it.
    """

    name: str
    statuses: dict[str, int]
    latest: ExecutionRecord


class Tally:
    """Counts the executions of a service. From any thread. now: seconds that only go on."""

    def __init__(self, service: StepFunctions, now: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._now = now
        self._lock = threading.Lock()
        self._status: dict[str, tuple[str, Status]] = {}
        """By the ARN of an execution, its machine and its status."""
        self._counts: dict[str, Count] = {}
        self._anew_at = self._running_at = 0.0

    def read(self) -> dict[str, Count]:
        """By the ARN of the machine, as of now; also of machines that there are not any more."""
        with self._lock:
            if not self._status or self._now() >= self._anew_at:
                self._count_all()
            else:
                self._count_new()
                self._look_again()
            return {
                arn: msgspec.structs.replace(count, statuses=dict(count.statuses))
                for arn, count in self._counts.items()
            }

    def _count_all(self) -> None:
        begun = self._now()
        self._status.clear()
        self._counts.clear()
        for record in self._service.list_executions():
            self._note(record)
        took = self._now() - begun
        self._anew_at = self._now() + max(ANEW_SECONDS, PATIENCE * took)

    def _count_new(self) -> None:
        """Those that have begun since, newest first; what is new comes before all that is known."""
        new = []
        for record in self._newest():
            if record.arn in self._status:
                break
            new.append(record)
        for record in reversed(new):
            self._note(record, newest=True)

    def _newest(self) -> Iterator[ExecutionRecord]:
        offset = 0
        while page := self._service.list_executions(ExecutionFilter(limit=NEW_AT_ONCE, offset=offset)):
            yield from page
            offset += len(page)

    def _look_again(self) -> None:
        """What was running may have ended; what had ended may run again, which takes longer to see."""
        for arn in [arn for arn, (_, status) in self._status.items() if status == "RUNNING"]:
            record = self._service.find_execution(arn)
            if record is not None:
                self._note(record)
        begun = self._now()
        if begun < self._running_at:
            return
        for record in self._service.list_executions(ExecutionFilter(status=("RUNNING",))):
            self._note(record)
        self._running_at = self._now() + PATIENCE * (self._now() - begun)

    def _note(self, record: ExecutionRecord, *, newest: bool = False) -> None:
        machine, before = self._status.get(record.arn, (record.machine, None))
        self._status[record.arn] = machine, record.status
        count = self._counts.get(machine)
        if count is None:
            count = self._counts[machine] = Count(record.machine_name, {}, record)
        elif newest or record.arn == count.latest.arn:
            count.latest = record
        if before is not None:
            count.statuses[before] -= 1
        count.statuses[record.status] = count.statuses.get(record.status, 0) + 1
