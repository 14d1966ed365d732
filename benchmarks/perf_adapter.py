"""sfnb as a peer of a side-by-side performance runner.

The runner loads this file and calls `Adapter`; PERF_PEER says which store is meant.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from adapters.base import Adapter as Base
from adapters.base import Unsupported

from sfnb.asl.decode import decode
from sfnb.asl.source import of_value, read_text
from sfnb.engine.limits import UNLIMITED
from sfnb.engine.ports import EventStore
from sfnb.machine import StateMachine
from sfnb.service import StepFunctions

DURABILITY: dict[str, Literal["full", "normal"]] = {"sfnb-durable": "full", "sfnb-normal": "normal"}
BUILD = Path("build")
"""Below the current folder, which is on a disk; what `/tmp` is on may be none."""


class Adapter(Base):  # type: ignore[misc]  # the runner brings its own base
    """Runs in memory or on a SQLite file, with the full history."""

    name = "sfnb"

    def setup(self) -> None:
        BUILD.mkdir(exist_ok=True)
        self.folder = TemporaryDirectory(prefix="perf-", dir=BUILD)
        self.service = StepFunctions(limits=UNLIMITED, store=self._store())

    def _store(self) -> EventStore | None:
        """None: the service's own, in memory."""
        peer = os.environ.get("PERF_PEER", "sfnb")
        if peer == "sfnb":
            return None
        if peer not in DURABILITY:
            raise Unsupported(peer)
        from sfnb.stores.sqlite import SqliteStore

        return SqliteStore(Path(self.folder.name, "executions.db"), durability=DURABILITY[peer])

    def teardown(self) -> None:
        self.service.close()
        self.service.store.close()
        self.folder.cleanup()

    def prepare(self, definition: dict[str, Any], tasks: dict[str, Any]) -> StateMachine:
        self.service.registry.functions.update(tasks)
        record = self.service.define_state_machine(source=of_value(definition, max_bytes=sys.maxsize))
        return StateMachine(self.service, record)

    def run(self, definition: dict[str, Any], input: Any, tasks: dict[str, Any]) -> tuple[Any, int | None]:
        return self.run_prepared(self.prepare(definition, tasks), input)

    def run_prepared(self, handle: StateMachine, input: Any) -> tuple[Any, int | None]:
        execution = handle.run(input)
        if execution.status != "SUCCEEDED":
            raise RuntimeError(execution.summary())
        last = self.service.execution(execution.arn).last
        return execution.output, None if last is None else last.id

    def start_describe(self, handle: StateMachine, input: Any) -> Any:
        execution = handle.start(input)
        execution.wait()
        return json.loads(self.service.describe_execution(execution.arn).output or "null")

    def validate(self, text: str) -> int:
        definition, findings = decode(read_text(text, max_bytes=sys.maxsize))
        errors = [finding for finding in findings if finding.severity == "ERROR"]
        if definition is None and any(finding.code == "NOT_YET_SUPPORTED" for finding in findings):
            raise Unsupported(errors[0].message)
        return len(errors)
