"""Redriving what failed, was aborted or timed out: what had succeeded stays, the rest is done again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from machines import NOON, TREE, chain, distributed, frozen, load, parallel, single
from msgspec import structs

import sfnb
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.engine.fold import ReplayMismatch
from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.service import ExecutionNotRedrivable, StepFunctions
from sfnb.values import Payload

SOON = 60
TASK = {"Type": "Task", "Resource": "work"}
FAIL: TREE = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}
RETRIED = {**TASK, "Retry": [{"ErrorEquals": ["Broken"], "MaxAttempts": 2}]}


class Work:
    """A task that fails for what is in `broken`."""

    def __init__(self, *broken: Any) -> None:
        self.broken = list(broken)
        self.calls: list[Any] = []

    def __call__(self, payload: Any) -> Any:
        self.calls.append(payload)
        if payload in self.broken:
            raise sfnb.TaskError("Broken", f"{payload} will not do")
        return {"done": payload}


def failed(service: StepFunctions, tree: TREE, work: Work, input: Any) -> Execution:
    execution = load(service, tree, work=work).start(input, clock=frozen())
    assert execution.wait(SOON)
    assert execution.status == "FAILED", execution.summary()
    return execution


def redriven(service: StepFunctions, execution: Execution, **options: Any) -> list[ev.Event]:
    """The records that a redrive adds."""
    before = len(list(service.get_execution_history(execution.arn)))
    assert service.redrive_execution(execution.arn, **options).wait(SOON)
    return list(service.get_execution_history(execution.arn))[before:]


def called(work: Work) -> list[Any]:
    return [payload["n"] for payload in work.calls]


def types(events: Sequence[ev.Event]) -> list[str]:
    return [event.type for event in events if event.id]


def test_a_task_that_failed_is_scheduled_again_and_its_state_not_entered_again(
    service: StepFunctions,
) -> None:
    work = Work(1)
    execution = failed(service, chain({"Type": "Pass"}, TASK, {"Type": "Pass"}), work, 1)
    last_id = execution.log[-1].id
    work.broken.clear()

    added = redriven(service, execution)

    assert types(added) == [
        "ExecutionRedriven",
        "LambdaFunctionScheduled",
        "LambdaFunctionStarted",
        "LambdaFunctionSucceeded",
        "TaskStateExited",
        "PassStateEntered",
        "PassStateExited",
        "ExecutionSucceeded",
    ]
    assert [event.id for event in added if event.id] == list(range(last_id + 1, last_id + 9))
    assert [event.previous_event_id for event in added[:2]] == [last_id, last_id + 1]
    assert execution.output == {"done": 1}
    assert work.calls == [1, 1]


def test_the_context_tells_of_the_redrive(service: StepFunctions) -> None:
    context = {"count.$": "$$.Execution.RedriveCount", "start.$": "$$.Execution.StartTime"}
    work = Work(1)
    execution = failed(service, chain(TASK, {"Type": "Pass", "Parameters": context}), work, 1)
    work.broken.clear()

    redriven(service, execution, clock=JumpClock(NOON + timedelta(hours=1), frozen=True))

    assert execution.output == {"count": 1, "start": "2026-01-01T12:00:00.000Z"}
    record = service.find_execution(execution.arn)
    assert record is not None
    assert (record.redrive_count, record.status) == (1, "SUCCEEDED")


def test_retriers_begin_anew(service: StepFunctions) -> None:
    work = Work(1)
    execution = failed(service, single(RETRIED), work, 1)
    assert len(work.calls) == 3

    added = redriven(service, execution)

    assert len(work.calls) == 6
    assert [fact.attempt for fact in added if isinstance(fact, facts.RetryScheduled)] == [1, 2]
    assert execution.status == "FAILED"


def test_it_may_be_redriven_again_and_again(service: StepFunctions) -> None:
    work = Work(1)
    execution = failed(service, single(TASK), work, 1)

    counts = [redriven(service, execution)[0] for _ in range(3)]

    assert [event.redrive_count for event in counts if isinstance(event, ev.ExecutionRedriven)] == [1, 2, 3]
    work.broken.clear()
    redriven(service, execution)
    assert execution.status == "SUCCEEDED"
    assert len(work.calls) == 5


def test_only_the_branches_that_failed_or_were_aborted_run_again(service: StepFunctions) -> None:
    good = chain({**TASK, "Parameters": {"n": "good"}}, {"Type": "Pass"})
    bad = chain({**TASK, "Parameters": {"n": "good"}}, {**TASK, "Parameters": {"n": "bad"}})
    waits = chain({"Type": "Wait", "Seconds": 60}, {**TASK, "Parameters": {"n": "late"}})
    work = Work({"n": "bad"})
    execution = failed(service, single(parallel(good, bad, waits)), work, {})
    assert called(work) == ["good", "good", "bad"]
    work.broken.clear()

    added = redriven(service, execution)

    assert called(work) == ["good", "good", "bad", "bad", "late"]
    assert "ParallelStateStarted" not in types(added)
    assert execution.output == [{"done": {"n": n}} for n in ("good", "bad", "late")]


def test_only_the_items_that_failed_or_never_began_run_again(service: StepFunctions) -> None:
    each = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": chain(TASK)}
    work = Work(3)
    execution = failed(service, single(each), work, [1, 2, 3, 4])
    work.broken.clear()

    added = redriven(service, execution)

    assert work.calls == [1, 2, 3, 3, 4]
    assert types(added).count("MapIterationStarted") == 1
    assert execution.output == [{"done": n} for n in (1, 2, 3, 4)]


def test_what_an_earlier_attempt_of_a_parallel_had_done_does_not_count(service: StepFunctions) -> None:
    state = parallel(
        chain({**TASK, "Parameters": {"n": "good"}}),
        chain({"Type": "Wait", "Seconds": 1}, {**TASK, "Parameters": {"n": "bad"}}),
        Retry=[{"ErrorEquals": ["Broken"], "MaxAttempts": 1}],
    )
    work = Work({"n": "bad"})
    execution = failed(service, single(state), work, {})
    assert called(work) == ["good", "bad"] * 2
    work.broken.clear()

    redriven(service, execution)

    assert called(work) == [*["good", "bad"] * 2, "bad"]
    assert execution.output == [{"done": {"n": n}} for n in ("good", "bad")]


def test_a_parallel_that_failed_with_all_its_results_begins_anew(service: StepFunctions) -> None:
    state = parallel(chain(TASK), ResultSelector={"x.$": "$[0].nothing"})
    work = Work()
    execution = failed(service, single(state), work, 1)

    added = redriven(service, execution)

    assert types(added)[:2] == ["ExecutionRedriven", "ParallelStateStarted"]
    assert work.calls == [1, 1]


def test_a_wait_whose_time_has_passed_is_over_at_once(service: StepFunctions) -> None:
    tree = chain({"Type": "Wait", "Seconds": 60}, {"Type": "Pass"})
    execution = load(service, tree).start({})
    execution.stop()
    assert execution.wait(SOON)
    assert execution.status == "ABORTED"

    start = execution.start_date
    added = redriven(service, execution, clock=JumpClock(start + timedelta(hours=1), frozen=True))

    assert execution.status == "SUCCEEDED"
    assert all(event.timestamp == start + timedelta(hours=1) for event in added)


def test_a_time_out_of_the_machine_counts_anew(service: StepFunctions) -> None:
    tree = {**chain({"Type": "Wait", "Seconds": 60}, {"Type": "Wait", "Seconds": 60}), "TimeoutSeconds": 100}
    execution = load(service, tree).start({}, clock=frozen())
    assert execution.wait(SOON)
    assert execution.status == "TIMED_OUT"

    redriven(service, execution)

    assert execution.status == "SUCCEEDED"


def test_a_fail_state_fails_again_and_a_choice_chooses_again(service: StepFunctions) -> None:
    fail = load(service, FAIL).start({}, clock=frozen())
    fail.wait(SOON)
    assert types(redriven(service, fail)) == ["ExecutionRedriven", "ExecutionFailed"]

    choice = {"Type": "Choice", "Choices": [{"Variable": "$.n", "IsNull": True, "Next": "S"}]}
    tree = {"StartAt": "C", "States": {"C": choice, "S": {"Type": "Succeed"}}}
    none = load(service, tree).start({"n": 1}, clock=frozen())
    none.wait(SOON)
    assert types(redriven(service, none)) == ["ExecutionRedriven", "ExecutionFailed"]


def test_a_token_that_was_given_out_before_answers_no_more(service: StepFunctions) -> None:
    tokens: list[str] = []
    tree = single(
        {
            "Type": "Task",
            "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"token.$": "$$.Task.Token"},
        }
    )
    machine = load(service, tree, It=lambda payload: tokens.append(payload["token"]))
    execution = machine.start({})
    while not tokens:
        execution.wait(0.01)
    service.send_task_failure(tokens[0], "No")
    assert execution.wait(SOON)

    live = service.redrive_execution(execution.arn)
    while len(tokens) < 2:
        live.wait(0.01)

    assert tokens[0] != tokens[1]
    service.send_task_success(tokens[1], "{}")
    assert live.wait(SOON)
    assert execution.status == "SUCCEEDED"


# What is refused


def test_what_succeeded_or_runs_is_not_redriven(service: StepFunctions) -> None:
    well = load(service, single({"Type": "Pass"})).run({})
    with pytest.raises(ExecutionNotRedrivable, match="Execution is SUCCEEDED and cannot be redriven"):
        service.redrive_execution(well.arn)

    running = load(service, single({"Type": "Wait", "Seconds": 99})).start({})
    with pytest.raises(ExecutionNotRedrivable, match="Execution is RUNNING and cannot be redriven"):
        service.redrive_execution(running.arn)


def test_after_fourteen_days_it_is_too_late(service: StepFunctions) -> None:
    execution = failed(service, single(TASK), Work(1), 1)
    with pytest.raises(ExecutionNotRedrivable, match="period exceeded"):
        service.redrive_execution(execution.arn, clock=JumpClock(NOON + timedelta(days=15), frozen=True))


# Edited


def edited(service: StepFunctions, tree: TREE, **tasks: Any) -> StateMachine:
    machine = load_machine(service, tree, name="edited")
    machine.tasks.update(tasks)
    return machine


def test_it_may_go_on_under_another_definition(service: StepFunctions) -> None:
    work = Work(1)
    execution = failed(service, chain({"Type": "Pass", "Result": 1}, TASK), work, 0)
    better = chain({"Type": "Pass", "Result": 1}, {**TASK, "Parameters": {"n.$": "$"}}, {"Type": "Pass"})

    redriven(service, execution, machine=edited(service, better, work=work).record)

    assert execution.output == {"done": {"n": 1}}
    assert work.calls == [1, {"n": 1}]
    record = service.find_execution(execution.arn)
    assert record is not None
    assert "n.$" in service.store.definition(record.definition or "")


def test_what_has_been_left_stays_as_it_was_left(service: StepFunctions) -> None:
    """The last state of an item that has succeeded is edited: its output is the log's."""
    each = {"Type": "Map", "MaxConcurrency": 1}
    work = Work("b")
    before = {**each, "ItemProcessor": chain(TASK, {"Type": "Pass"})}
    after = {**each, "ItemProcessor": chain(TASK, {"Type": "Pass", "Result": "edited"})}
    execution = failed(service, single(before), work, ["a", "b"])
    work.broken.clear()

    redriven(service, execution, machine=edited(service, single(after), work=work).record)

    assert execution.output == [{"done": "a"}, "edited"]


