"""Task: have something done."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from sfnb.asl.commands import InvokeTask
from sfnb.asl.computed import integer
from sfnb.asl.resources import UNRECOGNIZED, beyond_express, recognized, resource_hint
from sfnb.asl.state import WORK_STAGES, State, Transition, problem
from sfnb.asl.timestamps import LONGEST_SECONDS
from sfnb.asl.vocabulary import Computed, Template
from sfnb.errors import Diagnostic, EvaluationError
from sfnb.query.expression import Expression
from sfnb.query.scope import Scope
from sfnb.values import Json, Payload

Duration = Annotated[Expression | None, Computed(kind="integer", ge=1, le=LONGEST_SECONDS)]


class Task(State, frozen=True, kw_only=True):
    """Call a function, an activity or a service, and take its answer as the result.

    timeout_seconds: from the start of the work; then States.Timeout.
    heartbeat_seconds: the longest silence allowed, less than the time-out.
    credentials: {"RoleArn": ...}, the role to call with.
    Source: Amazon States Language, "Task State".
    """

    stages = WORK_STAGES
    recovers = True

    resource: str
    timeout_seconds: Duration = None
    heartbeat_seconds: Duration = None
    credentials: Template = None

    @property
    def awaits_callback(self) -> bool:
        """So does a `.sync` task (AWS recordings, callback) and one that an activity's worker does."""
        return (
            self.resource.endswith((".waitForTaskToken", ".sync", ".sync:2")) or ":activity:" in self.resource
        )

    def check(self) -> Iterator[Diagnostic]:
        if not recognized(self.resource):
            yield problem(
                self,
                UNRECOGNIZED.format(resource=self.resource),
                "Resource",
                hint=resource_hint(self.resource),
            )
        yield from self._check_heartbeat()
        if self.credentials is not None:
            given = getattr(self.credentials, "source", None)
            if not isinstance(given, dict) or not ({"RoleArn", "RoleArn.$"} & given.keys()):
                yield problem(self, "The field 'RoleArn' is required but was missing", "Credentials")

    def check_express(self) -> Iterator[Diagnostic]:
        fault = beyond_express(self.resource)
        if fault is not None:
            yield problem(
                self,
                fault,
                "Resource",
                hint="an EXPRESS machine asks and is answered at once; use STANDARD to wait",
            )

    def _check_heartbeat(self) -> Iterator[Diagnostic]:
        beat, limit = self.heartbeat_seconds, self.timeout_seconds
        if beat is None or limit is None or not (beat.constant and limit.constant):
            return
        if int(beat.text) >= int(limit.text):
            yield problem(
                self,
                f"HeartbeatSeconds ({beat.text}) must be smaller than TimeoutSeconds ({limit.text})",
                "HeartbeatSeconds",
            )

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        answer = await InvokeTask(
            resource=self.resource,
            payload=payload,
            timeout_seconds=integer(self.timeout_seconds, scope, at_least=1, at_most=LONGEST_SECONDS),
            heartbeat_seconds=integer(self.heartbeat_seconds, scope, at_least=1, at_most=LONGEST_SECONDS),
            credentials=self._credentials(scope),
            attempt=scope.retry_count or 0,
            token=scope.token() if scope.awaits_callback else None,
        )
        return Transition(answer, self.next)

    def _credentials(self, scope: Scope) -> dict[str, Json] | None:
        """Raises EvaluationError where the role is no text."""
        given = self.credentials.evaluate(scope) if self.credentials is not None else None
        if not isinstance(given, dict):
            return None
        if not isinstance(given.get("RoleArn"), str):
            raise EvaluationError("States.Runtime", "The value for the field 'RoleArn' must be a STRING")
        return given

    def details(self) -> tuple[str, ...]:
        return (resource_label(self.resource),)


def resource_label(resource: str) -> str:
    """A Resource in few words.

    >>> resource_label("arn:aws:lambda:us-east-1:123456789012:function:price:PROD")
    'price'
    >>> resource_label("arn:aws:states:::sqs:sendMessage.waitForTaskToken")
    'sqs:sendMessage.waitForTaskToken'
    """
    parts = resource.split(":")
    if (
        len(parts) > 6
        and parts[0] == "arn"
        and parts[2] in ("lambda", "states")
        and parts[5] in ("function", "activity")
    ):
        return parts[6]
    if len(parts) > 6 and parts[2] == "states":
        return ":".join(parts[5:])
    return resource
