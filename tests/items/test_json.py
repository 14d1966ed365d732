"""Streamed JSON reads what a parser of the whole reads, wherever the pieces are cut."""

from __future__ import annotations

import io
import json
from typing import BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.items.config import ReaderConfig
from sfnb.items.faults import ReaderFault
from sfnb.items.readers.json_ import read_json
from sfnb.items.readers.jsonl import read_jsonl

WHOLE = st.characters(exclude_categories=["Cs"])  # half a surrogate pair is no text
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(WHOLE)
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner) | st.dictionaries(st.text(WHOLE), inner), max_leaves=8
)


class Dribble(io.BytesIO):
    """A stream that gives a few bytes at a time."""

    def __init__(self, data: bytes, step: int) -> None:
        super().__init__(data)
        self._step = step

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._step)


def dribble(text: str, step: int) -> BinaryIO:
    return cast(BinaryIO, Dribble(text.encode("utf-8", "replace"), step))


@given(st.lists(VALUES), st.integers(1, 9), st.booleans(), st.sampled_from([None, 2]))
def test_an_array_in_pieces(values: list[object], step: int, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(values, ensure_ascii=ascii_only, indent=indent)

    assert [value for _, value in read_json(dribble(text, step), ReaderConfig())] == values


@given(st.dictionaries(st.text(WHOLE), st.integers()), st.integers(1, 9))
def test_an_object_in_pieces(members: dict[str, int], step: int) -> None:
    text = json.dumps(members)

    assert (
        dict(cast("list[tuple[str, int]]", list(read_json(dribble(text, step), ReaderConfig(pairs=True)))))
        == members
    )


@given(st.lists(st.integers() | st.text(WHOLE)))
def test_lines_are_read_back(values: list[object]) -> None:
    text = "".join(json.dumps(value) + "\n" for value in values)

    assert [value for _, value in read_jsonl(dribble(text, 1), ReaderConfig())] == values


@given(st.text(alphabet='[]{}",:1e-. truefalsn', max_size=12), st.integers(1, 3))
def test_what_is_no_json_is_a_fault_and_nothing_else(text: str, step: int) -> None:
    try:
        whole = json.loads(text)
    except ValueError:
        whole = None
    if isinstance(whole, list):
        assert [value for _, value in read_json(dribble(text, step), ReaderConfig())] == whole
        return
    with pytest.raises(ReaderFault):
        list(read_json(dribble(text, step), ReaderConfig()))
