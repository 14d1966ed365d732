"""Taking up an execution where its log ends.

Theory of operation. Only the *last visit* of each frame is run again (see `fold`): the state that was open
when the log ended, or the last one that was left. Its code records what it recorded then, and each record is
answered from the log instead of being written; what a task had answered is delivered from the log too.
The order is the log's own: whichever frame the next event belongs to is the one that may go on. A visit that
begins again after a redrive or a fork waits until all of the log has been gone through. Then what is still
open goes on living from there, and what was under way is begun again.

So nothing that has finished is repeated, and a state that was left long ago may have been edited. What a
state was left with is the log's too: where an edited state would now put out something else, the log counts.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sfnb.engine import events as ev
from sfnb.engine.again import make
from sfnb.engine.ending import limit_time
from sfnb.engine.fold import Entry, ReplayMismatch, Standing
from sfnb.errors import ExecutionOwned, StatesError
from sfnb.values import Payload

if TYPE_CHECKING:
    from sfnb.engine.frame import Frame
    from sfnb.engine.run import Ready, Run
    from sfnb.engine.tasks import Invocation


GIVEN_UP = (ev.StateAborted, ev.MapIterationAborted, ev.MapRunAborted)


class Replay:
    """The part of a log that is run again.

    frames: by path, as they come to life again.
    afterwards: what else is to be done once all of the log has been found to fit.
    unseen: the frame that has to go on though the log says nothing of it: it leads to what others do.
    lost: what a call that may have been made and has no answer fails with; None: it is made again.
    """

    def __init__(self, standing: Standing, lost: StatesError | None = None) -> None:
        self.standing = standing
        self._events = deque(standing.records())
        self._left = Counter(event.frame for event in self._events)
        self.frames: dict[ev.FramePath, Frame] = {}
        self.afterwards: list[Callable[[], None]] = []
        self.lost = lost
        self.unseen: Frame | None = None

    @property
    def next(self) -> ev.Event | None:
        return self._events[0] if self._events else None

    @property
    def following(self) -> ev.Event | None:
        """The one after the next."""
        return self._events[1] if len(self._events) > 1 else None

    def calls(self) -> list[Invocation]:
        """Those that the log leaves without an answer, in the order in which they were made."""
        from sfnb.engine.tasks import Invocation

        waiting = [frame.waiting for frame in self.frames.values()]
        calls = [call for call in waiting if isinstance(call, Invocation) and call.open]
        return sorted(calls, key=lambda call: call.scheduled_id or self.standing.last_id)

    def entry(self, frame: ev.FramePath) -> Entry | None:
        """None where the frame had not come to a state yet."""
        return self.standing.entry(frame)

    def has_more(self, frame: ev.FramePath) -> bool:
        """Whether the log says more of a frame."""
        return self._left[frame] > 0

    def is_turn_of(self, frame: Frame) -> bool:
        """Whether the next thing that happened was that this frame entered a state, or went on in one that
        begins again.
        """
        event = self.next
        if event is None or event.frame != frame.path:
            return frame is self.unseen
        return frame.begins_again or isinstance(event, ev.StateEntered)

    def take(self, kind: type[ev.Event], frame: ev.FramePath) -> ev.Event:
        """The next event, which has to be of this kind and frame; raises ReplayMismatch."""
        event = self._events[0]
        if type(event) is not kind or event.frame != frame:
            raise ReplayMismatch(
                f"the log does not fit: it goes on with {event.type}{_where(event)}, the definition with "
                f"{kind.__name__}{_frame(frame)}"
            )
        self._events.popleft()
        self._left[frame] -= 1
        return event


def _where(event: ev.Event) -> str:
    name = getattr(event, "name", None)
    said = f" of '{name}'" if isinstance(name, str) else ""
    return f"{said} (event {event.id}){_frame(event.frame)}"


def _frame(frame: ev.FramePath) -> str:
    return f" in the frame {frame}" if frame else ""


def resume(
    run: Run,
    standing: Standing,
    *,
    lost: StatesError | None = None,
    check: Callable[[Replay], None] | None = None,
    opening: Sequence[ev.Event] = (),
) -> None:
    """Let a new run go on where a log ends.

    What had finished is not done again. Raises ReplayMismatch where the log does not fit, and what `check`
    raises, which is given what has been found; nothing has been called or written then.
    lost: what a call that may have been made before and has no answer fails with; it is made again else.
    opening: what is written before all else that is new, as that the execution is redriven.
    """
    run.store.claim(run.arn)
    record = run.store.find(run.arn)
    if record is None or record.events != standing.count:  # the claim is younger than what was read
        raise ExecutionOwned(f"another process has gone on with {run.arn} in the meantime")
    payload = Payload.of_text(standing.started.input)
    run.written = standing.count
    run.written_at = standing.latest
    for event in opening:
        run.pending.append(event)
        standing.add(event)
    run.last_id = standing.last_id
    run.set_context(payload, standing.started.timestamp, standing.redriven)
    run.now = standing.resumed
    limit_time(run)
    run.replay = again = Replay(standing, lost)
    run.root.begin(payload)
    run.ready.append((run.root, None, None))
    run.sleepers.join()
    run.begin_turn()
    try:
        replay(run)
        if check is not None:
            check(again)
    except BaseException:
        run.forsake()
        raise
    run.replay = None
    run.now = max(run.now, run.clock.now())
    for call in again.calls():
        run.guard(make, call, lost)
    for action in again.afterwards:
        run.guard(action)
    run.turn()


def replay(run: Run) -> None:
    """Go through the log again, answer by answer and step by step as it was."""
    log = run.replay
    assert log is not None
    tries = 0
    while log.next is not None and not run.ended:
        event = log.next
        frame = log.frames.get(event.frame) or log.frames.get(event.frame[:-2])
        if frame is not None and frame.waiting is not None and not isinstance(event, GIVEN_UP):
            frame.waiting.repeat(event)
        if log.next is event:
            ready = _ready(run, event) if tries <= len(log.frames) else None
            if ready is None:
                raise ReplayMismatch(
                    f"the log does not fit: nothing here leads to {event.type}{_where(event)}"
                )
            run.step(*ready)
            log.unseen = None
        tries = tries + 1 if log.next is event else 0


def _ready(run: Run, event: ev.Event) -> Ready | None:
    """The step whose doing `event` is: that of its frame, or one that leads there unseen."""
    for leads in (_is_own, _leads_there):
        for ready in run.ready:
            if leads(run, ready, event):
                run.ready.remove(ready)
                return ready
    return None


def _is_own(run: Run, ready: Ready, event: ev.Event) -> bool:
    """The frame's own doing; what aborts it is that only where it has failed itself."""
    frame, _, failure = ready
    return frame.path == event.frame and (failure is not None or not isinstance(event, GIVEN_UP))


def _leads_there(run: Run, ready: Ready, event: ev.Event) -> bool:
    """The frame has an answer; or it begins a visit again of which the log says nothing: it failed there."""
    frame, _, failure = ready
    log = run.replay
    assert log is not None
    if isinstance(event, GIVEN_UP) and frame.path[: len(event.frame)] == event.frame:
        return False  # to which something is done, by another
    if frame.begins_again and not log.has_more(frame.path):
        log.unseen = frame
        return True
    return frame.state is not None or failure is not None
