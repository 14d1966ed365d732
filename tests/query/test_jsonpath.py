"""Paths: what compiles, what it finds, and what is said of what it does not find."""

from __future__ import annotations

import json
import os
from pathlib import Path as File
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonpath_ng import parse

from sfnb.query.jsonpath.path import PathNotFound, PathSyntaxError, compile_path
from sfnb.values import Json

REPO = File(__file__).parents[2]
OWN = json.loads((REPO / "tests/cases/jsonpath.json").read_text())
SHARED = File(os.environ.get("SFNB_SHARED", REPO.parent / "shared")) / "jsonpath"
NAMES = st.sampled_from(["a", "b", "c-d", "two words", "é"])
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text("xyz", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=12,
)
STEPS = st.lists(NAMES | st.integers(0, 3), max_size=4)


def shared(name: str) -> Any:
    if not (SHARED / name).exists():
        pytest.skip(
            f"{SHARED / name} is not there: the measurements of Jayway are not part of this repository"
        )
    return json.loads((SHARED / name).read_text())


def spell(steps: list[str | int]) -> str:
    return "$" + "".join(f"[{step}]" if isinstance(step, int) else f"['{step}']" for step in steps)


@pytest.mark.parametrize("case", OWN["cases"], ids=lambda case: case["path"])
def test_a_path_finds_what_its_case_says(case: dict[str, Any]) -> None:
    if "syntax" in case:
        with pytest.raises(PathSyntaxError) as refused:
            compile_path(case["path"])
        assert (refused.value.message, refused.value.offset) == (case["syntax"], case["offset"])
        return
    path = compile_path(case["path"])
    assert path.definite is case["definite"]
    if "missing" in case:
        with pytest.raises(PathNotFound) as missed:
            path.find(OWN["document"])
        assert str(missed.value) == case["missing"]
    else:
        assert json.dumps(path.find(OWN["document"])) == json.dumps(case["value"])


def test_paths_evaluate_as_in_jayway() -> None:
    cases = shared("cases.json")
    for case in cases["cases"]:
        assert outcome(case["path"], cases["document"]) == pytest.approx(expected(case)), case["path"]


def outcome(text: str, document: Json) -> dict[str, Any]:
    try:
        path = compile_path(text)
        return {"definite": path.definite, "value": json.dumps(path.find(document))}
    except PathSyntaxError:
        return {"error": "syntax"}
    except PathNotFound as missed:
        return {"error": "missing", "message": str(missed)[:60]}


def expected(case: dict[str, Any]) -> dict[str, Any]:
    if case.get("error") == "syntax":
        return {"error": "syntax"}
    if case.get("error") == "missing":
        return {"error": "missing", "message": case["message"].removeprefix("PathNotFoundException: ")[:60]}
    return {"definite": case["definite"], "value": json.dumps(case["value"])}


def test_every_path_of_the_public_definitions_compiles() -> None:
    for text in shared("corpus.json"):
        compile_path(text)


@pytest.mark.parametrize(
    ("text", "root", "steps"),
    [
        ("$", "$", ()),
        ("$.a['b'][0]", "$", ("a", "b", 0)),
        ("$$", "$$", ()),
        ("$$.Execution.Id", "$$", ("Execution", "Id")),
        ("$order", "order", ()),
        ("$order.items[0]", "order", ("items", 0)),
        ("$größe['x']", "größe", ("x",)),
    ],
)
def test_a_reference_path_tells_its_root_and_steps(
    text: str, root: str, steps: tuple[str | int, ...]
) -> None:
    path = compile_path(text)
    assert (path.root, path.steps, path.reference, path.definite) == (root, steps, True, True)


@pytest.mark.parametrize(
    "text", ["$.a[*]", "$..a", "$.a[0:1]", "$.a[0,1]", "$['a','b']", "$.a[-1]", "$.a.length()"]
)
def test_any_other_path_is_no_reference_path(text: str) -> None:
    path = compile_path(text)
    assert not path.reference
    assert path.steps == ()


def test_the_root_path_returns_the_very_document() -> None:
    document: Json = {"a": [1]}
    assert compile_path("$").find(document) is document


def test_what_a_path_finds_is_not_copied() -> None:
    document = {"a": {"b": [1]}}
    assert compile_path("$.a.b").find(document) is document["a"]["b"]


def test_a_text_compiles_once() -> None:
    assert compile_path("$.once") is compile_path("$.once")


@pytest.mark.parametrize(
    ("text", "past_end"),
    [("$.a[2]", True), ("$.a[2].b", True), ("$.b[0]", False), ("$.a[0].b", False), ("$.c", False)],
)
def test_a_miss_tells_an_index_past_the_end_from_a_missing_name(text: str, past_end: bool) -> None:
    with pytest.raises(PathNotFound) as missed:
        compile_path(text).find({"a": [{}, 1]})
    assert missed.value.index_past_end is past_end


@pytest.mark.parametrize("text", ["$.item.items[1:5]", "$[*]", "$.items[*].itemValue"])
def test_an_indefinite_path_finds_nothing_in_an_empty_object(text: str) -> None:
    assert compile_path(text).find({}) == []


def test_parentheses_without_end_are_refused_not_crashed_on() -> None:
    with pytest.raises(PathSyntaxError):
        compile_path("$[?(" + "(" * 100_000)


@settings(max_examples=50, deadline=None)
@given(DOCUMENTS, STEPS)
def test_a_plain_path_finds_what_jsonpath_ng_finds(document: Json, steps: list[str | int]) -> None:
    found = [match.value for match in parse(spell(steps)).find(document)]
    path = compile_path(spell(steps))
    if found and not indexes_a_scalar(document, steps):
        assert [path.find(document)] == found
    else:
        with pytest.raises(PathNotFound):
            path.find(document)


def indexes_a_scalar(document: Json, steps: list[str | int]) -> bool:
    """jsonpath-ng takes `[0]` of anything but an array for the thing itself, or for a character of it."""
    node: Any = document
    for step in steps:
        if isinstance(step, int) and not isinstance(node, list):
            return True
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            return False
    return False


@given(DOCUMENTS, STEPS)
def test_a_path_walks_as_subscripts_do(document: Json, steps: list[str | int]) -> None:
    node: Any = document
    try:
        for step in steps:
            assert not isinstance(node, str)
            node = node[step]
    except (KeyError, IndexError, TypeError, AssertionError):
        with pytest.raises(PathNotFound):
            compile_path(spell(steps)).find(document)
    else:
        assert compile_path(spell(steps)).find(document) is node
