"""Buckets that are not there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sfnb.explain import hints
from sfnb.items.folder import FolderBuckets
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

from .shop import inner


@pytest.fixture
def folder(service: StepFunctions, tmp_path: Path) -> Path:
    """It stands for S3, with the buckets `nightly` and `nightly-results`."""
    (tmp_path / "nightly-results").mkdir()
    (tmp_path / "nightly").mkdir()
    (tmp_path / "nightly" / "day.csv").write_text("n\n1\n")
    service.buckets = FolderBuckets(tmp_path)
    return tmp_path


def hint(service: StepFunctions, bucket: str, results: str = "nightly-results", **more: Any) -> str:
    each = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": bucket, "Key": more.get("key", "day.csv")},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            **inner(Type="Pass"),
        },
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket": results, "Prefix": "out"},
        },
        "End": True,
    }
    return hints(load_machine(service, {"StartAt": "S", "States": {"S": each}}, name="shop").run())[0]


def test_a_misspelt_bucket_to_read_from_is_told(service: StepFunctions, folder: Path) -> None:
    assert hint(service, "nigthly") == f'the folder {folder} has no bucket "nigthly": did you mean "nightly"?'


def test_a_misspelt_bucket_to_write_to_is_told(service: StepFunctions, folder: Path) -> None:
    told = hint(service, "nightly", "nightly-result")

    assert told.startswith(
        f'the folder {folder} has no bucket "nightly-result": did you mean "nightly-results"?'
    )
    assert told.endswith(f"Else make the folder {folder}/nightly-result")


def test_a_longer_name_is_no_misspelt_one(service: StepFunctions, folder: Path) -> None:
    assert hint(service, "nightly", "nightly-out").startswith(f"make the folder {folder}/nightly-out")


def test_an_empty_bucket_has_no_file_to_be_meant(service: StepFunctions, folder: Path) -> None:
    assert hint(service, "nightly-results") == (
        f"{folder}/nightly-results is empty: put the file there, as {folder}/nightly-results/day.csv"
    )
