"""Where a machine's log records go: Python's logging, a file, CloudWatch Logs.

Source: AWS guide, "Using CloudWatch Logs to log execution history"; AWS recordings, logs.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

from sfnb.engine.clock import new_name

Record = dict[str, Any]

log = logging.getLogger("sfnb")
executions = logging.getLogger("sfnb.executions")

BATCH = 1_000
"""Records in one PutLogEvents; CloudWatch takes 10,000, and a megabyte."""
BATCH_BYTES = 900_000


class LogSink(Protocol):
    """Takes records; on the worker's thread."""

    def write(self, machine: str, groups: Sequence[str], records: Sequence[Record]) -> None:
        """machine: its name. groups: the ARNs of the log groups that the machine names."""


class PythonLog:
    """The logger `sfnb.executions`: a line of JSON for each record, at INFO, with the record as `.record`."""

    def write(self, machine: str, groups: Sequence[str], records: Sequence[Record]) -> None:
        for record in records:
            executions.info(json.dumps(record), extra={"record": record, "machine": machine})


class LogFile(msgspec.Struct, frozen=True):
    """A file of JSON Lines, to which records are added: those of one machine, or of all."""

    path: Path
    machine: str | None = None

    def write(self, machine: str, groups: Sequence[str], records: Sequence[Record]) -> None:
        if self.machine not in (None, machine):
            return
        with self.path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)


class CloudWatch:
    """The log groups that machines name, a stream for each machine and process.

    connect: makes a boto3 client of CloudWatch Logs, when it is first needed.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._client: Any = None
        self._streams: dict[tuple[str, str], str] = {}
        self._refused: set[str] = set()

    def write(self, machine: str, groups: Sequence[str], records: Sequence[Record]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        for group in map(group_name, groups):
            try:
                self._put(group, machine, records)
            except (BotoCoreError, ClientError) as fault:
                if group not in self._refused:
                    self._refused.add(group)
                    log.warning("log group %s takes no records: %s", group, fault)

    def _put(self, group: str, machine: str, records: Sequence[Record]) -> None:
        if self._client is None:
            self._client = self._connect()
        stream = self._stream(group, machine)
        for batch in batches(records):
            self._client.put_log_events(logGroupName=group, logStreamName=stream, logEvents=batch)

    def _stream(self, group: str, machine: str) -> str:
        known = self._streams.get((group, machine))
        if known is None:
            known = f"states/{machine}/{new_name()}"
            self._client.create_log_stream(logGroupName=group, logStreamName=known)
            self._streams[group, machine] = known
        return known


def batches(records: Sequence[Record]) -> list[list[dict[str, Any]]]:
    """Records as CloudWatch takes them: oldest first, so many and so large at a time."""
    made: list[list[dict[str, Any]]] = []
    size = 0
    for record in sorted(records, key=lambda record: int(record["event_timestamp"])):
        message = json.dumps(record)
        if not made or len(made[-1]) >= BATCH or size + len(message) > BATCH_BYTES:
            made.append([])
            size = 0
        size += len(message)
        made[-1].append({"timestamp": int(record["event_timestamp"]), "message": message})
    return made


def group_name(arn: str) -> str:
    """
    >>> group_name("arn:aws:logs:us-east-1:123456789012:log-group:/aws/vendedlogs/states/orders:*")
    '/aws/vendedlogs/states/orders'
    """
    return arn.partition(":log-group:")[2].removesuffix(":*") or arn