def test_a_definition_that_the_log_does_not_fit_is_refused_and_nothing_is_written(
    service: StepFunctions,
) -> None:
    execution = failed(service, chain({"Type": "Pass"}, TASK), Work(1), 1)
    other = {"StartAt": "Other", "States": {"Other": {"Type": "Pass", "End": True}}}
    before = list(service.get_execution_history(execution.arn))

    with pytest.raises(ReplayMismatch, match="S1"):
        service.redrive_execution(execution.arn, machine=edited(service, other).record)

    assert list(service.get_execution_history(execution.arn)) == before
    assert execution.status == "FAILED"
    assert service.redrive_execution(execution.arn).wait(SOON)


# Distributed Maps


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_only_the_children_that_did_not_succeed_run_again(service: StepFunctions, kind: str) -> None:
    states = {"P": {"Type": "Pass", "Next": "T"}, "T": {**TASK, "End": True}}
    work = Work(2)
    execution = failed(service, single(distributed(states, kind=kind, MaxConcurrency=1)), work, [1, 2, 3])
    assert execution.error == "States.ExceedToleratedFailureThreshold"
    (map_run,) = service.map_runs.of_execution(execution.arn)
    failing = [child.arn for child in map_run.children.values() if child.status == "FAILED"]
    work.broken.clear()

    added = redriven(service, execution)

    assert types(added)[:2] == ["ExecutionRedriven", "MapRunRedriven"]
    assert work.calls == [1, 2, 2, 3]
    assert execution.output == [{"done": n} for n in (1, 2, 3)]
    again = service.map_runs.of_execution(execution.arn)[0]
    assert (again.arn, again.redrive_count, again.items.succeeded) == (map_run.arn, 1, 3)
    child = types(list(service.store.read(failing[0])))
    assert ("ExecutionRedriven" in child) == (kind == "STANDARD")
    assert child.count("PassStateEntered") == 1


