"""What an operation takes: the shapes of botocore's own models, each compiled once into a function.

A value of the wrong JSON type stops the reading, as AWS's parser does (`SerializationException`). Constraints
are gathered, all of them, and told together (`ValidationException`). What a shape does not know is left out,
and a null is as good as nothing, so that an action sees only members that it can use.

Source: AWS recordings for lengths, ranges and patterns; the words that all services of AWS with this protocol
share for the rest.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sfnb.errors import SfnbError

Read = Callable[[Any, str, list[str]], Any]
"""(value, path, findings) -> value, with what breaks a constraint added to the findings."""

JAVA_NUMBERS = {"integer": "Integer", "long": "Long", "float": "Float"}
NOT_NULL = "Member must not be null"

LONGEST_MATCHED = 10_000
"""How many characters a pattern is tried on; what is longer, and longer than its shape allows, breaks it."""

LINEAR = {
    rf"[ \t]*[{some}]+([ \t]+[{some}]+)*[ \t]*": rf"\t*[{some}]+(?:\t+[{some}]+)*\t*"
    for some in (r"\x20-\x7E", r"^\x00-\x1F:\x7F")
}
"""Patterns of the models that take exponential time to fail, and what matches the same texts in linear time.

The spaces between their words are matched by the words too.
"""

JAVA_CLASSES = {
    r"\p{ASCII}": r"[\x00-\x7f]",
    r"\p{L}": r"\w",
    r"\p{N}": r"\d",
    r"\p{Z}": " \\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000",
}
"""Classes of Java's patterns that Python's do not have; those of Unicode stand inside brackets."""


class SerializationException(SfnbError):
    """The body is no JSON, or has a value of another type than the model's."""


class BrokenConstraints(SfnbError):
    """Members that break the model's constraints."""


@functools.cache
def model(service: str = "stepfunctions") -> Any:
    """botocore's model of a service, from the data that it ships; raises SfnbError without botocore."""
    try:
        from botocore.loaders import create_loader
        from botocore.model import ServiceModel
    except ImportError:
        raise SfnbError('the API needs botocore: pip install "sfnb[server]"') from None
    description = create_loader().load_service_model(service, "service-2")
    return ServiceModel(description, service_name=service)


@functools.cache
def inputs(service: str = "stepfunctions") -> Mapping[str, Read]:
    """By operation, what reads its input."""
    described = model(service)
    return {name: _input(described.operation_model(name).input_shape) for name in described.operation_names}


@functools.cache
def errors(service: str = "stepfunctions") -> Mapping[str, Any]:
    """The shapes of the errors that the model has, by their codes."""
    return {shape.error_code: shape for shape in model(service).error_shapes}


def read(operation: str, value: Any, service: str = "stepfunctions") -> dict[str, Any]:
    """The input of an operation, as its action is to be given it.

    value: decoded JSON. Raises SerializationException, BrokenConstraints, in AWS's words.
    """
    findings: list[str] = []
    params: dict[str, Any] = inputs(service)[operation](value, "", findings)
    if findings:
        noun = "error" if len(findings) == 1 else "errors"
        raise BrokenConstraints(f"{len(findings)} validation {noun} detected: {'; '.join(findings)}")
    return params


def _input(shape: Any) -> Read:
    return _structure(shape) if shape is not None else lambda value, path, findings: {}


def _compiled(shape: Any) -> Read:
    match shape.type_name:
        case "structure":
            return _structure(shape)
        case "list":
            return _list(shape)
        case "string":
            return _string(shape)
        case "boolean":
            return _boolean
        case "integer" | "long" | "float":
            return _number(shape)
        case "timestamp":
            return _moment
        case "map":
            return _map(shape)
        case other:
            raise NotImplementedError(f"no input has had a {other} so far: {shape.name}")


