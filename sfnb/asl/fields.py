"""The table of a record's fields, read off its annotations once."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import msgspec
from msgspec import Meta

from sfnb.asl.machine import Definition
from sfnb.asl.timestamps import parse_timestamp
from sfnb.asl.vocabulary import AnyJson, AtItems, Computed, InTemplate, Spelled
from sfnb.errors import PathStep
from sfnb.query import LANGUAGES
from sfnb.query.expression import Literal as LiteralExpression
from sfnb.values import Json, Payload

if TYPE_CHECKING:
    from sfnb.asl.decode import Decoder

Place = tuple[PathStep, ...]
Decode = Callable[["Decoder", str, Json, Place], Any]

OWN = frozenset({"name", "place", "flow", "language", "exit", "reads", "assigns"})
"""Attributes of a state, a rule or a Catcher that are no fields of it."""


class Field(msgspec.Struct, frozen=True):
    """A field as it is spelled in a definition, the attribute it fills, and how to decode it."""

    name: str
    attribute: str
    decode: Decode
    required: bool


@functools.cache
def fields_of(record: type, language: str = "JSONPath") -> dict[str, Field]:
    """Every spelling that `record` takes in a query language: its fields, their `...Path` twins, their
    older names.
    """
    hints = typing.get_type_hints(record, include_extras=True)
    table: dict[str, Field] = {}
    for info in msgspec.structs.fields(record):
        if info.name in OWN:
            continue
        name = spelling(info.name, hints[info.name], language)
        if name is None:
            continue
        decode, twin = decoder_for(hints[info.name])
        if name in ("Retry", "Catch") and not getattr(record, "recovers", True):
            continue
        if name == "Next" and not getattr(record, "transitions", True):
            continue
        table[name] = Field(name, info.name, decode, info.required)
        if twin is not None and language == "JSONPath":
            table[f"{name}Path"] = Field(name, info.name, twin, False)
    for old, new in getattr(record, "aliases", {}).items():
        if old in LANGUAGES["JSONPath"].only and language != "JSONPath":
            continue
        table[old] = msgspec.structs.replace(table[new], required=False)
    return table


def spelling(attribute: str, annotation: Any, language: str) -> str | None:
    """How a field is spelled in a query language; None where it has no such field."""
    markers = get_args(annotation)[1:] if get_origin(annotation) is Annotated else ()
    spelled = next((marker for marker in markers if isinstance(marker, Spelled)), None)
    if spelled is None:
        return pascal(attribute)
    return spelled.jsonpath if language == "JSONPath" else spelled.jsonata


def pascal(attribute: str) -> str:
    """`max_attempts` is spelled MaxAttempts."""
    return "".join(part.capitalize() for part in attribute.split("_"))


def decoder_for(annotation: Any) -> tuple[Decode, Decode | None]:
    """How to decode a field of this annotation, and its `...Path` twin if it has one."""
    meta: Meta | None = None
    if get_origin(annotation) is Annotated:
        annotation, *markers = get_args(annotation)
        for marker in markers:
            if isinstance(marker, Computed):
                return computed(marker), computed_path(marker)
            if type(marker) in MARKED:
                return MARKED[type(marker)], None
            meta = marker if isinstance(marker, Meta) else meta
    annotation = without_none(annotation)
    if get_origin(annotation) is Annotated:
        return decoder_for(annotation)
    if get_origin(annotation) is tuple:
        return many(decoder_for(get_args(annotation)[0])[0], meta), None
    if get_origin(annotation) is Literal:
        return one_of(get_args(annotation)), None
    if annotation in (int, float):
        return number(annotation, meta or Meta()), None
    return {str: text, bool: boolean, Definition: definition}.get(annotation) or record(annotation), None


def without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (typing.Union, types.UnionType):
        return next(part for part in get_args(annotation) if part is not type(None))
    return annotation


# One decoder for each kind of field: it returns the value, or reports and returns None.


def text(decoder: Decoder, name: str, value: Json, path: Place) -> str | None:
    if isinstance(value, str):
        return value
    decoder.expected("a string", value, path)
    return None


def boolean(decoder: Decoder, name: str, value: Json, path: Place) -> bool | None:
    if isinstance(value, bool):
        return value
    decoder.expected("true or false", value, path, hint=truth_hint(value))
    return None


def truth_hint(value: Json) -> str | None:
    """For the words that YAML once took for booleans, and text that reads like one."""
    truth = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
    word = truth.get(value.lower()) if isinstance(value, str) else None
    return word and f"write {word}, without quotes"


def number(kind: type, meta: Meta) -> Decode:
    types_ = (int,) if kind is int else (int, float)
    what = f"a {'whole ' if kind is int else ''}number{bounds_in_words(meta)}"

    def decode(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
        if isinstance(value, bool) or not isinstance(value, types_):
            decoder.expected(what, value, path)
            return None
        if not within(value, meta):
            decoder.find(beyond(value, meta), path, hint=f"expected {what}, found {value}")
            return None
        return value

    return decode


def within(value: Any, meta: Meta) -> bool:
    return (
        (meta.ge is None or value >= meta.ge)
        and (meta.gt is None or value > meta.gt)
        and (meta.le is None or value <= meta.le)
        and (meta.lt is None or value < meta.lt)
    )


def beyond(value: Any, meta: Meta) -> str:
    """AWS's words for a number that is too large or too small: `Maximum value is 99999999`."""
    low, high = _bounds(meta)
    return f"Minimum value is {low}" if low is not None and value < low else f"Maximum value is {high}"


