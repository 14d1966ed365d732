"""A test of a state in a real JupyterLab, trusted and not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import CELL_SECONDS, Lab, OpenNotebook

pytestmark = pytest.mark.browser

DEFINE = """
%load_ext sfnb
import sfnb
charge = {"Type": "Task", "Resource": "charge", "InputPath": "$.order", "ResultPath": "$.paid", "End": True}
orders = sfnb.load({"StartAt": "Charge", "States": {"Charge": charge}}, name="orders")
"""
TEST = 'orders.test_state("Charge", {"order": {"id": "<b>7</b>"}}, mock={"by": "card"})'


def test_the_stages_can_be_read_also_where_the_page_does_not_trust_them(
    open_notebook: OpenNotebook, lab: Lab
) -> None:
    notebook = open_notebook("tested", DEFINE, TEST).run(0, 1)
    card = notebook.output(1).locator(".sfnb-card")
    card.wait_for(timeout=1000 * CELL_SECONDS)
    trusted = seen(card)
    notebook.command("docmanager:save")

    written = json.loads((lab.root / "tested.ipynb").read_text())
    written["metadata"].pop("signature", None)
    for cell in written["cells"]:
        cell["source"] = [*cell["source"], "\n# another notebook, which nobody has signed"]
    (lab.root / "unsigned.ipynb").write_text(json.dumps(written))
    notebook.page.goto(f"{lab.origin}/lab/tree/unsigned.ipynb?reset")
    card = notebook.output(1).locator(".sfnb-card")
    card.wait_for(timeout=1000 * CELL_SECONDS)

    assert seen(card) == trusted
    assert "<b>7</b>" in trusted["text"]
    assert trusted["added"] == "rgba(46, 160, 67, 0.16)"
    assert notebook.faults == []


def seen(card: Any) -> dict[str, str]:
    """The text, and the colour behind the line that was added."""
    added = card.locator('div[style*="46,160,67"]').first
    colour = added.evaluate("line => getComputedStyle(line).backgroundColor")
    return {"text": card.inner_text(), "added": colour}
