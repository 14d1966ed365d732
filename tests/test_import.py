"""`import sfnb` costs next to nothing: everything is imported when it is first used."""

from __future__ import annotations

import subprocess
import sys

import pytest

import sfnb

HEAVY = ("pandas", "dask", "graphviz", "IPython", "asyncio", "msgspec", "yaml", "jsonpath_ng", "ipywidgets")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_importing_sfnb_loads_nothing_heavy() -> None:
    loaded = run(f"import sys, sfnb; print([name for name in {HEAVY!r} if name in sys.modules])")

    assert loaded.strip() == "[]"


def test_running_a_machine_loads_no_pandas_and_no_graphviz() -> None:
    loaded = run(
        "import sys, sfnb\n"
        "sfnb.load({'StartAt': 'A', 'States': {'A': {'Type': 'Succeed'}}}).run().result()\n"
        "print([name for name in ('pandas', 'graphviz', 'IPython', 'jsonpath_ng') if name in sys.modules])"
    )

    assert loaded.strip() == "[]"


def test_the_public_names_are_these() -> None:
    assert sorted(sfnb.__all__) == [
        "DefinitionError",
        "Execution",
        "ExecutionFailed",
        "InvalidInput",
        "Return",
        "SfnbError",
        "StateMachine",
        "StatesError",
        "StepFunctions",
        "TaskCancelled",
        "TaskError",
        "Throw",
        "aws_client",
        "cancelled",
        "client",
        "create_activity",
        "create_connection",
        "dead_letters",
        "executions",
        "function",
        "get_activity_task",
        "get_execution",
        "heartbeat",
        "list_triggers",
        "load",
        "pull",
        "put_event",
        "read_mock_file",
        "resume",
        "role",
        "send_task_failure",
        "send_task_heartbeat",
        "send_task_success",
        "serve",
        "sleep",
        "task",
        "task_tokens",
        "try_event",
        "use_aws",
        "use_buckets",
        "use_store",
    ]


@pytest.mark.parametrize("name", sorted(sfnb.__all__))
def test_a_public_name_can_be_had_and_is_documented(name: str) -> None:
    assert getattr(sfnb, name).__doc__


@pytest.mark.parametrize("name", ["default", "mocks", "testing"])
def test_a_module_of_use_can_be_had_without_its_own_import(name: str) -> None:
    code = (
        f"import sys, sfnb; print('sfnb.{name}' in sys.modules, sfnb.{name}.__name__, '{name}' in dir(sfnb))"
    )

    assert run(code).split() == ["False", f"sfnb.{name}", "True"]


def test_an_unknown_name_says_so() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nope'"):
        _ = sfnb.nope  # type: ignore[attr-defined]


def test_importing_sfnb_takes_less_than_a_tenth_of_a_second() -> None:
    """The best of five: a machine that is busy must not fail it."""
    assert min(import_seconds() for _ in range(5)) < 0.1


def import_seconds() -> float:
    """What it costs a new process to import sfnb with all that it loads, in CPU time."""
    return float(
        run("import time; began = time.process_time(); import sfnb; print(time.process_time() - began)")
    )
