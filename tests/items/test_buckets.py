"""What every kind of bucket promises, and what is particular to each."""

from __future__ import annotations

import gc
import io
import os
from pathlib import Path
from typing import Any

import pytest

from sfnb.items.buckets import BucketFault, Buckets
from sfnb.items.folder import FolderBuckets
from sfnb.items.s3 import PART_BYTES, S3Buckets

from .conftest import put

KEYS = ["a", "a b/c.txt", "é/😀", "x+y=z&w", "per%20cent", "#?;:@", "~", "a/.hidden", "line\nbreak", "'\""]


@pytest.mark.parametrize("key", KEYS)
def test_a_key_may_hold_odd_characters(key: str, buckets: Buckets) -> None:
    put(buckets, key, b"data")

    stored = buckets.open("data", key)

    with stored.stream:
        assert stored.stream.read() == b"data"
    assert [entry.key for entry in buckets.list("data")] == [key]
    assert buckets.head("data", key).fingerprint == stored.entry.fingerprint
    assert (stored.entry.key, stored.entry.size) == (key, 4)


def test_a_stream_can_seek(buckets: Buckets) -> None:
    put(buckets, "x", b"0123456789")

    with buckets.open("data", "x").stream as stream:
        assert stream.read(3) == b"012"
        stream.seek(-2, io.SEEK_END)
        assert stream.read() == b"89"
        assert stream.read() == b""
        stream.seek(1)
        assert stream.read(2) == b"12"
        assert stream.tell() == 3


@pytest.mark.parametrize(
    ("bucket", "key", "message"),
    [
        ("data", "gone", "The specified key does not exist."),
        ("data", "folder", "The specified key does not exist."),
        ("nowhere", "x", "The specified bucket does not exist"),
        ("not a bucket", "x", "The specified bucket is not valid."),
    ],
)
@pytest.mark.parametrize("method", ["open", "head"])
def test_what_is_missing_is_told_in_s3s_words(
    method: str, bucket: str, key: str, message: str, buckets: Buckets
) -> None:
    put(buckets, "folder/x", b"")

    with pytest.raises(BucketFault) as fault:
        getattr(buckets, method)(bucket, key)
    assert str(fault.value) == message


def test_a_missing_bucket_is_not_made_by_writing(buckets: Buckets) -> None:
    with pytest.raises(BucketFault, match="The specified bucket does not exist"):
        buckets.write("nowhere", "x").close()


def test_nobody_sees_an_upload_before_its_end(buckets: Buckets) -> None:
    put(buckets, "x", b"old")
    upload = buckets.write("data", "x")
    upload.write(b"new")

    with buckets.open("data", "x").stream as stream:
        assert stream.read() == b"old"
    upload.close()

    with buckets.open("data", "x").stream as stream:
        assert stream.read() == b"new"


def test_a_discarded_upload_leaves_nothing(buckets: Buckets) -> None:
    upload = buckets.write("data", "x")
    upload.write(b"x" * (PART_BYTES + 1))
    upload.discard()
    upload.discard()

    assert list(buckets.list("data")) == []


@pytest.mark.parametrize(
    "key", ["../outside", "a/../../outside", "/etc/passwd", "a//b", "a/", "", ".", "a\0b"]
)
def test_no_key_names_a_file_outside_of_its_bucket(key: str, folder: FolderBuckets) -> None:
    (folder.folder / "outside").write_text("secret")

    for call in (folder.open, folder.head, folder.write):
        with pytest.raises(BucketFault, match="The specified key does not exist"):
            call("data", key)


@pytest.mark.parametrize("bucket", ["..", ".", "", "a/b", ".unfinished", "/etc", "data\n"])
def test_no_bucket_is_outside_of_the_folder(bucket: str, folder: FolderBuckets) -> None:
    with pytest.raises(BucketFault, match="The specified bucket is not valid"):
        folder.open(bucket, "x")


def test_uploads_leave_nothing_beside_the_buckets(folder: FolderBuckets) -> None:
    first, second = folder.write("data", "a/1"), folder.write("data", "2")
    first.close()
    second.discard()

    assert [path.name for path in folder.folder.iterdir()] == ["data"]


def test_an_object_cannot_be_written_where_a_folder_stands(folder: FolderBuckets) -> None:
    put(folder, "a/b", b"")
    upload = folder.write("data", "a")

    with pytest.raises(BucketFault, match="directory"):
        upload.close()
    upload.discard()


def test_links_are_followed_but_not_in_circles(folder: FolderBuckets, tmp_path: Path) -> None:
    bucket = folder.folder / "data"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x").write_text("data")
    (bucket / "link").symlink_to(elsewhere)
    (bucket / "loop").symlink_to(bucket)
    (bucket / "gone").symlink_to(tmp_path / "nowhere")

    assert [entry.key for entry in folder.list("data")] == ["link/x"]


