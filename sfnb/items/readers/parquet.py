"""Parquet: a row is an item, its columns in the order of the schema.

AWS does not say how it writes types that JSON lacks. Here: Decimal as a number, dates and times as
ISO 8601, durations in seconds (as in every answer of a task), bytes as Base64, NaN and infinities as null.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from importlib import import_module
from typing import Any, BinaryIO

from sfnb.items.config import ReaderConfig
from sfnb.items.faults import unreadable
from sfnb.items.readers.pair import Pair
from sfnb.jsonable import to_json

ROWS_AT_A_TIME = 4_096
ROW_GROUP_BYTES = 256 * 1024 * 1024
FOOTER_BYTES = 5 * 1024 * 1024
_PLAIN = (str, bool, int, type(None))


def read_parquet(stream: BinaryIO, config: ReaderConfig) -> Iterator[Pair]:
    """Raises ReaderFault beyond AWS's limits: row groups of 256 MB (uncompressed), a footer of 5 MB.

    Source: AWS guide, "ItemReader", Parquet files.
    """
    pyarrow = load_pyarrow("Parquet files")
    parquet = import_module("pyarrow.parquet")
    try:
        file = parquet.ParquetFile(stream)
        _check_size(file.metadata)
        for batch in file.iter_batches(batch_size=ROWS_AT_A_TIME):
            for row in batch.to_pylist():
                yield None, {name: _json(value) for name, value in row.items()}
    except (pyarrow.ArrowException, OSError) as fault:
        raise unreadable(f"The Parquet file cannot be read: {fault}") from fault


def load_pyarrow(purpose: str) -> Any:
    """The library; raises ReaderFault that says what to install."""
    try:
        return import_module("pyarrow")
    except ImportError:
        raise unreadable(f"pyarrow is needed for {purpose}: pip install 'sfnb[files]'") from None


def _check_size(metadata: Any) -> None:
    if metadata.serialized_size > FOOTER_BYTES:
        raise unreadable("The footer of the Parquet file is larger than 5 MB.")
    for group in range(metadata.num_row_groups):
        if metadata.row_group(group).total_byte_size > ROW_GROUP_BYTES:
            raise unreadable("A row group of the Parquet file is larger than 256 MB.")


def _json(value: Any) -> Any:
    if isinstance(value, _PLAIN):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list):  # a map's entries are pairs in a list
        return [_json(element) for element in value]
    if isinstance(value, tuple):
        return [_json(element) for element in value]
    if isinstance(value, dict):
        return {name: _json(element) for name, element in value.items()}
    if isinstance(value, (Decimal, datetime, date, time, timedelta)):
        return to_json(value)
    return str(value)
