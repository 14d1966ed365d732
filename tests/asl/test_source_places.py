"""Where things stand in a definition, and what holds for every text: laws, broken texts, real files."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sfnb.asl.source import of_value, read_text
from sfnb.errors import PathStep, Span, render_diagnostics
from sfnb.values import Json

REPOSITORY = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("SFNB_SHARED") or REPOSITORY.parent / "shared")
REAL = sorted((SHARED / "real-world").glob("*.asl.*"))
CASES = json.loads((REPOSITORY / "tests/cases/source.json").read_text())


# Places


DEFINITION = """{
  "StartAt": "A",
  "States": {
    "A": {"Type": "Pass", "Choices": [{"Next": "é😀"}, 7]},
    "B": {}
  }
}"""


@pytest.mark.parametrize(
    ("path", "at_key", "line", "column", "words"),
    [
        ((), False, 1, 1, DEFINITION),
        (("StartAt",), False, 2, 14, '"A"'),
        (("StartAt",), True, 2, 3, '"StartAt"'),
        (("States", "A", "Choices", 0, "Next"), False, 4, 48, '"é😀"'),
        (("States", "A", "Choices", 1), False, 4, 55, "7"),
        (("States", "A", "Choices", 1), True, 4, 55, "7"),
        (("States", "A", "Choices", 2), False, 4, 38, '[{"Next": "é😀"}, 7]'),
        (("States", "A", "Choices", 2), True, 4, 27, '"Choices"'),
        (("States", "B", "Next"), False, 5, 10, "{}"),
        (("States", "B", "Next", 0, "x"), True, 5, 5, '"B"'),
        (("Nope",), True, 1, 1, DEFINITION),
        (("StartAt", "x"), False, 2, 14, '"A"'),
        (("States", 0), False, 3, 13, DEFINITION[DEFINITION.index("{", 5) : -2]),
    ],
)
def test_json_places(path: tuple[PathStep, ...], at_key: bool, line: int, column: int, words: str) -> None:
    source = read_text(DEFINITION)
    span = source.locate(path, at_key=at_key)

    assert span is not None
    assert (span.line, span.column) == (line, column)
    assert _slice(source.text, span) == words


YAML = """\
# é😀
StartAt: A  # first
States:
  A: &a
    Type: 'Pa''ss'
    Comment: |
      two

      lines

    Choices:
      - Next: é😀
      - !GetAtt T.Arn
      - {x: [1, 2]}
    Empty:
  B: *a
