"""sfnb: AWS Step Functions state machines in a notebook.

`%load_ext sfnb` adds the magics; everything they do, the functions here do too. Names are imported
when they are first used, so that `import sfnb` costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sfnb import default as default
    from sfnb import mocks as mocks
    from sfnb import testing as testing
    from sfnb.default import executions as executions
    from sfnb.default import get_execution as get_execution
    from sfnb.default import load as load
    from sfnb.default import pull as pull
    from sfnb.default import resume as resume
    from sfnb.default import task as task
    from sfnb.default import use_buckets as use_buckets
    from sfnb.default import use_store as use_store
    from sfnb.default.answers import create_activity as create_activity
    from sfnb.default.answers import get_activity_task as get_activity_task
    from sfnb.default.answers import send_task_failure as send_task_failure
    from sfnb.default.answers import send_task_heartbeat as send_task_heartbeat
    from sfnb.default.answers import send_task_success as send_task_success
    from sfnb.default.answers import task_tokens as task_tokens
    from sfnb.default.reach import aws_client as aws_client
    from sfnb.default.reach import create_connection as create_connection
    from sfnb.default.reach import role as role
    from sfnb.default.reach import use_aws as use_aws
    from sfnb.default.started import dead_letters as dead_letters
    from sfnb.default.started import function as function
    from sfnb.default.started import list_triggers as list_triggers
    from sfnb.default.started import put_event as put_event
    from sfnb.default.started import try_event as try_event
    from sfnb.errors import DefinitionError as DefinitionError
    from sfnb.errors import InvalidInput as InvalidInput
    from sfnb.errors import SfnbError as SfnbError
    from sfnb.errors import StatesError as StatesError
    from sfnb.errors import TaskError as TaskError
    from sfnb.execution import Execution as Execution
    from sfnb.execution import ExecutionFailed as ExecutionFailed
    from sfnb.executors.context import TaskCancelled as TaskCancelled
    from sfnb.executors.context import cancelled as cancelled
    from sfnb.executors.context import heartbeat as heartbeat
    from sfnb.executors.context import sleep as sleep
    from sfnb.machine import StateMachine as StateMachine
    from sfnb.mocks.file import read_mock_file as read_mock_file
    from sfnb.mocks.plan import Return as Return
    from sfnb.mocks.plan import Throw as Throw
    from sfnb.server.client import client as client
    from sfnb.server.serve import serve as serve
    from sfnb.service import StepFunctions as StepFunctions

__version__ = "0.1.0"

_HOMES = {
    "DefinitionError": "sfnb.errors",
    "Execution": "sfnb.execution",
    "ExecutionFailed": "sfnb.execution",
    "InvalidInput": "sfnb.errors",
    "Return": "sfnb.mocks.plan",
    "SfnbError": "sfnb.errors",
    "StateMachine": "sfnb.machine",
    "StatesError": "sfnb.errors",
    "StepFunctions": "sfnb.service",
    "TaskCancelled": "sfnb.executors.context",
    "TaskError": "sfnb.errors",
    "Throw": "sfnb.mocks.plan",
    "aws_client": "sfnb.default.reach",
    "cancelled": "sfnb.executors.context",
    "client": "sfnb.server.client",
    "create_activity": "sfnb.default.answers",
    "create_connection": "sfnb.default.reach",
    "dead_letters": "sfnb.default.started",
    "executions": "sfnb.default",
    "function": "sfnb.default.started",
    "get_activity_task": "sfnb.default.answers",
    "get_execution": "sfnb.default",
    "heartbeat": "sfnb.executors.context",
    "list_triggers": "sfnb.default.started",
    "load": "sfnb.default",
    "put_event": "sfnb.default.started",
    "read_mock_file": "sfnb.mocks.file",
    "pull": "sfnb.default",
    "resume": "sfnb.default",
    "role": "sfnb.default.reach",
    "send_task_failure": "sfnb.default.answers",
    "send_task_heartbeat": "sfnb.default.answers",
    "send_task_success": "sfnb.default.answers",
    "serve": "sfnb.server.serve",
    "sleep": "sfnb.executors.context",
    "task": "sfnb.default",
    "task_tokens": "sfnb.default.answers",
    "try_event": "sfnb.default.started",
    "use_aws": "sfnb.default.reach",
    "use_buckets": "sfnb.default",
    "use_store": "sfnb.default",
}

_MODULES = ("default", "mocks", "testing")
"""Modules that are named as they are: `sfnb.testing.TestClock` needs no import of its own."""

__all__ = [*_HOMES]  # noqa: PLE0604 (a list of the names above)


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name]), name)
        globals()[name] = value
        return value
    if name in _MODULES:
        return importlib.import_module(f"sfnb.{name}")
    raise AttributeError(f"module 'sfnb' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES, *_MODULES})


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext sfnb`: add %%asl and %asl to IPython."""
    from sfnb.notebook import load

    load(shell)


def unload_ipython_extension(shell: Any) -> None:
    from sfnb.notebook import unload

    unload(shell)
