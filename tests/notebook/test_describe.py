"""What Shift-Tab shows."""

from __future__ import annotations

import pytest

from sfnb.asl.recovery import Catcher, Retrier
from sfnb.asl.states import STATES
from sfnb.notebook.describe import describe

HEAD = '%%asl orders\n{"States": {"A": '


def shown(cell: str) -> str | None:
    before, after = cell.split("|")
    return describe(before + after, len(before))


@pytest.mark.parametrize(
    ("cell", "beginning"),
    [
        (HEAD + '{"Type": "Wa|it"', "Wait\n\nPause, then pass the input on"),
        (HEAD + '{"Type": "Wait", "Sec|onds": 1', "Seconds\n\nwhole seconds after entry"),
        (
            HEAD + '{"Type": "Wait", "SecondsPa|th": 1',
            "SecondsPath\n\nwhole seconds after entry, 0 to 99_999_999; here as",
        ),
        (HEAD + '{"Type": "Wait", "Seconds": 1|', "Seconds\n\nwhole seconds"),
        (HEAD + '{"Type": "Task", "InputP|ath": "$"', "InputPath\n\nThe part of the input"),
        (
            HEAD + '{"Retry": [{"Interval|Seconds": 1',
            "IntervalSeconds\n\nof a Retrier: When an error matches",
        ),
        (
            HEAD + '{"Parameters": {"x.$": "States.Arr|ayLength($.a)"',
            "States.ArrayLength(array: list[Json]) -> int",
        ),
        ('%%asl orders\n{"Start|At": "A"', "StartAt\n\nThe state that comes first"),
        ("%%asl orders\nStates:\n  A:\n    Type: Pa|ss\n", "Pass\n\n"),
        (
            "%%asl orders\nStates:\n  A:\n    Type: Wait\n    Sec|onds: 3\n",
            "Seconds\n\nwhole seconds after entry",
        ),
        (
            "%%asl orders\nQueryLanguage: JSONata\nStates:\n  A:\n    Type: Map\n    Ite|ms: [1]\n",
            "Items\n\nthe list; the whole input by default",
        ),
        (
            "%%asl x\nStates:\n  A:\n    Type: Map\n    ItemReader:\n      ReaderConfig:\n"
            "        Max|Items: 3\n",
            "MaxItems\n\nHow many items are read at most",
        ),
        (HEAD + '{"Type": "Pass", "Ass|ign": {}', "Assign\n\nVariables that are set on the way out"),
    ],
)
def test_fields_types_and_functions_are_explained(cell: str, beginning: str) -> None:
    text = shown(cell)

    assert text is not None
    assert text.startswith(beginning)
    assert "Source:" not in text


@pytest.mark.parametrize(
    "cell",
    [
        "pri|nt()",
        "%%asl ord|ers\n{}",
        HEAD + '{"Parameters": {"Next|": 1}',
        HEAD + '{"Unknown|": 1',
        "%%asl x\n|",
    ],
)
def test_of_all_else_nothing_is_said(cell: str) -> None:
    assert shown(cell) is None


@pytest.mark.parametrize("record", [*STATES.values(), Retrier, Catcher])
def test_every_record_has_words(record: type) -> None:
    assert record.__doc__
