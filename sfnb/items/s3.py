"""Buckets that are S3's, by boto3.

Where and as whom is botocore's own business: profiles, `AWS_ENDPOINT_URL_S3`, roles.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any, BinaryIO, cast

from sfnb.items.buckets import (
    BucketFault,
    Entry,
    StoredObject,
    invalid_bucket,
    no_such_bucket,
    no_such_key,
    no_such_version,
)

PART_BYTES = 8 * 1024 * 1024
"""How much is sent or read ahead at a time; 10,000 parts, the most there may be, hold 78 GiB."""

ATTEMPTS = 3
"""How often a reading that broke off is taken up again, where it broke off."""

_KNOWN = {"NoSuchBucket": no_such_bucket, "NoSuchKey": no_such_key, "NoSuchVersion": no_such_version}


def _default_client() -> Any:
    return import_module("boto3").client("s3")


class S3Buckets:
    """The buckets that a boto3 client of S3 reaches; by default the one botocore's configuration makes.

    connect: makes the client once it is needed, where none is given.
    """

    def __init__(self, client: Any = None, connect: Callable[[], Any] | None = None) -> None:
        self._client = client
        self._connect = connect or _default_client

    @property
    def client(self) -> Any:
        if self._client is None:
            self._client = self._connect()
        return self._client

    def open(self, bucket: str, key: str, version: str | None = None) -> StoredObject:
        chosen = {"VersionId": version} if version else {}
        raw = _S3File(self.client, {"Bucket": bucket, "Key": key, **chosen})
        return StoredObject(raw.entry, cast(BinaryIO, io.BufferedReader(raw, 1024 * 1024)))

    def head(self, bucket: str, key: str) -> Entry:
        try:
            return _entry(key, _call(self.client.head_object, Bucket=bucket, Key=key))
        except BucketFault as fault:
            if fault.code != "404":
                raise
        _call(self.client.head_bucket, Bucket=bucket)  # the answer to HEAD does not say which is missing
        raise no_such_key()

    def list(self, bucket: str, prefix: str = "") -> Iterator[Entry]:
        more: dict[str, str] = {}
        while True:
            page = _call(self.client.list_objects_v2, Bucket=bucket, Prefix=prefix, **more)
            for found in page.get("Contents", ()):
                yield Entry(
                    key=found["Key"],
                    size=found["Size"],
                    last_modified=found["LastModified"],
                    fingerprint=found["ETag"],
                    storage_class=found.get("StorageClass", "STANDARD"),
                )
            if not page.get("IsTruncated"):
                return
            more = {"ContinuationToken": page["NextContinuationToken"]}

    def etag(self, bucket: str, entry: Entry) -> str:
        return entry.fingerprint

    def write(self, bucket: str, key: str) -> S3Upload:
        return S3Upload(self.client, {"Bucket": bucket, "Key": key})


class _S3File(io.RawIOBase):
    """An object as a file that can seek: one answer is read on and on, and a new one asked for after a seek.

    Every answer must be of the same ETag, so a reading never mixes two states of the object.
    """

    def __init__(self, client: Any, place: dict[str, str]) -> None:
        super().__init__()
        self._client = client
        self._place = place
        self._position = 0
        self._body: Any = None  # it is closed even where there is no object
        answer = _call(client.get_object, **place)
        self._body = answer["Body"]
        self.entry = _entry(place["Key"], answer)
        self._place = {**place, "IfMatch": answer["ETag"]}

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = (0, self._position, self.entry.size)[whence]
        position = max(0, start + offset)
        if position != self._position:
            self._drop()
            self._position = position
        return position

    def readinto(self, buffer: Any) -> int:
        if self._position >= self.entry.size:
            return 0
        wanted = min(len(buffer), self.entry.size - self._position)
        data = self._read(wanted)
        buffer[: len(data)] = data
        self._position += len(data)
        return len(data)

    def _read(self, size: int) -> bytes:
        exceptions = import_module("botocore.exceptions")
        for attempt in range(1, ATTEMPTS + 1):
            try:
                if self._body is None:
                    answer = _call(self._client.get_object, **self._place, Range=f"bytes={self._position}-")
                    self._body = answer["Body"]
                return cast(bytes, self._body.read(size))
            except (exceptions.HTTPClientError, exceptions.IncompleteReadError, OSError) as fault:
                self._drop()
                if attempt == ATTEMPTS:
                    message = f"The object could not be read on: {fault}"
                    raise BucketFault("RequestTimeout", message) from fault
        raise AssertionError("the last attempt returns or raises")

    def _drop(self) -> None:
        if self._body is not None:
            self._body.close()
            self._body = None

    def close(self) -> None:
        if not self.closed:
            self._drop()
        super().close()


class S3Upload:
    """An object sent in parts as it grows; a small one in one piece."""

    def __init__(self, client: Any, place: dict[str, str]) -> None:
        self._client = client
        self._place = place
        self._pending = bytearray()
        self._upload: dict[str, str] = {}
        self._parts: list[dict[str, Any]] = []

    def write(self, data: bytes) -> None:
        self._pending += data
        while len(self._pending) >= PART_BYTES:
            self._send(bytes(self._pending[:PART_BYTES]))
            del self._pending[:PART_BYTES]

    def close(self) -> None:
        if not self._parts:
            _call(self._client.put_object, **self._place, Body=bytes(self._pending))
            return
        if self._pending:
            self._send(bytes(self._pending))
        parts = {"Parts": self._parts}
        _call(self._client.complete_multipart_upload, **self._place, **self._upload, MultipartUpload=parts)
        self._upload = {}

    def discard(self) -> None:
        self._pending.clear()
        if self._upload:
            _call(self._client.abort_multipart_upload, **self._place, **self._upload)
            self._upload = {}

    def _send(self, data: bytes) -> None:
        if not self._upload:
            answer = _call(self._client.create_multipart_upload, **self._place)
            self._upload = {"UploadId": answer["UploadId"]}
        number = len(self._parts) + 1
        answer = _call(self._client.upload_part, **self._place, **self._upload, PartNumber=number, Body=data)
        self._parts.append({"PartNumber": number, "ETag": answer["ETag"]})


def _entry(key: str, answer: dict[str, Any]) -> Entry:
    return Entry(
        key=key,
        size=answer["ContentLength"],
        last_modified=answer["LastModified"],
        fingerprint=answer["ETag"],
        storage_class=answer.get("StorageClass", "STANDARD"),
    )


def _call(operation: Any, **arguments: Any) -> dict[str, Any]:
    """The answer of S3; raises BucketFault with S3's code and sentence."""
    exceptions = import_module("botocore.exceptions")
    try:
        return cast("dict[str, Any]", operation(**arguments))
    except exceptions.ClientError as fault:
        found = fault.response.get("Error", {})
        code = str(found.get("Code", "InternalError"))
        if code in _KNOWN:
            raise _KNOWN[code]() from fault
        raise BucketFault(code, found.get("Message") or str(fault)) from fault
    except exceptions.ParamValidationError as fault:
        raise (invalid_bucket() if "bucket" in str(fault).lower() else no_such_key()) from fault
    except exceptions.BotoCoreError as fault:  # no credentials, no such host
        raise BucketFault("ServiceUnavailable", str(fault)) from fault
