"""What Tab offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

Offers = Callable[[str], list[str]]
HEAD = '%%asl orders\n{"StartAt": "A", "States": {\n'


@pytest.fixture
def offers(shell: Any) -> Offers:
    """What is offered at the bar, through IPython's own completer."""
    shell.run_cell("class PaymentDeclined(Exception): pass\n@sfnb.task\ndef price(order): ...\norder = {}")
    shell.run_cell(
        'kept = sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="my-orders")'
    )

    def offers(cell: str) -> list[str]:
        before, after = cell.split("|")
        with provisionalcompleter():
            found = list(shell.Completer.completions(before + after, len(before)))
        for one in found:
            assert before[: one.start] + one.text  # every offer replaces what ends at the cursor
            assert one.end == len(before)
        return [one.text for one in found]

    return offers


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        (
            HEAD + '"A": {"Type": "|',
            ['Task"', 'Wait"', 'Pass"', 'Succeed"', 'Fail"', 'Choice"', 'Parallel"', 'Map"'],
        ),
        (HEAD + '"A": {"Type": "Pa|"}', ["Pass", "Parallel"]),
        (HEAD + '"A": {"|', ['Type": ', 'Next": ', 'End": ', 'Comment": ']),
        (
            HEAD + '"A": {"Type": "Succeed", |',
            ['"InputPath": ', '"OutputPath": ', '"QueryLanguage": ', '"Comment": '],
        ),
        (HEAD + '"A": {"Next": "|"}, "B": {}, "C": {}', ["B", "C", "A"]),
        (HEAD + '"A": {"Type": "Task", "Next": "B"}, "|', ['B": ']),
        (
            HEAD + '"A": {"Type": "Task", "Resource": "|',
            ['price"', 'arn:aws:states:::lambda:invoke"', '${price}"'],
        ),
        (HEAD + '"A": {"Parameters": {"FunctionName": "|"', ["price"]),
        (HEAD + '"A": {"Catch": [{"ErrorEquals": ["Pay|"', ["PaymentDeclined"]),
        (HEAD + '"A": {"Catch": [{"|"', ["ErrorEquals", "Next", "Comment", "ResultPath", "Assign"]),
        (HEAD + '"A": {"Catch": [{"Next": "|"}]}, "B": {}', ["B", "A"]),
        (HEAD + '"A": {"Retry": [{"Jit|"', ["JitterStrategy"]),
        (HEAD + '"A": {"Retry": [{"JitterStrategy": "|"', ["FULL", "NONE"]),
        (HEAD + '"A": {"Parameters": {"x.$": "States.Ma|"', ["States.MathRandom(", "States.MathAdd("]),
        (
            HEAD + '"A": {"Parameters": {"x.$": "$$.State.|"',
            ["$$.State.Name", "$$.State.EnteredTime", "$$.State.RetryCount"],
        ),
        (HEAD + '"A": {"Choices": [{"Variable": "$.n", "IsN|"', ["IsNull", "IsNumeric"]),
        (HEAD + '"A": {"End": |', ["true", "false"]),
        ('%%asl o\n{"StartAt": "|", "States": {"X": {}, "Y": {}}}', ["X", "Y"]),
        (
            '%%asl o\n{"|',
            ['StartAt": ', 'States": ', 'Comment": ', 'TimeoutSeconds": ', 'Version": ', 'QueryLanguage": '],
        ),
        ("%%asl o\nStartAt: |\nStates:\n  First: {Type: Pass}", ["First"]),
        ("%%asl o\nStates:\n  A:\n    Type: W|", ["Wait"]),
        ("%%asl o\nStates:\n  A:\n    Type: Wait\n    Sec|", ["Seconds: ", "SecondsPath: "]),
        ("%%asl o --ex|", ["--expect"]),
        ("%%asl o --run --expect |", ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"]),
        ("%%asl o --run --input |", ["order"]),
        ("# a comment\n%%asl o --format |", ["json", "yaml"]),
        ("%%asl |", ["kept"]),
        ("%asl va|", ["validate"]),
        ("%asl run |", ["my-orders", "kept"]),
        ("ex = %asl run my-orders --un|", ["--unlimited"]),
    ],
)
def test_offers(offers: Offers, cell: str, wanted: list[str]) -> None:
    assert offers(cell) == wanted


