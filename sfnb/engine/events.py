"""What happened in an execution: one class for each type of AWS HistoryEvent, and our own facts.

Events are never changed. Ids count from 1 in the order of the log; `previous_event_id` is the chain
of one frame. Payloads are JSON text, as in the AWS API. A *fact* is something the engine must
remember that AWS has no event for; it has id 0 and no place in the history.
Source: AWS API reference, HistoryEvent.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

import msgspec

FramePath = tuple[int, ...]
"""Where an event happened: () is the machine; (5, 0) the first branch or iteration of what event 5
(a MapStateStarted or ParallelStateStarted) began; (5, 0, 9, 2) one inside it."""


class Event(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, tag=True, tag_field="type", omit_defaults=True
):
    """Something that happened."""

    details: ClassVar[str | None] = None

    id: int
    previous_event_id: int
    timestamp: datetime
    frame: FramePath = ()

    @property
    def type(self) -> str:
        return type(self).__name__


# The execution


class ExecutionStarted(Event, frozen=True, kw_only=True, gc=False):
    details = "executionStartedEventDetails"
    input: str
    role_arn: str | None = None
    state_machine_alias_arn: str | None = None
    state_machine_version_arn: str | None = None


class ExecutionSucceeded(Event, frozen=True, kw_only=True, gc=False):
    details = "executionSucceededEventDetails"
    output: str


class _Failure(Event, frozen=True, kw_only=True, gc=False):
    error: str | None = None
    cause: str | None = None


class ExecutionFailed(_Failure, frozen=True, kw_only=True, gc=False):
    details = "executionFailedEventDetails"


class ExecutionAborted(_Failure, frozen=True, kw_only=True, gc=False):
    details = "executionAbortedEventDetails"


class ExecutionTimedOut(_Failure, frozen=True, kw_only=True, gc=False):
    details = "executionTimedOutEventDetails"


class ExecutionRedriven(Event, frozen=True, kw_only=True, gc=False):
    """An execution that had ended goes on from where it failed, for the `redrive_count`-th time."""

    details = "executionRedrivenEventDetails"
    redrive_count: int


# States


class StateEntered(Event, frozen=True, kw_only=True, gc=False):
    """A visit begins; `input` is the state's raw input."""

    details = "stateEnteredEventDetails"
    name: str
    input: str


class StateExited(Event, frozen=True, kw_only=True, gc=False):
    """A visit ends; a state that fails uncaught has no such event, nor has Fail.

    assigned_variables: JSON text by name; None where the state assigns nothing.
    """

    details = "stateExitedEventDetails"
    name: str
    output: str
    assigned_variables: dict[str, str] | None = None


class EvaluationFailed(Event, frozen=True, kw_only=True, gc=False):
    """A JSONata expression failed, or came to something that its field cannot use.

    location: the field, `Output/total`; None where the fault is not one field's.
    """

    details = "evaluationFailedEventDetails"
    state: str
    error: str | None = None
    cause: str | None = None
    location: str | None = None


class ChoiceStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class FailStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class MapStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class ParallelStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class PassStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class SucceedStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class TaskStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class WaitStateEntered(StateEntered, frozen=True, kw_only=True, gc=False): ...


class ChoiceStateExited(StateExited, frozen=True, kw_only=True, gc=False): ...


class MapStateExited(StateExited, frozen=True, kw_only=True, gc=False): ...


class ParallelStateExited(StateExited, frozen=True, kw_only=True, gc=False): ...


class PassStateExited(StateExited, frozen=True, kw_only=True, gc=False): ...


class SucceedStateExited(StateExited, frozen=True, kw_only=True, gc=False): ...


class TaskStateExited(StateExited, frozen=True, kw_only=True, gc=False): ...


class WaitStateExited(StateExited, frozen=True, kw_only=True, gc=False): ...


class StateAborted(Event, frozen=True, kw_only=True, gc=False):
    """A state still open when its Parallel or Map failed around it; never a predecessor."""


class TaskStateAborted(StateAborted, frozen=True, kw_only=True, gc=False): ...


class WaitStateAborted(StateAborted, frozen=True, kw_only=True, gc=False): ...


class MapStateAborted(StateAborted, frozen=True, kw_only=True, gc=False): ...


class ParallelStateAborted(StateAborted, frozen=True, kw_only=True, gc=False): ...


# Parallel and Map


class ParallelStateStarted(Event, frozen=True, kw_only=True, gc=False): ...


class ParallelStateSucceeded(Event, frozen=True, kw_only=True, gc=False): ...


class ParallelStateFailed(Event, frozen=True, kw_only=True, gc=False): ...


class MapStateStarted(Event, frozen=True, kw_only=True, gc=False):
    details = "mapStateStartedEventDetails"
    length: int


class MapStateSucceeded(Event, frozen=True, kw_only=True, gc=False): ...


class MapStateFailed(Event, frozen=True, kw_only=True, gc=False): ...


class _Iteration(Event, frozen=True, kw_only=True, gc=False):
    name: str
    index: int


class MapIterationStarted(_Iteration, frozen=True, kw_only=True, gc=False):
    details = "mapIterationStartedEventDetails"


