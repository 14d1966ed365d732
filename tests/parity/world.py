"""The world that sfnb makes: the one file of the harness that knows its service.

`SfnbApi` puts boto3's dicts around the service's records and adds no content of its own: what the
service does not know (redriveStatus, say) is missing here too. The functions run in the service's
own executor, and sleep by `sfnb.sleep`.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

from .lambdas import Handler, LambdaError, RawPayload
from .loader import Case
from .runner import ACCOUNT, MARK, REGION

if TYPE_CHECKING:
    from sfnb.engine.ports import Call, Handle, Report
    from sfnb.executors.threads import ThreadExecutor
    from sfnb.service import StepFunctions
    from sfnb.values import Payload

PATIENCE_SECONDS = 60
"""Real seconds after which an execution is taken to hang."""


def missing() -> str | None:
    """Why there is no world yet; None if there is one."""
    if importlib.util.find_spec("sfnb") is None or importlib.util.find_spec("sfnb.service") is None:
        return "sfnb.service is not there yet"
    return None


class SfnbWorld:
    """A service of its own, in memory, with AWS's limits and clocks that jump."""

    mark = MARK

    def __init__(self, case: Case) -> None:
        from sfnb.engine.clock import JumpClock, RealClock
        from sfnb.executors import EXECUTORS
        from sfnb.service import StepFunctions

        from .cloud import Cloud

        self._cloud = Cloud()
        executor = LambdaExecutor(EXECUTORS["threads"]())
        self._service = StepFunctions(
            account=ACCOUNT,
            region=REGION,
            clock=RealClock if _is_called_back(case) else JumpClock,
            executor=executor,
            aws=self._cloud,
            buckets=self._cloud.buckets(),
        )
        self._handlers = executor.handlers
        self.api = SfnbApi(self._service)

    def define_lambda(self, name: str, handler: Handler) -> None:
        self._handlers.append(handler)
        self._service.registry.functions[name] = handler

    def make(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._cloud.make(service, operation, params)

    def collect(self, key: str) -> Any:
        return self.api.logged() if key == "logged_execution_events" else self._cloud.collect(key)

    def task_token(self) -> str:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            for token in self._service.list_task_tokens():
                events = self._service.get_execution_history(token.execution)
                if any(event.type == "TaskSubmitted" for event in events):
                    return token.token
            time.sleep(0.005)
        raise TimeoutError(f"no task token was handed out in {PATIENCE_SECONDS} seconds")

    def wait(self, execution_arn: str) -> None:
        if not self._service.execution(execution_arn).wait(PATIENCE_SECONDS):
            raise TimeoutError(f"{execution_arn} has not ended after {PATIENCE_SECONDS} seconds")

    def sleep(self, seconds: float) -> None:
        import sfnb

        sfnb.sleep(seconds)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def close(self) -> None:
        self._service.close()
        self._cloud.close()


def _is_called_back(case: Case) -> bool:
    """Whether somebody answers a task token: the tasks that wait for it need a clock that waits, too."""
    return any("SendTask" in step.operation or ":sendTask" in str(step.params) for step in case.steps)


class Refused(Exception):
    """A call that the service has refused, as boto3 tells it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


@contextmanager
def refusals() -> Iterator[None]:
    """The service's exceptions are called as AWS's errors."""
    from sfnb.errors import SfnbError

    try:
        yield
    except SfnbError as error:
        raise Refused(type(error).__name__, str(error)) from None


class SfnbApi:
    """The service's actions as boto3 spells them."""

    def __init__(self, service: StepFunctions) -> None:
        self._service = service
        self._logging: dict[str, dict[str, Any]] = {}

    def create_state_machine(self, **params: Any) -> dict[str, Any]:
        from sfnb.asl.source import read_text

        record = self._service.define_state_machine(
            source=read_text(params["definition"], format="json"),
            name=params["name"],
            role_arn=params["roleArn"],
            type=params.get("type", "STANDARD"),
        )
        self._logging[record.arn] = params.get("loggingConfiguration", {})
        return {"stateMachineArn": record.arn, "creationDate": record.creation_date}

    def test_state(self, **params: Any) -> dict[str, Any]:
        from sfnb.trial.request import request_of

        with refusals():
            return self._service.test_state(request_of(params))

    def create_activity(self, **params: Any) -> dict[str, Any]:
        with refusals():
            record = self._service.create_activity(params["name"])
        return {"activityArn": record.arn, "creationDate": record.creation_date}

    def describe_activity(self, **params: Any) -> dict[str, Any]:
        with refusals():
            record = self._service.describe_activity(params["activityArn"])
        return {"activityArn": record.arn, "name": record.name, "creationDate": record.creation_date}

    def delete_activity(self, **params: Any) -> dict[str, Any]:
        with refusals():
            self._service.delete_activity(params["activityArn"])
        return {}

    def get_activity_task(self, **params: Any) -> dict[str, Any]:
        with refusals():
            task = self._service.get_activity_task(params["activityArn"], params.get("workerName"))
        return {} if task is None else {"taskToken": task.task_token, "input": task.input}

    def send_task_success(self, **params: Any) -> dict[str, Any]:
        with refusals():
            self._service.send_task_success(params["taskToken"], params["output"])
        return {}

    def send_task_failure(self, **params: Any) -> dict[str, Any]:
        with refusals():
            self._service.send_task_failure(params["taskToken"], params.get("error"), params.get("cause"))
        return {}

    def send_task_heartbeat(self, **params: Any) -> dict[str, Any]:
        with refusals():
            self._service.send_task_heartbeat(params["taskToken"])
        return {}

    def logged(self) -> list[dict[str, Any]]:
        """What the executions have logged, one after the other."""
        from sfnb.engine.log_records import log_records

        records: list[dict[str, Any]] = []
        for live in reversed(self._service.latest_executions()):
            live.wait(PATIENCE_SECONDS)
            asked = self._logging[live.machine.arn]
            events = self._service.get_execution_history(live.arn)
            data = asked.get("includeExecutionData", False)
            records += log_records(events, live.arn, asked.get("level", "OFF"), include_data=data)
        return records

    def start_execution(self, **params: Any) -> dict[str, Any]:
        from sfnb.values import Payload

        machine = self._service.describe_state_machine(params["stateMachineArn"])
        payload = Payload.of_text(params.get("input", "{}"))
        live = self._service.start_execution(machine, payload, name=params.get("name"))
        return {"executionArn": live.arn}

    def start_sync_execution(self, **params: Any) -> dict[str, Any]:
        from sfnb.values import Payload

        machine = self._service.describe_state_machine(params["stateMachineArn"])
        payload = Payload.of_text(params.get("input", "{}"))
        with refusals():
            live = self._service.start_sync_execution(machine, payload, name=params.get("name"))
        return self.described(live.arn) | {
            "billingDetails": {
                "billedDurationInMilliseconds": live.billed_milliseconds,
                "billedMemoryUsedInMB": 64,
            }
        }

    def describe_execution(self, **params: Any) -> dict[str, Any]:
        state = self._service.describe_execution(params["executionArn"])
        redrive = {
            "redriveCount": state.redrive_count,
            "redriveDate": state.redrive_date,
            "redriveStatus": state.redrive_status,
            "redriveStatusReason": state.redrive_status_reason,
        }
        return self.described(params["executionArn"]) | {k: v for k, v in redrive.items() if v is not None}

    def described(self, arn: str) -> dict[str, Any]:
        live = self._service.execution(arn)
        state = self._service.describe_execution(arn)
        described = {
            "executionArn": live.arn,
            "stateMachineArn": live.machine.arn,
            "name": live.name,
            "status": state.status,
            "startDate": state.start_date,
            "stopDate": state.stop_date,
            "input": state.input,
            "inputDetails": {"included": True},
            "output": state.output,
            "outputDetails": None if state.output is None else {"included": True},
            "error": state.error,
            "cause": state.cause,
        }
        return {key: value for key, value in described.items() if value is not None}

    def get_execution_history(self, **params: Any) -> dict[str, Any]:
        from sfnb.engine.history import history

        return {"events": history(self._service.get_execution_history(params["executionArn"]))}


class LambdaExecutor:
    """The service's executor, for handlers that fail or answer as `lambdas` says."""

    def __init__(self, executor: ThreadExecutor) -> None:
        self._executor = executor
        self.handlers: list[Handler] = []

    def submit(self, call: Call, report: Report) -> Handle:
        if call.function not in self.handlers:
            return self._executor.submit(call, report)
        spoken = _LambdaReport(report)

        def function(event: Any, context: Any) -> Any:
            return spoken.listen(call.function, event, context)

        return self._executor.submit(msgspec.structs.replace(call, function=function), spoken)

    def close(self) -> None:
        self._executor.close()


class _LambdaReport:
    """Tells what a handler meant instead of what Python saw."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._failure: LambdaError | None = None
        self._raw: RawPayload | None = None
        self.refused = report.refused
        self.heartbeat = report.heartbeat
        self.printed = report.printed

    def listen(self, handler: Callable[..., Any], event: Any, context: Any) -> Any:
        try:
            answer = handler(event, context)
        except LambdaError as failure:
            self._failure = failure
            raise
        if not isinstance(answer, RawPayload):
            return answer
        self._raw = answer
        return None

    def succeeded(self, answer: Payload) -> None:
        from sfnb.values import Payload

        raw = self._raw
        self._report.succeeded(answer if raw is None else Payload(raw.text, raw.text))

    def failed(self, error: str, message: str, trace: Any) -> None:
        failure = self._failure
        if failure is None:
            self._report.failed(error, message, trace)
        else:
            self._report.failed(failure.error_type, failure.error_message, failure.stack_trace)
