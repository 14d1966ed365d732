"""What is exported reads back as the same tree: by sfnb, and by readers of YAML 1.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from sfnb.asl.source import read_text
from sfnb.exporters import EXPORTERS

REAL_WORLD = Path(__file__).parents[3] / "shared" / "real-world"
FILES = sorted(REAL_WORLD.glob("*.asl.json")) + sorted(REAL_WORLD.glob("*.asl.yaml"))

# Text that some reader of YAML takes for something else, or that ends a line, a comment or a block.
TRAPS = (
    *(
        "",
        " ",
        "~",
        "null",
        "Null",
        "y",
        "N",
        "yes",
        "No",
        "on",
        "OFF",
        "true",
        "TRUE",
        "<<",
        "=",
        "-",
        "?",
        ":",
    ),
    *(
        "0",
        "-1",
        "010",
        "0o7",
        "0x1F",
        "-0x1f",
        "0b11",
        "1_000",
        "1.",
        ".5",
        "+1",
        "1e3",
        "-1E-3",
        "12e03",
        "1:30",
    ),
    *("190:20:30", "190:20:30.15", ".inf", "-.INF", ".nan", "2024-01-31", "2024-01-31T10:00:00Z"),
    *(
        "a: b",
        "a #b",
        "#a",
        "- a",
        "[a",
        "{a}",
        "*a",
        "&a",
        "!a",
        "!!str a",
        "%a",
        "@a",
        "`a`",
        "|",
        ">-",
        "'",
        '"',
    ),
    *(
        "a\n",
        "\na",
        "a\n\n",
        "\n",
        "a\nb",
        "  a\nb",
        "a \nb",
        "a\n  b\n",
        "a\tb",
        "\ta",
        "a\r\nb",
        "a\rb",
        "---",
    ),
    *(
        "...",
        "--- a",
        "a\n---\nb",
        "a\x85b",
        "a\u2028b\nc",
        "\ufeffa",
        "\x00",
        "\x7f",
        "\xa0",
        "é",
        "😀",
        "k" * 200,
    ),
    *(
        "${Table}",
        "{% $x %}",
        "States.Format('{}', $.a)",
        "$$.Execution.Id",
        "arn:aws:s3:::b/*",
        "\\n",
        "a\\",
    ),
)
texts = st.one_of(st.sampled_from(TRAPS), st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    texts,
)
values = st.recursive(
    scalars, lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4))
)
trees = st.dictionaries(texts, values, max_size=5)


def exact(tree: Any) -> str:
    """A tree with its types and the order of its keys: 1, 1.0 and true differ."""
    return json.dumps(tree)


@pytest.mark.parametrize("format", EXPORTERS)
@given(tree=trees)
@example(tree={trap: trap for trap in TRAPS})
@example(
    tree={"list": list(TRAPS), "deep": [[], {}, [[[]]], [{"a": [{}]}], -0.0, 1e16, 1e-7, 5e-324, 2**63 - 1]}
)
@example(tree={})
def test_an_export_reads_back_as_the_same_tree(format: Any, tree: dict[str, Any]) -> None:
    text = EXPORTERS[format](tree)
    source = read_text(text.encode(), format=format)

    assert text.endswith("\n")
    assert source.findings == ()
    assert exact(source.tree) == exact(tree)


@given(tree=trees)
@example(tree={trap: trap for trap in TRAPS})
@example(tree={"list": list(TRAPS)})
def test_yaml_means_the_same_to_a_reader_of_yaml_1_1(tree: dict[str, Any]) -> None:
    assert exact(yaml.safe_load(EXPORTERS["yaml"](tree))) == exact(tree)


def test_values_that_stand_in_two_places_are_written_twice() -> None:
    retry = [{"ErrorEquals": ["States.ALL"]}]

    assert "&" not in EXPORTERS["yaml"]({"A": {"Retry": retry}, "B": {"Retry": retry}})


def test_yaml_is_pleasant_to_read() -> None:
    tree = {
        "Comment": "Prices an order, and says so. " * 4 + "All on one line.",
        "StartAt": "Price",
        "States": {
            "Price": {
                "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke",
                "Parameters": {"FunctionName": "${Price}", "Payload.$": "$", "Note": "two\nlines\n"},
                "Retry": [{"ErrorEquals": ["States.Timeout", "Busy"], "MaxAttempts": 2, "BackoffRate": 1.5}],
                "TimeoutSeconds": 10,
                "End": True,
            }
        },
    }

    assert (
        EXPORTERS["yaml"](tree)
        == f"""\
Comment: {tree["Comment"]}
StartAt: Price
States:
  Price:
    Type: Task
    Resource: arn:aws:states:::lambda:invoke
    Parameters:
      FunctionName: ${{Price}}
      Payload.$: $
      Note: |
        two
        lines
    Retry:
      - ErrorEquals: [States.Timeout, Busy]
        MaxAttempts: 2
        BackoffRate: 1.5
    TimeoutSeconds: 10
    End: true
"""
    )


@pytest.mark.skipif(not FILES, reason=f"{REAL_WORLD} is not there")
@pytest.mark.parametrize("format", EXPORTERS)
def test_published_definitions_read_back_as_the_same_tree(format: Any) -> None:
    for file in FILES:
        tree = read_text(file.read_bytes()).tree
        text = EXPORTERS[format](tree)

        assert exact(read_text(text, format=format).tree) == exact(tree), file.name
        assert exact(yaml.safe_load(text)) == exact(tree), file.name
