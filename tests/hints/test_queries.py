"""What to do about a query that fails, about variables, and about mocks."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.execution import Execution
from sfnb.explain import hints
from sfnb.machine import StateMachine, load_machine
from sfnb.mocks import Throw
from sfnb.service import StepFunctions

from .shop import ROWS, run

NOWHERE = "a part of it leads nowhere; $exists(...) ? ... : ... says what to take then"
QUERY_HINTS = [
    (
        "$states.input.m",
        '$states.input has "n", "order", but no "m"; where it may be missing: '
        "$exists($states.input.m) ? $states.input.m : null",
    ),
    (
        "$states.input.order.lines[4]",
        "$states.input.order.lines has 1 item, none at [4]; where it may be missing: "
        "$exists($states.input.order.lines[4]) ? $states.input.order.lines[4] : null",
    ),
    ("$v.totl", '$v has "total", but no "totl": did you mean "total"?; where it may be missing: '
                "$exists($v.totl) ? $v.totl : null"),
    ("$elsewhere", '$elsewhere is not set yet: "Q" would, and the way here did not lead through'),
    ("$limits", "there is no variable $limits: did you mean $limit?"),
    ("$nowhere", "no state sets $nowhere; there are $v, $limit"),
    ("$states.inpt", '$states has input, result, errorOutput, context, but no "inpt": did you mean "input"?'),
    ("$state.input.n", "there is no variable $state: did you mean $states?"),
    ("$state.input.n > 3", "there is no variable $state: did you mean $states?"),
    (
        "$states.input.m > 3",
        '$states.input has "n", "order", but no "m"; where it may be missing, ask first: '
        "$exists($states.input.m)",
    ),
    (
        "$sum($v.total) > $v.totl + 1",
        '$v has "total", but no "totl": did you mean "total"?; where it may be missing, ask first: '
        "$exists($v.totl)",
    ),
    (
        "'$states.input.m' > $elsewhere.x",
        '$elsewhere is not set yet: "Q" would, and the way here did not lead through',
    ),
    (
        "$states.input.order[id > 9]",
        "nothing passes the filter: [$states.input.order[id > 9]] is a list in any case",
    ),
    ("($local := [1]; $local.x)", NOWHERE),
    ("[1].x", NOWHERE),
    ("$flor(3)", "there is no function $flor: did you mean $floor?"),
    ("$eval('1')", "Step Functions has no $eval; $parse(text) reads JSON"),
    ("'a' + 1", "numbers alone are added up: & joins texts, $number(...) makes a number of a text"),
    (
        "1 < 'a'",
        "only two numbers, or two texts, can be compared: $number(...), $string(...) make them alike",
    ),
]  # fmt: skip


def with_variables(service: StepFunctions, **state: Any) -> StateMachine:
    """A machine that sets $v, and might have set $elsewhere, before its state S."""
    choice = {"Type": "Choice", "Choices": [{"Condition": "{% false %}", "Next": "Q"}], "Default": "S"}
    states = {
        "P": {"Type": "Pass", "Assign": {"v": {"total": 3}, "limit": 5}, "Next": "C"},
        "C": choice,
        "Q": {"Type": "Pass", "Assign": {"elsewhere": 1}, "Next": "S"},
        "S": {**state, "End": True},
    }
    return load_machine(service, {"QueryLanguage": "JSONata", "StartAt": "P", "States": states}, name="shop")


@pytest.mark.parametrize(("expression", "hint"), QUERY_HINTS, ids=[each for each, _ in QUERY_HINTS])
def test_a_query_that_fails_has_a_hint(service: StepFunctions, expression: str, hint: str) -> None:
    ended = run(with_variables(service, Type="Pass", Output=f"{{% {expression} %}}"))

    assert ended.error == "States.QueryEvaluationError"
    assert hints(ended) == [hint]


def test_of_a_list_its_items_are_asked_for_a_key(service: StepFunctions) -> None:
    ended = run(with_variables(service, Type="Pass", Output="{% $states.input.rows.q %}"), rows=ROWS)

    assert hints(ended)[0].startswith('$states.input.rows[...] has "p", but no "q"; where it may be missing')


def test_a_field_says_what_it_takes(service: StepFunctions) -> None:
    each = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}
    one = run(with_variables(service, Type="Map", Items="{% $states.input.n %}", ItemProcessor=each))
    other = run(with_variables(service, Type="Wait", Seconds="{% $states.input.order %}"))

    assert hints(one) == [
        "Items takes an array: JSONata makes one item of a list with one item: write [$states.input.n], a "
        "list in any case"
    ]
    assert hints(other) == ["Seconds takes an integer: name the member of the object that holds it"]


@pytest.mark.parametrize(
    ("items", "kept", "any_case"),
    [
        (
            "$states.input.rows[p > 1]",
            "$states.input.rows[p > 1][]",
            "[$states.input.rows[p > 1]]",
        ),
        (
            "$filter($states.input.rows, function($row) { $row.p > 1 })",
            "$filter($states.input.rows, function($row) { $row.p > 1 })[]",
            "[$filter($states.input.rows, function($row) { $row.p > 1 })]",
        ),
    ],
)
def test_a_single_match_is_no_list_and_the_hint_makes_it_one(
    service: StepFunctions, items: str, kept: str, any_case: str
) -> None:
    each = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}

    def over(items: str) -> Execution:
        return run(
            with_variables(service, Type="Map", Items=f"{{% {items} %}}", ItemProcessor=each), rows=ROWS
        )

    assert hints(over(items)) == [
        "Items takes an array: where one item alone passes a filter, there is no list around it: "
        f"write {kept}, or {any_case} where none may pass"
    ]
    assert over(kept).output == over(any_case).output == [{"p": 2}]
    assert over(any_case.replace("> 1", "> 7")).output == []
    assert over(any_case.replace("> 1", "> 0")).output == ROWS


def test_a_variable_that_jsonpath_misses(service: StepFunctions) -> None:
    states = {
        "P": {"Type": "Pass", "Assign": {"count": 1}, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericEquals": 9, "Next": "Q"}],
              "Default": "S"},
        "Q": {"Type": "Pass", "Assign": {"total": 1}, "Next": "S"},
        "S": {"Type": "Pass", "Parameters": {"a.$": "$total"}, "End": True},
    }  # fmt: skip
    ended = run(load_machine(service, {"StartAt": "P", "States": states}))

    assert hints(ended)[0] == '$total is not set yet: "Q" would, and the way here did not lead through'


def test_a_mock_that_has_no_more_answers_speaks_of_retries(service: StepFunctions) -> None:
    task = {"Type": "Task", "Resource": "price", "Retry": [{"ErrorEquals": ["A"]}], "End": True}
    machine = load_machine(service, {"StartAt": "S", "States": {"S": task}})

    ended = machine.run(skip_waits=True, mock={"S": [Throw("A", "b")]})

    assert hints(ended) == ['each attempt is a call: Retry made 2 of "S"']
