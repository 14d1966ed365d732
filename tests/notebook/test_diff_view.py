"""How two executions look side by side in a cell."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.notebook.diff_view import bundle
from sfnb.service import StepFunctions
from sfnb.testing import frozen_clock

EVIL = "<script>alert(1)</script>&\x1b[31m"


def run(service: StepFunctions, **state: Any) -> Execution:
    end = {} if state["Type"] == "Fail" else {"End": True}
    tree = {"StartAt": "<b>S", "States": {"<b>S": state | end}}
    return load_machine(service, tree, name="shop").run(clock=frozen_clock())


def test_the_card_shows_both_ends_and_what_differs(service: StepFunctions) -> None:
    left, right = run(service, Type="Wait", Seconds=90), run(service, Type="Fail", Error="Boom")
    shown = bundle(left.diff(right))

    assert set(shown) == {"text/html", "image/svg+xml", "text/plain"}
    words = re.sub(r"<[^>]*>", " ", shown["text/html"].split('<div class="sfnb-scroll"')[0])
    assert words.split()[:9] == ["≠", "DIFFERENT", "shop", "left", "✔", "SUCCEEDED", "1", "min", "30"]
    assert "succeeded → failed (Boom)" in words
    assert shown["text/plain"] == left.diff(right).summary()


def test_everything_that_came_from_outside_is_escaped(service: StepFunctions) -> None:
    left, right = run(service, Type="Pass", Result=EVIL), run(service, Type="Fail", Error=EVIL, Cause=EVIL)
    card = bundle(left.diff(right))["text/html"].split('<div class="sfnb-scroll"')[0]

    assert "<script" not in card
    assert "<b>S" not in card
    assert "\x1b" not in card + left.diff(right).summary()
    ElementTree.fromstring(card)


def test_equal_pairs_of_runs_look_equal(service: StepFunctions) -> None:
    first, second = (
        bundle(run(service, Type="Pass", Result=1).diff(run(service, Type="Pass", Result=2)))
        for _ in range(2)
    )

    assert first == second
    assert "SAME" not in first["text/html"]
