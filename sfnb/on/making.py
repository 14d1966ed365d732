"""`machine.on`: what starts a machine, said in Python; kept in AWS's own shapes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from sfnb.errors import SfnbError
from sfnb.given import keywords_told
from sfnb.on.given import aware, given, json_text, pattern_text, transformer
from sfnb.on.trigger import Trigger
from sfnb.triggers.records import Counts
from sfnb.triggers.records import Trigger as Record
from sfnb.triggers.rules import DEFAULT, rule_name

if TYPE_CHECKING:
    from sfnb.iam.roles import Role
    from sfnb.service import StepFunctions

Missed = Literal["skip", "once", "all"]
Overlap = Literal["allow", "skip"]
MINUTE = timedelta(minutes=1)
TARGET = "sfnb"
"""The id of the target among those of its rule."""
STATUSES = ("RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED", "PENDING_REDRIVE")


@keywords_told
class On:
    """What starts a machine, or a function. Each method makes a trigger, or changes the one of its name."""

    def __init__(self, service: StepFunctions, arn: str) -> None:
        self._service = service
        self._arn = arn
        self._name = arn.rpartition(":")[2]

    def event(
        self,
        pattern: Mapping[str, Any] | str,
        *,
        bus: str = DEFAULT,
        name: str | None = None,
        input: object = None,
        input_path: str | None = None,
        input_paths: Mapping[str, str] | None = None,
        input_template: object = None,
        retries: int | None = None,
        max_age: timedelta | None = None,
        dead_letters: str | None = None,
        role: Role | str | None = None,
    ) -> Trigger:
        """Start with each event on a bus that matches an event pattern of EventBridge.

        pattern: as a dict or JSON text: {"source": ["shop"], "detail": {"total": [{"numeric": [">", 100]}]}}.
        name: of the rule, NAME-event unless told: give names to have more than one.
        input: instead of the event. input_path: the part of the event that is given: "$.detail".
        input_paths, input_template: names for parts, and JSON or text with <name> in it.
        retries: how often to try again (185 unless told). max_age: how long (a day). dead_letters: the ARN
            of a queue for what could not be delivered; `sfnb.dead_letters()` has it in any case.
        role: that EventBridge takes on; without one nothing is asked.
        Raises SfnbError where the pattern or the template is wrong.
        """
        name = name or f"{self._name}-event"
        made = transformer(input_paths, input_template)
        policy = {
            "MaximumRetryAttempts": retries,
            "MaximumEventAgeInSeconds": None if max_age is None else int(max_age.total_seconds()),
        }
        target = {
            "Input": None if input is None else json_text(input, "input"),
            "InputPath": input_path,
            "InputTransformer": made,
            "RetryPolicy": given(policy) or None,
            "DeadLetterConfig": None if dead_letters is None else {"Arn": dead_letters},
        }
        return self._rule(name, bus, pattern_text(pattern), target, role)

    def status(
        self,
        of: object,
        status: str | Sequence[str] = "SUCCEEDED",
        *,
        name: str | None = None,
        **options: Any,
    ) -> Trigger:
        """Start when executions of another machine come to a status. Options as for `event`.

        of: the other StateMachine, or its ARN. The input is the status-change event.
        """
        statuses = [status] if isinstance(status, str) else list(status)
        unknown = [each for each in statuses if each not in STATUSES]
        if unknown:
            raise SfnbError(f"'{unknown[0]}' is no status of an execution: {', '.join(STATUSES)}")
        arn = of if isinstance(of, str) else str(getattr(of, "arn", of))
        pattern = {
            "source": ["aws.states"],
            "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"status": statuses, "stateMachineArn": [arn]},
        }
        name = name or f"{self._name}-after-{arn.rpartition(':')[2]}"
        return self.event(pattern, name=name, **options)

    def schedule(
        self,
        expression: str,
        *,
        timezone: str = "UTC",
        start: datetime | str | None = None,
        end: datetime | str | None = None,
        window: timedelta | None = None,
        input: object = None,
        name: str | None = None,
        group: str = "default",
        missed: Missed = "skip",
        overlap: Overlap = "allow",
        role: Role | str | None = None,
    ) -> Trigger:
        """Start at certain times: "rate(5 minutes)", "cron(0 8 ? * MON-FRI *)", "at(2027-01-01T00:00:00)".

        timezone: of cron and at, as IANA names it. start, end: aware datetimes or texts.
        window: up to so much later, whole minutes.
        input: {} unless told; texts in it may hold words such as <aws.scheduler.scheduled-time>.
        name: NAME-schedule unless told: give names to have more than one.
        missed: runs that were due while nothing ran here: "skip" them, run "once", or "all" of them.
        overlap: "skip" a run while the one before is going on.
        Raises SfnbError where the expression is wrong.
        """
        if missed not in ("skip", "once", "all") or overlap not in ("allow", "skip"):
            raise SfnbError('missed is "skip", "once" or "all"; overlap is "allow" or "skip"')
        minutes = 0 if window is None else window // MINUTE
        if window is not None and (minutes < 1 or window % MINUTE):
            raise SfnbError(f"window is {window}, and whole minutes are due: timedelta(minutes=5)")
        settings = {
            "Name": name or f"{self._name}-schedule",
            "GroupName": group,
            "ScheduleExpression": expression,
            "ScheduleExpressionTimezone": timezone,
            "StartDate": aware(start, "start"),
            "EndDate": aware(end, "end"),
            "FlexibleTimeWindow": (
                {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": minutes} if minutes else {"Mode": "OFF"}
            ),
            "Target": given(
                {
                    "Arn": self._arn,
                    "RoleArn": self._role(role),
                    "Input": json_text({} if input is None else input, "input"),
                }
            ),
        }
        triggers = self._service.triggers
        key = triggers.scheduler.put(given(settings), {"missed": missed, "overlap": overlap})
        return Trigger(self._service, key)

    def file(
        self,
        files: str = "*",
        *,
        bucket: str,
        name: str | None = None,
        missed: Literal["skip", "all"] = "all",
        event: Literal["Object Created", "Object Deleted"] = "Object Created",
        input: object = None,
        input_path: str | None = None,
        input_paths: Mapping[str, str] | None = None,
        input_template: object = None,
        role: Role | str | None = None,
    ) -> Trigger:
        """Start with each file that lands in a bucket: S3's "Object Created" on the default bus.

        files: keys, with * for anything, slashes too: "incoming/*.csv".
        bucket: its name; a folder of that name in the folder that stands for S3 (see `use_buckets`).
        name: of the rule; NAME-file unless told. missed: files that land while nothing runs here: start for
        "all" of them, or "skip" them. input and the others: as for `event`.
        Raises SfnbError where buckets are those of S3 itself, whose events come to EventBridge there.
        """
        key = [] if files == "*" else [{"wildcard": files} if "*" in files else files]
        pattern = {
            "source": ["aws.s3"],
            "detail-type": [event],
            "detail": {"bucket": {"name": [bucket]}, **({"object": {"key": key}} if key else {})},
        }
        name = name or f"{self._name}-file"
        settings = {
            "Name": name,
            "EventBusName": DEFAULT,
            "EventPattern": pattern_text(pattern),
            "State": "ENABLED",
        }
        target = {
            "Id": TARGET,
            "Arn": self._arn,
            "RoleArn": self._role(role),
            "Input": None if input is None else json_text(input, "input"),
            "InputPath": input_path,
            "InputTransformer": transformer(input_paths, input_template),
        }
        options = {"missed": missed, "files": files}
        self._service.triggers.buses.put_rule_with_targets(settings, [given(target)], "file", options)
        return Trigger(self._service, f"file:{name}")

    def http(
        self,
        route: str,
        *,
        sync: bool = False,
        output: bool = False,
        schema: Mapping[str, Any] | None = None,
        cors: Sequence[str] = (),
        api_keys: Sequence[str] = (),
        throttle: tuple[float, int] | None = None,
        stage: str = "$default",
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        role: Role | str | None = None,
    ) -> Trigger:
        """Start with a request to a route of API Gateway: "POST /orders", "ANY /files/{path+}".

        It is served by `sfnb serve`, or by a server that begins in this process: see `Trigger.url`.
        It is one of an HTTP API, unless it takes a REST API: for `output`, a schema or API keys.
        sync: answer when an EXPRESS machine has ended, with what StartSyncExecution says. output: with the
        machine's output instead.
        schema: a JSON Schema of the body; others are refused with 400. cors: origins whose pages may call.
        api_keys: 20 characters or more; one of them has to be in x-api-key. throttle: requests a second, and
        at once. stage: the first part of the path, unless it is $default.
        name: "NAME ROUTE" unless told, so that a machine may have many: to change a route's path, remove the
        one before, or give both one name.
        settings: instead, a route in AWS's own shape: see `triggers.http.route.Route`.
        Raises SfnbError where it is no route, or where another trigger has it.
        """
        from sfnb.on.routing import route_settings

        if sync:
            self._check_express()
        key = name or f"{self._name} {route}"
        told = settings or route_settings(
            route,
            self._arn,
            sync=sync,
            output=output,
            schema=schema,
            cors=cors,
            api_keys=api_keys,
            throttle=throttle,
            stage=stage,
            role=self._role(role),
        )
        return self._put("http", key, dict(told))

    def iot(
        self,
        sql: str,
        *,
        broker: str | None = None,
        prefix: str | None = None,
        error_action: Mapping[str, Any] | None = None,
        version: str = "2016-03-23",
        settings: Mapping[str, Any] | None = None,
        name: str | None = None,
        role: Role | str | None = None,
    ) -> Trigger:
        """Start with messages of MQTT that a rule of AWS IoT selects.

        sql: "SELECT temp, topic(2) AS sensor FROM 'sensors/+/temp' WHERE temp > 30"; what it selects is the
        input.
        broker: the URL of one, "mqtt://user:password@host:1883"; one begins in this process unless given, and
        `Trigger.url` says where. prefix: what names of executions begin with; may hold ${topic(2)}.
        error_action: as AWS IoT has it: {"republish": {"topic": "errors"}}. version: of the SQL.
        settings: instead, a rule's payload as CreateTopicRule takes it. name: NAME_iot unless told.
        Raises SfnbError where the SQL, the payload or the URL is wrong.
        """
        name = name or re.sub(r"\W", "_", f"{self._name}_iot", flags=re.ASCII)  # IoT takes no hyphen
        action = {
            "stateMachineName": self._name,
            "executionNamePrefix": prefix,
            "roleArn": self._role(role) or self._service.default_role(),
        }
        made = {
            "sql": sql,
            "awsIotSqlVersion": version,
            "ruleDisabled": False,
            "actions": [{"stepFunctions": given(action)}],
            "errorAction": None if error_action is None else dict(error_action),
        }
        options = {} if broker is None else {"broker": broker}
        trigger = self._put("iot", name, dict(settings) if settings else given(made), **options)
        self._service.triggers.kind("iot").wait(trigger.key, 2.0)  # type: ignore[attr-defined]
        return trigger

    def queue(
        self,
        queue: str,
        *,
        batch: int = 1,
        window: timedelta | None = None,
        filter: Mapping[str, Any] | str | Sequence[Mapping[str, Any] | str] | None = None,
        enrich: object = None,
        template: object = None,
        sync: bool = False,
        name: str | None = None,
        role: Role | str | None = None,
    ) -> Trigger:
        """Start with the messages of an SQS queue: a pipe of EventBridge. The input is an array of records.

        queue: its name, URL or ARN. batch: up to so many messages at a time; window: wait so long for them.
        filter: an event pattern, or several of which one has to match: {"body": {"total": [{"numeric": [">",
            100]}]}}. Messages that none matches are deleted.
        enrich: a function made by @sfnb.function, an EXPRESS machine, or an ARN of one: given the records, it
            answers with what the machine is given; with nothing, and nothing is started.
        template: what is given of each record, JSON or text with <$.body.total> in it.
        sync: wait for an EXPRESS machine; messages of one that fails stay in the queue.
        name: of the pipe, NAME-queue unless told: give names to have more than one.
        role: that Pipes takes on; without one nothing is asked.
        A message is deleted once its execution can be lost no more. Raises SfnbError where no AWS is in use,
        there is no such queue, or a filter or the template is wrong.
        """
        from sfnb.on.queueing import pipe_settings

        settings = pipe_settings(
            self._service,
            self._arn,
            queue,
            batch=batch,
            window=window,
            filter=filter,
            enrich=enrich,
            template=template,
            sync=sync,
            role=self._role(role),
            name=name,
        )
        return Trigger(self._service, self._service.triggers.pipes.put(settings))

    def _check_express(self) -> None:
        """Raises SfnbError for a machine whose end cannot be waited for."""
        if self._service.choose_state_machine(self._arn).machine.type != "EXPRESS":
            raise SfnbError(
                f"'{self._name}' is STANDARD, and only an EXPRESS machine answers when it has ended:"
                ' sfnb.load(..., type="EXPRESS"), %%asl --type EXPRESS'
            )

    def _put(self, kind: str, name: str, settings: dict[str, Any], **options: Any) -> Trigger:
        """Make a trigger with AWS's own settings, or change it."""
        triggers = self._service.triggers
        key, now = f"{kind}:{name}", self._service.world.clock.now()
        known = triggers.get(key)
        record = Record(
            kind=kind,
            name=name,
            settings=settings,
            targets=(self._arn,),
            created=now if known is None else known.created,
            updated=None if known is None else now,
            options=options,
            counts=Counts() if known is None else known.counts,
        )
        triggers.put(record)
        return Trigger(self._service, key)

    def _rule(
        self, name: str, bus: str, pattern: str, target: Mapping[str, Any], role: Role | str | None
    ) -> Trigger:
        """Make a rule with one target, or change it."""
        buses, key = self._service.triggers.buses, f"event:{rule_name(bus, name)}"
        settings = {"Name": name, "EventBusName": bus, "EventPattern": pattern, "State": "ENABLED"}
        told = {"Id": TARGET, "Arn": self._arn, "RoleArn": self._role(role), **target}
        buses.put_rule_with_targets(settings, [given(told)])
        return Trigger(self._service, key)

    def _role(self, role: Role | str | None) -> str | None:
        from sfnb.iam.roles import arn_of

        return None if role is None else arn_of(role, self._service.account)
