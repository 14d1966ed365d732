"""A Map in DISTRIBUTED mode in the live view, while it runs and afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import OpenNotebook

pytestmark = pytest.mark.browser

SET_UP = """
%load_ext sfnb
import sfnb, threading
go_on = threading.Event()
@sfnb.task
def price(n):
    if n == 4: go_on.wait(60)
    if n == 2: raise ValueError("no price for two")
    return n
"""
PRICES = """
config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
price = {"Price": {"Type": "Task", "Resource": "price", "Assign": {"last.$": "$"}, "End": True}}
each = {"Type": "Map", "Label": "prices", "ToleratedFailureCount": 1, "End": True,
        "ItemProcessor": {"ProcessorConfig": config, "StartAt": "Price", "States": price}}
prices = sfnb.load({"StartAt": "Each", "States": {"Each": each}}, name="prices").start([0, 1, 2, 3, 4])
prices.view()
"""
CELLS = (SET_UP, PRICES, "go_on.set()", "prices.wait(30); prices.graph()")


def state(view: Any, name: str) -> Any:
    return view.locator(f".sfnb-node[data-state$='{json.dumps(name)}]']")


def test_a_map_run_grows_and_its_children_can_be_looked_into(open_notebook: OpenNotebook) -> None:
    notebook = open_notebook("prices", *CELLS).run(0, 1)
    view = notebook.output(1).locator(".sfnb-view")
    words = view.locator(".sfnb-progress text")
    view.get_by_text("4 of 5 items, 1 failed").wait_for()
    assert view.locator(".sfnb-progress .sfnb-running .sfnb-part").count() == 1

    notebook.run(2, 3)
    view.get_by_text("5 of 5 items, 1 failed").wait_for()
    view.locator(".sfnb-status", has_text="SUCCEEDED").wait_for()
    assert view.locator(".sfnb-progress .sfnb-running").count() == 0
    assert "sfnb-failed" in (state(view, "Price").get_attribute("class") or "")
    assert words.evaluate("text => text.textContent") == "5 of 5 items, 1 failed"

    state(view, "Price").locator(".sfnb-name").first.click()
    panel = view.locator(".sfnb-data")
    panel.get_by_text("no price for two").first.wait_for()
    assert panel.locator("select option").first.inner_text() == "[2]  failed"

    state(view, "Each").locator(".sfnb-name").first.click()
    panel.get_by_text("5 of 5 items, 1 failed; 5 child executions").wait_for()
    assert "first of all child 2: ValueError: no price for two" in panel.inner_text()
    assert notebook.faults == []
