"""Items of a Distributed Map that are made up."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfnb.asl.commands import ReadSpec, WriteSpec
from sfnb.items.folder import FolderBuckets
from sfnb.items.map_data import BucketData
from sfnb.mocks import MockedMapData, Wanted
from sfnb.mocks.want import Want
from tests.mocks.calls import NOON

GET, LIST = "arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"


def data(folder: Path, want: Want | None = None) -> MockedMapData:
    wanted = Wanted(Want(), {}, {} if want is None else {GET: want})
    return MockedMapData(BucketData(FolderBuckets(folder)), wanted, NOON)


def read(resource: str, **config: Any) -> ReadSpec:
    return ReadSpec(resource=resource, arguments={"Bucket": "b", "Key": "k.json"}, config=config)


def values(data: MockedMapData, spec: ReadSpec) -> list[Any]:
    return [item.value for item in data.read(spec)]


def test_what_is_there_is_read(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "k.json").write_text("[1, 2, 3]")

    assert values(data(tmp_path), read(GET, InputType="JSON")) == [1, 2, 3]


def test_what_is_not_there_is_made_up_with_all_that_is_read_of_it(tmp_path: Path) -> None:
    want = Want()
    want.member("sku")
    want.member("price").kinds.add("number")

    items = values(data(tmp_path, want), read(GET, InputType="JSON"))
    assert [set(item) for item in items] == [{"sku", "price"}] * 2
    assert items == values(data(tmp_path, want), read(GET, InputType="JSON"))


def test_cells_of_a_table_are_text(tmp_path: Path) -> None:
    want = Want()
    want.member("price").kinds.add("number")

    items = values(data(tmp_path, want), read(GET, InputType="CSV", CSVHeaders=["sku", "price"]))
    assert {type(cell) for item in items for cell in item.values()} == {str}
    assert set(items[0]) == {"sku", "price"}


@pytest.mark.parametrize("resource", [GET, LIST])
def test_an_item_names_its_source(resource: str, tmp_path: Path) -> None:
    sources = {item.source for item in data(tmp_path).read(read(resource))}

    assert sources == {"S3://b" if resource == LIST else "S3://b/k.json"}


def test_nothing_is_written(tmp_path: Path) -> None:
    spec = WriteSpec(arguments={"Bucket": "b", "Prefix": "out"}, transformation="NONE", output_type="JSON")
    sink = data(tmp_path).writer(spec, "arn:run", "id")

    assert sink.close() == {
        "MapRunArn": "arn:run",
        "ResultWriterDetails": {"Bucket": "b", "Key": "out/id/manifest.json"},
    }
    assert list(tmp_path.iterdir()) == []
