from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from sfnb.engine.visits import fold_visits
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.notebook.view_data import (
    SHOWN_CHARACTERS,
    Machine,
    Trace,
    execution_data,
    in_order,
    machine_of,
    trace_of,
    visit_data,
)
from sfnb.renderers.story import Progress
from sfnb.service import StepFunctions
from sfnb.testing import frozen_clock


def fails(payload: Any) -> None:
    raise ValueError("no")


def prints(payload: Any) -> str:
    print("hello")
    return "x" * (2 * SHOWN_CHARACTERS)


@pytest.fixture
def run(service: StepFunctions) -> Any:
    """Runs the states of a machine that starts at "A"."""
    service.registry.functions.update(fails=fails, prints=prints)

    def run(input: object = None, **states: dict[str, Any]) -> Execution:
        machine = load_machine(service, {"StartAt": "A", "States": states}, name="machine")
        return machine.run(input, clock=frozen_clock())

    return run


def look(execution: Execution) -> tuple[Machine, Trace]:
    machine = machine_of(execution.outline, execution.machine_name)
    return machine, trace_of(execution.log, fold_visits(execution.log), machine.states)


def ends(execution: Execution) -> dict[str, tuple[str, str]]:
    """For each state, the type of the event with which its last visit ended, and its status."""
    machine, trace = look(execution)
    types = [trace.types[code] for code in trace.event_type]
    return {
        machine.states[state].name: (types[to - 1] if to else "", machine.looks[status]["status"])
        for state, to, status in zip(trace.visit_state, trace.visit_to, trace.visit_status, strict=True)
    }


def task(resource: str, **fields: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": resource, **({} if "Next" in fields else {"End": True}), **fields}


def parallel(*branches: dict[str, Any]) -> dict[str, Any]:
    starts = [{"StartAt": next(iter(states)), "States": states} for states in branches]
    return {"Type": "Parallel", "Branches": starts, "End": True}


def test_every_state_of_the_picture_has_a_number(run: Any) -> None:
    machine, _ = look(run(A=parallel({"B": {"Type": "Pass", "End": True}})))

    assert [state.path for state in machine.states] == [("A",), ("A", 0, "B")]
    for state in machine.states:
        assert json.dumps(state.path, separators=(",", ":")).replace('"', "&quot;") in machine.svg


def test_events_know_their_visit_and_an_iteration_is_its_maps(run: Any) -> None:
    item = {"StartAt": "B", "States": {"B": {"Type": "Pass", "End": True}}}
    machine, trace = look(run([1, 2], A={"Type": "Map", "ItemProcessor": item, "End": True}))

    told = [
        (trace.types[code], machine.states[trace.visit_state[visit]].name if visit >= 0 else None)
        for code, visit in zip(trace.event_type, trace.event_visit, strict=True)
    ]
    assert told[:4] == [
        ("ExecutionStarted", None),
        ("MapStateEntered", "A"),
        ("MapStateStarted", "A"),
        ("MapIterationStarted", "A"),
    ]
    assert ("PassStateEntered", "B") in told
    assert told[-1] == ("ExecutionSucceeded", None)
    assert trace.visit_items == [None, (0,), (1,)]


def test_a_visit_knows_the_one_before_it_in_its_branch(run: Any) -> None:
    _, trace = look(run(A={"Type": "Pass", "Next": "B"}, B=parallel({"C": {"Type": "Pass", "End": True}})))

    assert trace.visit_after == [-1, 0, -1]


def test_what_exits_ends_with_its_exit(run: Any) -> None:
    caught = task("fails", Catch=[{"ErrorEquals": ["States.ALL"], "Next": "B"}])

    assert ends(run(A=caught, B={"Type": "Succeed"})) == {
        "A": ("TaskStateExited", "caught"),
        "B": ("SucceedStateExited", "succeeded"),
    }


def test_what_fails_ends_with_its_own_failure(run: Any) -> None:
    assert ends(run(A=task("fails"))) == {"A": ("LambdaFunctionFailed", "failed")}
    assert ends(run(A={"Type": "Fail"})) == {"A": ("FailStateEntered", "failed")}


def test_a_failure_that_is_retried_is_no_end(run: Any) -> None:
    execution = run(A=task("fails", Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]))
    _, trace = look(execution)

    failures = [event.id for event in execution.log if event.type == "LambdaFunctionFailed"]
    assert len(failures) == 2
    assert trace.visit_to == failures[1:]


def test_what_is_cut_off_by_a_failure_ends_with_it(run: Any) -> None:
    assert ends(
        run(A=parallel({"B": task("fails")}, {"C": {"Type": "Wait", "Seconds": 9, "End": True}}))
    ) == {
        "A": ("ParallelStateFailed", "failed"),
        "B": ("LambdaFunctionFailed", "failed"),
        "C": ("WaitStateAborted", "aborted"),
    }


