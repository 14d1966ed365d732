"""What an operation takes: the shapes of botocore's own model, each compiled once into a function.

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
from typing import Any

from sfnb.errors import SfnbError

Read = Callable[[Any, str, list[str]], Any]
"""(value, path, findings) -> value, with what breaks a constraint added to the findings."""

JAVA_NUMBERS = {"integer": "Integer", "long": "Long", "float": "Float"}
NOT_NULL = "Member must not be null"


class SerializationException(SfnbError):
    """The body is no JSON, or has a value of another type than the model's."""


class BrokenConstraints(SfnbError):
    """Members that break the model's constraints."""


@functools.cache
def model() -> Any:
    """botocore's model of Step Functions, from the data that it ships; raises SfnbError without botocore."""
    try:
        from botocore.loaders import create_loader
        from botocore.model import ServiceModel
    except ImportError:
        raise SfnbError('the API needs botocore: pip install "sfnb[server]"') from None
    description = create_loader().load_service_model("stepfunctions", "service-2")
    return ServiceModel(description, service_name="stepfunctions")


@functools.cache
def inputs() -> Mapping[str, Read]:
    """By operation, what reads its input."""
    return {name: _input(model().operation_model(name).input_shape) for name in model().operation_names}


@functools.cache
def error_codes() -> frozenset[str]:
    """The errors that the model has, by their codes."""
    return frozenset(shape.error_code for shape in model().error_shapes)


def read(operation: str, value: Any) -> dict[str, Any]:
    """The input of an operation, as its action is to be given it.

    value: decoded JSON. Raises SerializationException, BrokenConstraints, in AWS's words.
    """
    findings: list[str] = []
    params: dict[str, Any] = inputs()[operation](value, "", findings)
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
        case other:
            raise NotImplementedError(f"no input has had a {other} so far: {shape.name}")


def _structure(shape: Any) -> Read:
    members = [
        (
            name,
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
        for name, read_member, required, words in members:
            each = value.get(name)
            if each is not None:
                found[name] = read_member(each, inside + name, findings)
            elif required:
                findings.append(f"{words} '{inside}{name}' failed to satisfy constraint: {NOT_NULL}")
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


# Constraints: the words of each, and what tells whether a value keeps it


Limit = tuple[str, Callable[[Any], bool]]


def _limits(shape: Any) -> Iterator[Limit]:
    metadata = shape.metadata
    if shape.type_name == "string":
        yield from _length_limits(metadata)
        if "pattern" in metadata:
            pattern: str = metadata["pattern"]
            compiled = re.compile(pattern.replace(r"\p{ASCII}", r"[\x00-\x7f]"))
            yield (
                f"Member must satisfy regular expression pattern: {pattern}",
                lambda text: compiled.fullmatch(text) is not None,
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
    if shape.type_name == "list" and type(value) is list:
        return f"[{', '.join(_java(item, shape.member) for item in value)}]"
    if shape.type_name == "structure" and type(value) is dict:
        members = (f"{name}={_java(value.get(name), each)}" for name, each in shape.members.items())
        return f"{shape.name}({', '.join(members)})"
    return "null" if value is None else str(value)


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
