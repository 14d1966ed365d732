"""Intrinsic functions: the cases, the laws they keep, and what they must not cost."""

from __future__ import annotations

import inspect
import json
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.errors import EvaluationError, StatesError
from sfnb.query import java
from sfnb.query.intrinsics import INTRINSICS
from sfnb.query.intrinsics.arguments import KINDS, round_half_up
from sfnb.query.intrinsics.arrays import array_contains, array_partition, array_range, array_unique
from sfnb.query.intrinsics.call import IntrinsicSyntaxError, compile_call
from sfnb.query.intrinsics.encoding import base64_decode, base64_encode
from sfnb.query.intrinsics.numbers import math_random
from sfnb.query.intrinsics.objects import json_to_string, string_to_json
from sfnb.query.intrinsics.strings import format_, read_template, string_split
from sfnb.values import Json

CASES = json.loads((File(__file__).parents[1] / "cases/intrinsics.json").read_text())["cases"]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=10,
)
ARRAYS = st.lists(VALUES, max_size=8)


class FixedRoots:
    """Documents given beforehand, and chance that always says 0.5."""

    def __init__(self, input: Json, variables: dict[str, Json] | None = None, chance: float = 0.5) -> None:
        context: Json = {"Execution": {"Name": "run-1", "Input": input}}
        self.documents = {"$": input, "$$": context, **(variables or {})}
        self.chance = chance
        self.asked: list[str] = []

    def document(self, root: str) -> Json:
        self.asked.append(root)
        return self.documents[root]

    def random(self) -> FixedRoots:
        return self

    def float(self) -> float:
        return self.chance

    def uuid(self) -> str:
        return "00000000-0000-4000-8000-000000000000"


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["call"][:60])
def test_a_call_gives_what_its_case_says(case: dict[str, Any]) -> None:
    if "syntax" in case:
        with pytest.raises(IntrinsicSyntaxError) as refused:
            compile_call(case["call"])
        assert (refused.value.message, refused.value.offset) == (case["syntax"], case["offset"])
        return
    call = compile_call(case["call"])
    roots = FixedRoots(case["input"], case.get("variables"))
    if "error" in case:
        with pytest.raises(EvaluationError) as failed:
            call.evaluate(roots)
        assert failed.value.error == case["error"]
        assert failed.value.cause == f"The function '{case['call']}' had the following error: {case['cause']}"
    else:
        assert json.dumps(call.evaluate(roots)) == json.dumps(case["value"])


@pytest.mark.parametrize("name", INTRINSICS)
def test_every_function_has_a_case_and_annotations_the_caller_knows(name: str) -> None:
    assert any(case["call"].startswith(f"{name}(") and "value" in case for case in CASES)
    for parameter in inspect.signature(INTRINSICS[name]).parameters.values():
        assert parameter.annotation in KINDS or parameter.name == "chance"


def test_a_call_tells_its_name_and_its_paths_in_order() -> None:
    call = compile_call("States.Format('{} {}', States.ArrayGetItem($.a[*], $n), $$.Execution.Name)")
    assert call.name == "States.Format"
    assert [(path.root, path.text) for path in call.paths] == [
        ("$", "$.a[*]"),
        ("n", "$n"),
        ("$$", "$$.Execution.Name"),
    ]


def test_documents_are_fetched_only_for_the_paths_that_are_there() -> None:
    roots = FixedRoots({"a": [1]})
    compile_call("States.ArrayGetItem($.a, 0)").evaluate(roots)
    compile_call("States.Array(1, 'x')").evaluate(roots)
    assert roots.asked == ["$"]


def test_a_literal_of_the_wrong_kind_compiles_and_fails_when_it_is_run() -> None:
    call = compile_call("States.MathAdd('a', 1)")
    with pytest.raises(EvaluationError, match="argument 1 must be a number, but is a string"):
        call.evaluate(FixedRoots(None))


