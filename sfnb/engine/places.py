"""The frame of each event of a history, found out again from what the events say.

Theory of operation. The chain of `previous_event_id` leads from an event to the frame of the one before it,
or into a frame inside its own: AWS chains what becomes of a Map or Parallel to the last event of the branch
or iteration that decided it. So an event belongs to the nearest frame, from there outwards, in which it could
have happened: where the state that it names is open, or, where it names none, a state of its type. Two kinds
of events begin frames: MapIterationStarted says its index, and the first state of a branch its name, which
the definition knows in one branch only, as names are unique.

After a redrive, the first event of all that begins again points at ExecutionRedriven. It belongs to the first
frame not yet gone on with in which it could have happened. Where several could, nobody can tell which it was.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from msgspec import structs

from sfnb.asl.machine import Definition, walk
from sfnb.asl.states.task import Task
from sfnb.engine import events as ev
from sfnb.engine.again import SCHEDULED
from sfnb.engine.events import Event, FramePath
from sfnb.engine.visits import resource_name

_GROUPS = (ev.MapStateStarted, ev.ParallelStateStarted)
_DONE = (ev.MapStateSucceeded, ev.ParallelStateSucceeded)
_GAVE_UP = (ev.MapStateFailed, ev.ParallelStateFailed)
_MAP_RUN = (ev.MapRunStarted, ev.MapRunSucceeded, ev.MapRunFailed, ev.MapRunRedriven, ev.MapRunAborted)
_ITERATION_ENDS = (ev.MapIterationSucceeded, ev.MapIterationFailed, ev.MapIterationAborted)


class Spot:
    """A frame as far as the history has come.

    entered: of its last visit. left: that has exited. open: it has neither exited nor been aborted.
    group: the event with which the last group in it began; 0: there is none, or it has succeeded.
    under_way: that group has not failed. ended: how the iteration ended, if it has.
    voided: it was open when the execution was redriven, and nothing has happened in it since.
    """

    __slots__ = ("ended", "entered", "group", "left", "open", "path", "under_way", "voided")

    def __init__(self, path: FramePath) -> None:
        self.path = path
        self.entered: ev.StateEntered | None = None
        self.left = self.open = self.under_way = self.voided = False
        self.group = 0
        self.ended: type[Event] | None = None

    def is_in(self, type_: str) -> bool:
        """Whether a state of this type is open."""
        return self.open and type(self.entered).__name__ == f"{type_}StateEntered"

    def is_at(self, name: str) -> bool:
        """Whether the state of this name is open."""
        return self.open and self.entered is not None and self.entered.name == name


Test = Callable[[Spot], bool]


class Places:
    """Finds the frames of a history's events, which it is given in order."""

    def __init__(self, definition: Definition | None = None) -> None:
        self._branches = {} if definition is None else _branches(definition)
        self._resources = {} if definition is None else _resources(definition)
        self._spots: dict[FramePath, Spot] = {(): Spot(())}
        self._frames: dict[int, FramePath] = {0: ()}
        self._begun: Counter[FramePath] = Counter()
        self._kinds: dict[int, type[Event]] = {0: Event}

    def add(self, event: Event) -> Event:
        """The event in its frame."""
        path = self._path(event)
        spot = self._spots.get(path)
        if spot is None:
            spot = self._spots[path] = Spot(path)
        self._frames[event.id] = path
        self._kinds[event.id] = type(event)
        self._note(event, spot)
        return structs.replace(event, frame=path) if path else event

    # Where an event belongs

    def _path(self, event: Event) -> FramePath:
        if isinstance(event, (*ev.TERMINAL, ev.ExecutionStarted, ev.ExecutionRedriven)):
            return ()
        if isinstance(event, ev.StateEntered):
            return self._of_entered(event)
        if isinstance(event, ev.MapIterationStarted):
            return self._of_iteration(event)
        if isinstance(event, _ITERATION_ENDS):
            return self._nearest(event, lambda spot: self._is_item(spot.path, event.name, event.index))
        if isinstance(event, ev.StateExited):
            return self._nearest(event, lambda spot: spot.is_at(event.name))
        if isinstance(event, ev.EvaluationFailed):
            return self._of_evaluation(event)
        if isinstance(event, SCHEDULED):
            return self._nearest(event, lambda spot: self._calls(spot, event), _is_task)
        return self._nearest(event, *_tests(event))

    def _calls(self, spot: Spot, event: Event) -> bool:
        """Whether the open state is a task that calls what the event says."""
        resource = self._resources.get(spot.entered.name, "") if spot.entered else ""
        return _is_task(spot) and f":{resource}".endswith(f":{resource_name(event)}")

    def _of_entered(self, event: ev.StateEntered) -> FramePath:
        around = self._frames.get(event.previous_event_id, ())
        if self._kinds.get(event.previous_event_id) is not ev.ParallelStateStarted:
            return around
        group = (*around, event.previous_event_id)
        index = self._branches.get(event.name, self._begun[group])
        self._begun[group] += 1
        return (*group, index)

    def _of_iteration(self, event: ev.MapIterationStarted) -> FramePath:
        """Where it had to wait, it points at the last event of the iteration whose turn it takes."""
        previous = event.previous_event_id
        if self._kinds.get(previous) is ev.MapStateStarted:
            return (*self._frames[previous], previous, event.index)
        around = self._nearest(event, lambda spot: spot.is_at(event.name))
        return (*around, self._spots[around].group, event.index)

    def _of_evaluation(self, event: ev.EvaluationFailed) -> FramePath:
        """It may point at what came before its state was entered, which for a branch is in another frame."""
        previous = event.previous_event_id
        for spot in reversed(self._spots.values()):
            if spot.is_at(event.state) and spot.entered and spot.entered.previous_event_id == previous:
                return spot.path
        return self._nearest(event, lambda spot: spot.is_at(event.state))

    def _nearest(self, event: Event, *tests: Test) -> FramePath:
        """From the frame of the event before outwards, the first that passes; the tests one after another.

        Where none does, any frame that is alive; then that of the event before.
        """
        start = self._frames.get(event.previous_event_id, ())
        again = self._kinds.get(event.previous_event_id) is ev.ExecutionRedriven
        for test in tests:
            for path in [] if again else _outwards(start):
                if path in self._spots and test(self._spots[path]):
                    return path
        alive = [spot for spot in self._spots.values() if self._is_alive(spot.path)]
        for test in tests:
            found = [spot for spot in alive if test(spot)]
            if found:  # what fails without having done anything is the innermost
                inmost = isinstance(event, (*_GAVE_UP, ev.StateAborted))
                return min(found, key=lambda spot: (not spot.voided, -len(spot.path) * inmost)).path
        return start

    def _is_item(self, path: FramePath, name: str, index: int) -> bool:
        """Whether a frame is this iteration of the Map of this name, and has not ended."""
        return (
            path[-1:] == (index,) and self._spots[path].ended is None and self._spots[path[:-2]].is_at(name)
        )

    def _is_alive(self, path: FramePath) -> bool:
        """Whether each frame around it is still in the group that the frame belongs to."""
        return all(self._spots[inner[:-2]].group == inner[-2] for inner in _outwards(path) if inner)

    # What an event changes

    def _note(self, event: Event, spot: Spot) -> None:
        spot.voided = False
        if isinstance(event, ev.StateEntered):
            spot.entered = event
            spot.open = not isinstance(event, ev.FailStateEntered)
            spot.left = spot.under_way = False
            spot.group = 0
        elif isinstance(event, ev.StateExited):
            spot.open, spot.left = False, True
        elif isinstance(event, ev.StateAborted):
            spot.open = spot.under_way = False
        elif isinstance(event, _GROUPS):
            spot.group, spot.under_way = event.id, True
        elif isinstance(event, _DONE):
            spot.group, spot.under_way = 0, False
        elif isinstance(event, _GAVE_UP):
            spot.under_way = False
        elif isinstance(event, ev.EvaluationFailed):
            spot.under_way = spot.is_in("Map") or spot.is_in("Parallel")
        elif isinstance(event, _ITERATION_ENDS):
            spot.ended = type(event)
        elif isinstance(event, ev.ExecutionRedriven):
            self._begin_again()

    def _begin_again(self) -> None:
        """What had not been left is open again."""
        for path, spot in self._spots.items():
            if spot.ended is not ev.MapIterationSucceeded:
                spot.ended = None
            if spot.entered is not None and not spot.left and self._is_alive(path):
                spot.open = spot.voided = True
                spot.under_way = spot.group != 0


