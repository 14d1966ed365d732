"""Step Functions in this process: joins a store, an executor, a clock and the functions that stand
for Resources. Its methods carry the names of the AWS API actions.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sfnb.deliveries.logs import CloudWatch, LogSink, PythonLog
from sfnb.deliveries.status_changes import EventBridge
from sfnb.deliveries.worker import Worker
from sfnb.engine.clock import Clock, RealClock, new_name
from sfnb.engine.limits import AWS_LIMITS, Limits
from sfnb.engine.loop import Engine
from sfnb.engine.ports import TRIGGER, AwsSession, EventStore, Executor
from sfnb.executors import EXECUTORS
from sfnb.items.buckets import Buckets
from sfnb.items.folder import FolderBuckets
from sfnb.items.s3 import S3Buckets
from sfnb.map_runs import MapRuns
from sfnb.registry import Registry
from sfnb.service.callbacks import Callbacks
from sfnb.service.itself import Itself
from sfnb.service.nesting import Nesting
from sfnb.service.starting import Starting
from sfnb.service.trials import Trials
from sfnb.stores.memory import MemoryStore

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers
    from sfnb.triggers.kinds import Adopted

BUCKETS = "buckets"
"""The folder that stands for S3 unless another is given; it need not exist."""


class StepFunctions(Trials, Nesting, Callbacks):
    """State machines and their executions.

    store: where the logs of executions go, in memory by default. scratch: where those go whose machines have
        been given no name; `store` unless told.
    clock: makes each execution's clock.
    aws: the way to AWS for tasks that no Python function stands for; None: there is none.
    buckets: what `s3://` means to a Distributed Map; the folder `buckets` where the process runs.
    mock_file: where the test cases are that `STATE-MACHINE-ARN#CASE` starts with.
    log_sinks: where log records go besides the logger `sfnb.executions`.
    limits: AWS's own, unless lifted. names: makes the name of an execution that is given none.
    """

    def __init__(
        self,
        *,
        account: str = "123456789012",
        region: str = "us-east-1",
        store: EventStore | None = None,
        scratch: EventStore | None = None,
        executor: Executor | None = None,
        clock: Callable[[], Clock] = RealClock,
        limits: Limits = AWS_LIMITS,
        names: Callable[[], str] = new_name,
        aws: AwsSession | None = None,
        buckets: Buckets | None = None,
        mock_file: Path | None = None,
        log_sinks: Sequence[LogSink] = (),
    ) -> None:
        super().__init__()
        self.account = account
        self.region = region
        self.store: EventStore = store or MemoryStore()
        self.scratch = scratch
        self.engine = Engine()
        self.executor: Executor = executor or EXECUTORS["threads"](loop=lambda: self.engine.loop)
        self.clock = clock
        self.limits = limits
        self.names = names
        self.registry = Registry(aws=aws, executions=self)
        self.registry.tokens.awaited_elsewhere = self.leaves_open
        if importlib.util.find_spec("boto3") is not None:
            self.registry.step_functions = Itself(self)
        self.buckets: Buckets = buckets or FolderBuckets(BUCKETS)
        self.map_runs = MapRuns(self._stores)
        self.mock_file = mock_file
        self.log_sinks = [PythonLog(), *log_sinks]
        self.status_sinks = []
        self.worker = Worker("sfnb deliveries")
        self.world = Starting(self)
        self._triggering = threading.Lock()
        self._triggers: Triggers | None = None
        self.runs_triggers = True
        """Whether triggers of an earlier process are taken up; not by one that does one thing and ends."""
        self.taken_up: list[Adopted] = []
        """Triggers of an earlier process that run in this one, for whoever tells the user."""

    @property
    def triggers(self) -> Triggers:
        """What starts executions of its machines; made when it is first asked for."""
        from sfnb.triggers import TRIGGERS
        from sfnb.triggers.held import Triggers

        with self._triggering:
            if self._triggers is None:
                self._triggers = Triggers(self.world, TRIGGERS)
            return self._triggers

    @property
    def has_triggers(self) -> bool:
        """Whether somebody has asked for them."""
        return self._triggers is not None

    def take_up_triggers(self, arn: str) -> None:
        """Something is there to be started: run what starts it and nobody runs. See `taken_up`."""
        if not self.runs_triggers:
            return
        if self._triggers is None and not any(map(self.store.resources, (TRIGGER, "delivery"))):
            return
        self.taken_up += self.triggers.adopt([arn])

    def take_up_left(self) -> None:
        """Run what another process ran that has ended meanwhile; quick where there is none."""
        is_open = getattr(self.store, "is_open", True)  # a file that nobody has opened yet stays closed
        if self._closed or not (self.runs_triggers and self.store.durable and is_open):
            return
        if self._triggers is not None or any(self.store.resources(TRIGGER)):
            self.taken_up += self.triggers.adopt_left()

    def connect(self, aws: AwsSession) -> None:
        """From now on tasks that no function stands for call AWS, buckets are S3's, and log records go to the
        log groups that machines name.
        """
        self.registry.aws = aws
        self.buckets = S3Buckets(connect=lambda: aws.client("s3", region=self.region))
        self.log_sinks = [sink for sink in self.log_sinks if not isinstance(sink, CloudWatch)]
        self.log_sinks.append(CloudWatch(lambda: aws.client("logs", region=self.region)))

    def disconnect(self) -> None:
        """From now on nothing goes to AWS, and buckets are those of the folder `buckets`."""
        self.registry.aws = None
        self.buckets = FolderBuckets(BUCKETS)
        self.log_sinks = [sink for sink in self.log_sinks if not isinstance(sink, CloudWatch)]

    def announce(self, aws: AwsSession) -> None:
        """From now on EventBridge's default bus is told of each change of a STANDARD execution's status."""
        self.status_sinks.append(EventBridge(lambda: aws.client("events", region=self.region)).put)

    def close(self) -> None:
        """Let everything go: threads, files, locks; may be called again.

        What is running is stopped, unless its log outlives the process: then it can be taken up again.
        """
        if self._closed:
            return
        self.world.close()  # before the triggers: a request could make one
        if self._triggers is not None:
            self._triggers.close()
        for live in self._close_starts():
            run = live.run
            if run is not None and live.store.durable:
                self.engine.post(run.let_go)
                live.wait()
            elif run is not None:
                self.stop_execution(live.arn)
                live.wait()
        self.executor.close()
        self.engine.close()
        self.worker.close()
        for store in self._stores():
            store.close()
