"""Visits and Map items, from logs made by hand."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from event_logs import Log, after

from sfnb.engine import facts
from sfnb.engine.visits import Status, Visit, fold_items, fold_visits


def outline(visits: Sequence[Visit]) -> list[tuple[str, Status]]:
    return [(visit.state, visit.status) for visit in visits]


def test_a_visit_has_its_place_times_and_payloads() -> None:
    log = Log()
    log.enter("Pass", "A", input='{"n":1}')
    log.exit("Pass", "A", output='{"n":2}')

    assert fold_visits(log.events) == [
        Visit(
            state="A",
            type="Pass",
            path=("A",),
            frame=(),
            iteration=None,
            entered_id=2,
            exited_id=3,
            entered=after(1),
            exited=after(2),
            status="succeeded",
            input='{"n":1}',
            output='{"n":2}',
            error=None,
            cause=None,
            attempts=1,
            tries=((after(1), after(2)),),
            resource=None,
            printed="",
        )
    ]


def test_each_visit_of_a_loop_counts() -> None:
    log = Log()
    for _ in range(3):
        log.enter("Pass", "A")
        log.exit("Pass", "A")

    assert [visit.entered_id for visit in fold_visits(log.events)] == [2, 4, 6]


def test_an_open_visit_is_running() -> None:
    log = Log()
    log.enter("Wait", "Pause")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.exited, visit.exited_id, visit.output) == ("running", None, None, None)
    assert visit.tries == ((after(1), None),)


# Failure, retry, catch


def test_a_failure_that_ends_the_execution() -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("Failed", error="Boom", cause="why")
    log.add("ExecutionFailed", error="Boom", cause="why")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.cause, visit.exited_id) == ("failed", "Boom", "why", None)
    assert visit.exited == after(5)
    assert visit.resource == "lambda:invoke"


def test_a_failure_that_no_event_names_has_the_error_of_the_execution() -> None:
    log = Log()
    log.enter("Pass", "A")
    log.add("ExecutionFailed", error="States.Runtime", cause="no such path")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.cause) == ("failed", "States.Runtime", "no such path")


def test_fail_has_failed_as_soon_as_it_is_entered() -> None:
    log = Log()
    log.enter("Fail", "Stop")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.exited, visit.error) == ("failed", after(1), None)

    log.add("ExecutionFailed", error="E", cause="C")
    [visit] = fold_visits(log.events)
    assert (visit.error, visit.cause) == ("E", "C")


@pytest.mark.parametrize("with_facts", [True, False])
def test_retries_are_attempts_of_one_visit(with_facts: bool) -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("Failed", error="Boom")
    if with_facts:
        log.retry("T", 1, "Boom")
    log.schedule()
    log.answer("Succeeded", output="1")
    log.exit("Task", "T")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.attempts) == ("succeeded", None, 2)
    assert visit.tries == (
        (after(1), after(4)),
        (after(5 + with_facts), after(8 + with_facts)),
    )


def test_a_visit_that_waits_for_its_retry_is_running_and_names_the_error() -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("Failed", error="Boom", cause="why")
    log.retry("T", 1, "Boom")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.cause, visit.attempts) == ("running", "Boom", "why", 1)


def test_attempts_that_schedule_nothing_are_told_by_the_retries() -> None:
    log = Log()
    log.enter("Task", "T")
    log.retry("T", 1, "States.IntrinsicFailure", wait=10)
    log.retry("T", 2, "States.IntrinsicFailure", wait=20)
    log.fact("ErrorCaught", name="T", catcher=0, error="States.IntrinsicFailure", cause="bad")
    log.exit("Task", "T")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.cause) == ("caught", "States.IntrinsicFailure", "bad")
    assert [start for start, _ in visit.tries] == [after(1), after(12), after(23)]


@pytest.mark.parametrize("with_facts", [True, False])
def test_a_caught_failure(with_facts: bool) -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("Failed", error="Boom", cause="why")
    if with_facts:
        log.fact("ErrorCaught", name="T", catcher=1, error="Boom", cause="why")
    log.exit("Task", "T", output='{"Error":"Boom","Cause":"why"}')
    log.enter("Pass", "Handler")
    log.exit("Pass", "Handler")
    log.add("ExecutionSucceeded", output="{}")

    visits = fold_visits(log.events)
    assert outline(visits) == [("T", "caught"), ("Handler", "succeeded")]
    assert (visits[0].error, visits[0].cause, visits[0].exited_id) == ("Boom", "why", 6)


def test_only_the_fact_tells_that_a_failure_without_an_event_was_caught() -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("Succeeded", output="1")
    log.fact("ErrorCaught", name="T", catcher=0, error="States.ResultPathMatchFailure", cause="why")
    log.exit("Task", "T")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error) == ("caught", "States.ResultPathMatchFailure")


# Time-outs and aborts


def test_a_task_that_timed_out() -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("TimedOut", error="States.Timeout")
    log.add("ExecutionFailed", error="States.Timeout")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.cause) == ("timed_out", "States.Timeout", None)


def test_a_time_out_that_was_caught_is_caught() -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("TimedOut", error="States.Timeout")
    log.exit("Task", "T")

    assert outline(fold_visits(log.events)) == [("T", "caught")]


@pytest.mark.parametrize(
    ("end", "status"), [("ExecutionAborted", "aborted"), ("ExecutionTimedOut", "timed_out")]
)
def test_the_end_of_an_execution_ends_what_is_open(end: str, status: Status) -> None:
    log = Log()
    log.enter("Pass", "A")
    log.exit("Pass", "A")
    log.enter("Map", "Each")
    started = log.add("MapStateStarted", length=2)
    for index in range(2):
        log.add("MapIterationStarted", (started, index), name="Each", index=index)
    log.enter("Wait", "Pause", (started, 1))
    log.add(end, after=0)

    visits = fold_visits(log.events)
    assert outline(visits) == [("A", "succeeded"), ("Each", status), ("Pause", status)]
    assert visits[-1].exited == log.events[-1].timestamp
    assert [(item.status, item.input) for item in fold_items(log.events)] == [(status, None), (status, "{}")]


def test_a_visit_aborted_between_two_attempts_is_aborted() -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.answer("Failed", error="Boom")
    log.retry("T", 1, "Boom")
    log.add("ExecutionAborted", after=0)

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.attempts) == ("aborted", 1)


# Parallel


def parallel_log() -> Log:
    """Two branches: a task that fails, and one that runs."""
    log = Log()
    log.enter("Parallel", "Both")
    started = log.add("ParallelStateStarted")
    log.enter("Task", "Left", (started, 0))
    log.enter("Task", "Right", (started, 1))
    log.schedule((started, 0))
    log.schedule((started, 1))
    log.answer("Failed", (started, 0), error="Boom", cause="why")
    return log


def test_a_failed_branch_fails_the_parallel_and_aborts_its_siblings() -> None:
    log = parallel_log()
    log.add("TaskStateAborted", (3, 1))
    log.add("ParallelStateFailed", after=log.tail((3, 0)))
    log.add("ExecutionFailed", error="Boom", cause="why")

    visits = fold_visits(log.events)
    assert outline(visits) == [("Both", "failed"), ("Left", "failed"), ("Right", "aborted")]
    assert [visit.path for visit in visits] == [("Both",), ("Both", 0, "Left"), ("Both", 1, "Right")]
    assert [visit.error for visit in visits] == ["Boom", "Boom", None]
    assert [visit.iteration for visit in visits] == [None, None, None]


def test_aws_may_call_the_state_that_failed_aborted() -> None:
    # TestStateVariablesTemplate_test_parallel_catch_error: the failing branch's task gets the event.
    log = parallel_log()
    log.add("TaskStateAborted", (3, 0))

    assert outline(fold_visits(log.events))[1] == ("Left", "failed")


@pytest.mark.parametrize("kind", ["Fail", "Pass"])
def test_a_branch_that_fails_without_an_error_gets_the_one_that_was_caught(kind: str) -> None:
    log = Log()
    log.enter("Parallel", "Both")
    started = log.add("ParallelStateStarted")
    log.enter("Wait", "Slow", (started, 0))
    failed = log.enter(kind, "Stop", (started, 1))
    log.add("ParallelStateFailed", after=failed)
    log.fact("ErrorCaught", name="Both", catcher=0, error="E", cause="C")
    log.exit("Parallel", "Both")

    visits = fold_visits(log.events)
    assert outline(visits) == [("Both", "caught"), ("Slow", "aborted"), ("Stop", "failed")]
    assert [(visit.error, visit.cause) for visit in visits] == [("E", "C"), (None, None), ("E", "C")]


def test_a_parallel_that_is_retried_ends_its_branches() -> None:
    log = parallel_log()
    log.retry("Both", 1, "Boom", after=log.tail((3, 0)))

    assert outline(fold_visits(log.events)) == [("Both", "running"), ("Left", "failed"), ("Right", "aborted")]

    started = log.add("ParallelStateStarted", after=log.tail((3, 0)))
    for branch, name in enumerate(("Left", "Right")):
        log.enter("Task", name, (started, branch))
        log.exit("Task", name, (started, branch))
    log.add("ParallelStateSucceeded")
    log.exit("Parallel", "Both")

    visits = fold_visits(log.events)
    assert outline(visits)[0] == ("Both", "succeeded")
    assert visits[0].attempts == 2
    assert outline(visits)[3:] == [("Left", "succeeded"), ("Right", "succeeded")]


# Output of tasks


def test_what_a_task_printed_stays_with_its_visit() -> None:
    log = Log()
    log.enter("Task", "T")
    log.schedule()
    log.fact("TaskPrinted", text="one\n")
    log.fact("TaskPrinted", text="two\n")
    scheduled = log.tail(())
    log.answer("TimedOut", error="States.Timeout")
    log.exit("Task", "T")
    log.enter("Pass", "Next")
    late = facts.TaskPrinted(id=0, previous_event_id=scheduled, timestamp=log.now, text="late\n")
    dropped = facts.AnswerDropped(id=0, previous_event_id=scheduled, timestamp=log.now, outcome="succeeded")
    log.events += [late, dropped]

    assert [visit.printed for visit in fold_visits(log.events)] == ["one\ntwo\nlate\n", ""]


# JSONata, variables, map runs


def test_a_failed_evaluation_ends_an_attempt_and_names_the_field() -> None:
    log = Log()
    log.enter("Task", "A")
    for attempt in (1, 2):
        log.add("EvaluationFailed", after=0, state="A", error="E", cause="c", location="Arguments/id")
        if attempt == 1:
            log.fact("RetryScheduled", name="A", retrier=0, attempt=1, until=log.now, error="E")
    log.add("ExecutionFailed", error="E", cause="c")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.cause) == ("failed", "E", "c")
    assert (visit.attempts, visit.location) == (2, "Arguments/id")


def test_a_new_attempt_forgets_where_the_last_one_failed() -> None:
    log = Log()
    log.enter("Task", "A")
    log.add("EvaluationFailed", after=0, state="A", error="E", location="Arguments")
    log.fact("RetryScheduled", name="A", retrier=0, attempt=1, until=log.now, error="E")
    log.add("TaskScheduled", resource_type="a", resource="b", region="r", parameters="{}")
    log.add("TaskFailed", resource_type="a", resource="b", error="F", cause="no")

    [visit] = fold_visits(log.events)
    assert (visit.error, visit.location) == ("F", None)


def test_what_a_visit_assigned_is_told() -> None:
    log = Log()
    log.enter("Pass", "A")
    log.add("PassStateExited", name="A", output="{}", assigned_variables={"x": "[1]"})
    log.enter("Pass", "B")
    log.exit("Pass", "B")

    assert [visit.assigned for visit in fold_visits(log.events)] == [{"x": "[1]"}, None]


def test_each_attempt_of_a_distributed_map_has_its_map_run() -> None:
    log = Log()
    log.enter("Map", "Each")
    for attempt in (1, 2):
        log.add("MapStateStarted", length=7)
        log.add("MapRunStarted", map_run_arn=f"arn:{attempt}")
        log.add("MapRunFailed", error="E", cause="c")
        if attempt == 1:
            log.fact("RetryScheduled", name="Each", retrier=0, attempt=1, until=log.now, error="E")
    log.add("MapStateFailed")
    log.fact("ErrorCaught", name="Each", catcher=0, error="E", cause="c")
    log.exit("Map", "Each")

    [visit] = fold_visits(log.events)
    assert (visit.status, visit.error, visit.attempts) == ("caught", "E", 2)
    assert (visit.map_runs, visit.length) == (("arn:1", "arn:2"), 7)


def test_a_map_run_that_is_given_up_is_aborted() -> None:
    log = Log()
    log.enter("Parallel", "P")
    started = log.add("ParallelStateStarted")
    log.enter("Map", "Each", (started, 0))
    log.add("MapStateStarted", (started, 0), length=0)
    log.add("MapRunStarted", (started, 0), map_run_arn="arn:1")
    log.enter("Fail", "F", (started, 1))
    log.add("MapRunAborted", (started, 0))
    log.add("ParallelStateFailed", after=log.tail((started, 1)))
    log.add("ExecutionFailed", error="E")

    assert outline(fold_visits(log.events)) == [("P", "failed"), ("Each", "aborted"), ("F", "failed")]
