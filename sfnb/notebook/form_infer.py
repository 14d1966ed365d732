"""A schema where none was given: from inputs that there have been, or from what a definition reads.

It is a guess: it says what fields to show, and what is unlike it may be started all the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sfnb.errors import SfnbError
from sfnb.given import payload_of
from sfnb.machine import StateMachine
from sfnb.mocks import auto_input, wanted_of
from sfnb.mocks.want import Mark, Want
from sfnb.notebook.form_check import is_moment
from sfnb.notebook.form_given import Schema, read_schema
from sfnb.values import Json, decode

MOST_INPUTS = 20
MOST_MEMBERS = 40
DEEPEST = 6
MOST_SUGGESTED, LONGEST_SUGGESTED = 12, 40
DRAWN_AT = datetime(2026, 1, 1, tzinfo=UTC)
"""The moment of examples, which are to be the same each time."""


class Asked(NamedTuple):
    """What a form asks for.

    sure: whether the schema is the user's own. origin: what it was made from, in words; "" if it was given.
    """

    schema: Schema
    sure: bool
    origin: str = ""


def asked_of(machine: StateMachine, schema: object, inputs: Sequence[object] | None) -> Asked:
    """The schema of a form: the given one, else one of the inputs, else one of the definition.

    Raises SfnbError where what is given is no schema, or no inputs, InvalidInput where one is no JSON.
    """
    if schema is not None and inputs is not None:
        raise SfnbError("a form is made from a schema or from inputs: leave one of the two out")
    if schema is not None:
        return Asked(read_schema(schema), sure=True)
    if inputs is not None:
        if not isinstance(inputs, Sequence) or isinstance(inputs, (str, bytes)) or not inputs:
            raise SfnbError("inputs is a list of inputs: form(inputs=[order])")
        given = [payload_of(each).value for each in inputs]
        return Asked(schema_of(given[:MOST_INPUTS]), sure=False, origin="the given inputs")
    earlier = earlier_inputs(machine)
    if any(earlier):
        words = "the last input" if len(earlier) == 1 else f"the last {len(earlier)} inputs"
        return Asked(schema_of(earlier), sure=False, origin=words)
    read = schema_of_definition(machine.tree)
    return Asked(read, sure=False, origin="what the definition reads" if read else "")


def earlier_inputs(machine: StateMachine) -> list[Json]:
    """What the machine's executions began with, the latest first."""
    return [decode(execution.describe().input) for execution in machine.executions[:MOST_INPUTS]]


# From inputs


def schema_of(values: Sequence[Json], depth: int = 0) -> Schema:
    """What values, the latest first, have in common; the latest is the default.

    >>> schema_of([{"id": 7}, {"id": 8, "gift": True}])["properties"]["gift"]
    {'type': 'boolean'}
    >>> schema_of([1, 2.5]), schema_of([1, "a"])
    ({'type': 'number', 'default': 1}, {'default': 1})
    """
    kind = _kind_of(values)
    if kind == "object" and depth < DEEPEST:
        return _object_of([each for each in values if isinstance(each, dict)], depth)
    made: Schema = {"type": kind} if kind else {}
    if kind == "array" and depth < DEEPEST:
        made["items"] = _without_defaults(schema_of(_items(values), depth + 1))
    if kind == "string":
        made |= _text_of([each for each in values if isinstance(each, str)])
    if values:
        made["default"] = values[0]
    return made


def _kind_of(values: Sequence[Json]) -> str | None:
    """The one type of all values; null is beside the point, unless there is nothing else."""
    kinds = {_TYPES[type(each)] for each in values if each is not None}
    if kinds == {"integer", "number"}:
        return "number"
    return kinds.pop() if len(kinds) == 1 else None


_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}


def _object_of(values: Sequence[dict[str, Json]], depth: int) -> Schema:
    names = list(dict.fromkeys(name for each in values for name in each))[:MOST_MEMBERS]
    members: dict[str, Any] = {}
    for name in names:
        made = schema_of([each[name] for each in values if name in each], depth + 1)
        members[name] = made if name in values[0] else _without_defaults(made)
    return {"type": "object", "properties": members} if members else {"type": "object", "default": {}}


def _without_defaults(schema: Schema) -> Schema:
    """For what the latest input has not."""
    made = {key: value for key, value in schema.items() if key != "default"}
    if "properties" in made:
        members = made["properties"].items()
        made["properties"] = {name: _without_defaults(each) for name, each in members}
    return made


def _items(values: Sequence[Json]) -> list[Json]:
    return [item for each in values if isinstance(each, list) for item in each[:MOST_MEMBERS]]


def _text_of(texts: Sequence[str]) -> Schema:
    """A format that all have; else the few short texts that come back, to pick from."""
    for name, is_one in (("date-time", is_moment), ("date", _is_day)):
        if all(_holds(is_one, text) for text in texts):
            return {"format": name}
    if any("\n" in text or len(text) > 200 for text in texts):
        return {"maxLength": 262_144}
    distinct = list(dict.fromkeys(texts))
    short = all(0 < len(text) <= LONGEST_SUGGESTED for text in distinct)
    if short and len(distinct) <= MOST_SUGGESTED and len(distinct) < len(texts):
        return {"examples": sorted(distinct)}
    return {}


def _holds(test: Any, text: str) -> bool:
    try:
        return bool(test(text))
    except ValueError:
        return False


def _is_day(text: str) -> bool:
    return len(text) == 10 and is_moment(f"{text}T00:00:00Z")


# From a definition


def schema_of_definition(tree: dict[str, Any]) -> Schema:
    """What a definition reads of its input, with the values that its Choices compare to pick from; {} where
    it reads nothing."""
    wanted = wanted_of(tree)
    example = auto_input(wanted, "form", DRAWN_AT)
    if not wanted.input.members and wanted.input.element is None:
        return {}
    return _read(wanted.input, example, 0)


def _read(want: Want, example: Json, depth: int) -> Schema:
    """example: a value that has all of it, which tells the type where nothing else does."""
    if want.parsed is not None:
        return {"type": "string", "description": "JSON, as text"}
    if want.members and depth < DEEPEST:
        held = example if isinstance(example, dict) else {}
        names = list(want.members)[:MOST_MEMBERS]
        members = {name: _read(want.members[name], held.get(name), depth + 1) for name in names}
        return {"type": "object", "properties": members}
    if want.element is not None or "array" in want.kinds:
        first = example[0] if isinstance(example, list) and example else None
        item = _read(want.element, first, depth + 1) if want.element and depth < DEEPEST else {}
        return {"type": "array", "items": item}
    return _read_scalar(want, example)


def _read_scalar(want: Want, example: Json) -> Schema:
    values = [option.value for option in want.options.values() if not isinstance(option.value, Mark)]
    if "boolean" in want.kinds or any(isinstance(value, bool) for value in values):
        return {"type": "boolean"}
    if "seconds" in want.kinds:
        return {"type": "integer", "minimum": 0}
    if "timestamp" in want.kinds:
        return {"type": "string", "format": "date-time"}
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        return {"type": "string", "examples": texts[:MOST_SUGGESTED]}
    if "number" in want.kinds or isinstance(example, (int, float)):
        return {"type": "number"}
    return {} if isinstance(example, (dict, list)) else {"type": "string"}