def _bounds(meta: Meta) -> tuple[Any, Any]:
    """The least and the greatest value; whole numbers where a bound is exclusive."""
    low = meta.ge if meta.gt is None else meta.gt + 1
    high = meta.le if meta.lt is None else meta.lt - 1
    return low, high


def bounds_in_words(meta: Meta) -> str:
    """
    >>> bounds_in_words(Meta(ge=1, le=99_999_999))
    ' from 1 to 99,999,999'
    """
    low, high = _bounds(meta)
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    return f", at least {low:,}" if low is not None else ""


def one_of(allowed: tuple[str, ...]) -> Decode:
    def decode(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
        decoder.one_of(allowed, value, path)
        return value

    return decode


def many(item: Decode, meta: Meta | None) -> Decode:
    def decode(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
        if not isinstance(value, list):
            decoder.expected("a list", value, path)
            return ()
        if not value and meta is not None and meta.min_length:
            decoder.find("Value cannot be empty", path)
        return tuple(item(decoder, name, part, (*path, index)) for index, part in enumerate(value))

    return decode


def record(kind: Any) -> Decode:
    def decode(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
        if hasattr(kind, "from_tree"):
            return kind.from_tree(decoder, value, path)
        if not isinstance(value, dict):
            decoder.expected("an object", value, path)
            return None
        before = len(decoder.findings)
        values = decoder.values(kind, value, path)
        return kind(**values) if len(decoder.findings) == before else None

    return decode


def definition(decoder: Decoder, name: str, value: Json, path: Place) -> Definition | None:
    return decoder.definition(value, path, {})


def computed(marker: Computed) -> Decode:
    """The literal form of a field that may be computed."""

    def decode(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
        if decoder.language.computes(value):
            return decoder.language.query(name, value, decoder.report_at(path))
        if marker.kind == "timestamp":
            if not isinstance(value, str) or parse_timestamp(value) is None:
                hint = "such as 2026-11-22T09:30:00Z: with T, and with Z or an offset"
                decoder.find("String does not match RFC3339 timestamp", path, hint=hint)
        elif marker.kind == "string":
            text(decoder, name, value, path)
        else:
            number(int if marker.kind == "integer" else float, Meta(ge=marker.ge, le=marker.le))(
                decoder, name, value, path
            )
        return LiteralExpression(name, value)

    return decode


def computed_path(marker: Computed) -> Decode:
    def decode(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
        return decoder.language.query(
            name, value, decoder.report_at(path), miss=marker.miss, calls=marker.calls
        )

    return decode


def at_items(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
    if name == "Items" and not isinstance(value, list | dict) and not decoder.language.computes(value):
        decoder.expected("a list, an object or a JSONata expression", value, path)
        return None
    return decoder.language.query(name, value, decoder.report_at(path))


def in_template(decoder: Decoder, name: str, value: Json, path: Place) -> Any:
    return decoder.language.template(name, value, decoder.report_at(path))


def any_json(decoder: Decoder, name: str, value: Json, path: Place) -> Payload:
    return Payload(value)


MARKED: dict[type, Decode] = {
    AtItems: at_items,
    InTemplate: in_template,
    AnyJson: any_json,
}
