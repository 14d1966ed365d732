"""One message as the rules engine got it, and what a statement is evaluated in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

import msgspec

from sfnb.errors import SfnbError
from sfnb.triggers.iot.mqtt.topics import BASIC_INGEST
from sfnb.triggers.iot.sql.values import Value, count_nodes
from sfnb.values import decode

Version = Literal["2015-10-08", "2016-03-23", "beta"]

MOST_STEPS = 1_000_000
"""Of one evaluation. A step is an element that a nested SELECT looks at, a value within an array or object
that is written, compared or put together, or 32 characters of a long text."""

_LONG = 1_024
_CHARACTERS = 32


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was published.

    client_id: None where it did not come over MQTT.
    properties: of MQTT 5, by AWS's names: content_type, response_topic, correlation_data (base64),
        format_indicator. user_properties: names and values in their order.
    """

    topic: str
    payload: bytes
    client_id: str | None = None
    principal: str | None = None
    source_ip: str | None = None
    properties: Mapping[str, str] = {}
    user_properties: tuple[tuple[str, str], ...] = ()


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What the rules engine knows besides.

    timestamp: milliseconds since 1970. new_uuid: draws a random UUID, as text.
    trace_id: of the message, a UUID; None where it did not come over MQTT.
    """

    account: str
    timestamp: int
    new_uuid: Callable[[], str]
    trace_id: str | None = None


class Exhausted(SfnbError):
    """An evaluation took more steps than it may."""


class Occasion:
    """One evaluation: the message, its payload read, the variables of SET, the steps that are left.

    payload: the JSON value; the bytes as they came where they are no JSON.
    """

    __slots__ = ("facts", "message", "payload", "steps", "variables", "version")

    def __init__(self, message: Message, facts: Facts, version: Version) -> None:
        self.message = message
        self.facts = facts
        self.version = version
        self.payload = _read(message.payload)
        self.variables: dict[str, Value] = {}
        self.steps = MOST_STEPS

    @property
    def topic(self) -> str:
        """The topic as statements see it."""
        topic = self.message.topic
        return topic.split("/", 3)[-1] if topic.startswith(BASIC_INGEST) else topic

    def spend(self, steps: int) -> None:
        """Count off `steps`; raises Exhausted when there are none left."""
        self.steps -= steps
        if self.steps < 0:
            raise Exhausted(f"it takes more than {MOST_STEPS} steps")

    def weigh(self, value: Value) -> None:
        """Count off what it costs to go through `value`."""
        if isinstance(value, str):
            if len(value) > _LONG:
                self.spend(len(value) // _CHARACTERS)
        elif isinstance(value, list | dict):
            self.spend(count_nodes(value, self.steps))


class Scope:
    """Where names are looked up.

    root: the payload, or the element that a nested SELECT is at.
    names: what its FROM called the element, with it.
    """

    __slots__ = ("at", "names", "root")

    def __init__(self, root: Value, at: Occasion, names: Mapping[str, Value]) -> None:
        self.root = root
        self.at = at
        self.names = names


Evaluate = Callable[[Scope], Value]


def _read(payload: bytes) -> Value:
    try:
        return decode(payload)
    except (ValueError, RecursionError):
        return payload
