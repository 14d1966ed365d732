"""arn:aws:states:::events:putEvents: fails where the bus refuses one of the entries.

Source: AWS guide, "Add EventBridge events with Step Functions"; AWS recordings.
"""

from __future__ import annotations

from typing import Any

from sfnb.engine.ports import TaskCall
from sfnb.errors import TaskError
from sfnb.integrations.optimized import Optimized, members
from sfnb.values import Json, encode


class PutEvents(Optimized):
    """Parameters {Entries}; answers {Entries, FailedEntryCount}, and nothing of the exchange."""

    def parameters(self, call: TaskCall) -> Json:
        """Each entry's Resources name the machine and the execution, too."""
        parameters = call.payload.value
        entries = parameters.get("Entries") if isinstance(parameters, dict) else None
        if not isinstance(parameters, dict) or not isinstance(entries, list):
            return parameters
        return {**parameters, "Entries": [_with_origin(entry, call) for entry in entries]}

    def answer(self, shape: Any, reply: dict[str, Any]) -> Json:
        told = members(shape, reply)
        if told.get("FailedEntryCount"):
            raise TaskError(f"{self.prefix}.FailedEntry", encode(told))
        return told


def _with_origin(entry: Json, call: TaskCall) -> Json:
    if not isinstance(entry, dict):
        return entry
    given = entry.get("Resources")
    return {**entry, "Resources": [*(given if isinstance(given, list) else []), call.machine, call.execution]}