def test_a_map_run_is_redriven_as_often_as_its_parent(service: StepFunctions) -> None:
    work = Work(2)
    states = {"T": {**TASK, "End": True}}
    execution = failed(service, single(distributed(states, MaxConcurrency=1)), work, [1, 2])

    for _ in range(2):
        redriven(service, execution)
    work.broken.clear()
    added = redriven(service, execution)

    assert [event.redrive_count for event in added if isinstance(event, ev.MapRunRedriven)] == [3]
    assert work.calls == [1, 2, 2, 2, 2]
    assert execution.status == "SUCCEEDED"


def test_a_map_run_whose_results_were_no_use_is_followed_by_a_new_one(disk: Callable[[], Any]) -> None:
    """Also where that is cut: it has not been redriven itself."""
    each = distributed({"T": {**TASK, "End": True}}, MaxConcurrency=1)
    store = disk()
    service = StepFunctions(store=store, executor=inline(), clock=frozen)
    work = Work()
    execution = failed(service, single({**each, "OutputPath": "$.nope"}), work, [1, 2])
    before = len(store.commits)
    mended = edited(service, single(each), work=work)
    redriven(service, execution, machine=mended.record)
    assert work.calls == [1, 2, 1, 2]

    for commit in range(before + 1, len(store.commits)):
        cut = StepFunctions(store=store.until(commit), executor=inline(), clock=frozen)
        machine = edited(cut, single(each), work=Work())
        assert cut.resume_execution(execution.arn, machine=machine.record, clock=frozen()).wait(SOON)
        events = list(cut.get_execution_history(execution.arn))
        assert types(events).count("MapRunStarted") == 2
        assert "MapRunRedriven" not in types(events), f"cut after commit {commit}"
        cut.close()
    service.close()