def _structure(shape: Any) -> Read:
    members = [
        (
            name,
            _quoted(name),
            _compiled(member),
            name in shape.required_members,
            "Value at" if member.metadata.get("sensitive") else "Value null at",
        )
        for name, member in shape.members.items()
    ]

    def read_structure(value: Any, path: str, findings: list[str]) -> dict[str, Any]:
        if type(value) is not dict:
            raise SerializationException(
                "Unrecognized collection type" if type(value) is list else "Unexpected field type"
            )
        found = {}
        inside = f"{path}." if path else ""
        for name, quoted, read_member, required, words in members:
            each = value.get(name)
            if each is not None:
                found[name] = read_member(each, inside + quoted, findings)
            elif required:
                findings.append(f"{words} '{inside}{quoted}' failed to satisfy constraint: {NOT_NULL}")
        return found

    return read_structure


def _list(shape: Any) -> Read:
    read_item = _compiled(shape.member)
    is_structure = shape.member.type_name == "structure"
    sizes = list(_length_limits(shape.metadata))
    words = [words for words, _ in _limits(shape.member)] + [NOT_NULL]
    told_together = f"Member must satisfy constraint: [{', '.join(words)}]"

    def read_list(value: Any, path: str, findings: list[str]) -> list[Any]:
        if type(value) is not list:
            raise SerializationException(
                "Start of structure or map found where not expected"
                if type(value) is dict
                else "Unexpected field type"
            )
        findings += [
            _broken(_java(value, shape), path, words) for words, is_kept in sizes if not is_kept(value)
        ]
        inside: list[str] = []
        items = []
        for number, item in enumerate(value, 1):
            if item is None:
                inside.append(_broken(None, f"{path}.{number}.member", NOT_NULL))
            else:
                items.append(read_item(item, f"{path}.{number}.member", inside))
        if inside and not is_structure:  # AWS tells them as one fault of the list
            inside = [_broken(_java(value, shape), path, told_together)]
        findings += inside
        return items

    return read_list


def _map(shape: Any) -> Read:
    read_key, read_value = _compiled(shape.key), _compiled(shape.value)
    sizes = list(_length_limits(shape.metadata))

    def read_map(value: Any, path: str, findings: list[str]) -> dict[str, Any]:
        if type(value) is not dict:
            raise SerializationException(
                "Unrecognized collection type" if type(value) is list else "Unexpected field type"
            )
        known = {key: each for key, each in value.items() if each is not None}
        findings += [
            _broken(_java(known, shape), path, words) for words, is_kept in sizes if not is_kept(known)
        ]
        return {
            read_key(key, f"{path}.key", findings): read_value(each, f"{path}.{key}.member", findings)
            for key, each in known.items()
        }

    return read_map


def _string(shape: Any) -> Read:
    limits = list(_limits(shape))
    hidden = bool(shape.metadata.get("sensitive"))

    def read_string(value: Any, path: str, findings: list[str]) -> str:
        if type(value) is not str:
            raise _wrong_type(value, "String")
        for words, is_kept in limits:
            if not is_kept(value):
                findings.append(_broken(value, path, words, hidden=hidden))
        return value

    return read_string


def _number(shape: Any) -> Read:
    limits = list(_limits(shape))
    java, is_whole = JAVA_NUMBERS[shape.type_name], shape.type_name != "float"

    def read_number(value: Any, path: str, findings: list[str]) -> float:
        if type(value) is not int and type(value) is not float:
            raise _wrong_type(value, java)
        number = int(value) if is_whole else value  # AWS's parser cuts decimals off
        for words, is_kept in limits:
            if not is_kept(number):
                findings.append(_broken(number, path, words))
        return number

    return read_number


def _boolean(value: Any, path: str, findings: list[str]) -> bool:
    if type(value) is str:
        raise SerializationException("Unexpected token received from parser")
    if type(value) is not bool:
        raise _wrong_type(value, "Boolean")
    return value


