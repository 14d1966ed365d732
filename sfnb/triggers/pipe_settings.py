"""What a pipe is told, in AWS's words, read: `read_plan`.

Source: EventBridge Pipes API reference, CreatePipe; EventBridge user guide, "Amazon SQS as a source", "Event
filtering", "Event enrichment", "Batching and concurrency" of Pipes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from sfnb.triggers.inputs import InvalidTargetInput, check_pipe_template
from sfnb.triggers.patterns import InvalidEventPattern, Pattern, read_pattern
from sfnb.triggers.records import service_of
from sfnb.triggers.refusals import ValidationException
from sfnb.triggers.targets import TARGETS
from sfnb.values import Json

DEFAULT_BATCH = 10
MOST_BATCH = 10_000
LONGEST_WINDOW = 300
MOST_FILTERS = 5
MOST_NAME = 64
ASYNCHRONOUS, SYNCHRONOUS = "FIRE_AND_FORGET", "REQUEST_RESPONSE"
ENRICHMENTS = ("lambda", "states")
ONE_BY_ONE = ("sqs", "sns")
"""Targets that are given each record by itself."""
AT_ONCE = 10
"""How many records such a target takes of a batch, and how many messages come without a window."""

_name = re.compile(r"[.\-_A-Za-z0-9]{1,64}")


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A pipe that can be run.

    source: the ARN of its queue. window: seconds that a batch is gathered for, 0 for none.
    filters: one of them has to match, if there are any. enrichment: an ARN, or "".
    synchronous: what the target answers is waited for.
    group: of messages to a FIFO queue; a path into the record where it begins with `$`.
    """

    source: str
    batch: int
    window: int
    filters: tuple[Pattern, ...]
    enrichment: str
    enrichment_template: str
    target: str
    template: str
    synchronous: bool
    role: str | None
    group: str | None

    @property
    def service(self) -> str:
        return service_of(self.target)

    @property
    def queue(self) -> str:
        """The name of the queue."""
        return self.source.rpartition(":")[2]

    @property
    def received(self) -> int:
        """How many messages are received at once: several batches, where one is passed on in no time.

        Not of a FIFO queue, as one that is refused would take those behind it along.
        """
        slow = self.service != "states" or self.synchronous or self.enrichment
        if slow or self.window or self.in_order:
            return self.batch
        return max(self.batch, AT_ONCE // self.batch * self.batch)

    @property
    def in_order(self) -> bool:
        """The queue is a FIFO one."""
        return self.source.endswith(".fifo")

    def wants(self, record: Json) -> bool:
        """Whether a record, opened, passes the filters; raises ValidationException where it is too deep.

        A filter that asks for something inside of the body lets no plain text by, whatever it asks.
        """
        plain = isinstance(record, dict) and isinstance(record.get("body"), str)
        asked = [each for each in self.filters if not (plain and _looks_into_body(each))]
        return not self.filters or any(each.matches(record) for each in asked)


def _looks_into_body(pattern: Pattern) -> bool:
    return any(path.startswith("body.") for path in pattern.fields)


def read_plan(settings: Mapping[str, Any]) -> Plan:
    """Raises ValidationException."""
    _check_name(settings["Name"])
    source = settings.get("SourceParameters") or {}
    queue = source.get("SqsQueueParameters") or {}
    target = settings.get("TargetParameters") or {}
    plan = Plan(
        source=_source(settings["Source"]),
        batch=_number(queue.get("BatchSize"), "BatchSize", 1, MOST_BATCH, DEFAULT_BATCH),
        window=_number(
            queue.get("MaximumBatchingWindowInSeconds"),
            "MaximumBatchingWindowInSeconds",
            0,
            LONGEST_WINDOW,
            0,
        ),
        filters=_filters((source.get("FilterCriteria") or {}).get("Filters") or []),
        enrichment=_enrichment(settings.get("Enrichment") or ""),
        enrichment_template=_template(settings.get("EnrichmentParameters") or {}, "EnrichmentParameters"),
        target=_target(settings["Target"]),
        template=_template(target, "TargetParameters"),
        synchronous=_is_synchronous(target, service_of(settings["Target"])),
        role=settings.get("RoleArn"),
        group=(target.get("SqsQueueParameters") or {}).get("MessageGroupId"),
    )
    if plan.service in ONE_BY_ONE and plan.batch > AT_ONCE:
        raise ValidationException(
            f"BatchSize is {plan.batch}, and a target of {plan.service} takes {AT_ONCE} records at most."
        )
    return plan


def _check_name(name: str) -> None:
    if _name.fullmatch(name) is None:
        raise ValidationException(
            f"'{name[:100]}' is no name of a pipe: 1 to {MOST_NAME} letters, digits, '.', '-' and '_'."
        )


def _source(arn: str) -> str:
    if service_of(arn) != "sqs" or not arn.rpartition(":")[2]:
        raise ValidationException(
            f"Source is {arn[:200]}, and a pipe reads from an SQS queue here: its ARN is such as"
            " arn:aws:sqs:us-east-1:123456789012:orders."
        )
    return arn


def _number(given: Any, name: str, least: int, most: int, otherwise: int) -> int:
    if given is None:
        return otherwise
    if isinstance(given, bool) or not isinstance(given, int) or not least <= given <= most:
        raise ValidationException(f"{name} is {given!r}, and a whole number from {least} to {most:,} is due.")
    return given


def _filters(given: Sequence[Mapping[str, str]]) -> tuple[Pattern, ...]:
    if len(given) > MOST_FILTERS:
        raise ValidationException(f"FilterCriteria has {len(given)} filters, and may have {MOST_FILTERS}.")
    read = []
    for number, each in enumerate(given):
        if not each.get("Pattern"):
            continue
        try:
            read.append(read_pattern(each["Pattern"]))
        except InvalidEventPattern as fault:
            raise ValidationException(f"FilterCriteria, Filters[{number}]: {fault}") from None
    return tuple(read)


def _enrichment(arn: str) -> str:
    if arn and service_of(arn) not in ENRICHMENTS:
        what = {"events": "an API destination", "execute-api": "an API of API Gateway"}.get(
            service_of(arn), arn[:200]
        )
        raise ValidationException(
            f"Enrichment is {what}, and a pipe is enriched here by a Lambda function or an EXPRESS machine."
        )
    return arn


def _target(arn: str) -> str:
    if service_of(arn) not in TARGETS:
        raise ValidationException(
            f"Target is {arn[:200]}, and none that a pipe can reach from here, which are those of"
            f" {', '.join(TARGETS)}."
        )
    return arn


def _template(parameters: Mapping[str, Any], name: str) -> str:
    template = parameters.get("InputTemplate") or ""
    try:
        check_pipe_template(template)
    except InvalidTargetInput as fault:
        raise ValidationException(f"{name}: {fault}") from None
    return template


def _is_synchronous(parameters: Mapping[str, Any], service: str) -> bool:
    """REQUEST_RESPONSE unless told, as with AWS."""
    name = {"states": "StepFunctionStateMachineParameters", "lambda": "LambdaFunctionParameters"}.get(service)
    if name is None:
        return False
    given = (parameters.get(name) or {}).get("InvocationType", SYNCHRONOUS)
    if given not in (ASYNCHRONOUS, SYNCHRONOUS):
        raise ValidationException(f"InvocationType is {given!r}, and {ASYNCHRONOUS} or {SYNCHRONOUS} is due.")
    return bool(given == SYNCHRONOUS)
