"""How findings are shown."""

from __future__ import annotations

import pytest

from sfnb.asl.source import read_text
from sfnb.errors import DefinitionError, Diagnostic, Span, render_diagnostic


def _excerpt(text: str, span: Span) -> list[str]:
    """The line and the carets that a finding at `span` is shown with."""
    finding = Diagnostic(message="M", span=span)
    return render_diagnostic(read_text(text), finding).split("\n")[1:]


def test_a_finding_shows_its_line_a_caret_and_its_hint() -> None:
    source = read_text('{\n  "A": {"Next": "Shiip"}\n}')
    finding = Diagnostic(message="Missing", path=("A", "Next"), hint="did you mean Ship?", severity="WARNING")

    assert render_diagnostic(source, finding).split("\n") == [
        "warning: line 2, column 17: Missing",
        '  2 |   "A": {"Next": "Shiip"}',
        "    |                 ^^^^^^^",
        "hint: did you mean Ship?",
    ]


def test_a_finding_without_place_shows_none() -> None:
    assert render_diagnostic(read_text("{}"), Diagnostic(message="M", path=None)) == "error: M"


def test_a_place_of_many_lines_is_marked_on_its_first() -> None:
    assert _excerpt("ab {\r\n}\r\n", Span(1, 4, 2, 2)) == ["  1 | ab {", "    |    ^"]


def test_a_place_below_the_text_has_no_excerpt() -> None:
    assert _excerpt("a", Span(2, 1, 2, 2)) == []


def test_a_gap_at_the_end_of_a_line_gets_one_caret() -> None:
    assert _excerpt("ab\ncd", Span(1, 3, 1, 4)) == ["  1 | ab", "    |   ^"]


@pytest.mark.parametrize(
    ("row", "column", "length", "shown", "carets"),
    [
        ("\ta: b", 5, 1, " a: b", "    ^"),
        ("日本: x", 5, 1, "日本: x", "      ^"),
        ("日本: x", 1, 2, "日本: x", "^^^^"),
        ("😀: x", 4, 1, "😀: x", "    ^"),
        ("e\u0301: x", 5, 1, "e\u0301: x", "   ^"),
        ("❤\ufe0f: x", 5, 1, "❤\ufe0f: x", "   ^"),
        ("👩\u200d💻: x", 6, 1, "👩\u200d💻: x", "      ^"),
        ("\x1b[31m: x", 8, 1, "\ufffd[31m: x", "       ^"),
        ("a\u2028b\x85c\u00a0d", 7, 1, "a b c d", "      ^"),
    ],
)
def test_carets_stand_under_their_place(row: str, column: int, length: int, shown: str, carets: str) -> None:
    text = f"# first\n{row}\n# last"
    assert _excerpt(text, Span(2, column, 2, column + length)) == [f"  2 | {shown}", f"    | {carets}"]


def test_a_long_line_is_cut_around_the_place() -> None:
    line, carets = _excerpt("x" * 500 + "HERE" + "y" * 500, Span(1, 501, 1, 505))

    assert line == "  1 | …" + "x" * 60 + "HERE" + "y" * 36 + "…"
    assert carets == "    | " + " " * 61 + "^^^^"


def test_a_place_longer_than_what_is_shown_is_marked_to_its_edge() -> None:
    line, carets = _excerpt("ab" + "x" * 500, Span(1, 3, 1, 503))

    assert line == "  1 | ab" + "x" * 98 + "…"
    assert carets == "    |   " + "^" * 98


def test_a_definition_error_shows_every_finding() -> None:
    source = read_text('{"a": 1,\n "a": 2}')
    error = DefinitionError(source, [*source.findings, Diagnostic(message="Other", path=None)])

    assert error._render_traceback_() == [
        'error: line 2, column 2: Duplicate key "a"',
        '  2 |  "a": 2}',
        "    |  ^^^",
        "hint: it is given at line 1 already; only the last one would count",
        "",
        "error: Other",
    ]
