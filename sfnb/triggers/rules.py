"""Rules of EventBridge: which events go to which targets, as what.

Source: EventBridge guide, "Rules in Amazon EventBridge"; API reference, PutRule, PutTargets.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.engine.clock import uuid_of
from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.events import Event, made
from sfnb.triggers.inputs import InvalidTargetInput, RuleFacts, check_target_input, target_input
from sfnb.triggers.patterns import InvalidEventPattern, Pattern, read_pattern
from sfnb.triggers.records import Trigger, arn
from sfnb.triggers.recurring import Plan
from sfnb.triggers.refusals import InvalidEventPatternException, ValidationException
from sfnb.triggers.schedules import InvalidSchedule, Schedule, read_schedule

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

DEFAULT = "default"
EVENT = "event"
RULES = (EVENT, "file")
"""The kinds of triggers that are rules."""
PRINCIPAL = "events.amazonaws.com"


class Rule:
    """A rule that can be asked."""

    def __init__(self, trigger: Trigger, arn: str) -> None:
        settings = trigger.settings
        self.trigger = trigger
        self.arn = arn
        self.bus: str = settings.get("EventBusName", DEFAULT)
        self.name: str = settings["Name"]
        self.pattern: Pattern | None = pattern_of(settings.get("EventPattern"))
        self.schedule: Schedule | None = schedule_of(settings.get("ScheduleExpression"))
        self.targets: list[dict[str, Any]] = settings.get("Targets", [])
        for target in self.targets:
            _check_target(target)

    @property
    def enabled(self) -> bool:
        return self.trigger.enabled

    def may_ask_for(self, source: str) -> bool:
        """Whether an event of this source may match; told by the pattern's `source`, if that is plain."""
        if self.pattern is None:
            return False
        asked = msgspec.json.decode(self.trigger.settings["EventPattern"]).get("source")
        plain = isinstance(asked, list) and all(isinstance(each, str) for each in asked)
        return not plain or source in asked

    def input(self, target: dict[str, Any], event: Event, moment: datetime) -> str:
        """What a target is given of an event; raises InvalidTargetInput."""
        return target_input(target, event, RuleFacts(arn=self.arn, name=self.name, ingested=moment))

    def deliveries(
        self, event: Event, moment: datetime, replay: str = "", passed: tuple[str, ...] = ()
    ) -> Iterator[Delivery]:
        """One for each target. replay: the name of the replay that the event comes from.

        passed: the rules that have passed it on from bus to bus.
        """
        whole = msgspec.json.encode(event).decode()
        for target in self.targets:
            id = uuid_of(f"{event['id']} {self.arn} {target['Id']} {replay}")
            given, fault = whole, ""
            try:
                given = self.input(target, event, moment)
            except InvalidTargetInput as found:
                fault = str(found)
            yield Delivery(
                id=id,
                trigger=self.trigger.key,
                source=self.arn,
                principal=PRINCIPAL,
                target=target,
                input=given,
                received=moment,
                name=f"{event['id']}_{id}",
                event=None if given == whole else whole,
                cause=_cause(event),
                passed=(*passed, self.arn),
                fault=fault,
            )


def _cause(event: Event) -> str | None:
    """The execution whose change of status an event tells of."""
    detail = event["detail"]
    told = event["source"] == "aws.states" and isinstance(detail, dict)
    execution = detail.get("executionArn") if told else None
    return execution if isinstance(execution, str) else None


def rule_name(bus: str, name: str) -> str:
    """What a rule is called among all triggers."""
    return name if bus == DEFAULT else f"{bus}/{name}"


def matched(
    rules: Iterable[Rule], events: Sequence[Event], only: Collection[str] = ()
) -> list[tuple[Event, Rule]]:
    """Which event matches which rule. only: the ARNs of the rules that are asked; all, if none is given."""
    asked = [(rule, rule.pattern) for rule in rules if rule.enabled and (not only or rule.arn in only)]
    return [
        (event, rule)
        for event in events
        for rule, pattern in asked
        if pattern is not None and pattern.matches(event)
    ]


