"""A Task whose Resource is an activity's ARN; a Python function may stand for its worker.

Else the task waits in the queue of the activity, if that was created, until a worker takes it.

Source: AWS guide, "Activities"; AWS API reference, ActivityScheduledEventDetails.
"""

from __future__ import annotations

from collections.abc import Sequence

from sfnb.engine import events as ev
from sfnb.engine.ports import Queued, Recorded, TaskCall, World
from sfnb.errors import EvaluationError, StatesError
from sfnb.values import Payload


class Activity:
    """arn:aws:states:REGION:ACCOUNT:activity:NAME"""

    def function_name(self, call: TaskCall) -> str | None:
        return call.resource.split(":")[6]

    def argument(self, call: TaskCall) -> Payload:
        return call.payload

    def reach(self, call: TaskCall, world: World) -> Queued | None:
        return Queued() if world.activities.exists(call.resource) else None

    def submits(self, call: TaskCall) -> bool:
        return False

    def scheduled(self, call: TaskCall) -> Recorded:
        return ev.ActivityScheduled, {
            "resource": call.resource,
            "input": call.payload.text,
            "timeout_in_seconds": call.timeout_seconds,
            "heartbeat_in_seconds": call.heartbeat_seconds,
        }

    def started(self, call: TaskCall) -> Recorded:
        return ev.ActivityStarted, {}

    def submitted(self, call: TaskCall, answer: Payload) -> Recorded:
        raise AssertionError("a worker's answer is the result")

    def result(self, call: TaskCall, answer: Payload) -> Payload:
        return answer

    def succeeded(self, call: TaskCall, result: Payload) -> Recorded:
        return ev.ActivitySucceeded, {"output": result.text}

    def cause(self, call: TaskCall, error: str, message: str, trace: Sequence[str]) -> str:
        return message

    def failed(self, call: TaskCall, failure: StatesError) -> Recorded:
        return ev.ActivityFailed, {"error": failure.error, "cause": failure.cause}

    def timed_out(self, call: TaskCall, failure: StatesError) -> Recorded:
        return ev.ActivityTimedOut, {"error": failure.error, "cause": failure.cause}

    def missing(self, call: TaskCall) -> StatesError:
        return EvaluationError("States.Runtime", f"The activity {call.resource} does not exist.")

    def label(self, call: TaskCall) -> str:
        return call.resource
