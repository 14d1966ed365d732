"""`sfnb export`: templates, the file that one of SAM may need, and formats that are not there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from sfnb.cli import main
from tests.exporters.test_templates import ACCOUNT, TREE, cfn_lint, substituted


@pytest.mark.parametrize(
    ("arguments", "begins"),
    [
        (["-f", "cloudformation"], "AWSTemplateFormatVersion"),
        (["-f", "sam", "--role-arn", f"arn:aws:iam::{ACCOUNT}:role/mine"], "AWSTemplateFormatVersion"),
        (["-o", "orders.tf"], 'data "aws_'),
    ],
)
def test_the_command_writes_templates(
    arguments: list[str],
    begins: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("orders.asl.json").write_text(json.dumps(TREE), encoding="utf-8")

    assert main(["export", "orders.asl.json", *arguments]) == 0
    output = Path("orders.tf")
    written = output.read_text(encoding="utf-8") if output.exists() else capsys.readouterr().out
    assert written.startswith(begins)
    assert ("role/mine" in written) == ("--role-arn" in arguments)


WITH_NULL = {**TREE, "States": {**TREE["States"], "Queue": {**TREE["States"]["Queue"], "ResultPath": None}}}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a definition that cannot stand in a SAM template."""
    monkeypatch.chdir(tmp_path)
    Path("orders.asl.json").write_text(json.dumps(WITH_NULL), encoding="utf-8")
    return tmp_path


def test_the_command_writes_the_definition_beside_a_sam_template(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "orders.asl.json", "-f", "sam", "-o", "out/orders.asl.json"]) == 2
    (folder / "out").mkdir()
    capsys.readouterr()
    assert main(["export", "orders.asl.json", "-f", "sam", "-o", "out/template.yaml"]) == 0

    properties = yaml.safe_load(Path("out/template.yaml").read_text(encoding="utf-8"))["Resources"][
        "StateMachine"
    ]["Properties"]
    beside = folder / "out" / properties["DefinitionUri"]
    written = beside.read_text(encoding="utf-8")
    assert ACCOUNT not in written
    assert substituted(written, properties) == WITH_NULL
    assert cfn_lint(folder / "out" / "template.yaml") == []
    assert (
        "takes the definition from out/orders.sam.asl.json, which is written, too" in capsys.readouterr().err
    )


def test_without_a_file_for_the_template_it_says_how_the_definition_is_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "orders.asl.json", "-f", "sam"]) == 0
    out, err = capsys.readouterr()
    file = yaml.safe_load(out)["Resources"]["StateMachine"]["Properties"]["DefinitionUri"]
    _, _, command = err.strip().partition(" beside it: sfnb ")

    assert not Path(file).exists()
    assert main(command.split()) == 0
    assert json.loads(Path(file).read_text(encoding="utf-8"))["States"]["Queue"]["ResultPath"] is None


def test_a_template_that_would_be_in_the_same_file_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "orders.asl.json", "-f", "sam", "-o", "orders.sam.asl.json"]) == 2
    assert "takes the definition from a file called orders.sam.asl.json" in capsys.readouterr().err
    assert [file.name for file in folder.iterdir()] == ["orders.asl.json"]


def test_in_place_the_definition_that_was_read_stays_as_it_was(folder: Path) -> None:
    before = Path("orders.asl.json").read_text(encoding="utf-8")

    assert main(["export", "orders.asl.json", "-f", "sam", "-o", "template.yaml"]) == 0
    assert Path("orders.asl.json").read_text(encoding="utf-8") == before


@pytest.mark.parametrize("ending", [".pdf", ".svg", ".yaml.bak"])
def test_an_ending_that_tells_no_format_is_refused(
    folder: Path, ending: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["export", "orders.asl.json", "-o", f"orders{ending}"]) == 2
    assert capsys.readouterr().err == (
        f"sfnb: 'orders{ending}' does not say which format to write: give --format, or end it with "
        ".json, .asl, .yaml, .yml or .tf\n"
    )
    assert not Path(f"orders{ending}").exists()


def test_the_command_guesses_a_misspelt_format(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["export", "orders.asl.json", "-f", "cfn"])
    assert (
        "argument -f/--format: no such format: 'cfn'; did you mean cloudformation?" in capsys.readouterr().err
    )
