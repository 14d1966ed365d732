"""A state tried on one input: what goes in, and the result that a user holds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from sfnb.asl.state import State
from sfnb.engine.clock import new_name
from sfnb.engine.compat import CompatName
from sfnb.engine.limits import AWS_LIMITS, Limits
from sfnb.errors import StatesError
from sfnb.integrations.http_exchange import Exchange
from sfnb.trial.answers import Answers, Call
from sfnb.trial.context import Around, execution_of, scope_of
from sfnb.trial.inspection import http_data, inspection_data, response
from sfnb.trial.request import Level
from sfnb.trial.visit import Ending, ErrorDetails, Status, visit
from sfnb.trial.watch import Stage, Watch
from sfnb.values import Json, Payload

INSIDE_A_MAP = frozenset({"ItemProcessor", "Iterator"})


class Bench(msgspec.Struct, frozen=True, kw_only=True):
    """What a state is tried on: the machine it is taken to be part of, the time, and who makes its calls.

    machine_arn, machine_name: made up where None. role_arn: None where none was given.
    call: makes a task's call for real.
    longest: a wait beyond it is a time-out. exchanges: what an HTTP Task said and heard comes in there.
    """

    account: str
    region: str
    moment: datetime
    call: Call
    machine_arn: str | None = None
    machine_name: str | None = None
    role_arn: str | None = None
    longest: timedelta | None = None
    limits: Limits = AWS_LIMITS
    compat: CompatName = "aws"
    exchanges: list[Exchange] = []

    def execution(self, input: Json) -> dict[str, Json]:
        """Execution and StateMachine of the Context Object. AWS makes names up, and an Express ARN."""
        machine, name, place = self.machine_name or new_name(), new_name(), f"{self.region}:{self.account}"
        return execution_of(
            arn=f"arn:aws:states:{place}:express:{machine}:{name}",
            name=name,
            machine_arn=self.machine_arn or f"arn:aws:states:{place}:stateMachine:{machine}",
            machine_name=machine,
            role_arn=self.role_arn,
            input=input,
            start=self.moment,
        )


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """What a state is tried with.

    name: what the Context Object and messages call the state.
    context: the whole Context Object; None: one is made up.
    mock: the work's result or failure; None: the call is made.
    fields: the state as the definition has it, for a reader.
    """

    name: str
    input: Payload
    variables: dict[str, Json] = {}
    context: dict[str, Json] | None = None
    mock: Payload | StatesError | None = None
    retries: int = 0
    failures: int | None = None
    reader_data: str | None = None
    fields: dict[str, Json] = {}


def try_state(state: State, given: Given, bench: Bench) -> StateTest:
    """Run one state; raises ValidationException where what is given turns out not to fit it."""
    watch = Watch(payload_bytes=bench.limits.payload_bytes, compat=bench.compat)
    first: Json = {"Index": 0, "Value": given.input.value}
    inside = bool(INSIDE_A_MAP.intersection(state.place))
    around = Around(
        bench.execution(given.input.value), bench.moment, new_name(), {"Item": first} if inside else None
    )
    scope = scope_of(state, given.name, given.input, given.variables, around, given.context)
    answers = Answers(
        state,
        watch,
        bench.moment,
        mock=given.mock,
        call=bench.call,
        failures=given.failures,
        reader_data=given.reader_data,
        longest=bench.longest,
    )
    ending = visit(state, scope, watch, answers.perform, given.retries)
    return StateTest(state, given, watch, ending, exchanges=bench.exchanges)


class StateTest:
    """What one state made of one input. Get one from `machine.test_state`.

    Jupyter shows the data stage by stage, with what each stage changed.
    """

    def __init__(
        self,
        state: State,
        given: Given,
        watch: Watch,
        ending: Ending,
        level: Level = "TRACE",
        *,
        exchanges: Sequence[Exchange] = (),
        reveal_secrets: bool = False,
    ) -> None:
        self._state = state
        self._given = given
        self._watch = watch
        self._ending = ending
        self._level = level
        self._exchanges = exchanges
        self._reveal_secrets = reveal_secrets

    def at(self, level: Level, *, reveal_secrets: bool = False) -> StateTest:
        """The same at another level of inspection: INFO shows no stages, TRACE what an HTTP Task says and
        hears. reveal_secrets: also what its connection adds.
        """
        return StateTest(
            self._state,
            self._given,
            self._watch,
            self._ending,
            level,
            exchanges=self._exchanges,
            reveal_secrets=reveal_secrets,
        )

    @property
    def level(self) -> Level:
        """How much is shown."""
        return self._level

    @property
    def state(self) -> str:
        """The state's name."""
        return self._state.name

    @property
    def type(self) -> str:
        """The state's type."""
        return self._state.type

    @property
    def given(self) -> Given:
        """What it was tried with."""
        return self._given

    @property
    def status(self) -> Status:
        """SUCCEEDED, FAILED, RETRIABLE (a Retrier would try again) or CAUGHT_ERROR."""
        return self._ending.status

    @property
    def input(self) -> Any:
        return self._given.input.value

    @property
    def output(self) -> Any:
        """The state's output; None where there is none (`status` tells it from null)."""
        return None if self._ending.output is None else self._ending.output.value

    @property
    def next(self) -> str | None:
        """The state that would come next."""
        return self._ending.next

    @property
    def error(self) -> str | None:
        return self._ending.error

    @property
    def cause(self) -> str | None:
        return self._ending.cause

    @property
    def variables(self) -> dict[str, Any]:
        """All that were given and assigned, as they are after the state."""
        return {**self._given.variables, **self._ending.assigned}

    @property
    def assigned(self) -> dict[str, Any]:
        """Those that the state has set."""
        return dict(self._ending.assigned)

    @property
    def details(self) -> ErrorDetails:
        """Which Retrier and Catcher matched, and how long the pause would be."""
        return self._ending.details or ErrorDetails()

    @property
    def bounds(self) -> dict[str, float]:
        """A Map's maxConcurrency, toleratedFailureCount, toleratedFailurePercentage."""
        return dict(self._watch.bounds)

    @property
    def steps(self) -> list[Stage]:
        """Every stage of the data flow in order, those of absent fields included; [] at INFO."""
        return [] if self._level == "INFO" else list(self._watch.stages)

    @property
    def stages(self) -> dict[str, Any]:
        """What the data was after each field that the state has, and after its work ("Result"), in order."""
        return {step.field: step.payload.value for step in self.steps if step.given}

    @property
    def inspection(self) -> dict[str, Any] | None:
        """AWS's inspectionData; None at INFO."""
        if self._level == "INFO":
            return None
        given = self._given.input.text
        data = inspection_data(self._state, given, self._watch, self.variables, self._ending)
        if self._level == "TRACE" and self._exchanges:
            data |= http_data(self._exchanges[-1], reveal_secrets=self._reveal_secrets)
        return data

    def response(self) -> dict[str, Any]:
        """The whole as AWS's TestState answers it."""
        return response(self._ending, self.inspection)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.state_test_view import bundle

        return bundle(self)

    def __repr__(self) -> str:
        from sfnb.trial.story import text_of

        return text_of(self)
