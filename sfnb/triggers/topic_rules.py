"""Rules of AWS IoT that start state machines with messages of MQTT: the kind "iot".

A message is acknowledged to the broker once what it starts can be lost no more: so none of QoS 1 is lost
while the process lives, and one that was received and not dealt with when it ended comes again.
Source: AWS IoT developer guide, "Rules for AWS IoT", "Step Functions", "Error handling (error action)".
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from sfnb.engine.clock import new_name, uuid_of
from sfnb.errors import SfnbError
from sfnb.triggers.dead_letters import DeadLetter
from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.iot.mqtt import Broker, Brokers, Connection, Subscription, parse_address, publish
from sfnb.triggers.iot.mqtt import Message as Arrived
from sfnb.triggers.iot.mqtt.address import shown
from sfnb.triggers.iot.mqtt.topics import BASIC_INGEST
from sfnb.triggers.iot.republished import Republished
from sfnb.triggers.iot.sql import (
    NOT_SELECTED,
    UNDEFINED,
    Facts,
    InvalidRule,
    Message,
    Statement,
    check_rule,
    substitute,
)
from sfnb.triggers.records import Trigger
from sfnb.values import Json, encode

if TYPE_CHECKING:
    from sfnb.triggers.held import Triggers

PORT = 1883
"""That of MQTT; a free one is taken where it is not free."""
PRINCIPAL = "iot.amazonaws.com"
AWS = ".amazonaws.com"
"""Where AWS's own broker is, which lets nobody listen to Basic Ingest."""
FAILED_ACTIONS = {
    "stepFunctions": "StepFunctionsAction",
    "lambda": "LambdaAction",
    "sqs": "SqsAction",
    "sns": "SnsAction",
    "republish": "RepublishAction",
}
REQUIRED = {"lambda": "functionArn", "sqs": "queueUrl", "sns": "targetArn", "republish": "topic"}
"""What actions besides stepFunctions have to say, those that can be done here."""
NO_KEYS = (
    "the server asks for keys, which a broker that begins in this process cannot: give the URL of one that"
    " does, broker='mqtt://user:password@host:1883'"
)
NO_JSON = "what the statement selects is no JSON: encode(*, 'base64') makes some of it"


class Listening:
    """A topic rule that listens.

    subscriptions: to the topics of its statement, and to those of Basic Ingest, which name the rule.
    """

    def __init__(self, trigger: Trigger, connection: Connection) -> None:
        self.trigger = trigger
        self.statement: Statement = check_rule(trigger.settings).statement
        self.connection = connection
        self.subscriptions: list[Subscription] = []
        self._counting = threading.Lock()

    @property
    def filters(self) -> list[str]:
        """Of topics; the one that matters most comes first."""
        own = [self.statement.topic_filter] if self.statement.topic_filter else []
        direct = not set(self.trigger.name) & set("+#/") and not self.connection.address.host.endswith(AWS)
        return [*own, f"{BASIC_INGEST}{self.trigger.name}/#"] if direct else own

    def match(self, moment: datetime) -> None:
        with self._counting:
            self.trigger.counts.match(moment)

    def drop(self, reason: str) -> None:
        with self._counting:
            self.trigger.counts.drop(reason)


