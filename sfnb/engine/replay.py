"""Taking up an execution where its log ends.

Theory of operation. Only the *last visit* of each frame is run again: the state that was open when the
log ended, or the last one that was left. Its code records what it recorded then, and each record is
answered from the log instead of being written; what a task had answered is delivered from the log too.
The order is the log's own: whichever frame the next event belongs to is the one that may go on. When
the log is used up, what is still open goes on living from there, and what was under way is begun again.

So nothing that has finished is repeated, and a state that was left long ago may have been edited.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.errors import SfnbError
from sfnb.values import Json, Payload, decode

if TYPE_CHECKING:
    from sfnb.engine.frame import Frame
    from sfnb.engine.run import Ready, Run

GROUPS = (ev.ParallelStateStarted, ev.MapStateStarted)
PASSIVE = (facts.TaskPrinted, facts.AnswerDropped)
"""Facts that no state's code records."""


class ReplayMismatch(SfnbError):
    """The definition, or sfnb, does something else than what the log says was done."""


class Entry(msgspec.Struct, frozen=True):
    """Where a frame's last visit began, and the variables that earlier visits had assigned in it."""

    entered: ev.StateEntered
    assigned: dict[str, Json]


class Replay:
    """The part of a log that is run again.

    frames: by path, as they come to life again.
    afterwards: calls to make once all of the log has been found to fit.
    """

    def __init__(self, log: Sequence[ev.Event]) -> None:
        self._entries = last_visits(log)
        self._events = deque(replayed(log, self._entries))
        self._left = Counter(event.frame for event in self._events)
        self.frames: dict[ev.FramePath, Frame] = {}
        self.afterwards: list[Callable[[], None]] = []

    @property
    def next(self) -> ev.Event | None:
        return self._events[0] if self._events else None

    @property
    def following(self) -> ev.Event | None:
        """The one after the next."""
        return self._events[1] if len(self._events) > 1 else None

    def entry(self, frame: ev.FramePath) -> Entry | None:
        """None where the frame had not come to a state yet."""
        return self._entries.get(frame)

    def has_more(self, frame: ev.FramePath) -> bool:
        """Whether the log says more of a frame."""
        return self._left[frame] > 0

    def is_turn_of(self, frame: ev.FramePath) -> bool:
        """Whether the next thing that happened was that this frame entered a state."""
        event = self.next
        return event is not None and event.frame == frame and isinstance(event, ev.StateEntered)

    def take(self, kind: type[ev.Event], frame: ev.FramePath) -> ev.Event:
        """The next event, which has to be of this kind and frame; raises ReplayMismatch."""
        event = self._events[0]
        if type(event) is not kind or event.frame != frame:
            raise ReplayMismatch(
                f"the log does not fit: it goes on with {event.type} (event {event.id}, frame "
                f"{event.frame}), the definition with {kind.__name__} in frame {frame}"
            )
        self._events.popleft()
        self._left[frame] -= 1
        return event


def last_visits(log: Sequence[ev.Event]) -> dict[ev.FramePath, Entry]:
    """The last visit of every frame."""
    entries: dict[ev.FramePath, Entry] = {}
    pending: dict[ev.FramePath, dict[str, str]] = {}
    for event in log:
        if isinstance(event, ev.StateEntered):
            before = entries.get(event.frame)
            assigned = before.assigned if before is not None else {}
            texts = pending.pop(event.frame, None)
            if texts:
                assigned = assigned | {name: decode(text) for name, text in texts.items()}
            entries[event.frame] = Entry(event, assigned)
        elif isinstance(event, ev.StateExited) and event.assigned_variables:
            pending[event.frame] = event.assigned_variables
    return entries


def replayed(log: Sequence[ev.Event], entries: dict[ev.FramePath, Entry]) -> list[ev.Event]:
    """The events of last visits, those inside of last visits included."""
    opened: dict[int, ev.FramePath] = {}
    kept: list[ev.Event] = []
    begun: set[ev.FramePath] = set()
    alive: dict[ev.FramePath, bool] = {(): True}
    for event in log:
        frame = event.frame
        entry = entries.get(frame)
        if entry is not None and event is entry.entered:
            begun.add(frame)
        within = frame in begun or entry is None or isinstance(event, ev.MapIterationStarted)
        if within and isinstance(event, GROUPS):
            opened[event.id] = frame
        if frame not in alive:
            started_id = frame[-2]
            alive[frame] = started_id in opened and alive[opened[started_id]]
        passive = isinstance(event, (ev.ExecutionStarted, *PASSIVE))
        if within and alive[frame] and not passive:
            kept.append(event)
    return kept


def resume(run: Run, log: Sequence[ev.Event]) -> None:
    """Let a new run go on where `log` ends: all events of the execution so far.

    What had finished is not done again. Raises ReplayMismatch where the log does not fit; nothing has
    been called or written then.
    """
    first = log[0]
    if not isinstance(first, ev.ExecutionStarted):
        raise ReplayMismatch(f"a log begins with ExecutionStarted, this one with {first.type}")
    payload = Payload.of_text(first.input)
    run.now = first.timestamp
    run.set_context(payload)
    run.limit_time()
    run.last_id = max(event.id for event in log)
    run.written = len(log)
    run.replay = again = Replay(log)
    run.root.begin(payload)
    run.ready.append((run.root, None, None))
    run.sleepers.join()
    run.begin_turn()
    try:
        replay(run)
    except BaseException:
        run.forsake()
        raise
    for action in again.afterwards:
        run.guard(action)
    run.turn()


def replay(run: Run) -> None:
    """Go through the log again, answer by answer and step by step as it was."""
    log = run.replay
    assert log is not None
    while log.next is not None and not run.ended:
        event = log.next
        frame = log.frames.get(event.frame)
        if frame is not None and frame.waiting is not None:
            frame.waiting.repeat(event)
        if log.next is event:
            run.step(*_ready(run, frame, event))
    run.replay = None


def _ready(run: Run, frame: Frame | None, event: ev.Event) -> Ready:
    """The step whose doing `event` is: that of its frame, or one that leads there unseen."""
    for index, ready in enumerate(run.ready):
        if ready[0] is frame:
            del run.ready[index]
            return ready
    if run.ready:
        return run.ready.popleft()
    raise ReplayMismatch(f"the log does not fit: nothing here leads to {event.type}")
