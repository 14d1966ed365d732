"""Taking up an execution where its log was cut: it comes to what it would have come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import check_laws
from machines import TREE, arn_of, chain, distinct, frozen, load, parallel, single
from msgspec import structs
from test_laws import INPUT, machines, numbers, serving, several

import sfnb
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.engine.replay import ReplayMismatch
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.stores.memory import MemoryStore

WAIT = {"Type": "Wait", "Seconds": 3}
TASK = {"Type": "Task", "Resource": "work"}


class Commits(MemoryStore):
    """Remembers how long the log was after each commit: there it can be cut by a crash."""

    def __init__(self) -> None:
        super().__init__()
        self.lengths: list[int] = []

    def append(self, execution: str, events: Sequence[ev.Event], *, after: int) -> None:
        super().append(execution, events, after=after)
        self.lengths.append(after + len(events))


def whole(tree: TREE, commits: Commits | None = None) -> tuple[str, list[ev.Event]]:
    """The name and the log of an execution that nothing interrupts."""
    with serving("inline") as service:
        service.store = commits or service.store
        machine = load_machine(service, distinct(tree), name="machine")
        execution = machine.start(INPUT, name=f"whole-{next(numbers)}", clock=frozen())
        assert execution.wait(60)
        return execution.name, list(execution.log)


def resumed(tree: TREE, log: Sequence[ev.Event], name: str) -> list[ev.Event]:
    """The log of an execution that is taken up, in another process as it were, where `log` ends."""
    with serving("inline") as service:
        machine = load_machine(service, distinct(tree), name="machine")
        arn = f"arn:aws:states:us-east-1:123456789012:execution:machine:{name}"
        service.store.append(arn, log, after=0)
        clock = JumpClock(log[-1].timestamp, frozen=True)
        live = service.resume_execution(arn_of(name), machine=machine.record, clock=clock)
        assert live.wait(60)
        return list(service.get_execution_history(arn))


def drawn(data: st.DataObject, lengths: Sequence[int]) -> int | None:
    """One of the places to cut at; None where there is none.

    A busy machine commits more often: what is drawn must not depend on it, or no example repeats.
    """
    share = data.draw(st.integers(0, 999), label="cut at, in thousandths")
    return lengths[share * len(lengths) // 1000] if lengths else None


def lasting(log: Sequence[ev.Event]) -> list[ev.Event]:
    """Without what a task prints, which it prints again when it is called again, and without the late
    answer of a call that nobody waited for: a crash takes it along.
    """
    return [event for event in log if not isinstance(event, facts.TaskPrinted | facts.AnswerDropped)]


def outcome(log: Sequence[ev.Event]) -> ev.Event:
    """The last event, wherever in the log it stands."""
    return structs.replace(log[-1], id=0, previous_event_id=0)


CASES: dict[str, TREE] = {
    "one after another": chain({"Type": "Pass", "Result": {"n": 1}}, WAIT, TASK, {"Type": "Pass"}),
    "variables": chain(
        {"Type": "Pass", "Assign": {"x": 1}},
        {"Type": "Pass", "Assign": {"y.$": "$x"}},
        WAIT,
        {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}},
    ),
    "branches": single(parallel(chain(WAIT, TASK), chain(TASK, WAIT, {"Type": "Pass"}))),
    "retries": single(
        {
            "Type": "Task",
            "Resource": "work",
            "Parameters": {"fail.$": "States.ArrayGetItem(States.Array('A', 'B', ''), $$.State.RetryCount)"},
            "Retry": [{"ErrorEquals": ["States.ALL"], "JitterStrategy": "FULL"}],
        }
    ),
    "retries of a call whose answer tells the time": single(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Parameters": {
                "FunctionName": "work",
                "Payload": {"fail.$": "States.ArrayGetItem(States.Array('A', 'B', ''), $$.State.RetryCount)"},
            },
            "Retry": [{"ErrorEquals": ["States.ALL"]}],
        }
    ),
    "a Map of few at a time": single(
        {"Type": "Map", "ItemsPath": "$.few", "MaxConcurrency": 2, "ItemProcessor": chain(WAIT, TASK)}
    ),
    "a branch that fails while another waits": {
        "StartAt": "P",
        "States": {
            "P": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "W", "States": {"W": {**WAIT, "Seconds": 9, "End": True}}},
                    {
                        "StartAt": "V",
                        "States": {"V": {**WAIT, "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}},
                    },
                ],
                "Catch": [{"ErrorEquals": ["E"], "Next": "S"}],
                "End": True,
            },
            "S": {"Type": "Succeed"},
        },
    },
}


@pytest.mark.parametrize("tree", CASES.values(), ids=CASES)
def test_every_cut_comes_to_the_same_end(tree: TREE) -> None:
    name, log = whole(tree)
    for cut in range(1, len(log)):
        assert outcome(resumed(tree, log[:cut], name)) == outcome(log), f"cut after {log[cut - 1]}"


@pytest.mark.parametrize("tree", CASES.values(), ids=CASES)
def test_a_log_that_is_cut_at_a_commit_goes_on_as_it_would_have(tree: TREE) -> None:
    commits = Commits()
    name, log = whole(tree, commits)
    assert len(commits.lengths) > 2
    for cut in commits.lengths[:-1]:
        assert lasting(resumed(tree, log[:cut], name)) == lasting(log), f"cut after {log[cut - 1]}"


@several
@given(tree=machines(), data=st.data())
def test_any_machine_cut_at_any_commit_goes_on_as_it_would_have(tree: TREE, data: st.DataObject) -> None:
    commits = Commits()
    name, log = whole(tree, commits)
    cut = drawn(data, commits.lengths[:-1])
    if cut is not None:
        assert lasting(resumed(tree, log[:cut], name)) == lasting(log)


@several
@given(tree=machines(), data=st.data())
def test_any_machine_cut_anywhere_can_be_taken_up(tree: TREE, data: st.DataObject) -> None:
    """Between two commits the order of what happens at the same moment may be another."""
    name, log = whole(tree)
    if len(log) > 1:
        cut = data.draw(st.integers(1, len(log) - 1), label="cut")
        again = resumed(tree, log[:cut], name)
        check_laws(again)
        assert again[:cut] == log[:cut]


def test_what_had_finished_is_not_done_again() -> None:
    calls: list[Any] = []

    def work(payload: Any) -> Any:
        calls.append(payload)
        return payload

    tree = chain(TASK, WAIT, TASK)
    with serving("inline") as service:
        execution: Execution = load(service, tree, work=work).start({}, name="once", clock=frozen())
        assert execution.wait(60)
        log = list(execution.log)
    calls.clear()
    cut = next(i for i, event in enumerate(log) if isinstance(event, ev.WaitStateEntered)) + 1
    with serving("inline") as service:
        machine = load(service, tree, work=work)
        service.store.append(execution.arn, log[:cut], after=0)
        live = service.resume_execution(
            arn_of("once"), machine=machine.record, clock=JumpClock(log[cut - 1].timestamp)
        )
        assert live.wait(60)
    assert len(calls) == 1


def test_a_log_that_does_not_fit_is_shown_and_left_alone() -> None:
    name, log = whole(chain(TASK, WAIT))
    cut = next(i for i, event in enumerate(log) if isinstance(event, ev.WaitStateEntered))
    edited = chain({"Type": "Pass"}, WAIT)
    with serving("inline") as service:
        machine = load_machine(service, edited, name="machine")
        arn = f"arn:aws:states:us-east-1:123456789012:execution:machine:{name}"
        service.store.append(arn, log[:cut], after=0)
        with pytest.raises(ReplayMismatch, match=r"TaskStateEntered .* PassStateEntered"):
            service.resume_execution(arn_of(name), machine=machine.record)
        assert list(service.store.read(arn)) == log[:cut]
    assert issubclass(ReplayMismatch, sfnb.SfnbError)
