"""What triggers reach: executions to start, functions to call, roles to ask; see `triggers.ports.World`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from sfnb.engine.clock import Clock, JumpClock, RealClock, new_name
from sfnb.engine.ports import Call, EventStore
from sfnb.errors import SfnbError, StoreFault
from sfnb.items.buckets import BucketFault
from sfnb.items.folder import FolderBuckets
from sfnb.service.executions import NOT_SYNCHRONOUS
from sfnb.service.records import Live
from sfnb.service.refusals import ExecutionAlreadyExists, ServiceClosed, StateMachineTypeNotSupported
from sfnb.service.versions import Chosen
from sfnb.triggers.ports import Assumed, Refused, Start, Started
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.server.serve import Server
    from sfnb.service.step_functions import StepFunctions

NO_AWS = (
    "no AWS is in use: sfnb.use_aws('local') takes one in this process, sfnb.use_aws() the account"
    " of your credentials"
)
NO_PERMISSIONS = "NO_PERMISSIONS"


class Starting:
    """The world around the triggers of a service."""

    def __init__(self, service: StepFunctions) -> None:
        self._service = service
        self.clock: Clock = RealClock()
        self.on_output: Callable[[str], None] = _write
        self.server: Server | None = None
        """The one that listens, if one does."""
        self._serving = threading.RLock()

    @property
    def account(self) -> str:
        return self._service.account

    @property
    def region(self) -> str:
        return self._service.region

    @property
    def store(self) -> EventStore:
        return self._service.store

    def start(self, start: Start) -> Started:
        """An execution that there is already under the name is the one that was meant."""
        with _refusing():
            chosen = self._service.choose_state_machine(start.machine)
            try:
                live = self._begin(chosen, start)
            except ExecutionAlreadyExists as fault:
                if start.name is None:
                    raise
                arn = str(fault).rpartition("'")[0].rpartition("'")[2]
                live = self._service.execution(arn)
            return Started(live.arn, self._service.first_of(live).timestamp)

    def run(self, start: Start) -> dict[str, Any]:
        with _refusing():
            chosen = self._service.choose_state_machine(start.machine)
            if chosen.machine.type != "EXPRESS":
                raise StateMachineTypeNotSupported(NOT_SYNCHRONOUS)
            live = self._begin(chosen, start)
            live.wait()
            state = self._service.describe_execution(live.arn)
            told = {
                "executionArn": live.arn,
                "stateMachineArn": chosen.machine.arn,
                "name": live.name,
                "startDate": state.start_date,
                "stopDate": state.stop_date,
                "status": state.status,
                "error": state.error,
                "cause": state.cause,
                "input": state.input,
                "output": state.output,
                "traceHeader": start.trace_header,
                "billingDetails": {
                    "billedDurationInMilliseconds": live.billed_milliseconds,
                    "billedMemoryUsedInMB": 64,
                },
            }
            return {name: value for name, value in told.items() if value is not None} | {
                "inputDetails": {"included": True},
                "outputDetails": {"included": True},
            }

    def _begin(self, chosen: Chosen, start: Start) -> Live:
        clock = self.clock
        return self._service.start_execution(
            chosen.machine,
            start.input,
            name=start.name,
            clock=JumpClock(clock.now(), frozen=clock.frozen) if clock.jumps else None,
            starter=start.trigger,
            qualifiers=chosen.qualifiers,
            trace_header=start.trace_header,
            on_output=self.on_output,
        )

    def ask(self, action: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        from sfnb.server.actions import ACTIONS
        from sfnb.server.checks import read

        with _refusing():
            return ACTIONS[action](self._service, read(action, dict(parameters)))

    def serve(self) -> str:
        from sfnb.server.serve import serve_somewhere

        with self._serving:
            if self.server is None:
                self.server = serve_somewhere(self._service)
            return self.server.url

    def close(self) -> None:
        """End what was begun for triggers."""
        server, self.server = self.server, None
        if server is not None:
            server.stop()

    def call(self, arn: str, payload: Payload) -> Payload:
        """A Python function of that name comes before the Lambda function."""
        function = self._function(arn)
        if function is not None:
            return self._call(arn, function, payload)
        client = self.client("lambda")
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            reply = client.invoke(FunctionName=arn, Payload=payload.text)
        except ClientError as fault:
            error = fault.response.get("Error", {})
            raise Refused(error.get("Code", "Unknown"), error.get("Message", "")) from None
        except BotoCoreError as fault:
            raise Refused(type(fault).__name__, str(fault), again=True) from None
        text = reply["Payload"].read().decode(errors="replace")
        if reply.get("FunctionError"):
            raise Refused("FunctionError", text, again=True)
        return Payload.of_text(text)

    def _function(self, arn: str) -> Callable[..., Any] | None:
        functions = self._service.registry.functions
        name = arn.partition(":function:")[2].partition(":")[0] or arn
        return functions.get(arn) or functions.get(name)

    def _call(self, arn: str, function: Callable[..., Any], payload: Payload) -> Payload:
        told = _Told(self.on_output)
        call = Call(
            name=arn.rpartition(":")[2],
            function=function,
            argument=payload,
            key=new_name(),
            resource=arn,
            timeout_seconds=None,
            now=self.clock.now,
            wait_until=self._wake,
        )
        try:
            self._service.executor.submit(call, told)
        except RuntimeError as fault:
            raise Refused("ServiceClosed", str(fault)) from None
        answer = told.answered.get()
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _wake(self, moment: Any, wake: Callable[[], None]) -> Callable[[], None]:
        return self._service.triggers.timetable.at(moment, wake).cancel

    def client(self, service: str) -> Any:
        aws = self._service.registry.aws
        if aws is None:
            raise Refused("NO_AWS", NO_AWS)
        return aws.client(service, region=self.region)

    def check_role(self, assumed: Assumed) -> None:
        from sfnb.iam.roles import Roles

        roles = self._service.registry.permissions
        if isinstance(roles, Roles):
            words = roles.misused(
                assumed.role,
                principal=assumed.principal,
                source=assumed.source,
                action=assumed.action,
                resource=assumed.resource,
                moment=self.clock.now(),
            )
            if words is not None:
                raise Refused(NO_PERMISSIONS, words, status=403)

    def is_running(self, execution: str) -> bool:
        record = self._service.find_execution(execution)
        return record is not None and record.status == "RUNNING"

    def tell_changes(self, tell: Callable[[Sequence[dict[str, Any]]], None]) -> None:
        self._service.status_sinks.append(tell)

    def buckets_folder(self) -> Path | None:
        buckets = self._service.buckets
        return buckets.folder if isinstance(buckets, FolderBuckets) else None

    def etag(self, bucket: str, key: str) -> str:
        buckets = self._service.buckets
        try:
            return buckets.etag(bucket, buckets.head(bucket, key)).strip('"')
        except BucketFault:
            return ""

    def knows(self, arn: str) -> bool:
        if ":function:" in arn:
            return self._function(arn) is not None or self._service.registry.aws is not None
        try:
            self._service.choose_state_machine(arn)
        except SfnbError:
            return False
        return True


class _Told:
    """Takes what a call comes to; fulfils the port `Report`."""

    def __init__(self, on_output: Callable[[str], None]) -> None:
        self.answered: SimpleQueue[Payload | Refused] = SimpleQueue()
        self._on_output = on_output

    def succeeded(self, answer: Payload) -> None:
        self.answered.put(answer)

    def failed(self, error: str, message: str, trace: Sequence[str]) -> None:
        self.answered.put(Refused("FunctionError", f"{error}: {message}", again=True))

    def refused(self, error: str, cause: str | None) -> None:
        self.answered.put(Refused("FunctionError", f"{error}: {cause or ''}", again=True))

    def heartbeat(self) -> None:
        """Nobody waits for one."""

    def printed(self, text: str) -> None:
        self._on_output(text)


@contextmanager
def _refusing() -> Iterator[None]:
    """Tells what the service refuses as a trigger's refusal, by the name of AWS's error."""
    try:
        yield
    except (Refused, StoreFault):
        raise
    except ServiceClosed as fault:
        raise Refused("ServiceClosed", str(fault), again=True) from None
    except SfnbError as fault:
        raise Refused(type(fault).__name__, str(fault)) from None


def _write(text: str) -> None:
    sys.stdout.write(text)
    sys.stdout.flush()
