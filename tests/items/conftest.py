"""Buckets of both kinds with one bucket in them, `data`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sfnb.items.buckets import Buckets
from sfnb.items.folder import FolderBuckets
from sfnb.items.s3 import S3Buckets


@pytest.fixture
def folder(tmp_path: Path) -> FolderBuckets:
    (tmp_path / "data").mkdir()
    return FolderBuckets(tmp_path)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Buckets]:
    boto3 = pytest.importorskip("boto3")
    moto = pytest.importorskip("moto")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with moto.mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="data")
        yield S3Buckets(client)


@pytest.fixture(params=["folder", "s3"])
def buckets(request: pytest.FixtureRequest) -> Buckets:
    found: Buckets = request.getfixturevalue(request.param)
    return found


def put(buckets: Buckets, key: str, data: bytes) -> None:
    upload = buckets.write("data", key)
    upload.write(data)
    upload.close()