class TopicRules:
    """The topic rules that listen here."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._brokers = Brokers(now=here.world.clock.now)
        self._broker: Broker | None = None
        self._listening: dict[str, Listening] = {}
        self._beginning = threading.Lock()
        self._republished = Republished()

    def check(self, trigger: Trigger) -> None:
        """Raises InvalidRule, InvalidSql, and SfnbError where the broker's URL is none."""
        rule = check_rule(trigger.settings)
        if not rule.statement.topic_filter and set(trigger.name) & set("+#/"):
            raise InvalidRule(
                "sql", "without FROM there is Basic Ingest alone, which a name with +, # or / is not for"
            )
        for action in (*trigger.settings["actions"], *_error_action(trigger.settings)):
            _check_action(action)
        if trigger.options.get("broker"):
            parse_address(trigger.options["broker"])
        elif self._here.world.asks_for_keys:
            raise SfnbError(NO_KEYS)

    def begin(self, trigger: Trigger) -> None:
        try:
            connection = self._brokers.connect(self._begin_broker(trigger), _client_id(trigger))
            listening = self._listening[trigger.key] = Listening(trigger, connection)
            for filter in listening.filters if trigger.enabled else ():
                made = connection.subscribe(
                    filter, partial(self._take, listening), partial(self._too_large, listening)
                )
                listening.subscriptions.append(made)
        except BaseException:
            self.end(trigger)
            raise

    def end(self, trigger: Trigger) -> None:
        listening = self._listening.pop(trigger.key, None)
        if listening is not None:
            for subscription in listening.subscriptions:
                if not self._wants(trigger, subscription):
                    listening.connection.unsubscribe(subscription)
            listening.connection.close()
        self._close_broker()

    def _wants(self, trigger: Trigger, subscription: Subscription) -> bool:
        """Whether the broker is to keep messages until somebody listens again: another process, or we."""
        now = self._here.get(trigger.key)
        if now is None or not now.enabled or not self._here.shelf.durable:
            return False
        filter = subscription.topic_filter
        same = now.options.get("broker") == trigger.options.get("broker")
        return same and (
            filter.startswith(BASIC_INGEST) or filter == check_rule(now.settings).statement.topic_filter
        )

    def _close_broker(self) -> None:
        """Unless there are rules that need it."""
        with self._beginning:
            held = [each for each in self._here.held.values() if each.kind == "iot"]
            if self._broker is not None and all(each.options.get("broker") for each in held):
                broker, self._broker = self._broker, None
                broker.close()

    def words(self, trigger: Trigger) -> str:
        where = trigger.options.get("broker")
        place = f" at {shown(where)}" if where else ""
        why = self._why_not(trigger)
        return f"{trigger.settings['sql']}{place}{f' ({why})' if why else ''}"

    def missed(self, trigger: Trigger) -> str:
        """A broker that outlives us keeps messages of QoS 1; what others came, nobody knows."""
        return ""

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        return {**settings, "ruleDisabled": not enabled}

    def _why_not(self, trigger: Trigger) -> str:
        """Why the broker does not send what a rule that runs here asks for; "" where it does."""
        listening = self._listening.get(trigger.key)
        if listening is None or not listening.subscriptions:
            return ""
        state = listening.subscriptions[0].state
        return "" if state.ready else state.reason

    def wait(self, key: str, seconds: float) -> bool:
        """Until the broker sends what a rule asks for; whether it does."""
        listening = self._listening.get(key)
        return (
            listening is not None
            and bool(listening.subscriptions)
            and listening.subscriptions[0].wait(seconds)
        )

    def url(self, trigger: Trigger) -> str:
        """Of the broker, without user and password: "mqtt://127.0.0.1:1883"; of one in a process, where it is
        or has been.
        """
        given: str | None = trigger.options.get("broker")
        broker = self._broker
        if given:
            return shown(given)
        if broker is not None and trigger.key in self._listening:
            return broker.url
        return f"mqtt://127.0.0.1:{trigger.options.get('port', PORT)}"

    def _begin_broker(self, trigger: Trigger) -> str:
        """The URL of the broker: the one given, or one in this process, at the port that it had before."""
        given: str | None = trigger.options.get("broker")
        if given:
            return given
        with self._beginning:
            if self._broker is None or not self._broker.running:
                self._broker = _broker(trigger.options.get("port", PORT))
            if trigger.options.get("port") != self._broker.port:
                trigger.options = {**trigger.options, "port": self._broker.port}
                self._here.save(trigger)
            return self._broker.url

    # Messages

    def _take(self, listening: Listening, arrived: Arrived) -> None:
        """On a thread of the subscription's own; the message is acknowledged when this returns."""
        if arrived.retain:
            return  # it was published before: a rule of AWS does not see it
        message = Message(topic=arrived.topic, payload=arrived.payload)
        facts = self._facts()
        outcome = listening.statement.evaluate(message, facts)
        if outcome is NOT_SELECTED:
            return
        listening.match(self._here.world.clock.now())
        if outcome is UNDEFINED or isinstance(outcome, bytes):
            listening.drop(NO_JSON)
            return
        try:
            given = encode(outcome)
        except UnicodeEncodeError:  # half a character, cut out of a text
            listening.drop(NO_JSON)
            return
        context = {"topic": arrived.topic, "payload": base64.b64encode(arrived.payload).decode()}
        deliveries = [
            self._delivery(listening, action, message, facts, given, context)
            for action in listening.trigger.settings["actions"]
        ]
        self._here.deliverer.accept([each for each in deliveries if each is not None])

    def _facts(self) -> Facts:
        world = self._here.world
        return Facts(
            account=world.account,
            timestamp=int(world.clock.now().timestamp() * 1000),
            new_uuid=new_name,
            trace_id=new_name(),
        )

    def _delivery(
        self,
        listening: Listening,
        action: Mapping[str, Any],
        message: Message,
        facts: Facts,
        given: str,
        context: Mapping[str, str],
    ) -> Delivery | None:
        """An action that is to be done; None for `republish`, which is done, and what cannot be done here.

        context: the message as it arrived; "error" in it where it is the error action.
        """
        ((kind, members),) = action.items()
        trigger, world = listening.trigger, self._here.world

        def fill(text: str) -> str:
            return substitute(text, message, facts, statement=listening.statement)

        id = new_name()
        target: dict[str, Any] = {"RoleArn": members.get("roleArn"), "Iot": {"kind": kind, **context}}
        name = None
        match kind:
            case "stepFunctions":
                machine = fill(members["stateMachineName"])
                target["Arn"] = f"arn:aws:states:{world.region}:{world.account}:stateMachine:{machine}"
                name = f"{fill(members.get('executionNamePrefix', ''))}{id}"
            case "lambda":
                target["Arn"] = members["functionArn"]
            case "sqs":
                queue = members["queueUrl"].rpartition("/")[2]
                target["Arn"] = f"arn:aws:sqs:{world.region}:{world.account}:{queue}"
            case "sns":
                target["Arn"] = members["targetArn"]
            case "republish":
                fault = self._republish(listening, fill(members["topic"]), given, members, message)
                return self._error(listening, kind, fill(members["topic"]), fault, context) if fault else None
            case _:
                listening.drop(f"the action {kind} is none that can be done here")
                return None
        return Delivery(
            id=id,
            trigger=trigger.key,
            source=f"arn:aws:iot:{world.region}:{world.account}:rule/{trigger.name}",
            principal=PRINCIPAL,
            target={name: value for name, value in target.items() if value is not None},
            input=given,
            received=world.clock.now(),
            name=name,
        )

    def _republish(
        self, listening: Listening, topic: str, given: str, members: Mapping[str, Any], message: Message
    ) -> str:
        """Publish at the broker that the message came from; why it could not be, "" where it was."""
        now = self._here.world.clock.now()
        payload = given.encode()
        try:
            self._republished.note(
                topic, payload, self._republished.times(message.topic, message.payload, now), now
            )
            broker = listening.trigger.options.get("broker") or self.url(listening.trigger)
            publish(broker, topic, payload, qos=members.get("qos", 0))
        except SfnbError as fault:
            listening.drop(f"republish: {fault}")
            return str(fault)
        return ""

    def _too_large(self, listening: Listening, topic: str, size: int, why: str) -> None:
        listening.drop(f"{why} ({size:,} bytes on {topic})")

    # Errors

    def failed(self, delivery: Delivery, letter: DeadLetter) -> None:
        """An action has failed for good: the rule's error action is done, if it has one."""
        listening = self._listening.get(delivery.trigger)
        context = delivery.target.get("Iot", {})
        if listening is None:
            return
        resource, why = letter.target.rpartition(":")[2], f"{letter.code}: {letter.message}"
        made = self._error(listening, context.get("kind", ""), resource, why, context)
        if made is not None:
            self._here.deliverer.accept([made])

    def _error(
        self, listening: Listening, kind: str, resource: str, why: str, context: Mapping[str, str]
    ) -> Delivery | None:
        """What the error action is to deliver; None where there is none, and where it is what has failed."""
        action = listening.trigger.settings.get("errorAction")
        if action is None or "error" in context:
            return None
        told: dict[str, Json] = {
            "ruleName": listening.trigger.name,
            "topic": context.get("topic", ""),
            "base64OriginalPayload": context.get("payload", ""),
            "failures": [
                {
                    "failedAction": FAILED_ACTIONS.get(kind, "Action"),
                    "failedResource": resource,
                    "errorMessage": why,
                }
            ],
        }
        payload = context.get("payload", "")
        message = Message(topic=context.get("topic", ""), payload=base64.b64decode(payload))
        more = {"topic": message.topic, "payload": payload, "error": "yes"}
        return self._delivery(listening, action, message, self._facts(), encode(told), more)


