"""Mermaid source of a machine."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from sfnb.renderers.mermaid import render_mermaid

from .machines import NESTED, ORDER, chain, edge, replace


def test_states_and_ways() -> None:
    lines = [line.strip() for line in render_mermaid(ORDER).split("\n")]

    assert lines[:3] == [
        "flowchart TB",
        "start((Start))",
        'n0("Validate<br/>Task · validate<br/>↻ States.Timeout, 3 times")',
    ]
    assert {'n1{{"Paid?<br/>Choice"}}', 'n4[["Refused<br/>Fail"]]', "start --> n0", "n3 --> end_"} <= set(
        lines
    )
    assert {'n1 -->|"$.paid is true"| n3', 'n1 -->|"default"| n2', 'n0 -.->|"catch States.ALL"| n4'} <= set(
        lines
    )


def test_boxes_are_subgraphs_and_ways_lead_to_them() -> None:
    lines = [line.strip() for line in render_mermaid(NESTED).split("\n")]

    assert lines.count("end") == sum(line.startswith("subgraph") for line in lines) == 5
    assert 'subgraph n1["Each file · Map · at most 10 at once"]' in lines
    assert 'subgraph cluster_n1_0["each item"]' in lines
    assert 'cluster_n1_0_s((" ")) --> n2' in lines
    assert {"n0 --> n1", 'n1 -.->|"catch Throttled"| n1'} <= set(lines)
    assert not any("j" in line.split('"')[0] for line in lines)


def test_statuses_are_classes() -> None:
    source = render_mermaid(ORDER, {("Ship",): "succeeded", ("Paid?",): "succeeded"})

    assert "  class n1,n3 succeeded\n" in source
    assert "classDef succeeded fill:#" in source
    assert "failed" not in source


def test_a_title_stands_in_front() -> None:
    assert render_mermaid(ORDER, title='My "order": #1').startswith(
        '---\ntitle: "My \\"order\\": #1"\n---\nflowchart'
    )


@given(st.text(st.characters(codec=None), max_size=40))
def test_nothing_gets_out_of_its_quotes(text: str) -> None:
    machine = replace(chain("A", text), edges=(edge("A", text, "choice", text),), start="A")
    plain = r'[^"<>{}|\[\]`\\;#]'
    label = rf'"(?:{plain}|#\d+;|<br/>)*"'

    for line in render_mermaid(machine).split("\n")[2:-1]:
        assert re.fullmatch(rf"  (start|n\d|end_)(\({label}\)|\(\(End\)\)| -->(\|{label}\|)? \w+)", line)


def test_what_looks_like_a_list_is_quoted() -> None:
    """Mermaid 11 shows "Unsupported markdown: list" for such labels."""
    source = render_mermaid(chain("1. Load", "- Save", "12) Go"))

    assert '"1#46; Load<br/>Task"' in source
    assert '"#45; Save<br/>Task"' in source
    assert '"12#41; Go<br/>Task"' in source