def test_a_failure_of_the_scope_itself_passes_unchanged() -> None:
    class NoVariable(FixedRoots):
        def document(self, root: str) -> Json:
            raise EvaluationError("States.Runtime", f"no variable {root}")

    with pytest.raises(EvaluationError) as failed:
        compile_call("States.ArrayLength($list)").evaluate(NoVariable(None))
    assert failed.value.cause == "no variable list"


def test_a_text_compiles_once() -> None:
    assert compile_call("States.UUID()") is compile_call("States.UUID()")


@given(ARRAYS, st.integers(1, 10))
def test_the_parts_of_a_partition_make_the_whole(array: list[Json], size: int) -> None:
    parts = array_partition(array, size)
    assert [item for part in parts for item in part] == array
    assert all(len(part) == size for part in parts[:-1])
    assert all(1 <= len(part) <= size for part in parts)


@given(ARRAYS)
def test_unique_keeps_every_value_once(array: list[Json]) -> None:
    unique = array_unique(array)
    assert array_unique(unique) == unique
    assert all(array_contains(unique, item) for item in array)
    assert all(not array_contains(unique[:n], item) for n, item in enumerate(unique))


@given(st.integers(-500, 500), st.integers(-500, 500), st.integers(-50, 50).filter(bool))
def test_a_range_goes_as_far_as_its_step_allows(first: int, last: int, step: int) -> None:
    try:
        numbers = array_range(first, last, step)
    except StatesError:
        assert abs(last - first) // abs(step) >= 1000
        return
    steps = [number - first for number in numbers]
    assert steps == [step * n for n in range(len(numbers))]
    reach = last - first
    assert bool(numbers) is (reach == 0 or (reach > 0) is (step > 0))
    assert not numbers or abs(reach - steps[-1]) < abs(step)


@given(st.text(max_size=50))
def test_base64_gives_back_what_it_was_given(text: str) -> None:
    encoded = base64_encode(text)
    assert base64_decode(encoded) == base64_decode(encoded.rstrip("=")) == text


@given(VALUES)
def test_json_text_gives_back_the_value(value: Json) -> None:
    assert string_to_json(json_to_string(value)) == value


@given(st.text("ab,;", max_size=12), st.text(",;", max_size=2))
def test_split_drops_delimiters_and_nothing_else(text: str, delimiters: str) -> None:
    pieces = string_split(text, delimiters)
    assert "".join(pieces) == "".join(char for char in text if char not in delimiters)
    assert all(piece and not set(piece) & set(delimiters) for piece in pieces)


@given(st.text(max_size=20))
def test_an_escaped_template_is_printed_as_it_is(text: str) -> None:
    escaped = "".join(f"\\{char}" if char in "\\'{}" else char for char in text)
    assert format_(read_template(escaped)) == text
    assert compile_call(f"States.Format('{escaped}')").evaluate(FixedRoots(None)) == text
    assert compile_call(f"States.Array('{escaped}')").evaluate(FixedRoots(None)) == [text]


@given(st.integers(-1000, 1000), st.integers(1, 1000), st.integers(), st.floats(0, 1, exclude_max=True))
def test_random_numbers_stay_in_their_range(start: int, width: int, seed: int, chance: float) -> None:
    roots = FixedRoots(None, chance=chance)
    assert start <= math_random(start, start + width, chance=roots) < start + width
    assert math_random(start, start + width, seed, chance=roots) == math_random(
        start, start + width, seed, chance=FixedRoots(None)
    )
    assert start <= math_random(start, start + width, seed, chance=roots) < start + width


@given(st.floats(-1e15, 1e15))
def test_decimals_round_to_the_nearest_number_and_halves_up(value: float) -> None:
    assert -0.5 <= value - round_half_up(value) < 0.5 or abs(value) > 2**52


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_java_prints_every_digit_a_float_has(value: float) -> None:
    text = java.double_text(value)
    assert float(text) == value
    mantissa, _, exponent = text.partition("E")
    assert len(mantissa.split(".")) == 2
    assert bool(exponent) is not (value == 0 or 1e-3 <= abs(value) < 1e7)