def _error_action(settings: Mapping[str, Any]) -> list[Any]:
    action = settings.get("errorAction")
    return [] if action is None else [action]


def _check_action(action: Mapping[str, Any]) -> None:
    """Raises InvalidRule where one that is done here does not say with what."""
    ((kind, members),) = action.items()
    needed = REQUIRED.get(kind)
    if needed is None:
        return
    if not isinstance(members, Mapping) or not isinstance(members.get(needed), str):
        raise InvalidRule(kind, f"expected an object with {needed}, a string")
    if members.get("qos", 0) not in (0, 1):
        raise InvalidRule(f"{kind}.qos", "expected 0 or 1")


def _client_id(trigger: Trigger) -> str:
    """The same in the next process, so that the broker keeps messages for us meanwhile."""
    return f"sfnb-{uuid_of(f'{trigger.key} {trigger.created.isoformat()}')[:13]}"


def _broker(port: int) -> Broker:
    """At this port or the usual one, or at a free one where they are taken."""
    for each in dict.fromkeys((port, PORT)):
        with suppress(SfnbError):
            return Broker(each)
    return Broker(0)


def names_of(settings: Mapping[str, Any]) -> Iterator[str]:
    """The machines that a rule starts, as far as they are named."""
    for action in settings.get("actions", ()):
        name = action.get("stepFunctions", {}).get("stateMachineName", "")
        if name and "${" not in name:
            yield name