class MapIterationSucceeded(_Iteration, frozen=True, kw_only=True, gc=False):
    details = "mapIterationSucceededEventDetails"


class MapIterationFailed(_Iteration, frozen=True, kw_only=True, gc=False):
    details = "mapIterationFailedEventDetails"


class MapIterationAborted(_Iteration, frozen=True, kw_only=True, gc=False):
    details = "mapIterationAbortedEventDetails"


class MapRunStarted(Event, frozen=True, kw_only=True, gc=False):
    details = "mapRunStartedEventDetails"
    map_run_arn: str


class MapRunSucceeded(Event, frozen=True, kw_only=True, gc=False): ...


class MapRunFailed(_Failure, frozen=True, kw_only=True, gc=False):
    details = "mapRunFailedEventDetails"


class MapRunRedriven(Event, frozen=True, kw_only=True, gc=False):
    """A map run that had ended goes on, with those of its children that did not succeed."""

    details = "mapRunRedrivenEventDetails"
    map_run_arn: str
    redrive_count: int


class MapRunAborted(Event, frozen=True, kw_only=True, gc=False): ...


# Tasks that are a Lambda function's ARN


class LambdaFunctionScheduled(Event, frozen=True, kw_only=True, gc=False):
    details = "lambdaFunctionScheduledEventDetails"
    resource: str
    input: str
    timeout_in_seconds: int | None = None
    task_credentials: dict[str, str] | None = None


class LambdaFunctionStarted(Event, frozen=True, kw_only=True, gc=False): ...


class LambdaFunctionSucceeded(Event, frozen=True, kw_only=True, gc=False):
    details = "lambdaFunctionSucceededEventDetails"
    output: str


class LambdaFunctionFailed(_Failure, frozen=True, kw_only=True, gc=False):
    details = "lambdaFunctionFailedEventDetails"


class LambdaFunctionTimedOut(_Failure, frozen=True, kw_only=True, gc=False):
    details = "lambdaFunctionTimedOutEventDetails"


class LambdaFunctionScheduleFailed(_Failure, frozen=True, kw_only=True, gc=False):
    details = "lambdaFunctionScheduleFailedEventDetails"


class LambdaFunctionStartFailed(_Failure, frozen=True, kw_only=True, gc=False):
    details = "lambdaFunctionStartFailedEventDetails"


# Tasks that are an activity's ARN


class ActivityScheduled(Event, frozen=True, kw_only=True, gc=False):
    details = "activityScheduledEventDetails"
    resource: str
    input: str
    timeout_in_seconds: int | None = None
    heartbeat_in_seconds: int | None = None


class ActivityStarted(Event, frozen=True, kw_only=True, gc=False):
    details = "activityStartedEventDetails"
    worker_name: str | None = None


class ActivitySucceeded(Event, frozen=True, kw_only=True, gc=False):
    details = "activitySucceededEventDetails"
    output: str


class ActivityFailed(_Failure, frozen=True, kw_only=True, gc=False):
    details = "activityFailedEventDetails"


class ActivityTimedOut(_Failure, frozen=True, kw_only=True, gc=False):
    details = "activityTimedOutEventDetails"


class ActivityScheduleFailed(_Failure, frozen=True, kw_only=True, gc=False):
    details = "activityScheduleFailedEventDetails"


# Tasks that are a service integration


class _Service(Event, frozen=True, kw_only=True, gc=False):
    resource_type: str
    resource: str


class TaskScheduled(_Service, frozen=True, kw_only=True, gc=False):
    details = "taskScheduledEventDetails"
    region: str
    parameters: str
    timeout_in_seconds: int | None = None
    heartbeat_in_seconds: int | None = None
    task_credentials: dict[str, str] | None = None


class TaskStarted(_Service, frozen=True, kw_only=True, gc=False):
    details = "taskStartedEventDetails"


class TaskSubmitted(_Service, frozen=True, kw_only=True, gc=False):
    details = "taskSubmittedEventDetails"
    output: str


class TaskSucceeded(_Service, frozen=True, kw_only=True, gc=False):
    details = "taskSucceededEventDetails"
    output: str


class _ServiceFailure(_Service, frozen=True, kw_only=True, gc=False):
    error: str | None = None
    cause: str | None = None


class TaskFailed(_ServiceFailure, frozen=True, kw_only=True, gc=False):
    details = "taskFailedEventDetails"


class TaskTimedOut(_ServiceFailure, frozen=True, kw_only=True, gc=False):
    """A task gave no answer, or no heartbeat, in time; written before any Retrier is asked.

    error: "States.Timeout", also for a missed heartbeat (which a Retrier may still match by name).
    cause: left out of the history when None, as AWS does; the Error Output then holds "".
    Source: AWS API reference, taskTimedOutEventDetails; AWS recordings.
    """

    details = "taskTimedOutEventDetails"


class TaskStartFailed(_ServiceFailure, frozen=True, kw_only=True, gc=False):
    details = "taskStartFailedEventDetails"


class TaskSubmitFailed(_ServiceFailure, frozen=True, kw_only=True, gc=False):
    details = "taskSubmitFailedEventDetails"


TERMINAL = (ExecutionSucceeded, ExecutionFailed, ExecutionAborted, ExecutionTimedOut)
