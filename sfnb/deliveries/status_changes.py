"""The event that says that an execution's status has changed, and the way to EventBridge.

Source: AWS guide, "Automating Step Functions event delivery with EventBridge"; AWS recordings, base.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sfnb.engine.events import ExecutionStarted
from sfnb.engine.execution import ExecutionState

SOURCE = "aws.states"
DETAIL_TYPE = "Step Functions Execution Status Change"
LARGEST_BYTES = 248 * 1024
"""Input and output, as JSON strings; what is larger is left out, the input first."""
MOST_ENTRIES = 10

log = logging.getLogger("sfnb")


def status_change(
    arn: str, machine_arn: str, name: str, first: ExecutionStarted, state: ExecutionState
) -> dict[str, Any]:
    """The event's detail: every key is there, null where there is nothing to say; dates in milliseconds."""
    has_input, has_output = _fitting(state.input, state.output)
    return {
        "executionArn": arn,
        "stateMachineArn": machine_arn,
        "name": name,
        "status": state.status,
        "startDate": _milliseconds(state.start_date),
        "stopDate": _milliseconds(state.stop_date),
        "input": state.input if has_input else None,
        "output": state.output if has_output else None,
        "stateMachineVersionArn": first.state_machine_version_arn,
        "stateMachineAliasArn": first.state_machine_alias_arn,
        "redriveCount": state.redrive_count,
        "redriveDate": _milliseconds(state.redrive_date),
        "redriveStatus": state.redrive_status,
        "redriveStatusReason": state.redrive_status_reason,
        "inputDetails": {"included": has_input},
        "outputDetails": None if state.output is None else {"included": has_output},
        "error": state.error,
        "cause": state.cause,
    }


def _fitting(input: str, output: str | None) -> tuple[bool, bool]:
    """Whether the input and the output are told."""
    told = len(json.dumps(output)) if output is not None else 0
    if told > LARGEST_BYTES:
        return False, False
    return len(json.dumps(input)) + told <= LARGEST_BYTES, output is not None


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)


class EventBridge:
    """The default bus of an account, or of a stand-in: AWS itself takes no events in its own name.

    connect: makes a boto3 client of EventBridge, when it is first needed.
    """

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._client: Any = None
        self._refused = False

    def put(self, details: Sequence[dict[str, Any]]) -> None:
        """Send these, in their order; on the worker's thread."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            if self._client is None:
                self._client = self._connect()
            for start in range(0, len(details), MOST_ENTRIES):
                some = details[start : start + MOST_ENTRIES]
                self._client.put_events(Entries=[_entry(detail) for detail in some])
        except (BotoCoreError, ClientError) as fault:
            if not self._refused:
                self._refused = True
                log.warning("EventBridge takes no events of status changes: %s", fault)


def _entry(detail: dict[str, Any]) -> dict[str, Any]:
    return {
        "Source": SOURCE,
        "DetailType": DETAIL_TYPE,
        "Resources": [detail["executionArn"]],
        "Detail": json.dumps(detail),
    }
