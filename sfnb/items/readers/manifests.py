"""Objects that name the objects to read: Athena's data manifests, S3's inventories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import msgspec

from sfnb.items.config import ReaderConfig
from sfnb.items.faults import unreadable
from sfnb.items.readers.pair import MAX_ITEM_BYTES
from sfnb.values import decode


class Place(NamedTuple):
    """Where an object is."""

    bucket: str
    key: str


Manifest = Callable[[BinaryIO, ReaderConfig, str], tuple[ReaderConfig, Iterator[Place]]]
"""Reads a manifest, of a bucket, to how the data is to be read and where it is."""


def read_athena(stream: BinaryIO, config: ReaderConfig, bucket: str) -> tuple[ReaderConfig, Iterator[Place]]:
    """A line names a file, `s3://bucket/key`, perhaps in quotes. Source: AWS guide, Athena UNLOAD."""
    if config.input_type not in ("CSV", "JSONL", "PARQUET"):
        raise unreadable("ManifestType ATHENA_DATA needs an InputType of CSV, JSONL or PARQUET.")
    return config, _athena_places(stream)


def _athena_places(stream: BinaryIO) -> Iterator[Place]:
    for line in stream:
        text = line.decode("utf-8", "replace").strip().strip('"')
        if not text:
            continue
        place = urlsplit(text, allow_fragments=False)
        key = text.partition("://")[2].partition("/")[2]  # a ? belongs to the key
        if place.scheme != "s3" or not place.netloc or not key:
            raise unreadable(f"The manifest does not name an object of S3: {text}")
        yield Place(place.netloc, key)


class _InventoryFile(msgspec.Struct, frozen=True):
    key: str


class _Inventory(msgspec.Struct, frozen=True, rename="camel"):
    """The manifest.json of an inventory. Source: Amazon S3 guide, "Inventory manifest"."""

    file_format: str
    file_schema: str
    files: list[_InventoryFile]
    destination_bucket: str = ""


def read_inventory(
    stream: BinaryIO, config: ReaderConfig, bucket: str
) -> tuple[ReaderConfig, Iterator[Place]]:
    """The files are CSV without a header, in the bucket that the inventory was delivered to."""
    try:
        inventory = msgspec.convert(decode(stream.read(MAX_ITEM_BYTES)), _Inventory)
    except ValueError as fault:
        raise unreadable(f"The object is not the manifest of an S3 inventory: {fault}") from None
    if inventory.file_format != "CSV":
        raise unreadable(f"The output format of an S3 inventory must be CSV, found {inventory.file_format}.")
    headers = tuple(name.strip() for name in inventory.file_schema.split(","))
    delivered = inventory.destination_bucket.rpartition(":")[2] or bucket
    places = (Place(delivered, file.key) for file in inventory.files)
    return msgspec.structs.replace(config, input_type="CSV", headers=headers, delimiter=","), places


MANIFESTS: dict[str, Manifest] = {"ATHENA_DATA": read_athena, "S3_INVENTORY": read_inventory}
