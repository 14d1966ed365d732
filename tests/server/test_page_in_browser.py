"""The page in a real Chromium, served as `sfnb serve` serves it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from tests.server.conftest import Tab

pytestmark = pytest.mark.browser

HOSTILE = 'Set <img src=x onerror="document.title=1"> aside'
ORDERS: dict[str, Any] = {
    "Comment": "Price, check and ship orders",
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "ItemsPath": "$.orders",
            "Next": "Ship",
            "ItemProcessor": {
                "StartAt": "Price",
                "States": {
                    "Price": {
                        "Type": "Task",
                        "Resource": "price",
                        "End": True,
                        "Catch": [{"ErrorEquals": ["States.ALL"], "Next": HOSTILE}],
                    },
                    HOSTILE: {"Type": "Pass", "End": True},
                },
            },
        },
        "Ship": {"Type": "Task", "Resource": "ship", "End": True},
    },
}
PAUSE = {"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 600, "End": True}}}
EVERY: dict[str, Any] = {
    "StartAt": "Every file",
    "States": {
        "Every file": {
            "Type": "Map",
            "ToleratedFailurePercentage": 50,
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Parse",
                "States": {"Parse": {"Type": "Task", "Resource": "parse", "End": True}},
            },
            "End": True,
        }
    },
}


@pytest.fixture(scope="module")
def orders(served: tuple[StepFunctions, str]) -> Callable[..., Execution]:
    """Runs the machine of orders."""
    machine = load_machine(served[0], ORDERS, name="orders")

    @machine.task
    def price(order: dict[str, Any]) -> dict[str, Any]:
        if order["n"] == 1:
            raise ValueError("no <b>price</b>")
        return {**order, "price": 3, "id": 12345678901234567890}

    @machine.task
    def ship(orders: list[Any]) -> str:
        if len(orders) > 3:
            raise RuntimeError("the lorry is full")
        return "shipped"

    return lambda count, **options: machine.run({"orders": [{"n": n} for n in range(count)]}, **options)


both_schemes = pytest.mark.parametrize("tab", ["light", "dark"], indirect=True)


@pytest.fixture
def picture(tab: Tab, request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], None]:
    """Keeps a picture of the page, for people to look at."""
    folder = Path(os.environ.get("SFNB_SCREENSHOTS") or tmp_path)
    folder.mkdir(parents=True, exist_ok=True)
    scheme = (
        request.node.callspec.params.get("tab", "light") if hasattr(request.node, "callspec") else "light"
    )
    return lambda name: tab.page.screenshot(path=folder / f"page-{name}-{scheme}.png", full_page=True)


@both_schemes
def test_machines_lead_to_executions_and_those_to_what_happened(
    tab: Tab, orders: Callable[..., Execution], picture: Callable[[str], None]
) -> None:
    failed = orders(4)
    page = tab.open()
    picture("machines")
    page.get_by_role("link", name="orders").first.click()
    page.locator(".side .sfnb-node").first.wait_for()
    picture("machine")
    page.get_by_role("link", name=failed.name).click()
    page.get_by_text("RuntimeError: the lorry is full").wait_for()
    picture("failed")

    assert page.locator(".notice.bad").inner_text().startswith('Failed in "Ship"')
    assert page.title() == f"{failed.name} · Failed"
    page.go_back()
    page.locator(".side .sfnb-node").first.wait_for()
    assert page.locator("main h1").inner_text() == "orders"


def test_the_graph_is_coloured_and_a_state_shows_its_visits(
    tab: Tab, orders: Callable[..., Execution]
) -> None:
    page = tab.see(orders(3))
    price = page.locator(".sfnb-node[aria-label^='Price']")

    assert price.get_attribute("aria-label") == "Price, Task, 2 succeeded, 1 caught"
    price.click()
    panel = page.locator(".sfnb-data")
    panel.get_by_text("no <b>price</b>", exact=True).wait_for()
    panel.get_by_role("button", name="Previous visit").click()
    panel.get_by_text("12345678901234567890").wait_for()


def test_names_are_shown_as_they_are_and_never_as_markup(tab: Tab, orders: Callable[..., Execution]) -> None:
    execution = orders(2)
    page = tab.see(execution)
    page.get_by_role("tab", name="Timeline").click()
    page.locator(".timeline svg").wait_for()
    page.get_by_role("tab", name="Definition").click()

    assert page.locator("main img").count() == 0
    assert page.title() == f"{execution.name} · Succeeded"
    assert page.locator(".events").get_by_text(HOSTILE).count() >= 1


def test_the_graph_takes_on_its_style_under_the_policy(tab: Tab, orders: Callable[..., Execution]) -> None:
    page = tab.see(orders(1))
    hues = page.evaluate(
        """() => [".sfnb-node.sfnb-succeeded > .sfnb-card", ".big .sfnb-sign"].map((each) => {
            const style = getComputedStyle(document.querySelector(each));
            return each.includes("sign") ? style.backgroundColor : style.stroke;
        })"""
    )

    assert hues == ["rgb(26, 127, 55)", "rgb(26, 127, 55)"]


def test_an_execution_is_started_watched_and_stopped(
    tab: Tab, served: tuple[StepFunctions, str], picture: Callable[[str], None]
) -> None:
    service = served[0]
    machine = load_machine(service, PAUSE, name="waiting")
    page = tab.open(f"/machines/{machine.arn}")
    page.get_by_role("button", name="Start execution").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Input").fill('{"a":\n  tru}')
    assert "line 2, column 3" in form.locator("#start-fault").inner_text()
    assert form.get_by_role("button", name="Start execution").is_disabled()
    picture("start")
    form.get_by_label("Input").fill('{"a": 1}')
    form.get_by_label("Name").fill("by hand")
    form.get_by_label("Name").press("Control+Enter")
    form.get_by_text("no name for an execution").wait_for()
    tab.faults.clear()  # the browser tells of an answer of 400
    form.get_by_label("Name").fill("by-hand")
    form.get_by_label("Name").press("Enter")

    page.get_by_text("Running", exact=True).first.wait_for()
    assert page.locator("main h1").inner_text() == "by-hand"
    page.locator(".sfnb-node.sfnb-running").wait_for()
    page.get_by_role("button", name="Stop", exact=True).click()
    page.locator(".sfnb-node.sfnb-aborted").wait_for()
    page.get_by_role("button", name="Redrive").click()
    page.locator(".sfnb-node.sfnb-running").wait_for()
    page.get_by_text("Redriven", exact=True).wait_for()
    service.stop_execution(machine.executions[0].arn)


def test_a_version_is_chosen_to_be_started(
    tab: Tab, served: tuple[StepFunctions, str], picture: Callable[[str], None]
) -> None:
    service = served[0]
    machine = load_machine(service, PAUSE, name="published")
    service.publish_state_machine_version(machine.arn, description="the first one")
    service.create_state_machine_alias("live", [(f"{machine.arn}:1", 100)])
    page = tab.open(f"/machines/{machine.arn}")
    page.get_by_role("tab", name="Versions").click()
    page.get_by_text("the first one").wait_for()
    picture("versions")
    page.get_by_role("button", name="Start execution").click()
    page.get_by_role("dialog").get_by_label("What runs").select_option(label="alias live")
    page.get_by_role("dialog").get_by_role("button", name="Start execution").click()

    page.get_by_text("alias live", exact=True).wait_for()
    service.stop_execution(machine.executions[0].arn)


def test_a_machine_that_is_deployed_anew_is_drawn_anew(tab: Tab, served: tuple[StepFunctions, str]) -> None:
    machine = load_machine(served[0], PAUSE, name="deployed")
    page = tab.open(f"/machines/{machine.arn}")
    page.locator(".side .sfnb-node[data-state*='Pause']").wait_for()
    load_machine(served[0], {"StartAt": "Rest", "States": {"Rest": {"Type": "Succeed"}}}, name="deployed")

    page.locator(".side .sfnb-node[data-state*='Rest']").wait_for()


def test_a_failure_comes_with_what_to_do(tab: Tab, served: tuple[StepFunctions, str]) -> None:
    definition = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "nobody", "End": True}}}
    page = tab.see(load_machine(served[0], definition, name="asking").run())

    page.locator(".sfnb-advice").get_by_text("no Python function stands for").wait_for()


def test_what_happens_elsewhere_shows_by_itself(tab: Tab, served: tuple[StepFunctions, str]) -> None:
    machine = load_machine(served[0], PAUSE, name="watched")
    page = tab.open(f"/machines/{machine.arn}")
    page.get_by_text("Not started yet.").wait_for()
    execution = machine.start(name="from-elsewhere")
    page.get_by_role("link", name="from-elsewhere").click()
    page.locator(".sfnb-node.sfnb-running").wait_for()
    execution.stop(error="Enough")

    page.locator(".big").get_by_text("Aborted").wait_for()
    page.get_by_role("row", name=re.compile("ExecutionAborted")).wait_for()
    page.get_by_text("Enough").first.wait_for()


def test_events_open_and_take_the_view_to_their_moment(
    tab: Tab, orders: Callable[..., Execution], picture: Callable[[str], None]
) -> None:
    page = tab.see(orders(120))
    page.get_by_text("1–100 of").wait_for()
    page.get_by_role("button", name="Next page").click()
    page.get_by_text("101–200 of").wait_for()
    page.get_by_role("button", name="First page").click()
    page.get_by_role("button", name="2", exact=True).click()
    page.locator("#event-2-details").get_by_text("orders:").wait_for()
    picture("events")
    page.locator("#event-2-details").get_by_role("button", name="Show in the graph").click()

    page.get_by_text(re.compile("Event 2 of ")).wait_for()
    assert page.locator(".sfnb-node.sfnb-running").count() == 1


def test_a_map_run_leads_to_its_children(
    tab: Tab, served: tuple[StepFunctions, str], picture: Callable[[str], None]
) -> None:
    machine = load_machine(served[0], EVERY, name="every")

    @machine.task
    def parse(number: int) -> int:
        if number % 9 == 4:
            raise ValueError(f"file {number} is broken")
        return number

    page = tab.see(machine.run(list(range(60)), skip_waits=True))
    page.get_by_role("tab", name="Map runs").click()
    page.get_by_text("1–50 of 60").wait_for()
    picture("map-runs")
    page.get_by_role("row", name=re.compile("^4 ")).get_by_role("link").click()
    page.get_by_text("ValueError: file 4 is broken").wait_for()
    page.get_by_role("definition").get_by_role("link").click()
    page.get_by_role("tab", name="Map runs").wait_for()


def test_executions_are_filtered_and_the_way_back_leads_to_them(
    tab: Tab, orders: Callable[..., Execution]
) -> None:
    failed = orders(4, name="a-full-lorry")
    page = tab.open(f"/machines/{failed.machine.arn}")
    page.get_by_role("button", name="Failed").click()
    page.get_by_label("Find an execution by name").fill("full")
    page.locator("tbody tr").nth(1).wait_for(state="detached")
    page.get_by_role("link", name="a-full-lorry").click()
    page.locator(".sfnb-node").first.wait_for()
    page.go_back()

    page.get_by_role("link", name="a-full-lorry").wait_for()
    assert page.locator("tbody tr").count() == 1
    assert page.get_by_role("button", name="Failed").get_attribute("aria-pressed") == "true"


def test_everything_is_reached_by_the_keyboard(tab: Tab, orders: Callable[..., Execution]) -> None:
    page = tab.see(orders(2))
    page.get_by_role("tab", name="Events").focus()
    page.keyboard.press("ArrowRight")
    page.locator(".timeline svg").wait_for()
    page.keyboard.press("ArrowLeft")
    page.locator("#event-2").focus()
    page.keyboard.press("Enter")
    page.locator("#event-2-details").get_by_text("orders:").wait_for()
    page.keyboard.press("/")

    assert page.evaluate("() => document.activeElement.type") == "search"


def test_a_server_that_goes_away_is_told_of(tab: Tab) -> None:
    page = tab.open()
    page.context.set_offline(True)
    page.get_by_text("The server does not answer").wait_for()
    page.context.set_offline(False)
    page.get_by_text("The server does not answer").wait_for(state="hidden")
    tab.faults.clear()


def test_what_is_not_there_is_said_in_words(tab: Tab) -> None:
    page = tab.open("/executions/arn:aws:states:us-east-1:123456789012:execution:no:such")

    assert "Execution Does Not Exist" in page.locator("main").inner_text()
    tab.faults.clear()  # the browser tells of an answer of 404


@pytest.mark.parametrize("width", [390, 768])
def test_a_narrow_page_does_not_scroll_sideways(
    tab: Tab, orders: Callable[..., Execution], width: int, picture: Callable[[str], None]
) -> None:
    execution = orders(4)
    tab.page.set_viewport_size({"width": width, "height": 800})
    for name, address in (
        ("machines", "/"),
        ("machine", f"/machines/{execution.machine.arn}"),
        ("execution", f"/executions/{execution.arn}"),
    ):
        page = tab.open(address)
        picture(f"{name}-{width}")
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width
