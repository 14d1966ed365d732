"""ItemBatcher: items put together, so that one child execution gets many.

The size that counts is that of the child's whole input, BatchInput and braces included.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from sfnb.engine.map_ports import Batch
from sfnb.items.faults import BatchFault
from sfnb.values import Json, Payload, encode, size_bytes

LIMIT_BYTES = 262_144
"""What AWS lets the input of an execution be; also the size of a batch where none is given."""


class Batcher(msgspec.Struct, frozen=True, kw_only=True):
    """An ItemBatcher whose expressions have their values.

    max_items, max_bytes: MaxItemsPerBatch, MaxInputBytesPerBatch; with both the stricter one ends a batch.
    batch_input: what every batch gets besides; UNSET where there is no BatchInput (it may be null).
    """

    max_items: int | None = None
    max_bytes: int | None = None
    batch_input: Json | msgspec.UnsetType = msgspec.UNSET


def make_batches(items: Iterable[Json], batcher: Batcher) -> Iterator[Batch]:
    """Put `items` together in their order: `{"BatchInput": ..., "Items": [...]}`.

    >>> [batch.input.text for batch in make_batches([1, 2, 3], Batcher(max_items=2, batch_input={"a": 0}))]
    ['{"BatchInput":{"a":0},"Items":[1,2]}', '{"BatchInput":{"a":0},"Items":[3]}']

    Raises BatchFault for an item that is too large for a batch of its own, and for a limit below 1:
    our choice, AWS's guide does not say. Source: AWS guide, "ItemBatcher".
    """
    max_items = _most(batcher.max_items, "MaxItemsPerBatch")
    max_bytes = _most(batcher.max_bytes, "MaxInputBytesPerBatch") or LIMIT_BYTES
    return _make(items, max_items, min(max_bytes, LIMIT_BYTES), batcher.batch_input)


def _make(
    items: Iterable[Json], max_items: int | None, limit: int, batch_input: Json | msgspec.UnsetType
) -> Iterator[Batch]:
    common: dict[str, Json] = {} if batch_input is msgspec.UNSET else {"BatchInput": batch_input}
    opening = encode({**common, "Items": []})[: -len("]}")]
    empty = size_bytes(opening) + len("]}")
    values: list[Json] = []
    texts: list[str] = []
    size = empty
    for item in items:
        text = encode(item)
        more = size_bytes(text) + bool(texts)
        if texts and (size + more > limit or len(texts) == max_items):
            yield _batch({**common, "Items": values}, opening, texts)
            values, texts, size = [], [], empty
            more = size_bytes(text)
        if size + more > limit:
            message = f"An item makes a batch of {size + more} bytes, more than the maximum of {limit} bytes."
            raise BatchFault("States.DataLimitExceeded", message)
        values.append(item)
        texts.append(text)
        size += more
    if texts:
        yield _batch({**common, "Items": values}, opening, texts)


def _batch(value: Json, opening: str, texts: list[str]) -> Batch:
    return Batch(Payload(value, f"{opening}{','.join(texts)}]}}"), len(texts))


def _most(value: int | None, name: str) -> int | None:
    if value is not None and value < 1:
        raise BatchFault("States.Runtime", f"field {name} must be positive")
    return value
