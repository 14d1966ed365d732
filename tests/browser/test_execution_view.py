"""The live view and the magics in a real JupyterLab.

All look at one notebook, since opening one takes seconds; each leaves the view as it found it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser

TASKS = """
%load_ext sfnb
import sfnb

@sfnb.task
def price(order):
    print("pricing", order["n"])
    if order["n"] == 1:
        raise ValueError("no <script>alert(1)</script> & more")
    return {**order, "price": 3, "id": 12345678901234567890, "text": "x" * 60_000 if order["n"] == 2 else ""}

@sfnb.task
def hold(payload):
    print("holding")
    sfnb.sleep(300)

cart = {"orders": [{"n": 0}, {"n": 1}, {"n": 2}]}
"""

ORDERS = """
%%asl orders --input cart --run --no-draw --expect FAILED
{"StartAt": "Each", "States": {
  "Each": {"Type": "Map", "ItemsPath": "$.orders", "Next": "Both",
           "ResultSelector": {"n.$": "$[2].n", "id.$": "$[2].id"}, "ItemProcessor": {
    "StartAt": "Price", "States": {
      "Price": {"Type": "Task", "Resource": "price", "Next": "Good",
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Set <b>aside</b>"}]},
      "Good": {"Type": "Pass", "End": true},
      "Set <b>aside</b>": {"Type": "Pass", "End": true}}}},
  "Both": {"Type": "Parallel", "Next": "Done", "Branches": [
    {"StartAt": "Left", "States": {"Left": {"Type": "Pass", "End": true}}},
    {"StartAt": "Right", "States": {"Right": {"Type": "Fail", "Error": "Oops", "Cause": "went wrong"}}}]},
  "Done": {"Type": "Succeed"}}}
"""

WAITING = """
waiting = sfnb.load({"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 300, "End": True}}},
                    name="waiting")
waiting.start().view()
"""

HOLD = """
%%asl --run --no-draw
{"StartAt": "Hold", "States": {"Hold": {"Type": "Task", "Resource": "hold", "End": true}}}
"""

CELLS = (TASKS, ORDERS, "ex.view()", "ex.graph()", WAITING, HOLD)
SET_UP, RUN_ORDERS, VIEW, GRAPH, VIEW_RUNNING, RUN_HOLD = range(len(CELLS))

STATUSES = ("succeeded", "failed", "caught", "running", "aborted", "timed_out", "not_reached")

# Of a picture: the status of each state and the ways gone, each by its place, and what the pills say.
LOOK = """picture => ({
    states: Object.fromEntries([...picture.querySelectorAll('.sfnb-node[data-state]')].map(
        g => [g.dataset.state, STATUSES.find(status => g.classList.contains('sfnb-' + status))])),
    ways: [...picture.querySelectorAll('.sfnb-edge')].map(
        g => `${g.dataset.source}>${g.dataset.target} ${g.classList.contains('sfnb-taken')}`).sort(),
    counts: [...picture.querySelectorAll('.sfnb-count')].map(text => text.textContent).sort(),
})""".replace("STATUSES", json.dumps(STATUSES))

INSIDE = """new DOMParser().parseFromString(new TextDecoder().decode(
    Uint8Array.from(atob(img.src.split(',')[1]), byte => byte.charCodeAt(0))), 'image/svg+xml')"""


class Seen:
    """A view in the browser."""

    def __init__(self, notebook: Any, cell: int) -> None:
        self.notebook = notebook
        self.page = notebook.page
        self.view = notebook.output(cell).locator(".sfnb-view")

    def state(self, name: str) -> Any:
        """The group of a state, by the last step of its path."""
        return self.view.locator(f".sfnb-node[data-state$='{json.dumps(name)}]']")

    def status(self, name: str) -> str:
        classes = (self.state(name).get_attribute("class") or "").split()
        return next(status for status in STATUSES if f"sfnb-{status}" in classes)

    @property
    def data(self) -> Any:
        return self.view.locator(".sfnb-data")

    @property
    def slider(self) -> Any:
        return self.view.locator("input[type=range]")

    def click(self, name: str) -> Any:
        """Click a state's name; returns the panel, once it shows the state's data."""
        self.state(name).locator(".sfnb-name").first.click()
        self.data.locator("h3", has_text=name).wait_for()
        self.data.locator("details.sfnb-payload").first.wait_for()
        return self.data

    def go(self, event: str) -> None:
        """Move the slider to the first event of a type."""
        self.press("Home")
        for _ in range(100):
            if self.view.locator(".sfnb-event").inner_text().startswith(event):
                return
            self.press("ArrowRight")
        raise AssertionError(f"no such event: {event}")

    def press(self, key: str) -> None:
        self.slider.press(key)

    def reset(self) -> None:
        self.press("End")
        self.view.get_by_role("searchbox").fill("")
        self.view.press("Escape")
        self.view.get_by_label("Show the whole graph").click()


@pytest.fixture(scope="module")
def notebook(open_notebook: Callable[..., Any]) -> Any:
    return open_notebook("orders", *CELLS).run(SET_UP, RUN_ORDERS, VIEW, GRAPH)


@pytest.fixture(scope="module")
def opened(notebook: Any) -> Seen:
    opened = Seen(notebook, VIEW)
    opened.view.locator(".sfnb-node").first.wait_for()
    return opened


@pytest.fixture
def seen(opened: Seen) -> Iterator[Seen]:
    yield opened
    opened.reset()


def test_the_graph_is_in_the_page_and_nothing_comes_from_elsewhere(seen: Seen) -> None:
    assert seen.view.locator("svg .sfnb-node").count() == 8
    assert seen.view.locator(".sfnb-status").inner_text() == "FAILED"
    assert seen.notebook.elsewhere == []
    assert seen.notebook.faults == []


def test_at_the_end_it_looks_like_the_still_picture(seen: Seen) -> None:
    still = seen.notebook.output(GRAPH).locator("img.sfnb-still")
    assert still.evaluate("img => img.naturalWidth") > 300
    assert seen.view.locator(".sfnb-stage").evaluate(LOOK) == still.evaluate(f"img => ({LOOK})({INSIDE})")


def test_a_click_shows_what_a_state_got_and_gave(seen: Seen) -> None:
    data = seen.click("Left")

    assert data.locator(".sfnb-chip").inner_text() == "succeeded"
    assert data.locator("details.sfnb-payload").count() == 2
    assert "n: 2" in data.inner_text()


def test_numbers_are_shown_to_the_last_digit(seen: Seen) -> None:
    assert "id: 12345678901234567890" in seen.click("Left").inner_text()


def test_of_several_visits_one_is_chosen(seen: Seen) -> None:
    data = seen.click("Price")
    select = data.locator("select")
    select.focus()

    assert select.locator("option").all_inner_texts() == ["[0]  succeeded", "[1]  caught", "[2]  succeeded"]
    assert data.locator(".sfnb-error").inner_text() == "ValueError"  # the gravest comes first
    select.select_option(index=0)
    data.get_by_text("pricing 0").wait_for()
    assert data.locator(".sfnb-error").count() == 0


def test_what_a_task_says_is_shown_as_it_is(seen: Seen) -> None:
    data = seen.click("Price")

    assert data.locator(".sfnb-message").inner_text() == "no <script>alert(1)</script> & more"
    assert "raise ValueError" in data.locator("pre").first.inner_text()
    assert seen.view.locator("script").count() == 0


def test_a_name_is_shown_as_it_is(seen: Seen) -> None:
    assert seen.click("Set <b>aside</b>").locator("h3").inner_text().endswith("Set <b>aside</b>")


def test_a_long_payload_comes_whole_when_asked_for(seen: Seen) -> None:
    data = seen.click("Good")
    data.locator("select").focus()
    data.locator("select").select_option(index=1)
    output = data.locator("details", has=seen.page.locator("h4", has_text="Output"))
    output.get_by_text("The first 50,000 characters").wait_for()
    output.get_by_role("button", name="Show all").click()
    output.get_by_text("58,002 more characters").wait_for()


def test_the_overview_leads_to_what_went_wrong(seen: Seen) -> None:
    links = seen.data.locator(".sfnb-troubles button")
    assert links.all_inner_texts() == ["Price [1]", "Right", "Both"]

    links.nth(1).click()
    seen.data.locator("h3", has_text="Right").wait_for()
    assert seen.data.locator(".sfnb-failure").inner_text().startswith("Oops")
    assert "sfnb-picked" in seen.state("Right").get_attribute("class")


def test_the_slider_shows_how_things_stood(seen: Seen) -> None:
    seen.press("Home")
    assert {seen.status(name) for name in ("Each", "Price", "Both", "Done")} == {"not_reached"}

    seen.go("LambdaFunctionScheduled")
    assert [seen.status(name) for name in ("Each", "Price", "Good", "Both")] == [
        "running", "running", "not_reached", "not_reached",
    ]  # fmt: skip
    assert "Price" in seen.view.locator(".sfnb-event").inner_text()
    assert "sfnb-now" in seen.state("Price").get_attribute("class")

    seen.press("End")
    assert [seen.status(name) for name in ("Each", "Price", "Good", "Both", "Done")] == [
        "succeeded", "caught", "succeeded", "failed", "not_reached",
    ]  # fmt: skip


def test_what_came_later_is_not_told_before(seen: Seen) -> None:
    seen.click("Each")
    seen.go("MapStateStarted")

    assert "Still running at this event" in seen.data.inner_text()
    assert seen.data.locator("h4").all_inner_texts() == ["Input"]
    seen.data.get_by_role("button", name="Go to event").click()
    assert seen.data.locator("h4").all_inner_texts() == ["Input", "Output"]


def test_it_plays(seen: Seen) -> None:
    seen.press("Home")
    seen.view.get_by_label("Play").click()
    seen.view.get_by_label("Pause").wait_for()
    seen.page.wait_for_function("([slider, from]) => slider.value > 3", arg=[seen.slider.element_handle(), 1])
    seen.view.get_by_label("Pause").click()


def test_states_are_found_by_name(seen: Seen) -> None:
    search = seen.view.get_by_role("searchbox")
    search.fill("ri")
    assert seen.view.locator(".sfnb-found").inner_text() == "2 of 8"
    assert "sfnb-dim" not in seen.state("Right").get_attribute("class")
    assert "sfnb-dim" in seen.state("Done").get_attribute("class")

    search.press("Enter")
    search.press("Enter")
    seen.data.locator("h3", has_text="Right").wait_for()


def test_the_keyboard_reaches_states_and_leaves_the_notebook_alone(seen: Seen) -> None:
    cells = seen.page.locator(".jp-Cell").count()
    seen.state("Each").focus()
    for key in ("b", "x", "d", "d", "ArrowDown"):  # in the notebook: add a cell, cut it, delete one
        seen.page.keyboard.press(key)
    assert seen.page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("Price, Task, ")

    seen.page.keyboard.press("Enter")
    seen.data.locator("h3", has_text="Price").wait_for()
    seen.page.keyboard.press("Escape")
    seen.data.locator("h3", has_text="Execution").wait_for()
    assert seen.page.locator(".jp-Cell").count() == cells


def test_it_zooms_and_moves(seen: Seen) -> None:
    where = "svg => svg.style.transform"
    drawing = seen.view.locator(".sfnb-stage > svg")
    seen.view.get_by_label("Zoom in").click()
    zoomed = drawing.evaluate(where)
    corner = seen.view.locator(".sfnb-stage").bounding_box()
    seen.page.mouse.move(corner["x"] + 8, corner["y"] + 8)
    seen.page.mouse.down()
    seen.page.mouse.move(corner["x"] + 60, corner["y"] + 60, steps=3)
    seen.page.mouse.up()
    moved = drawing.evaluate(where)
    seen.view.get_by_label("Show the whole graph").click()

    assert len({zoomed, moved, drawing.evaluate(where)}) == 3
    seen.data.locator("h3", has_text="Execution").wait_for()  # moving picks nothing


@pytest.mark.parametrize("theme", ["Light", "Dark"])
def test_it_wears_the_theme_of_the_page(seen: Seen, theme: str, screenshots: Path) -> None:
    seen.notebook.theme(theme)
    seen.click("Price")
    ground = seen.view.evaluate("view => getComputedStyle(view).backgroundColor")
    ink = seen.view.locator("h3").evaluate("title => getComputedStyle(title).color")
    seen.view.screenshot(path=screenshots / f"view-{theme.lower()}.png")

    assert (brightness(ground) > brightness(ink)) is (theme == "Light")
    assert abs(brightness(ground) - brightness(ink)) > 120


def brightness(colour: str) -> float:
    """Of "rgb(255, 255, 255)" 255."""
    return sum(float(part) for part in colour.split("(")[1].rstrip(")").split(",")[:3]) / 3


def test_a_running_execution_is_followed_and_stopped(notebook: Any) -> None:
    notebook.run(VIEW_RUNNING)
    running = Seen(notebook, VIEW_RUNNING)
    running.view.locator(".sfnb-node.sfnb-running").wait_for()
    assert "Pause" in running.view.locator(".sfnb-event").inner_text()
    stage, drawing = (running.view.locator(part).bounding_box() for part in (".sfnb-stage", ".sfnb-picture"))
    assert stage["x"] <= drawing["x"]
    assert drawing["y"] + drawing["height"] <= stage["y"] + stage["height"]

    stop = running.view.get_by_role("button", name="Stop the execution")
    stop.click()
    running.view.locator(".sfnb-status", has_text="ABORTED").wait_for()

    assert running.status("Pause") == "aborted"
    assert not stop.is_visible()


def test_interrupting_the_kernel_stops_a_running_cell(notebook: Any) -> None:
    notebook.start(RUN_HOLD)
    output = notebook.output(RUN_HOLD)
    output.filter(has_text="holding").first.wait_for()

    notebook.page.get_by_role("button", name="Interrupt the kernel").click()

    output.filter(has_text="ABORTED").first.wait_for()


def test_the_page_stayed_clean_all_the_while(notebook: Any) -> None:
    assert notebook.faults == []
    assert notebook.elsewhere == []
