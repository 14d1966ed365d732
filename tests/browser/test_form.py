"""The form that starts executions, in a real JupyterLab."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from .conftest import CELL_SECONDS, Notebook, OpenNotebook

pytestmark = pytest.mark.browser

SET_UP = """
%load_ext sfnb
import sfnb
@sfnb.task
def pack(order):
    print("packing", order["id"])
    return {**order, "packed": True}
orders = sfnb.load({"StartAt": "Pack", "States": {"Pack": {"Type": "Task", "Resource": "pack", "End": True}}},
                   name="orders")
order = {
    "type": "object", "title": "An order of <b>the</b> shop", "required": ["id", "mail", "size", "address"],
    "properties": {
        "id": {"type": "integer", "title": "Number", "minimum": 1, "maximum": 500},
        "mail": {"type": "string", "format": "email", "description": "Where the receipt goes to."},
        "size": {"enum": ["small", "large"]},
        "gift": {"type": "boolean", "default": False, "title": "It is a gift"},
        "day": {"type": "string", "format": "date", "title": "Deliver on"},
        "at": {"type": "string", "format": "date-time", "title": "Call me at"},
        "tags": {"type": "array", "items": {"type": "string"}, "maxItems": 3},
        "address": {"type": "object", "title": "Address", "required": ["street"],
                    "properties": {"street": {"type": "string"},
                                   "zip": {"type": "string", "pattern": "^[0-9]{5}$"}}},
        "payment": {"anyOf": [{"type": "string"}, {"type": "object"}]},
    },
}
"""
FORM = "orders.form(order)"
CELLS = (SET_UP, FORM, "%asl form orders", "[ex.describe().input for ex in orders.executions]")


@pytest.fixture
def opened(open_notebook: OpenNotebook) -> Notebook:
    return open_notebook("form", *CELLS).run(0, 1)


def form_below(notebook: Notebook, cell: int) -> Any:
    form = notebook.output(cell).locator(".sfnb-form")
    form.locator(".sfnb-form-start").wait_for(timeout=1000 * CELL_SECONDS)
    return form


def picture(notebook: Notebook, form: Any, path: Path) -> None:
    """On a page so tall that nothing has to be scrolled."""
    size = notebook.page.viewport_size
    notebook.page.set_viewport_size({**size, "height": 2400})
    form.screenshot(path=path)
    notebook.page.set_viewport_size(size)


def fill_in(form: Any) -> None:
    """As a person does: with the labels, and the keyboard."""
    form.get_by_label("Number").fill("7")
    form.get_by_label("mail").fill("me@example.com")
    form.get_by_label("size").select_option("large")
    form.get_by_label("street").fill("Main Street 1")


def test_a_form_is_filled_in_started_and_seen_to_succeed(opened: Notebook, screenshots: Path) -> None:
    form = form_below(opened, 1)
    start = form.get_by_role("button", name="Start", exact=True)
    assert start.is_disabled()
    form.get_by_label("Number").fill("700")
    form.get_by_text("at most 500 is needed").wait_for()
    fill_in(form)
    form.get_by_label("zip").fill("12")
    form.get_by_text("does not match the pattern ^[0-9]{5}$").wait_for()
    for theme in ("Light", "Dark"):
        opened.theme(theme)
        picture(opened, form, screenshots / f"form-{theme.lower()}.png")
    form.get_by_label("zip").fill("12345")
    opened.page.wait_for_function("button => !button.disabled", arg=start.element_handle())
    form.get_by_label("zip").press("Enter")
    assert form.locator(".sfnb-view").count() == 0
    start.click()

    form.locator(".sfnb-card").get_by_text("SUCCEEDED").wait_for()
    form.locator(".sfnb-view .sfnb-status", has_text="SUCCEEDED").wait_for()
    form.get_by_text("packing 7").wait_for()
    for theme in ("Dark", "Light"):
        opened.theme(theme)
        picture(opened, form, screenshots / f"form-done-{theme.lower()}.png")
    assert opened.faults == []
    assert opened.elsewhere == []


def test_the_json_and_the_fields_are_two_sides_of_one_input(opened: Notebook, screenshots: Path) -> None:
    form = form_below(opened, 1)
    text = form.get_by_label("Input as JSON")
    fill_in(form)
    opened.page.wait_for_function("text => text.value.includes('Main Street 1')", arg=text.element_handle())

    text.fill('{"id": 8,')
    form.get_by_text("this is no JSON: line 1, column 10").wait_for()
    text.fill(
        '{"id": 8, "mail": "you@example.com", "size": "small", "address": {"street": "There"}, "more": [1]}'
    )
    number = form.get_by_label("Number")
    opened.page.wait_for_function("number => number.value === '8'", arg=number.element_handle())
    assert form.get_by_label("street").input_value() == "There"

    number.fill("9")
    opened.page.wait_for_function("text => text.value.includes('\"id\": 9')", arg=text.element_handle())
    assert '"more": [' in text.input_value()


def test_a_narrow_form_has_its_parts_below_each_other(opened: Notebook, screenshots: Path) -> None:
    form = form_below(opened, 1)
    fields, text = form.locator(".sfnb-form-fields"), form.locator(".sfnb-form-json")
    assert text.bounding_box()["y"] == fields.bounding_box()["y"]

    opened.page.set_viewport_size({"width": 620, "height": 1000})
    opened.page.wait_for_function(
        "([fields, text]) => text.getBoundingClientRect().top >= fields.getBoundingClientRect().bottom",
        arg=[fields.element_handle(), text.element_handle()],
    )
    picture(opened, form, screenshots / "form-narrow.png")
    sizes = form.evaluate("form => [form.scrollWidth, form.clientWidth]")
    assert sizes[0] <= sizes[1]


def test_two_starts_are_listed_and_an_input_can_be_used_again(opened: Notebook, screenshots: Path) -> None:
    opened.run(0)
    form = form_below(opened, 1)
    start = form.get_by_role("button", name="Start", exact=True)
    fill_in(form)
    for number in ("1", "2"):
        form.get_by_label("Number").fill(number)
        opened.page.wait_for_timeout(700)  # a second click within half a second is none
        start.click()
        form.get_by_text(f"packing {number}").wait_for()
    rows = form.locator(".sfnb-form-row")
    rows.nth(1).get_by_text("SUCCEEDED").wait_for()
    picture(opened, form, screenshots / "form-two.png")
    rows.nth(1).get_by_role("button", name="Use its input").click()

    number = form.get_by_label("Number")
    opened.page.wait_for_function("number => number.value === '1'", arg=number.element_handle())

    opened.run(2)
    guessed = form_below(opened, 2)
    guessed.get_by_text(re.compile("fields from the last [0-9]+ inputs")).wait_for()
    assert guessed.get_by_label("street").input_value() == "Main Street 1"
    picture(opened, guessed, screenshots / "form-guessed.png")
    assert opened.faults == []
