"""Where the functions that tasks call are run."""

from __future__ import annotations

from collections.abc import Callable

from sfnb.engine.ports import Executor
from sfnb.executors.inline import InlineExecutor
from sfnb.executors.threads import ThreadExecutor

EXECUTORS: dict[str, Callable[..., Executor]] = {
    "threads": ThreadExecutor,
    "inline": InlineExecutor,
}
