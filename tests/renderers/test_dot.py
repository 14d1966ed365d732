"""DOT source of a machine."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.renderers.dot import render_dot
from sfnb.renderers.layout import find_program

from .machines import MACHINES, NESTED, ORDER, chain


def draw(source: str) -> str:
    """What the layout program makes of it, as SVG of its own."""
    program = find_program()
    assert program is not None
    return subprocess.run([program, "-Tsvg"], input=source, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("machine", MACHINES)
def test_graphviz_draws_it(machine: str) -> None:
    assert "</svg>" in draw(render_dot(MACHINES[machine], title="T"))


def test_labels_say_what_the_cards_say() -> None:
    source = render_dot(ORDER, {("Ship",): "failed"}, title="Orders")

    assert r'label="Validate\nTask · validate\n↻ States.Timeout, 3 times"' in source
    assert "catch States.ALL" in source
    assert "label=Orders" in source
    assert "#cf222e" in next(line for line in source.split("\n") if line.startswith("\tn3 "))


def test_boxes_are_clusters() -> None:
    source = render_dot(NESTED)

    assert source.count("subgraph cluster_") == 5
    assert "lhead=cluster_n1" in source
    assert "ltail=cluster_n1" in source


@given(st.text(st.characters(codec=None), max_size=60))
@settings(max_examples=30, deadline=None)
def test_no_name_breaks_it(name: str) -> None:
    assert "</svg>" in draw(render_dot(chain("A", name + "B"), title=name))
