"""The laws of the log, for machines that chance has made up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy
from laws import check_laws
from machines import TREE, distinct, frozen, history, parallel, single
from msgspec import structs

import sfnb
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.limits import Limits
from sfnb.engine.visits import fold_items, fold_visits
from sfnb.execution import Execution
from sfnb.executors import EXECUTORS
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

MOST_EVENTS = 300
INVOKE = "arn:aws:states:::lambda:invoke"
PASSES: list[TREE] = [
    {},
    {"Result": {"n": 1}},
    {"ResultPath": None},
    {"Parameters": {"id.$": "States.UUID()"}},
]
PAYLOADS: list[TREE] = [
    {},
    {"fail": "A"},
    {"fail": "B"},
    {"fail.$": "States.ArrayGetItem(States.Array('A', 'B', ''), $$.State.RetryCount)"},
]
ERRORS = ("A", "B", "States.Timeout", "States.TaskFailed")


def work(payload: Any) -> Any:
    """Succeed, fail or print, as the payload says."""
    if isinstance(payload, dict) and payload.get("fail"):
        raise sfnb.TaskError(payload["fail"], "asked for")
    print("worked")
    return {"worked": True}


def names_of_errors() -> SearchStrategy[list[str]]:
    return st.one_of(
        st.just(["States.ALL"]), st.lists(st.sampled_from(ERRORS), min_size=1, max_size=2, unique=True)
    )


@st.composite
def recovery(draw: DrawFn, targets: list[str]) -> TREE:
    """Retry and Catch, or neither; States.ALL at the end only."""
    fields: TREE = {}
    if draw(st.booleans()):
        retrier = {
            "ErrorEquals": draw(names_of_errors()),
            "MaxAttempts": draw(st.integers(0, 2)),
            "JitterStrategy": draw(st.sampled_from(["NONE", "FULL"])),
        }
        fields["Retry"] = [retrier]
    if draw(st.booleans()):
        path = draw(st.sampled_from(["$", "$.e", None]))
        fields["Catch"] = [
            {
                "ErrorEquals": draw(names_of_errors()),
                "ResultPath": path,
                "Next": draw(st.sampled_from(targets)),
            }
        ]
    return fields


@st.composite
def states_at_work(draw: DrawFn, targets: list[str], depth: int) -> TREE:
    """A state that goes on to the next one, without its Next."""
    kinds = ["Pass", "Task", "Wait", "Choice", *(["Parallel", "Map"] * 2 if depth else [])]
    kind = draw(st.sampled_from(kinds))
    match kind:
        case "Pass":
            return {"Type": "Pass", **draw(st.sampled_from(PASSES))}
        case "Task":
            payload = draw(st.sampled_from(PAYLOADS))
            call = draw(st.sampled_from(["work", INVOKE]))
            parameters = {"FunctionName": "work", "Payload": payload} if call == INVOKE else payload
            return {"Type": "Task", "Resource": call, "Parameters": parameters, **draw(recovery(targets))}
        case "Wait":
            return {"Type": "Wait", "Seconds": draw(st.integers(0, 5))}
        case "Choice":
            test = draw(st.sampled_from(["$.n", "$.e", "$$.Map"]))
            return {
                "Type": "Choice",
                "Choices": [
                    {
                        "Variable": test,
                        "IsPresent": draw(st.booleans()),
                        "Next": draw(st.sampled_from(targets)),
                    }
                ],
            }
        case "Parallel":
            branches = draw(st.lists(machines(depth - 1), min_size=1, max_size=3))
            return {"Type": "Parallel", "Branches": branches, **draw(recovery(targets))}
    concurrency = draw(st.integers(0, 2))
    each = draw(machines(depth - 1))
    items = f"$$.Execution.Input.{draw(st.sampled_from(['none', 'one', 'few']))}"
    return {
        "Type": "Map",
        "ItemsPath": items,
        "MaxConcurrency": concurrency,
        "ItemProcessor": each,
        **draw(recovery(targets)),
    }


@st.composite
def machines(draw: DrawFn, depth: int = 2) -> TREE:
    """A chain of states with ways between them, backwards too: the history's bound ends them all."""
    names = [f"S{n}" for n in range(draw(st.integers(1, 4)))]
    states: TREE = {}
    for name, following in pairwise(names):
        state = draw(states_at_work(names, depth))
        states[name] = state | {"Default" if state["Type"] == "Choice" else "Next": following}
    states[names[-1]] = draw(
        st.sampled_from(
            [
                {"Type": "Succeed"},
                {"Type": "Pass", "End": True},
                {"Type": "Fail", "Error": "A"},
                {"Type": "Fail"},
            ]
        )
    )
    return {"StartAt": names[0], "States": states}


