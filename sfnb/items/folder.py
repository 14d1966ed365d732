"""A folder that stands for S3: a folder in it is a bucket, a file's path in there is its key.

A user makes buckets and objects with the file manager. Keys that no file can have (an empty part,
`.`, `..`, a NUL) exist nowhere here, so nothing outside the bucket's folder can be named; links that
the user made are followed. Folders are no objects: S3's folder markers do not come up.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, cast

from sfnb.items.buckets import (
    BucketFault,
    Entry,
    StoredObject,
    invalid_bucket,
    no_such_bucket,
    no_such_key,
    no_such_version,
)

_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")
_UNFINISHED = ".unfinished"  # beside the buckets: no bucket's name begins with a dot


class FolderBuckets:
    """All buckets in one local folder, which need not exist before something is written."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)
        self._etags: dict[tuple[str, str], tuple[str, str]] = {}

    def open(self, bucket: str, key: str, version: str | None = None) -> StoredObject:
        if version not in (None, "null"):  # "null" is what S3 calls the only version
            raise no_such_version()
        path = _file(self._bucket(bucket), key)
        if not path.is_file():
            raise no_such_key()
        try:
            stream = path.open("rb")
        except PermissionError:
            raise _denied() from None
        return StoredObject(_entry(key, os.fstat(stream.fileno())), stream)

    def head(self, bucket: str, key: str) -> Entry:
        path = _file(self._bucket(bucket), key)
        if not path.is_file():
            raise no_such_key()
        return _entry(key, path.stat())

    def list(self, bucket: str, prefix: str = "") -> Iterator[Entry]:
        return _walk(self._bucket(bucket), "", prefix, ())

    def etag(self, bucket: str, entry: Entry) -> str:
        """Reads the file once for as long as it stays the same."""
        place = (bucket, entry.key)
        known = self._etags.get(place)
        if known is None or known[0] != entry.fingerprint:
            stored = self.open(bucket, entry.key)
            with stored.stream:
                digest = hashlib.file_digest(stored.stream, "md5").hexdigest()  # type: ignore[arg-type]
            known = self._etags[place] = (entry.fingerprint, f'"{digest}"')
        return known[1]

    def write(self, bucket: str, key: str) -> FileUpload:
        target = _file(self._bucket(bucket), key)
        unfinished = self.folder / _UNFINISHED
        while True:
            try:
                unfinished.mkdir(exist_ok=True)
                return FileUpload(unfinished, target)
            except FileNotFoundError:
                continue  # another upload ended and took the folder along
            except PermissionError:
                raise _denied() from None

    def _bucket(self, name: str) -> Path:
        if not _BUCKET_NAME.fullmatch(name):
            raise invalid_bucket()
        path = self.folder / name
        if not path.is_dir():
            raise no_such_bucket()
        return path


class FileUpload:
    """A file written beside the buckets and moved to its place at the end."""

    def __init__(self, unfinished: Path, target: Path) -> None:
        self._target = target
        self._file = cast(BinaryIO, tempfile.NamedTemporaryFile(dir=unfinished, delete=False))  # noqa: SIM115

    def write(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as fault:  # a full disk
            raise BucketFault("InternalError", str(fault)) from fault

    def close(self) -> None:
        try:
            self._file.close()
            self._target.parent.mkdir(parents=True, exist_ok=True)
            os.replace(self._file.name, self._target)
        except OSError as fault:  # a full disk, or a folder stands where the object should
            raise BucketFault("InternalError", f"{self._target}: {fault.strerror}") from fault
        _forget(Path(self._file.name).parent)

    def discard(self) -> None:
        self._file.close()
        Path(self._file.name).unlink(missing_ok=True)
        _forget(Path(self._file.name).parent)


def _forget(unfinished: Path) -> None:
    """Remove the folder of unfinished files where no other is being written."""
    try:
        unfinished.rmdir()
    except OSError:
        return


def _file(bucket: Path, key: str) -> Path:
    """The file of a key; raises NoSuchKey for one that no file below `bucket` can have."""
    parts = key.split("/")
    forbidden = "\0" if os.sep == "/" else '\0\\:*?"<>|'
    if any(part in ("", ".", "..") or any(char in part for char in forbidden) for part in parts):
        raise no_such_key()
    return bucket.joinpath(*parts)


def _walk(folder: Path, path: str, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[Entry]:
    """The objects below `folder`, whose keys begin with `path`, in the order of their bytes.

    above: the folders on the way, so that a link to one of them ends the walk there.
    """
    here = folder.stat()
    way = (*above, (here.st_dev, here.st_ino))
    found: list[tuple[bytes, str, os.DirEntry[str]]] = []
    with os.scandir(folder) as entries:
        for entry in entries:
            name = entry.name + "/" if entry.is_dir() else entry.name
            try:
                found.append((name.encode(), name, entry))
            except UnicodeEncodeError:
                continue  # a name that is no UTF-8 text cannot be a key
    for _, name, entry in sorted(found, key=lambda each: each[0]):
        key = path + name
        if not (key.startswith(prefix) or (name.endswith("/") and prefix.startswith(key))):
            continue
        try:
            status = entry.stat()
        except FileNotFoundError:
            continue  # it went away, or is a link to nowhere
        if not name.endswith("/"):
            yield _entry(key, status)
        elif (status.st_dev, status.st_ino) not in way:
            yield from _walk(Path(entry.path), key, prefix, way)


def _entry(key: str, status: os.stat_result) -> Entry:
    return Entry(
        key=key,
        size=status.st_size,
        last_modified=datetime.fromtimestamp(status.st_mtime, UTC),
        fingerprint=f"{status.st_size}-{status.st_mtime_ns}",
    )


def _denied() -> BucketFault:
    return BucketFault("AccessDenied", "Access Denied")
