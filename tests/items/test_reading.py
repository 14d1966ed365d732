"""ItemReaders: what they read is data; here is what data cannot say."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from sfnb.asl.commands import Item
from sfnb.items.buckets import Buckets
from sfnb.items.config import ItemReaderSpec
from sfnb.items.faults import ReaderFault
from sfnb.items.folder import FolderBuckets
from sfnb.items.reading import read_items

from .conftest import put

CASES = json.loads((Path(__file__).parent / "reader_cases.json").read_text(encoding="utf-8"))


def spec(case: dict[str, Any]) -> ItemReaderSpec:
    bucket = {"Bucket": case.get("bucket", "data")}
    if "list" in case:
        resource, arguments = "arn:aws:states:::s3:listObjectsV2", {**bucket, "Prefix": case["list"]}
    else:
        key = case["key"] if "key" in case else next(iter(case["files"]))
        resource, arguments = "arn:aws:states:::s3:getObject", {**bucket, "Key": key}
    resource = case.get("resource", resource)
    pairs = case.get("pairs", False)
    return ItemReaderSpec(resource=resource, arguments=arguments, config=case["config"], pairs=pairs)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_an_item_reader_reads(case: dict[str, Any], buckets: Buckets) -> None:
    for key, text in case["files"].items():
        put(buckets, key, text.encode())

    if "error" in case:
        with pytest.raises(ReaderFault) as fault:
            list(read_items(buckets, spec(case)))
        assert fault.value.error == case["error"]
        assert fault.value.cause == case.get("cause", fault.value.cause)
        return
    items = list(read_items(buckets, spec(case)))
    assert json.dumps([item.value for item in items]) == json.dumps(case["items"])  # the order of keys counts
    assert [item.key for item in items] == case.get("keys", [None] * len(items))
    if "sources" in case:
        assert [item.source for item in items] == case["sources"]


def read(buckets: Buckets, key: str, input_type: str, **config: Any) -> list[Item]:
    return list(read_items(buckets, object_spec(key, input_type, **config)))


def object_spec(key: str, input_type: str, **config: Any) -> ItemReaderSpec:
    return ItemReaderSpec(
        resource="s3:getObject",
        arguments={"Bucket": "data", "Key": key},
        config={"InputType": input_type, **config},
    )


def list_spec(prefix: str = "", **config: Any) -> ItemReaderSpec:
    arguments = {"Bucket": "data", "Prefix": prefix}
    return ItemReaderSpec(resource="s3:listObjectsV2", arguments=arguments, config=config)


def test_a_listing_tells_of_every_object_in_the_order_of_its_key(buckets: Buckets) -> None:
    for key in ("a/b.txt", "a.txt", "a/é", "a/B", "b"):
        put(buckets, key, b"HelloWorld")

    items = list(read_items(buckets, list_spec()))

    assert [item.value["Key"] for item in items] == ["a.txt", "a/B", "a/b.txt", "a/é", "b"]
    assert {item.source for item in items} == {"S3://data"}
    value = items[0].value
    assert list(value) == ["Etag", "LastModified", "Key", "Size", "StorageClass"]
    assert value["Etag"] == '"68e109f0f40ca72a15e05cc22786f8e6"'
    assert isinstance(value["LastModified"], int)
    assert (value["Size"], value["StorageClass"]) == (10, "STANDARD")


def test_a_prefix_is_no_folder(buckets: Buckets) -> None:
    for key in ("folder1/a", "folder10/b", "folder", "f/olde"):
        put(buckets, key, b"")

    keys = [item.value["Key"] for item in read_items(buckets, list_spec("folder1"))]

    assert keys == ["folder1/a", "folder10/b"]
    assert [item.value["Key"] for item in read_items(buckets, list_spec("folder1/"))] == ["folder1/a"]


@pytest.mark.parametrize(
    "key", ["x.csv.gz", "x.csv.zst", "x.csv.ZSTD", "x.jsonl.gz", "x.jsonl.zstd", "x.json.gz"]
)
def test_what_is_compressed_is_known_by_its_name(key: str, buckets: Buckets) -> None:
    form = key.split(".")[1].upper()
    plain = {"CSV": b"a\n1\n2\n", "JSONL": b'{"a":"1"}\n{"a":"2"}\n', "JSON": b'[{"a":"1"},{"a":"2"}]'}[form]
    if key.endswith(".gz"):
        packed = gzip.compress(plain)
    else:
        pyarrow = pytest.importorskip("pyarrow")
        packed = pyarrow.Codec("zstd").compress(plain, asbytes=True)
    put(buckets, key, packed)

    assert [item.value for item in read(buckets, key, form)] == [{"a": "1"}, {"a": "2"}]


@pytest.mark.parametrize("cut", [3, 15, -3])
def test_broken_gzip_fails_the_reader(cut: int, folder: FolderBuckets) -> None:
    put(folder, "x.csv.gz", gzip.compress(b"a\n1\n2\n")[:cut])

    with pytest.raises(ReaderFault, match=r"ItemReaderFailed: The object cannot be read") as fault:
        read(folder, "x.csv.gz", "CSV")
    assert fault.value.place == "s3://data/x.csv.gz"


def test_a_stream_is_taken_up_where_it_was_left(buckets: Buckets) -> None:
    put(buckets, "x.csv", b"a\n" + b"".join(b"%d\n" % number for number in range(100)))
    first = read_items(buckets, object_spec("x.csv", "CSV", MaxItems=50))
    had = [next(first).value for _ in range(30)]
    first.close()

    again = read_items(buckets, object_spec("x.csv", "CSV", MaxItems=50))
    again.skip(30)

    assert again.fingerprint == first.fingerprint
    assert had + [item.value for item in again] == [{"a": str(number)} for number in range(50)]
    again.skip(1)
    assert list(again) == []


@pytest.mark.parametrize(
    "reader",
    [
        object_spec("x.jsonl", "JSONL"),
        list_spec(),
        list_spec(Transformation="LOAD_AND_FLATTEN", InputType="JSONL"),
    ],
)
def test_the_fingerprint_tells_of_a_change(reader: ItemReaderSpec, buckets: Buckets) -> None:
    put(buckets, "x.jsonl", b"1\n")

    def fingerprint() -> str:
        with read_items(buckets, reader) as stream:
            return stream.fingerprint

    before = fingerprint()
    assert fingerprint() == before

    put(buckets, "x.jsonl", b"1\n2\n")
    assert fingerprint() != before


def test_a_closed_stream_holds_no_file(folder: FolderBuckets) -> None:
    put(folder, "x.jsonl", b"1\n2\n")
    untouched = read_items(folder, object_spec("x.jsonl", "JSONL"))
    begun = read_items(folder, object_spec("x.jsonl", "JSONL"))
    next(begun)

    untouched.close()  # an open file would be a ResourceWarning, which is an error
    begun.close()

    assert list(begun) == []


@pytest.mark.parametrize(("key", "form"), [("x.csv", "CSV"), ("x.json", "JSON"), ("x.jsonl", "JSONL")])
def test_an_item_over_8_mb_is_refused(key: str, form: str, folder: FolderBuckets) -> None:
    start = {"CSV": b'a\n"', "JSON": b'["', "JSONL": b'"'}[form]
    put(folder, key, start + b"x" * 9_000_000)

    with pytest.raises(ReaderFault, match="8 MB"):
        read(folder, key, form)


def test_an_item_of_8_mb_is_read_whole(folder: FolderBuckets) -> None:
    text = "é" * 3_000_000
    put(folder, "x.json", json.dumps([text, text], ensure_ascii=False).encode())

    assert [item.value for item in read(folder, "x.json", "JSON")] == [text, text]


def test_json_that_is_nested_too_deeply_is_refused(folder: FolderBuckets) -> None:
    put(folder, "x.json", b"[" * 100_000)
    put(folder, "x.jsonl", b"[" * 100_000)

    with pytest.raises(ReaderFault, match="nested too deeply"):
        read(folder, "x.json", "JSON")
    with pytest.raises(ReaderFault, match="Line 1"):
        read(folder, "x.jsonl", "JSONL")


def test_json_that_is_not_utf_8_is_refused(folder: FolderBuckets) -> None:
    put(folder, "x.json", b'["\xff"]')

    with pytest.raises(ReaderFault, match="not UTF-8"):
        read(folder, "x.json", "JSON")


def test_a_computed_argument_that_is_no_text_is_refused(folder: FolderBuckets) -> None:
    with pytest.raises(ReaderFault, match="Key"):
        read_items(folder, ItemReaderSpec(resource="s3:getObject", arguments={"Bucket": "data", "Key": 5}))
    with pytest.raises(ReaderFault, match="Bucket"):
        read_items(folder, ItemReaderSpec(resource="s3:getObject", arguments={}))
