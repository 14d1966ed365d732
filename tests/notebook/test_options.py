"""The words of a line, and what they mean."""

from __future__ import annotations

import pytest

from sfnb.notebook.options import CELL_PARSER, Usage, cut, parse_cell_line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", []),
        ("  orders   --run ", ["orders", "--run"]),
        ('--input {"n": [1, {"a": "}"}]} --run', ["--input", '{"n": [1, {"a": "}"}]}', "--run"]),
        ("--input '{\"n\": 1}'", ["--input", '{"n": 1}']),
        ('--input="a b"', ["--input=a b"]),
        ("--input=[1, 2] -o x", ["--input=[1, 2]", "-o", "x"]),
        ("-s Query='select 1'", ["-s", "Query=select 1"]),
        (r"--input @data\orders.json", ["--input", r"@data\orders.json"]),
        ("--input '\"text\"'", ["--input", '"text"']),
    ],
)
def test_a_line_is_cut_into_words(line: str, words: list[str]) -> None:
    assert cut(line) == words


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("--input {", "this is no JSON: Expecting property name"),
        ("--input 'x", "a quote is not closed\n  --input 'x\n          ^"),
        ("--exepct FAILED", "%%asl: it does not take '--exepct': did you mean \"--expect\"?"),
        ("orders more", "%%asl: it does not take 'more'"),
        ("--expect FALED", 'none of SUCCEEDED, FAILED, TIMED_OUT, ABORTED; did you mean "FAILED"?'),
        ("--run -o 1st", "'1st' is no name that a Python variable can have"),
        ("-s Table", "'Table' is not of the form Name=value"),
        ("a:b", "'a:b' is no name for a state machine: it holds ':'"),
        (f"--name {'x' * 81}", "it has to have 1 to 80 characters"),
        ("--expect FAILED", "--expect is for a run"),
        ("-o x", "--output is for a run"),
        ("--skip-waits", "--skip-waits is for a run"),
        ("--input", "expected one argument"),
        ("--format xml", "invalid choice: 'xml'"),
    ],
)
def test_what_cannot_be_understood_is_said_and_nothing_printed(
    line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(Usage) as raised:
        parse_cell_line(line)

    assert message in str(raised.value)
    assert capsys.readouterr() == ("", "")


def test_options_are_not_abbreviated() -> None:
    with pytest.raises(Usage):
        parse_cell_line("orders --inp x --run")


def test_a_line_in_full() -> None:
    options = parse_cell_line(
        "orders --name prod -s A=1 -s B=x=y --run -i order -o first --expect timed-out "
        "--no-skip-waits --no-draw --type express --compat spec --mock m.json#Happy"
    )

    assert vars(options) == {
        "variable": "orders",
        "name": "prod",
        "substitute": [("A", "1"), ("B", "x=y")],
        "format": None,
        "draw": False,
        "help": False,
        "run": True,
        "input": "order",
        "output": "first",
        "expect": "TIMED_OUT",
        "skip_waits": False,
        "unlimited": False,
        "start": False,
        "type": "EXPRESS",
        "compat": "spec",
        "mock": "m.json#Happy",
    }


def test_help_has_examples_for_a_reader() -> None:
    text = CELL_PARSER.format_help()

    assert "%%asl orders --run --input order" in text
    assert "$.path and {braces} are safe" in text
    assert max(len(line) for line in text.splitlines()) <= 105
