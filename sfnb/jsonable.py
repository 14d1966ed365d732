"""A Python value becomes JSON: what a task answers, and what a cell gives as input.

It happens once, at the border, by this table. The result shares nothing with the value, so its
owner may go on changing it.

    None, bool, int, str          themselves; a subclass loses what it adds
    float                         itself; NaN and Infinity are refused
    Enum                          its value
    list, tuple, deque, range,    an array
      the views of a dict
    set, frozenset                an array in ascending order; refused where there is no order
    dict, any Mapping             an object. A key that is no text becomes what it would be as a
                                  value; a number, true, false, null its JSON text (as in Lambda)
    dataclass, msgspec, attrs     an object of its fields
    pydantic model                what model_dump(mode="json") says
    Decimal                       a number, whole where it is whole
    datetime                      ISO 8601; an aware one in UTC with a Z
    date, time                    ISO 8601
    timedelta                     seconds, for a Wait's SecondsPath
    UUID, Path                    text
    numpy scalar, array           a number or text, an array; NaN is refused, NaT is null
    pandas NA, NaT                null
    Timestamp, Timedelta, Period  as datetime, timedelta; Period as text
    Series                        an object where its labels are text (a row, a sum by column), else
                                  an array; what is missing is null
    DataFrame                     an array of objects, a row each; what is missing is null; an index
                                  is left out unless it has a name
    bytes, generators, all else   refused, with the place

Numpy and pandas are never imported here: who has one of their values has imported them.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, ItemsView, Iterable, KeysView, Mapping, Sequence, Set, ValuesView
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from inspect import isasyncgen, iscoroutine, isgenerator
from pathlib import PurePath
from typing import Any, NoReturn, TypeVar, cast
from uuid import UUID

import msgspec

from sfnb.errors import SfnbError
from sfnb.values import Json, Payload, decode, encode, size_bytes

MOST_BITS = 10_000
"""Python itself writes no integer of more than 4,300 digits."""

AWS_LIMIT_BYTES = 262_144

Answer = TypeVar("Answer")


class NotJson(SfnbError):
    """A value that JSON cannot hold; the message names the place inside it."""


def to_json(value: object, name: str = "answer") -> Json:
    """`value` as JSON, sharing nothing with it.

    name: what messages call the value.
    Raises NotJson.

    >>> to_json({"when": timedelta(minutes=1), "tags": {"b", "a"}})
    {'when': 60, 'tags': ['a', 'b']}
    >>> to_json({"rows": [{"price": math.nan}]})
    Traceback (most recent call last):
    sfnb.jsonable.NotJson: answer["rows"][0]["price"] is NaN: JSON has no such number; use None instead
    """
    return to_payload(value, name).value


def to_payload(value: object, name: str = "answer") -> Payload:
    """As `to_json`, with the text where it is known already; a Payload is itself. Raises NotJson."""
    if isinstance(value, Payload):
        return value
    return _copy_plain(value) or Payload(_guarded(_Walk(name).convert, value, name))


def dataframe_records(df: object, name: str = "input") -> list[dict[str, Json]]:
    """The rows of a pandas DataFrame, an object each. Raises NotJson."""
    return _guarded(_Walk(name).records, df, name)


def size_message(payload: Payload, limit_bytes: int = AWS_LIMIT_BYTES) -> str:
    """How large a payload is, and whether AWS would take it.

    >>> size_message(Payload([{"n": 1}, {"n": 2}]))
    '2 rows, 17 bytes'
    >>> size_message(Payload(["x" * 1020] * 512))
    '512 rows, 512 KiB: over the 256 KiB that AWS allows'
    """
    size = size_bytes(payload.text)
    message = _in_words(size)
    if isinstance(payload.value, list):
        count = len(payload.value)
        message = f"{count:,} row{'' if count == 1 else 's'}, {message}"
    if size > limit_bytes:
        message += f": over the {_in_words(limit_bytes)} that AWS allows"
    return message


def _in_words(size: int) -> str:
    """A size for a reader, rounded up so that what is over a limit also reads so."""
    return f"{size:,} bytes" if size < 1024 else f"{-(-size // 1024):,} KiB"


def _copy_plain(value: object) -> Payload | None:
    """The fast road, for what is JSON already; None where the walk must decide.

    msgspec encodes more than JSON has (NaN as null, bytes as base64, ...), always as something that
    is not equal to the original: so a copy that is equal lost nothing. Encoding, decoding and
    comparing run in C, in a third of the time of a walk in Python; the text is needed anyway.
    """
    try:
        text = encode(cast("Json", value))
        copy = decode(text)
        return Payload(copy, text) if (copy == value) is True else None
    except Exception:  # user code: the __eq__ of somebody's class may raise anything at all
        return None


def _guarded(convert: Callable[[Any], Answer], value: object, name: str) -> Answer:
    try:
        return convert(value)
    except RecursionError:
        raise NotJson(f"{name} is nested too deeply: some hundred levels are the most") from None


class _Walk:
    """The slow road: converts one value and knows where in it it stands.

    steps: from the name of the whole to the place; a 1-tuple is an attribute.
    open: the containers on the way, by id, each with the number of steps that lead to it.
    """

    def __init__(self, name: str) -> None:
        self.steps: list[str | int | tuple[str]] = [name]
        self.open: dict[int, int] = {}

    def convert(self, value: object) -> Json:
        convert = _EXACT.get(type(value))
        return self._other(value) if convert is None else convert(self, value)

    def _other(self, value: object) -> Json:
        """Subclasses, and types that show only by their behaviour."""
        for package, convert in (("pandas", self._pandas), ("numpy", self._numpy)):
            if (module := sys.modules.get(package)) is not None:
                answer = convert(module, value)
                if answer is not _NOT_MINE:
                    return cast("Json", answer)
        for types, method in _BY_BASE:
            if isinstance(value, types):
                return method(self, value)
        if isinstance(value, type):
            return self._refuse(f"is the class {value.__qualname__}: JSON cannot hold it")
        if is_dataclass(value):
            return self._attributes(value, [(field.name, field.name) for field in fields(value)])
        if (attributes := getattr(type(value), "__attrs_attrs__", None)) is not None:
            return self._attributes(value, [(field.name, field.name) for field in attributes])
        if callable(dump := getattr(value, "model_dump", None)):
            return self.convert(dump(mode="json"))
        return self._refuse(_unknown(value))

    # Scalars

    def _same(self, value: Any) -> Json:
        return value  # type: ignore[no-any-return]

    def _int(self, value: int) -> Json:
        if value.bit_length() > MOST_BITS:
            return self._refuse(f"is an integer of {value.bit_length():,} bits: too long to be written out")
        return value

    def _float(self, value: float) -> Json:
        if math.isfinite(value):
            return float(value)
        shown = "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
        return self._refuse(f"is {shown}: JSON has no such number; use None instead")

    def _str(self, value: str) -> Json:
        text = str.__str__(value)
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                self._refuse("holds half a surrogate pair: that is not text in any encoding")
        return text

    def _decimal(self, value: Decimal) -> Json:
        # A modest exponent: int() would write out all the digits of 1E+999999.
        if value.is_finite() and value.adjusted() < 400 and value == value.to_integral_value():
            return int(value)
        return self._float(float(value))

    def _datetime(self, value: datetime) -> Json:
        if value.tzinfo is None:
            return value.isoformat()
        return value.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"

    def _timedelta(self, value: timedelta) -> Json:
        seconds = value.total_seconds()
        return int(seconds) if seconds.is_integer() else seconds

    # Containers

    def _array(self, items: Iterable[object], owner: object) -> list[Json]:
        self._enter(owner)
        array = []
        for index, item in enumerate(items):
            self.steps.append(index)
            array.append(self.convert(item))
            self.steps.pop()
        del self.open[id(owner)]
        return array

    def _list(self, value: Iterable[object]) -> list[Json]:
        return self._array(value, value)

    def _set(self, value: Iterable[object]) -> Json:
        array = self._array(value, value)
        try:
            return sorted(array)  # type: ignore[type-var]
        except TypeError:
            return self._refuse("is a set of things that have no order; use a list")

    def _mapping(self, value: Mapping[object, object]) -> dict[str, Json]:
        self._enter(value)
        result: dict[str, Json] = {}
        for key, item in value.items():
            name = self._key(key)
            if name in result:
                self._refuse(f"has two keys that are both {encode(name)} in JSON")
            self.steps.append(name)
            result[name] = self.convert(item)
            self.steps.pop()
        del self.open[id(value)]
        return result

    def _key(self, key: object) -> str:
        try:
            plain = self.convert(key)
        except NotJson:
            plain = []
        if isinstance(plain, str):
            return plain
        if isinstance(plain, (list, dict)):
            self._refuse(f"has the key {key!r}: a key must be text, or a number, true, false or null")
        return encode(plain)

    def _struct(self, value: msgspec.Struct) -> Json:
        config = value.__struct_config__
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        result = self._attributes(value, list(names))
        if config.tag_field is not None and config.tag is not None:
            return {config.tag_field: config.tag, **result}
        return result

    def _attributes(self, value: object, names: Iterable[tuple[str, str]]) -> dict[str, Json]:
        """An object of attributes; `names` pairs each with its key."""
        self._enter(value)
        result: dict[str, Json] = {}
        for attribute, key in names:
            item = getattr(value, attribute)
            if item is not msgspec.UNSET:
                self.steps.append((attribute,))
                result[key] = self.convert(item)
                self.steps.pop()
        del self.open[id(value)]
        return result

    def _enter(self, container: object) -> None:
        if (depth := self.open.get(id(container))) is not None:
            self._refuse(f"is {_render(self.steps[:depth])} itself: JSON cannot hold a cycle")
        self.open[id(container)] = len(self.steps)

    # numpy and pandas

    def _numpy(self, numpy: Any, value: Any) -> object:
        if not isinstance(value, (numpy.generic, numpy.ndarray)) or isinstance(value, str):
            return _NOT_MINE
        if value.dtype.kind in "mM":  # nanoseconds would come out as bare integers
            value = value.astype(f"{value.dtype.kind}8[us]")
        elif value.dtype.kind == "f":  # a long double has no Python type of its own
            value = value.astype(float)
        plain = value.tolist()
        return self._refuse(_unknown(value)) if isinstance(plain, numpy.generic) else self.convert(plain)

    def _pandas(self, pandas: Any, value: Any) -> object:
        if value is pandas.NaT or value is pandas.NA:
            return None
        if isinstance(value, pandas.DataFrame):
            return self.records(value)
        if isinstance(value, pandas.Series):
            cells = _cells(value)
            if value.index.inferred_type != "string":
                return self._array(cells, cells)
            if not value.index.is_unique:
                self._refuse("is a Series with the same label twice; reset_index() it, or use to_list()")
            return self._mapping(dict(zip(value.index, cells, strict=True)))
        if isinstance(value, (pandas.Index, pandas.api.extensions.ExtensionArray)):
            return self._list(_cells(pandas.Series(value)))
        return str(value) if isinstance(value, pandas.Period) else _NOT_MINE

    def records(self, df: Any) -> list[dict[str, Json]]:
        """A DataFrame's rows. The names of its index that are no column's become columns."""
        if not df.columns.is_unique:
            self._refuse("is a DataFrame with two columns of the same name")
        named = [name for name in df.index.names if name is not None and name not in df.columns]
        columns = {name: _cells(df.index.get_level_values(name).to_series()) for name in named}
        columns |= {name: _cells(df.iloc[:, n]) for n, name in enumerate(df.columns)}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        return cast("list[dict[str, Json]]", self._list(rows))

    def _bytes(self, _: object) -> NoReturn:
        self._refuse("is bytes: JSON holds text only; use .decode(), or base64.b64encode(...).decode()")

    def _refuse(self, sentence: str) -> NoReturn:
        raise NotJson(f"{_render(self.steps)} {sentence}")


def _cells(column: Any) -> list[object]:
    """The values of a pandas Series as Python's own; None for what is missing."""
    missing = column.isna()
    if missing.any():
        column = column.astype(object).where(~missing, None)
    return cast("list[object]", column.tolist())


