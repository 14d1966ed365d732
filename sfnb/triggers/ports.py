"""What triggers need of the rest: someone who starts executions, calls functions, and knows roles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

from sfnb.engine.clock import Clock
from sfnb.engine.ports import EventStore
from sfnb.errors import SfnbError
from sfnb.values import Payload


class Refused(SfnbError):
    """What a trigger wanted was not done.

    code: AWS's name for it. again: it may go well another time. status: of an HTTP answer that says so.
    """

    def __init__(self, code: str, message: str, *, again: bool = False, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.again = again
        self.status = status


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """A state machine is to be started.

    machine: its ARN, also that of a version or an alias. name: of the execution; where there is one of this
        name it is taken to be this one. trigger: what starts it, by its key.
    """

    machine: str
    input: Payload
    trigger: str
    name: str | None = None
    trace_header: str | None = None


class Started(NamedTuple):
    """An execution, by its ARN, and when it began."""

    arn: str
    moment: datetime


class Assumed(msgspec.Struct, frozen=True, kw_only=True):
    """A role is used. principal: who takes it on, `events.amazonaws.com`. source: for what, an ARN."""

    role: str
    principal: str
    source: str
    action: str
    resource: str


class World(Protocol):
    """What is around the triggers. From any thread."""

    @property
    def account(self) -> str: ...

    @property
    def region(self) -> str: ...

    @property
    def clock(self) -> Clock:
        """The one that schedules and pauses go by."""

    @property
    def store(self) -> EventStore:
        """Where triggers are kept, and what they have received."""

    def start(self, start: Start) -> Started:
        """Start an execution; returns once it can be lost no more. Raises Refused."""

    def run(self, start: Start) -> dict[str, Any]:
        """Run an EXPRESS execution to its end; answers as StartSyncExecution does. Raises Refused."""

    def ask(
        self, action: str, parameters: Mapping[str, Any], *, trigger: str | None = None
    ) -> dict[str, Any]:
        """Perform an action of Step Functions' API: "StartExecution". trigger: what asks, by its key.

        Raises Refused, StoreFault.
        """

    def serve(self, port: int | None = None) -> str:
        """The URL of the server of this process, which begins where there is none yet.

        port: that it is to have, if it is free. Raises SfnbError.
        """

    def served(self) -> str | None:
        """The URL of the server of this process; None where there is none."""

    @property
    def asks_for_keys(self) -> bool:
        """Whether only who has a key may ask the server of this process."""

    def call(self, arn: str, payload: Payload) -> Payload:
        """Call a Lambda function, or the Python function that stands for it. Raises Refused."""

    def client(self, service: str, region: str | None = None) -> Any:
        """A boto3 client of the AWS in use; raises Refused where there is none.

        region: where what it is for is; None: the one that the AWS in use is set to.
        """

    def check_role(self, assumed: Assumed) -> None:
        """Raises Refused where a role that is known does not allow it."""

    def is_running(self, execution: str) -> bool:
        """Whether an execution is under way."""

    def tell_changes(self, tell: Callable[[Sequence[dict[str, Any]]], None]) -> None:
        """From now on `tell` is given the details of each change of an execution's status."""

    def buckets_folder(self) -> Path | None:
        """The folder that stands for S3, with a folder in it for each bucket; None where S3 is S3."""

    def etag(self, bucket: str, key: str) -> str:
        """Of an object in that folder, without quotes; "" where it has gone."""

    def has_function(self, arn: str) -> bool:
        """Whether a Python function of this process stands for a Lambda function."""

    def knows(self, arn: str) -> bool:
        """Whether a machine or function is here to be started."""