# What is told of it


def test_it_is_told_how_often_and_when_it_was_redriven(service: StepFunctions) -> None:
    work = Work(1)
    execution = failed(service, single(TASK), work, 1)
    first = execution.describe()
    later = JumpClock(NOON + timedelta(hours=1), frozen=True)
    redriven(service, execution)
    work.broken.clear()
    redriven(service, execution, clock=later)

    state = execution.describe()

    assert (first.redrive_count, first.redrive_date, first.redrive_status) == (0, None, "REDRIVABLE")
    assert (state.redrive_count, state.redrive_date) == (2, later.now())
    assert (state.redrive_status, state.redrive_status_reason) == (
        "NOT_REDRIVABLE",
        "Execution is SUCCEEDED and cannot be redriven",
    )
    latest = max(event.id for event in execution.log if isinstance(event, ev.ExecutionRedriven))
    before = execution.at(latest - 1).describe()
    assert (before.status, before.redrive_count, before.redrive_status) == ("FAILED", 1, "REDRIVABLE")


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_a_child_is_redriven_by_its_map_run_alone(service: StepFunctions, kind: str) -> None:
    tree = single(distributed({"T": {**TASK, "End": True}}, kind=kind, ToleratedFailureCount=1))
    execution = load(service, tree, work=Work(1)).run([1, 2])

    states = [execution.child(index).describe() for index in (0, 1)]

    assert [state.redrive_status for state in states] == ["REDRIVABLE_BY_MAP_RUN", "NOT_REDRIVABLE"]
    assert [state.redrive_status_reason for state in states] == [
        None,
        "Execution is SUCCEEDED and cannot be redriven",
    ]
    assert not execution.child(0).redrivable
    with pytest.raises(ExecutionNotRedrivable, match="child of a Map Run"):
        service.redrive_execution(execution.child(0).arn)


