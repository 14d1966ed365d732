"""Facts told from a history: that a state was retried, that its error was caught."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws import redriven_laws
from machines import TREE, arn_of, distinct
from test_history_read import definition_of, entry, events_of
from test_laws import machines, numbers, run, serving, several

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.history import history
from sfnb.engine.history_facts import told
from sfnb.engine.history_read import read_history
from sfnb.engine.visits import Visit, fold_visits
from sfnb.machine import load_machine
from sfnb.service import StepFunctions


@pytest.fixture(scope="module")
def inline() -> Iterator[StepFunctions]:
    with serving("inline") as service:
        yield service


def again(log: Sequence[ev.Event], tree: TREE) -> list[ev.Event]:
    """A log whose history is all that is known of it."""
    definition = definition_of(tree)
    return list(told(read_history(history(log), definition), definition))


def facts_of(log: Sequence[ev.Event]) -> set[tuple[object, ...]]:
    """What the log says of retries and caught errors."""
    return {
        (type(fact), fact.frame, fact.name, fact.previous_event_id, fact.error, fact.cause, rule)
        for fact in log
        if isinstance(fact, facts.RetryScheduled | facts.ErrorCaught)
        for rule in [fact.retrier if isinstance(fact, facts.RetryScheduled) else fact.catcher]
    }


@several
@given(tree=machines())
def test_what_is_told_is_what_was_so(inline: StepFunctions, tree: TREE) -> None:
    log = list(run(inline, tree).log)
    found = again(log, tree)

    assert events_of(found) == events_of(log)
    assert {fact[:4] for fact in facts_of(found)} <= {fact[:4] for fact in facts_of(log)}
    if any("ResultPathMatchFailure" in str(fact) for fact in facts_of(log)):
        return  # of a Catcher that fails itself, the history does not say with what
    assert facts_of(found) <= facts_of(log)
    if isinstance(log[-1], ev.ExecutionSucceeded):
        assert [shown(visit) for visit in fold_visits(found) if visit.exited_id] == [
            shown(visit) for visit in fold_visits(log) if visit.exited_id
        ]


def shown(visit: Visit) -> tuple[object, ...]:
    return visit.path, visit.iteration, visit.status, visit.error, visit.attempts, visit.entered_id


def test_a_retry_and_a_catch_are_told(inline: StepFunctions) -> None:
    tree = {
        "StartAt": "Work",
        "States": {
            "Work": {
                "Type": "Task",
                "Resource": "work",
                "Parameters": {"fail": "B"},
                "Retry": [{"ErrorEquals": ["A"]}, {"ErrorEquals": ["B"], "MaxAttempts": 2}],
                "Catch": [
                    {"ErrorEquals": ["A"], "Next": "End"},
                    {"ErrorEquals": ["States.ALL"], "Next": "End"},
                ],
                "End": True,
            },
            "End": {"Type": "Succeed"},
        },
    }
    log = list(run(inline, tree).log)
    found = [event for event in again(log, tree) if isinstance(event, facts.Fact)]

    assert facts_of(found) == facts_of(log)
    assert [type(fact).__name__ for fact in found] == ["RetryScheduled", "RetryScheduled", "ErrorCaught"]
    assert [fact.retrier for fact in found if isinstance(fact, facts.RetryScheduled)] == [1, 1]


@several
@given(tree=machines(), data=st.data())
def test_any_history_can_be_forked_at_any_event(tree: TREE, data: st.DataObject) -> None:
    with serving("inline") as service:
        machine = load_machine(service, distinct(tree), name="machine")
        name = f"origin-{next(numbers)}"
        origin = run(service, tree, name)
        first, *rest = again(origin.log, tree)
        plan = next(event for event in origin.log if isinstance(event, facts.ExecutionPlanned))
        elsewhere = arn_of(f"{name}-read")
        service.store.append(elsewhere, [first, plan, *rest], after=0)
        event_id = data.draw(st.integers(1, origin.log[-1].id - 1), label="event")

        live = service.fork_execution(elsewhere, event_id=event_id, machine=machine.record)
        assert live.wait(20)
        redriven_laws(list(service.get_execution_history(live.arn)))


def test_an_error_that_nobody_names_is_told_without_one() -> None:
    tree = {
        "StartAt": "Both",
        "States": {
            "Both": {
                "Type": "Parallel",
                "Branches": [
                    {"StartAt": "No", "States": {"No": {"Type": "Fail", "ErrorPath": "$.why"}}},
                ],
                "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "End"}],
                "End": True,
            },
            "End": {"Type": "Succeed"},
        },
    }
    entries = [
        entry("ParallelStateEntered", 0, name="Both", input="{}"),
        entry("ParallelStateStarted", 1),
        entry("FailStateEntered", 2, name="No", input="{}"),
        entry("ParallelStateFailed", 3),
        entry("ParallelStateExited", 4, name="Both", output="{}"),
    ]
    for number, each in enumerate(entries, 1):
        each["id"] = number
    definition = definition_of(tree)
    (caught,) = [
        event
        for event in told(read_history(entries, definition), definition)
        if isinstance(event, facts.Fact)
    ]

    assert isinstance(caught, facts.ErrorCaught)
    assert (caught.name, caught.error, caught.cause, caught.catcher) == ("Both", None, None, 0)
