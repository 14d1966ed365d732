"""sfnb as a peer of a side-by-side performance runner.

The runner loads this file and calls `Adapter`; PERF_PEER says which store is meant.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from adapters.base import Adapter as Base
from adapters.base import Unsupported

from sfnb.asl.decode import decode
from sfnb.asl.source import of_value, read_text
from sfnb.engine.limits import UNLIMITED
from sfnb.machine import StateMachine
from sfnb.service import StepFunctions


class Adapter(Base):  # type: ignore[misc]  # the runner brings its own base
    """Runs in memory, with the full history."""

    name = "sfnb"

    def setup(self) -> None:
        if os.environ.get("PERF_PEER", "sfnb") != "sfnb":
            raise Unsupported("durable stores come later")
        self.service = StepFunctions(limits=UNLIMITED)

    def prepare(self, definition: dict[str, Any], tasks: dict[str, Any]) -> StateMachine:
        self.service.registry.functions.update(tasks)
        record = self.service.create_state_machine(source=of_value(definition, max_bytes=sys.maxsize))
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
