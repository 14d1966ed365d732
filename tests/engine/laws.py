"""What is true of every log whose execution has ended."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.events import Event, FramePath
from sfnb.engine.execution import STATUS, fold_execution

SCHEDULED = ("TaskScheduled", "LambdaFunctionScheduled", "ActivityScheduled")
STARTED = ("TaskStarted", "LambdaFunctionStarted", "ActivityStarted")
ANSWERED = tuple(
    f"{kind}{end}"
    for kind in ("Task", "LambdaFunction", "Activity")
    for end in ("Succeeded", "Failed", "TimedOut")
)


def check_laws(log: Sequence[Event]) -> None:
    """Assert all of them."""
    history = [event for event in log if not isinstance(event, facts.Fact)]
    the_ids_count_up(log, history)
    one_terminal_event_ends_it(log)
    time_goes_on(log)
    frames_are_begun_where_they_say(history)
    states_are_left_as_they_were_entered(history)
    groups_end_once(history)
    iterations_end_once(history)
    calls_end_once(history)
    map_runs_end_once(log)
    expressions_fail_in_open_states(history)


def the_ids_count_up(log: Sequence[Event], history: Sequence[Event]) -> None:
    assert [event.id for event in history] == list(range(1, len(history) + 1))
    seen = 0
    for event in log:
        if isinstance(event, facts.Fact):
            assert event.id == 0
            assert event.previous_event_id <= seen, event
        else:
            assert 0 <= event.previous_event_id < event.id, event
            seen = event.id
    frames = {event.id: event.frame for event in history}
    for event in history:
        if event.previous_event_id and not isinstance(event, ev.TERMINAL):
            assert related(frames[event.previous_event_id], event.frame), event


def related(one: FramePath, other: FramePath) -> bool:
    """One frame is the other, lies inside it, or runs in turn with it."""
    short, long = sorted((one, other), key=len)
    return long[: len(short)] == short or (len(one) == len(other) and one[:-1] == other[:-1])


def one_terminal_event_ends_it(log: Sequence[Event]) -> None:
    ends = [event for event in log if isinstance(event, ev.TERMINAL)]
    assert len(ends) == 1
    assert log[-1] is ends[0]
    assert ends[0].frame == ()
    if isinstance(ends[0], ev.ExecutionAborted | ev.ExecutionTimedOut):
        assert ends[0].previous_event_id == 0
    state = fold_execution(log)
    assert state.status == STATUS[type(ends[0])]
    assert (state.start_date, state.stop_date) == (log[0].timestamp, log[-1].timestamp)
    assert (state.output is not None) == (state.status == "SUCCEEDED")


def time_goes_on(log: Sequence[Event]) -> None:
    assert all(one.timestamp <= other.timestamp for one, other in pairwise(log))


def frames_are_begun_where_they_say(history: Sequence[Event]) -> None:
    by_id = {event.id: event for event in history}
    for event in history:
        if event.frame:
            *parent, started, index = event.frame
            begun = by_id[started]
            assert isinstance(begun, ev.MapStateStarted | ev.ParallelStateStarted), event
            assert begun.frame == tuple(parent)
            assert begun.id < event.id
            assert index < getattr(begun, "length", index + 1)


def states_are_left_as_they_were_entered(history: Sequence[Event]) -> None:
    left_open = states_are_left_once(history)
    if isinstance(history[-1], ev.ExecutionSucceeded):
        assert left_open <= failed_frames(history)


def states_are_left_once(history: Sequence[Event]) -> set[FramePath]:
    """The frames whose last state has not been left."""
    open_states: dict[FramePath, str] = {}
    for event in history:
        if isinstance(event, ev.StateEntered):
            assert event.frame not in open_states, event
            open_states[event.frame] = event.name
        elif isinstance(event, ev.StateExited):
            assert open_states.pop(event.frame, None) == event.name, event
        elif isinstance(event, ev.StateAborted):
            assert open_states.pop(event.frame, None) is not None, event
    return set(open_states)


def failed_frames(history: Sequence[Event]) -> set[FramePath]:
    """Frames that ended in a Fail state, or with a state that failed; those have no event of their own."""
    ended = set()
    for event in history:
        if isinstance(event, ev.MapIterationFailed | ev.FailStateEntered | ev.EvaluationFailed):
            ended.add(event.frame)
        if isinstance(
            event, ev.ParallelStateFailed | ev.MapStateFailed | ev.MapStateStarted | ev.ParallelStateStarted
        ):
            inner = next(e for e in history if e.id == event.previous_event_id).frame
            ended |= {inner} if len(inner) > len(event.frame) else set()
    return ended


def groups_end_once(history: Sequence[Event]) -> None:
    """A Map or Parallel that began says how it went before its state is left; a retry begins it again."""
    under_way: dict[FramePath, str] = {}
    entered: dict[FramePath, str] = {}
    for event in history:
        kind, _, what = event.type.partition("State")
        if what == "Entered":
            entered[event.frame] = kind
        elif isinstance(event, ev.EvaluationFailed) and entered[event.frame] in ("Map", "Parallel"):
            under_way[event.frame] = entered[event.frame]  # before it began, or of its Output: it fails
        if kind in ("Map", "Parallel"):
            if what in ("Succeeded", "Failed"):
                assert under_way.pop(event.frame, None) == kind, event
            elif what == "Started":
                under_way[event.frame] = kind
            elif what == "Exited":
                assert event.frame not in under_way, event
            elif what == "Aborted":
                under_way.pop(event.frame, None)


def iterations_end_once(history: Sequence[Event]) -> None:
    iterations: dict[FramePath, str] = {}
    lengths = {
        (*event.frame, event.id): event.length for event in history if isinstance(event, ev.MapStateStarted)
    }
    for event in history:
        if isinstance(event, ev.MapIterationStarted):
            assert event.frame not in iterations, event
            assert event.index == event.frame[-1]
            iterations[event.frame] = "open"
        elif isinstance(event, ev.MapIterationSucceeded | ev.MapIterationFailed | ev.MapIterationAborted):
            assert iterations[event.frame] == "open", event
            iterations[event.frame] = event.type
    if isinstance(history[-1], ev.ExecutionSucceeded):
        assert "open" not in iterations.values()
    for group in {frame[:-1] for frame in iterations}:
        ends = [end for frame, end in iterations.items() if frame[:-1] == group]
        assert len(ends) <= lengths[group]
        assert ends.count("MapIterationFailed") <= 1


def calls_end_once(history: Sequence[Event]) -> None:
    under_way: dict[FramePath, str] = {}
    for event in history:
        if event.type in SCHEDULED:
            assert event.frame not in under_way, event
            under_way[event.frame] = event.type
        elif event.type in STARTED:
            assert under_way[event.frame] in SCHEDULED, event
            under_way[event.frame] = event.type
        elif event.type in ANSWERED:
            assert under_way.pop(event.frame) in STARTED, event
        elif isinstance(event, ev.TaskStateAborted):
            under_way.pop(event.frame, None)
        elif isinstance(event, ev.TaskStateExited):
            assert event.frame not in under_way, event


def map_runs_end_once(log: Sequence[Event]) -> None:
    """A map run begins in a Map that has begun, reads once, and says how it went before the Map does."""
    under_way: dict[FramePath, str] = {}
    begun: set[FramePath] = set()
    for event in log:
        if isinstance(event, ev.MapStateStarted):
            begun.add(event.frame)
        elif isinstance(event, ev.MapRunStarted):
            assert event.frame in begun, event
            assert event.frame not in under_way, event
            under_way[event.frame] = "open"
        elif isinstance(event, facts.ItemsRead):
            assert under_way[event.frame] == "open", event
            under_way[event.frame] = "read"
        elif isinstance(event, facts.MapRunResult):
            assert under_way[event.frame] in ("open", "read"), event
            under_way[event.frame] = "done"
        elif isinstance(event, ev.MapRunSucceeded):
            assert under_way.pop(event.frame) == "done", event
        elif isinstance(event, ev.MapRunFailed | ev.MapRunAborted):
            assert under_way.pop(event.frame) in ("open", "read"), event
        elif event.type in ("MapStateSucceeded", "MapStateFailed", "MapStateAborted", "MapStateExited"):
            assert event.frame not in under_way, event
    if isinstance(log[-1], ev.ExecutionSucceeded):
        assert not under_way


def expressions_fail_in_open_states(history: Sequence[Event]) -> None:
    """It is the open state's field, or one of a Catcher of it, that could not be evaluated."""
    open_states: dict[FramePath, str] = {}
    for event in history:
        if isinstance(event, ev.StateEntered):
            open_states[event.frame] = event.name
        elif isinstance(event, ev.EvaluationFailed):
            assert event.state == open_states[event.frame], event
            assert event.error == "States.QueryEvaluationError"
            assert f"'{event.state}'" in (event.cause or "")


def redriven_laws(log: Sequence[Event]) -> None:
    """Those of a log in which states are begun again without being entered again."""
    history = [event for event in log if not isinstance(event, facts.Fact)]
    assert [event.id for event in history] == list(range(1, len(history) + 1))
    time_goes_on(log)
    frames_are_begun_where_they_say(history)
    ends = [event for event in log if isinstance(event, ev.TERMINAL)]
    redrives = [event for event in log if isinstance(event, ev.ExecutionRedriven)]
    assert log[-1] is ends[-1]
    assert len(ends) == len(redrives) + 1
    assert [event.redrive_count for event in redrives] == list(range(1, len(ends)))
    # One that was given up is begun again without a word, and may be left then.
    states_are_left_once([event for event in history if not isinstance(event, ev.StateAborted)])
    assert "Internal error" not in (getattr(log[-1], "cause", None) or "")
