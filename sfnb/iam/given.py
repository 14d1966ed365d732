"""What a call is given: all of it when it is made, and before that what the definition says for sure.

A value that a path or a query brings is `UNKNOWN`; one that is left out is None.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Mapping
from typing import Final, Literal

from sfnb.values import Json


class Unknown(enum.Enum):
    """Stands in the place of a value that only an execution knows."""

    UNKNOWN = "unknown"


UNKNOWN: Final = Unknown.UNKNOWN

Value = str | Unknown | None

_placeholder = re.compile(r"\$\{[^}]*\}")
_BODY = {"JSONPath": "Parameters", "JSONata": "Arguments"}


def static(value: Json, language: str = "JSONPath") -> object:
    """A template without what it computes; `${...}`, which a deployment fills in, becomes a wildcard.

    >>> static({"TableName": "orders", "Key.$": "$.key"})
    {'TableName': 'orders', 'Key': <Unknown.UNKNOWN: 'unknown'>}
    """
    if isinstance(value, str):
        if language == "JSONata" and value.startswith("{%"):
            return UNKNOWN
        if _placeholder.fullmatch(value):
            return UNKNOWN
        return _placeholder.sub("*", value)
    if isinstance(value, list):
        return [static(each, language) for each in value]
    if not isinstance(value, dict):
        return value
    if language == "JSONata":
        return {key: static(each, language) for key, each in value.items()}
    return {
        key.removesuffix(".$"): UNKNOWN if key.endswith(".$") else static(each, language)
        for key, each in value.items()
    }


def static_payload(state: Mapping[str, Json], language: str) -> object:
    """What a Task is known to be given; without Parameters or Arguments that is its input."""
    field = _BODY[language]
    return static(state[field], language) if field in state else UNKNOWN


def value_at(given: object, *steps: str) -> object:
    """What stands at some place; UNKNOWN below what is not known."""
    for step in steps:
        if given is UNKNOWN:
            return UNKNOWN
        given = given.get(step) if isinstance(given, Mapping) else None
    return given


def text(given: object, *steps: str) -> Value:
    """The text at some place; what is no text is as good as not known.

    >>> text({"Overrides": {"TaskRoleArn": "r"}}, "Overrides", "TaskRoleArn"), text({}, "Overrides", "X")
    ('r', None)
    """
    found = value_at(given, *steps)
    return found if found is None or isinstance(found, str) else UNKNOWN


def items(given: object, *steps: str) -> list[object] | Literal[Unknown.UNKNOWN]:
    """The list at some place."""
    found = value_at(given, *steps)
    return found if isinstance(found, list) else UNKNOWN
