"""What a run does for each command that comes out of a frame's coroutine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sfnb.asl.commands import (
    BeginMap,
    Command,
    InvokeTask,
    Pause,
    RetryLater,
    RunBranches,
    RunChildren,
    RunIterations,
    StartMapRun,
    WaitUntil,
)
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.frame import Frame
from sfnb.engine.groups import Branches, Iterations
from sfnb.engine.map_run import MapRun
from sfnb.engine.tasks import Invocation
from sfnb.errors import EvaluationError

if TYPE_CHECKING:
    from sfnb.engine.run import Run


def wait_until(run: Run, frame: Frame, command: WaitUntil) -> None:
    if command.moment <= run.now:
        run.go_on(frame, None)
    else:
        frame.waiting = run.at(command.moment, lambda: run.go_on(frame, None))


def retry_later(run: Run, frame: Frame, command: RetryLater) -> None:
    scheduled = frame.fact(
        facts.RetryScheduled,
        name=command.state,
        retrier=command.retrier,
        attempt=command.attempt,
        until=run.now + timedelta(seconds=command.seconds),
        error=command.error,
        cause=command.cause,
    )
    frame.started = False
    frame.waiting = run.at(scheduled.until, lambda: run.go_on(frame, None))


def pause(run: Run, frame: Frame, command: Pause) -> None:
    """The turn is over; this frame goes on in the next one, after those that are ready by then."""
    run.ready.append((frame, None, None))
    run.wake()


def invoke_task(run: Run, frame: Frame, command: InvokeTask) -> None:
    try:
        Invocation(run, frame, command).begin()
    except EvaluationError as fault:
        run.go_on(frame, None, fault)


def run_branches(run: Run, frame: Frame, command: RunBranches) -> None:
    frame.waiting = group = Branches(run, frame, command)
    frame.started = True
    group.pump()


def run_iterations(run: Run, frame: Frame, command: RunIterations) -> None:
    frame.waiting = group = Iterations(run, frame, command)
    frame.started = True
    group.pump()


def begin_map(run: Run, frame: Frame, command: BeginMap) -> None:
    frame.record(ev.MapStateStarted, length=command.length)
    frame.started = True
    run.go_on(frame, None)


def start_map_run(run: Run, frame: Frame, command: StartMapRun) -> None:
    frame.map_run = MapRun(run, frame, command)
    run.on_map_run(frame.map_run)
    run.step(frame, None)  # at once: in a replay, no event leads to the next command


def run_children(run: Run, frame: Frame, command: RunChildren) -> None:
    assert frame.map_run is not None
    frame.map_run.begin(command)


PERFORM: dict[type[Command[Any]], Callable[[Run, Frame, Any], None]] = {
    WaitUntil: wait_until,
    RetryLater: retry_later,
    Pause: pause,
    InvokeTask: invoke_task,
    RunBranches: run_branches,
    RunIterations: run_iterations,
    BeginMap: begin_map,
    StartMapRun: start_map_run,
    RunChildren: run_children,
}