def test_a_name_that_is_no_text_is_no_key(folder: FolderBuckets) -> None:
    put(folder, "x", b"")
    Path(os.fsdecode(os.fsencode(folder.folder / "data") + b"/\xff")).write_bytes(b"")

    assert [entry.key for entry in folder.list("data")] == ["x"]


def test_the_etag_of_a_file_follows_its_content(folder: FolderBuckets) -> None:
    put(folder, "x", b"one")
    first = folder.etag("data", folder.head("data", "x"))
    put(folder, "x", b"three")

    assert first == '"f97c5d29941bfb1b2fdab0874906ab82"'
    assert folder.etag("data", folder.head("data", "x")) == '"35d6d33467aae9a2e3dccb4b6b027878"'


def test_a_folder_has_one_version(folder: FolderBuckets) -> None:
    put(folder, "x", b"")

    folder.open("data", "x", "null").stream.close()
    with pytest.raises(BucketFault, match="The specified version does not exist"):
        folder.open("data", "x", "3HL4kqtJvjVBH40Nrjfkd")


def test_a_version_is_read(s3: S3Buckets) -> None:
    s3.client.put_bucket_versioning(Bucket="data", VersioningConfiguration={"Status": "Enabled"})
    version = s3.client.put_object(Bucket="data", Key="x", Body=b"old")["VersionId"]
    put(s3, "x", b"new")

    with s3.open("data", "x", version).stream as stream:
        assert stream.read() == b"old"


def test_a_large_object_is_sent_in_parts(s3: S3Buckets) -> None:
    data = os.urandom(1_000) * (PART_BYTES // 400)
    upload = s3.write("data", "x")
    for start in range(0, len(data), 1_000_000):
        upload.write(data[start : start + 1_000_000])
    upload.close()

    entry = s3.head("data", "x")
    assert entry.fingerprint.endswith('-3"')  # S3's sign of an object made of three parts
    with s3.open("data", "x").stream as stream:
        assert stream.read() == data


def test_a_listing_goes_on_after_a_thousand(s3: S3Buckets) -> None:
    for number in range(1_005):
        s3.client.put_object(Bucket="data", Key=f"{number:04}", Body=b"")

    assert [entry.key for entry in s3.list("data", "1")] == [f"{number:04}" for number in range(1_000, 1_005)]
    assert len(list(s3.list("data"))) == 1_005


def test_an_object_that_changes_is_not_read_on(s3: S3Buckets) -> None:
    put(s3, "x", b"x" * 3_000_000)
    with s3.open("data", "x").stream as stream:
        stream.read(10)
        put(s3, "x", b"y" * 3_000_000)
        stream.seek(2_000_000)

        with pytest.raises(BucketFault, match="pre-conditions"):
            stream.read(10)


class Breaking:
    """The body of an answer whose connection breaks after some bytes."""

    def __init__(self, body: Any, good: int) -> None:
        self._body = body
        self._good = good

    def read(self, size: int) -> bytes:
        if self._good <= 0:
            raise ConnectionResetError("gone")
        self._good -= size
        data: bytes = self._body.read(size)
        return data

    def close(self) -> None:
        self._body.close()


class Unreliable:
    """A client of S3 whose answers break off; `lives`: how many of them do."""

    def __init__(self, client: Any, lives: int) -> None:
        self._client = client
        self.lives = lives

    def get_object(self, **arguments: Any) -> Any:
        answer = self._client.get_object(**arguments)
        if self.lives:
            self.lives -= 1
            answer["Body"] = Breaking(answer["Body"], 1)
        return answer


def test_a_reading_that_breaks_off_is_taken_up_there(s3: S3Buckets) -> None:
    data = bytes(range(256)) * 20_000
    put(s3, "x", data)

    with S3Buckets(Unreliable(s3.client, 3)).open("data", "x").stream as stream:
        assert stream.read() == data


def test_a_reading_that_breaks_off_for_good_fails(s3: S3Buckets) -> None:
    put(s3, "x", b"x" * 3_000_000)
    client = Unreliable(s3.client, 1)

    with S3Buckets(client).open("data", "x").stream as stream:
        stream.read(1)
        client.lives = 100
        client.get_object = lambda **_: (_ for _ in ()).throw(ConnectionResetError("gone"))  # type: ignore[method-assign]
        with pytest.raises(BucketFault, match="could not be read on"):
            stream.read()


def test_no_credentials_are_a_fault_of_s3(monkeypatch: pytest.MonkeyPatch) -> None:
    boto3 = pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    client = boto3.session.Session(region_name="us-east-1").client("s3", endpoint_url="http://127.0.0.1:1")

    with pytest.raises(BucketFault, match="Unable to locate credentials"):
        next(S3Buckets(client).list("data"))
    del client
    gc.collect()
