"""Intrinsics for JSON as text and as objects."""

from __future__ import annotations

from sfnb.errors import StatesError
from sfnb.query.hash_map import hash_map_order
from sfnb.values import Json, decode, encode


def string_to_json(string: str) -> Json:
    """The value of JSON text; null for a blank one.

    >>> string_to_json('{"a": [1]}'), string_to_json(" ")
    ({'a': [1]}, None)

    Raises States.IntrinsicFailure for text that is not JSON.
    Source: AWS recordings.
    """
    if not string or string.isspace():
        return None
    try:
        return decode(string)
    except ValueError as fault:
        raise StatesError("States.IntrinsicFailure", f"the string is not JSON: {fault}") from None
    except RecursionError:
        raise StatesError("States.IntrinsicFailure", "the JSON in the string is nested too deeply") from None


def json_to_string(value: Json) -> str:
    """`value` as compact JSON text.

    >>> json_to_string({"a": [1, "b"]})
    '{"a":[1,"b"]}'
    """
    return encode(value)


def json_merge(first: dict[str, Json], second: dict[str, Json], deep: bool) -> dict[str, Json]:
    """The members of both objects, in AWS's order of keys; of two with one name, the second's.

    >>> json_merge({"a": {"x": 1}, "b": 1}, {"a": {"y": 2}}, False)
    {'a': {'y': 2}, 'b': 1}

    Raises States.IntrinsicFailure when `deep` is true: AWS has the shallow mode only.
    """
    if deep:
        raise StatesError(
            "States.IntrinsicFailure", "the third argument must be false: only shallow merging is supported"
        )
    merged = {**first, **second}
    return {key: merged[key] for key in hash_map_order(merged)}
