"""The world that `sfnb serve` makes: boto3 speaks to a process of sfnb, which calls moto and a small Lambda.

Time is real here. Cases run side by side, each group with an sfnb of its own; one group has those that need
other services, for moto is one for all.
"""

from __future__ import annotations

import json
import re
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from .cloud import Cloud
from .lambda_server import LambdaServer
from .lambdas import Handler
from .loader import Case
from .report import Score, score
from .runner import ACCOUNT, REGION
from .servers import CREDENTIALS, Moto, Process, sfnb

PATIENCE_SECONDS = 90
"""After which an execution is taken to hang."""
DELIVERY_SECONDS = 5.0
"""How long is waited for what comes by way of a queue or a log group."""


class Stack:
    """An sfnb with the functions it calls."""

    def __init__(self, moto: Moto) -> None:
        self.moto = moto
        self.lambdas = LambdaServer(account=ACCOUNT, region=REGION)
        self._sfnb: Process = sfnb(aws_url=moto.url, lambda_url=self.lambdas.url)
        self.client = _client("stepfunctions", self._sfnb.url)

    def clear(self) -> None:
        """Take away what a case has left."""
        self.lambdas.functions.clear()
        for machine in self.client.list_state_machines()["stateMachines"]:
            self._stop_executions(machine["stateMachineArn"])
            self.client.delete_state_machine(stateMachineArn=machine["stateMachineArn"])
        for activity in self.client.list_activities()["activities"]:
            self.client.delete_activity(activityArn=activity["activityArn"])

    def close(self) -> None:
        self._sfnb.close()
        self.lambdas.close()

    def _stop_executions(self, machine_arn: str) -> None:
        if self._is_express(machine_arn):
            return
        running = self.client.list_executions(stateMachineArn=machine_arn, statusFilter="RUNNING")
        for execution in running["executions"]:
            self.client.stop_execution(executionArn=execution["executionArn"])

    def _is_express(self, machine_arn: str) -> bool:
        kind: str = self.client.describe_state_machine(stateMachineArn=machine_arn)["type"]
        return kind == "EXPRESS"


def _client(service: str, url: str) -> Any:
    import boto3
    from botocore.config import Config

    config = Config(inject_host_prefix=False, retries={"total_max_attempts": 1}, read_timeout=75)
    return boto3.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    ).client(service, endpoint_url=url, config=config)


class ServedWorld:
    """One case's part of a stack. mark: ends the names made up for it, other than those of other cases."""

    def __init__(self, case: Case, stack: Stack, mark: str) -> None:
        self.mark = mark
        self.api: Any = ServedApi(stack.client)
        self._case = case
        self._stack = stack
        self._cloud = MotoCloud(stack.moto)

    def define_lambda(self, name: str, handler: Handler) -> None:
        self._stack.lambdas.functions[name] = handler

    def make(self, service: str, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        return self._cloud.make(service, operation, params)

    def collect(self, key: str) -> Any:
        if key == "logged_execution_events":
            return self._cloud.logged(count=len(self._case.expected[key]))
        if key == "end_event":
            return (self._cloud.logged(count=4) or [None])[-1]
        if key == "list-state-machines-page-1":
            return self.api.list_state_machines(maxResults=10)["stateMachines"]
        if key == "list-state-machines-page-2":
            token = self.api.list_state_machines(maxResults=10)["nextToken"]
            return self.api.list_state_machines(maxResults=3, nextToken=token)["stateMachines"]
        if key in ("messages", "stepfunctions_events"):
            self._cloud.receive(count=len(self._case.expected[key]))
        return self._cloud.collect(key)

    def task_token(self) -> str:
        return self._cloud.task_token()

    def wait(self, execution_arn: str) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        pause = 0.01
        while time.monotonic() < until:
            if self.api.describe_execution(executionArn=execution_arn)["status"] != "RUNNING":
                return
            time.sleep(pause)
            pause = min(0.2, pause * 1.5)
        raise TimeoutError(f"{execution_arn} has not ended after {PATIENCE_SECONDS} seconds")

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)

    def now(self) -> datetime:
        return datetime.now(UTC)

    def close(self) -> None:
        self._cloud.close()
        self._stack.clear()


