"""Executions that run out of disk, and go on once there is room again.

    python -m tests.crash.full_disk LEDGER_FOLDER SMALL_FOLDER

The store is in the small folder, with another file that makes room when it goes. Says `well` in the end.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from sfnb.errors import StoreFault
from sfnb.machine import load_machine
from sfnb.service import Live, StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.values import Payload
from tests.crash.evidence import Evidence
from tests.crash.ledger import Ledger

EXECUTIONS, VISITS = 4, 12
PAYLOAD_BYTES = 20_000
WAIT_SECONDS = 30
GROWING: dict[str, Any] = {
    "StartAt": "Zero",
    "States": {
        "Zero": {"Type": "Pass", "Assign": {"count": 0}, "Next": "Grow"},
        "Grow": {
            "Type": "Task",
            "Resource": "grow",
            "Parameters": {"id.$": "$.id", "count.$": "$count"},
            "ResultPath": "$.grown",
            "Assign": {"count.$": "States.MathAdd($count, 1)"},
            "Next": "More",
        },
        "More": {
            "Type": "Choice",
            "QueryLanguage": "JSONata",
            "Choices": [{"Condition": f"{{% $count < {VISITS} %}}", "Next": "Grow"}],
            "Default": "End",
        },
        "End": {"Type": "Succeed"},
    },
}


class Growing:
    """Executions each of whose tasks brings data that nothing before was like."""

    def __init__(self, store: SqliteStore, ledger: Ledger) -> None:
        self.ledger = ledger
        self.round = 0
        self.service = StepFunctions(store=store)

        def grow(event: dict[str, Any], context: Any) -> str:
            site = f"{event['id']}/{event['count']}"
            ledger.write(
                "calls", at="begin", site=site, key=context.aws_request_id, round=self.round, given=event
            )
            return os.urandom(PAYLOAD_BYTES // 2).hex()

        self.service.registry.functions["grow"] = grow
        self.machine = load_machine(self.service, GROWING, name="growing").record

    def start(self) -> list[Live]:
        lives = []
        for number in range(EXECUTIONS):
            try:
                live = self.service.start_execution(self.machine, Payload({"id": f"e{number}"}))
            except StoreFault:
                break
            self.ledger.write("started", arn=live.arn)
            lives.append(live)
        return lives


def run_out_and_go_on(store: SqliteStore, ledger: Ledger, make_room: Callable[[], object]) -> list[str]:
    """Fill the disk; make room; go on. Answers with what the faults said."""
    growing = Growing(store, ledger)
    with closing(growing.service):
        return _run_out_and_go_on(growing, Evidence(store.path.parent, ledger), make_room)


def _run_out_and_go_on(growing: Growing, evidence: Evidence, make_room: Callable[[], object]) -> list[str]:
    lives = growing.start()
    assert lives
    assert all(live.wait(WAIT_SECONDS) for live in lives)
    faults = [str(live.fault) for live in lives if live.fault is not None]
    assert faults, "the disk was not full"
    assert evidence.look(0) == len(faults)

    make_room()
    growing.round = 1
    again = [
        growing.service.resume_execution(record.arn) for record in growing.service.interrupted_executions()
    ]
    assert len(again) == len(faults)
    assert all(live.wait(WAIT_SECONDS) and live.fault is None for live in again)
    assert evidence.look(1) == 0
    assert set(evidence.sites().values()) == {1}
    assert len(evidence.sites()) == len(lives) * VISITS
    return faults


def main(ledger_folder: Path, small: Path) -> None:
    (small / "other").write_bytes(bytes(3_000_000))
    ledger = Ledger(ledger_folder)
    faults = run_out_and_go_on(SqliteStore(small / "store.db"), ledger, (small / "other").unlink)
    assert all("no room to write" in fault or "the disk reports an error" in fault for fault in faults), (
        faults
    )
    print("well")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
