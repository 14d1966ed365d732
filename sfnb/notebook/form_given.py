"""A JSON Schema as it is given: taken in, bounded, and looked through for what it points at.

It is taken as hostile: its size and its depth are bounded, and nothing that it points at is fetched.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec

from sfnb.errors import SfnbError
from sfnb.values import Json, decode, encode

Schema = dict[str, Any]

MOST_CHARACTERS = 262_144
"""Of a schema, written as JSON."""
DEEPEST = 64


def read_schema(given: object) -> Schema:
    """A schema of one's own, from a dict, JSON text or a file's path.

    Raises SfnbError where it is none, or points at nothing or elsewhere.
    """
    if isinstance(given, Path):
        try:
            given = given.expanduser().read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError) as fault:
            reason = getattr(fault, "strerror", None) or "it is no UTF-8 text"
            raise SfnbError(f"cannot read the schema '{given}': {reason}") from None
    if isinstance(given, str):
        return _parsed(given)
    if not isinstance(given, Mapping):
        raise SfnbError(
            f"a schema is a dict, JSON text or a Path, and this is {type(given).__name__}: "
            'form({"type": "object", "properties": {"id": {"type": "integer"}}})'
        )
    try:
        text = msgspec.json.encode(dict(given)).decode()
    except (TypeError, ValueError, RecursionError) as fault:
        raise SfnbError(f"the schema is not JSON: {fault}") from None
    return _parsed(text)


def _parsed(text: str) -> Schema:
    if len(text) > MOST_CHARACTERS:
        raise SfnbError(f"the schema has {len(text):,} characters: {MOST_CHARACTERS:,} is the most")
    try:
        schema = decode(text)
    except (ValueError, RecursionError) as fault:
        raise SfnbError(f"the schema is not JSON: {fault}") from None
    if not isinstance(schema, dict):
        raise SfnbError(f"the schema is to be an object, and this is {encode(schema)[:60]}")
    if _depth(schema) > DEEPEST:
        raise SfnbError(f"the schema is nested more than {DEEPEST} levels deep")
    _check_references(schema)
    return schema


def _depth(value: Json) -> int:
    """How deep a value is nested, as far as it matters."""
    level: list[Json] = [value]
    depth = 0
    while level and depth <= DEEPEST:
        depth += 1
        inner = [list(each.values()) if isinstance(each, dict) else each for each in level]
        level = [item for each in inner if isinstance(each, list) for item in each]
    return depth


def _check_references(schema: Schema) -> None:
    for place, name in _references(schema):
        if not name.startswith("#"):
            raise SfnbError(
                f"the schema at {place} points at '{name[:200]}', which is not fetched: put that schema into "
                '"$defs", and point at it by "#/$defs/..."'
            )
        if name.startswith("#/") and at(schema, name) is None:
            raise SfnbError(f"the schema at {place} points at '{name[:200]}', and there is no such place")


def _references(schema: Schema) -> Iterator[tuple[str, str]]:
    """Every $ref and where it stands; one inside of an enum or a default is none."""
    todo: list[tuple[str, Json]] = [("/", schema)]
    while todo:
        place, node = todo.pop()
        if isinstance(node, dict):
            for word in ("$ref", "$dynamicRef"):
                if isinstance(name := node.get(word), str) and "$id" not in schema:
                    yield place, name
            inner = [
                (key, each)
                for key, each in node.items()
                if key not in ("enum", "const", "default", "examples")
            ]
            todo += [(f"{place.rstrip('/')}/{key}", each) for key, each in inner]
        elif isinstance(node, list):
            todo += [(f"{place}/{index}", each) for index, each in enumerate(node)]


def at(schema: Schema, pointer: str) -> Any:
    """What a JSON Pointer in a fragment leads to; None where there is nothing.

    Source: RFC 6901, section 6.
    """
    node: Any = schema
    for step in unquote(pointer).removeprefix("#").split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and step.isdecimal() and int(step) < len(node):
            node = node[int(step)]
        elif isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return None
    return node if isinstance(node, (dict, bool)) else None
