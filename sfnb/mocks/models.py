"""Whether a mocked result could be AWS's answer: TestState's fieldValidationMode.

Source: AWS API reference, MockInput; AWS recordings of TestState. One finding is told, the first; that a
missing field goes before a wrong one is our guess, each recording has one fault only.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any, Literal

import msgspec

from sfnb.mocks.auto import resource_parts
from sfnb.mocks.shapes import Spell, output_shape, spelling
from sfnb.values import Json

Mode = Literal["STRICT", "PRESENT", "NONE"]

UNCHECKED = {"http:invoke", "apigateway:invoke", "eks:call", "eks:runJob"}
"""Integrations whose mocks AWS does not look at."""

ANYTHING = {
    ("lambda:invoke", "Payload"),
    ("bedrock:invokeModel", "Body"),
    ("states:startExecution.sync:2", "Output"),
    ("states:startExecution.sync:2", "Input"),
}
"""Members that the model calls text and Step Functions shows parsed."""

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "structure": ((dict,), "an object"),
    "map": ((dict,), "an object"),
    "list": ((list,), "an array"),
    "string": ((str,), "a string"),
    "character": ((str,), "a string"),
    "blob": ((str,), "a string"),
    "boolean": ((bool,), "a boolean"),
    "integer": ((int, float), "a number"),
    "long": ((int, float), "a number"),
    "float": ((int, float), "a number"),
    "double": ((int, float), "a number"),
    "bigdecimal": ((int, float), "a number"),
}
"""A timestamp may be text or a number, so it is not looked at."""


def mock_fault(resource: str, result: Json, mode: Mode = "STRICT") -> str | None:
    """What AWS says of a mocked result; None where it takes it, or does not know the answer's shape.

    result: for `.sync` the answer of the call that tells how the job went.
    Raises NoModels where botocore is not installed.
    """
    kind, action, suffix = resource_parts(resource)
    if mode == "NONE" or not kind or f"{kind}:{action}" in UNCHECKED:
        return None
    if suffix == "waitForTaskToken" or not isinstance(result, dict):
        return None
    shape = output_shape(kind, action, suffix, unwrapped=False)
    if shape is None:
        return None
    call = f"{kind}:{action}.{suffix}".rstrip(".")
    free = {field for integration, field in ANYTHING if integration == call}
    fault = _Check(strict=mode == "STRICT", spell=spelling(kind)).members(shape, result, free)
    return None if fault is None else f"Mock result schema validation error: {fault}"


class _Check(msgspec.Struct, frozen=True, kw_only=True):
    strict: bool
    spell: Spell

    def members(self, shape: Any, value: dict[str, Json], free: AbstractSet[str] = frozenset()) -> str | None:
        """The first fault of a structure; the members `free` may be anything."""
        known = {self.spell(name): member for name, member in shape.members.items()}
        if self.strict:
            for name in map(self.spell, shape.required_members):
                if name not in value and name not in free:
                    return f"Required field '{name}' is missing"
        faults = (
            self.value(known[name], item, name) for name, item in value.items() if name in known.keys() - free
        )
        return next(filter(None, faults), None)

    def value(self, shape: Any, value: Json, name: str) -> str | None:
        types, described = _TYPES.get(shape.type_name, ((object,), ""))
        if not isinstance(value, types) or (isinstance(value, bool) and described == "a number"):
            return f"Field '{name}' must be {described}"
        match value:
            case dict() if shape.type_name == "structure":
                return self.members(shape, value)
            case dict():
                return next(
                    filter(None, (self.value(shape.value, item, name) for item in value.values())), None
                )
            case list():
                return next(filter(None, (self.value(shape.member, item, name) for item in value)), None)
            case str() if getattr(shape, "enum", None) and value not in shape.enum:
                return f"Field '{name}' is not an expected value"
            case int() | float() if not isinstance(value, bool):
                return _out_of_range(shape, value, name)
        return None


def _out_of_range(shape: Any, value: float, name: str) -> str | None:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is not None and value < least:
        return f"Field '{name}' is less than the minimum value"
    if most is not None and value > most:
        return f"Field '{name}' is greater than the maximum value"
    return None
