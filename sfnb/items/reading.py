"""An ItemReader read: from buckets to a stream of items.

Which objects are read is found first (one, those of a listing, those of a manifest), then each is
read by its format, one after the other. Nothing is held but the piece being read, so a stream is
taken up again after a restart by reading anew and leaving out what was had; the fingerprint says
whether it is still the same.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cached_property
from itertools import islice
from typing import BinaryIO

from sfnb.asl.commands import Item
from sfnb.items.buckets import BucketFault, Buckets
from sfnb.items.compressed import decompressed
from sfnb.items.config import ItemReaderSpec, ReaderConfig
from sfnb.items.faults import ReaderFault, unreadable
from sfnb.items.readers import READERS
from sfnb.items.readers.listing import list_items
from sfnb.items.readers.manifests import MANIFESTS, Place
from sfnb.items.readers.pair import Pair


class ItemStream(Iterator[Item]):
    """Items in their order, one at a time; raises ReaderFault. Close it, or use `with`.

    Nothing here is for two threads at a time.
    """

    def __init__(
        self, items: Generator[Item], fingerprint: Callable[[], str], opened: BinaryIO | None = None
    ) -> None:
        self._items = items
        self._find_fingerprint = fingerprint
        self._opened = opened

    def __iter__(self) -> Iterator[Item]:
        return self._items

    def __next__(self) -> Item:
        return next(self._items)

    @cached_property
    def fingerprint(self) -> str:
        """Equal for equal data. Of a listing or a manifest it is found by one more listing (or HEAD each)."""
        return self._find_fingerprint()

    def skip(self, count: int) -> None:
        """Leave out the next `count` items, or all where there are fewer."""
        next(islice(self._items, count, count), None)

    def __enter__(self) -> ItemStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._items.close()
        if self._opened is not None:
            self._opened.close()


def read_items(buckets: Buckets, reader: ItemReaderSpec) -> ItemStream:
    """The items of an ItemReader; an object that is not there is told at once, a bad row when it is reached.

    Raises ReaderFault, here and from the stream. Source: AWS guide, "ItemReader"; AWS recordings.
    """
    config = ReaderConfig.of(reader)
    bucket = reader.required("Bucket")
    action = reader.resource.rpartition(":")[2]
    if action == "listObjectsV2":
        return _read_list(buckets, bucket, reader.argument("Prefix") or "", config)
    if action == "getObject":
        return _read_object(buckets, bucket, reader, config)
    raise unreadable(f"{reader.resource} is not a Resource of an ItemReader.")


def _read_list(buckets: Buckets, bucket: str, prefix: str, config: ReaderConfig) -> ItemStream:
    def places() -> Iterator[Place]:
        for entry in buckets.list(bucket, prefix):
            if not entry.key.endswith("/"):  # a folder marker of the S3 console has no data
                yield Place(bucket, entry.key)

    if config.transformation == "LOAD_AND_FLATTEN":
        _reader_of(config)
        items = _items_of(buckets, places, config)
    else:
        items = _with_source(list_items(buckets, bucket, prefix), f"S3://{bucket}")

    def fingerprint() -> str:
        with _In(f"s3://{bucket}/{prefix}"):
            return _digest(f"{entry.key}\0{entry.fingerprint}" for entry in buckets.list(bucket, prefix))

    return ItemStream(_limited(items, config.limit, f"s3://{bucket}/{prefix}"), fingerprint)


def _read_object(buckets: Buckets, bucket: str, reader: ItemReaderSpec, config: ReaderConfig) -> ItemStream:
    key = reader.required("Key")
    place = f"s3://{bucket}/{key}"
    with _In(place):
        stored = buckets.open(bucket, key, reader.argument("VersionId"))
        if config.manifest is None:
            items = _of_stream(stored.stream, Place(bucket, key), config)
            known = _digest([stored.entry.fingerprint])
            return ItemStream(_limited(items, config.limit, place), lambda: known, stored.stream)
        with stored.stream:
            read = MANIFESTS[config.manifest]
            data_config, found = read(decompressed(stored.stream, key), config, bucket)
            places = list(found)

    def fingerprint() -> str:
        with _In(place):
            data = (buckets.head(*each).fingerprint for each in places)
            return _digest([stored.entry.fingerprint, *data])

    items = _items_of(buckets, lambda: iter(places), data_config)
    return ItemStream(_limited(items, config.limit, place), fingerprint)


def _items_of(
    buckets: Buckets, places: Callable[[], Iterator[Place]], config: ReaderConfig
) -> Generator[Item]:
    """The items of every object, one after the other."""
    for place in places():
        with _In(f"s3://{place.bucket}/{place.key}"):
            stored = buckets.open(place.bucket, place.key)
        yield from _of_stream(stored.stream, place, config)


def _of_stream(stream: BinaryIO, place: Place, config: ReaderConfig) -> Generator[Item]:
    with stream, _In(f"s3://{place.bucket}/{place.key}"):
        read = _reader_of(config)
        data = stream if config.input_type == "PARQUET" else decompressed(stream, place.key)
        yield from _with_source(read(data, config), f"S3://{place.bucket}/{place.key}")


def _with_source(pairs: Iterator[Pair], source: str) -> Generator[Item]:
    for key, value in pairs:
        yield Item(value, key, source)


def _limited(items: Generator[Item], limit: int | None, place: str) -> Generator[Item]:
    try:
        with _In(place):
            yield from islice(items, limit)
    finally:
        items.close()


def _reader_of(config: ReaderConfig) -> Callable[[BinaryIO, ReaderConfig], Iterator[Pair]]:
    read = READERS.get(config.input_type or "")
    if read is None:
        raise unreadable(f"An InputType is needed, one of {', '.join(READERS)}; found {config.input_type}.")
    return read


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(f"{part}\n".encode())
    return digest.hexdigest()


class _In:
    """What goes wrong in here is a ReaderFault about `place`."""

    def __init__(self, place: str) -> None:
        self._place = place

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, ReaderFault):
            fault.place = fault.place or self._place
        elif isinstance(fault, BucketFault):
            raise unreadable(str(fault), self._place) from fault
        elif isinstance(fault, (OSError, EOFError, zlib.error)):  # broken GZIP, among others
            raise unreadable(f"The object cannot be read: {fault}", self._place) from fault
