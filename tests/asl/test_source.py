"""Text of a definition to values; cases in tests/cases/source.json, places in test_source_places.py."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from sfnb.asl.source import Source, read_text
from sfnb.errors import Diagnostic, PathStep, Span, find_span

REPOSITORY = Path(__file__).resolve().parents[2]
CASES = json.loads((REPOSITORY / "tests/cases/source.json").read_text())
LIMIT = 1_048_576


# Cases


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_case(case: dict[str, Any]) -> None:
    source = read_text(case["text"], format=case.get("read_as"))

    assert [_seen(source, finding) for finding in source.findings] == [
        _expected(finding, seen) for finding, seen in zip(case["findings"], source.findings, strict=False)
    ] + [f"missing: {missing}" for missing in case["findings"][len(source.findings) :]]
    if "tree" in case:
        assert source.tree == case["tree"]
        assert json.dumps(source.tree) == json.dumps(case["tree"])  # 1 is neither true nor 1.0
    assert source.format == case.get("format", source.format)


def _seen(source: Source, finding: Diagnostic) -> dict[str, Any]:
    span = find_span(source, finding)
    return {
        "place": (span.line, span.column) if span else (None, None),
        "message": finding.message,
        "hint": finding.hint,
        "severity": finding.severity,
        "path": finding.path,
        "code": finding.code,
    }


def _expected(wanted: dict[str, Any], finding: Diagnostic) -> dict[str, Any]:
    """`wanted` in the shape of `_seen`; words need only occur in the sentence."""
    path = tuple(wanted["path"]) if "path" in wanted else finding.path
    return {
        "place": (wanted["line"], wanted["column"]),
        "message": finding.message if wanted["message"] in finding.message else wanted["message"],
        "hint": finding.hint if wanted.get("hint", "") in (finding.hint or "") else wanted["hint"],
        "severity": wanted.get("severity", "ERROR"),
        "path": path,
        "code": wanted.get("code", finding.code),
    }


def test_names_of_cases_are_unique() -> None:
    names = [case["name"] for case in CASES]
    assert len(set(names)) == len(names)


# Unicode


def test_bytes_are_utf_8() -> None:
    assert read_text('{"a": "é"}'.encode()).tree == {"a": "é"}
    assert read_text('\ufeff{"a": "é"}'.encode()).tree == {"a": "é"}
    assert read_text("a: é".encode()).tree == {"a": "é"}


def test_a_byte_that_is_no_utf_8_is_named_with_its_place() -> None:
    source = read_text('{"ä": 1,\n "ü": "'.encode() + b'\xe9"}')

    (finding,) = source.findings
    assert (source.tree, source.format) == (None, "json")
    assert finding.message == "The byte 0xE9 is no UTF-8"
    assert finding.span == Span(2, 8, 2, 9)
    assert source.text == '{"ä": 1,\n "ü": "\ufffd"}'


def test_utf_16_is_recognised() -> None:
    (finding,) = read_text('{"a": 1}'.encode("utf-16")).findings
    assert finding.message == "The byte 0xFF is no UTF-8"
    assert finding.hint == "save it as UTF-8; it looks like UTF-16"


def test_half_a_character_in_a_str_is_named_and_taken_out_of_the_text() -> None:
    for format in ("json", "yaml"):
        source = read_text('{"a": "😀\ud83d\ude00"}', format=format)
        assert [finding.message for finding in source.findings] == [
            "U+D83D is half a character: half of a surrogate pair"
        ]
        assert source.findings[0].span == Span(1, 9, 1, 10)
        assert source.tree is None
        source.text.encode()


# Depth and size


@pytest.mark.parametrize("format", ["json", "yaml"])
@pytest.mark.parametrize("depth", [10, 499, 500, 501, 600, 990, 1_000, 5_000, 100_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a": ', "}"), ('[{"a": ', "}]")])
def test_depth_is_bounded(format: Any, depth: int, opening: str, closing: str) -> None:
    depth //= opening.count("{") + opening.count("[")
    inside = opening * (depth - 1) + "1" + closing * (depth - 1)
    if opening == '[{"a": ':
        inside = opening * (depth - 1) + "[1]" + closing * (depth - 1)
    text = '{"x": ' + inside + "}"
    limit = 500 if opening != '[{"a": ' else 250
    source = read_text(text, format=format)

    if depth <= limit:
        assert source.findings == ()
        assert source.tree == read_text(text).tree
    else:
        (finding,) = source.findings
        assert finding.message == "Nested deeper than 500 levels"
        assert finding.code == "TOO_DEEPLY_NESTED"
        assert (finding.path, source.tree) == (None, None)
        assert finding.span is not None


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{a: " * 100_000,
        '{"a":' * 100_000,
        "- " * 100_000,
        "? " * 100_000,
        "\n".join(" " * depth + "a:" for depth in range(1_300)),
        "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} [*a{n}]\n" for n in range(1_000)),
        "x: " + "[!Sub " * 300 + "]" * 300,
    ],
    ids=lambda text: text[:8],
)
@pytest.mark.parametrize("format", ["json", "yaml"])
def test_depth_without_end_is_refused_at_once(text: str, format: Any) -> None:
    began = time.thread_time()
    source = read_text(text, format=format)

    assert time.thread_time() - began < 2
    assert source.tree is None
    assert source.findings


def test_a_deep_place_is_found() -> None:
    path: tuple[PathStep, ...] = ("x", *((0, "a") * 249))
    text = '{"x": ' + '[{"a": ' * 249 + "7" + "}]" * 249 + "}"
    for format in ("json", "yaml"):
        source = read_text(text, format=format)
        column = len('{"x": ' + '[{"a": ' * 249) + 1
        assert source.locate(path) == Span(1, column, 1, column + 1)


def _sized(size: int) -> str:
    return '{"a": "' + "é" * ((size - 9) // 2) + "x" * ((size - 9) % 2) + '"}'


def test_a_definition_may_have_1_mib() -> None:
    text = _sized(LIMIT)
    assert len(text.encode()) == LIMIT
    assert read_text(text).findings == ()
    assert read_text(text.encode()).findings == ()


def test_a_larger_definition_is_refused_and_still_read() -> None:
    source = read_text(_sized(LIMIT + 1))

    (finding,) = source.findings
    assert finding.message == "Definition is 1,048,577 bytes; the limit is 1,048,576"
    assert (finding.path, finding.severity) == (None, "ERROR")
    assert source.tree is not None


@pytest.mark.parametrize("format", ["json", "yaml"])
def test_five_megabytes_are_refused_unread(format: Any) -> None:
    text = '{"a": [' + "1, " * 1_700_000
    began = time.thread_time()
    (finding,) = read_text(text, format=format).findings

    assert time.thread_time() - began < 0.5
    assert finding.message == f"Definition is {len(text):,} bytes; the limit is 1,048,576"


def test_of_yaml_the_json_is_measured() -> None:
    padding = "# comment\n" * 110_000
    assert read_text(padding + "a: 1\n").findings == ()

    vast = "a: [" + "~," * 300_000 + "]"
    assert [finding.message for finding in read_text(vast).findings] == [
        "Definition is 1,500,007 bytes; the limit is 1,048,576"
    ]


@pytest.mark.parametrize("leaf", ["x", "x" * 1_000, "{k: v}"])
def test_a_billion_laughs_are_refused_at_once(leaf: str) -> None:
    lines = [f"a: &a [{', '.join([leaf] * 9)}]"]
    for above, name in zip("abcdefghijk", "bcdefghijkl", strict=True):
        lines.append(f"{name}: &{name} [{', '.join(['*' + above] * 9)}]")
    began = time.thread_time()
    source = read_text("\n".join(lines))

    assert time.thread_time() - began < 1
    assert source.tree is None
    assert [finding.message for finding in source.findings] == [
        "Aliases make the definition larger than 1,048,576 bytes"
    ]


def test_aliases_share_the_value_they_name() -> None:
    tree = read_text("a: &a [1]\nb: *a\n").tree
    assert tree is not None
    assert tree["a"] is tree["b"]


def test_findings_are_bounded() -> None:
    members = ", ".join('"a": 1' for _ in range(1_000))
    for format in ("json", "yaml"):
        assert len(read_text("{" + members + "}", format=format).findings) == 100


# Time


def test_a_megabyte_of_json_costs_little_more_than_its_parsing() -> None:
    """Three times what the bare json module takes; about 20 ms on a quiet machine."""
    state = {
        "Type": "Task",
        "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f",
        "TimeoutSeconds": 60.5,
    }
    tree = {"StartAt": "S0", "States": {f"S{n}": {**state, "Next": f"S{n + 1}"} for n in range(7_500)}}
    text = json.dumps(tree)
    assert 950_000 < len(text) < LIMIT

    assert read_text(text).findings == ()
    assert _best(lambda: read_text(text)) < 6 * _best(lambda: json.loads(text))


def _best(action: Any) -> float:
    """CPU seconds of the fastest of ten runs."""
    times = []
    for _ in range(10):
        began = time.process_time()
        action()
        times.append(time.process_time() - began)
    return min(times)
