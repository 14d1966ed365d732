"""A state machine in a user's hands: run it, draw it, give it tasks."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sfnb.asl import machine as asl
from sfnb.asl.source import Source
from sfnb.defined import Defined
from sfnb.engine.clock import Clock, JumpClock
from sfnb.engine.compat import CompatName
from sfnb.engine.limits import UNLIMITED
from sfnb.engine.records import ExecutionFilter
from sfnb.execution import Execution, gathered
from sfnb.given import keywords_told, names_a_file, payload_of, read_definition, register
from sfnb.service import MachineType, StepFunctions, usable_name

if TYPE_CHECKING:
    from sfnb.deploy.deploying import Deployed
    from sfnb.deploy.pulling import OnAws
    from sfnb.engine.log_records import Level
    from sfnb.mocks import Mocks
    from sfnb.mocks.answers import Given
    from sfnb.on import On, Trigger
    from sfnb.on.trying import Trial
    from sfnb.trial.friendly import Mock
    from sfnb.trial.tested import StateTest

MOST_EXECUTIONS = 1_000
_endings = re.compile(r"(\.asl)*(\.json|\.yaml|\.yml)?$")


def load_machine(
    service: StepFunctions,
    definition: str | bytes | dict[str, Any] | Path | Source,
    *,
    name: str | None = None,
    named: bool = True,
    unlimited: bool = False,
    type: MachineType = "STANDARD",
) -> StateMachine:
    """Check a definition and keep it in `service`; see `sfnb.load`.

    named: not where `name` stands for want of one.
    """
    if name is None and (
        isinstance(definition, Path) or (isinstance(definition, str) and names_a_file(definition))
    ):
        name = file_name(str(definition))
    source = (
        definition if isinstance(definition, Source) else read_definition(definition, unlimited=unlimited)
    )
    record = service.define_state_machine(source=source, name=name, named=named, type=type)
    if record.named:
        service.take_up_triggers(record.arn)
    return StateMachine(service, record)


def file_name(file: str) -> str:
    """What a machine is called that is in a file.

    >>> file_name("flows/orders.v2.asl.json")
    'orders.v2'
    """
    return usable_name(_endings.sub("", Path(file).name))


def _write(text: str) -> None:
    """What a tested task prints goes where the caller prints."""
    sys.stdout.write(text)


@keywords_told
class StateMachine(Defined):
    """A checked definition under a name, with the Python functions that stand for its Resources.

    Get one from `sfnb.load` or a `%%asl` cell.
    """

    def log(
        self,
        level: Level = "ALL",
        *,
        include_data: bool = True,
        file: str | Path | None = None,
        group: str | None = None,
    ) -> None:
        """Log what its executions do, from now on, as Step Functions does to CloudWatch.

        Records go to the logger `sfnb.executions`; to `file`, a line of JSON each; and to the log group where
        an AWS is in use.
        level: "ALL", "ERROR", "FATAL" or "OFF". include_data: with inputs and outputs.
        group: the log group's ARN; `/aws/vendedlogs/states/NAME` of this account unless given.
        """
        from sfnb.service.telling import logging_of

        self._record = logging_of(self._service, self._record, level, include_data, group, file)

    @property
    def tasks(self) -> dict[str, Callable[..., Any]]:
        """The functions of this machine alone, by state or name; `sfnb.task` serves every machine."""
        return self._service.registry.machine(self.arn).functions

    @property
    def known_tasks(self) -> list[str]:
        """Every name under which a function may stand for a Resource here."""
        return [*dict.fromkeys((*self.tasks, *self._service.registry.functions))]

    def function_of(self, *names: str) -> Callable[..., Any] | None:
        """The function that stands under the first of these names that has one; the machine's own first."""
        every = {**self._service.registry.functions, **self.tasks}
        return next((every[name] for name in names if name in every), None)

    def task(self, function: Any, /) -> Any:
        """Let a function stand for a state, or for a Resource, in this machine only.

        @orders.task("Charge")          # the state's name
        def charge(order): ...
        """
        return register(self._service.registry, self.tasks, function)

    def run(
        self, input: object = None, *, on_output: Callable[[str], None] | None = None, **options: Any
    ) -> Execution:
        """Run to the end and return the Execution, whatever its status. Options as for `start`.

        on_output: instead of printing what tasks print, from this thread.
        A KeyboardInterrupt stops the execution (ABORTED) before it goes on its way.
        """
        options["name"] = options.get("name") or self._service.names()
        with gathered() as printed:
            try:
                execution = self.start(input, on_output=on_output or printed.put, **options)
                execution.follow(printed)
            except KeyboardInterrupt as interrupt:
                from sfnb.explain import came_to

                stopped = self.stopped(options["name"])  # it may have begun, though `start` was interrupted
                interrupt.add_note("no execution had begun" if stopped is None else came_to(stopped))
                # Where in here it was waited for is of no use to anybody.
                raise interrupt.with_traceback(None) from None
        return execution

    def stopped(self, name: str) -> Execution | None:
        """The execution of this name, once it has been stopped; None if there is none."""
        found = self._service.latest_executions(ExecutionFilter(machine=self.arn, name=name, limit=1))
        if not found:
            return None
        execution = Execution(self._service, found[0])
        execution.stop()
        execution.wait()
        return execution

    def start(
        self,
        input: object = None,
        *,
        name: str | None = None,
        skip_waits: bool = False,
        clock: Clock | None = None,
        unlimited: bool = False,
        compat: CompatName = "aws",
        mock: Given | None = None,
        on_output: Callable[[str], None] | None = None,
    ) -> Execution:
        """Start an execution and return at once.

        input: anything `sfnb.jsonable` makes JSON of; {} unless given.
        name: the execution's; a UUID unless given.
        skip_waits: a clock that jumps to the next timer when nothing is running.
        clock: another clock, see `sfnb.testing`.
        unlimited: lift the bounds of 256 KiB a payload, 25,000 events and one year.
        compat: "aws" for what AWS was seen to do, "spec" for what the States Language says.
        mock: answers instead of calls: {"Charge": [Throw("Declined"), Return({"paid": True})]}, one
            for each call of the state; a case of a mock file; "auto" for plausible answers to all.
        on_output: called with what tasks print, on the engine's thread.
        Raises InvalidInput where the input is not JSON or too large, InvalidMock.
        """
        payload = payload_of({} if input is None else input)
        live = self._service.start_execution(
            self._record,
            payload,
            name=name,
            clock=clock or (JumpClock() if skip_waits else None),
            limits=UNLIMITED if unlimited else None,
            compat=compat,
            mocks=None if mock is None else self.mocks(mock),
            on_output=on_output,
        )
        return Execution(self._service, live)

    def keep(self) -> None:
        """Keep its definition in the store, so that `sfnb serve --store` goes on with what starts it.

        Without this a machine lives as long as the process that defined it; its triggers wait for the next.
        """
        self._record = self._service.keep_state_machine(self.arn)

    @property
    def on(self) -> On:
        """What starts it: `orders.on.schedule("rate(1 hour)")`, `orders.on.event({"source": ["shop"]})`."""
        from sfnb.on import On

        return On(self._service, self.arn)

    @property
    def triggers(self) -> list[Trigger]:
        """What starts it, oldest first."""
        from sfnb.on import Trigger

        known = self._service.triggers.all()
        return [
            Trigger(self._service, seen.trigger.key) for seen in known if self.arn in seen.trigger.targets
        ]

    def try_event(self, event: object) -> Trial:
        """Which of its rules would match an event, field by field, and what input they would make of it.

        event: as EventBridge has it, {"source": ..., "detail-type": ..., "detail": {...}}; more is made up.
        Nothing is started.
        """
        from sfnb.on.trying import try_event

        return try_event(self._service, event, self.arn)

    def form(self, schema: object = None, *, inputs: Sequence[object] | None = None) -> Any:
        """A form in the notebook that asks for an input and starts executions.

        schema: a JSON Schema: a dict, JSON text or a file's Path. Without one the fields are those of
            `inputs`, else of the latest executions' inputs, else what the definition reads.
        """
        from sfnb.notebook.form import form_of

        return form_of(self, schema, inputs)

    def test_state(
        self,
        state: str,
        input: object = None,
        *,
        variables: object = None,
        context: object = None,
        mock: Mock = None,
        on_output: Callable[[str], None] | None = None,
        **tuning: Any,
    ) -> StateTest:
        """Try one state on an input, alone: what AWS's TestState does, with what each stage made of the data.

        state: its name, at any depth. variables: the workflow variables it finds.
        context: the Context Object, whole, instead of one that is made up.
        mock: what its work comes to: the result itself, Return(...), Throw("Error", "cause"), a function
            that is called instead, "auto". Without one the task is really called. Map, Parallel, .sync
            and callback tasks need one.
        tuning: inspection ("INFO", "DEBUG", "TRACE"), retry_count, failed_iterations, error_from,
            reader_data, fields ("STRICT", "PRESENT", "NONE"); see `trial.friendly.Tuning`.
        Raises ValidationException and InvalidDefinition where AWS refuses, InvalidInput, InvalidMock.
        """
        from sfnb.trial.friendly import Tuning, state_test

        return state_test(
            self._record.definition,
            self.tree,
            state,
            payload_of({} if input is None else input),
            variables,
            context,
            mock,
            Tuning(**tuning),
            lambda mocks: self._service.bench(
                self._record,
                mocks=mocks,
                on_output=on_output or _write,
                machine_arn=self.arn,
                machine_name=self.name,
                role_arn=self._record.role_arn,
            ),
        )

    def mocks(self, given: Given) -> Mocks:
        """The mocks of one execution, from what `start` takes; raises InvalidMock."""
        from sfnb.mocks import mocks_of

        tasks = [state.name for state in asl.walk(self._record.definition) if state.type == "Task"]
        return mocks_of(given, self.tree, tasks)

    @property
    def executions(self) -> list[Execution]:
        """This machine's latest executions, a thousand at most, newest first; `sfnb.executions` has all."""
        lives = self._service.latest_executions(ExecutionFilter(machine=self.arn, limit=MOST_EXECUTIONS))
        return [Execution(self._service, live) for live in lives]

    def export(self, format: str = "json", **options: Any) -> str:
        """The definition written out, drawn, or in a template that deploys it.

        format: "json", "yaml"; "cloudformation", "sam", "terraform", with the role that it needs, its tags,
            logging, tracing and triggers; or one of `sfnb.renderers.RENDERERS`.
        Of the templates: role_arn: of a role that is there, instead of one that the template makes.
            tags: of the machine and the role. portable: ARNs of the local account, 123456789012 unless told,
            become the account and region that the template is deployed to; so unless it is False.
            A `${Name}` in the definition becomes a parameter. triggers: what starts it (`machine.on`), with
            the roles for that; so unless it is False.
        SAM cannot hold null or 1.5 in a template: where the definition does, as in `ResultPath: null`, it is
            taken from `<name>.sam.asl.json` beside it, whose text is the format "sam-definition".
        Raises SfnbError where there is no such format, or an option is not as said.
        """
        from sfnb.deploy.templates import export

        return export(self, format, **options)

    def deploy(
        self,
        role_arn: str | None = None,
        *,
        profile: str | None = None,
        region: str | None = None,
        create_role: bool = False,
        publish: bool = True,
        tags: Mapping[str, str] | None = None,
        substitutions: Mapping[str, str] | None = None,
        portable: bool = True,
        client: Any = None,
        iam_client: Any = None,
    ) -> Deployed:
        """Create the machine on AWS under its name, or bring the one that is there up to date.

        role_arn: of its role; that of the machine that is there, unless given. create_role: make one, or give
            the one that was made the policy anew, with what `iam_policy` tells; needs rights for that.
        profile, region: as boto3 knows them; without a profile it goes to the AWS in use, if one is.
        client, iam_client: instead; no role is made with one alone.
        publish: a version of it, but in an AWS of this process. tags: are added.
        substitutions: a text for each `${Name}` in the definition.
        portable: ARNs of the local account become those of the role's account and the client's region.
        Raises SfnbError where AWS refuses, or a role, a substitution or the machine's own name is missing.
        """
        from sfnb.deploy.deploying import deploy

        return deploy(
            self,
            role_arn,
            create_role=create_role,
            profile=profile,
            region=region,
            publish=publish,
            tags=tags,
            substitutions=substitutions,
            portable=portable,
            client=client,
            iam_client=iam_client,
        )

    def on_aws(
        self,
        *,
        profile: str | None = None,
        region: str | None = None,
        client: Any = None,
        arn: str | None = None,
    ) -> OnAws:
        """The machine of this name that is on AWS: its `run` and `start` run there, and are shown as if here.

        arn: of the machine, or of a version or alias of it. Raises SfnbError where there is none.
        """
        from sfnb.deploy.clients import client_of, in_use_by
        from sfnb.deploy.pulling import OnAws

        in_use = in_use_by(self._service)
        return OnAws(self, client_of(client, profile, region, in_use=in_use), arn)
