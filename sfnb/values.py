"""JSON values: their type, their canonical text, their size.

A `Payload` is what travels between states. Its value is never changed in place, so it may be shared
by any number of states, events and branches; its text is made once, when somebody asks.
"""

from __future__ import annotations

from typing import TypeAlias, Union

import msgspec

Json: TypeAlias = Union[None, bool, int, float, str, "list[Json]", "dict[str, Json]"]

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encode(value: Json) -> str:
    """`value` as compact JSON text, keys in their own order, non-ASCII as it is.

    >>> encode({"b": [1, 2.0, None], "a": "é"})
    '{"b":[1,2.0,null],"a":"é"}'
    """
    return _encode(value).decode()


def decode(text: str | bytes) -> Json:
    """The value of JSON `text`; raises ValueError (msgspec.DecodeError) where it is not JSON."""
    return _decode(text)  # type: ignore[no-any-return]


def size_bytes(text: str) -> int:
    """How many bytes `text` takes in UTF-8: what AWS counts against its payload limit."""
    return len(text) if text.isascii() else len(text.encode())


class Payload:
    """A JSON value with its text.

    AWS hands an untouched payload on with the white space its author gave it, so a payload that
    came from outside keeps its source text; one built here gets compact text on demand.
    """

    __slots__ = ("_text", "value")

    def __init__(self, value: Json, text: str | None = None) -> None:
        self.value = value
        self._text = text

    @classmethod
    def of_text(cls, text: str) -> Payload:
        """Parse `text`; raises ValueError where it is not JSON."""
        return cls(decode(text), text)

    @property
    def text(self) -> str:
        text = self._text
        if text is None:
            text = self._text = _encode(self.value).decode()
        return text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Payload) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Payload({self.text})"


EMPTY_OBJECT = Payload({}, "{}")