def test_what_is_told_is_what_a_redrive_would_answer(service: StepFunctions) -> None:
    limits = structs.replace(service.limits, history_events=8)
    machine = load(service, chain(*[{"Type": "Pass"}] * 5), work=Work()).record
    full = service.start_execution(machine, Payload(1), clock=frozen(), limits=limits)
    assert full.wait(SOON)
    state = service.describe_execution(full.arn)

    assert (state.redrive_status, state.redrive_status_reason) == (
        "NOT_REDRIVABLE",
        "Execution history event limit exceeded",
    )
    with pytest.raises(ExecutionNotRedrivable, match="history event limit"):
        service.redrive_execution(full.arn)


# Cut in the midst


@pytest.mark.parametrize(
    ("tree", "input"),
    [
        (chain({"Type": "Pass"}, RETRIED, {"Type": "Wait", "Seconds": 3}, TASK), 2),
        (single(parallel(chain(TASK, TASK), chain({"Type": "Wait", "Seconds": 2}, TASK))), 2),
        (single({"Type": "Map", "MaxConcurrency": 2, "ItemProcessor": chain(TASK, TASK)}), [1, 2, 3, 4]),
        (single(distributed({"T": {**TASK, "End": True}}, MaxConcurrency=2)), [1, 2, 3, 4]),
        (single(distributed({"T": {**TASK, "End": True}}, MaxConcurrency=2, kind="EXPRESS")), [1, 2, 3]),
    ],
    ids=["chain", "parallel", "map", "distributed", "express"],
)
def test_a_redrive_that_is_cut_at_any_commit_goes_on_as_it_would_have(
    tree: TREE, input: Any, disk: Callable[[], Any]
) -> None:
    store = disk()
    service = StepFunctions(store=store, executor=inline(), clock=frozen)
    work = Work(2)
    execution = failed(service, tree, work, input)
    before = len(store.commits)
    work.broken.clear()
    redriven(service, execution)
    whole = outcome(service, execution.arn)
    assert len(store.commits) > before + 1

    for commit in range(before + 1, len(store.commits)):
        cut = StepFunctions(store=store.until(commit), executor=inline(), clock=frozen)
        machine = load(cut, tree, work=Work())
        latest = list(cut.store.read(execution.arn))[-1].timestamp
        live = cut.resume_execution(
            execution.arn, machine=machine.record, clock=JumpClock(latest, frozen=True)
        )
        assert live.wait(SOON)
        assert outcome(cut, execution.arn) == whole, f"cut after commit {commit}"
        cut.close()
    service.close()


def outcome(service: StepFunctions, arn: str) -> tuple[str | None, int]:
    state = service.describe_execution(arn)
    redrives = sum(isinstance(event, ev.ExecutionRedriven) for event in service.store.read(arn))
    return state.output, redrives


def inline() -> Any:
    from sfnb.executors import EXECUTORS

    return EXECUTORS["inline"]()


@pytest.fixture
def disk() -> Callable[[], Any]:
    from test_map_resume import Disk

    return Disk


# What is seen of it


def test_a_visit_that_is_redriven_goes_on_and_is_not_another_one(service: StepFunctions) -> None:
    work = Work(2)
    tree = chain({"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": chain(TASK)}, {"Type": "Pass"})
    execution = failed(service, tree, work, [1, 2, 3])
    assert [(visit.state, visit.status) for visit in execution.trail] == [
        ("S0", "failed"),
        ("S0'", "succeeded"),
        ("S0'", "failed"),
    ]
    work.broken.clear()

    redriven(service, execution)

    assert [(visit.state, visit.status, visit.attempts) for visit in execution.trail] == [
        ("S0", "succeeded", 2),
        ("S0'", "succeeded", 1),
        ("S0'", "succeeded", 2),
        ("S0'", "succeeded", 1),
        ("S1", "succeeded", 1),
    ]
    assert [(item.index, item.status) for item in execution.map_trail] == [
        (0, "succeeded"),
        (1, "succeeded"),
        (2, "succeeded"),
    ]


def test_what_fails_again_has_failed(service: StepFunctions) -> None:
    work = Work({"n": "bad"})
    tree = single(
        parallel(chain({**TASK, "Parameters": {"n": "bad"}}), chain({"Type": "Wait", "Seconds": 9}))
    )
    execution = failed(service, tree, work, {})

    redriven(service, execution)

    statuses = {visit.state: (visit.status, visit.error, visit.attempts) for visit in execution.trail}
    assert statuses["It"] == ("failed", "Broken", 2)
    assert statuses["S0"] == ("failed", "Broken", 2)
    assert statuses["S0'"] == ("aborted", None, 2)
