"""Parquet files."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

from sfnb.items import readers
from sfnb.items.buckets import Buckets
from sfnb.items.config import ItemReaderSpec
from sfnb.items.faults import ReaderFault
from sfnb.items.folder import FolderBuckets
from sfnb.items.readers import parquet
from sfnb.items.reading import read_items

from .conftest import put

pyarrow = pytest.importorskip("pyarrow")


def packed(columns: dict[str, Any], **options: Any) -> bytes:
    from pyarrow.parquet import write_table

    stream = io.BytesIO()
    write_table(pyarrow.table(columns), stream, **options)
    return stream.getvalue()


def read(buckets: Buckets, **config: Any) -> list[Any]:
    spec = ItemReaderSpec(
        resource="s3:getObject",
        arguments={"Bucket": "data", "Key": "x.parquet"},
        config={"InputType": "PARQUET", **config},
    )
    with read_items(buckets, spec) as stream:
        return [item.value for item in stream]


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd", "snappy"])
def test_rows_are_items(compression: str, buckets: Buckets) -> None:
    columns = {"b": list(range(10_000)), "a": [f"x{number}" for number in range(10_000)]}
    put(buckets, "x.parquet", packed(columns, compression=compression, row_group_size=3_000))

    rows = read(buckets)

    assert rows == [{"b": number, "a": f"x{number}"} for number in range(10_000)]
    assert list(rows[0]) == ["b", "a"]
    assert read(buckets, MaxItems=5) == rows[:5]


def test_what_json_lacks_is_written_out(folder: FolderBuckets) -> None:
    columns = {
        "nan": [float("nan")],
        "decimal": [Decimal("1.50")],
        "moment": [datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)],
        "day": [date(2026, 1, 2)],
        "bytes": [b"\x00\xff"],
        "nested": [{"list": [1, None], "day": date(2026, 1, 2)}],
        "null": pyarrow.nulls(1),
        "large": [2**62],
    }
    put(folder, "x.parquet", packed(columns))

    assert read(folder) == [
        {
            "nan": None,
            "decimal": 1.5,
            "moment": "2026-01-02T03:04:05Z",
            "day": "2026-01-02",
            "bytes": "AP8=",
            "nested": {"list": [1, None], "day": "2026-01-02"},
            "null": None,
            "large": 2**62,
        }
    ]


def test_what_is_no_parquet_is_refused(folder: FolderBuckets) -> None:
    put(folder, "x.parquet", b"PAR1 but no more of it PAR1")

    with pytest.raises(ReaderFault, match=r"States\.ItemReaderFailed: The Parquet file cannot be read"):
        read(folder)


@pytest.mark.parametrize(("limit", "words"), [("FOOTER_BYTES", "footer"), ("ROW_GROUP_BYTES", "row group")])
def test_awss_limits_are_kept(
    limit: str, words: str, folder: FolderBuckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "x.parquet", packed({"a": [1, 2, 3]}))
    monkeypatch.setattr(parquet, limit, 10)

    with pytest.raises(ReaderFault, match=words):
        read(folder)


def test_without_pyarrow_the_reader_says_what_to_install(
    folder: FolderBuckets, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(folder, "x.parquet", packed({"a": [1]}))
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)

    with pytest.raises(ReaderFault, match=r"pip install 'sfnb\[files\]'"):
        read(folder)
    assert "PARQUET" in readers.READERS
