"""ResultWriter: the results of a Map Run exported to a bucket, as they come.

Files are written child by child and rolled over at 5 GB, so no more than one entry is held. They
appear when `close` has written them all, the manifest last: who sees it sees everything.
"""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType
from typing import Literal

from sfnb.asl.commands import Transformation
from sfnb.engine.map_ports import ChildResult
from sfnb.items.buckets import BucketFault, Buckets, Upload
from sfnb.items.faults import WriterFault
from sfnb.items.results import entries
from sfnb.values import Json, decode, encode

FILE_BYTES = 5 * 1024**3

OutputType = Literal["JSON", "JSONL"]

_FILES = ("FAILED", "PENDING", "SUCCEEDED")  # in the manifest's order


class ResultWriter:
    """Writes `<prefix>/<run_uuid>/SUCCEEDED_0.json` and so on, then `manifest.json`.

    Leaving the `with` block by an exception discards what was written.
    Every method raises WriterFault (States.ResultWriterFailed). Source: AWS guide, "ResultWriter".
    """

    def __init__(
        self,
        buckets: Buckets,
        bucket: str,
        prefix: str | None,
        run_uuid: str,
        map_run_arn: str,
        transformation: Transformation = "NONE",
        output_type: OutputType = "JSON",
        file_bytes: int = FILE_BYTES,
    ) -> None:
        self._buckets = buckets
        self._bucket = bucket
        self._folder = "/".join(part for part in ((prefix or "").strip("/"), run_uuid) if part)
        self._map_run_arn = map_run_arn
        self._transformation = transformation
        self._lines = output_type == "JSONL"
        self._file_bytes = file_bytes
        self._files: dict[str, list[_File]] = {status: [] for status in _FILES}

    def add(self, child: ChildResult) -> None:
        """Write what a child came to; failed, timed out and aborted ones go to the FAILED files."""
        status = child.status if child.status in ("SUCCEEDED", "PENDING") else "FAILED"
        try:
            for text in entries(child, self._transformation):
                self._write(status, text)
        except BucketFault as fault:
            raise WriterFault(str(fault)) from fault

    def close(self) -> dict[str, Json]:
        """Finish the files and write the manifest; returns the state's result."""
        key = f"{self._folder}/manifest.json"
        try:
            for files in self._files.values():
                for file in files:
                    file.close()
            manifest = self._buckets.write(self._bucket, key)
            manifest.write(encode(self._manifest()).encode())
            manifest.close()
        except BucketFault as fault:
            raise WriterFault(str(fault)) from fault
        return {
            "MapRunArn": self._map_run_arn,
            "ResultWriterDetails": {"Bucket": self._bucket, "Key": key},
        }

    def discard(self) -> None:
        """Forget the files that are not finished, as far as the bucket can be reached."""
        for files in self._files.values():
            for file in files:
                with suppress(BucketFault):
                    file.upload.discard()

    def __enter__(self) -> ResultWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        if fault is not None:
            self.discard()

    def _write(self, status: str, text: str) -> None:
        if self._lines and ("\n" in text or "\r" in text):
            text = encode(decode(text))  # an output keeps the white space of its author
        data = text.encode()
        files = self._files[status]
        if not files or files[-1].size_with(data) > self._file_bytes:
            key = f"{self._folder}/{status}_{len(files)}.json"
            if files:
                files[-1].finish()
            files.append(_File(key, self._buckets.write(self._bucket, key), lines=self._lines))
        files[-1].add(data)

    def _manifest(self) -> Json:
        listed: dict[str, Json] = {
            status: [{"Key": file.key, "Size": file.size} for file in files]
            for status, files in self._files.items()
        }
        return {
            "DestinationBucket": self._bucket,
            "MapRunArn": self._map_run_arn,
            "ResultFiles": listed,
        }


class _File:
    """One result file under way; size: the bytes it has so far."""

    def __init__(self, key: str, upload: Upload, *, lines: bool) -> None:
        self.key = key
        self.upload = upload
        self.size = 0
        self._start, self._between, self._end = (b"", b"\n", b"\n") if lines else (b"[", b",", b"]")
        self._finished = False

    def size_with(self, data: bytes) -> int:
        """The bytes of the whole file, were `data` its last entry."""
        return self.size + len(self._between) + len(data) + len(self._end)

    def add(self, data: bytes) -> None:
        self._put(self._between if self.size else self._start)
        self._put(data)

    def finish(self) -> None:
        """Write the end; the file is put in its place by `close`."""
        if not self._finished:
            self._put(self._end)
            self._finished = True

    def close(self) -> None:
        self.finish()
        self.upload.close()

    def _put(self, data: bytes) -> None:
        self.upload.write(data)
        self.size += len(data)
