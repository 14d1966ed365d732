"""The list of a bucket's objects, as items."""

from __future__ import annotations

from collections.abc import Iterator

from sfnb.items.buckets import Buckets
from sfnb.items.readers.pair import Pair


def list_items(buckets: Buckets, bucket: str, prefix: str) -> Iterator[Pair]:
    """What is known of every object whose key begins with `prefix`.

    {"Etag": '"<MD5>"', "LastModified": seconds, "Key", "Size": bytes, "StorageClass"}: the spelling and
    order of an AWS recording; the ETag's quotes and the seconds from the guide.
    """
    for entry in buckets.list(bucket, prefix):
        item = {
            "Etag": buckets.etag(bucket, entry),
            "LastModified": int(entry.last_modified.timestamp()),
            "Key": entry.key,
            "Size": entry.size,
            "StorageClass": entry.storage_class,
        }
        yield None, item