def test_fields_that_are_there_are_not_offered_again(offers: Offers) -> None:
    found = offers(HEAD + '"A": {"Type": "Wait", "SecondsPath": "$.s", "End": true, "|"}')

    assert found == [
        "Timestamp",
        "TimestampPath",
        "InputPath",
        "OutputPath",
        "Assign",
        "QueryLanguage",
        "Comment",
    ]


def test_inside_a_cell_neither_files_nor_names_of_python_are_offered(offers: Offers) -> None:
    assert offers('%%asl o\n{"Comment": "prin|"') == ["prin"]
    assert offers('%%asl o\n{"StartAt": "|"') == [""]


def test_outside_of_such_cells_all_is_as_before(offers: Offers) -> None:
    assert "print" in offers("prin|")
    assert "%%asl" in offers("%%as|")


def test_mocks_types_and_folders_are_offered(offers: Offers, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mocks.json").write_text("{}")
    (tmp_path / "data").mkdir()

    assert offers("%%asl x --run --mock |")[:2] == ["auto", "order"]
    assert offers("%%asl x --run --mock mo|") == ["mocks.json"]
    assert offers("%%asl x --type |") == ["STANDARD", "EXPRESS"]
    assert offers("%asl run kept --compat |") == ["aws", "spec"]
    assert offers("%asl buckets da|") == ["data/"]
    assert {"maps", "tokens", "buckets"} <= set(offers("%asl |"))


QUERIES = """%%asl x
QueryLanguage: JSONata
States:
  A:
    Type: Map
    Assign:
      total: 1
    ItemReader:
      Resource: x
      ReaderConfig:
        InputType: CSV
  B:
    Type: Choice
    Output: x
    Choices:
      - Next: C
"""


@pytest.mark.parametrize(
    ("written", "cursor", "wanted"),
    [
        ("    Type: Map\n", "    Type: Map\n    It|\n", ["Items: ", "ItemSelector: ", "ItemBatcher: "]),
        (
            "Resource: x",
            "Resource: |",
            ["arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"],
        ),
        ("InputType: CSV", "InputType: CS|", ["CSV"]),
        ("        InputType: CSV\n", "        CSVH|\n", ["CSVHeaderLocation: ", "CSVHeaders: "]),
        ("      - Next: C\n", "      - |\n", ["Condition: ", "Next: ", "Output: ", "Assign: ", "Comment: "]),
        ("Output: x", 'Output: "{% $t|"', ["{% $total %}"]),
        ("Output: x", 'Output: "{% $states.i|"', ["{% $states.input %}"]),
        ("QueryLanguage: JSONata", "QueryLanguage: JSONa|", ["JSONata"]),
    ],
)
def test_jsonata_and_distributed_maps(offers: Offers, written: str, cursor: str, wanted: list[str]) -> None:
    found = offers(QUERIES.replace(written, cursor, 1))

    assert [name for name in found if name in wanted] == wanted
    assert not {"ItemsPath: ", "Variable: ", "Iterator: "} & set(found)


def test_executions_and_their_states_are_offered(offers: Offers, shell: Any) -> None:
    shell.run_cell("first = kept.run(name='one'); kept.run(name='two')")
    machine = {"StartAt": "Ask first", "States": {"Ask first": {"Type": "Succeed"}}}
    shell.user_ns["definition"] = machine
    shell.run_cell("asked = sfnb.load(definition, name='asking').run(name='three')")

    assert offers("%asl redrive |") == ["first", "asked", "three", "two", "one"]
    assert offers("%asl fork t|") == ["three", "two"]
    assert offers("%asl help redr|") == ["redrive"]
    assert offers("%asl fork first |") == ["A"]
    assert offers("%asl fork three A|") == ['"Ask first"']
    assert offers("%asl at asked |") == ['"Ask first"']
    assert offers("%asl fork first A -i or|") == ["order"]
    assert offers("%asl diff first tw|") == ["two"]
    assert offers("%asl redrive first --definition k|") == ["kept"]
    assert offers("%asl test kept |") == ["A"]
    assert offers("%asl store |") == ["delete", "list"]
    assert offers("%asl store delete --status f|") == ["FAILED"]
    assert offers("%asl resume --on-lost |") == ["repeat", "fail"]
    assert offers("%asl st|") == ["stop", "status", "store"]
