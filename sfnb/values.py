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


LARGE = 4_096
"""Characters of text from which on it pays to keep it apart from what is added to it."""


class Payload:
    """A JSON value with its text.

    AWS hands an untouched payload on with the white space its author gave it, so a payload that
    came from outside keeps its source text; one built here gets compact text on demand.
    """

    __slots__ = ("_stem", "_text", "value")

    def __init__(self, value: Json, text: str | None = None) -> None:
        self.value = value
        self._text = text
        self._stem: tuple[str, str] | None = None

    @classmethod
    def of_text(cls, text: str) -> Payload:
        """Parse `text`; raises ValueError where it is not JSON."""
        try:
            return cls(decode(text), text)
        except RecursionError:
            raise ValueError("it is nested too deeply") from None

    @property
    def text(self) -> str:
        text = self._text
        if text is None:
            text = self._text = _encode(self.value).decode()
        return text

    def with_member(self, name: str, member: Json) -> Payload:
        """This object with one member set, as ResultPath does it.

        A large object's text is not made again: what is known of it is kept as the *stem*, the
        text before the member in question, for as long as that member is the last.

        >>> Payload({"a": 1}).with_member("b", [2]).with_member("b", None)
        Payload({"a":1,"b":null})
        """
        assert isinstance(self.value, dict)
        changed = Payload({**self.value, name: member})
        stem = self._stem_before(name)
        if stem is not None:
            changed._stem = (name, stem)
            changed._text = f"{stem}{encode(name)}:{encode(member)}}}"
        return changed

    def _stem_before(self, name: str) -> str | None:
        """The text up to where the last member `name` begins; None where it is not worth knowing."""
        if self._stem is not None and self._stem[0] == name:
            return self._stem[1]
        value = self.value
        assert isinstance(value, dict)
        others = list(value)
        if name in value and others[-1] != name:
            return None
        text = self._text
        if text is None or len(text) < LARGE or len(others) - (name in value) < 1:
            return None
        rest = {key: item for key, item in value.items() if key != name}
        return _encode(rest).decode()[:-1] + ","

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Payload) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __repr__(self) -> str:
        return f"Payload({self.text})"


EMPTY_OBJECT = Payload({}, "{}")
