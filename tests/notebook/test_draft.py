"""Where the cursor stands in a definition that is being written."""

from __future__ import annotations

import pytest

from sfnb.errors import PathStep
from sfnb.notebook.draft import find_spot

Path = tuple[PathStep, ...]


def spot_in(text: str) -> tuple[Path, str | None, str]:
    """The spot at the bar."""
    before, after = text.split("|")
    spot = find_spot(before + after, len(before))
    assert spot is not None
    return spot.path, spot.key, spot.fragment


@pytest.mark.parametrize(
    ("text", "path", "key", "fragment"),
    [
        ("{|", (), None, ""),
        ('{"St|', (), None, "St"),
        ('{"St|"}', (), None, "St"),
        ('{"StartAt": "A|', (), "StartAt", "A"),
        ('{"StartAt": |}', (), "StartAt", ""),
        ('{"States": {"A": {"Type": "Wait", |}}}', ("States", "A"), None, ""),
        ('{"States": {"A": {"Type": "Wait", "Sec|": 3}}}', ("States", "A"), None, "Sec"),
        ('{"States": {"A": {"Type": "Wait"\n"Sec|', ("States", "A"), None, "Sec"),  # no comma yet
        ('{"a": [{"b": 1}, {"c": "|"}]}', ("a", 1), "c", ""),
        (
            '{"Catch": [{"ErrorEquals": ["States.A|"], "Next": "B"}]}',
            ("Catch", 0, "ErrorEquals"),
            "ErrorEquals",
            "States.A",
        ),
        ('{"a": {}, "b|": 1}', (), None, "b"),
        ('{"a": "x\\"y|"}', (), "a", 'x\\"y'),
        ('{"a": tr|', (), "a", "tr"),
    ],
)
def test_json(text: str, path: Path, key: str | None, fragment: str) -> None:
    assert spot_in(text) == (path, key, fragment)


YAML = """\
StartAt: A
States:
  A:
    Type: Task
    Catch:
    - ErrorEquals: [States.Timeout]
      Next: B
    - ErrorEquals:
      - States.ALL
      Next: B
  B:
    Type: Parallel
    Branches:
      - StartAt: X
        States:
          X: {Type: Succeed}
      - StartAt: Y
        States:
          Y:
            Type: Pass
"""


@pytest.mark.parametrize(
    ("line", "path", "key", "fragment"),
    [
        ("StartAt: A|", (), "StartAt", "A"),
        ("    Ty|pe: Task", ("States", "A"), None, "Ty"),
        ("    Type: Ta|sk", ("States", "A"), "Type", "Ta"),
        ("    - ErrorEquals: [States.T|imeout]", ("States", "A", "Catch", 0), "ErrorEquals", "States.T"),
        ("    - Err|orEquals:", ("States", "A", "Catch", 1), None, "Err"),
        ("      - States.A|LL", ("States", "A", "Catch", 1, "ErrorEquals", 0), "ErrorEquals", "States.A"),
        ("      - StartAt: Y|", ("States", "B", "Branches", 1), "StartAt", "Y"),
        ("            Type: P|ass", ("States", "B", "Branches", 1, "States", "Y"), "Type", "P"),
    ],
)
def test_yaml(line: str, path: Path, key: str | None, fragment: str) -> None:
    plain = line.replace("|", "")
    assert YAML.count(plain + "\n") == 1

    assert spot_in(YAML.replace(plain + "\n", line + "\n")) == (path, key, fragment)


def test_yaml_a_new_line_belongs_where_its_indentation_says() -> None:
    assert spot_in(YAML + "            |")[0] == ("States", "B", "Branches", 1, "States", "Y")
    assert spot_in(YAML + "    |")[0] == ("States", "B")
    assert spot_in(YAML + "|")[0] == ()


def test_what_comes_after_the_cursor_is_known() -> None:
    spot = find_spot('{"StartAt": "", "States": {"A": {}, "B": {"Type": "Pass"', 13)

    assert spot is not None
    assert spot.at(("States",)) == {"A": {}, "B": {"Type": "Pass"}}
    assert spot.at(("States", "B", "Type")) == "Pass"
    assert spot.at(("States", 0)) is None


@pytest.mark.parametrize("text", ["", "}", "]]]", '"', ": : :", "{[}]", "-", "- - -\n  -", "\t", "a: b: c"])
def test_no_text_is_too_strange(text: str) -> None:
    for offset in range(len(text) + 1):
        find_spot(text, offset)
