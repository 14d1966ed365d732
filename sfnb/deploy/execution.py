"""An execution that runs, or ran, elsewhere: its history fetched, and shown as one of our own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from sfnb.deploy.clients import call, pages
from sfnb.engine import events as ev
from sfnb.engine.execution import ExecutionState, fold_execution
from sfnb.engine.facts import ExecutionPlanned
from sfnb.engine.history_facts import told
from sfnb.engine.history_read import read_history
from sfnb.engine.ports import EventStore
from sfnb.engine.redrive import described
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.service import Live, StateMachineRecord, StepFunctions
from sfnb.stores.memory import MemoryStore

if TYPE_CHECKING:
    from sfnb.going_on import Definition
    from sfnb.mocks.answers import Given
    from sfnb.service.continuing import OnLost

FIRST_SECONDS, LONGEST_SECONDS = 0.1, 2.0
"""How long is waited between two questions, at first and at most."""
LATE_SECONDS = 10.0
"""How much later than the end of an execution its history may tell of it."""


class AwsExecution(Execution):
    """An execution on AWS, with the tables and pictures of one that ran here.

    Get one from `machine.on_aws().run(...)` or `sfnb.pull(arn)`. Its history is fetched when it is looked at,
    and again, no sooner than a second later, as long as it runs. `stop` and `redrive` are done there; `fork`
    and `replay` run here.
    """

    def __init__(
        self, service: StepFunctions, client: Any, arn: str, machine: StateMachineRecord, *, name: str
    ) -> None:
        super().__init__(service, Live(arn, name, machine, MemoryStore()))
        self._client = client
        self._fetched_at: float | None = None

    # The log

    def fetch(self) -> None:
        """Ask for its history anew; raises Refused."""
        entries = pages(
            self._client, "get_execution_history", "events", executionArn=self.arn, includeExecutionData=True
        )
        definition = self._live.machine.definition
        self._keep(list(told(read_history(entries, definition), definition)))

    def _keep(self, log: list[ev.Event]) -> None:
        first, *rest = log
        store = self._live.store
        store.forget(self.arn)
        store.append(self.arn, [first, self._plan(first, store), *rest], after=0)
        self._fetched_at = time.monotonic()
        assert isinstance(first, ev.ExecutionStarted)
        self._live.first = first
        self._live.refresh()

    def _plan(self, first: ev.Event, store: EventStore) -> ev.Event:
        """What its history does not say, as far as it is known."""
        machine = self._live.machine
        return ExecutionPlanned(
            id=0,
            previous_event_id=1,
            timestamp=first.timestamp,
            execution=self.name,
            machine=machine.arn,
            machine_name=machine.name,
            kind=machine.type,
            definition=store.keep_definition(machine.source.resolved_text),
            seed=self.name,
        )

    def _look(self) -> None:
        """Fetch what has not been fetched, or not for a second while it runs."""
        known = self._fetched_at
        if known is None or (self._live.last is None and time.monotonic() - known >= 1):
            self.fetch()

    def _read_log(self) -> list[ev.Event]:
        self._look()
        return list(self._live.store.read(self.arn))

    @property
    def _grows(self) -> bool:
        self._look()
        return self._live.last is None

    def describe(self) -> ExecutionState:
        """Everything at once, as DescribeExecution has it."""
        self._look()
        state = fold_execution(self._live.store.read(self.arn))
        return described(state, self.record, self._service.clock().now())

    @property
    def interrupted(self) -> bool:
        """Nobody here goes on with it."""
        return False

    def glance(self) -> Execution:
        return self

    # Its course

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the end, asking now and then; False if it has not come after `timeout_seconds`."""
        until = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        pause = FIRST_SECONDS
        while self._live.last is None:
            if self._status_there() != "RUNNING":
                self._fetch_end()
                break
            left = pause if until is None else min(pause, until - time.monotonic())
            if left <= 0:
                return False
            time.sleep(left)
            pause = min(pause * 1.5, LONGEST_SECONDS)
        return True

    def _status_there(self) -> str:
        status: str = call(self._client, "describe_execution", executionArn=self.arn)["status"]
        return "RUNNING" if status == "PENDING_REDRIVE" else status

    def _fetch_end(self) -> None:
        """Its history may tell of the end a little later than its description."""
        until = time.monotonic() + LATE_SECONDS
        self.fetch()
        while self._live.last is None:
            if time.monotonic() >= until:
                raise SfnbError(f"{self.name} has ended, and its history does not say how yet: ask again")
            time.sleep(FIRST_SECONDS)
            self.fetch()

    def follow(self, printed: SimpleQueue[str]) -> None:
        """Wait for the end; a KeyboardInterrupt stops it (ABORTED) before it goes on its way."""
        try:
            self.wait()
        except KeyboardInterrupt:
            self.stop()
            self.wait()
            raise

    def stop(self, *, error: str | None = None, cause: str | None = None) -> None:
        """End it there, as ABORTED."""
        call(self._client, "stop_execution", executionArn=self.arn, error=error, cause=cause)

    def redrive(
        self,
        definition: Definition = None,
        *,
        mock: Given | None = None,
        skip_waits: bool = False,
        wait: bool = True,
        on_output: Callable[[str], None] | None = None,
    ) -> Execution:
        """Go on there with what failed, was aborted or timed out; wait for the end, unless told not to.

        Raises Refused; SfnbError for another definition, mocks or skipped waits, of which AWS knows nothing.
        """
        if definition is not None or mock is not None or skip_waits:
            raise SfnbError("AWS redrives with its own definition and real calls: fork(...) goes on here")
        call(self._client, "redrive_execution", executionArn=self.arn)
        live = self._live
        self._live = Live(live.arn, live.name, live.machine, MemoryStore())
        self._live.rounds = live.rounds + 1
        self._fetched_at = None
        if wait:
            self.wait()
        return self

    def resume(self, *, on_lost: OnLost = "repeat", mock: Any = None, on_output: Any = None) -> Execution:
        """Nothing to do: AWS goes on by itself. Waits for the end."""
        self.wait()
        return self

    # Here

    def fork(
        self,
        state: str | None = None,
        input: object = None,
        *,
        event: int | None = None,
        definition: Definition = None,
        name: str | None = None,
        mock: Given | None = None,
        skip_waits: bool = False,
        wait: bool = True,
        on_output: Callable[[str], None] | None = None,
    ) -> Execution:
        """A new execution that goes on here from the middle of this one; see `Execution.fork`."""
        from sfnb.machine import StateMachine

        own = StateMachine(self._service, self._live.machine)
        with self._borrowed() as execution:
            return execution.fork(
                state,
                input,
                event=event,
                definition=own if definition is None else definition,
                name=name,
                mock=mock,
                skip_waits=skip_waits,
                wait=wait,
                on_output=on_output,
            )

    @contextmanager
    def _borrowed(self) -> Iterator[Execution]:
        """Its log in the service's own store for a while: if it were kept, one that runs would be resumed."""
        self._look()
        machine = self._live.machine
        store = self._service.store_of(machine)
        first, _, *rest = self._live.store.read(self.arn)
        store.append(self.arn, [first, self._plan(first, store), *rest], after=0)
        try:
            yield Execution(self._service, Live(self.arn, self.name, machine, store))
        finally:
            store.forget(self.arn)

    def replay(self, definition: Definition = None, **options: Any) -> Execution:
        """Run it again here, on its input: each task is answered as it was answered there.

        definition: instead of its own, as one that is being mended. options: as for `machine.run`; waits are
        skipped unless told. What the recording has no answer for is called.
        """
        from sfnb.deploy.recorded import recorded_answers
        from sfnb.going_on import machine_for
        from sfnb.machine import StateMachine

        record = machine_for(self._live.machine, definition) or self._live.machine
        answers = recorded_answers(self.log)
        known = set(StateMachine(self._service, record).states)
        mock = {state: plan for state, plan in answers.items() if state in known}
        given = {"skip_waits": True, "mock": mock | options.pop("mock", {})} | options
        return StateMachine(self._service, record).run(self.input, **given)


class SyncExecution(AwsExecution):
    """An EXPRESS execution that was waited for: of what happened inside, AWS tells nothing."""

    def __init__(
        self,
        service: StepFunctions,
        client: Any,
        machine: StateMachineRecord,
        answer: dict[str, Any],
        input: str,
    ) -> None:
        """answer: of StartSyncExecution."""
        super().__init__(service, client, answer["executionArn"], machine, name=answer["name"])
        started = ev.ExecutionStarted(id=1, previous_event_id=0, timestamp=answer["startDate"], input=input)
        self._keep([started, _end_of(answer)])


def _end_of(answer: dict[str, Any]) -> ev.Event:
    """What StartSyncExecution tells of the end, as the event it was."""
    if answer["status"] == "SUCCEEDED":
        output = answer.get("output", "null")
        return ev.ExecutionSucceeded(id=2, previous_event_id=0, timestamp=answer["stopDate"], output=output)
    kind = ev.ExecutionFailed if answer["status"] == "FAILED" else ev.ExecutionTimedOut
    return kind(
        id=2,
        previous_event_id=0,
        timestamp=answer["stopDate"],
        error=answer.get("error"),
        cause=answer.get("cause"),
    )
