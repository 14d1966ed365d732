"""Variables: who sees them, who assigns them, and how large they may be; in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from laws import check_laws
from machines import TREE, arn_of, chain, distinct, distributed, frozen, load, parallel, single, types

import sfnb
from sfnb.engine.clock import JumpClock
from sfnb.engine.limits import UNLIMITED, Limits
from sfnb.errors import DefinitionError
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

KIB = 1024
LANGUAGES = ["JSONPath", "JSONata"]
FAIL = {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Mine"}}}


def run(service: StepFunctions, tree: TREE, input: Any = None, **tasks: Any) -> Execution:
    execution = load(service, tree, **tasks).run(input, clock=frozen())
    check_laws(execution.log)
    return execution


def set_to(language: str, **values: str) -> TREE:
    """A Pass state that assigns variables: `x="y"` is `$y`, `x=".n"` the input's `n`."""
    return {"Type": "Pass", "QueryLanguage": language, "Assign": assign(language, **values)}


def assign(language: str, **values: str) -> TREE:
    if language == "JSONata":
        return {
            name: f"{{% {'$states.input' if text.startswith('.') else '$'}{text} %}}"
            for name, text in values.items()
        }
    return {f"{name}.$": f"${text}" for name, text in values.items()}


def show(language: str, *names: str) -> TREE:
    """A Pass state that puts out variables."""
    if language == "JSONata":
        return {
            "Type": "Pass",
            "QueryLanguage": "JSONata",
            "Output": {name: f"{{% ${name} %}}" for name in names},
        }
    return {"Type": "Pass", "Parameters": {f"{name}.$": f"${name}" for name in names}}


both = pytest.mark.parametrize("language", LANGUAGES)


# Scopes


@both
def test_an_assign_swaps(service: StepFunctions, language: str) -> None:
    tree = chain(
        set_to(language, a=".one", b=".two"), set_to(language, a="b", b="a"), show(language, "a", "b")
    )

    assert run(service, tree, {"one": 1, "two": 2}).output == {"a": 2, "b": 1}


def test_the_languages_share_their_variables(service: StepFunctions) -> None:
    tree = chain(
        set_to("JSONPath", a=".one"),
        set_to("JSONata", b="a"),
        set_to("JSONPath", c="b"),
        show("JSONata", "a", "b", "c"),
    )

    assert run(service, tree, {"one": [1.0]}).output == {"a": [1.0], "b": [1.0], "c": [1.0]}


@both
def test_branches_and_iterations_see_what_is_around_them_and_not_each_other(
    service: StepFunctions, language: str
) -> None:
    branch = chain(
        set_to(language, own="x"),
        {"Type": "Wait", "Seconds": 1},
        show(language, "x", "own"),
    )
    each = {
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemProcessor": chain(set_to(language, own=".i"), show(language, "x", "own")),
        "ItemSelector": {"i.$": "$$.Map.Item.Index"},
    }
    tree = chain(set_to(language, x=".n"), parallel(branch, branch, single(each)))

    first = {"x": 7, "own": 7}
    assert run(service, tree, {"n": 7, "items": [1, 2]}).output == [
        first,
        first,
        [{"x": 7, "own": 0}, {"x": 7, "own": 1}],
    ]


@both
def test_what_is_assigned_inside_is_gone_outside(service: StepFunctions, language: str) -> None:
    inner = single(set_to(language, own=".n"))
    tree = chain(parallel(inner, ResultPath=None), show(language, "own"))
    execution = run(service, tree, {"n": 1})
    assert (
        execution.error
        == {
            "JSONPath": "States.Runtime",
            "JSONata": "States.QueryEvaluationError",
        }[language]
    )
    assert "own" in (execution.cause or "")


def test_an_inner_scope_may_not_assign_an_outer_name() -> None:
    for container in (
        parallel(single(set_to("JSONata", x=".n"))),
        {"Type": "Map", "ItemProcessor": single(set_to("JSONata", x=".n"))},
    ):
        with pytest.raises(DefinitionError, match="x"):
            sfnb.load(distinct(chain(set_to("JSONata", x=".n"), container)))


@both
def test_nested_scopes_read_through_all_that_is_around_them(service: StepFunctions, language: str) -> None:
    innermost = chain(set_to(language, c="b"), show(language, "a", "b", "c"))
    inner = chain(set_to(language, b="a"), parallel(innermost))
    tree = chain(set_to(language, a=".n"), parallel(inner))

    assert run(service, tree, {"n": 1}).output == [[{"a": 1, "b": 1, "c": 1}]]


