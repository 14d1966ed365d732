"""A JSON Schema, read as the fields of a form.

What a field can show is read off the schema here; whether an input is right, `form_check` decides from the
schema itself. So a schema may say more than there are fields for: what has no field of its own is a field
of JSON text. The number of fields is bounded, and so is how deep they are.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, UnsetType

from sfnb.notebook.form_given import Schema, at
from sfnb.values import Json

Kind = Literal[
    "text", "prose", "integer", "number", "boolean", "choice", "date", "date-time", "lines", "group", "json"
]

MOST_FIELDS = 150
DEEPEST_GROUP = 5
MOST_CHOICES = 200
MOST_REFERENCES = 20
"""One after the other, until there is something else."""
LONGEST_LABEL, LONGEST_DESCRIPTION, LONGEST_BOUND = 60, 400, 60
PROSE_FROM = 200
"""Characters that a text may have, from which on it gets several lines."""

_SCALARS: dict[str, Kind] = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
}
_FORMATS: dict[str, Kind] = {"date": "date", "date-time": "date-time"}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One value to ask for.

    path: the names of the members that lead to it; () is the input itself.
    default: what it holds at first; UNSET: nothing. nullable: null is a value of it.
    choices: of a "choice", or of the lines. suggestions: texts to pick from, where others are right too.
    item: what each of the "lines" is. bounds: the range in words, "1 to 10".
    fields: of a "group". hidden: how many more members it has than are shown.
    """

    path: tuple[str, ...]
    kind: Kind
    label: str
    description: str = ""
    required: bool = False
    default: Json | UnsetType = UNSET
    nullable: bool = False
    choices: tuple[Json, ...] = ()
    suggestions: tuple[str, ...] = ()
    item: Kind = "text"
    bounds: str = ""
    fields: tuple[Field, ...] = ()
    hidden: int = 0


def fields_of(schema: Schema) -> Field:
    """The whole form: a group, or one field where the input is no object."""
    return _Reader(schema).field(schema, (), "input", required=True, inside=())


def start_value(field: Field) -> Json | UnsetType:
    """What a field holds before anybody has touched it; UNSET where it had better be left out."""
    if not isinstance(field.default, UnsetType):
        return field.default
    if field.kind != "group":
        return False if field.kind == "boolean" and field.required else UNSET
    members = {inner.path[-1]: start_value(inner) for inner in field.fields}
    held: dict[str, Json] = {
        name: value for name, value in members.items() if not isinstance(value, UnsetType)
    }
    if field.required and not field.nullable:
        return held
    return held if held and not field.nullable else UNSET


def leaves(field: Field) -> Iterator[Field]:
    """The fields that hold something, in order."""
    if field.kind != "group":
        yield field
    for inner in field.fields:
        yield from leaves(inner)


