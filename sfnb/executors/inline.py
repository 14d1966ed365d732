"""Calls run at once, in the thread that submits them: for tests, and where there are no threads."""

from __future__ import annotations

import sys
from contextvars import copy_context
from typing import TYPE_CHECKING

from sfnb.engine.ports import Call, Handle, Report
from sfnb.executors.call import perform, plan_of
from sfnb.executors.context import Running

if TYPE_CHECKING:
    from sfnb.executors.awaited import AwaitedCall


class InlineExecutor:
    """`submit` returns when the call has ended and been reported.

    Only an async function inside a running loop goes on after it, on that loop: there is no way to
    wait for it here. While a call runs nothing else does, so `sfnb.sleep` takes real time in it,
    unless the clock wakes it at once.
    """

    def __init__(self) -> None:
        self._awaited: set[AwaitedCall] = set()

    def submit(self, call: Call, report: Report) -> Handle:
        plan = plan_of(call.function)
        running = Running(call, report, is_async=plan.is_async, alone=True)
        run = perform
        if plan.is_async:
            from sfnb.executors import awaited

            loop = sys.modules["asyncio"]._get_running_loop()
            if loop is not None:
                running.alone = False
                call_awaited = awaited.AwaitedCall(running, plan, loop, self._awaited)
                call_awaited.start()
                return call_awaited
            run = awaited.run_alone
        copy_context().run(run, running, plan)
        return running

    def close(self) -> None:
        """Cancel the async calls under way."""
        for handle in list(self._awaited):
            handle.cancel()