@contextmanager
def serving(executor: str) -> Iterator[StepFunctions]:
    service = StepFunctions(executor=EXECUTORS[executor](), limits=Limits(history_events=MOST_EVENTS))
    service.registry.functions["work"] = work
    yield service
    service.close()


@pytest.fixture(scope="module")
def inline() -> Iterator[StepFunctions]:
    """Tasks run at once, so that equal machines have equal logs."""
    with serving("inline") as service:
        yield service


@pytest.fixture(scope="module")
def threaded() -> Iterator[StepFunctions]:
    with serving("threads") as service:
        yield service


INPUT = {"n": 1, "none": [], "one": [1], "few": [{"n": 1}, {}, {"e": 1}]}
numbers = iter(range(1_000_000))


def run(service: StepFunctions, tree: TREE, name: str | None = None) -> Execution:
    name = name or f"run-{next(numbers)}"
    execution = load_machine(service, distinct(tree), name="machine").start(INPUT, name=name, clock=frozen())
    assert execution.wait(60)
    return execution


several = settings(max_examples=100, deadline=timedelta(minutes=2), suppress_health_check=list(HealthCheck))


@several
@given(tree=machines())
def test_every_log_keeps_the_laws(threaded: StepFunctions, tree: TREE) -> None:
    execution = run(threaded, tree)

    check_laws(execution.log)
    assert len(history(execution)) <= MOST_EVENTS
    assert not (execution.cause or "").startswith("Internal error")


@several
@given(tree=machines())
def test_equal_runs_make_equal_logs(inline: StepFunctions, tree: TREE) -> None:
    one = run(inline, tree)
    with serving("inline") as other:
        assert list(run(other, tree, one.name).log) == list(one.log)


@several
@given(tree=machines(), seconds=st.integers(1, 8))
def test_a_machine_that_is_cut_off_keeps_the_laws(inline: StepFunctions, tree: TREE, seconds: int) -> None:
    execution = run(inline, {**tree, "TimeoutSeconds": seconds})

    check_laws(execution.log)
    duration = execution.duration
    assert duration is not None
    assert duration <= timedelta(seconds=seconds)


@several
@given(tree=machines())
def test_visits_and_items_agree_with_the_log(inline: StepFunctions, tree: TREE) -> None:
    log = list(run(inline, tree).log)

    visits, items = fold_visits(log), fold_items(log)
    assert len(visits) == sum(isinstance(event, ev.StateEntered) for event in log)
    assert len(items) == sum(isinstance(event, ev.MapIterationStarted) for event in log)
    assert all(visit.status != "running" for visit in visits)
    assert all(item.status != "running" for item in items)
    if isinstance(log[-1], ev.ExecutionFailed) and log[-1].id < MOST_EVENTS:
        assert any(visit.status == "failed" for visit in visits)


def test_the_laws_notice_what_is_missing_and_what_is_there_twice(inline: StepFunctions) -> None:
    each = {
        "Type": "Map",
        "ItemsPath": "$.few",
        "ItemProcessor": single({"Type": "Task", "Resource": "work"}),
    }
    log = list(run(inline, single(parallel(single(each), single({"Type": "Pass"})))).log)
    check_laws(log)

    for index, event in enumerate(log):
        if not isinstance(event, facts.Fact):
            for broken in (
                renumbered(log[:index] + log[index + 1 :]),
                renumbered([*log[: index + 1], *log[index:]]),
            ):
                with pytest.raises((AssertionError, KeyError, ValueError)):
                    check_laws(broken)


def renumbered(log: list[ev.Event]) -> list[ev.Event]:
    """The log with ids that count up again, and pointers and frames that follow them."""
    ids = {0: 0}
    for event in log:
        if not isinstance(event, facts.Fact):
            ids[event.id] = len(ids)
    return [
        structs.replace(
            event,
            id=0 if isinstance(event, facts.Fact) else ids[event.id],
            previous_event_id=ids.get(event.previous_event_id, 0),
            frame=tuple(step if place % 2 else ids.get(step, 0) for place, step in enumerate(event.frame)),
        )
        for event in log
    ]
