"""What the role of a machine lets its Distributed Maps do: read and write objects, start children.

A right is asked for when S3 would ask for it, so that objects that only a manifest names are asked for too.
Of what the guide lists for a ResultWriter, S3 itself asks for `s3:PutObject` alone, unless an upload breaks
off; and maps ran on AWS while the CDK granted the rights to describe and stop their children on the wrong
ARNs, so neither is asked for.
Source: Amazon S3 user guide, "Required permissions for Amazon S3 API operations".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec

from sfnb.errors import StatesError
from sfnb.items.buckets import BucketFault, Buckets, Entry, StoredObject, Upload

Context = tuple[tuple[str, str], ...]


class Permit(msgspec.Struct, frozen=True, kw_only=True):
    """Asks what a machine may do. machine: its ARN.

    refusal: why it may not do an action on a resource, with what conditions may ask about; S3's by its error
        code. None where it may.
    """

    machine: str
    refusal: Callable[[str, str, Context], StatesError | None]

    def children(self) -> StatesError | None:
        """Why no children may be started."""
        return self.refusal("states:StartExecution", self.machine, ())

    def check(self, action: str, bucket: str, key: str | None = None, context: Context = ()) -> None:
        """Raises BucketFault."""
        place = bucket if key is None else f"{bucket}/{key}"
        refusal = self.refusal(action, f"arn:{self.machine.split(':')[1]}:s3:::{place}", context)
        if refusal is not None:
            raise BucketFault(str(refusal.error), refusal.cause or "")


class PermittedBuckets:
    """Buckets as far as a machine may use them. Fulfils `Buckets`."""

    def __init__(self, buckets: Buckets, permit: Permit) -> None:
        self._buckets = buckets
        self._permit = permit

    def open(self, bucket: str, key: str, version: str | None = None) -> StoredObject:
        action = "s3:GetObjectVersion" if version else "s3:GetObject"
        self._permit.check(action, bucket, key, (("s3:VersionId", version),) if version else ())
        return self._buckets.open(bucket, key, version)

    def head(self, bucket: str, key: str) -> Entry:
        self._permit.check("s3:GetObject", bucket, key)
        return self._buckets.head(bucket, key)

    def list(self, bucket: str, prefix: str = "") -> Iterator[Entry]:
        self._permit.check("s3:ListBucket", bucket, None, (("s3:prefix", prefix),))
        return self._buckets.list(bucket, prefix)

    def etag(self, bucket: str, entry: Entry) -> str:
        """A listing tells it: no right is needed besides."""
        return self._buckets.etag(bucket, entry)

    def write(self, bucket: str, key: str) -> Upload:
        self._permit.check("s3:PutObject", bucket, key)
        return self._buckets.write(bucket, key)
