"""What triggers reach: executions to start, functions to call, roles to ask; see `triggers.ports.World`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
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
from sfnb.triggers.targets import with_client
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.server.serve import Place, Server
    from sfnb.service.step_functions import StepFunctions

NO_AWS = (
    "no AWS is in use: sfnb.use_aws('local') takes one in this process, sfnb.use_aws() the account"
    " of your credentials"
)
NO_PERMISSIONS = "NO_PERMISSIONS"
LOOK_SECONDS = 0.5
"""How often whoever waits for a function looks whether the service is closed."""
SETTLING_SECONDS = 5.0
"""How long an execution may take whose clock jumps; after that it is taken to wait for somebody."""


class Starting:
    """The world around the triggers of a service."""

    def __init__(self, service: StepFunctions) -> None:
        self._service = service
        self.clock: Clock = RealClock()
        self.on_output: Callable[[str], None] = _write
        self.place: Place | None = None
        """Where a server is going to listen: while it is declared, none begins anywhere else."""
        self._servers: list[Server] = []
        self._serving = threading.RLock()
        self._closed = False

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
        return self._service.start_execution(
            chosen.machine,
            start.input,
            name=start.name,
            qualifiers=chosen.qualifiers,
            trace_header=start.trace_header,
            **self._manner(start.trigger),
        )

    def _manner(self, trigger: str | None) -> dict[str, Any]:
        """What all executions have in common that triggers start: options of `start_execution`."""
        clock = self.clock
        return {
            "clock": JumpClock(clock.now(), frozen=clock.frozen) if clock.jumps else None,
            "starter": trigger,
            "on_output": self.on_output,
        }

    def ask(
        self, action: str, parameters: Mapping[str, Any], *, trigger: str | None = None
    ) -> dict[str, Any]:
        """What begins goes by AWS's rules for the API, and else as other executions that triggers start."""
        from sfnb.server.actions import ACTIONS, STARTING_ACTIONS
        from sfnb.server.checks import read

        with _refusing():
            given = read(action, dict(parameters))
            if action in STARTING_ACTIONS:
                return STARTING_ACTIONS[action](self._service, given, self._manner(trigger))
            return ACTIONS[action](self._service, given)

    def serve(self, port: int | None = None) -> str:
        from sfnb.server.serve import serve_somewhere

        with self._serving:
            self._check_open()
            return self.served() or serve_somewhere(self._service, port).url

    def served(self) -> str | None:
        listening = self.server or self.place
        return None if listening is None else listening.url

    @property
    def server(self) -> Server | None:
        """The one that listens, if one does."""
        with suppress(IndexError):
            return self._servers[0]
        return None

    @property
    def asks_for_keys(self) -> bool:
        settings = [each.settings for each in self._servers]
        if self.place is not None:
            settings.append(self.place.settings)
        return any(each.keys is not None for each in settings)

    def serve_by(self, server: Server, *, instead: bool) -> None:
        """This one listens, too. instead: it is the one to name. Raises ServiceClosed."""
        with self._serving:
            self._check_open()
            self._servers.insert(0 if instead else len(self._servers), server)

    def serve_no_more(self, server: Server) -> None:
        """It has stopped, or could not begin."""
        with self._serving, suppress(ValueError):
            self._servers.remove(server)

    def _check_open(self) -> None:
        if self._closed:
            raise ServiceClosed("this service is closed: nothing is served any more")

    def close(self) -> None:
        """Serve no more."""
        with self._serving:
            self._closed = True
            servers = list(self._servers)
        for server in servers:
            server.stop()

    def call(self, arn: str, payload: Payload) -> Payload:
        """A Python function of that name comes before the Lambda function."""
        function = self._function(arn)
        if function is not None:
            return self._call(arn, function, payload)
        reply = with_client(
            self, "lambda", lambda client: client.invoke(FunctionName=arn, Payload=payload.text)
        )
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
        answer = self._answer(told)
        if isinstance(answer, Refused):
            raise answer
        return answer

    def _answer(self, told: _Told) -> Payload | Refused:
        """What a call comes to, unless the service is closed meanwhile."""
        while True:
            with suppress(Empty):
                return told.answered.get(timeout=LOOK_SECONDS)
            if self._service.is_closed:
                return Refused("ServiceClosed", "the service was closed while the function ran", again=True)

    def _wake(self, moment: Any, wake: Callable[[], None]) -> Callable[[], None]:
        return self._service.triggers.timetable.at(moment, wake).cancel

    def client(self, service: str, region: str | None = None) -> Any:
        aws = self._service.registry.aws
        if aws is None:
            raise Refused("NO_AWS", NO_AWS)
        return aws.client(service, region=self.region, only=region)

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
        """On a clock that is turned by hand: whether it goes on longer than that clock has come."""
        record = self._service.find_execution(execution)
        if record is None or not self.clock.jumps:
            return record is not None and record.status == "RUNNING"
        live = self._service.execution(execution)
        if live.run is not None and not live.wait(SETTLING_SECONDS):
            return True
        stopped = self._service.describe_execution(execution).stop_date
        return stopped is None or stopped > self.clock.now()

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

    def has_function(self, arn: str) -> bool:
        return self._function(arn) is not None

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
