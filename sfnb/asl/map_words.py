"""What a Map says of itself in a picture."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from sfnb.asl.map_items import ItemBatcher, ItemReader
from sfnb.query.expression import Expression
from sfnb.values import Json, decode

if TYPE_CHECKING:
    from sfnb.asl.states.map_ import Map


def map_details(state: Map) -> tuple[str, ...]:
    """Short lines: what it goes over, how much of it at a time, where the results go."""
    return tuple(_distributed(state) if state.distributed else _inline(state))


def _inline(state: Map) -> Iterator[str]:
    yield _over(state)
    if limit := _at_a_time(state):
        yield limit


def _distributed(state: Map) -> Iterator[str]:
    """
    The first line is what tells it from an inline Map:
    ("distributed as rows", "CSV from s3://in/rows.csv", "batches of 7, 100 at a time", "to s3://out/runs")
    """
    yield f"distributed as {state.label}" if state.label else "distributed"
    yield _over(state) if state.item_reader is None else _read(state.item_reader)
    pace = [_batches(state.item_batcher)] if state.item_batcher is not None else []
    if limit := _at_a_time(state):
        pace.append(limit)
    if pace:
        yield ", ".join(pace)
    if state.result_writer is not None and state.result_writer.resource is not None:
        yield f"to {_place(state.result_writer.arguments, 'Prefix')}"


def parts_label(state: Map) -> str:
    """What stands above the states inside."""
    if not state.distributed:
        return "each item"
    return "a child for each item" if state.item_batcher is None else "a child for each batch"


def _over(state: Map) -> str:
    return "for each item" if state.items is None else f"for each of {state.items.text}"


def _at_a_time(state: Map) -> str:
    limit = state.max_concurrency
    return "" if limit is None or limit.text == "0" else f"{limit.text} at a time"


def _read(reader: ItemReader) -> str:
    """`CSV from s3://bucket/key`, `objects below s3://bucket/prefix`."""
    config = reader.reader_config
    lists = reader.resource.endswith("listObjectsV2")
    kind = (config.input_type or config.manifest_type) if config is not None else None
    if lists:
        return f"{kind + ' in ' if kind else ''}objects below {_place(reader.arguments, 'Prefix')}"
    return f"{kind.replace('_', ' ') if kind else 'items'} from {_place(reader.arguments, 'Key')}"


def _place(arguments: Expression | None, key: str) -> str:
    """s3://bucket/key, each part as it is written."""
    source = decode(arguments.text) if arguments is not None and arguments.text[:1] == "{" else None
    if not isinstance(source, dict):
        return "S3" if arguments is None else arguments.text
    bucket, rest = _part(source, "Bucket"), _part(source, key)
    return f"s3://{bucket or '?'}/{rest}"


def _part(source: dict[str, Json], name: str) -> str:
    """
    >>> _part({"Key.$": "$.file"}, "Key"), _part({"Key": "{% $file %}"}, "Key"), _part({}, "Key")
    ('{$.file}', '{$file}', '')
    """
    value = source.get(name, source.get(f"{name}.$", ""))
    text = str(value)
    if f"{name}.$" in source:
        return f"{{{text}}}"
    if text.startswith("{%"):
        return f"{{{text[2:-2].strip()}}}"
    return text


def _batches(batcher: ItemBatcher) -> str:
    bounds = []
    if batcher.max_items_per_batch is not None:
        bounds.append(f"of {batcher.max_items_per_batch.text}")
    if batcher.max_input_bytes_per_batch is not None:
        bounds.append(f"of {batcher.max_input_bytes_per_batch.text} bytes")
    return f"batches {' and '.join(bounds) or 'of 256 KiB'}"
