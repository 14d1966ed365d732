from __future__ import annotations

import collections
import enum
import math
import sys
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import attrs
import msgspec
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.jsonable import NotJson, dataframe_records, size_message, to_json, to_payload
from sfnb.values import Json, Payload, decode

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=30,
)
NOON = datetime(2024, 5, 1, 12, 30)


class Size(enum.Enum):
    SMALL = "s"
    BOX = (1, 2)


class Level(enum.IntEnum):
    HIGH = 3


class Colour(enum.StrEnum):
    RED = "red"


class Access(enum.IntFlag):
    READ = 1
    WRITE = 2


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Line:
    sku: str
    price: Any = 1
    tags: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Naive:
    """Its __eq__ expects its own kind."""

    x: int

    def __eq__(self, other: Any) -> bool:
        return bool(self.x == other.x)

    def __hash__(self) -> int:
        return self.x


@attrs.define
class Parcel:
    weight: Decimal


class Wire(msgspec.Struct, rename="camel", tag="wire", tag_field="kind"):
    order_id: int
    left_out: int | msgspec.UnsetType = msgspec.UNSET


class Plain(msgspec.Struct):
    when: date


class Model:
    """As pydantic's are."""

    def model_dump(self, *, mode: str) -> dict[str, object]:
        return {"mode": mode, "price": 2.5}


class Text(str):
    __slots__ = ()


class Number(int):
    pass


class Ratio(float):
    pass


def plain_types(value: Json) -> bool:
    """Whether `value` holds nothing but JSON's own types."""
    if type(value) is list:
        return all(map(plain_types, value))
    if type(value) is dict:
        return all(type(key) is str and plain_types(item) for key, item in value.items())
    return value is None or type(value) in (bool, int, float, str)


def containers(value: Json) -> Iterator[int]:
    if isinstance(value, list | dict):
        yield id(value)
        for item in value.values() if isinstance(value, dict) else value:
            yield from containers(item)


@given(JSON)
def test_json_is_itself_and_shares_nothing(value: Json) -> None:
    copy = to_json(value)

    assert copy == value
    assert repr(copy) == repr(value)  # 1 stays an int, 1.0 a float, True a bool
    assert not set(containers(copy)) & set(containers(value))


@given(JSON)
def test_the_slow_road_leads_to_the_same(value: Json) -> None:
    assert repr(to_json((value,))) == repr([value])
    assert not set(containers(to_json((value,)))) & set(containers(value))


