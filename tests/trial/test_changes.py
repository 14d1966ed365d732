"""What a stage changed, line by line."""

from __future__ import annotations

import pytest

from sfnb.trial.changes import compare, folded, laid_out, related
from sfnb.values import Json

SIGNS = {"same": " ", "added": "+", "removed": "-", "changed": "~"}


def told(before: Json, after: Json) -> list[str]:
    return [f"{SIGNS[line.kind]} {'  ' * line.depth}{line.text}" for line in compare(before, after)]


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        (1, 1, ["  1"]),
        (1, True, ["~ true"]),
        ({}, {"a": 1}, ["  {", '+   "a": 1', "  }"]),
        ({"a": 1, "b": 2}, {"b": 2}, ["  {", '-   "a": 1,', '    "b": 2', "  }"]),
        ({"a": {"b": 1}}, {"a": {"b": 2}}, ["  {", '    "a": {', '~     "b": 2', "    }", "  }"]),
        ([1, {"a": 1}], [1, {"a": 2}], ["  [", "    1,", "    {", '~     "a": 2', "    }", "  ]"]),
        ([1], [1, 2], ["~ [1, 2]"]),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, ["  {", '    "b": 2,', '    "a": 1', "  }"]),
    ],
)
def test_each_member_is_compared(before: Json, after: Json, lines: list[str]) -> None:
    assert told(before, after) == lines


def test_a_changed_line_knows_what_was() -> None:
    assert [line.was for line in compare({"a": [1, 2]}, {"a": "x"})] == ["", "[1, 2]", ""]


def test_what_is_long_is_laid_out_over_lines() -> None:
    lines = laid_out({"numbers": list(range(30)), "SdkHttpMetadata": {"HttpStatusCode": 200}})

    assert [line.text for line in lines] == [
        "{",
        '"numbers": [',
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,",
        "17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29",
        "],",
        '"SdkHttpMetadata": {⋯}',
        "}",
    ]


def test_stretches_without_a_change_are_folded_and_the_way_to_a_change_is_not() -> None:
    before: Json = {**{f"k{n}": "x" * 20 for n in range(9)}, "deep": {"inner": {"a": 1}}}
    after: Json = {**{f"k{n}": "x" * 20 for n in range(9)}, "deep": {"inner": {"a": 2}}}

    texts = [line.text for line in folded(compare(before, after))]

    assert texts == ["{", "⋯ 9 lines as before", '"deep": {', '"inner": {', '"a": 2', "}", "}", "}"]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({"a": 1}, {"b": 1}, False),
        ({"a": 1}, {"a": 2}, True),
        ([1], [2, 3], False),
        (1, 1, True),
        (1, 2, False),
    ],
)
def test_what_has_nothing_in_common_is_not_compared(before: Json, after: Json, expected: bool) -> None:
    assert related(before, after) is expected