def _asked(text: str) -> str:
    """What a pattern asks for, in words where it is the usual one of status changes."""
    match msgspec.json.decode(text):
        case {
            "source": ["aws.states"],
            "detail": {"status": [*statuses], "stateMachineArn": [*arns], **more},
        } if not more and all(isinstance(each, str) for each in (*statuses, *arns)):
            names = " or ".join(arn.rpartition(":")[2] for arn in arns)
            return f"{names} becoming {' or '.join(statuses)}"
    return f"events like {text}"


def pattern_of(text: str | None) -> Pattern | None:
    """Raises InvalidEventPatternException."""
    if text is None:
        return None
    try:
        return read_pattern(text)
    except InvalidEventPattern as fault:
        raise InvalidEventPatternException(str(fault)) from None


def schedule_of(expression: str | None) -> Schedule | None:
    """Raises ValidationException."""
    if not expression:
        return None
    try:
        return read_schedule(expression, scheduler=False)
    except InvalidSchedule as fault:
        raise ValidationException(str(fault)) from None


def _check_target(target: dict[str, Any]) -> None:
    try:
        check_target_input(target)
    except InvalidTargetInput as fault:
        raise ValidationException(str(fault)) from None


class Rules:
    """The rules that run here, by bus. The kind "event" of triggers."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._rules: dict[str, dict[str, Rule]] = {}

    def arn(self, bus: str, name: str) -> str:
        world = self._here.world
        path = name if bus == DEFAULT else f"{bus}/{name}"
        return arn("events", world.region, world.account, f"rule/{path}")

    def check(self, trigger: Trigger) -> None:
        """Raises InvalidEventPatternException, ValidationException."""
        self._read(trigger)

    def begin(self, trigger: Trigger) -> None:
        rule = self._read(trigger)
        self._rules.setdefault(rule.bus, {})[rule.name] = rule
        if rule.schedule is not None and rule.enabled:
            self._here.recurring.begin(Plan(trigger, rule.schedule, self._fire, lambda over: None))
        self._here.buses.listen()
        self._here.posted.watch()

    def end(self, trigger: Trigger) -> None:
        bus, name = trigger.settings.get("EventBusName", DEFAULT), trigger.settings["Name"]
        self._rules.get(bus, {}).pop(name, None)
        self._here.recurring.end(trigger.key)

    def of(self, bus: str) -> list[Rule]:
        return list(self._rules.get(bus, {}).values())

    def get(self, trigger: Trigger) -> Rule:
        """As it runs here; one that does not is read."""
        bus, name = trigger.settings.get("EventBusName", DEFAULT), trigger.settings["Name"]
        return self._rules.get(bus, {}).get(name) or self._read(trigger)

    def words(self, trigger: Trigger) -> str:
        rule = self.get(trigger)
        where = "" if rule.bus == DEFAULT else f" on {rule.bus}"
        asked = [] if rule.pattern is None else [_asked(trigger.settings["EventPattern"]) + where]
        timed = [] if rule.schedule is None else [rule.schedule.words]
        return " and ".join(asked + timed)

    def missed(self, trigger: Trigger) -> str:
        rule = self._read(trigger)
        timed = "" if rule.schedule is None else self._here.recurring.missed(trigger, rule.schedule)
        return "; ".join(filter(None, (timed, self._here.posted.words(trigger.key))))

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        return {**settings, "State": "ENABLED" if enabled else "DISABLED"}

    def matching(
        self, events: Sequence[Event], bus: str, only: Collection[str] = ()
    ) -> list[tuple[Event, Rule]]:
        """Of the rules that run here; see `matched`."""
        return matched(self.of(bus), events, only)

    def _read(self, trigger: Trigger) -> Rule:
        settings = trigger.settings
        return Rule(trigger, self.arn(settings.get("EventBusName", DEFAULT), settings["Name"]))

    def _fire(self, trigger: Trigger, moment: datetime) -> list[Delivery]:
        rule = self.get(trigger)
        event = made(
            source="aws.events",
            detail_type="Scheduled Event",
            detail={},
            account=self._here.world.account,
            region=self._here.world.region,
            moment=moment,
            resources=[rule.arn],
            id=uuid_of(f"{rule.arn} {self._here.recurring.moment_key(moment)}"),
        )
        return list(rule.deliveries(event, moment))
