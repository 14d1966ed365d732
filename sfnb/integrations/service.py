"""A Task whose Resource is a service integration: `arn:aws:states:::sqs:sendMessage`.

A Python function given to the state, or registered under the name `sqs:sendMessage`, stands for it: it
is given the Parameters, and its answer is the result. Where the call waits for its token, the answer is
that of the submission.
Source: AWS guide, "Integrating optimized services"; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sfnb.engine import events as ev
from sfnb.engine.ports import Recorded, TaskCall, Work, World
from sfnb.errors import EvaluationError, StatesError
from sfnb.values import Payload

SUBMITTING = (".waitForTaskToken", ".sync", ".sync:2")
"""The ends of a Resource whose call only begins the work."""

REALLY = "an AWS to call: %asl aws, or AWS_ENDPOINT_URL for sfnb serve"
"""What lets a call really be made, in a notebook and for a server."""


class Service:
    """Any service, and what all have in common."""

    def function_name(self, call: TaskCall) -> str | None:
        kind, action = service_action(call.resource)
        return f"{kind}:{action}"

    def argument(self, call: TaskCall) -> Payload:
        return call.payload

    def reach(self, call: TaskCall, world: World) -> Work | None:
        return None

    def submits(self, call: TaskCall) -> bool:
        return call.resource.endswith(SUBMITTING)

    def scheduled(self, call: TaskCall) -> Recorded:
        return ev.TaskScheduled, {
            **self.about(call),
            "region": call.region,
            "parameters": call.payload.text,
            "timeout_in_seconds": call.timeout_seconds,
            "heartbeat_in_seconds": call.heartbeat_seconds,
            "task_credentials": credentials(call),
        }

    def started(self, call: TaskCall) -> Recorded:
        return ev.TaskStarted, self.about(call)

    def submitted(self, call: TaskCall, answer: Payload) -> Recorded:
        return ev.TaskSubmitted, {**self.about(call), "output": answer.text}

    def result(self, call: TaskCall, answer: Payload) -> Payload:
        return answer

    def succeeded(self, call: TaskCall, result: Payload) -> Recorded:
        return ev.TaskSucceeded, {**self.about(call), "output": result.text}

    def cause(self, call: TaskCall, error: str, message: str, trace: Sequence[str]) -> str:
        return message

    def failed(self, call: TaskCall, failure: StatesError) -> Recorded:
        return ev.TaskFailed, {**self.about(call), "error": failure.error, "cause": failure.cause}

    def timed_out(self, call: TaskCall, failure: StatesError) -> Recorded:
        return ev.TaskTimedOut, {**self.about(call), "error": failure.error, "cause": failure.cause}

    def missing(self, call: TaskCall) -> StatesError:
        """Offline, and nothing stands in: AWS knows no such failure, so its Cause says what to do."""
        name = str(self.function_name(call)).removesuffix(".waitForTaskToken")
        really = "a connection by sfnb.create_connection" if name == "http:invoke" else REALLY
        return StatesError(
            "States.TaskFailed",
            f"No function stands for '{call.resource}', and no AWS is in use: give it a function of the name "
            f'"{name}", a mock, or {really}',
        )

    def label(self, call: TaskCall) -> str:
        return service_action(call.resource)[0]

    def about(self, call: TaskCall) -> dict[str, str]:
        kind, action = service_action(call.resource)
        return {"resource_type": kind, "resource": action}


def credentials(call: TaskCall) -> dict[str, str] | None:
    """`taskCredentials` of a Scheduled event."""
    role = (call.credentials or {}).get("RoleArn")
    return {"roleArn": role} if isinstance(role, str) else None


def bare_action(resource: str) -> tuple[str, str]:
    """The same without what says how the answer comes.

    >>> bare_action("arn:aws:states:::states:startExecution.sync:2")
    ('states', 'startExecution')
    """
    kind, action = service_action(resource)
    return kind, action.partition(".")[0]


def parameters_refused(call: TaskCall, faults: Iterable[str]) -> EvaluationError:
    """Parameters with which nothing can be scheduled."""
    return EvaluationError(
        "States.Runtime",
        f"The Parameters '{call.payload.text}' could not be used to start the Task: [{', '.join(faults)}]",
    )


def service_action(resource: str) -> tuple[str, str]:
    """The resourceType and the resource of an integration's events.

    >>> service_action("arn:aws:states:::sqs:sendMessage.waitForTaskToken")
    ('sqs', 'sendMessage.waitForTaskToken')
    >>> service_action("arn:aws:states:::aws-sdk:s3:listBuckets")
    ('aws-sdk:s3', 'listBuckets')
    """
    parts = resource.split(":")[5:]
    first_action = 2 if parts and parts[0] == "aws-sdk" else 1
    return ":".join(parts[:first_action]), ":".join(parts[first_action:])
