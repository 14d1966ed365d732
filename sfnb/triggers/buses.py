"""EventBridge in this process: buses, rules, archives and replays, asked as the API asks.

Each method is an operation, takes what botocore's model says, checked already, and answers in the same shape.
Source: EventBridge API reference.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from sfnb.errors import StoreFault
from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.events import MOST_BYTES, BadEntry, Event, event_of, made, size_of
from sfnb.triggers.known_buses import KnownBuses, told
from sfnb.triggers.paging import page
from sfnb.triggers.patterns import check_event
from sfnb.triggers.ports import Refused
from sfnb.triggers.records import Trigger, service_of
from sfnb.triggers.refusals import (
    LimitExceededException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ValidationException,
)
from sfnb.triggers.rules import DEFAULT, RULES, Rule, Rules, pattern_of, rule_name
from sfnb.values import decode

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

MOST_TARGETS = 5
STATUS_CHANGE = "Step Functions Execution Status Change"

Params = dict[str, Any]


class Buses(KnownBuses):
    """The buses of this account, and what becomes of events on them."""

    def __init__(self, here: Triggers) -> None:
        super().__init__(here)
        self._listening = False
        self._counting = threading.Lock()

    @property
    def rules(self) -> Rules:
        rules = self._here.kind("event")
        assert isinstance(rules, Rules)
        return rules

    # Rules. What is read, changed and put is so under one lock, for else one request undoes what another did.

    def put_rule(self, params: Params) -> Params:
        with self._here.changing:
            bus = self._bus(params.get("EventBusName", DEFAULT)).name
            if not params.get("EventPattern") and not params.get("ScheduleExpression"):
                raise ValidationException(
                    "Parameter(s) EventPattern or ScheduleExpression must be specified."
                )
            if params.get("ScheduleExpression") and bus != DEFAULT:
                raise ValidationException("ScheduleExpression is supported only on the default event bus.")
            known = self._found(bus, params["Name"])
            settings = {**told(params, "Tags"), "EventBusName": bus}
            if known is not None:
                settings["Targets"] = known.settings.get("Targets", [])
            self._put(known, settings)
            if (
                params.get("Tags") and known is None
            ):  # those of a rule that there is are changed by TagResource
                self._set_tags(self.rules.arn(bus, params["Name"]), params["Tags"])
            return {"RuleArn": self.rules.arn(bus, params["Name"])}

    def put_rule_with_targets(
        self, settings: Params, targets: list[Params], kind: str = "event", options: Params | None = None
    ) -> None:
        """Make a rule, or change it: it has these targets and no others. kind, options: see `Trigger`.

        Raises ResourceAlreadyExistsException where the rule of this name is of another kind.
        """
        with self._here.changing:
            bus = self._bus(settings["EventBusName"]).name
            known = self._found(bus, settings["Name"])
            if known is not None and known.kind != kind:
                raise ResourceAlreadyExistsException(
                    f"there is a rule named '{settings['Name']}' already, which is a trigger of another kind,"
                    f" '{known.kind}' where this one is '{kind}': remove that one, or give another name"
                )
            self._put(known, {**settings, "EventBusName": bus, "Targets": targets}, kind, options)

    def _put(
        self,
        known: Trigger | None,
        settings: dict[str, Any],
        kind: str = "event",
        options: Params | None = None,
    ) -> None:
        """Make or change a rule; a schedule that has changed begins anew."""
        now = self._now()
        same = (
            known is not None
            and not (settings.get("ScheduleExpression") and self._here.recurring.is_new(known))
            and all(
                known.settings.get(name) == settings.get(name) for name in ("ScheduleExpression", "State")
            )
        )
        bus, name = settings["EventBusName"], settings["Name"]
        self._here.put(
            Trigger(
                kind=kind if known is None else known.kind,
                name=rule_name(bus, name),
                settings=settings,
                targets=tuple(target["Arn"] for target in settings.get("Targets", ())),
                created=known.created if known is not None and same else now,
                updated=None if known is None else now,
                enabled=settings.get("State", "ENABLED") != "DISABLED",
                options=options or ({} if known is None else known.options),
                reached=known.reached if known is not None and same else None,
                **({} if known is None else {"counts": known.counts}),
            )
        )

    def describe_rule(self, params: Params) -> Params:
        rule = self._rule(params)
        return {**_rule_told(rule), "CreatedBy": self._here.world.account}

    def delete_rule(self, params: Params) -> Params:
        with self._here.changing:
            known = self._found(self._bus(params.get("EventBusName", DEFAULT)).name, params["Name"])
            if known is None:
                return {}
            if known.settings.get("Targets"):
                raise ValidationException("Rule can't be deleted since it has targets.")
            self._here.remove(known.key)
            self._drop_tags(self._rules_arn(known))
            return {}

    def _rules_arn(self, trigger: Trigger) -> str:
        return self.rules.arn(trigger.settings.get("EventBusName", DEFAULT), trigger.settings["Name"])

    def _check_tagged(self, arn: str) -> None:
        path = arn.partition(":event-bus/" if ":event-bus/" in arn else ":rule/")[2]
        if arn == self.bus_arn(path):
            self._bus(path)
            return
        bus, _, name = path.rpartition("/")
        if not name:
            raise ResourceNotFoundException(f"{arn} is neither a rule nor an event bus of this account.")
        self._rule({"Name": name, "EventBusName": bus or DEFAULT})

    def enable_rule(self, params: Params) -> Params:
        return self._set_state(params, "ENABLED")

    def disable_rule(self, params: Params) -> Params:
        return self._set_state(params, "DISABLED")

    def _set_state(self, params: Params, state: str) -> Params:
        with self._here.changing:
            trigger = self._rule(params).trigger
            self._put(trigger, {**trigger.settings, "State": state})
            return {}

    def list_rules(self, params: Params) -> Params:
        bus, prefix = self._bus(params.get("EventBusName", DEFAULT)).name, params.get("NamePrefix", "")
        rules = [rule for rule in self._rules_of(bus) if rule.name.startswith(prefix)]
        found, token = page(sorted(rules, key=lambda rule: rule.name), params)
        return {"Rules": [_rule_told(rule) for rule in found], **token}

    def list_rule_names_by_target(self, params: Params) -> Params:
        bus = self._bus(params.get("EventBusName", DEFAULT)).name
        rules = self._rules_of(bus)
        names = sorted(rule.name for rule in rules if params["TargetArn"] in rule.trigger.targets)
        found, token = page(names, params)
        return {"RuleNames": found, **token}

    def _rules_of(self, bus: str) -> list[Rule]:
        """Also those that another process runs."""
        kept = [seen.trigger for seen in self._here.all() if seen.trigger.kind in RULES]
        return [self.rules.get(each) for each in kept if each.settings.get("EventBusName", DEFAULT) == bus]

    def _found(self, bus: str, name: str) -> Trigger | None:
        return next(filter(None, (self._here.get(f"{kind}:{rule_name(bus, name)}") for kind in RULES)), None)

    def _rule(self, params: Params) -> Rule:
        bus = self._bus(params.get("EventBusName", DEFAULT)).name
        name = params.get("Name") or params["Rule"]
        known = self._found(bus, name)
        if known is None:
            raise ResourceNotFoundException(f"Rule {name} does not exist on EventBus {bus}.")
        return self.rules.get(known)

    # Targets

    def put_targets(self, params: Params) -> Params:
        with self._here.changing:
            trigger = self._rule(params).trigger
            targets = {target["Id"]: target for target in trigger.settings.get("Targets", ())}
            targets |= {target["Id"]: target for target in params["Targets"]}
            if len(targets) > MOST_TARGETS:
                raise LimitExceededException("The requested resource exceeds the maximum number allowed.")
            for target in params["Targets"]:
                _check_put(target)
            self._put(trigger, {**trigger.settings, "Targets": list(targets.values())})
            return {"FailedEntryCount": 0, "FailedEntries": []}

    def remove_targets(self, params: Params) -> Params:
        with self._here.changing:
            trigger = self._rule(params).trigger
            known = trigger.settings.get("Targets", [])
            missing = set(params["Ids"]) - {target["Id"] for target in known}
            left = [target for target in known if target["Id"] not in params["Ids"]]
            self._put(trigger, {**trigger.settings, "Targets": left})
            failed = [
                {
                    "TargetId": id,
                    "ErrorCode": "ResourceNotFoundException",
                    "ErrorMessage": f"Target {id} does not exist.",
                }
                for id in sorted(missing)
            ]
            return {"FailedEntryCount": len(failed), "FailedEntries": failed}

    def list_targets_by_rule(self, params: Params) -> Params:
        found, token = page(self._rule(params).targets, params)
        return {"Targets": found, **token}

    # Events

    def test_event_pattern(self, params: Params) -> Params:
        try:
            event = decode(params["Event"])
        except (ValueError, RecursionError):
            raise ValidationException("Parameter Event is not valid. It is not JSON.") from None
        check_event(event)
        pattern = pattern_of(params["EventPattern"])
        assert pattern is not None
        return {"Result": pattern.matches(event)}

    def put_events(self, params: Params) -> Params:
        """Answers once what rules make of the events can be lost no more."""
        if self._closed:
            raise Refused("ServiceClosed", "the service is closed, and takes no events", again=True)
        entries = params["Entries"]
        if sum(map(size_of, entries)) > MOST_BYTES:
            raise ValidationException("Total size of the entries in the request is over the limit.")
        world, now = self._here.world, self._now()
        answers: list[Params] = []
        by_bus: dict[str, list[Event]] = {}
        for entry in entries:
            try:
                bus = self._bus_name(entry.get("EventBusName", DEFAULT))
                event = event_of(entry, world.account, world.region, now)
            except BadEntry as fault:
                answers.append({"ErrorCode": fault.code, "ErrorMessage": str(fault)})
                continue
            except ResourceNotFoundException as fault:
                answers.append({"ErrorCode": "ResourceNotFoundException", "ErrorMessage": str(fault)})
                continue
            answers.append({"EventId": event["id"]})
            if bus == DEFAULT or self._is_known(bus):
                by_bus.setdefault(bus, []).append(event)
        for bus, events in by_bus.items():
            try:
                self.take(events, bus)
            except StoreFault as fault:
                lost = {event["id"] for event in events}
                refused = {
                    "ErrorCode": "InternalFailure",
                    "ErrorMessage": f"The event cannot be kept: {fault}",
                }
                answers = [refused if answer.get("EventId") in lost else answer for answer in answers]
        failed = sum("ErrorCode" in answer for answer in answers)
        return {"FailedEntryCount": failed, "Entries": answers}

    def take(
        self,
        events: Sequence[Event],
        bus: str,
        *,
        only: Collection[str] = (),
        replay: str = "",
        passed: tuple[str, ...] = (),
    ) -> int:
        """Events are on a bus: give them to the targets of its rules, and to its archives.

        only, replay: see `Rules.matching`, `Rule.deliveries`. passed: the rules that have passed them on to
        this bus; none of them does so again.
        Answers with how many rules have matched. Raises StoreFault; then nothing came of them.
        """
        now = self._now()
        posted = self._here.posted
        found = [each for each in self.rules.matching(events, bus, only) if each[1].arn not in passed]
        elsewhere = [each for each in posted.matching(events, bus, only) if each[1].arn not in passed]
        with self._counting:
            deliveries = [
                delivery for event, rule in found for delivery in rule.deliveries(event, now, replay, passed)
            ]
        keep = [] if replay else self.to_archive(events, bus, now)
        keep += posted.letters(
            delivery for event, rule in elsewhere for delivery in rule.deliveries(event, now, replay, passed)
        )
        if deliveries or keep:
            self._here.deliverer.accept(deliveries, keep=keep)
        with self._counting:
            for _, rule in found:
                rule.trigger.counts.match(now)
        return len(found) + len(elsewhere)

    def pass_on(self, delivery: Delivery) -> None:
        """A bus is the target of a rule."""
        try:
            name = self._bus_name(delivery.target["Arn"])
        except ResourceNotFoundException as fault:
            raise Refused("UNSUPPORTED_TARGET", str(fault)) from None
        if name != DEFAULT and not self._is_known(name):
            raise Refused("ResourceNotFoundException", f"Event bus {name} does not exist.")
        event = self._passed_on(delivery)
        self.take([event], name, replay=event.get("replay-name", ""), passed=delivery.passed)

    def _passed_on(self, delivery: Delivery) -> Event:
        """That of the rule, or one that a schedule makes of its input; raises Refused where there is none."""
        parameters = delivery.target.get("EventBridgeParameters")
        try:
            if parameters is None:
                event = json.loads(delivery.event or delivery.input)
                check_event(event)
                return dict(event)
            entry = {**parameters, "Detail": delivery.input, "Resources": [delivery.source]}
            world = self._here.world
            return event_of(entry, world.account, world.region, self._now()) | {"id": delivery.id}
        except BadEntry as fault:
            raise Refused(fault.code, str(fault)) from None
        except (ValidationException, ValueError) as fault:
            raise Refused("ValidationException", f"what the bus is given is no event: {fault}") from None

    # What happens here

    def look_again(self) -> None:
        """Another store has been taken: its buses, archives and replays are those that there are."""
        self._buses = self._archives = self._replays = None

    def listen(self) -> None:
        """From now on the default bus is told of what changes in this account."""
        if not self._listening:
            self._listening = True
            self._here.world.tell_changes(self.announce)

    def announce(self, details: Sequence[dict[str, Any]]) -> None:
        """Statuses of executions have changed; see `deliveries.status_changes`."""
        events = [
            made(
                source="aws.states",
                detail_type=STATUS_CHANGE,
                detail=detail,
                account=self._here.world.account,
                region=self._here.world.region,
                moment=self._now(),
                resources=[detail["executionArn"]],
            )
            for detail in details
        ]
        self.take(events, DEFAULT)


def _check_put(target: Params) -> None:
    """Raises ValidationException for a target that PutTargets does not take."""
    arn: str = target["Arn"]
    if not arn.startswith("arn:"):
        raise ValidationException(
            f"Parameter {arn} is not valid. Reason: Provided Arn is not in correct format."
        )
    if service_of(arn) == "states" and not target.get("RoleArn"):
        raise ValidationException(f"RoleArn is required for target {arn}.")


def _rule_told(rule: Rule) -> Params:
    return {"State": "ENABLED", **told(rule.trigger.settings, "Targets"), "Arn": rule.arn}
