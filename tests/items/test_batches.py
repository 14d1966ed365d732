"""ItemBatcher."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.items.batches import LIMIT_BYTES, Batcher, make_batches
from sfnb.items.faults import BatchFault
from sfnb.values import Json, decode, encode

ITEMS = st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.integers(0, 10**6))


@given(ITEMS, st.none() | st.integers(1, 5), st.integers(150, 300), st.none() | st.just({"é": "ü"}))
def test_batches_hold_every_item_once_and_keep_both_limits(
    items: list[Json], max_items: int | None, max_bytes: int, batch_input: Json
) -> None:
    batcher = Batcher(max_items=max_items, max_bytes=max_bytes, batch_input=batch_input)
    batches = list(make_batches(items, batcher))
    values = [decode(batch.input.text) for batch in batches]

    assert [batch.input.value for batch in batches] == values
    assert all(list(value) == ["BatchInput", "Items"] for value in values if isinstance(value, dict))
    assert [item for value in values for item in value["Items"]] == items  # type: ignore[call-overload,index]
    for batch, following in zip(batches, [*batches, None][1:], strict=True):
        held = batch.input.value["Items"]  # type: ignore[call-overload,index]
        assert batch.count == len(held)
        assert len(encode(batch.input.value).encode()) <= max_bytes
        assert max_items is None or batch.count <= max_items
        if following is None or batch.count == max_items:
            continue
        more = {**batch.input.value, "Items": [*held, following.input.value["Items"][0]]}  # type: ignore[call-overload,dict-item,index]
        assert len(encode(more).encode()) > max_bytes, "a batch is as full as may be"


def test_1130_items_by_100_are_12_batches() -> None:
    counts = [batch.count for batch in make_batches(range(1_130), Batcher(max_items=100))]

    assert counts == [100] * 11 + [30]  # the guide's example


def test_without_limits_a_batch_is_packed_to_256_kib() -> None:
    batches = list(make_batches(["x" * 1_000] * 600, Batcher()))

    assert [batch.count for batch in batches] == [261, 261, 78]
    assert all(len(batch.input.text) <= LIMIT_BYTES for batch in batches)


def test_no_limit_goes_beyond_256_kib() -> None:
    batcher = Batcher(max_bytes=10**6, max_items=10**6)

    assert [batch.count for batch in make_batches(["x" * 100_000] * 5, batcher)] == [2, 2, 1]


def test_a_batch_input_may_be_null() -> None:
    [batch] = make_batches([1], Batcher(batch_input=None))

    assert batch.input.text == '{"BatchInput":null,"Items":[1]}'
    assert [batch.input.text for batch in make_batches([1], Batcher())] == ['{"Items":[1]}']


def test_items_are_taken_as_batches_are_asked_for() -> None:
    taken: list[int] = []

    def items() -> Iterator[Json]:
        for number in range(100):
            taken.append(number)
            yield number

    next(make_batches(items(), Batcher(max_items=10)))

    assert len(taken) == 11


@pytest.mark.parametrize("batcher", [Batcher(max_bytes=100), Batcher()])
def test_an_item_too_large_for_a_batch_is_a_fault(batcher: Batcher) -> None:
    batches = make_batches([1, "é" * 150_000, 2], batcher)

    assert next(batches).count == 1
    with pytest.raises(BatchFault, match=r"DataLimitExceeded: An item makes a batch of 30001\d bytes"):
        next(batches)


@pytest.mark.parametrize("batcher", [Batcher(max_items=0), Batcher(max_bytes=-1)])
def test_a_limit_below_one_is_a_fault(batcher: Batcher) -> None:
    with pytest.raises(BatchFault, match="must be positive"):
        make_batches([], batcher)


def test_no_items_make_no_batch() -> None:
    assert list(make_batches([], Batcher())) == []
