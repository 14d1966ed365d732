"""ResultWriter, and the result where nothing is exported."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from sfnb.engine.map_ports import ChildResult
from sfnb.items.buckets import Buckets
from sfnb.items.faults import WriterFault
from sfnb.items.folder import FolderBuckets
from sfnb.items.results import record, result_of
from sfnb.items.writers import ResultWriter

ARN = "arn:aws:states:us-east-1:123456789012:mapRun:orders/getOrders:da4e9fc7"
DONE = ChildResult(
    status="SUCCEEDED",
    input='{"n": 1}',
    output='[{"id":"1"}, {"id":"2"}]',
    execution_arn="arn:aws:states:us-east-1:123456789012:execution:orders/getOrders:c1",
    name="c1",
    state_machine_arn="arn:aws:states:us-east-1:123456789012:stateMachine:orders/getOrders",
    start_date=datetime(2025, 2, 4, 1, 49, 50, 99_000, UTC),
    stop_date=datetime(2025, 2, 4, 1, 49, 50, 163_999, UTC),
)
FAILED = ChildResult(status="FAILED", input="2", error="Boom", cause="it broke", name="c2")
PENDING = ChildResult(status="PENDING", input="3")


def write(buckets: Buckets, children: list[ChildResult], **options: Any) -> dict[str, Any]:
    writer = ResultWriter(buckets, "data", options.pop("prefix", "jobs"), "run-uuid", ARN, **options)
    for child in children:
        writer.add(child)
    return writer.close()


def content(buckets: Buckets, key: str) -> str:
    with buckets.open("data", key).stream as stream:
        return stream.read().decode()


def keys(buckets: Buckets) -> list[str]:
    return [entry.key for entry in buckets.list("data")]


def test_the_record_of_a_child_is_the_guides() -> None:
    assert json.dumps(record(DONE), indent=1) == json.dumps(
        {
            "ExecutionArn": "arn:aws:states:us-east-1:123456789012:execution:orders/getOrders:c1",
            "Input": '{"n": 1}',
            "InputDetails": {"Included": True},
            "Name": "c1",
            "Output": '[{"id":"1"}, {"id":"2"}]',
            "OutputDetails": {"Included": True},
            "RedriveCount": 0,
            "RedriveStatus": "NOT_REDRIVABLE",
            "RedriveStatusReason": "Execution is SUCCEEDED and cannot be redriven",
            "StartDate": "2025-02-04T01:49:50.099Z",
            "StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:orders/getOrders",
            "Status": "SUCCEEDED",
            "StopDate": "2025-02-04T01:49:50.163Z",
        },
        indent=1,
    )


def test_a_failed_child_has_error_and_cause_and_a_pending_one_only_its_input() -> None:
    assert record(FAILED) == {
        "Cause": "it broke",
        "Error": "Boom",
        "Input": "2",
        "InputDetails": {"Included": True},
        "Name": "c2",
        "RedriveCount": 0,
        "RedriveStatus": "REDRIVABLE_BY_MAP_RUN",
        "Status": "FAILED",
    }
    assert record(PENDING) == {"Input": "3", "InputDetails": {"Included": True}, "Status": "PENDING"}


def test_results_are_exported_by_status_with_a_manifest(buckets: Buckets) -> None:
    timed_out = ChildResult(status="TIMED_OUT", input="4")
    aborted = ChildResult(status="ABORTED", input="5")

    output = write(buckets, [DONE, FAILED, PENDING, timed_out, aborted, DONE])

    folder = "jobs/run-uuid"
    assert output == {
        "MapRunArn": ARN,
        "ResultWriterDetails": {"Bucket": "data", "Key": f"{folder}/manifest.json"},
    }
    assert json.loads(content(buckets, f"{folder}/SUCCEEDED_0.json")) == [record(DONE), record(DONE)]
    failed = json.loads(content(buckets, f"{folder}/FAILED_0.json"))
    assert failed == [record(FAILED), record(timed_out), record(aborted)]
    assert json.loads(content(buckets, f"{folder}/PENDING_0.json")) == [record(PENDING)]
    manifest = json.loads(content(buckets, f"{folder}/manifest.json"))
    assert manifest == {
        "DestinationBucket": "data",
        "MapRunArn": ARN,
        "ResultFiles": {
            status: [
                {
                    "Key": f"{folder}/{status}_0.json",
                    "Size": buckets.head("data", f"{folder}/{status}_0.json").size,
                }
            ]
            for status in ("FAILED", "PENDING", "SUCCEEDED")
        },
    }


def test_no_results_are_a_manifest_of_nothing(folder: FolderBuckets) -> None:
    write(folder, [])

    assert keys(folder) == ["jobs/run-uuid/manifest.json"]
    manifest = json.loads(content(folder, keys(folder)[0]))
    assert manifest["ResultFiles"] == {"FAILED": [], "PENDING": [], "SUCCEEDED": []}


@pytest.mark.parametrize(
    ("transformation", "output_type", "expected"),
    [
        ("COMPACT", "JSON", '[[{"id":"1"}, {"id":"2"}],7]'),
        ("FLATTEN", "JSON", '[{"id":"1"},{"id":"2"},7]'),
        ("COMPACT", "JSONL", '[{"id":"1"}, {"id":"2"}]\n7\n'),
        ("FLATTEN", "JSONL", '{"id":"1"}\n{"id":"2"}\n7\n'),
    ],
)
def test_outputs_are_transformed(
    transformation: str, output_type: str, expected: str, folder: FolderBuckets
) -> None:
    seven = ChildResult(status="SUCCEEDED", input="1", output="7")

    write(folder, [DONE, seven], transformation=transformation, output_type=output_type)

    assert content(folder, "jobs/run-uuid/SUCCEEDED_0.json") == expected


def test_an_output_of_several_lines_is_one_line_of_jsonl(folder: FolderBuckets) -> None:
    wide = ChildResult(status="SUCCEEDED", input="1", output='{\r\n "a": 1\n}')

    write(folder, [wide, wide], transformation="COMPACT", output_type="JSONL")

    assert content(folder, "jobs/run-uuid/SUCCEEDED_0.json") == '{"a":1}\n{"a":1}\n'


@pytest.mark.parametrize("transformation", ["NONE", "COMPACT", "FLATTEN"])
def test_a_failed_child_keeps_its_record_under_every_transformation(
    transformation: str, folder: FolderBuckets
) -> None:
    write(folder, [FAILED], transformation=transformation)

    assert json.loads(content(folder, "jobs/run-uuid/FAILED_0.json")) == [record(FAILED)]


@pytest.mark.parametrize("output_type", ["JSON", "JSONL"])
def test_a_file_that_would_be_too_large_is_followed_by_another(
    output_type: str, folder: FolderBuckets
) -> None:
    children = [ChildResult(status="SUCCEEDED", input="1", output=f'"{number:04}"') for number in range(20)]

    write(folder, children, transformation="COMPACT", output_type=output_type, file_bytes=40)

    files = [key for key in keys(folder) if "SUCCEEDED" in key]
    files.sort(key=lambda key: int(key.rpartition("_")[2].removesuffix(".json")))
    assert [key.rpartition("_")[2] for key in files] == ["0.json", "1.json", "2.json", "3.json"]
    read: list[str] = []
    for key in files:
        text = content(folder, key)
        assert 30 < len(text) <= 40
        read += (
            json.loads(text) if output_type == "JSON" else [json.loads(line) for line in text.splitlines()]
        )
    assert read == [f"{number:04}" for number in range(20)]


def test_an_entry_larger_than_a_file_gets_its_own(folder: FolderBuckets) -> None:
    write(folder, [DONE, DONE], file_bytes=10)

    assert [key.rpartition("/")[2] for key in keys(folder)] == [
        "SUCCEEDED_0.json",
        "SUCCEEDED_1.json",
        "manifest.json",
    ]


@pytest.mark.parametrize("prefix", [None, "", "/"])
def test_without_a_prefix_the_run_is_the_folder(prefix: str | None, folder: FolderBuckets) -> None:
    output = write(folder, [DONE], prefix=prefix)

    assert output["ResultWriterDetails"]["Key"] == "run-uuid/manifest.json"


def test_a_missing_bucket_fails_the_writer(buckets: Buckets) -> None:
    writer = ResultWriter(buckets, "nowhere", "jobs", "run-uuid", ARN)

    with pytest.raises(WriterFault, match=r"States\.ResultWriterFailed: The specified bucket does not exist"):
        writer.close()
    if isinstance(buckets, FolderBuckets):  # S3 is asked when a part is full
        with pytest.raises(WriterFault, match="The specified bucket does not exist"):
            writer.add(DONE)


def test_what_is_given_up_leaves_nothing(buckets: Buckets) -> None:
    def interrupted() -> None:
        with ResultWriter(buckets, "data", "jobs", "run-uuid", ARN) as writer:
            writer.add(DONE)
            writer.add(FAILED)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert keys(buckets) == []


def test_the_result_without_export() -> None:
    children = [DONE, FAILED, ChildResult(status="SUCCEEDED", input="1", output='"[x"')]

    assert result_of(children) == [[{"id": "1"}, {"id": "2"}], record(FAILED), "[x"]
    assert result_of(children, "FLATTEN") == [{"id": "1"}, {"id": "2"}, record(FAILED), "[x"]
    assert result_of(children, "NONE") == [record(child) for child in children]
