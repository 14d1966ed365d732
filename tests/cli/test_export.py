"""`sfnb export` with what starts a machine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sfnb.cli import main
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore

MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a definition, and the file in which a process that has ended left what starts its machine."""
    monkeypatch.chdir(tmp_path)
    Path("orders.asl.json").write_text(json.dumps(MACHINE), encoding="utf-8")
    service = StepFunctions(store=SqliteStore(tmp_path / "shop.db"))
    load_machine(service, MACHINE, name="orders").on.schedule("rate(1 hour)")
    load_machine(service, MACHINE, name="bills").on.event({"source": ["shop"]})
    service.close()
    return tmp_path


def test_triggers_of_the_machine_are_taken_from_a_store(folder: Path) -> None:
    assert (
        main(["export", "orders.asl.json", "-f", "cloudformation", "--store", "shop.db", "-o", "t.yaml"]) == 0
    )

    resources = yaml.safe_load((folder / "t.yaml").read_text(encoding="utf-8"))["Resources"]
    assert [each["Type"] for each in resources.values()] == [
        "AWS::IAM::Role",
        "AWS::StepFunctions::StateMachine",
        "AWS::IAM::Role",
        "AWS::Scheduler::Schedule",
    ]


def test_without_one_there_are_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "orders.asl.json", "-f", "terraform"]) == 0

    assert "aws_scheduler_schedule" not in capsys.readouterr().out


def test_a_store_that_is_not_there_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["export", "orders.asl.json", "-f", "terraform", "--store", "other.db"])

    told = capsys.readouterr()
    assert (code, told.out) == (2, "")
    assert "other.db" in told.err
    assert not (folder / "other.db").exists()