def test_what_the_end_of_the_execution_cuts_off_ends_with_it(service: StepFunctions) -> None:
    definition = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 999, "End": True}}}
    execution = load_machine(service, definition).start()
    execution.stop()
    execution.wait()

    assert ends(execution) == {"A": ("ExecutionAborted", "aborted")}


def test_a_trace_of_an_unfinished_log_is_running(run: Any) -> None:
    execution = run(A={"Type": "Pass", "Next": "B"}, B={"Type": "Succeed"})
    machine = machine_of(execution.outline, "machine")

    for length in range(len(execution.log)):
        log = execution.log[:length]
        trace = trace_of(log, fold_visits(log), machine.states)
        assert trace.status == "RUNNING"
        assert len(trace.event_ms) == len(trace.event_visit) == sum(event.id > 0 for event in log)
    assert msgspec.json.decode(msgspec.json.encode(trace), type=Trace) == trace


def test_payloads_are_cut_until_they_are_asked_for(run: Any) -> None:
    execution = run(A=task("prints"))
    visit = execution.trail[0]

    data = visit_data(visit, execution.start_date)
    assert data["printed"] == {"text": "hello\n", "bytes": 6, "cut": False}
    assert data["output"]["cut"]
    assert len(data["output"]["text"]) == SHOWN_CHARACTERS
    assert data["tries"] == [[0.0, 0.0]]

    assert visit_data(visit, execution.start_date, whole="output")["output"] == {
        "text": visit.output,
        "bytes": 2 * SHOWN_CHARACTERS + 2,
        "cut": False,
    }
    assert execution_data(execution.describe())["output"]["cut"]


# Map runs


def distributed(run: Any) -> Execution:
    """Two items of three go through a child each; the second fails."""
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    states = {
        "C": {
            "Type": "Choice",
            "Choices": [{"Variable": "$", "NumericEquals": 2, "Next": "F"}],
            "Default": "P",
        },
        "F": {"Type": "Fail", "Error": "Two"},
        "P": {"Type": "Pass", "End": True},
    }
    processor = {"ProcessorConfig": config, "StartAt": "C", "States": states}
    each = {"Type": "Map", "ItemProcessor": processor, "ToleratedFailureCount": 1, "Next": "Z"}
    ended: Execution = run([1, 2, 3], A=each, Z={"Type": "Pass", "End": True})
    return ended


def test_visits_in_children_begin_with_their_map_run(run: Any) -> None:
    ended = distributed(run)
    trail = fold_visits(ended.log)
    visits, inside = in_order(ended.log, trail, ended.deepened(trail))
    opened = next(event.id for event in ended.log if event.type == "MapRunStarted")

    assert [visit.state for visit in visits] == ["A", "C", "P", "C", "F", "C", "P", "Z"]
    assert inside == dict.fromkeys(range(1, 7), opened)


def test_the_view_is_told_what_became_of_the_children_and_how_far_the_map_is(run: Any) -> None:
    ended = distributed(run)
    machine = machine_of(ended.outline, "machine")
    trail = fold_visits(ended.log)
    visits, inside = in_order(ended.log, trail, ended.deepened(trail))
    progress = [(0, Progress(succeeded=2, failed=1, total=3))]
    trace = trace_of(ended.log, visits, machine.states, inside=inside, progress=progress)

    opened = inside[1]
    assert trace.visit_from == [2, *[opened] * 6, visits[7].entered_id]
    assert trace.visit_to[1:7] == [opened] * 6
    assert trace.visit_after == [-1, -1, 1, -1, 3, -1, 5, 0]
    assert trace.visit_items[3] == (1,)
    assert trace.progress == [(0, opened, {"succeeded": 2, "failed": 1}, 3)]
    assert set(trace.visit_ms) == {str(number) for number in range(1, 7)}
    assert trace.event_visit[opened - 1] == 0


def test_a_failed_evaluation_and_assigned_variables_are_told(run: Any) -> None:
    ended = run(
        A={"Type": "Pass", "QueryLanguage": "JSONata", "Assign": {"x": [1], "y": "é"}, "Next": "B"},
        B={"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $nothing %}", "End": True},
    )
    first, second = (visit_data(visit, ended.start_date) for visit in ended.trail)

    assert json.loads(first["assigned"]["text"]) == {"x": [1], "y": "é"}
    assert (second["error"], second["location"]) == ("States.QueryEvaluationError", "Output")
    assert ends(ended)["B"] == ("EvaluationFailed", "failed")
