"""A path that leads nowhere is looked for where the state looks: an OutputPath, in what it leaves with."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.explain import hints
from sfnb.service import StepFunctions

from .shop import inner, run


@pytest.fixture(autouse=True)
def answer(service: StepFunctions) -> None:
    service.registry.functions["answer"] = lambda order: {"y": 1, "cause": 2}
    service.registry.functions["nothing"] = lambda order: {}


@pytest.mark.parametrize(
    ("state", "hint"),
    [
        ({"Type": "Task", "Resource": "answer"}, '$ has "y", "cause", but no "x"'),
        (
            {"Type": "Task", "Resource": "answer", "ResultPath": "$.got"},
            '$ has "n", "order", "got", but no "x"',
        ),
        ({"Type": "Task", "Resource": "answer", "ResultPath": None}, '$ has "n", "order", but no "x"'),
        ({"Type": "Task", "Resource": "nothing"}, '$ is empty: it has no "x"'),
        ({"Type": "Pass", "Result": {"z": 1}}, '$ has "z", but no "x"'),
        ({"Type": "Pass", "InputPath": "$.order"}, '$ has "id", "lines", but no "x"'),
        ({"Type": "Pass", "InputPath": None}, '$ is empty: it has no "x"'),
        ({"Type": "Pass", "InputPath": "$.x", "Result": {"z": 1}}, '$ has "n", "order", but no "x"'),
    ],
)
def test_an_output_path_is_looked_for_in_what_the_state_leaves_with(
    machine: Any, state: dict[str, Any], hint: str
) -> None:
    assert hints(run(machine(**state, OutputPath="$.x"))) == [hint]


@pytest.mark.parametrize(
    "state",
    [
        {"Type": "Task", "Resource": "answer", "ResultSelector": {"a.$": "$.y"}},
        {"Type": "Pass", "Parameters": {"a": 1}},
        {"Type": "Parallel", "Branches": [inner(Type="Pass")]},
    ],
)
def test_where_it_is_not_known_what_the_state_leaves_with_nothing_is_said(
    machine: Any, state: dict[str, Any]
) -> None:
    assert hints(run(machine(**state, OutputPath="$.x"))) == []


def test_a_path_that_another_field_has_too_is_looked_for_where_the_task_had_not_answered(
    machine: Any,
) -> None:
    ended = run(machine(Type="Task", Resource="answer", TimeoutSecondsPath="$.x", OutputPath="$.x"))

    assert hints(ended) == ['$ has "n", "order", but no "x"']