"""


@pytest.mark.parametrize(
    ("path", "at_key", "line", "column", "words"),
    [
        (("StartAt",), False, 2, 10, "A"),
        (("StartAt",), True, 2, 1, "StartAt"),
        (("States", "A", "Type"), False, 5, 11, "'Pa''ss'"),
        (("States", "A", "Comment"), False, 6, 14, "|\n      two\n\n      lines"),
        (("States", "A", "Choices"), True, 11, 5, "Choices"),
        (("States", "A", "Choices", 0), False, 12, 9, "Next: é😀"),
        (("States", "A", "Choices", 1), False, 13, 9, "!GetAtt T.Arn"),
        (("States", "A", "Choices", 1, "Fn::GetAtt"), False, 13, 9, "!GetAtt T.Arn"),
        (("States", "A", "Choices", 2), False, 14, 9, "{x: [1, 2]}"),
        (("States", "A", "Choices", 2, "x", 1), False, 14, 17, "2"),
        (("States", "A", "Empty"), True, 15, 5, "Empty"),
        (("States", "B"), False, 16, 6, "*a"),
        (("States", "B", "Type"), False, 5, 11, "'Pa''ss'"),
        (("States", "B", "Type"), True, 5, 5, "Type"),
        (("States", "C"), True, 3, 1, "States"),
    ],
)
def test_yaml_places(path: tuple[PathStep, ...], at_key: bool, line: int, column: int, words: str) -> None:
    source = read_text(YAML)
    span = source.locate(path, at_key=at_key)

    assert source.findings == ()
    assert span is not None
    assert (span.line, span.column) == (line, column)
    assert _slice(source.text, span) == words


def test_a_yaml_object_ends_with_what_it_holds_and_not_with_the_comments_below() -> None:
    source = read_text("a:\n  b: 1\n\n# below\nc: 2\n")
    assert source.locate(("a",)) == Span(2, 3, 2, 7)


def test_of_a_duplicate_key_the_last_is_located() -> None:
    for format in ("json", "yaml"):
        source = read_text('{"a": 1,\n "a": [2]}', format=format)
        assert source.locate(("a",)) == Span(2, 7, 2, 10)
        assert source.locate(("a",), at_key=True) == Span(2, 2, 2, 5)


def test_lines_end_with_lf_alone() -> None:
    for format in ("json", "yaml"):
        source = read_text('{"a": "x\u2028y", "b": 1,\r\n"c": 2}', format=format)
        assert source.locate(("b",)) == Span(1, 19, 1, 20)
        assert source.locate(("c",)) == Span(2, 6, 2, 7)


def test_what_cannot_be_read_has_no_places() -> None:
    assert read_text('{"a": 1').locate(("a",)) is None
    assert read_text("a: [").locate(()) is None
    assert read_text("").locate(()) is None


# Laws


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=20,
)
OBJECT = st.dictionaries(TEXT, JSON, max_size=4)
INDENT = st.sampled_from([None, 0, 1, 2, 4, "\t"])
SEPARATORS = st.sampled_from([(",", ":"), (", ", ": "), (" ,", " : "), (",\r\n", ":\n"), (",\t", ":\t")])
PATIENT = settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)


@given(OBJECT, INDENT, SEPARATORS, st.booleans())
@PATIENT
def test_every_json_place_holds_the_value_of_its_path(
    tree: dict[str, Json], indent: Any, separators: tuple[str, str], ascii_only: bool
) -> None:
    text = json.dumps(tree, indent=indent, separators=separators, ensure_ascii=ascii_only)
    source = read_text(text, format="json")

    assert source.findings == ()
    for path, value in _walk(tree):
        span = source.locate(path)
        assert span is not None
        assert json.dumps(json.loads(_slice(text, span))) == json.dumps(value)
        if path and isinstance(path[-1], str):
            key = source.locate(path, at_key=True)
            assert key is not None
            assert json.loads(_slice(text, key)) == path[-1]


@given(OBJECT, INDENT, SEPARATORS)
@PATIENT
def test_json_read_as_yaml_is_the_same_tree_at_the_same_places(
    tree: dict[str, Json], indent: Any, separators: tuple[str, str]
) -> None:
    text = json.dumps(tree, indent=indent, separators=separators, ensure_ascii=False)
    # YAML forbids some characters, and folds the line breaks that JSON does not know.
    text = "".join(
        "?" if c in "\x85\u2028\u2029\ufeff" or (not c.isprintable() and ord(c) > 31) else c for c in text
    )
    as_json, as_yaml = read_text(text, format="json"), read_text(text, format="yaml")

    assert json.dumps(as_yaml.tree) == json.dumps(as_json.tree)
    assert [f.message for f in as_yaml.findings] == [f.message for f in as_json.findings]
    for path, _ in _walk(as_json.tree):
        assert as_yaml.locate(path) == as_json.locate(path)
        assert as_yaml.locate(path, at_key=True) == as_json.locate(path, at_key=True)


@given(OBJECT)
@PATIENT
def test_a_python_value_is_its_own_tree(tree: dict[str, Json]) -> None:
    source = of_value(tree)
    assert source.findings == ()
    assert json.dumps(source.tree) == json.dumps(tree)
    assert json.loads(source.text) == tree


@given(st.text() | st.binary(), st.sampled_from([None, "json", "yaml"]))
@settings(PATIENT, max_examples=400)
@example('{"\\ud83d\\ude00": "\\\\ud83d\\ude00"}', None)
@example("\x00", None)
@example("{\ud800", None)
def test_nothing_raises(text: str | bytes, format: Any) -> None:
    _check_promises(text, format)


PIECES: st.SearchStrategy[str] = st.sampled_from(
    [
        *("{", "}", "[", "]", ":", ",", '"', "'", "\\", "\n", " ", "\t", "#", "-", "?", "|", ">", "&a", "*a"),
        *(
            "!",
            "!Ref ",
            "%",
            "@",
            "`",
            "<<",
            "---",
            "...",
            "\ufeff",
            "\u2028",
            "\x85",
            "\x00",
            "é",
            "😀",
            "\r",
        ),
        *(
            "//",
            "/*",
            "*/",
            "{%",
            "%}",
            "${",
            "{{",
            "1",
            "01",
            "1e999",
            "-",
            ".5",
            "true",
            "None",
            "NaN",
            ": ",
        ),
        *("\\u", "\\ud800", "\\udc00", "- ", "\n  ", "\n\n", "“", "=", ";", "~", "!!int ", "0x1F", "..."),
    ]
)
SEEDS = (DEFINITION, YAML, *(case["text"] for case in CASES if len(case["text"]) < 500))


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A document of the tests with some pieces put in, taken out or doubled."""
    text: str = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 5)))
        match draw(st.integers(0, 3)):
            case 0:
                text = text[:start] + draw(PIECES) + text[start:]
            case 1:
                text = text[:start] + text[end:]
            case 2:
                text = text[:start] + draw(PIECES) + text[end:]
            case _:
                text = text[:end] + text[start:]
    return text


