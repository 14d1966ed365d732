"""The rights of a Map in DISTRIBUTED mode: to run its children, to read its items, to write its results.

Source: AWS guide, "Creating IAM policies for Distributed Map states"; "ItemReader"; "ResultWriter".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sfnb.asl.resources import reads_items
from sfnb.asl.states.map_ import Map
from sfnb.iam.given import UNKNOWN, Value, static, text
from sfnb.iam.jobs import RESULT_RIGHTS, result_objects
from sfnb.iam.needed import Need
from sfnb.iam.places import ANYWHERE, Place, bucket_arn, object_arn

CHILD_RIGHTS = (("states:DescribeExecution", "wait"), ("states:StopExecution", "stop"))


def map_needs(place: Place, state: Map, told: Mapping[str, Any]) -> Iterator[Need]:
    yield Need(action="states:StartExecution", resource=place.machine_arn)
    executions = place.arn("states", f"execution:{place.machine}:*")
    yield Need(action="states:DescribeExecution", resource=executions, phase="wait")
    yield Need(action="states:StopExecution", resource=executions, phase="stop")
    children = place.arn("states", f"execution:{place.machine}/{state.label or ANYWHERE}:*")
    yield Need(action="states:RedriveExecution", resource=children, phase="beyond")
    if "ItemReader" in told:
        yield from _reader_needs(place, told["ItemReader"], state.language)
    if state.result_writer is not None and state.result_writer.resource is not None:
        given = _given(told["ResultWriter"], state.language)
        objects = result_objects(place, text(given, "Bucket"), text(given, "Prefix"))
        for right in RESULT_RIGHTS:
            yield Need(action=right, resource=objects)


def _given(part: Mapping[str, Any], language: str) -> object:
    return static(part.get("Parameters", part.get("Arguments")), language)


def _reader_needs(place: Place, reader: Mapping[str, Any], language: str) -> Iterator[Need]:
    """A manifest names further objects, in buckets that only it knows."""
    given = _given(reader, language)
    config = reader.get("ReaderConfig", {})
    bucket = text(given, "Bucket")
    if reads_items(str(reader.get("Resource"))) == "listObjectsV2":
        prefix = text(given, "Prefix")
        yield _listing(place, bucket, prefix)
        if config.get("Transformation") == "LOAD_AND_FLATTEN":
            yield Need(action="s3:GetObject", resource=object_arn(place, bucket, prefix, ANYWHERE))
        return
    objects = object_arn(place, bucket, text(given, "Key"))
    yield Need(action="s3:GetObject", resource=objects)
    if text(given, "VersionId") is not None:
        yield Need(action="s3:GetObjectVersion", resource=objects)
    if config.get("InputType") == "MANIFEST" or "ManifestType" in config:
        yield Need(action="s3:GetObject", phase="beyond")


def _listing(place: Place, bucket: Value, prefix: Value) -> Need:
    key = "s3:prefix"
    known = prefix if isinstance(prefix, str) else ANYWHERE
    return Need(
        action="s3:ListBucket",
        resource=bucket_arn(place, bucket),
        context=((key, known),),
        where=((key, "StringLike"),) if prefix is not UNKNOWN else (),
    )
