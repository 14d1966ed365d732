"""Redrive and fork from a user's hands, and long logs a page at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sfnb.errors import DefinitionError, SfnbError
from sfnb.execution import LATEST, LONG_LOG, Execution
from sfnb.explain import REDRIVE, account
from sfnb.machine import StateMachine, load_machine
from sfnb.mocks import Return, Throw
from sfnb.service import ExecutionAlreadyExists, ExecutionNotRedrivable, StepFunctions, TasksMissing
from sfnb.stores.sqlite import SqliteStore
from tests.sessions import task

ORDERS: dict[str, Any] = {
    "StartAt": "Charge",
    "States": {"Charge": task("charge", "Pack"), "Pack": task("pack", "Ship"), "Ship": task("ship")},
}
LOOP: dict[str, Any] = {
    "StartAt": "Less",
    "States": {
        "Less": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, -1)"}, "Next": "Any left?"},
        "Any left?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Less"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    },
}


@pytest.fixture
def calls() -> list[str]:
    return []


@pytest.fixture
def machine(service: StepFunctions, calls: list[str]) -> StateMachine:
    """Charge and Ship work, Pack raises."""
    machine = load_machine(service, ORDERS, name="orders")

    def noting(name: str, fails: bool = False) -> Callable[[Any], Any]:
        def function(payload: Any) -> Any:
            calls.append(name)
            if fails:
                raise ValueError("no box")
            return payload

        return function

    machine.tasks.update(charge=noting("charge"), pack=noting("pack", fails=True), ship=noting("ship"))
    return machine


@pytest.fixture
def failed(machine: StateMachine) -> Execution:
    return machine.run({"n": 1}, name="first")


# Redrive


def test_a_redrive_goes_on_where_it_failed_with_the_function_that_is_there_now(
    machine: StateMachine, failed: Execution, calls: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert (failed.status, failed.redrive_count, failed.redrivable) == ("FAILED", 0, True)
    assert len(failed.events) > 0  # kept, as it cannot change any more

    machine.task("Pack")(lambda payload: print("packing") or "packed")
    assert failed.redrive() is failed
    assert (failed.status, failed.output, failed.redrive_count) == ("SUCCEEDED", "packed", 1)
    assert calls == ["charge", "pack", "ship"]
    assert "ExecutionRedriven" in list(failed.events.type)
    assert capsys.readouterr().out == "packing\n"
    assert not failed.redrivable


def test_a_redrive_may_go_on_under_a_mended_definition(machine: StateMachine, failed: Execution) -> None:
    mended = {**ORDERS["States"], "Pack": {"Type": "Pass", "Result": "mended", "Next": "Ship"}}

    failed.redrive({**ORDERS, "States": mended})
    assert failed.output == "mended"
    assert failed.machine.tree["States"]["Pack"]["Type"] == "Pass"
    assert machine.tree == ORDERS  # it is for this execution alone
    assert failed.machine_name == "orders"


def test_a_machine_that_was_defined_anew_will_do(service: StepFunctions, failed: Execution) -> None:
    mended = {**ORDERS["States"], "Pack": {"Type": "Pass", "Result": "mended", "Next": "Ship"}}

    failed.redrive(load_machine(service, {**ORDERS, "States": mended}, name="orders"))
    assert failed.output == "mended"


def test_a_definition_with_errors_is_refused_before_anything_happens(failed: Execution) -> None:
    with pytest.raises(DefinitionError):
        failed.redrive({"StartAt": "A", "States": {}})
    assert (failed.status, failed.redrive_count) == ("FAILED", 0)


def test_a_redrive_may_be_mocked(failed: Execution, calls: list[str]) -> None:
    failed.redrive(mock={"Pack": [Throw("Declined")], "Ship": "shipped"})
    assert failed.error == "Declined"
    failed.redrive(mock={"Pack": [Return("packed")], "Ship": "shipped"})

    assert (failed.output, failed.redrive_count) == ("shipped", 2)
    assert calls == ["charge", "pack"]


def test_what_succeeded_is_not_redriven(machine: StateMachine, failed: Execution) -> None:
    machine.task("Pack")(lambda payload: payload)
    failed.redrive()

    with pytest.raises(ExecutionNotRedrivable, match="Execution is SUCCEEDED and cannot be redriven"):
        failed.redrive()


def test_a_redrive_without_its_function_says_which(machine: StateMachine, failed: Execution) -> None:
    del machine.tasks["pack"]

    with pytest.raises(TasksMissing, match=r"pack \(state 'Pack'\)"):
        failed.redrive()
    assert failed.status == "FAILED"


def test_a_failure_hints_at_the_redrive_where_that_saves_something(
    machine: StateMachine, failed: Execution
) -> None:
    assert account(failed).hints[-1] == REDRIVE
    assert repr(failed).endswith(f"hint: {REDRIVE}")

    nothing_done = load_machine(machine._service, {"StartAt": "Pack", "States": {"Pack": task("pack")}})
    nothing_done.tasks.update(machine.tasks)
    assert REDRIVE not in account(nothing_done.run()).hints
    on_purpose = {"Charge": task("charge", "Stop"), "Stop": {"Type": "Fail", "Error": "No"}}
    stopped = load_machine(machine._service, {"StartAt": "Charge", "States": on_purpose})
    stopped.tasks.update(machine.tasks)
    assert REDRIVE not in account(stopped.run()).hints


# Fork


def test_a_fork_goes_on_from_a_state_and_leaves_its_origin_alone(
    machine: StateMachine, failed: Execution, calls: list[str]
) -> None:
    fork = failed.fork("Ship", {"n": 2}) if failed.trail[-1].state == "Ship" else None
    assert fork is None
    machine.task("Pack")(lambda payload: {**payload, "packed": True})
    fork = failed.fork("Pack", {"n": 2}, name="second")

    assert (fork.status, fork.output) == ("SUCCEEDED", {"n": 2, "packed": True})
    assert (fork.name, fork.origin, failed.origin) == ("second", failed.arn, None)
    assert (failed.status, failed.redrive_count) == ("FAILED", 0)
    assert calls == ["charge", "pack", "ship"]
    with pytest.raises(ExecutionAlreadyExists):
        failed.fork("Pack", name="second")


def test_a_fork_from_the_last_of_several_visits(service: StepFunctions) -> None:
    looped = load_machine(service, LOOP).run({"n": 3})
    entries = [visit.entered_id for visit in looped.trail if visit.state == "Less"]

    fork = looped.fork("Less", {"n": 5})
    assert len([visit for visit in fork.trail if visit.state == "Less"]) == 2 + 5
    assert looped.fork(event=entries[0]).output == {"n": 0}


def test_a_fork_from_a_state_inside_a_map(service: StepFunctions) -> None:
    inner = {
        "StartAt": "Price",
        "States": {"Price": task("price", "Note"), "Note": {"Type": "Pass", "End": True}},
    }
    each = {"StartAt": "Each", "States": {"Each": {"Type": "Map", "ItemProcessor": inner, "MaxConcurrency": 1,
                                                   "End": True}}}  # fmt: skip
    machine = load_machine(service, each)
    machine.tasks["price"] = lambda n: n * 10

    assert machine.run([1, 2, 3]).fork("Price", 7).output == [10, 20, 70]


def test_a_fork_under_another_definition_with_mocks(machine: StateMachine, failed: Execution) -> None:
    mended = {**ORDERS["States"], "Ship": {"Type": "Pass", "Result": "by hand", "End": True}}

    fork = failed.fork("Pack", definition={**ORDERS, "States": mended}, mock={"Pack": 1})
    assert fork.output == "by hand"
    assert failed.machine.tree == ORDERS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"state": "pakc"},
            'the state "pakc" is not there; did you mean "Pack"?; visited were: "Charge", "Pack"',
        ),
        ({"state": "Ship"}, 'the state "Ship" has not been visited; visited were: "Charge", "Pack"'),
        ({}, "give one of the two"),
        ({"state": "Pack", "event": 3}, "give one of the two"),
        ({"event": 99}, "there is no event 99"),
        ({"event": 3, "input": 1}, "an input is for a state that is entered"),
    ],
)
def test_what_cannot_be_forked_is_said(failed: Execution, given: dict[str, Any], message: str) -> None:
    with pytest.raises(SfnbError) as refused:
        failed.fork(**given)
    assert message in str(refused.value)
    assert len(failed.machine.executions) == 1


# Long logs


@pytest.fixture(params=["memory", "file"])
def looped(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    """An execution with 2,000 rounds."""
    store = SqliteStore(tmp_path / "x.db", durability="normal") if request.param == "file" else None
    service = StepFunctions(store=store)
    yield load_machine(service, LOOP, name="loop").run({"n": 2_000}, name="first")
    service.close()


def test_a_page_has_the_events_after_an_id(looped: Execution) -> None:
    events = looped.events
    for after, limit in ((0, 10), (1, 3), (5_000, 100), (len(events) - 2, 10), (len(events), 10)):
        page = looped.page(after, limit)
        assert list(page.id) == list(events.id[after : after + limit])
        assert list(page.state.astype(object)) == list(events.state[after : after + limit].astype(object)), (
            after
        )
        assert list(page.type) == list(events.type[after : after + limit])


def test_the_newest_page_ends_with_the_last_event(looped: Execution) -> None:
    last = len(looped.events)

    assert list(looped.page(limit=3, newest=True).id) == [last - 2, last - 1, last]
    assert list(looped.page(last - 2, newest=True).id) == [last - 1, last]
    assert list(looped.page(last - 1, newest=True).type) == ["ExecutionSucceeded"]
    assert looped.page(last, newest=True).empty


def test_a_page_of_a_log_with_facts_leaves_no_event_out(service: StepFunctions) -> None:
    machine = load_machine(service, {**LOOP, "States": {**LOOP["States"], "Less": task("less", "Any left?")}})

    def less(payload: Any) -> Any:
        print("printed")
        return {"n": payload["n"] - 1}

    machine.tasks["less"] = less
    events = (execution := machine.run({"n": 20}, on_output=lambda text: None)).events
    pages = [execution.page(after, 7) for after in range(0, len(events), 7)]
    assert [id for page in pages for id in page.id] == list(events.id)
    assert [s for page in pages for s in page.state.astype(object)] == list(events.state.astype(object))


def test_a_very_long_log_shows_the_latest_of_it(looped: Execution, monkeypatch: pytest.MonkeyPatch) -> None:
    assert looped.glance() is looped
    monkeypatch.setattr("sfnb.execution.LONG_LOG", 1_000)
    monkeypatch.setattr("sfnb.execution.LATEST", 100)
    seen = looped.glance()

    assert len(seen.log) == 100
    assert seen.log[-1].type == "ExecutionSucceeded"
    assert (seen.status, seen.output) == ("SUCCEEDED", {"n": 0})
    records = looped.record.events
    assert f"the latest 100 of {records:,} records" in repr(looped)
    assert "Any left?" in looped.graph().svg
    assert looped._repr_mimebundle_()["text/html"]
    assert looped.timeline().svg
    assert looped._kept == {}  # the whole log has not been read


def test_what_a_card_shows_of_a_log_is_a_small_part() -> None:
    assert LATEST * 10 <= LONG_LOG
