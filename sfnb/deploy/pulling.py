"""What is on AWS, fetched: a state machine by its ARN, or an execution."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from sfnb.asl.decode import load
from sfnb.asl.machine import MachineType
from sfnb.asl.source import Source, read_text
from sfnb.deploy.clients import Refused, call, find_machine
from sfnb.deploy.deploying import check_named
from sfnb.deploy.execution import AwsExecution, SyncExecution
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.exporters.deployable import Deployable, Own, replaced, with_own
from sfnb.given import payload_of
from sfnb.machine import StateMachine
from sfnb.service import StateMachineRecord, StepFunctions
from sfnb.service.machines import Changes
from sfnb.service.records import Logging
from sfnb.values import Json

EXPRESS_HISTORY = (
    "AWS keeps no history of an EXPRESS execution: it is in CloudWatch Logs, where the machine logs. "
    "on_aws().run(...) waits for one and has its output"
)


def pull(service: StepFunctions, arn: str, client: Any) -> StateMachine | AwsExecution:
    """See `sfnb.pull`."""
    parts = arn.split(":")
    kind = parts[5] if len(parts) > 6 and parts[0] == "arn" and parts[2] == "states" else ""
    if kind == "stateMachine":
        return pull_machine(service, arn, client)
    if kind == "execution":
        return pull_execution(service, arn, client)
    if kind == "express":
        raise SfnbError(EXPRESS_HISTORY)
    raise SfnbError(f"'{arn}' is the ARN of neither a state machine nor an execution")


def pull_machine(service: StepFunctions, arn: str, client: Any) -> StateMachine:
    """The machine under its name, with its role, settings and tags; one of this name gets them."""
    there = call(client, "describe_state_machine", stateMachineArn=arn)
    record = service.define_state_machine(
        source=_source(there), name=there["name"], type=there["type"], role_arn=there["roleArn"]
    )
    logging = there.get("loggingConfiguration") or {}
    groups = [each["cloudWatchLogsLogGroup"]["logGroupArn"] for each in logging.get("destinations") or ()]
    changes = Changes(
        logging=Logging(
            level=logging.get("level", "OFF"),
            include_data=logging.get("includeExecutionData", False),
            log_groups=tuple(groups),
        ),
        tracing=(there.get("tracingConfiguration") or {}).get("enabled", False),
    )
    record = service.update_state_machine(record.arn, changes).record
    tags = _tags(client, ":".join(arn.split(":")[:7]))
    if tags:
        service.tag_resource(record.arn, tags)
    return StateMachine(service, record)


def _tags(client: Any, arn: str) -> dict[str, str]:
    """None where one may not look at them."""
    try:
        tags = call(client, "list_tags_for_resource", resourceArn=arn)["tags"]
    except Refused as refusal:
        if refusal.code != "AccessDeniedException":
            raise
        return {}
    return {each["key"]: each["value"] for each in tags}


def pull_execution(service: StepFunctions, arn: str, client: Any) -> AwsExecution:
    """Functions that are registered for a machine of its name here serve it when it is forked or replayed."""
    there = call(client, "describe_state_machine_for_execution", executionArn=arn)
    described = call(client, "describe_execution", executionArn=arn)
    execution = AwsExecution(
        service,
        client,
        arn,
        _record_for(service, there),
        name=described.get("name") or arn.rpartition(":")[2],
    )
    execution.fetch()
    return execution


def _record_for(service: StepFunctions, there: dict[str, Any]) -> StateMachineRecord:
    """The machine of this name that is here, where it is the same but for its account; else the same with the
    definition that the execution ran, in place of its own, which it keeps.
    """
    source = _source(there)
    known = next((each for each in service.list_state_machines() if each.name == there["name"]), None)
    if known is None:
        return service.define_state_machine(source=source, name=there["name"], role_arn=there["roleArn"])
    if source.tree in (known.source.tree, _elsewhere(known, service, there["stateMachineArn"])):
        return known
    definition, warnings = load(source, known.type)
    return structs.replace(known, source=source, definition=definition, warnings=warnings)


def _elsewhere(known: StateMachineRecord, service: StepFunctions, arn: str) -> Json:
    """The definition as `deploy` would have written it to the account of a machine's ARN."""
    tree = known.source.tree or {}
    _, partition, _, region, account, *_ = arn.split(":")
    local = Deployable(
        name=known.name, type=known.type, tree=tree, trust={}, account=service.account, region=service.region
    )
    elsewhere: Json = replaced(tree, lambda text: with_own(local, text, Own(partition, region, account)))
    return elsewhere


def _source(there: dict[str, Any]) -> Source:
    return read_text(there["definition"], format="json")


class OnAws:
    """A machine as it is on AWS: what is run here runs there, and is shown as if it had run here."""

    def __init__(self, machine: StateMachine, client: Any, arn: str | None) -> None:
        """arn: unless given, the machine of this name; raises SfnbError where there is none."""
        if arn is None:
            check_named(machine)
        found = arn or find_machine(client, machine.name)
        if found is None:
            raise SfnbError(f"there is no state machine {machine.name!r} there yet: deploy() makes it")
        self.machine = machine
        self.client = client
        self.arn = found

    def start(self, input: object = None, *, name: str | None = None) -> AwsExecution:
        """Start an execution there and return at once.

        input: as for `machine.start`. Raises Refused, InvalidInput; SfnbError for an EXPRESS machine, of
        whose executions nothing would be told.
        """
        if self._type == "EXPRESS":
            raise SfnbError(EXPRESS_HISTORY)
        answer = call(self.client, "start_execution", stateMachineArn=self.arn, name=name, input=_text(input))
        arn = answer["executionArn"]
        there = call(self.client, "describe_state_machine_for_execution", executionArn=arn)
        service = self.machine._service
        record = _record_for(service, {**there, "name": self.machine.name})
        return AwsExecution(service, self.client, arn, record, name=arn.rpartition(":")[2])

    def run(self, input: object = None, *, name: str | None = None) -> Execution:
        """Run to the end there; a KeyboardInterrupt stops the execution (ABORTED)."""
        if self._type == "EXPRESS":
            return self._run_express(_text(input), name)
        execution = self.start(input, name=name)
        try:
            execution.wait()
        except KeyboardInterrupt:
            execution.stop()
            raise
        return execution

    def _run_express(self, input: str, name: str | None) -> Execution:
        answer = call(self.client, "start_sync_execution", stateMachineArn=self.arn, name=name, input=input)
        return SyncExecution(self.machine._service, self.client, self.machine.record, answer, input)

    @property
    def _type(self) -> MachineType:
        kind: MachineType = call(self.client, "describe_state_machine", stateMachineArn=self.arn)["type"]
        return kind

    def __repr__(self) -> str:
        return f"{self.machine.name} on AWS: {self.arn}"


def _text(input: object) -> str:
    return payload_of({} if input is None else input).text
