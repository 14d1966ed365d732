"""Executions that outlive a session, as lines and settings show them."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sfnb import default, notebook
from sfnb.keeping import durability_of, kept_in
from sfnb.notebook.options import Usage

TASKS = """
import threading
calls = []
@sfnb.task
def charge(order):
    calls.append("charge")
    return order
@sfnb.task
def pack(order):
    calls.append("pack")
    WORK
    return {**order, "packed": True}
"""
ORDERS = """%%asl orders
StartAt: Charge
States:
  Charge: {Type: Task, Resource: charge, Next: Pack}
  Pack: {Type: Task, Resource: pack, Next: Done}
  Done: {Type: Succeed}
"""
FAILING = TASKS.replace("WORK", "raise ValueError('no box')")
WORKING = TASKS.replace("WORK", "")
HANGING = TASKS.replace("WORK", "over.wait(60)")


@pytest.fixture
def restart(shell: Any, run: Any, capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """The kernel starts again; what loading the extension says."""

    def restart() -> str:
        default.service().close()
        default.service.cache_clear()
        shell.reset(new_session=False)
        capsys.readouterr()
        notebook.load(shell)
        run("import sfnb")
        return capsys.readouterr().out

    return restart


@pytest.fixture
def cut(run: Any, shell: Any, restart: Callable[[], str]) -> Iterator[str]:
    """After a restart that interrupted the execution `cut` in Pack."""
    over = shell.user_ns["over"] = threading.Event()
    run(HANGING)
    run(ORDERS)
    run("ex = orders.start({'n': 1}, name='cut')\nwhile 'pack' not in calls: assert not ex.wait(0.01)")
    yield restart()
    over.set()


def printed_rows(text: str) -> list[list[str]]:
    return [re.split(r"  +", line) for line in text.splitlines()]


# Where


def test_nothing_is_made_before_a_named_machine_runs(run: Any, tmp_path: Path) -> None:
    file = tmp_path / "data" / "sfnb" / "executions.db"
    run("%asl status")
    run("%asl list")
    run("%%asl --run\nStartAt: A\nStates: {A: {Type: Succeed}}")
    run("sfnb.load('StartAt: A\\nStates: {A: {Type: Succeed}}').run()")
    run("sfnb.executions(); sfnb.resume()")
    assert not file.parent.exists()

    run("%%asl named --run\nStartAt: A\nStates: {A: {Type: Succeed}}")
    assert file.exists()


def test_loading_says_what_was_interrupted(cut: str) -> None:
    assert cut == "1 execution was interrupted: %asl resume\n"


def test_loading_says_nothing_where_nothing_was(run: Any, restart: Callable[[], str]) -> None:
    run(WORKING)
    run(ORDERS + "\n")
    run("%asl run orders")

    assert restart() == ""


def test_the_store_is_a_setting(run: Any, shell: Any, tmp_path: Path) -> None:
    run(f"%config SfnMagic.store = '{tmp_path}/other.db'")
    run("%config SfnMagic.durability = 'normal'")

    assert kept_in(default.service()) == tmp_path / "other.db"
    assert durability_of(default.service()) == "normal"
    assert not (tmp_path / "other.db").exists()
    run(WORKING)
    run(ORDERS)
    run("%asl run orders")
    assert (tmp_path / "other.db").exists()
    assert "normal: " in run("%asl status").texts[0]
    run("%config SfnMagic.durability = 'some'")
    assert durability_of(default.service()) == "normal"
    run("%config SfnMagic.durability = 'memory'")
    assert "end with this process" in run("%asl status").texts[0]


def test_what_is_under_way_stays_where_it_is(run: Any, shell: Any, tmp_path: Path) -> None:
    run("wait = sfnb.load('StartAt: A\\nStates: {A: {Type: Wait, Seconds: 1000, End: true}}', name='wait')")
    run("ex = wait.start()")
    run(f"%config SfnMagic.store = '{tmp_path}/other.db'")

    run("ex.stop(); ex.wait()")
    assert shell.user_ns["ex"].status == "ABORTED"
    assert run("len(sfnb.executions())").value == 0


def test_a_file_that_cannot_be_used_is_said_in_a_line_and_memory_will_do(run: Any, tmp_path: Path) -> None:
    (tmp_path / "bad.db").write_text("no database " * 100)
    run(f"%config SfnMagic.store = '{tmp_path}/bad.db'")
    run(WORKING)

    ran = run(ORDERS)  # the first that looks into the file
    assert ran.error is None
    assert len(ran.printed.splitlines()) == 1
    assert "so executions are kept in memory, and end with this process" in ran.printed
    assert run("%asl run orders -i {}").printed == ""
    assert dict(line.split(maxsplit=1) for line in run("%asl status").texts[0].splitlines())[
        "durability"
    ] == ("memory: executions end with this process")


def test_reloading_keeps_the_store_and_unloading_too(run: Any, shell: Any) -> None:
    store = default.service().store
    notebook.load(shell)
    assert default.service().store is store
    notebook.unload(shell)
    assert default.service().store is store


# Lists


def test_what_was_interrupted_is_called_so_in_lists(run: Any, cut: str) -> None:
    row = printed_rows(run("%asl list").texts[0])[-1]
    assert row[:5] == ["", "orders", "execution", "INTERRUPTED", "cut"]
    header, row = printed_rows(run("%asl store").texts[0])
    assert header == ["execution", "machine", "status", "started", "events", "error"]
    assert row[:3] == ["cut", "orders", "INTERRUPTED"]
    shown = run("%asl show cut")
    assert shown.texts[0].startswith('orders INTERRUPTED\nwas in: "Pack"\nhint: ex.resume()')
    assert "INTERRUPTED" in shown.shown[0]["text/html"]
    assert run("%asl stop --all").texts == ["nothing is running"]


def test_old_executions_are_deleted(run: Any) -> None:
    run(WORKING)
    run(ORDERS)
    run("%asl run orders")

    assert run("%asl store delete").printed.startswith("%asl store delete needs --older-than AGE")
    assert "'3y' is no age" in run("%asl store delete --older-than 3y").printed
    assert run("%asl store delete --older-than 1d").texts[0].startswith("deleted 0 executions")
    assert (
        run("%asl store delete --older-than 0m --status failed").texts[0].startswith("deleted 0 executions")
    )
    assert run("%asl store delete --older-than 0m").texts[0].startswith("deleted 1 execution begun before")
    assert run("%asl store").texts[0].endswith("no executions")


def test_a_store_that_is_not_there_yet(run: Any) -> None:
    assert run("%asl store").texts[0].startswith("there is no file of executions")


def test_what_was_interrupted_can_be_looked_into(run: Any, cut: str) -> None:
    view = run("sfnb.get_execution('cut').view()").value

    assert view.trace["status"] == "RUNNING"
    assert len(view.trace["visit_state"]) == 2


# Going on


def test_resume_goes_on_after_the_cell_that_defines_what_is_missing(run: Any, shell: Any, cut: str) -> None:
    waiting = run("r = %asl resume\nr")
    assert waiting.texts[0].splitlines()[:2] == [
        "1 execution waits for functions",
        "  orders cut waits: in Pack; needs pack",
    ]
    assert "WAITS" in waiting.shown[0]["text/html"]
    assert "def pack(payload): ..." in waiting.shown[0]["text/html"]

    ran = run(
        "@sfnb.task\ndef pack(order): return helped(order)\nbefore = len(r.executions)\n"
        "def helped(order): return {**order, 'helped': True}"
    )
    assert shell.user_ns["before"] == 0
    assert "resumed: orders cut, in Pack" in ran.printed
    assert run("r.wait(20); r.executions[0].output").value == {"n": 1, "helped": True}
    assert run("%asl resume").texts == ["no execution is interrupted"]


def test_resume_takes_names_and_a_manner(run: Any, cut: str) -> None:
    run(WORKING)
    assert run("%asl resume nobody").texts[0].splitlines()[0] == "1 execution cannot go on"
    assert run("%asl resume cut --on-lost sometimes").printed.startswith("%asl resume: argument --on-lost")

    run("r = %asl resume cut --on-lost fail")
    run("r.wait(20)")
    assert run("sfnb.get_execution('cut').error").value == "TaskLost"


def test_resume_may_skip_waits_that_were_waited_for_before(
    run: Any, shell: Any, restart: Callable[[], str]
) -> None:
    run("%%asl nap --no-draw\nStartAt: A\nStates: {A: {Type: Wait, Seconds: 1000, End: true}}")
    run("ex = nap.start({'n': 1}, name='cut')\nwhile len(ex.log) < 3: assert not ex.wait(0.01)")
    restart()

    run("r = %asl resume cut --skip-waits")
    assert run("r.wait(20)").value is True
    assert run("sfnb.get_execution('cut').output").value == {"n": 1}


def test_redrive_goes_on_with_the_function_as_it_is_now(run: Any, shell: Any) -> None:
    run(FAILING)
    failed = run(ORDERS.replace("orders", 'orders --run -i {"n": 1}'))
    assert "hint: ex.redrive() goes on from there" in failed.texts[0]
    assert "ex.redrive()" in failed.shown[0]["text/html"]
    run(WORKING)

    again = run("%asl redrive ex")
    assert again.error is None
    assert again.texts[0].startswith('orders SUCCEEDED\noutput: {"n":1,"packed":true}')
    assert shell.user_ns["calls"] == ["pack"]
    assert "cannot be redriven" in run("%asl redrive ex").printed


def test_redrive_under_another_definition(run: Any, shell: Any) -> None:
    run(FAILING)
    run(ORDERS.replace("orders", "orders --run --no-draw --expect FAILED"))
    run(
        ORDERS.replace("orders", "mended --name orders").replace(
            "{Type: Task, Resource: pack, Next: Done}", "{Type: Pass, Result: mended, Next: Done}"
        )
    )

    assert (
        run("%asl redrive ex --definition mended").texts[0].startswith('orders SUCCEEDED\noutput: "mended"')
    )
    assert "there is no state machine 'mendde'; did you mean \"mended\"?" in (
        run("%asl redrive ex --definition mendde").printed
    )


def test_fork_binds_the_new_execution(run: Any, shell: Any) -> None:
    run(WORKING)
    run(ORDERS)
    run('%asl run orders -i {"n": 1} -o first --no-draw')

    assert run('%asl fork first Pack -i {"n": 2} -o second --no-draw').texts == [
        'orders SUCCEEDED\noutput: {"n":2,"packed":true}'
    ]
    assert shell.user_ns["second"].origin == shell.user_ns["first"].arn
    assert run("%asl fork first Done").value.output == {"n": 1, "packed": True}
    assert shell.user_ns["calls"] == ["charge", "pack", "pack"]
    assert 'the state "pakc" is not there; did you mean "Pack"?' in run("%asl fork first pakc").printed
    assert "there is no execution 'frist'; did you mean \"first\"?" in run("%asl fork frist Pack").printed


def test_a_fork_that_fails_fails_the_cell_and_is_bound(run: Any, shell: Any) -> None:
    run(WORKING)
    run(ORDERS)
    run("%asl run orders -i {} -o first --no-draw")

    ran = run('%asl fork first Pack -i {} -m {"Pack":1} -o second')
    assert ran.error is not None
    run("answers = {'Pack': sfnb.Throw('Bad')}")
    ran = run("%asl fork first Pack -i {} -m answers -o second --no-draw")
    assert ran.printed == 'orders FAILED in "Pack": Bad\nThe Execution is in second.\n'
    assert shell.user_ns["second"].error == "Bad"
    assert run("%asl fork first Pack -m answers --expect FAILED --no-draw").error is None


def test_at_and_diff_show_what_they_say(run: Any, shell: Any) -> None:
    run(WORKING)
    run(ORDERS)
    run('%asl run orders -i {"n": 1} -o a --no-draw')
    run('%asl run orders -i {"n": 2} -o b --no-draw')

    assert run("%asl at a 3").value.event.id == 3
    assert run("%asl at a Pack").texts[0].startswith("orders RUNNING after event")
    assert not run("%asl diff a b").value.same
    assert run("%asl diff a a").value.same


def test_the_latest_is_one_of_this_session(run: Any, restart: Callable[[], str]) -> None:
    run(WORKING)
    run(ORDERS)
    run("%asl run orders -i {} --no-draw")
    restart()
    assert len(run("%asl history").value) > 0
    run("%%asl other\nStartAt: A\nStates: {A: {Type: Fail}}")

    assert "Fail" not in str(run("%asl history").value.type.tolist())
    run("%asl run other --expect FAILED --no-draw")
    assert "FailStateEntered" in list(run("%asl history").value.type)


def test_without_an_execution_there_is_nothing_to_show(run: Any) -> None:
    for line in ("%asl redrive ex", "%asl fork ex A", "%asl at ex 1", "%asl diff a b"):
        assert isinstance(run(line).error, Usage)
