"""From the records of a batch to what the target of a pipe is given: templates, enrichment, the target.

Source: EventBridge user guide, "Event enrichment", "Input transformation", "Batching and concurrency" and
"Targets" of Pipes; API reference, PipeTargetStateMachineParameters.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.inputs import InvalidTargetInput, PipeFacts, decoded, pipe_input, pipe_text
from sfnb.triggers.pipe_settings import ONE_BY_ONE, Plan
from sfnb.triggers.ports import Assumed, Refused, Start
from sfnb.triggers.records import Trigger, service_of
from sfnb.triggers.templates import Nothing, find
from sfnb.values import Json, Payload, encode

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

PRINCIPAL = "pipes.amazonaws.com"
NOTHING_LEFT = "the enrichment answered with nothing: deleted"
ITEM_FAILED = "the target reported it among batchItemFailures"
FAILURES = "batchItemFailures"
CALL = {"lambda": "lambda:InvokeFunction", "states": "states:StartSyncExecution"}


class Passing:
    """What passes on the records of a pipe."""

    def __init__(self, here: Triggers, trigger: Trigger, plan: Plan, arn: str, stop: threading.Event) -> None:
        """stop: once it is set, nothing is given to the target."""
        self._here = here
        self._trigger = trigger
        self._plan = plan
        self._arn = arn
        self._stop = stop

    @property
    def first_service(self) -> str:
        """The service that the records are given to first."""
        return service_of(self._plan.enrichment or self._plan.target)

    @property
    def one_by_one(self) -> bool:
        """Each record is given by itself."""
        return self.first_service in ONE_BY_ONE

    def drop(self, fault: Exception, count: int) -> None:
        """Count what was not passed on."""
        code = fault.code if isinstance(fault, Refused) else type(fault).__name__
        self._trigger.counts.drop(f"{code}: {fault}", count)

    def first_input(self, record: Json) -> Json:
        """What is given first of a record; raises Refused."""
        if self._plan.enrichment:
            return self._filled(self._plan.enrichment_template, record)
        return self._target_input(record)

    def deliver(self, records: list[Json], ids: Sequence[str], name: str) -> Collection[str]:
        """Pass records on; answers with the ids of those that the target failed to take.

        records: as `first_input` makes them. name: of the execution. Raises Refused, StoreFault.
        """
        given: Json = records
        if self._plan.enrichment:
            given = self._ask(self._plan.enrichment, given, CALL[self.first_service], count=False)
            if self._stop.is_set():
                raise Refused("ServiceClosed", "the pipe was ended while its records were enriched")
            if given in (None, "", {}, []):
                self._trigger.counts.drop(NOTHING_LEFT, len(ids))
                return ()
            made = self._target_input
            given = [made(each) for each in given] if isinstance(given, list) else made(given)
        service = self._plan.service
        if service in ONE_BY_ONE:
            for number, each in enumerate(given if isinstance(given, list) else [given]):
                self._send(each, f"{name}-{number}")
            return ()
        if service == "lambda" or self._plan.synchronous:
            answer = self._ask(self._plan.target, given, CALL[service], count=True)
            failed = failures(answer, ids) if self._plan.synchronous else ()
            if failed:
                self._trigger.counts.drop(ITEM_FAILED, len(failed))
            return failed
        self._send(given, name)
        return ()

    def _target_input(self, record: Json) -> Json:
        """A queue or a topic takes any text, others JSON alone."""
        template = self._plan.template
        if template and self._plan.service in ONE_BY_ONE:
            try:
                return pipe_text(template, record, self._facts())
            except InvalidTargetInput as fault:
                raise Refused("INVALID_INPUT", str(fault)) from None
        return self._filled(template, record)

    def _filled(self, template: str, record: Json) -> Json:
        try:
            return pipe_input(template, record, self._facts())
        except InvalidTargetInput as fault:
            raise Refused("INVALID_JSON", str(fault)) from None

    def _facts(self) -> PipeFacts:
        return PipeFacts(
            arn=self._arn,
            name=self._trigger.name,
            source=self._plan.source,
            target=self._plan.target,
            enrichment=self._plan.enrichment,
            ingested=self._here.world.clock.now(),
        )

    def _ask(self, arn: str, given: Json, action: str, *, count: bool) -> Json:
        """What a function or an EXPRESS machine answers. count: what begins counts as started."""
        world = self._here.world
        if self._plan.role is not None:
            world.check_role(
                Assumed(
                    role=self._plan.role,
                    principal=PRINCIPAL,
                    source=self._arn,
                    action=action,
                    resource=arn,
                )
            )
        if service_of(arn) == "lambda":
            return world.call(arn, Payload(given)).value
        told = world.run(Start(machine=arn, input=Payload(given), trigger=self._trigger.key))
        if count:
            self._trigger.counts.start(told["executionArn"])
        if told["status"] != "SUCCEEDED":
            why = f"{told.get('error') or told['status']}: {told.get('cause') or 'no cause is known'}"
            raise Refused("ExecutionFailed", f"{arn.rpartition(':')[2]} failed: {why}", again=True)
        return Payload.of_text(told["output"]).value

    def _send(self, given: Json, name: str) -> None:
        """A text goes to a queue or topic as it is, everything else as JSON."""
        plan = self._plan
        text = given if isinstance(given, str) and plan.service in ONE_BY_ONE else encode(given)
        target: dict[str, Any] = {"Arn": plan.target}
        if plan.role is not None:
            target["RoleArn"] = plan.role
        if plan.group is not None:
            target["SqsParameters"] = {"MessageGroupId": self._group(plan.group, given)}
        delivery = Delivery(
            id=name,
            trigger=self._trigger.key,
            source=self._arn,
            principal=PRINCIPAL,
            target=target,
            input=text,
            received=self._here.world.clock.now(),
            name=name,
        )
        execution = self._here.send(delivery)
        if execution is not None:
            self._trigger.counts.start(execution)

    def _group(self, group: str, given: Json) -> str:
        if not group.startswith("$"):
            return group
        found = find(group, decoded(given))
        if isinstance(found, Nothing):
            raise Refused("INVALID_PARAMETER", f"MessageGroupId {group} leads nowhere in the record")
        return found if isinstance(found, str) else encode(found)


def failures(answer: Json, ids: Sequence[str]) -> Collection[str]:
    """The messages that a target says it has failed to take; all where it cannot be understood.

    >>> failures({"batchItemFailures": [{"itemIdentifier": "b"}]}, ["a", "b"])
    {'b'}
    >>> sorted(failures({"batchItemFailures": [{"itemIdentifier": ""}]}, ["a", "b"]))
    ['a', 'b']

    Source: EventBridge user guide, "Partial batch failure".
    """
    told = answer.get(FAILURES) if isinstance(answer, dict) else None
    if not told:
        return set()
    named: set[str] = set()
    for each in told if isinstance(told, list) else []:
        id = each.get("itemIdentifier") if isinstance(each, dict) else None
        if isinstance(id, str):
            named.add(id)
    understood = isinstance(told, list) and len(named) == len(told) and named.issubset(ids)
    return named if understood else set(ids)
