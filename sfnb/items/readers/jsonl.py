"""JSON Lines: every line is an item."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import BinaryIO

from sfnb.items.config import ReaderConfig
from sfnb.items.faults import unreadable
from sfnb.items.readers.pair import MAX_ITEM_BYTES, Pair
from sfnb.values import decode


def read_jsonl(stream: BinaryIO, config: ReaderConfig) -> Iterator[Pair]:
    """The value of every line; an empty line is passed over."""
    for number, line in enumerate(iter(partial(stream.readline, MAX_ITEM_BYTES + 1), b""), 1):
        if len(line) > MAX_ITEM_BYTES:
            raise unreadable(f"Line {number} of the JSON Lines file is larger than 8 MB.")
        if line.isspace():
            continue
        try:
            value = decode(line)
        except (ValueError, RecursionError) as fault:
            raise unreadable(f"Line {number} of the JSON Lines file is not valid JSON: {fault}") from None
        yield None, value
