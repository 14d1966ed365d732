"""Functions of the message and of what is known about it.

The keyword `at` is the occasion: the caller hands it over.
Source: AWS IoT developer guide, "Functions".
"""

from __future__ import annotations

from sfnb.triggers.iot.sql.occasion import Occasion
from sfnb.triggers.iot.sql.values import UNDEFINED, Absence, Value


def accountid(*, at: Occasion) -> str:
    """The account that owns the rule."""
    return at.facts.account


def clientid(*, at: Occasion) -> str:
    """The MQTT client that sent the message; n/a for one that came otherwise."""
    return at.message.client_id or "n/a"


def principal(*, at: Occasion) -> str | Absence:
    """Whom the sender has shown itself to be."""
    return at.message.principal or UNDEFINED


def sourceip(*, at: Occasion) -> str | Absence:
    """The address of the sender."""
    return at.message.source_ip or UNDEFINED


def newuuid(*, at: Occasion) -> str:
    """A new UUID."""
    return at.facts.new_uuid()


def rand(*, at: Occasion) -> float:
    """A number from 0.0 up to 1.0, of the chance that is in a new UUID."""
    return int(at.facts.new_uuid().replace("-", "")[:12], 16) / 16**12


def sql_version(*, at: Occasion) -> str:
    """The version of SQL that the rule is written in."""
    return at.version


def timestamp(*, at: Occasion) -> int:
    """When the message came, in milliseconds since 1970."""
    return at.facts.timestamp


def topic(level: int | None = None, *, at: Occasion) -> str | Absence:
    """The topic, or its level of that number, from 1; without `$aws/rules/name/` of Basic Ingest."""
    if level is None:
        return at.topic
    levels = at.topic.split("/")
    return levels[level - 1] if 1 <= level <= len(levels) else UNDEFINED


def traceid(*, at: Occasion) -> str | Absence:
    """The trace id of the message."""
    return at.facts.trace_id or UNDEFINED


def get_mqtt_property(name: str, *, at: Occasion) -> str | Absence:
    """A property of an MQTT 5 message: content_type, response_topic, correlation_data, format_indicator."""
    return at.message.properties.get(name, UNDEFINED)


def get_user_properties(key: str | None = None, *, at: Occasion) -> Value:
    """The values of the user properties of that name; without one, all, as objects of key and value."""
    pairs = at.message.user_properties
    if key is None:
        return [{"key": name, "value": value} for name, value in pairs]
    return [value for name, value in pairs if name == key]