class _Reader:
    """Reads fields off one schema, and counts them."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._count = 0

    def field(
        self, node: Any, path: tuple[str, ...], name: str, *, required: bool, inside: tuple[str, ...]
    ) -> Field:
        """The field of one schema. inside: the references that led here, so that a circle is seen."""
        self._count += 1
        found, followed = self._resolved(node, inside)
        found, nullable = _without_null(found)
        if "$ref" in found:
            found, more = self._resolved(found, followed)
            followed = more
        kind = _kind(found)
        if kind == "group" and (len(path) >= DEEPEST_GROUP or len(set(followed)) < len(followed)):
            kind = "json"
        label = str(found.get("title") or name)[:LONGEST_LABEL]
        inner, hidden = self._members(found, path, followed) if kind == "group" else ((), 0)
        return Field(
            path=path,
            kind=kind,
            label=label,
            description=_text(found, "description", LONGEST_DESCRIPTION),
            required=required,
            default=found["default"] if "default" in found else _sole(found, required),
            nullable=nullable,
            choices=self._choices(found, kind),
            suggestions=_suggestions(found),
            item=self._item(found) if kind == "lines" else "text",
            bounds=_bounds(found),
            fields=inner,
            hidden=hidden,
        )

    def _members(
        self, node: Schema, path: tuple[str, ...], followed: tuple[str, ...]
    ) -> tuple[tuple[Field, ...], int]:
        needed = node.get("required")
        needed = needed if isinstance(needed, list) else []
        members: dict[str, Any] = node["properties"]
        made = []
        for name, each in members.items():
            if self._count >= MOST_FIELDS:
                break
            made.append(self.field(each, (*path, name), name, required=name in needed, inside=followed))
        return tuple(made), len(members) - len(made)

    def _resolved(self, node: Any, inside: tuple[str, ...]) -> tuple[Schema, tuple[str, ...]]:
        """The schema that stands behind references and an allOf, and the references that led to it."""
        found: Schema = dict(node) if isinstance(node, dict) else {}
        for _ in range(MOST_REFERENCES):
            name = found.get("$ref")
            if not isinstance(name, str):
                break
            target = self._root if name == "#" else at(self._root, name) if name.startswith("#/") else None
            found = {key: value for key, value in found.items() if key != "$ref"}
            if not isinstance(target, dict):
                break
            found = {**target, **found}
            inside = (*inside, name)
        parts = found.get("allOf")
        if isinstance(parts, list) and len(parts) <= MOST_REFERENCES and len(inside) < MOST_REFERENCES:
            found = {key: value for key, value in found.items() if key != "allOf"}
            for part in parts:
                resolved, inside = self._resolved(part, inside)
                found = _joined(found, resolved)
        return found, inside

    def _choices(self, node: Schema, kind: Kind) -> tuple[Json, ...]:
        if kind == "lines":
            node, _ = self._resolved(node.get("items"), ())
        if "const" in node:
            return (node["const"],)
        listed = node.get("enum")
        return tuple(listed) if isinstance(listed, list) else ()

    def _item(self, node: Schema) -> Kind:
        items, _ = self._resolved(node.get("items"), ())
        return _kind(items)


def _joined(first: Schema, second: Schema) -> Schema:
    """Two schemas that both hold, as far as fields show it."""
    joined = {**second, **first}
    if isinstance(first.get("properties"), dict) and isinstance(second.get("properties"), dict):
        joined["properties"] = {**second["properties"], **first["properties"]}
    if isinstance(first.get("required"), list) and isinstance(second.get("required"), list):
        joined["required"] = [*first["required"], *second["required"]]
    return joined


def _without_null(node: Schema) -> tuple[Schema, bool]:
    """A schema without the null that it allows beside one other thing, and whether it does."""
    kinds = node.get("type")
    if isinstance(kinds, list) and len(kinds) == 2 and "null" in kinds:
        return {**node, "type": next(kind for kind in kinds if kind != "null")}, True
    for word in ("anyOf", "oneOf"):
        ways = node.get(word)
        if isinstance(ways, list) and len(ways) == 2 and {"type": "null"} in ways:
            other = next((way for way in ways if way != {"type": "null"}), None)
            if isinstance(other, dict):
                rest = {key: value for key, value in node.items() if key != word}
                return {**other, **rest}, True
    return node, False


def _kind(node: Schema) -> Kind:
    """What shows a value of this schema; JSON text where nothing else does."""
    listed = node.get("enum")
    if "const" in node or (isinstance(listed, list) and 0 < len(listed) <= MOST_CHOICES):
        return "choice"
    if any(word in node for word in ("anyOf", "oneOf", "$ref")) and "properties" not in node:
        return "json"
    type_name = node.get("type")
    if isinstance(node.get("properties"), dict) and type_name in (None, "object"):
        return "group"
    if type_name == "string":
        longest = node.get("maxLength")
        if isinstance(longest, int) and longest >= PROSE_FROM:
            return "prose"
        return _FORMATS.get(str(node.get("format")), "text")
    if type_name == "array":
        return "lines" if _is_simple(node.get("items")) else "json"
    return _SCALARS.get(str(type_name), "json")


def _is_simple(items: Any) -> bool:
    """Whether items can be written one a line."""
    if not isinstance(items, dict) or any(word in items for word in ("anyOf", "oneOf", "allOf", "$ref")):
        return False
    listed = items.get("enum")
    if isinstance(listed, list):
        return all(isinstance(each, (str, int, float)) for each in listed)
    return items.get("type") in _SCALARS


def _sole(node: Schema, required: bool) -> Json | UnsetType:
    """What has but one value is that."""
    return node["const"] if "const" in node and required else UNSET


def _text(node: Schema, word: str, longest: int) -> str:
    text = node.get(word)
    if not isinstance(text, str):
        return ""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _suggestions(node: Schema) -> tuple[str, ...]:
    listed = node.get("examples")
    if not isinstance(listed, list) or node.get("type") != "string":
        return ()
    return tuple(each for each in listed[:MOST_CHOICES] if isinstance(each, str) and "\n" not in each)


def _bounds(node: Schema) -> str:
    """The range of a number, of a text's length or of the number of items.

    >>> _bounds({"type": "integer", "minimum": 1, "maximum": 10}), _bounds({"exclusiveMinimum": 0})
    ('1 to 10', 'more than 0')
    >>> _bounds({"type": "string", "maxLength": 5}), _bounds({"type": "array", "minItems": 1})
    ('at most 5 characters', 'at least 1 item')
    """
    for low, high, unit in (
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", "character"),
        ("minItems", "maxItems", "item"),
    ):
        words = _range(node.get(low), node.get(high), unit)
        if words:
            return words
    above, below = node.get("exclusiveMinimum"), node.get("exclusiveMaximum")
    sides = [f"more than {_number(above)}"] if _is_number(above) else []
    sides += [f"less than {_number(below)}"] if _is_number(below) else []
    return ", ".join(sides)


def _range(low: Any, high: Any, unit: str) -> str:
    def counted(count: Any) -> str:
        return _number(count) + (f" {unit}{'' if count == 1 else 's'}" if unit else "")

    if _is_number(low) and _is_number(high):
        return f"{_number(low)} to {counted(high)}"
    if _is_number(low):
        return f"at least {counted(low)}"
    return f"at most {counted(high)}" if _is_number(high) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _number(value: Any) -> str:
    return str(value)[:LONGEST_BOUND]
