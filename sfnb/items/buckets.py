"""What `s3://` means: buckets of objects, each bytes under a key.

Two things fulfil `Buckets`: a local folder (`FolderBuckets`, needs nothing installed) and S3
(`S3Buckets`, boto3). Readers and writers know only the protocol. It is smaller than fsspec's or
pyarrow's: those cost a dependency even for a local file, and list with memory for all names.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Protocol

import msgspec


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of an object without reading it.

    size: bytes.
    fingerprint: changes when the bytes do: the ETag where there is one, else size and time.
    storage_class: S3's word; "STANDARD" in a folder.
    """

    key: str
    size: int
    last_modified: datetime
    fingerprint: str
    storage_class: str = "STANDARD"


class StoredObject(msgspec.Struct, frozen=True):
    """An object opened for reading, at the state it was in then; `stream` can seek."""

    entry: Entry
    stream: BinaryIO


class Upload(Protocol):
    """An object being written; nobody sees it before `close`."""

    def write(self, data: bytes) -> object: ...

    def close(self) -> None:
        """Put the object in its place, whole."""

    def discard(self) -> None:
        """Forget what was written; harmless after `close`."""


class Buckets(Protocol):
    """Where the objects are. Every method raises BucketFault in S3's words."""

    def open(self, bucket: str, key: str, version: str | None = None) -> StoredObject: ...

    def head(self, bucket: str, key: str) -> Entry: ...

    def list(self, bucket: str, prefix: str = "") -> Iterator[Entry]:
        """Every object whose key begins with `prefix`, in the order of their keys' UTF-8 bytes."""

    def etag(self, bucket: str, entry: Entry) -> str:
        """The MD5 of the object in quotes, as S3 spells it; a folder may have to read the object."""

    def write(self, bucket: str, key: str) -> Upload: ...


class BucketFault(Exception):
    """What S3 answers when it cannot; code: S3's error code, the message its sentence."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def no_such_bucket() -> BucketFault:
    return BucketFault("NoSuchBucket", "The specified bucket does not exist")


def no_such_key() -> BucketFault:
    return BucketFault("NoSuchKey", "The specified key does not exist.")


def no_such_version() -> BucketFault:
    return BucketFault("NoSuchVersion", "The specified version does not exist.")


def invalid_bucket() -> BucketFault:
    return BucketFault("InvalidBucketName", "The specified bucket is not valid.")
