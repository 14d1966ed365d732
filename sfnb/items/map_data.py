"""The engine's view of this room: items, batches and results of a Distributed Map over `Buckets`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from sfnb.asl.commands import BatchSpec, ReadSpec, Transformation, WriteSpec
from sfnb.engine.map_ports import Batch, ChildResult
from sfnb.items.batches import Batcher, make_batches
from sfnb.items.buckets import Buckets
from sfnb.items.config import ItemReaderSpec
from sfnb.items.faults import WriterFault
from sfnb.items.permitted import Permit, PermittedBuckets
from sfnb.items.reading import ItemStream, read_items
from sfnb.items.results import result_of
from sfnb.items.writers import ResultWriter
from sfnb.values import Json


class BucketData:
    """Reads and writes what a Distributed Map asks for; fulfils `engine.map_ports.MapData`.

    permit: asks what the machine's role may do; None: everything.
    """

    def __init__(self, buckets: Buckets, permit: Permit | None = None) -> None:
        self.buckets = buckets if permit is None else PermittedBuckets(buckets, permit)
        self._permit = permit

    def read(self, spec: ReadSpec) -> ItemStream:
        return read_items(
            self.buckets,
            ItemReaderSpec(resource=spec.resource, arguments=spec.arguments, config=spec.config),
        )

    def batches(self, items: Iterable[Json], spec: BatchSpec) -> Iterator[Batch]:
        return make_batches(
            items,
            Batcher(max_items=spec.max_items, max_bytes=spec.max_bytes, batch_input=spec.batch_input),
        )

    def start_children(self) -> None:
        refusal = None if self._permit is None else self._permit.children()
        if refusal is not None:
            raise refusal

    def writer(self, spec: WriteSpec, map_run_arn: str, run_id: str) -> ResultWriter:
        bucket, prefix = spec.arguments.get("Bucket"), spec.arguments.get("Prefix")
        if not isinstance(bucket, str) or not isinstance(prefix, str | None):
            raise WriterFault("The ResultWriter needs a Bucket, and its Prefix has to be a string")
        return ResultWriter(
            self.buckets, bucket, prefix, run_id, map_run_arn, spec.transformation, spec.output_type
        )

    def result(self, children: Sequence[ChildResult], transformation: Transformation) -> list[Json]:
        return result_of(children, transformation)