@given(mutated(), st.sampled_from([None, "json", "yaml"]))
@settings(PATIENT, max_examples=800)
def test_nothing_raises_on_a_broken_document(text: str, format: Any) -> None:
    _check_promises(text, format)


@given(st.lists(PIECES, max_size=12).map("".join), st.sampled_from(["json", "yaml"]))
@settings(PATIENT, max_examples=800)
def test_nothing_raises_on_pieces_of_documents(text: str, format: Any) -> None:
    _check_promises(text, format)


def _check_promises(text: str | bytes, format: Any) -> None:
    """No exception; a tree or a reason; findings that can be shown; JSON as the json module reads it."""
    source = read_text(text, format=format)

    errors = [finding for finding in source.findings if finding.severity == "ERROR"]
    assert source.tree is not None or errors
    assert all(finding.span for finding in source.findings if finding.path), "a finding lacks its place"
    render_diagnostics(source, source.findings).encode()
    json.dumps(source.tree, allow_nan=False, ensure_ascii=False).encode()
    for path, _ in _walk(source.tree):
        assert source.tree is None or source.locate(path) is not None
    if source.format == "json" and not errors:
        assert json.dumps(source.tree) == json.dumps(json.loads(source.text))


def _walk(tree: Json) -> Iterator[tuple[tuple[PathStep, ...], Json]]:
    """Every path in a tree with its value."""
    waiting: list[tuple[tuple[PathStep, ...], Json]] = [((), tree)]
    while waiting:
        path, value = waiting.pop()
        yield path, value
        if isinstance(value, dict):
            waiting += [((*path, key), member) for key, member in value.items()]
        elif isinstance(value, list):
            waiting += [((*path, index), item) for index, item in enumerate(value)]


def _slice(text: str, span: Span) -> str:
    starts = [0]
    for row in text.split("\n"):
        starts.append(starts[-1] + len(row) + 1)
    start = starts[span.line - 1] + span.column - 1
    end = starts[span.end_line - 1] + span.end_column - 1
    return str(text[start:end])


# Real definitions


@pytest.mark.skipif(not REAL, reason=f"no {SHARED}/real-world here")
def test_real_definitions_are_many() -> None:
    assert len(REAL) == 63


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.name)
def test_a_real_definition_has_no_finding(path: Path) -> None:
    source = read_text(path.read_bytes())

    assert source.findings == ()
    assert source.tree is not None
    assert "States" in source.tree
    for place, _ in _walk(source.tree):
        assert source.locate(place) is not None
    assert of_value(source.tree).tree == source.tree
