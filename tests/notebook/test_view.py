from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ipywidgets
import pytest

from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.notebook.view import SCRIPTS, STATIC, ExecutionView
from sfnb.service import StepFunctions

WIDGET = "application/vnd.jupyter.widget-view+json"
PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}


@pytest.fixture
def machine(service: StepFunctions) -> Iterator[StateMachine]:
    """A machine that waits until the test lets it go on."""
    go_on = threading.Event()

    def wait(payload: Any) -> Any:
        go_on.wait(20)
        return payload

    service.registry.functions["wait"] = wait
    definition = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "wait", "End": True}}}
    machine = load_machine(service, definition, name="slow")
    machine.tasks["go_on"] = go_on.set
    yield machine
    go_on.set()
    ipywidgets.Widget.close_all()


def follower(execution: Execution) -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.endswith(f"view of {execution.name}")]


def asked(view: ExecutionView, **message: Any) -> list[dict[str, Any]]:
    """What a message from the browser is answered with."""
    answers: list[dict[str, Any]] = []
    view.send = lambda content, buffers=None: answers.append(content)
    view._handle_custom_msg(message, [])
    return answers


def test_who_knows_no_widgets_gets_the_picture(service: StepFunctions) -> None:
    execution = load_machine(service, PASS, name="orders").run()
    bundle, _ = execution.view()._repr_mimebundle_()

    assert set(bundle) == {WIDGET, "image/svg+xml", "text/plain"}
    assert bundle["text/plain"] == execution.graph().text
    assert bundle["image/svg+xml"] == execution.graph().svg


def test_no_payload_is_sent_before_it_is_asked_for(service: StepFunctions) -> None:
    execution = load_machine(service, PASS, name="orders").run({"secret": "only when clicked"})
    view = execution.view()

    assert "only when clicked" not in str(view.get_state())
    [answer] = asked(view, ask="data", visit=0, whole="")
    assert answer["visit"] == 0
    assert answer["data"]["input"]["text"] == '{"secret":"only when clicked"}'
    [answer] = asked(view, ask="data", visit=-1, whole="")
    assert answer["data"]["output"]["text"] == '{"secret":"only when clicked"}'


@pytest.mark.parametrize(
    "message", [{}, {"ask": "data", "visit": 7}, {"ask": "data", "visit": "x"}, {"ask": 1}]
)
def test_a_message_that_says_nothing_is_passed_over(service: StepFunctions, message: dict[str, Any]) -> None:
    assert asked(load_machine(service, PASS).run().view(), **message) == []


def test_a_view_follows_a_running_execution_to_its_end(machine: StateMachine) -> None:
    execution = machine.start()
    view = execution.view()
    assert view.trace["status"] == "RUNNING"
    [thread] = follower(execution)

    machine.tasks["go_on"]()
    execution.wait()
    thread.join(60)

    assert view.trace["status"] == "SUCCEEDED"
    assert not follower(execution)


def test_a_closed_view_follows_no_longer(machine: StateMachine) -> None:
    execution = machine.start()
    view = execution.view()
    [thread] = follower(execution)

    view.close()
    thread.join(60)

    assert not thread.is_alive()
    execution.stop()


def test_the_stop_button_stops_it(machine: StateMachine) -> None:
    execution = machine.start()
    view = execution.view()

    asked(view, ask="stop")
    execution.wait()

    assert execution.status == "ABORTED"


def test_an_ended_execution_has_nobody_following_it(service: StepFunctions) -> None:
    execution = load_machine(service, PASS).run()
    execution.view()

    assert not follower(execution)


def test_the_static_files_ask_nobody_else_and_none_is_forgotten() -> None:
    files = {path.name for path in Path(STATIC).iterdir() if path.is_file()}
    assert files == {*SCRIPTS, "view.css"}
    for name in files:
        text = (STATIC / name).read_text(encoding="utf-8")
        assert set(re.findall(r"https?://[^\"']+", text)) <= {"http://www.w3.org/2000/svg"}
        assert "innerHTML" not in text


def test_a_view_of_a_map_run_has_its_children(service: StepFunctions) -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, **PASS}
    each = {"Type": "Map", "Label": "rows", "ItemProcessor": processor, "End": True}
    ended = load_machine(service, {"StartAt": "M", "States": {"M": each}}).run([1, 2])
    view = ExecutionView(ended)

    assert [list(each) for each in view.trace["progress"]] == [[0, 4, {"succeeded": 2}, 2]]
    [answer] = asked(view, ask="data", visit=0)
    assert answer["data"]["notes"] == ["2 of 2 items; 2 child executions"]
    [answer] = asked(view, ask="data", visit=2)
    assert answer["data"]["input"]["text"] == "2"
    view.close()
