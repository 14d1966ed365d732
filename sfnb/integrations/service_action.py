"""An action of an optimized service that boto3 is asked for: `batch:submitJob`, `glue:startJobRun.sync`.

Answers are spelled as the AWS SDK for Java 1 spells them, moments are milliseconds since 1970.
Source: AWS guide, "Integrating optimized services"; AWS recordings of Glue jobs and of nested executions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from sfnb.engine.ports import AwsSession, Handle, JobReport, TaskCall, Work, World
from sfnb.errors import EvaluationError, StatesError, TaskError
from sfnb.integrations.calls import Dialect, Refusal, request_id, service_model, service_work
from sfnb.integrations.jobs import Ask, Follower, Job, Transient, filled
from sfnb.integrations.optimized import Optimized, http_metadata
from sfnb.integrations.service import parameters_refused
from sfnb.integrations.shapes import Unfit, answer, request
from sfnb.values import Json, Payload

THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded"}
)
"""Codes with which a service asks to be asked later."""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers. client: botocore's name. prefix: of error names. label: the SDK's name, which is in causes
    and is the error of none of the service's own.
    """

    client: str
    prefix: str
    label: str


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What an action comes to. operation: botocore's.

    takes: its own names for parameters of the operation; `Steps[]` is a list of the one that is given.
    gives: the other way round for the answer, by our names; only what is named here, where anything is.
    needs: parameters, by our names, that are required besides those of the model.
    adds: arguments that are there unless they are given, and entries of maps.
    token: the member that takes a token by which the service knows a repeated call, where botocore's
        model does not say so.
    echoes: parameters that the answer tells too, by its names.
    check: what else is wrong with the parameters, in AWS's words.
    refuse: the failure that an answer is after all, where the task waits for more.
    job: what is begun, where `.sync` can wait for it.
    """

    operation: str
    takes: Mapping[str, str] = {}
    gives: Mapping[str, str] = {}
    needs: tuple[str, ...] = ()
    adds: Mapping[str, Any] = {}
    token: str | None = None
    echoes: Mapping[str, str] = {}
    check: Callable[[dict[str, Json]], list[str]] | None = None
    refuse: Callable[[dict[str, Json]], TaskError | None] | None = None
    job: Job | None = None


class ServiceAction(Optimized):
    """The integration that a row of the table stands for."""

    def __init__(self, provider: Provider, action: Action) -> None:
        super().__init__(provider.prefix, provider.label, provider.label)
        self.provider = provider
        self.action = action

    def reach(self, call: TaskCall, world: World) -> Work | None:
        if world.aws is None:
            return None
        aws, action = world.aws, self.action
        sent = self.sent(call)
        work = service_work(call, aws, self.provider.client, action.operation, sent, self.dialect(call))
        if action.job is None or ".sync" not in call.resource:
            return work
        return replace(work, follow=self._follower(call, aws, action.job, sent))

    def dialect(self, call: TaskCall) -> Dialect:
        return Dialect(
            answer=lambda shape, reply: self.told(call, shape, reply),
            refused=self.refused,
            unreached=self.unreached,
        )

    def sent(self, call: TaskCall) -> dict[str, Json]:
        """The parameters with the operation's names; raises EvaluationError."""
        value = call.payload.value
        given: dict[str, Json] = {}
        if isinstance(value, dict):
            given = {name: item for name, item in value.items() if item is not None}
        names = {name.lower() for name in given}
        faults = [
            f"The field '{name}' is required but was missing"
            for name in self.action.needs
            if name.lower() not in names
        ]
        faults += self.action.check(given) if self.action.check is not None else []
        if faults:
            raise parameters_refused(call, faults)
        sent = dict(_renamed(given, self.action.takes))
        added = dict(self.action.adds)
        if self.action.token is not None:
            added[self.action.token] = call.request_id
        for name, value in added.items():
            key = next((key for key in sent if key.lower() == name.lower()), name)
            sent[key] = _joined(value, sent.get(key))
        return sent

    def told(self, call: TaskCall, shape: Any, reply: dict[str, Any]) -> Json:
        """The answer to the submission, what is known of the exchange, and what is echoed."""
        told = in_pascal_case(shape, reply)
        if self.action.gives:
            told = {name: _taken(told, path) for name, path in self.action.gives.items()}
        metadata = reply["ResponseMetadata"]
        given = {name.lower(): value for name, value in self.sent(call).items()}
        result: dict[str, Json] = {
            **told,
            "SdkHttpMetadata": http_metadata(metadata),
            "SdkResponseMetadata": {"RequestId": request_id(metadata)},
            **{name: given.get(key.lower()) for name, key in self.action.echoes.items()},
        }
        refuse = self.action.refuse if self.submits(call) else None
        failure = None if refuse is None else refuse(result)
        if failure is not None:
            raise failure
        return result

    def _follower(
        self, call: TaskCall, aws: AwsSession, job: Job, sent: dict[str, Json]
    ) -> Callable[[Payload, JobReport], Handle]:
        model = service_model(aws, self.provider.client, call.resource)
        try:
            given = request(model.operation_model(self.action.operation).input_shape, sent)
        except Unfit as unfit:
            raise parameters_refused(call, unfit.faults) from None

        def follow(submission: Payload, report: JobReport) -> Handle:
            def ask(question: Ask) -> Json:
                arguments = filled(question.arguments, submission.value, given)
                return self._ask(call, aws, question.operation, arguments)

            return Follower(job, submission.value, ask, call.clock, report)

        return follow

    def _ask(self, call: TaskCall, aws: AwsSession, operation: str, arguments: Json) -> Json:
        """Make a call about a job. Raises StatesError, `Transient` where another try may help."""
        dialect = Dialect(
            answer=in_pascal_case,
            refused=self._refused_for_now,
            unreached=lambda message: Transient(f"{self.prefix}.SdkClientException", message),
        )
        try:
            work = service_work(call, aws, self.provider.client, operation, arguments, dialect)
        except EvaluationError as fault:
            raise StatesError("States.TaskFailed", fault.cause) from None
        answered: Json = work.function(None)
        return answered

    def _refused_for_now(self, refusal: Refusal) -> TaskError:
        failure = self.refused(refusal)
        if refusal.status >= 500 or refusal.status == 429 or refusal.code in THROTTLED:
            return Transient(str(failure.error), failure.cause)
        return failure


