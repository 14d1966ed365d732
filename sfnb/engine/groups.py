"""Frames that run side by side: the branches of a Parallel, the iterations of a Map.

A group starts its frames, as many at a time as are allowed, and gathers their outputs in order. The
first failure aborts the rest and goes to the frame that waits for the group.
Event chains follow AWS's recordings: each frame has a chain of its own, which begins at the group's
Started event, or, where an iteration had to wait for its turn, at the end of the one it followed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.asl.commands import RunBranches, RunIterations
from sfnb.engine import events as ev
from sfnb.engine.frame import Frame
from sfnb.errors import StatesError
from sfnb.values import Json, Payload

if TYPE_CHECKING:
    from sfnb.engine.replay import Replay
    from sfnb.engine.run import Run


class Group:
    """What a frame waits for while others run inside it."""

    def __init__(self, run: Run, parent: Frame, count: int, limit: int) -> None:
        self.run = run
        self.parent = parent
        self.outputs: list[Payload | None] = [None] * count
        self.limit = limit
        self.open: dict[int, Frame] = {}
        self.begun = 0
        self.done = 0
        self.pumping = False
        self.next_previous = parent.last_id
        self.started_id = parent.last_id

    # What differs between branches and iterations

    def make(self, index: int) -> Frame:
        raise NotImplementedError

    def had_begun(self, replay: Replay, index: int) -> bool:
        """Whether a log that is gone through again begins a frame at this point, or had long before."""
        return replay.standing.knows(self.path_of(index))

    def succeeded(self, frame: Frame) -> None:
        """A frame has ended well: record it, and where the chain goes on."""

    def failed(self, frame: Frame) -> None:
        """A frame has failed: record it."""

    def aborted(self, frame: Frame) -> None:
        """A frame was given up: record it."""

    def finish(self) -> None:
        """All frames have ended well: record it."""

    # What is the same

    def pump(self) -> None:
        """Start frames until the limit is reached; each runs as far as it can."""
        if self.pumping:
            return
        self.pumping = True
        replay = self.run.replay
        count = len(self.outputs)
        while self.begun < count and len(self.open) < self.limit and self.parent.waiting is self:
            index = self.begun
            if replay is not None and not self.had_begun(replay, index):
                replay.afterwards.append(self.pump)
                break
            self.begun += 1
            frame = self.open[index] = self.make(index)
            self.run.step(frame, None)
        self.pumping = False
        if self.done == count and self.parent.waiting is self:
            self._complete()

    def path_of(self, index: int) -> ev.FramePath:
        return (*self.parent.path, self.started_id, index)

    def child_succeeded(self, frame: Frame, output: Payload) -> None:
        del self.open[frame.index]
        frame.forget_variables()
        self.outputs[frame.index] = output
        self.done += 1
        self.next_previous = frame.last_id
        self.succeeded(frame)
        self.pump()

    def child_failed(self, frame: Frame, failure: StatesError) -> None:
        del self.open[frame.index]
        self.failed(frame)
        frame.abort()
        self._abort_open()
        self.parent.last_id = frame.last_id
        self.parent.waiting = None
        self.run.ready.append((self.parent, None, failure))

    def repeat(self, event: ev.Event) -> None:
        """What happened inside comes from the frames inside: there may be one to begin."""
        self.pump()

    def cancel(self) -> None:
        """The waiting frame is given up itself."""
        self._abort_open()

    def _abort_open(self) -> None:
        frames = list(self.open.values())
        self.open.clear()
        for frame in frames:
            if self.run.ending:
                frame.stop()
            else:
                frame.abort()
                self.aborted(frame)

    def _complete(self) -> None:
        self.parent.waiting = None
        self.parent.started = False
        self.finish()
        self.run.ready.append((self.parent, self.outputs, None))


class Branches(Group):
    """The branches of a Parallel state; AWS has no event for a branch."""

    def __init__(self, run: Run, parent: Frame, command: RunBranches) -> None:
        parent.record(ev.ParallelStateStarted)
        super().__init__(run, parent, len(command.branches), len(command.branches))
        self.command = command

    def make(self, index: int) -> Frame:
        frame = Frame(
            self.run,
            self.command.branches[index],
            self.path_of(index),
            self.started_id,
            group=self,
            index=index,
            variables=self.parent.variables,
        )
        frame.begin(self.command.input)
        return frame

    def child_failed(self, frame: Frame, failure: StatesError) -> None:
        if self.run.compat.branch_failed:
            failure = StatesError("States.BranchFailed", failure.cause)
        super().child_failed(frame, failure)

    def finish(self) -> None:
        self.parent.last_id = self.next_previous
        self.parent.record(ev.ParallelStateSucceeded, advance=False)


class Iterations(Group):
    """The iterations of an inline Map."""

    def __init__(self, run: Run, parent: Frame, command: RunIterations) -> None:
        count = len(command.inputs)
        parent.record(ev.MapStateStarted, length=count)
        most = run.limits.inline_concurrency
        super().__init__(run, parent, count, min(command.max_concurrency or most, most))
        self.command = command
        assert parent.state is not None
        self.name = parent.state.name

    def make(self, index: int) -> Frame:
        previous = self.started_id if index < self.limit else self.next_previous
        item: dict[str, Json] = {"Item": {"Index": index, "Value": self.command.values[index]}}
        frame = Frame(
            self.run,
            self.command.processor,
            self.path_of(index),
            previous,
            group=self,
            index=index,
            item=item,
            variables=self.parent.variables,
        )
        frame.record(ev.MapIterationStarted, name=self.name, index=index)
        frame.begin(self.command.inputs[index])
        return frame

    def had_begun(self, replay: Replay, index: int) -> bool:
        event = replay.next
        return isinstance(event, ev.MapIterationStarted) and event.frame == self.path_of(index)

    def succeeded(self, frame: Frame) -> None:
        identity = frame.record(ev.MapIterationSucceeded, advance=False, name=self.name, index=frame.index)
        self.parent.last_id = identity

    def failed(self, frame: Frame) -> None:
        frame.record(ev.MapIterationFailed, advance=False, name=self.name, index=frame.index)

    def aborted(self, frame: Frame) -> None:
        frame.record(ev.MapIterationAborted, advance=False, name=self.name, index=frame.index)

    def finish(self) -> None:
        self.parent.record(ev.MapStateSucceeded, advance=False)
