"""What only a real kernel shows: outputs in their cells, an interrupt, completion over the wire."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.notebook.kernels import LONG, Kernel

MACHINE = "\nStartAt: A\nStates:\n  A: {Type: Task, Resource: RESOURCE, End: true}"
TASKS = """
import sys, threading
import sfnb
gate = threading.Event()

@sfnb.task
def talk(payload):
    print("talking")
    print("complaining", file=sys.stderr)
    return payload

@sfnb.task
def hang(payload):
    print("hanging")
    gate.wait(30)
    print("too late")

@sfnb.task
async def sleepy(payload):
    print("sleeping")
    await sfnb.sleep(1000)
"""


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    kernel.run("%load_ext sfnb")
    assert kernel.run(TASKS).status == "ok"
    yield kernel
    kernel.close()


def test_what_tasks_print_lands_in_the_cell_and_is_kept(kernel: Kernel) -> None:
    ran = kernel.run("%%asl m --run" + MACHINE.replace("RESOURCE", "talk"))

    assert ran.status == "ok"
    assert ran.printed == "talking\ncomplaining\n"
    assert ran.text == "m SUCCEEDED\noutput: {}"
    assert kernel.run("ex.visits.printed[0]").text == "'talking\\ncomplaining\\n'"


def test_it_is_the_same_from_python(kernel: Kernel) -> None:
    ran = kernel.run(
        "m = sfnb.load({'StartAt': 'A', 'States': {'A': {'Type': 'Task', 'Resource': 'talk', "
        "'End': True}}}); m.run(1).output"
    )

    assert ran.printed == "talking\ncomplaining\n"
    assert ran.text == "1"


@pytest.mark.parametrize(("task", "said"), [("hang", "hanging"), ("sleepy", "sleeping")])
def test_an_interrupt_ends_the_execution_as_aborted_with_its_log_whole(
    kernel: Kernel, task: str, said: str
) -> None:
    ran = kernel.run("%%asl m --run -o stopped" + MACHINE.replace("RESOURCE", task), interrupt_at=said)

    assert ran.status == "error"
    assert ran.printed == f"{said}\n"
    assert ran.text == 'm ABORTED in "A"'
    assert ran.traceback == ['interrupted: m ABORTED in "A"; it is in stopped']
    assert kernel.run("print(*stopped.events.type)").printed.split() == [
        "ExecutionStarted",
        "TaskStateEntered",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "ExecutionAborted",
    ]


def test_the_kernel_goes_on_beside_a_task_that_was_given_up(kernel: Kernel) -> None:
    kernel.run("%%asl m --run" + MACHINE.replace("RESOURCE", "hang"), interrupt_at="hanging")

    assert kernel.run("%%asl m --run" + MACHINE.replace("RESOURCE", "talk")).status == "ok"
    ran = kernel.run("gate.set(); print('on')")
    assert (ran.status, ran.printed) == ("ok", "on\n")


def test_an_interrupt_from_python_stops_the_execution_too(kernel: Kernel) -> None:
    kernel.run(
        "m = sfnb.load({'StartAt': 'A', 'States': {'A': {'Type': 'Task', 'Resource': 'sleepy', "
        "'End': True}}})"
    )

    ran = kernel.run("m.run()", interrupt_at="sleeping")

    assert ran.of("error")[0]["ename"] == "KeyboardInterrupt"
    told = "\n".join(ran.traceback)
    assert 'is ABORTED: sfnb.get_execution("' in told
    assert "execution.py" not in told
    assert kernel.run("m.executions[0].status").text == "'ABORTED'"


def test_a_failing_cell_shows_a_short_traceback(kernel: Kernel) -> None:
    ran = kernel.run("# a comment above\n%%asl m\nStartAt: B\nStates: {A: {Type: Succeed}}")

    assert ran.status == "error"
    assert ran.traceback == [
        "2 errors in this definition; m keeps its old value",
        "",
        "error: line 3, column 10: Missing 'Next' target: B",
        "  3 | StartAt: B",
        "    |          ^",
        "hint: there is no state of this name here",
        "",
        'error: line 4, column 10: State "A" is not reachable.',
        "  4 | States: {A: {Type: Succeed}}",
        "    |          ^",
        "hint: no Next, Default, Choice or Catch names it",
    ]


def test_completion_and_help_over_the_wire(kernel: Kernel) -> None:
    cell = '%%asl m\n{"States": {"A": {"Type": "Wait", "Sec'

    reply = kernel.client.complete(cell, reply=True, timeout=LONG)["content"]
    assert reply["matches"] == ['Seconds": ', 'SecondsPath": ']
    assert cell[reply["cursor_start"] : reply["cursor_end"]] == "Sec"

    reply = kernel.client.inspect(cell.replace("Sec", "Seconds"), len(cell), reply=True, timeout=LONG)[
        "content"
    ]
    assert reply["data"]["text/plain"].startswith("Seconds\n\nwhole seconds")
    assert kernel.client.inspect("print", 5, reply=True, timeout=LONG)["content"]["found"]


def test_reloading_changes_nothing(kernel: Kernel) -> None:
    kernel.run("%reload_ext sfnb")

    assert kernel.run("%%asl m --run" + MACHINE.replace("RESOURCE", "talk")).status == "ok"
    kernel.run("%unload_ext sfnb")
    assert kernel.run("%asl list").status == "error"
    reply = kernel.client.inspect('%%asl m\n{"StartAt"', 13, reply=True, timeout=LONG)["content"]
    assert "The state that comes first" not in reply["data"].get("text/plain", "")
    kernel.run("%load_ext sfnb")
