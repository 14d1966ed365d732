"""Formats of data files, a reader each; which objects are read is told by `listing` and `manifests`."""

from sfnb.items.readers.csv_ import read_csv
from sfnb.items.readers.json_ import read_json
from sfnb.items.readers.jsonl import read_jsonl
from sfnb.items.readers.pair import Reader
from sfnb.items.readers.parquet import read_parquet

READERS: dict[str, Reader] = {
    "CSV": read_csv,
    "JSON": read_json,
    "JSONL": read_jsonl,
    "PARQUET": read_parquet,
}