def _tests(event: Event) -> tuple[Test, ...]:
    """In which frames an event that names no state may have happened."""
    of = event.type.partition("State")[0]
    if isinstance(event, ev.StateAborted):
        return (lambda spot: spot.is_in(of),)
    if isinstance(event, (*_DONE, *_GAVE_UP)):
        return (lambda spot: spot.is_in(of) and spot.under_way, lambda spot: spot.is_in(of))
    if isinstance(event, _GROUPS):
        return (
            lambda spot: spot.is_in(of) and (spot.under_way or not spot.group),
            lambda spot: spot.is_in(of),
        )
    if isinstance(event, _MAP_RUN):
        return (lambda spot: spot.is_in("Map"),)
    return (_is_task,)


def _is_task(spot: Spot) -> bool:
    return spot.is_in("Task")


def _outwards(path: FramePath) -> Iterator[FramePath]:
    """A frame and those around it, the innermost first."""
    while path:
        yield path
        path = path[:-2]
    yield ()


def _branches(definition: Definition) -> dict[str, int]:
    """The number of the branch that begins at each state of this name, or goes through it."""
    numbers: dict[str, int] = {}
    for state in walk(definition):
        if state.type == "Parallel":
            for number, (_, part, _) in enumerate(state.parts()):
                numbers |= dict.fromkeys(part.states, number)
    return numbers


def _resources(definition: Definition) -> dict[str, str]:
    """What each task calls, by its name."""
    return {state.name: state.resource for state in walk(definition) if isinstance(state, Task)}