def _unknown(value: object) -> str:
    """Why a value of a type that is not in the table is refused."""
    if isgenerator(value) or isasyncgen(value) or hasattr(value, "__next__"):
        return f"is a {type(value).__name__}: it can be read only once; use list(...)"
    if iscoroutine(value):
        value.close()  # else Python warns that nobody awaited it
        return 'is a coroutine: make the task "async def" and await it there'
    kind = type(value)
    module = "" if kind.__module__ in ("builtins", "__main__") else f"{kind.__module__}."
    return f"is of type {module}{kind.__qualname__}: JSON cannot hold it"


def _render(steps: Sequence[str | int | tuple[str]]) -> str:
    """A place, in Python's notation: `answer["rows"][3].price`."""
    first, *rest = steps
    shown = (f".{step[0]}" if isinstance(step, tuple) else f"[{encode(step)}]" for step in rest)
    return str(first) + "".join(shown)


_NOT_MINE = object()
_Convert = Callable[[_Walk, Any], Json]

_EXACT: dict[type, _Convert] = {
    type(None): _Walk._same,
    bool: _Walk._same,
    int: _Walk._int,
    float: _Walk._float,
    str: _Walk._str,
    list: _Walk._list,
    tuple: _Walk._list,
    dict: _Walk._mapping,
    set: _Walk._set,
    frozenset: _Walk._set,
    datetime: _Walk._datetime,
    Decimal: _Walk._decimal,
}

# Asked in this order: an IntEnum is an int as well, a datetime a date, text a Sequence.
_BY_BASE: tuple[tuple[type | tuple[type, ...], _Convert], ...] = (
    (Enum, lambda walk, value: walk.convert(value.value)),
    (str, _Walk._str),
    (int, lambda walk, value: walk._int(int(value))),
    (float, _Walk._float),
    ((bytes, bytearray, memoryview), _Walk._bytes),
    (datetime, _Walk._datetime),
    ((date, time), lambda _, value: value.isoformat()),
    (timedelta, _Walk._timedelta),
    (Decimal, _Walk._decimal),
    ((UUID, PurePath), lambda walk, value: walk._str(str(value))),
    (Mapping, _Walk._mapping),
    ((Sequence, KeysView, ValuesView, ItemsView), _Walk._list),
    (Set, _Walk._set),
    (msgspec.Struct, _Walk._struct),
)
