"""Compressed objects, known by their names."""

from __future__ import annotations

import gzip
import io
from typing import BinaryIO, cast

from sfnb.items.readers.parquet import load_pyarrow


def decompressed(stream: BinaryIO, key: str) -> BinaryIO:
    """What `key` holds, unpacked as it is read: `.gz` is GZIP; `.zst` and `.zstd` are Zstandard (by pyarrow).

    Source: AWS guide, "ItemReader": `myObject.jsonl.gz`, `myObject.csv.zstd`.
    """
    ending = key.rpartition(".")[2].lower()
    if ending in ("gz", "gzip"):
        return cast(BinaryIO, gzip.GzipFile(fileobj=stream))
    if ending in ("zst", "zstd"):
        pyarrow = load_pyarrow("files compressed with Zstandard")
        unpacked = pyarrow.CompressedInputStream(pyarrow.PythonFile(stream, "r"), "zstd")
        return cast(BinaryIO, io.BufferedReader(unpacked, 256 * 1024))  # it has no lines of its own
    return stream