@given(JSON)
def test_a_payload_has_the_text_of_its_value(value: Json) -> None:
    payload = to_payload({"slow": (value,)})

    assert decode(payload.text) == payload.value


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (None, None),
        (True, True),
        (10**30, 10**30),
        (-0.0, -0.0),
        ("é", "é"),
        (Text("a"), "a"),
        (Number(3), 3),
        (Ratio(0.5), 0.5),
        (Size.SMALL, "s"),
        (Size.BOX, [1, 2]),
        (Level.HIGH, 3),
        (Colour.RED, "red"),
        (Access.READ | Access.WRITE, 3),
        ((1, (2,)), [1, [2]]),
        (Point(1, 2), [1, 2]),
        (collections.deque([1, 2]), [1, 2]),
        (range(3), [0, 1, 2]),
        ({"a": 1}.keys(), ["a"]),
        ({"a": 1}.values(), [1]),
        ({"a": 1}.items(), [["a", 1]]),
        ({"b", "a", "c"}, ["a", "b", "c"]),
        (frozenset({3, 1, 2.5}), [1, 2.5, 3]),
        ({(2, "b"), (1, "a")}, [[1, "a"], [2, "b"]]),
        (set(), []),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (types.MappingProxyType({"a": (1,)}), {"a": [1]}),
        (collections.ChainMap({"a": 1}, {"b": 2}), {"b": 2, "a": 1}),
        ({7: "a", 2.5: "b", True: "c"}, {"7": "a", "2.5": "b", "true": "c"}),
        ({None: 1, False: 2}, {"null": 1, "false": 2}),
        ({Level.HIGH: 1, Colour.RED: 2, Text("t"): 3}, {"3": 1, "red": 2, "t": 3}),
        ({date(2024, 5, 1): 1, np.int64(7): 2}, {"2024-05-01": 1, "7": 2}),
        (Line("A7", tags={"x"}), {"sku": "A7", "price": 1, "tags": ["x"]}),
        (Naive(3), {"x": 3}),
        (Parcel(Decimal("1.5")), {"weight": 1.5}),
        (Wire(7), {"kind": "wire", "orderId": 7}),
        (Wire(7, 8), {"kind": "wire", "orderId": 7, "leftOut": 8}),
        (Plain(date(2024, 5, 1)), {"when": "2024-05-01"}),
        (Model(), {"mode": "json", "price": 2.5}),
        (Decimal("5.00"), 5),
        (Decimal("0.1"), 0.1),
        (Decimal("1E+5"), 100_000),
        (Decimal("-1E-400"), 0.0),
        (NOON, "2024-05-01T12:30:00"),
        (NOON.replace(tzinfo=UTC), "2024-05-01T12:30:00Z"),
        (NOON.replace(tzinfo=timezone(timedelta(hours=2)), microsecond=5), "2024-05-01T10:30:00.000005Z"),
        (date(2024, 5, 1), "2024-05-01"),
        (time(12, 30), "12:30:00"),
        (timedelta(minutes=1), 60),
        (timedelta(milliseconds=1500), 1.5),
        (UUID(int=7), "00000000-0000-0000-0000-000000000007"),
        (PurePosixPath("a/b"), "a/b"),
        (np.int64(3), 3),
        (np.float64(0.5), 0.5),
        (np.float32(0.5), 0.5),
        (np.longdouble(0.5), 0.5),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.datetime64("2024-05-01T12:30"), "2024-05-01T12:30:00"),
        (np.datetime64("2024-05-01", "ns"), "2024-05-01T00:00:00"),
        (np.datetime64("NaT", "ns"), None),
        (np.timedelta64(90, "s"), 90),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array(5), 5),
        (np.array(["2024-05-01", "NaT"], dtype="datetime64[ns]"), ["2024-05-01T00:00:00", None]),
        (np.array([1.5], dtype=np.longdouble), [1.5]),
        (np.array([{"a": (1,)}, None], dtype=object), [{"a": [1]}, None]),
        (np.array([(1, 0.5)], dtype=[("n", "i4"), ("x", "f8")]), [[1, 0.5]]),
        (pd.NaT, None),
        (pd.NA, None),
        (pd.Timestamp("2024-05-01T12:30", tz="Europe/Paris"), "2024-05-01T10:30:00Z"),
        (pd.Timestamp("2024-05-01T12:30"), "2024-05-01T12:30:00"),
        (pd.Timedelta("90s"), 90),
        (pd.Period("2024-05"), "2024-05"),
        (pd.Series([1.5, None]), [1.5, None]),
        (pd.Series([1, 2], index=[7, 8]), [1, 2]),
        (pd.Series([1, None], index=["a", "b"], dtype="Int64"), {"a": 1, "b": None}),
        (pd.Series([], dtype=float), []),
        (pd.Index(["a", "b"]), ["a", "b"]),
        (pd.DatetimeIndex(["2024-05-01", None]), ["2024-05-01T00:00:00", None]),
        (pd.Categorical(["a", None]), ["a", None]),
        (pd.DataFrame({"a": [1, 2]}).iloc[0], {"a": 1}),
        (pd.DataFrame({"a": [1, 2], "b": ["x", None]}), [{"a": 1, "b": "x"}, {"a": 2, "b": None}]),
        ({"rows": pd.DataFrame({"a": [1]})}, {"rows": [{"a": 1}]}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_row_of_the_table(value: object, json: Json) -> None:
    converted = to_json(value)

    assert converted == json
    assert plain_types(converted)
    assert decode(to_payload(value).text) == json


def cyclic() -> object:
    rows: list[object] = [1]
    rows.append({"self": rows})
    return {"rows": rows}


def deep() -> object:
    value: object = ()
    for _ in range(5000):
        value = (value,)
    return value


def generate() -> Iterator[int]:
    yield 1


async def later() -> None: ...


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (math.nan, "answer is NaN: JSON has no such number; use None instead"),
        ({"a": [1, -math.inf]}, 'answer["a"][1] is -Infinity: JSON has no such number; use None instead'),
        (
            {"rows": [0, 1, 2, Line("A", math.nan)]},
            'answer["rows"][3].price is NaN: JSON has no such number; use None instead',
        ),
        (np.array([[1.0, math.nan]]), "answer[0][1] is NaN: JSON has no such number; use None instead"),
        (np.float64("inf"), "answer is Infinity: JSON has no such number; use None instead"),
        ([Decimal("NaN")], "answer[0] is NaN: JSON has no such number; use None instead"),
        ([Decimal("1E+999999")], "answer[0] is Infinity: JSON has no such number; use None instead"),
        (
            pd.DataFrame({"x": [1.0, math.inf]}),
            'answer[1]["x"] is Infinity: JSON has no such number; use None instead',
        ),
        ({"é": math.nan}, 'answer["é"] is NaN: JSON has no such number; use None instead'),
        (b"x", "answer is bytes: JSON holds text only; use .decode(), or base64.b64encode(...).decode()"),
        (
            {"a": bytearray(b"x")},
            'answer["a"] is bytes: JSON holds text only; use .decode(), or base64.b64encode(...).decode()',
        ),
        (generate(), "answer is a generator: it can be read only once; use list(...)"),
        (map(str, [1]), "answer is a map: it can be read only once; use list(...)"),
        (later(), 'answer is a coroutine: make the task "async def" and await it there'),
        ({"a", 1}, "answer is a set of things that have no order; use a list"),
        ({(1, 2): 3}, "answer has the key (1, 2): a key must be text, or a number, true, false or null"),
        ({math.nan: 3}, "answer has the key nan: a key must be text, or a number, true, false or null"),
        ({1: "a", "1": "b"}, 'answer has two keys that are both "1" in JSON'),
        (cyclic(), 'answer["rows"][1]["self"] is answer["rows"] itself: JSON cannot hold a cycle'),
        (deep(), "answer is nested too deeply: some hundred levels are the most"),
        ("\ud800", "answer holds half a surrogate pair: that is not text in any encoding"),
        (
            [{"\ud800": 1}],
            "answer[0] has the key '\\ud800': a key must be text, or a number, true, false or null",
        ),
        (1j, "answer is of type complex: JSON cannot hold it"),
        (np.array([1j]), "answer[0] is of type complex: JSON cannot hold it"),
        (np.clongdouble(1), "answer is of type numpy.clongdouble: JSON cannot hold it"),
        ([print], "answer[0] is of type builtin_function_or_method: JSON cannot hold it"),
        ([Line], "answer[0] is the class Line: JSON cannot hold it"),
        (object(), "answer is of type object: JSON cannot hold it"),
        (msgspec.Raw(b"1"), "answer is of type msgspec.Raw: JSON cannot hold it"),
        (
            pd.DataFrame([[1, 2]], columns=["a", "a"]),
            "answer is a DataFrame with two columns of the same name",
        ),
        (
            pd.Series([1, 2], index=["a", "a"]),
            "answer is a Series with the same label twice; reset_index() it, or use to_list()",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_json_cannot_hold_is_refused_with_its_place(value: object, message: str) -> None:
    with pytest.raises(NotJson) as refusal:
        to_json(value)

    assert str(refusal.value) == message


def test_a_message_calls_the_value_what_the_caller_does() -> None:
    with pytest.raises(NotJson, match=r"^input\[0\] is NaN"):
        to_json([math.nan], "input")


def test_the_same_list_twice_is_no_cycle() -> None:
    row = (1,)

    assert to_json([row, row, {"a": row}]) == [[1], [1], {"a": [1]}]


def test_hundreds_of_levels_are_fine() -> None:
    value: Any = 1
    for _ in range(200):
        value = (value,)

    assert to_payload(value).text == "[" * 200 + "1" + "]" * 200


def test_conversion_needs_neither_numpy_nor_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pandas")
    monkeypatch.delitem(sys.modules, "numpy")

    assert to_json({"a": (Decimal(1), Text("x"))}) == {"a": [1, "x"]}


# DataFrames


def test_a_dataframe_becomes_rows_of_plain_values() -> None:
    df = pd.DataFrame(
        {
            "int": [1, 2],
            "float": [0.5, None],
            "Int64": pd.array([1, None], dtype="Int64"),
            "bool": [True, False],
            "boolean": pd.array([True, None], dtype="boolean"),
            "text": ["a", None],
            "category": pd.Categorical(["u", None]),
            "when": pd.to_datetime(["2024-05-01T12:00Z", None]),
            "took": pd.to_timedelta(["1.5s", None]),
            "object": [{"k": (1,)}, [2]],
            7: [0, 0],
        }
    )

    assert dataframe_records(df) == [
        {
            "int": 1,
            "float": 0.5,
            "Int64": 1,
            "bool": True,
            "boolean": True,
            "text": "a",
            "category": "u",
            "when": "2024-05-01T12:00:00Z",
            "took": 1.5,
            "object": {"k": [1]},
            "7": 0,
        },
        {
            "int": 2,
            "float": None,
            "Int64": None,
            "bool": False,
            "boolean": None,
            "text": None,
            "category": None,
            "when": None,
            "took": None,
            "object": [2],
            "7": 0,
        },
    ]
    assert plain_types(to_json(df))


def test_an_index_is_kept_where_it_has_a_name() -> None:
    df = pd.DataFrame({"city": ["a", "a", "b"], "n": [1, 2, 3]})

    assert dataframe_records(df.groupby("city").sum()) == [{"city": "a", "n": 3}, {"city": "b", "n": 3}]
    assert dataframe_records(df[df.n > 1]) == [{"city": "a", "n": 2}, {"city": "b", "n": 3}]
    assert dataframe_records(df.set_index("city", drop=False)) == to_json(df)


def test_a_frame_without_rows_or_columns_is_an_empty_array() -> None:
    assert dataframe_records(pd.DataFrame({"a": []})) == []
    assert dataframe_records(pd.DataFrame(index=[1, 2])) == []


def test_an_input_that_cannot_be_is_named() -> None:
    with pytest.raises(NotJson, match=r'^input\[0\]\["x"\] is bytes'):
        dataframe_records(pd.DataFrame({"x": [b"1"]}))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"a": 1}, "7 bytes"),
        ([1], "1 row, 3 bytes"),
        ("é" * 1024, "3 KiB"),
        (["x" * 1020] * 4120, "4,120 rows, 4,116 KiB: over the 256 KiB that AWS allows"),
        ("x" * 262_142, "256 KiB"),
        ("x" * 262_143, "257 KiB: over the 256 KiB that AWS allows"),
    ],
    ids=["object", "row", "utf-8", "rows", "at the limit", "over the limit"],
)
def test_a_size_is_put_in_words(value: Json, message: str) -> None:
    assert size_message(Payload(value)) == message
