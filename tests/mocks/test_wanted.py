"""What a definition reads of its tasks' results and of its input."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.mocks import auto_input, wanted_of
from sfnb.mocks.want import FAILS, LEAVES, STAYS, Mark, Want
from tests.mocks.calls import NOON

TASK = {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke"}


def machine(**states: Any) -> dict[str, Any]:
    """A chain: a state without Next or End goes to the one after it."""
    names = list(states)
    for name, after in zip(names, [*names[1:], None], strict=True):
        state = states[name]
        if state["Type"] not in ("Choice", "Succeed", "Fail") and "Next" not in state:
            states[name] = state | ({"Next": after} if after else {"End": True})
    return {"StartAt": names[0], "States": states}


def leaves(want: Want | None) -> dict[str, str]:
    """Paths with their kinds, without those that only lead on."""
    if want is None:
        return {}
    rows = [(path, " ".join(kinds)) for path, kinds, _ in want.paths()]
    return {p: k for p, k in rows if k or not any(q.startswith((f"{p}.", f"{p}[", f"{p}<")) for q, _ in rows)}


def passes(**parameters: Any) -> dict[str, Any]:
    return {"Type": "Pass", "Parameters": parameters}


READS: dict[str, tuple[dict[str, Any], dict[str, str]]] = {
    "a path of a later state": (machine(T=TASK, P=passes(**{"x.$": "$.a.b"})), {"$.a.b": ""}),
    "through ResultSelector and ResultPath": (
        machine(
            T=TASK | {"ResultSelector": {"body.$": "$.Payload.body"}, "ResultPath": "$.task"},
            P=passes(**{"x.$": "$.task.body.total"}),
        ),
        {"$.Payload.body.total": ""},
    ),
    "OutputPath": (machine(T=TASK | {"OutputPath": "$.Payload"}, P=passes(**{"x.$": "$.n"})),
                   {"$.Payload.n": ""}),
    "nothing of what is thrown away": (
        machine(T=TASK | {"ResultPath": None}, P=passes(**{"x.$": "$.n"})), {},
    ),
    "the items of a Map": (
        machine(
            T=TASK,
            M={"Type": "Map", "ItemsPath": "$.Payload.rows",
               "ItemProcessor": machine(P=passes(**{"x.$": "$.sku"}))},
        ),
        {"$.Payload.rows": "array", "$.Payload.rows[*].sku": ""},
    ),
    "an item through ItemSelector": (
        machine(
            T=TASK,
            M={"Type": "Map", "ItemsPath": "$.rows",
               "ItemSelector": {"i.$": "$$.Map.Item.Value.id", "all.$": "$.n"},
               "Iterator": machine(P=passes(**{"x.$": "$.i.deep"}))},
        ),
        {"$.rows": "array", "$.rows[*].id.deep": "", "$.n": ""},
    ),
    "a batch": (
        machine(
            T=TASK,
            M={"Type": "Map", "ItemsPath": "$.rows", "ItemBatcher": {"MaxItemsPerBatch": 2},
               "ItemProcessor": machine(I={"Type": "Map", "ItemsPath": "$.Items",
                                           "ItemProcessor": machine(P=passes(**{"x.$": "$.Key"}))})},
        ),
        {"$.rows": "array", "$.rows[*].Key": ""},
    ),
    "a branch": (
        machine(T=TASK, P={"Type": "Parallel",
                           "Branches": [machine(A=passes(**{"x.$": "$.one"})), machine(B=passes())]}),
        {"$.one": ""},
    ),
    "what a Wait waits for": (
        machine(T=TASK, W={"Type": "Wait", "SecondsPath": "$.s"}, V={"Type": "Wait", "TimestampPath": "$.t"}),
        {"$.s": "seconds", "$.t": "timestamp"},
    ),
    "intrinsic functions": (
        machine(T=TASK, P=passes(**{
            "a.$": "States.MathAdd($.n, 1)",
            "b.$": "States.ArrayGetItem($.list, 2)",
            "c.$": "States.StringToJson($.text)",
            "d.$": "States.Format('{}', States.ArrayLength($.more))",
        }), Q=passes(**{"x.$": "$.c.inner"})),
        {"$.n": "number", "$.list": "array", "$.list[*]": "", "$.text<json>.inner": "", "$.more": "array"},
    ),
    "an index": (machine(T=TASK, P=passes(**{"x.$": "$.rows[3].id"})),
                 {"$.rows": "array", "$.rows[*].id": ""}),
    "a variable": (
        machine(T=TASK | {"Assign": {"v.$": "$.a"}, "ResultPath": None}, P=passes(**{"x.$": "$v.b"})),
        {"$.a.b": ""},
    ),
    "JSONata": (
        {"QueryLanguage": "JSONata"} | machine(
            T={**TASK, "Output": "{% $states.result.Payload %}", "Assign": {"v": "{% $states.result.job %}"}},
            P={"Type": "Pass", "Output": {"a": "{% $states.input.total + 1 %}", "b": "{% $v.id %}"}},
            M={"Type": "Map", "Items": "{% $v.rows %}", "ItemProcessor": machine(
                I={"Type": "Pass", "Output": "{% $states.input.sku %}"})},
        ),
        {"$.Payload.total": "number", "$.job.id": "", "$.job.rows": "array", "$.job.rows[*].sku": ""},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("tree", "wanted"), READS.values(), ids=READS.keys())
def test_what_is_read_of_a_result(tree: dict[str, Any], wanted: dict[str, str]) -> None:
    assert leaves(wanted_of(tree).results.get("T")) == wanted


def choice(*rules: Any, default: str | None = None) -> dict[str, Any]:
    return {"Type": "Choice", "Choices": list(rules), **({} if default is None else {"Default": default})}


ENDS = {"Good": {"Type": "Succeed"}, "Bad": {"Type": "Fail"}}
IS = {"Variable": "$.s"}


@pytest.mark.parametrize(
    ("state", "options"),
    [
        (choice({**IS, "StringEquals": "DONE", "Next": "Good"}, {**IS, "StringEquals": "DEAD", "Next": "Bad"},
                default="T"),
         {"DONE": LEAVES, Mark.OTHER: STAYS, "DEAD": FAILS}),
        (choice({**IS, "NumericGreaterThan": 5, "Next": "Bad"}, default="Good"),
         {6: FAILS, 5: LEAVES, 4: LEAVES}),
        (choice({"Not": {**IS, "IsPresent": True}, "Next": "Bad"}, default="Good"),
         {Mark.PRESENT: LEAVES, Mark.ABSENT: FAILS}),
        (choice({**IS, "BooleanEquals": True, "Next": "T"}, default="Good"), {True: STAYS, False: LEAVES}),
        (choice({**IS, "StringMatches": "*.pdf", "Next": "Good"}), {"x.pdf": LEAVES, Mark.OTHER: FAILS}),
        (choice({"And": [{**IS, "IsPresent": True}, {**IS, "IsNull": False}], "Next": "Good"}, default="Bad"),
         {Mark.PRESENT: LEAVES, Mark.ABSENT: FAILS, None: FAILS}),
    ],
)  # fmt: skip
def test_a_choice_offers_what_it_compares_ranked_by_where_it_goes(state: Any, options: Any) -> None:
    tree = {"StartAt": "T", "States": {"T": {**TASK, "Next": "C"}, "C": state, **ENDS}}

    offered = wanted_of(tree).results["T"].members["s"].options.values()
    assert {option.value: option.rank for option in offered} == options


def test_a_condition_of_jsonata_offers_the_same() -> None:
    rules = [
        {"Condition": "{% $states.input.s = 'DONE' %}", "Next": "Good"},
        {"Condition": "{% $states.input.n > 5 %}", "Next": "Bad"},
        {"Condition": "{% $exists($states.input.x) %}", "Next": "Good"},
    ]
    states = {"T": {**TASK, "Next": "C"}, "C": choice(*rules, default="T"), **ENDS}

    members = wanted_of({"QueryLanguage": "JSONata", "StartAt": "T", "States": states}).results["T"].members
    offered = {name: {o.value: o.rank for o in want.options.values()} for name, want in members.items()}
    assert offered == {
        "s": {"DONE": LEAVES, Mark.OTHER: LEAVES},
        "n": {6: FAILS, 4: LEAVES, 5: LEAVES},
        "x": {Mark.PRESENT: LEAVES, Mark.ABSENT: STAYS},
    }


def test_an_input_has_all_that_is_read_of_it() -> None:
    tree = machine(
        P=passes(**{"x.$": "$.order.id", "y.$": "States.MathAdd($.order.qty, 1)"}),
        M={"Type": "Map", "ItemsPath": "$.y.rows", "ItemProcessor": machine(Q=passes())},
    )

    given = auto_input(wanted_of(tree), "seed", NOON)
    assert isinstance(given, dict)
    assert given["order"]["id"]
    assert isinstance(given["order"]["qty"], int)
    assert auto_input(wanted_of(machine(P=passes())), "seed", NOON) == {}


def test_a_loop_that_grows_its_document_is_walked_to_an_end() -> None:
    tree = machine(
        A={"Type": "Pass", "Parameters": {"inner.$": "$"}},
        B={"Type": "Pass", "Parameters": {"x.$": "$.inner.inner.n"}, "ResultPath": "$.out", "Next": "A"},
    )

    assert leaves(wanted_of(tree).input)
