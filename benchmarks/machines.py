"""The definitions that are run and checked."""

from __future__ import annotations

import json
from typing import Any

Definition = dict[str, Any]

LONG = 6_249
"""Turns of `loop` that make 25,000 events."""
ECHO = "arn:aws:lambda:us-east-1:123456789012:function:echo"


def loop() -> Definition:
    """A counter: two transitions a turn, with an intrinsic function and a comparison, until `i` is `n`."""
    states = {
        "Inc": {
            "Type": "Pass",
            "Parameters": {"i.$": "States.MathAdd($.i, 1)", "n.$": "$.n"},
            "Next": "Check",
        },
        "Check": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.i", "NumericLessThanPath": "$.n", "Next": "Inc"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed"},
    }
    return {"StartAt": "Inc", "States": states}


def jsonata_loop() -> Definition:
    """The same in JSONata, counting in a variable; one transition more."""
    states = {
        "Init": {"Type": "Pass", "Assign": {"i": 0, "n": "{% $states.input.n %}"}, "Next": "Inc"},
        "Inc": {"Type": "Pass", "Assign": {"i": "{% $i + 1 %}"}, "Next": "Check"},
        "Check": {
            "Type": "Choice",
            "Choices": [{"Condition": "{% $i < $n %}", "Next": "Inc"}],
            "Default": "Done",
        },
        "Done": {"Type": "Succeed", "Output": {"i": "{% $i %}"}},
    }
    return {"QueryLanguage": "JSONata", "StartAt": "Init", "States": states}


def chain(length: int) -> Definition:
    """Pass states that each set the same member of their input."""
    names = [f"P{number}" for number in range(1, length + 1)]
    each = [{"Type": "Pass", "Result": {"k": k}, "ResultPath": "$.r"} for k in range(1, length + 1)]
    return in_a_row(names, each)


def tasks(length: int) -> Definition:
    """Tasks that each call a function with what the one before has returned."""
    names = [f"T{number}" for number in range(1, length + 1)]
    return in_a_row(names, [{"Type": "Task", "Resource": ECHO}] * length)


def in_a_row(names: list[str], states: list[Definition]) -> Definition:
    ways: list[Definition] = [*({"Next": name} for name in names[1:]), {"End": True}]
    return {
        "StartAt": names[0],
        "States": {name: {**state, **way} for name, state, way in zip(names, states, ways, strict=True)},
    }


def mapped(state: Definition) -> Definition:
    """`state` for each of the input's `items`."""
    each = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "MaxConcurrency": 40,
        "ItemProcessor": {"StartAt": "One", "States": {"One": {**state, "End": True}}},
        "End": True,
    }
    return {"StartAt": "Each", "States": {"Each": each}}


def renamed_items() -> Definition:
    """[{"v": 1}, ...] becomes [{"y": 1}, ...]."""
    state = {"Type": "Pass", "Parameters": {"y.$": "$.v"}, "ResultPath": "$.out", "OutputPath": "$.out"}
    return mapped(state)


def parallel() -> Definition:
    """Ten branches of ten states; each puts out its number."""

    def branch(number: int) -> Definition:
        names = [f"B{number}.{k}" for k in range(1, 11)]
        return in_a_row(names, [*[{"Type": "Pass"}] * 9, {"Type": "Pass", "Result": {"b": number}}])

    branches = [branch(number) for number in range(10)]
    return {"StartAt": "Fan", "States": {"Fan": {"Type": "Parallel", "Branches": branches, "End": True}}}


def short() -> Definition:
    states = {
        "A": {"Type": "Pass", "Result": {"ok": True}, "ResultPath": "$.r", "Next": "B"},
        "B": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.r.ok", "BooleanEquals": True, "Next": "C"}],
            "Default": "F",
        },
        "C": {"Type": "Succeed"},
        "F": {"Type": "Fail", "Error": "no"},
    }
    return {"StartAt": "A", "States": states}


def rows_of_a_file(batch: int | None) -> Definition:
    """A Distributed Map: every row of `in/rows.csv` through a child execution, results to `out`.

    batch: rows a child is given; None: one each.
    """
    state: Definition = {
        "Type": "Map",
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
            "Parameters": {"Bucket": "in", "Key": "rows.csv"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
            "StartAt": "P",
            "States": {"P": {"Type": "Pass", "End": True}},
        },
        "ResultWriter": {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out"}},
        "End": True,
    }
    if batch is not None:
        state["ItemBatcher"] = {"MaxItemsPerBatch": batch}
    return {"StartAt": "M", "States": {"M": state}}


# Definitions to be checked, as text


def text_of(length: int, prefix: str = "S", indent: int | None = None) -> str:
    """A definition of several kinds of states, the last one Succeed."""
    names = [f"{prefix}{number:04d}" for number in range(length)]
    states = [_state(number, following) for number, following in enumerate(names[1:])]
    every = dict(zip(names, [*states, {"Type": "Succeed"}], strict=True))
    return json.dumps({"StartAt": names[0], "States": every}, indent=indent)


def _state(number: int, following: str) -> Definition:
    return [_task, _payload_template, _choice, _wait, _payload_template][number % 5](number, following)


def _task(number: int, following: str) -> Definition:
    retry = {
        "ErrorEquals": ["States.Timeout", "States.TaskFailed"],
        "IntervalSeconds": 2,
        "MaxAttempts": 3,
        "BackoffRate": 2.0,
    }
    return {
        "Type": "Task",
        "Resource": ECHO,
        "Parameters": {"id.$": "$.id", "opt": {"k": number, "name.$": "$.a.b.name"}},
        "ResultPath": "$.res",
        "TimeoutSeconds": 30,
        "Retry": [retry],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.err", "Next": following}],
        "Next": following,
    }


def _payload_template(number: int, following: str) -> Definition:
    template = {"f.$": "States.Format('{}-{}', $.id, $.a)", "n": number, "t.$": "$$.Execution.Name"}
    return {"Type": "Pass", "Parameters": template, "ResultPath": f"$.p{number % 10}", "Next": following}


def _choice(number: int, following: str) -> Definition:
    both = [{"Variable": "$.a", "IsPresent": True}, {"Variable": "$.res.v", "NumericGreaterThan": number}]
    kind = {"Variable": "$.kind", "StringEquals": f"kind-{number}", "Next": following}
    return {"Type": "Choice", "Choices": [{"And": both, "Next": following}, kind], "Default": following}


def _wait(number: int, following: str) -> Definition:
    comment = f"a pause before state number {number + 1} of the definition"
    return {"Type": "Wait", "Seconds": 1, "Comment": comment, "Next": following}
