"""TestState: one state tried alone, without an execution that anybody finds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfnb.asl.commands import InvokeTask
from sfnb.asl.machine import Definition, walk
from sfnb.asl.source import of_value
from sfnb.asl.state import State
from sfnb.asl.validation import invalid_input
from sfnb.engine.clock import new_name
from sfnb.service.continuing import Continuing
from sfnb.service.records import Live, Settings, StateMachineRecord
from sfnb.service.refusals import InvalidExecutionInput
from sfnb.stores.memory import MemoryStore
from sfnb.trial.refusals import ValidationException
from sfnb.values import EMPTY_OBJECT, Payload

if TYPE_CHECKING:
    from sfnb.integrations.http_exchange import Exchange
    from sfnb.mocks import Mocks
    from sfnb.trial.request import StateTestRequest
    from sfnb.trial.tested import Bench


class Trials(Continuing):
    """Tries states, and machines with the mocks of a file."""

    mock_file: Path | None

    def test_state(self, request: StateTestRequest) -> dict[str, Any]:
        """Try one state on an input, and answer as AWS's TestState does; nothing is kept.

        Where there is no mock, a task's call is made. A Wait is not waited for.
        Raises ValidationException, InvalidDefinition, InvalidExecutionInput.
        """
        from sfnb.trial.api import LONGEST, answer

        try:
            payload = Payload.of_text("{}" if request.input is None else request.input)
        except ValueError:
            raise InvalidExecutionInput(invalid_input(request.input or "")) from None
        return answer(request, payload, self.bench(role_arn=request.role_arn, longest=LONGEST))

    def mock_case(self, machine: StateMachineRecord, case: str) -> Mocks:
        """The mocks of a test case of the mock file, which is read anew each time.

        Raises ValidationException where there is no such file or case, or where it is wrong.
        """
        from sfnb.mocks import InvalidMock, mocks_of, read_mock_file

        if self.mock_file is None:
            raise ValidationException(f"There is no mock file to take the test case '{case}' from")
        tasks = [state.name for state in walk(machine.definition) if state.type == "Task"]
        try:
            plans = read_mock_file(self.mock_file).case(machine.name, case)
            return mocks_of(plans, machine.source.tree or {}, tasks)
        except (InvalidMock, OSError) as fault:
            raise ValidationException(f"The mock file {self.mock_file} cannot be used: {fault}") from None

    def bench(
        self,
        machine: StateMachineRecord | None = None,
        *,
        mocks: Mocks | None = None,
        on_output: Callable[[str], None] | None = None,
        **options: Any,
    ) -> Bench:
        """What a state of `machine`, or one that no machine has, is tried on; options of the `Bench`."""
        from sfnb.trial.calls import call_for
        from sfnb.trial.tested import Bench

        exchanges: list[Exchange] = []

        def call(state: State, command: InvokeTask) -> Payload:
            return call_for(
                state, command, lambda alone: self._run_once(alone, machine, mocks, on_output, exchanges)
            )

        return Bench(
            account=self.account,
            region=self.region,
            moment=self.clock().now(),
            call=call,
            exchanges=exchanges,
            **{"limits": self.limits, **options},
        )

    def _run_once(
        self,
        definition: Definition,
        machine: StateMachineRecord | None,
        mocks: Mocks | None,
        on_output: Callable[[str], None] | None,
        exchanges: list[Exchange],
    ) -> None:
        """Run a definition to its end, as an EXPRESS execution that nobody finds afterwards.

        exchanges: receives what an HTTP Task says and hears.
        """
        name = new_name()
        record = StateMachineRecord(
            arn=self._arn("stateMachine", "TestState") if machine is None else machine.arn,
            name="TestState" if machine is None else machine.name,
            named=False,
            type="EXPRESS",
            settings=Settings(role_arn="") if machine is None else machine.settings,
            source=of_value({}),
            definition=definition,
            warnings=(),
            creation_date=self.clock().now(),
        )
        live = Live(self._execution_arn(record, name), name, record, MemoryStore())
        limits, plan = self.limits.of_type("EXPRESS"), {"compat": "aws"}
        run = live.run = self._run(live, record, self.clock(), limits, plan, mocks=mocks, on_output=on_output)
        self.registry.exchanges[live.arn] = exchanges
        run.accept(EMPTY_OBJECT)
        self.engine.post(run.guard, run.start, EMPTY_OBJECT)
        try:
            while not live.wait(0.1):
                """A wait without an end could not be interrupted."""
        except BaseException:
            self.engine.post(run.guard, run.stop)
            raise
        finally:
            self.registry.exchanges.pop(live.arn, None)
