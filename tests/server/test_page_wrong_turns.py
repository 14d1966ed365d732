"""What the page says to whoever goes wrong: in a form, by an old link, while the server is away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from tests.server.conftest import Tab

pytestmark = pytest.mark.browser

HELLO = {"StartAt": "Hello", "States": {"Hello": {"Type": "Succeed"}}}
PAUSE = {"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 600, "End": True}}}


@pytest.fixture
def hello(served: tuple[StepFunctions, str]) -> StateMachine:
    return load_machine(served[0], HELLO, name="hello")


def fault_of(form: Any, text: str) -> str:
    """What is said of an input."""
    form.get_by_label("Input").fill(text)
    return str(form.locator("#start-fault").inner_text())


def test_an_input_that_is_not_json_is_told_where(tab: Tab, hello: StateMachine) -> None:
    page = tab.open(f"/machines/{hello.arn}")
    page.get_by_role("button", name="Start execution").click()
    form = page.get_by_role("dialog")

    assert fault_of(form, " ") == "An input is JSON, such as {}."
    assert fault_of(form, '{"a":') == "This is not JSON yet: it ends too early, in line 1, column 6."
    assert "cannot go on with ‘'a':1}’ in line 1, column 2" in fault_of(form, "{'a':1}")
    assert fault_of(form, '{"a": 1}') == ""


def test_a_name_that_is_taken_is_told_in_words(tab: Tab, hello: StateMachine) -> None:
    hello.run({"a": 1}, name="twice")
    page = tab.open(f"/machines/{hello.arn}")
    page.get_by_role("button", name="Start execution").click()
    form = page.get_by_role("dialog")
    form.get_by_label("Input").fill('{"a": 2}')
    form.get_by_label("Name").fill("twice")
    form.get_by_label("Name").press("Enter")

    form.get_by_text("An execution is called so already. Choose another name").wait_for()
    tab.faults.clear()  # the browser tells of an answer of 400


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/executions/%ff", "Execution Does Not Exist: '%ff'"),
        ("/machines/{machine}gone", "State Machine Does Not Exist"),
        ("/machines/{machine}?status=LOST", "there is no status 'LOST'"),
    ],
)
def test_an_address_that_leads_nowhere_is_told(
    tab: Tab, hello: StateMachine, address: str, words: str
) -> None:
    page = tab.open(address.format(machine=hello.arn))

    assert words in page.locator("main").inner_text()
    assert page.locator("main").get_by_role("link", name="All state machines").count() == 1
    tab.faults.clear()


def test_an_execution_that_is_gone_leads_to_its_machine(tab: Tab, hello: StateMachine) -> None:
    page = tab.open(f"/executions/{hello.arn.replace(':stateMachine:', ':execution:')}:gone")
    page.get_by_role("link", name="Executions of hello").click()
    page.locator(".side .sfnb-node").first.wait_for()
    tab.faults.clear()


@pytest.mark.parametrize("from_", ["5000", "-5", "x"])
def test_a_place_in_the_list_that_is_not_there_leads_to_the_first(
    tab: Tab, hello: StateMachine, from_: str
) -> None:
    hello.run({}, name=f"first-{from_}")
    page = tab.open(f"/machines/{hello.arn}?from={from_}")

    page.get_by_role("link", name=f"first-{from_}").wait_for()


def test_a_button_pressed_while_the_server_is_away_says_so_and_works_later(
    tab: Tab, served: tuple[StepFunctions, str]
) -> None:
    execution = load_machine(served[0], PAUSE, name="away").start()
    page = tab.see(execution)
    page.context.set_offline(True)
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_text("The server does not answer; try again when it is back.").wait_for()
    page.context.set_offline(False)
    page.get_by_role("button", name="Stop", exact=True).click()

    page.locator(".sfnb-node.sfnb-aborted").wait_for()
    tab.faults.clear()


def test_whoever_stops_by_the_keyboard_goes_on_at_the_next_button(
    tab: Tab, served: tuple[StepFunctions, str]
) -> None:
    page = tab.see(load_machine(served[0], PAUSE, name="keyed").start())
    page.get_by_role("button", name="Stop", exact=True).press("Enter")
    page.locator(".sfnb-node.sfnb-aborted").wait_for()

    page.wait_for_function("() => document.activeElement.textContent === 'New execution'")


def test_a_definition_on_one_line_is_shown_on_several(tab: Tab, served: tuple[StepFunctions, str]) -> None:
    service = served[0]
    machine = load_machine(service, json.dumps(HELLO), name="one-line")
    page = tab.open(f"/machines/{machine.arn}")
    page.get_by_role("tab", name="Definition").click()

    assert page.locator(".definition code").inner_text().splitlines()[:2] == ["{", '  "StartAt": "Hello",']