@both
@pytest.mark.parametrize("kind", ["Parallel", "Map"])
def test_a_catcher_of_a_group_assigns_around_it(service: StepFunctions, language: str, kind: str) -> None:
    error = "{% $states.errorOutput.Error %}" if language == "JSONata" else "$.Error"
    name = "caught" if language == "JSONata" else "caught.$"
    rule = {"ErrorEquals": ["Mine"], "Next": "S2", "Assign": {name: error}}
    own: TREE = {"done": True}  # what the state itself would assign
    common = {"QueryLanguage": language, "Catch": [rule], "Assign": own}
    group = {"Type": "Parallel", "Branches": [FAIL]} if kind == "Parallel" else {"Type": "Map"}
    if kind == "Map":
        group |= {"ItemProcessor": FAIL}
        group |= {"Items": [1]} if language == "JSONata" else {"ItemsPath": "$.items"}
    tree = chain(
        {"Type": "Pass", "Assign": {"done": False, "caught": "nothing"}},
        {**group, **common},
        show(language, "caught", "done"),
    )

    assert run(service, tree, {"items": [1]}).output == {"caught": "Mine", "done": False}


@both
def test_children_of_a_map_run_see_no_variables_and_may_use_their_names(
    service: StepFunctions, language: str
) -> None:
    child = {
        "A": {**set_to(language, x=".x"), "Next": "B"},
        "B": {**show(language, "x"), "End": True},
    }
    selector = {"x": "{% $x & '!' %}"} if language == "JSONata" else {"x.$": "States.Format('{}!', $x)"}
    each = distributed(child, QueryLanguage=language, ItemSelector=selector, ResultPath=None)
    if language == "JSONata":
        del each["ResultPath"]
        each["Output"] = "{% $states.input %}"
    tree = chain(
        {"Type": "Pass", "Assign": {"x": "outer"}},
        each,
        {**show(language, "x")},
    )
    execution = run(service, tree, [1, 2])

    assert execution.output == {"x": "outer"}
    (map_run,) = service.map_runs.of_execution(execution.arn)
    outputs = [getattr(child.last, "output", None) for child in map_run.children.values()]
    assert outputs == ['{"x":"outer!"}'] * 2


def test_a_child_of_a_map_run_cannot_read_a_variable_around_it(service: StepFunctions) -> None:
    child = {"B": {**show("JSONata", "x"), "End": True}}
    tree = chain({"Type": "Pass", "Assign": {"x": 1}}, distributed(child))

    execution = run(service, tree, [1])
    assert execution.error == "States.ExceedToleratedFailureThreshold"
    (map_run,) = service.map_runs.of_execution(execution.arn)
    (child,) = map_run.children
    assert service.describe_execution(child).error == "States.QueryEvaluationError"


@both
def test_a_retry_sees_the_variables_of_the_entry(service: StepFunctions, language: str) -> None:
    calls = iter(["", "E", "E", "done"])

    def work(payload: Any) -> Any:
        answer = next(calls)
        if answer == "E":
            raise sfnb.TaskError("E")
        return payload

    given = {"Arguments": {"x": "{% $x %}"}} if language == "JSONata" else {"Parameters": {"x.$": "$x"}}
    result = "{% $states.result.x + 1 %}" if language == "JSONata" else "States.MathAdd($.x, 1)"
    task = {
        "Type": "Task",
        "Resource": "work",
        "QueryLanguage": language,
        "Retry": [{"ErrorEquals": ["E"]}],
        "Assign": {"x" if language == "JSONata" else "x.$": result},
        **given,
    }
    tree = chain({"Type": "Pass", "Assign": {"x": 1}}, task, task, show(language, "x"))

    assert run(service, tree, {}, work=work).output == {"x": 3}


# Limits


def letters(kib: int) -> str:
    return f"$pad('', {kib * KIB - 2}, 'x')"


@both
@pytest.mark.parametrize(("more", "status"), [(0, "SUCCEEDED"), (1, "FAILED")])
def test_a_value_may_take_256_kib_of_json(
    service: StepFunctions, language: str, more: int, status: str
) -> None:
    """Its name does not count. Half of it is é, of two bytes each."""
    value = "{% $x & $y %}" if language == "JSONata" else "States.Format('{}{}', $x, $y)"
    name = "a_long_name" if language == "JSONata" else "a_long_name.$"
    tree = chain(
        {"Type": "Task", "Resource": "first", "Assign": {"x.$": "$"}},
        {"Type": "Task", "Resource": "second", "Assign": {"y.$": "$"}, "ResultPath": None},
        {"Type": "Pass", "QueryLanguage": language, "Assign": {name: value}},
    )
    tree["States"]["S0"]["ResultPath"] = None
    execution = run(
        service, tree, {}, first=lambda _: "é" * (64 * KIB), second=lambda _: "x" * (128 * KIB - 2 + more)
    )

    assert execution.status == status
    if more:
        assert execution.error == "States.DataLimitExceeded"
        assert "'S2'" in (execution.cause or "")


@pytest.mark.parametrize(("second", "status"), [(128, "SUCCEEDED"), (129, "FAILED")])
def test_one_assign_may_take_256_kib_together(service: StepFunctions, second: int, status: str) -> None:
    state = {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Assign": {"a": f"{{% {letters(128)} %}}", "b": f"{{% {letters(second)} %}}"},
    }

    assert run(service, single(state)).status == status


