"""%asl export."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from sfnb.exporters import BESIDE, EXPORTERS, TEMPLATES
from sfnb.renderers import RENDERERS

KEEPS_INPUT = "%%asl orders\nStartAt: A\nStates:\n  A: {Type: Pass, ResultPath: null, End: true}"


@pytest.fixture
def orders(run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run(KEEPS_INPUT)


def test_a_sam_template_is_written_with_the_definition_that_it_takes(run: Any, orders: None) -> None:
    os.mkdir("out")

    (said,) = run("%asl export orders sam -f out/orders.yaml").texts

    told = yaml.safe_load(Path("out/orders.yaml").read_text())["Resources"]["StateMachine"]["Properties"]
    assert told["DefinitionUri"] == "orders.sam.asl.json"
    definition = json.loads(Path("out", told["DefinitionUri"]).read_text())
    assert definition["States"]["A"]["ResultPath"] is None
    assert "wrote out/orders.yaml" in said
    assert "wrote out/orders.sam.asl.json" in said


def test_without_a_file_it_says_what_writes_the_definition(run: Any, orders: None) -> None:
    said, template = run("%asl export orders sam").texts

    assert "DefinitionUri: orders.sam.asl.json" in template
    run(said.split("`")[1])
    assert json.loads(Path("orders.sam.asl.json").read_text())["StartAt"] == "A"


def test_the_template_and_its_definition_are_two_files(run: Any, orders: None) -> None:
    assert "give it another name" in run("%asl export orders sam -f orders.sam.asl.json").printed
    assert not Path("orders.sam.asl.json").exists()


def test_the_ending_of_a_file_may_tell_of_terraform(run: Any, orders: None) -> None:
    run("%asl export orders -f orders.tf")

    assert 'resource "aws_sfn_state_machine"' in Path("orders.tf").read_text()


def test_the_help_names_each_format(run: Any) -> None:
    (help,) = run("%asl export --help").texts

    assert [name for name in (*EXPORTERS, *TEMPLATES, *BESIDE, *RENDERERS) if name not in help] == []
