"""Any machine that failed may be redriven, any log forked; what is added keeps the laws."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from laws import redriven_laws
from machines import TREE, arn_of, distinct, frozen, single
from test_laws import INPUT, MOST_EVENTS, machines, numbers, serving, several
from test_resume import Commits, drawn, lasting, resumed, whole

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.machine import load_machine


def redriven(
    tree: TREE, log: Sequence[ev.Event], name: str, commits: Commits | None = None
) -> list[ev.Event]:
    """The log once it has been redriven, in another process as it were."""
    with serving("inline") as service:
        service.store = commits or service.store
        machine = load_machine(service, distinct(tree), name="machine")
        service.store.append(arn_of(name), log, after=0)
        clock = JumpClock(log[-1].timestamp, frozen=True)
        live = service.redrive_execution(arn_of(name), machine=machine.record, clock=clock)
        assert live.wait(60)
        return list(service.get_execution_history(arn_of(name)))


def can_be_redriven(log: Sequence[ev.Event]) -> bool:
    return isinstance(log[-1], ev.ExecutionFailed) and log[-1].id < MOST_EVENTS - 1


@several
@given(tree=machines(), data=st.data())
def test_any_failed_machine_can_be_redriven_and_that_be_cut(tree: TREE, data: st.DataObject) -> None:
    name, log = whole(tree)
    if not can_be_redriven(log):
        return
    commits = Commits()
    again = redriven(tree, log, name, commits)

    assert again[: len(log)] == log
    redriven_laws(again)
    lengths = [length for length in commits.lengths if len(log) < length < len(again)]
    cut = drawn(data, lengths)
    if cut is not None:
        assert lasting(resumed(tree, again[:cut], name)) == lasting(again)


def test_a_pause_before_a_retry_lasts_as_long_as_the_log_says() -> None:
    """The redriven branch fails anew without an event: the pause begins later than all that is replayed."""
    states = {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail", "Error": "A"}}
    fails = {"StartAt": "W", "States": states}
    retry = [{"ErrorEquals": ["A"], "MaxAttempts": 1, "IntervalSeconds": 7}]
    tree = single({"Type": "Parallel", "Branches": [fails], "Retry": retry})
    name, log = whole(tree)
    again = redriven(tree, log, name)
    cut = 1 + max(at for at, event in enumerate(again) if isinstance(event, facts.RetryScheduled))
    assert cut == len(log) + 2

    assert resumed(tree, again[:cut], name) == again


@several
@given(tree=machines())
def test_a_redrive_of_a_redrive_keeps_the_laws(tree: TREE) -> None:
    name, log = whole(tree)
    for _ in range(2):
        if can_be_redriven(log):
            log = redriven(tree, log, name)
    redriven_laws(log)


@several
@given(tree=machines(), data=st.data())
def test_any_machine_can_be_forked_at_any_event(tree: TREE, data: st.DataObject) -> None:
    with serving("inline") as service:
        machine = load_machine(service, distinct(tree), name="machine")
        origin = machine.start(INPUT, name=f"origin-{next(numbers)}", clock=frozen())
        assert origin.wait(60)
        log = list(origin.log)
        event_id = data.draw(st.integers(1, log[-1].id - 1), label="event")

        live = service.fork_execution(origin.arn, event_id=event_id)
        assert live.wait(60)
        forked = list(service.get_execution_history(live.arn))

    length = next(index for index, event in enumerate(log) if event.id == event_id) + 1
    assert forked[2:length] == log[2:length]
    redriven_laws(forked)
