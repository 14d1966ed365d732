"""Rules of AWS IoT that start state machines with messages of MQTT: the kind "iot".

A message is acknowledged to the broker once what it starts can be lost no more: so none of QoS 1 is lost
while the process lives, and one that was received and not dealt with when it ended comes again.
Source: AWS IoT developer guide, "Rules for AWS IoT", "Step Functions", "Error handling (error action)".
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sfnb.engine.clock import new_name, uuid_of
from sfnb.errors import SfnbError
from sfnb.triggers.deliveries import DeadLetter, Delivery
from sfnb.triggers.iot.mqtt import Broker, Brokers, Connection, Subscription, publish
from sfnb.triggers.iot.mqtt import Message as Arrived
from sfnb.triggers.iot.sql import (
    NOT_SELECTED,
    UNDEFINED,
    Facts,
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
FAILED_ACTIONS = {"stepFunctions": "StepFunctionsAction", "lambda": "LambdaAction", "sqs": "SqsAction"}


class Listening:
    """A topic rule that listens."""

    def __init__(self, trigger: Trigger, connection: Connection) -> None:
        rule = check_rule(trigger.settings)
        self.trigger = trigger
        self.statement: Statement = rule.statement
        self.connection = connection
        self.subscription: Subscription | None = None


class TopicRules:
    """The topic rules that listen here."""

    def __init__(self, here: Triggers) -> None:
        self._here = here
        self._brokers = Brokers(now=here.world.clock.now)
        self._broker: Broker | None = None
        self._listening: dict[str, Listening] = {}
        self._beginning = threading.Lock()

    def check(self, trigger: Trigger) -> None:
        """Raises InvalidRule, InvalidSql, and SfnbError where the broker's URL is none."""
        from sfnb.triggers.iot.mqtt import parse_address

        check_rule(trigger.settings)
        if trigger.options.get("broker"):
            parse_address(trigger.options["broker"])

    def begin(self, trigger: Trigger) -> None:
        connection = self._brokers.connect(self._url(trigger), _client_id(trigger))
        listening = self._listening[trigger.key] = Listening(trigger, connection)
        if trigger.enabled:
            filter = listening.statement.topic_filter
            listening.subscription = connection.subscribe(
                filter, lambda arrived: self._take(listening, arrived), self._dropped(trigger)
            )

    def end(self, trigger: Trigger) -> None:
        listening = self._listening.pop(trigger.key, None)
        if listening is None:
            return
        if self._here.get(trigger.key) is None and listening.subscription is not None:
            listening.connection.unsubscribe(listening.subscription)  # it is gone: nothing is kept for it
        listening.connection.close()
        if not self._listening and self._broker is not None:
            broker, self._broker = self._broker, None
            broker.close()

    def words(self, trigger: Trigger) -> str:
        where = trigger.options.get("broker")
        return f"{trigger.settings['sql']}{f' at {where}' if where else ''}"

    def missed(self, trigger: Trigger) -> str:
        """A broker that outlives us keeps messages of QoS 1; what others came, nobody knows."""
        return ""

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        return {**settings, "ruleDisabled": not enabled}

    def runs(self, trigger: Trigger) -> str:
        """How the connection stands, where it does not: "" is well."""
        listening = self._listening.get(trigger.key)
        if listening is None or listening.subscription is None or listening.subscription.state.ready:
            return ""
        return listening.subscription.state.reason

    def wait(self, key: str, seconds: float) -> bool:
        """Until the broker sends what a rule asks for; whether it does."""
        listening = self._listening.get(key)
        return listening is not None and listening.connection.wait(seconds)

    def url(self, trigger: Trigger) -> str:
        """Of the broker: "mqtt://127.0.0.1:1883"."""
        return self._url(trigger)

    def _url(self, trigger: Trigger) -> str:
        given: str | None = trigger.options.get("broker")
        if given:
            return given
        with self._beginning:
            if self._broker is None or not self._broker.running:
                self._broker = _broker()
            return self._broker.url

    # Messages

    def _take(self, listening: Listening, arrived: Arrived) -> None:
        """On a thread of the subscription's own; the message is acknowledged when this returns."""
        if arrived.retain:
            return  # it was published before: a rule of AWS does not see it
        trigger, world = listening.trigger, self._here.world
        message = Message(topic=arrived.topic, payload=arrived.payload)
        facts = self._facts()
        outcome = listening.statement.evaluate(message, facts)
        if outcome is NOT_SELECTED:
            return
        now = world.clock.now()
        trigger.counts.match(now)
        if outcome is UNDEFINED or isinstance(outcome, bytes):
            trigger.counts.drop("what the statement selects is no JSON: encode(*, 'base64') makes some of it")
            return
        given = encode(outcome)
        context = {"topic": arrived.topic, "payload": base64.b64encode(arrived.payload).decode()}
        deliveries = [
            self._delivery(listening, action, message, facts, given, context)
            for action in trigger.settings["actions"]
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
        """An action that was asked for; None where it is none of this process's, and for `republish`."""
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
                publish(self._url(trigger), fill(members["topic"]), given.encode(), qos=members.get("qos", 0))
                return None
            case _:
                trigger.counts.drop(f"the action {kind} is none that can be done here")
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

    def _dropped(self, trigger: Trigger) -> Any:
        def dropped(topic: str, size: int, why: str) -> None:
            trigger.counts.drop(f"{why} ({size:,} bytes on {topic})")

        return dropped

    # Errors

    def failed(self, delivery: Delivery, letter: DeadLetter) -> None:
        """An action has failed for good: the rule's error action is done, if it has one."""
        listening = self._listening.get(delivery.trigger)
        action = None if listening is None else listening.trigger.settings.get("errorAction")
        facts = delivery.target.get("Iot", {})
        if listening is None or action is None or "error" in facts:
            return
        told: dict[str, Json] = {
            "ruleName": listening.trigger.name,
            "topic": facts.get("topic", ""),
            "base64OriginalPayload": facts.get("payload", ""),
            "failures": [
                {
                    "failedAction": FAILED_ACTIONS.get(facts.get("kind", ""), "Action"),
                    "failedResource": letter.target.rpartition(":")[2],
                    "errorMessage": f"{letter.code}: {letter.message}",
                }
            ],
        }
        message = Message(topic=facts.get("topic", ""), payload=base64.b64decode(facts.get("payload", "")))
        context = {"topic": message.topic, "payload": facts.get("payload", ""), "error": "yes"}
        made = self._delivery(listening, action, message, self._facts(), encode(told), context)
        if made is not None:
            self._here.deliverer.accept([made])


def _client_id(trigger: Trigger) -> str:
    """The same in the next process, so that the broker keeps messages for us meanwhile."""
    return f"sfnb-{uuid_of(f'{trigger.key} {trigger.created.isoformat()}')[:13]}"


def _broker() -> Broker:
    try:
        return Broker(PORT)
    except SfnbError:
        return Broker(0)


def names_of(settings: Mapping[str, Any]) -> Iterator[str]:
    """The machines that a rule starts, as far as they are named."""
    for action in settings.get("actions", ()):
        name = action.get("stepFunctions", {}).get("stateMachineName", "")
        if name and "${" not in name:
            yield name