class Refused(Exception):
    """A call that was refused: `response` is botocore's, None where botocore itself refused."""

    def __init__(self, code: str, message: str, response: Mapping[str, Any] | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.response = response


@contextmanager
def refusals() -> Iterator[None]:
    from botocore.exceptions import ClientError, ParamValidationError

    try:
        yield
    except ClientError as fault:
        error = fault.response["Error"]
        raise Refused(error["Code"], error["Message"], dict(fault.response)) from None
    except ParamValidationError as fault:
        raise Refused("ParamValidationError", str(fault)) from None


class ServedApi:
    """boto3's client, whose refusals are as the runner expects them."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        def call(**params: Any) -> dict[str, Any]:
            with refusals():
                answer: dict[str, Any] = getattr(self._client, operation)(**params)
                return answer

        return call


class MotoCloud(Cloud):
    """The other services, behind moto's port."""

    def __init__(self, moto: Moto) -> None:
        super().__init__()
        self._moto = moto
        self._received: list[Any] = []
        self._clients: dict[Any, Any] = {}

    def client(self, service: str, *, region: str = REGION, role_arn: str | None = None) -> Any:
        if service not in self._clients:
            self._clients[service] = self.corrected(_client(service, self._moto.url))
        return self._clients[service]

    def task_token(self) -> str:
        """Of the first message that holds one."""
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            self.receive(count=1)
            found = re.search(r'TaskToken\W+([^"\\]+)', json.dumps(self._received))
            if found is not None:
                return found[1]
        raise TimeoutError(f"no task token came in {PATIENCE_SECONDS} seconds")

    def receive(self, *, count: int) -> None:
        """Wait until the queue has handed out `count` messages."""
        until = time.monotonic() + DELIVERY_SECONDS
        while len(self._received) < count and time.monotonic() < until:
            self._received += self.messages()
            time.sleep(0.05)

    def received(self) -> list[Any]:
        return self._received

    def logged(self, *, count: int) -> list[Any]:
        """The log records of each execution in their order; waits until there are `count`."""
        group = self.made("CreateLogGroup")["logGroupName"]
        client: Any = self.client("logs")
        until = time.monotonic() + DELIVERY_SECONDS
        records: list[Any] = []
        while len(records) < count and time.monotonic() < until:
            events = client.filter_log_events(logGroupName=group).get("events", [])
            records = [json.loads(event["message"]) for event in events]
            time.sleep(0.05)
        arns = list(dict.fromkeys(record["execution_arn"] for record in records))
        return sorted(records, key=lambda record: (arns.index(record["execution_arn"]), int(record["id"])))

    def close(self) -> None:
        if self._made:
            self._moto.reset()


def needs_moto(case: Case) -> bool:
    return bool(case.resources) or not set(case.needs) <= {"lambda"}


def run_served(cases: Sequence[Case], groups: int = 4) -> list[Score]:
    """Run every case, `groups` at a time; the scores are in the order of the cases."""
    moto = Moto()
    todo = deque(index for index, case in enumerate(cases) if not needs_moto(case))
    first = deque(index for index, case in enumerate(cases) if needs_moto(case))
    scores: dict[int, Score] = {}
    try:
        with ThreadPoolExecutor(groups) as pool:
            own = (first, *(deque[int]() for _ in range(groups - 1)))
            for group in [pool.submit(_run_group, cases, mine, todo, moto, scores) for mine in own]:
                group.result()
    finally:
        moto.close()
    return [scores[index] for index in range(len(cases))]


def _run_group(
    cases: Sequence[Case], own: deque[int], shared: deque[int], moto: Moto, scores: dict[int, Score]
) -> None:
    stack = Stack(moto)
    try:
        while own or shared:
            try:
                index = (own or shared).popleft()
            except IndexError:  # another group was faster
                return
            mark = f"_{index:03d}"
            scores[index] = score(cases[index], lambda case, mark=mark: ServedWorld(case, stack, mark))  # type: ignore[misc]
    finally:
        stack.close()
