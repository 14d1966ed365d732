"""A kernel is killed in the midst of a cell, and another one goes on where it was."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.notebook.kernels import Kernel

ORDERS = """%%asl orders --run -i {"id": 7}
StartAt: Charge
States:
  Charge: {Type: Task, Resource: charge, ResultPath: $.charged, Next: Pack}
  Pack: {Type: Task, Resource: pack, ResultPath: $.packed, Next: Ship}
  Ship: {Type: Task, Resource: ship, End: true}
"""
HEAD = "%load_ext sfnb\nimport sfnb, threading\nfrom pathlib import Path"
TASKS = {
    "charge": "@sfnb.task\ndef charge(order):\n    note('charge')\n    return 'paid'",
    "pack": "@sfnb.task\ndef pack(order):\n    note('pack')\n    print('packing')\n    PAUSE\n    return 1",
    "ship": "@sfnb.task\ndef ship(order):\n    note('ship')\n    print('shipping')\n    return order",
}


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """The folder of a kernel that was killed while `pack` ran; what was called stands in `calls`."""
    kernel = Kernel(tmp_path)
    kernel.run(HEAD)
    define(kernel, tmp_path, *TASKS, pause="threading.Event().wait(60)")
    assert kernel.run(ORDERS, kill_at="packing").status == "killed"
    kernel.close()
    return tmp_path


@pytest.fixture
def kernel(killed: Path) -> Iterator[Kernel]:
    """The one that comes after."""
    kernel = Kernel(killed)
    yield kernel
    kernel.close()


def define(kernel: Kernel, folder: Path, *names: str, pause: str = "pass") -> str:
    """Define tasks in a cell; what it printed."""
    note = f"def note(text):\n    with open({str(folder / 'calls')!r}, 'a') as f: f.write(text + '\\n')"
    cell = "\n".join([note, *(TASKS[name].replace("PAUSE", pause) for name in names)])
    ran = kernel.run(cell)
    assert ran.status == "ok", ran.traceback
    return ran.printed


def calls(folder: Path) -> list[str]:
    return (folder / "calls").read_text().split()


def test_a_new_kernel_says_so_and_goes_on_when_the_functions_are_there(kernel: Kernel, killed: Path) -> None:
    assert kernel.run(HEAD).printed == "1 execution was interrupted: %asl resume\n"
    name = kernel.run("sfnb.executions(status='interrupted')['name'][0]").text.strip("'")

    shown = kernel.run("r = %asl resume\nr").text
    assert shown.splitlines() == [
        "1 execution waits for functions",
        f"  orders {name} waits: in Pack; needs pack; will need ship",
        "define what is missing, and it goes on by itself (%asl resume --now: without those needed later):",
        "    @sfnb.task",
        "    def pack(payload): ...",
        "    @sfnb.task",
        "    def ship(payload): ...",
    ]
    assert define(kernel, killed, "pack") == ""
    assert f"resumed: orders {name}, in Pack" in define(kernel, killed, "ship")

    assert (
        kernel.run("r.wait(30), r.executions[0].output").text
        == "(True, {'id': 7, 'charged': 'paid', 'packed': 1})"
    )
    assert calls(killed) == ["charge", "pack", "pack", "ship"]
    assert kernel.run("sfnb.executions()[['machine', 'status']].values.tolist()").text == (
        "[['orders', 'SUCCEEDED']]"
    )


def test_what_resumed_tasks_print_is_seen(kernel: Kernel, killed: Path) -> None:
    kernel.run(HEAD)
    define(kernel, killed, "pack", "ship")

    ran = kernel.run("r = %asl resume\nprint(r)\nassert r.wait(30)")
    assert "1 execution goes on" in ran.printed
    assert -1 < ran.printed.find("packing\n") < ran.printed.find("shipping\n")  # the cell prints beside them


def test_a_task_that_was_lost_may_fail_instead(kernel: Kernel, killed: Path) -> None:
    kernel.run(HEAD)
    define(kernel, killed, "pack", "ship")
    ran = kernel.run("ex = sfnb.get_execution(sfnb.executions().arn[0]); ex.interrupted, ex.status")
    assert ran.text == "(True, 'RUNNING')"
    assert kernel.run("ex").text.splitlines()[0] == "orders INTERRUPTED"
    assert kernel.run("ex.wait()").traceback[-1].endswith("resume() does, or %asl resume")

    assert kernel.run("ex.resume(on_lost='fail').error").text == "'TaskLost'"
    assert calls(killed) == ["charge", "pack"]
    assert kernel.run("ex.redrive().status").text == "'SUCCEEDED'"
    assert calls(killed) == ["charge", "pack", "pack", "ship"]


def test_status_says_where_things_are_and_how_they_stand(kernel: Kernel, killed: Path) -> None:
    kernel.run(HEAD)

    rows = dict(line.split(maxsplit=1) for line in kernel.run("%asl status").text.splitlines())
    assert rows["interrupted"] == "1: %asl resume"
    assert rows["running"] == "0"
    assert rows["durability"].startswith(
        "full: what an execution has done survives the kernel and a power cut"
    )
    assert rows["size"].startswith("1 execution, ")
    assert rows["AWS"] == "not connected"
    assert "orders" in kernel.run("%asl store").text
    assert "INTERRUPTED" in kernel.run("%asl list").text


def test_two_kernels_share_the_file_and_neither_takes_the_others_work(kernel: Kernel, killed: Path) -> None:
    kernel.run(HEAD)
    define(kernel, killed, "pack", "ship", pause="threading.Event().wait(60)")
    kernel.run("r = %asl resume")
    other = Kernel(killed)
    try:
        assert other.run(HEAD).printed == ""
        assert "1 in other processes" in other.run("%asl status").text
        assert other.run("%asl resume").text == "no execution is interrupted"
        refused = other.run("sfnb.resume(sfnb.executions().name[0])").text
        assert "is going on with" in refused
        assert other.run("sfnb.get_execution(sfnb.executions().arn[0]).wait(0.3)").text == "False"
    finally:
        other.close()
