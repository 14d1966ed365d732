"""Functions of arrays, objects and of any value.

Source: AWS IoT developer guide, "Functions".
"""

from __future__ import annotations

from sfnb.triggers.iot.sql.values import (
    MOST_NODES,
    MOST_TEXT,
    UNDEFINED,
    Absence,
    Value,
    to_boolean,
    to_int,
    to_number,
    to_text,
)
from sfnb.values import Json


def concat(*values: Value) -> Value:
    """Arrays and what else is given as one array; without an array, the texts as one.

    >>> concat([1, 2], "a", [3]), concat(1, "hello"), concat(7)
    ([1, 2, 'a', 3], '1hello', 7)
    """
    if len(values) < 2:
        return values[0] if values else UNDEFINED
    if any(isinstance(value, list) for value in values):
        return _joined_array(values)
    texts = [to_text(value) for value in values]
    known = [text for text in texts if isinstance(text, str)]
    if len(known) < len(texts) or not any(isinstance(value, str) for value in values):
        return UNDEFINED
    return "".join(known) if sum(map(len, known)) <= MOST_TEXT else UNDEFINED


def _joined_array(values: tuple[Value, ...]) -> Value:
    joined: list[Json] = []
    for value in values:
        if isinstance(value, list):
            joined += value
        elif not isinstance(value, Absence | bytes):
            joined.append(value)
        if len(joined) > MOST_NODES:
            return UNDEFINED
    return joined


def get(collection: Value, key: Value) -> Value:
    """The item of an array, the character of a string (both from 0) or the member of an object.

    >>> get(["a", "b", "c"], 1), get({"odd-name": 5}, "odd-name")
    ('b', 5)
    """
    if isinstance(collection, dict):
        return collection.get(key, UNDEFINED) if isinstance(key, str) else UNDEFINED
    if not isinstance(collection, list | str):
        return UNDEFINED
    index = to_int(key)
    if isinstance(index, Absence) or not 0 <= index < len(collection):
        return UNDEFINED
    return collection[index]


def get_or_default(value: Value, default: Value = UNDEFINED) -> Value:
    """`value`, or `default` where it is Null or Undefined."""
    return default if value is None or value is UNDEFINED else value


def nanvl(value: Value, default: Value) -> Value:
    """`value`, or `default` where it is Null or Undefined. (No value here is NaN.)"""
    return get_or_default(value, default)


def is_null(value: Value) -> bool:
    """Whether it is Null."""
    return value is None


def is_undefined(value: Value) -> bool:
    """Whether it is Undefined."""
    return value is UNDEFINED


def transform(mode: str, added: Value, array: Value) -> Value:
    """With "enrichArray": the objects of `array`, each with the members of the object `added`."""
    if mode != "enrichArray" or not isinstance(added, dict) or not isinstance(array, list):
        return UNDEFINED
    if len(array) * (len(added) + 1) > MOST_NODES:
        return UNDEFINED
    objects = [item for item in array if isinstance(item, dict)]
    return [{**item, **added} for item in objects] if len(objects) == len(array) else UNDEFINED


def cast(value: Value, kind: str) -> Value:
    """`value` as another type, booleans as 1 and 0 too; `kind` is a key of `CASTS`.

    >>> cast(True, "Int"), cast("12.7", "Integer"), cast(0, "Bool")
    (1, 12, False)
    """
    wanted = CASTS[kind.lower()]
    if wanted == "String":
        return to_text(value)
    if wanted == "Boolean":
        return to_boolean(value) if isinstance(value, str | bool) else _truth(value)
    number = int(value) if isinstance(value, bool) else to_number(value)
    if isinstance(number, Absence):
        return UNDEFINED
    return to_int(number) if wanted == "Int" else float(number)


def _truth(value: Value) -> bool | Absence:
    number = to_number(value)
    return UNDEFINED if isinstance(number, Absence) else number != 0


CASTS = {
    "string": "String",
    "nvarchar": "String",
    "text": "String",
    "ntext": "String",
    "varchar": "String",
    "int": "Int",
    "integer": "Int",
    "double": "Decimal",
    "decimal": "Decimal",
    "bool": "Boolean",
    "boolean": "Boolean",
}
"""The words after AS, in lower case, and the type that each means."""

CASTS_SINCE_2016 = {"decimal", "bool", "boolean"}
