"""Executions that tasks of other executions start, and wait for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sfnb.asl.validation import invalid_input
from sfnb.engine.clock import Clock
from sfnb.engine.facts import ExecutionPlanned
from sfnb.engine.sleepers import Sleepers
from sfnb.service.executions import NOT_SYNCHRONOUS, Executions
from sfnb.service.names import given_name
from sfnb.service.records import Live, StateMachineRecord
from sfnb.service.refusals import InvalidExecutionInput, StateMachineTypeNotSupported
from sfnb.values import Payload


class Nesting(Executions):
    """Starts executions for tasks; fulfils the port `Executions`."""

    def begin_execution(
        self,
        machine_arn: str,
        input: str,
        *,
        name: str | None,
        token: str,
        clock: Clock,
        sleepers: Sleepers,
        on_output: Callable[[str], None],
        synchronous: bool = False,
    ) -> tuple[str, datetime]:
        """Start an execution for a task of another one; answers with its ARN and when it started.

        input: JSON text. clock, sleepers: of the execution that asks; the new one is on the same clock.
        token: the same when the task is repeated, as after a crash: what it has started is not started
            twice, unless it is EXPRESS.
        synchronous: for StartSyncExecution, which raises StateMachineTypeNotSupported for a STANDARD machine.
        Raises InvalidArn, StateMachineDoesNotExist, InvalidExecutionInput and what `start_execution` raises.
        """
        chosen = self.choose_state_machine(machine_arn)
        machine = chosen.machine
        if synchronous and machine.type != "EXPRESS":
            raise StateMachineTypeNotSupported(NOT_SYNCHRONOUS)
        try:
            payload = Payload.of_text(input)
        except ValueError:
            raise InvalidExecutionInput(invalid_input(input)) from None
        live = self._started_by(token, machine, name) or self.start_execution(
            machine,
            payload,
            name=token if name is None else given_name(name),
            clock=clock,
            sleepers=sleepers,
            on_output=on_output,
            starter=token,
            qualifiers=chosen.qualifiers,
        )
        return live.arn, self.describe_execution(live.arn).start_date

    def _started_by(self, token: str, machine: StateMachineRecord, name: str | None) -> Live | None:
        """What this very call has started before."""
        if machine.type != "STANDARD":
            return None
        arn = self._execution_arn(machine, name or token)
        plan = next(self.store_of(machine).read(arn, after=1), None)
        if isinstance(plan, ExecutionPlanned) and (name is None or plan.starter == token):
            return self.execution(arn)
        return None

    def when_ended(self, arn: str, tell: Callable[[], None]) -> None:
        """Call `tell()` when the execution ends, on the engine's thread; at once if it has."""
        live = self.execution(arn)
        if live.last is None:
            live = self._live.setdefault(arn, live)  # it has to be the same one when it is taken up
        live.when_ended(tell)

    def abort_execution(self, arn: str) -> None:
        """End an execution that has taken its first turn as ABORTED, now; on the engine's thread only."""
        run = self.execution(arn).run
        if run is not None:
            run.guard(run.stop)