def test_an_assign_that_is_too_large_can_be_caught(service: StepFunctions) -> None:
    task = {
        "Type": "Task",
        "Resource": "work",
        "QueryLanguage": "JSONata",
        "Assign": {"a": f"{{% {letters(257)} %}}"},
        "Catch": [{"ErrorEquals": ["States.DataLimitExceeded"], "Next": "S1", "Assign": {"a": "less"}}],
    }
    tree = chain(task, show("JSONata", "a"))

    assert run(service, tree, {}, work=lambda _: 1).output == {"a": "less"}


def fill(name: str, kib: int = 256) -> TREE:
    return {
        "Type": "Pass",
        "QueryLanguage": "JSONata",
        "Output": "{% $states.input %}",
        "Assign": {name: f"{{% {letters(kib)} %}}"},
    }


def test_an_execution_keeps_10_mib(service: StepFunctions) -> None:
    """Forty times 256 KiB, and not a byte more; lifted, there is no end to it."""
    forty = [fill(f"v{number}") for number in range(40)]

    assert run(service, chain(*forty)).status == "SUCCEEDED"
    more = {"Type": "Pass", "Assign": {"more": 1}}
    failed = run(service, chain(*forty, more))
    assert failed.error == "States.DataLimitExceeded"
    assert failed.cause == (
        "The variables of the execution would take 10485761 bytes; it may keep 10485760 bytes at a time."
    )
    assert types(failed)[-2:] == ["PassStateEntered", "ExecutionFailed"]
    assert load(service, chain(*forty, more)).run(unlimited=True).status == "SUCCEEDED"
    assert UNLIMITED.variables_bytes > 2**60


@pytest.fixture
def small() -> Any:
    service = StepFunctions(limits=Limits(variables_bytes=1_000))
    yield service
    service.close()


def bytes_of(name: str, count: int) -> TREE:
    return {"Type": "Pass", "Assign": {name: "x" * (count - 2)}}


KEPT: dict[str, tuple[TREE, str]] = {
    "a value that is assigned again": (
        chain(bytes_of("a", 900), bytes_of("a", 950), bytes_of("a", 10), bytes_of("b", 990)),
        "SUCCEEDED",
    ),
    "a value too many": (chain(bytes_of("a", 900), bytes_of("b", 101)), "FAILED"),
    "branches together": (
        chain(bytes_of("a", 400), parallel(single(bytes_of("b", 300)), single(bytes_of("b", 301)))),
        "SUCCEEDED",
    ),
    "branches together, at a time": (
        chain(
            bytes_of("a", 400),
            parallel(*[chain(bytes_of("b", 301), {"Type": "Wait", "Seconds": 1})] * 2),
        ),
        "FAILED",
    ),
    "branches that have ended": (
        chain(
            parallel(single(bytes_of("b", 900))),
            parallel(single(bytes_of("b", 900))),
            bytes_of("a", 1_000),
        ),
        "SUCCEEDED",
    ),
    "iterations, one after the other": (
        single({"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": single(bytes_of("b", 900))}),
        "SUCCEEDED",
    ),
    "branches that were given up": (
        chain(
            parallel(
                chain(bytes_of("b", 500), {"Type": "Wait", "Seconds": 9}),
                {
                    "StartAt": "A",
                    "States": {
                        "A": {**bytes_of("b", 400), "Next": "F"},
                        "F": {"Type": "Fail", "Error": "E"},
                    },
                },
                Catch=[{"ErrorEquals": ["E"], "Next": "S1", "Assign": {"c": "x" * 990}}],
            ),
            {"Type": "Pass"},
        ),
        "SUCCEEDED",
    ),
    "children of a map run, each for itself": (
        chain(bytes_of("a", 900), distributed({"B": {**bytes_of("b", 900), "End": True}})),
        "SUCCEEDED",
    ),
}


@pytest.mark.parametrize(("tree", "status"), KEPT.values(), ids=KEPT)
def test_what_can_be_read_at_a_time_counts(small: StepFunctions, tree: TREE, status: str) -> None:
    execution = run(small, tree, [1, 2, 3])

    assert execution.status == status
    assert execution.error == (None if status == "SUCCEEDED" else "States.DataLimitExceeded")


def test_what_was_kept_before_a_cut_counts_after_it(small: StepFunctions) -> None:
    tree = distinct(chain(bytes_of("a", 900), {"Type": "Wait", "Seconds": 5}, bytes_of("b", 200)))
    machine = load_machine(small, tree, name="machine")
    execution = machine.start({}, name="once", clock=frozen())
    assert execution.wait(60)
    log = list(execution.log)
    cut = next(index for index, event in enumerate(log) if event.type == "WaitStateEntered") + 1

    other = StepFunctions(limits=small.limits)
    machine = load_machine(other, tree, name="machine")
    other.store.append(execution.arn, log[:cut], after=0)
    live = other.resume_execution(
        arn_of("once"), machine=machine.record, clock=JumpClock(log[cut - 1].timestamp)
    )
    assert live.wait(60)
    assert other.describe_execution(execution.arn).error == "States.DataLimitExceeded"
    other.close()