def in_pascal_case(shape: Any, reply: dict[str, Any]) -> dict[str, Json]:
    """An answer without its metadata."""
    if shape is None:
        return {}
    members = {key: _plain(value) for key, value in reply.items() if key != "ResponseMetadata"}
    told = answer(shape, members, lambda name: name[:1].upper() + name[1:])
    assert isinstance(told, dict)
    return told


def _plain(value: Any) -> Any:
    """The same with moments as milliseconds since 1970."""
    if isinstance(value, datetime):
        return int(value.timestamp() * 1000)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _joined(added: Json, given: Json) -> Json:
    """What is added to the parameters: to the entries of a map, else where nothing was given."""
    if isinstance(added, dict) and isinstance(given, dict):
        return {**added, **given}
    return added if given is None else given


def _renamed(given: dict[str, Json], takes: Mapping[str, str]) -> list[tuple[str, Json]]:
    names = {name.lower(): target for name, target in takes.items()}
    renamed: list[tuple[str, Json]] = []
    for key, value in given.items():
        target = names.get(key.lower(), key)
        renamed.append((target.removesuffix("[]"), [value] if target.endswith("[]") else value))
    return renamed


def _taken(told: dict[str, Json], path: str) -> Json:
    """A member of an answer; of `Steps[]`, the first."""
    value = told.get(path.removesuffix("[]"))
    if not path.endswith("[]"):
        return value
    return value[0] if isinstance(value, list) and value else None