def _moment(value: Any, path: str, findings: list[str]) -> datetime:
    """Seconds since 1970, which is how these protocols write a timestamp in JSON."""
    if type(value) is not int and type(value) is not float:
        raise _wrong_type(value, "Date")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise SerializationException(f"'{path}' is no moment that can be told") from None


# Constraints: the words of each, and what tells whether a value keeps it


Limit = tuple[str, Callable[[Any], bool]]


def _limits(shape: Any) -> Iterator[Limit]:
    metadata = shape.metadata
    if shape.type_name == "string":
        yield from _length_limits(metadata)
        if "pattern" in metadata:
            pattern: str = metadata["pattern"]
            most_matched = max(metadata.get("max", 0), LONGEST_MATCHED)
            compiled = _pattern(pattern)
            yield (
                f"Member must satisfy regular expression pattern: {pattern}",
                lambda text: len(text) <= most_matched and compiled.fullmatch(text) is not None,
            )
        if shape.enum:
            words = frozenset(shape.enum)
            yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]", words.__contains__
    elif shape.type_name in ("integer", "long", "float"):
        if "max" in metadata:
            most = metadata["max"]
            yield f"Member must have value less than or equal to {most}", lambda number: number <= most
        if "min" in metadata:
            least = metadata["min"]
            yield f"Member must have value greater than or equal to {least}", lambda number: number >= least


def _pattern(pattern: str) -> re.Pattern[str]:
    """A pattern of Java's, whose classes are of ASCII unless they are Unicode's."""
    flags = re.NOFLAG if r"\p{L}" in pattern else re.ASCII
    for ambiguous, linear in LINEAR.items():
        pattern = pattern.replace(ambiguous, linear)
    for name, members in JAVA_CLASSES.items():
        pattern = pattern.replace(name, members)
    return re.compile(pattern, flags)


def _length_limits(metadata: Mapping[str, Any]) -> Iterator[Limit]:
    if "max" in metadata:
        most = metadata["max"]
        yield f"Member must have length less than or equal to {most}", lambda value: len(value) <= most
    if metadata.get("min"):
        least = metadata["min"]
        yield f"Member must have length greater than or equal to {least}", lambda value: len(value) >= least


def _broken(value: Any, path: str, words: str, *, hidden: bool = False) -> str:
    shown = "Value" if hidden else "Value null" if value is None else f"Value '{value}'"
    return f"{shown} at '{path}' failed to satisfy constraint: {words}"


def _java(value: Any, shape: Any) -> str:
    """A value as Java prints it, which is how AWS quotes lists: `[Tag(key=a, value=b)]`."""
    if value is not None and shape.metadata.get("sensitive"):
        return "*** Sensitive Data Redacted ***"
    if shape.type_name == "list" and type(value) is list:
        return f"[{', '.join(_java(item, shape.member) for item in value)}]"
    if shape.type_name == "structure" and type(value) is dict:
        members = (f"{_quoted(name)}={_java(value.get(name), each)}" for name, each in shape.members.items())
        return f"{shape.name}({', '.join(members)})"
    if shape.type_name == "map" and type(value) is dict:
        pairs = (f"{_java(key, shape.key)}={_java(each, shape.value)}" for key, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    return "null" if value is None else str(value)


def _quoted(member: str) -> str:
    """As AWS quotes the name of a member: `Name` is 'name'."""
    return member[:1].lower() + member[1:]


def _wrong_type(value: Any, java: str) -> SerializationException:
    match value:
        case bool():
            found = "TRUE_VALUE" if value else "FALSE_VALUE"
        case int():
            found = "NUMBER_VALUE"
        case float():
            found = "DECIMAL_VALUE"
        case str():
            found = "STRING_VALUE"
        case list():
            return SerializationException(f"Unrecognized collection type class java.lang.{java}")
        case _:
            return SerializationException("Start of structure or map found where not expected")
    return SerializationException(f"{found} cannot be converted to {java}")
