"""Two executions side by side, as a user holds them."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pandas as pd
import pytest

from sfnb.diff import Diff
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.testing import frozen_clock

TREE: dict[str, Any] = {
    "StartAt": "Price",
    "States": {
        "Price": {"Type": "Task", "Resource": "price", "ResultPath": "$.total", "Next": "Dear?"},
        "Dear?": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.total", "NumericGreaterThan": 30, "Next": "Ask"}],
            "Default": "Ship",
        },
        "Ask": {"Type": "Pass", "Assign": {"asked": True}, "Next": "Ship"},
        "Ship": {"Type": "Task", "Resource": "ship", "End": True},
    },
}
Run = Callable[..., Execution]


@pytest.fixture
def run(service: StepFunctions) -> Run:
    """Run the machine with a price, or another machine."""
    prices = {"price": 30}

    def price(order: Any) -> Any:
        return prices["price"]

    def ship(order: Any) -> Any:
        if order["total"] > 100:
            raise ValueError(f"{order['total']} is too much")
        return {"shipped": order["total"]}

    for function in (price, ship):
        service.registry.functions[function.__name__] = function

    def start(price: int = 30, tree: Any = TREE, input: object = None, name: str = "shop") -> Execution:
        prices["price"] = price
        return load_machine(service, tree, name=name).run(input, clock=frozen_clock())

    return start


def test_equal_runs_are_the_same(run: Run) -> None:
    diff = run().diff(run())

    assert diff.same
    assert diff.changes.empty
    assert set(diff.frame.change) == {"same"}
    assert repr(diff).splitlines() == ["shop: both SUCCEEDED", "visits: 3, all the same"]


def test_the_words_begin_where_the_difference_does(run: Run) -> None:
    diff = run(20).diff(run(21))

    assert not diff.same
    assert repr(diff).splitlines() == [
        "shop: both SUCCEEDED",
        'same until: "Price": there the output differs: $.total 20 → 21',
        "ways: the same throughout",
        "visits: 3, of them 3 differing",
        "output: $.shipped 20 → 21",
        "  ≠ Price  output $.total 20 → 21",
        "  ≠ Dear?  input $.total 20 → 21",
        "  ≠ Ship   input $.total 20 → 21",
    ]


def test_the_words_say_where_the_ways_part(run: Run) -> None:
    lines = repr(run(30).diff(run(31))).splitlines()

    assert lines[2] == 'ways: part after "Dear?": left goes on to "Ship", right to "Ask"'
    assert lines[3] == "visits: 4, of them 3 differing, 1 only right"
    assert "  > Ask    only right" in lines


def test_the_words_say_who_failed_and_why(run: Run) -> None:
    lines = repr(run(50).diff(run(101))).splitlines()

    assert lines[0] == "shop: left SUCCEEDED, right FAILED"
    assert "right: ValueError: 101 is too much" in lines
    assert lines[-1] == "  ≠ Ship   status succeeded → failed (ValueError)"


def test_another_input_differs_from_the_start(run: Run) -> None:
    lines = repr(run(input={"id": 1}).diff(run(input={"id": 2}))).splitlines()

    assert lines[1] == "from the start: the input differs: $.id 1 → 2"


def test_an_edited_machine_may_take_another_way(run: Run) -> None:
    edited = deepcopy(TREE)
    edited["States"]["Dear?"]["Choices"][0]["NumericGreaterThan"] = 10
    diff = run(20).diff(run(20, edited, name="shop-2"))

    lines = repr(diff).splitlines()
    assert lines[0] == "shop / shop-2: both SUCCEEDED"
    assert lines[1] == 'same until: the ways part after "Dear?": left goes on to "Ship", right to "Ask"'
    assert "definition: not the same" in lines
    assert "left: $.total > 30, right: $.total > 10 → Ask" in diff.graph().text


def test_in_a_map_the_words_name_the_item(service: StepFunctions) -> None:
    def double(n: int) -> int:
        return 2 * n + factor["plus"] * (n == 3)

    factor = {"plus": 0}
    service.registry.functions["double"] = double
    inner = {"StartAt": "Double", "States": {"Double": {"Type": "Task", "Resource": "double", "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.ns", "ItemProcessor": inner, "End": True}
    machine = load_machine(service, {"StartAt": "Each", "States": {"Each": each}}, name="doubles")
    left = machine.run({"ns": [1, 2, 3]})
    factor["plus"] = 1
    diff = left.diff(machine.run({"ns": [1, 2, 3]}))

    assert repr(diff).splitlines()[1:3] == [
        'same until: "Each[2]/Double": there the output differs: $ 6 → 7',
        "ways: the same throughout",
    ]
    changed = diff.frame[diff.frame.change != "same"]
    assert changed[["where", "change"]].values.tolist() == [["Each", "output"], ["Each[2]/Double", "output"]]


def test_a_loop_is_told_in_a_row_of_its_own(service: StepFunctions) -> None:
    tree = {
        "StartAt": "Count",
        "States": {
            "Count": {"Type": "Pass", "Parameters": {"n.$": "States.MathAdd($.n, -1)"}, "Next": "More?"},
            "More?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.n", "NumericGreaterThan": 0, "Next": "Count"}],
                "Default": "Done",
            },
            "Done": {"Type": "Succeed"},
        },
    }
    machine = load_machine(service, tree)
    lines = repr(machine.run({"n": 4}).diff(machine.run({"n": 1}))).splitlines()

    assert 'ways: part after "More?": left goes on to "Count", right to "Done"' in lines
    assert "  < Count  only left 3 visits" in lines
    assert "  < More?  only left 3 visits" in lines


def test_a_snapshot_may_stand_on_the_right(run: Run) -> None:
    ended = run()
    lines = repr(ended.diff(ended.at("Dear?"))).splitlines()

    assert lines[0] == "shop: left SUCCEEDED, right RUNNING"
    assert lines[1] == 'same until: "Dear?": there left succeeded, right running'
    assert lines[2] == 'ways: part after "Dear?": left goes on to "Ship", right is still there'


def test_the_children_of_a_map_run_are_compared_as_items(service: StepFunctions) -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    inner = {"ProcessorConfig": config, "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    each = {"Type": "Map", "ItemsPath": "$.ns", "ItemProcessor": inner, "End": True}
    machine = load_machine(service, {"StartAt": "Each", "States": {"Each": each}})
    diff = machine.run({"ns": [1, 2]}).diff(machine.run({"ns": [1, 3, 4]}))

    assert diff.frame[["where", "change"]].values.tolist() == [
        ["Each", "input"],
        ["Each[0]/P", "same"],
        ["Each[1]/P", "input"],
        ["Each[2]/P", "only right"],
    ]
    assert "ways: the same in what both have" in repr(diff).splitlines()


# Tables


def test_the_frame_has_a_row_for_each_pair(run: Run) -> None:
    frame = run(30).diff(run(101)).frame.set_index("where")

    assert frame.change.to_dict() == {
        "Price": "output",
        "Dear?": "input",
        "Ask": "only right",
        "Ship": "status",
    }
    assert frame.loc["Ship", ["status_left", "status_right"]].tolist() == ["succeeded", "failed"]
    assert frame.input_differs.tolist()[:2] == [False, True]
    assert pd.isna(frame.loc["Ask", "output_differs"])
    assert pd.isna(frame.loc["Ask", "seconds_left"])
    assert frame.loc["Ask", "seconds_right"] == 0
    assert pd.isna(frame.loc["Ask", "entered_id_left"])


def test_the_types_do_not_depend_on_the_rows(run: Run) -> None:
    ended = run()
    nothing = Diff(ended.at(1), ended.at(1))

    for name in ("frame", "changes"):
        some, none = getattr(run(30).diff(run(31)), name), getattr(nothing, name)
        assert {k: str(v) for k, v in some.dtypes.items()} == {k: str(v) for k, v in none.dtypes.items()}


def test_changes_have_their_places_and_both_values(run: Run) -> None:
    changes = run(30).diff(run(31)).changes

    assert changes[["where", "payload", "path", "kind", "left", "right"]].values.tolist() == [
        ["Price", "output", "$.total", "changed", 30, 31],
        ["Dear?", "input", "$.total", "changed", 30, 31],
        ["Dear?", "output", "$.total", "changed", 30, 31],
        ["Ship", "input", "$.total", "changed", 30, 31],
        ["Ship", "output", "$.shipped", "changed", 30, 31],
    ]


# The picture


def test_the_picture_marks_what_differs(run: Run) -> None:
    text = run(30).diff(run(31)).graph().text
    marks = {line.split()[1]: line.split()[0] for line in text.splitlines()}

    assert text.splitlines()[0] == "shop: both SUCCEEDED"
    assert [marks[name] for name in ("Price", "Dear?", "Ask", "Ship")] == ["≠", "≠", ">", "≠"]
