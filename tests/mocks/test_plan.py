"""Plans as a caller writes them."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.errors import StatesError
from sfnb.machine import load_machine
from sfnb.mocks import InvalidMock, Mocks, Return, Throw, mocks_of
from sfnb.service import StepFunctions
from sfnb.values import Payload

TREE: dict[str, Any] = {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "f", "End": True}}}


def answers(given: Any, count: int) -> list[Any]:
    mocks = mocks_of({"A": given}, TREE, ["A"])
    return [told(mocks.answer("A")) for _ in range(count)]


def told(answer: Any) -> Any:
    if isinstance(answer, Payload):
        return answer.value
    return (answer.error, answer.cause) if isinstance(answer, StatesError) else answer


@pytest.mark.parametrize("given", [{"paid": True}, Return({"paid": True})])
def test_one_answer_is_the_answer_of_every_call(given: Any) -> None:
    assert answers(given, 3) == [{"paid": True}] * 3


def test_a_list_has_the_answers_of_one_call_after_another() -> None:
    assert answers([Throw("E", "c"), Throw("F"), {"n": 1}], 3) == [("E", "c"), ("F", None), {"n": 1}]


def test_a_call_after_the_last_fails_and_says_why() -> None:
    *_, (error, cause) = answers([1, 2], 3)

    assert error == "States.Runtime"
    assert cause.startswith("The mock of state 'A' has answers for 2 calls, and this is call 3")


def test_a_list_as_the_result_itself() -> None:
    assert answers(Return([1, 2]), 2) == [[1, 2], [1, 2]]


def test_a_function_is_handed_on() -> None:
    def charge(order: Any) -> Any:
        return order

    assert answers([charge, 1], 2) == [charge, 1]


def test_states_count_apart() -> None:
    mocks = mocks_of({"A": [1, 2], "B": [3]}, TREE)

    assert [told(mocks.answer(state)) for state in "ABA"] == [1, 3, 2]


def test_a_state_without_a_plan_has_no_answer() -> None:
    assert Mocks({}).answer("A") is None


@pytest.mark.parametrize(
    ("given", "findings"),
    [
        ({"A": []}, ["A: a list has the answers of one call after another, and this one is empty; "
                     "Return([]) answers with an empty list"]),
        ({"Aa": 1}, ["Aa: there is no Task state of this name; did you mean 'A'?"]),
        ({"A": ValueError},
         ["A: ValueError is a class: give Throw(error, cause), or a function that raises"]),
        ({"A": 1, ...: "all"}, ["...: 'auto' is expected, not 'all'"]),
        ("automatic", ["mock='auto' or a mapping of states is expected, not 'automatic'"]),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused(given: Any, findings: list[str]) -> None:
    with pytest.raises(InvalidMock) as refusal:
        mocks_of(given, TREE, ["A"])

    assert list(refusal.value.findings) == findings


def test_a_plan_for_a_state_that_is_no_task_is_refused_though_there_are_no_tasks(
    service: StepFunctions,
) -> None:
    machine = load_machine(
        service, {"StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}, name="m"
    )

    with pytest.raises(InvalidMock, match="P: there is no Task state of this name"):
        machine.start(mock={"P": 1})


def test_every_finding_is_told() -> None:
    with pytest.raises(InvalidMock) as refusal:
        mocks_of({"A": object(), "C": [], "Zebra": 1}, TREE, ["A", "C"])

    assert [finding.partition(":")[0] for finding in refusal.value.findings] == ["A", "C", "Zebra"]
