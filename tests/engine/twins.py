"""Machines made up by chance, each written in JSONPath, in JSONata, and in both by turns.

A twin is a state, or a machine of such states, that can be written in either language. The data flow of
the two is chosen so that they mean the same: every state is given, and hands on, an object with a number
`n`, a string `s`, a list of numbers `list` and seconds `w`; every machine, branch or iteration assigns
variables of its own, a number and a string, before anything reads them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Literal

import msgspec
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn
from machines import TREE, distinct
from msgspec import structs
from test_laws import names_of_errors

import sfnb

INPUT = {"n": 1, "s": "a", "list": [2, 0], "w": 1}
Language = Literal["JSONPath", "JSONata"]


class Value(msgspec.Struct, frozen=True):
    """An expression in both languages, the JSONata one without its `{% %}`."""

    path: str
    query: str


class Twin(msgspec.Struct, frozen=True):
    """A state: what both have, and what each language has.

    inside: the field of its machines. distributed: a Map's mode.
    """

    common: TREE
    path: TREE
    query: TREE
    turn: Language
    inside: str = ""
    machines: tuple[TwinMachine, ...] = ()
    distributed: bool = False

    def written(self, language: Language | None) -> TREE:
        """As a state of this language; None: of the one whose turn it is, which it then says."""
        own = language or self.turn
        state = {**self.common, **(self.path if own == "JSONPath" else self.query)}
        machines = [machine.written(language) for machine in self.machines]
        if self.distributed:
            machines[0]["ProcessorConfig"] = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
        if self.inside:
            state[self.inside] = machines if self.inside == "Branches" else machines[0]
        return state | ({} if language else {"QueryLanguage": own})


class TwinMachine(msgspec.Struct, frozen=True):
    states: dict[str, Twin]

    def written(self, language: Language | None) -> TREE:
        states = {name: state.written(language) for name, state in self.states.items()}
        return {"StartAt": next(iter(states)), "States": states}

    def whole(self, language: Language | None) -> TREE:
        """A whole definition."""
        tree = distinct({**self.written(language), "QueryLanguage": language or "JSONPath"})
        for number, state in enumerate(states_of(tree)):
            if "Label" in state:
                state["Label"] = f"L{number}"
        return tree


def template(values: dict[str, Value]) -> tuple[TREE, TREE]:
    return (
        {f"{name}.$": value.path for name, value in values.items()},
        {name: f"{{% {value.query} %}}" for name, value in values.items()},
    )


def constructor(values: dict[str, Value]) -> str:
    """An object, as a JSONata expression."""
    return "{" + ", ".join(f"'{name}': {value.query}" for name, value in values.items()) + "}"


# What the fields hold; `about` is what Assign speaks of: the input, or the result


@st.composite
def numbers(draw: DrawFn, depth: int, about: str = "input") -> Value:
    choices = [Value("$.n", f"$states.{about}.n")]
    choices += [Value(f"$x{level}", f"$x{level}") for level in range(depth + 1)]
    value = draw(st.sampled_from(choices))
    more = draw(st.integers(-1, 3))
    return Value(f"States.MathAdd({value.path}, {more})", f"{value.query} + {more}") if more else value


@st.composite
def strings(draw: DrawFn, depth: int, about: str = "input") -> Value:
    choices = [
        Value("$.s", f"$states.{about}.s"),
        Value("$$.State.Name", "$states.context.State.Name"),
        Value("$$.Execution.Name", "$states.context.Execution.Name"),
        Value("States.Format('n is {}', $.n)", f"'n is ' & $states.{about}.n"),
    ]
    choices += [Value(f"$y{level}", f"$y{level}") for level in range(depth + 1)]
    return draw(st.sampled_from(choices))


@st.composite
def assignments(draw: DrawFn, depth: int, about: str = "input") -> tuple[TREE, TREE]:
    """An Assign of some of the scope's variables, or none."""
    values: dict[str, Value] = {}
    if draw(st.booleans()):
        values[f"x{depth}"] = draw(numbers(depth, about))
    if draw(st.booleans()):
        values[f"y{depth}"] = draw(strings(depth, about))
    path, query = template(values)
    return ({"Assign": path}, {"Assign": query}) if values else ({}, {})


@st.composite
def objects(draw: DrawFn, depth: int) -> dict[str, Value]:
    """What every state is given."""
    few = draw(st.lists(st.integers(-2, 9), max_size=3))
    fixed = ", ".join(map(str, few))
    lists = [
        Value("$.list", "$states.input.list"),
        Value(f"States.Array({fixed})", f"[{fixed}]"),
        Value("States.Array($.n)", "[$states.input.n]"),
    ]
    return {
        "n": draw(numbers(depth)),
        "s": draw(strings(depth)),
        "list": draw(st.sampled_from(lists)),
        "w": draw(st.sampled_from([Value("$.w", "$states.input.w"), Value("States.MathAdd(0, 2)", "2")])),
    }


# States


def merged(name: str, value: str) -> TREE:
    """ResultPath, in JSONata."""
    return {"Output": f"{{% $merge([$states.input, {{'{name}': {value}}}]) %}}"}


@st.composite
def recovery(draw: DrawFn, depth: int, targets: list[str]) -> tuple[TREE, TREE, TREE]:
    common: TREE = {}
    path: TREE = {}
    query: TREE = {}
    if draw(st.booleans()):
        common["Retry"] = [
            {
                "ErrorEquals": draw(names_of_errors()),
                "MaxAttempts": draw(st.integers(0, 2)),
                "JitterStrategy": draw(st.sampled_from(["NONE", "FULL"])),
            }
        ]
    if draw(st.booleans()):
        rule = {"ErrorEquals": draw(names_of_errors()), "Next": draw(st.sampled_from(targets))}
        caught = Value("$.Error", "$states.errorOutput.Error")
        assign = template({f"y{depth}": caught}) if draw(st.booleans()) else None
        path["Catch"] = [rule | {"ResultPath": "$.e"} | ({"Assign": assign[0]} if assign else {})]
        query["Catch"] = [
            rule | merged("e", "$states.errorOutput") | ({"Assign": assign[1]} if assign else {})
        ]
    return common, path, query


@st.composite
def passes(draw: DrawFn, depth: int, targets: list[str]) -> Twin:
    values = draw(objects(depth))
    match draw(st.sampled_from(["as it is", "replace", "merge"])):
        case "as it is":
            path, query = draw(assignments(depth))
        case "replace":
            made = template(values)
            path, query = {"Parameters": made[0]}, {"Output": made[1]}
        case _:
            path = {"Parameters": template(values)[0], "ResultPath": "$.p"}
            query = merged("p", constructor(values))
    return Twin({"Type": "Pass"}, path, query, draw(turns()))


@st.composite
def tasks(draw: DrawFn, depth: int, targets: list[str]) -> Twin:
    count = "$states.context.State.RetryCount"
    fail = draw(
        st.sampled_from(
            [
                Value("States.Format('')", "''"),
                Value("States.Format('A')", "'A'"),
                Value("States.Format('B')", "'B'"),
                Value(
                    "States.ArrayGetItem(States.Array('A', 'B', ''), $$.State.RetryCount)",
                    f"['A', 'B', ''][{count}]",
                ),
            ]
        )
    )
    given = template(draw(objects(depth)) | {"fail": fail})
    assigned = draw(assignments(depth, "result"))
    common, path, query = draw(recovery(depth, targets))
    path |= {"Parameters": given[0]} | assigned[0]
    query |= {"Arguments": given[1]} | assigned[1]
    if draw(st.booleans()):
        path["ResultPath"] = "$.t"
        query |= merged("t", "$states.result")
    return Twin({"Type": "Task", "Resource": "work", **common}, path, query, draw(turns()))


@st.composite
def waits(draw: DrawFn, depth: int, targets: list[str]) -> Twin:
    path, query = draw(assignments(depth))
    if draw(st.booleans()):
        seconds = draw(st.integers(0, 5))
        return Twin({"Type": "Wait", "Seconds": seconds}, path, query, draw(turns()))
    return Twin(
        {"Type": "Wait"},
        path | {"SecondsPath": "$.w"},
        query | {"Seconds": "{% $states.input.w %}"},
        draw(turns()),
    )


@st.composite
def choices(draw: DrawFn, depth: int, targets: list[str]) -> Twin:
    paths, queries = [], []
    for _ in range(draw(st.integers(1, 2))):
        number, limit = draw(st.sampled_from([("$.n", "$states.input.n"), (f"$x{depth}", f"$x{depth}")])), 3
        tests: list[tuple[TREE, str]] = [
            ({"Variable": number[0], "NumericLessThan": limit}, f"{number[1]} < {limit}"),
            ({"Variable": f"$y{depth}", "StringEquals": "A"}, f"$y{depth} = 'A'"),
            ({"Variable": "$.e", "IsPresent": True}, "$exists($states.input.e)"),
            (
                {"And": [{"Variable": "$.n", "IsNumeric": True}, {"Variable": "$.w", "NumericEquals": 2}]},
                "$type($states.input.n) = 'number' and $states.input.w = 2",
            ),
        ]
        path, query = draw(st.sampled_from(tests))
        assigned = draw(assignments(depth))
        target = {"Next": draw(st.sampled_from(targets))}
        paths.append({**path, **target, **assigned[0]})
        queries.append({"Condition": f"{{% {query} %}}", **target, **assigned[1]})
    path, query = draw(assignments(depth))
    return Twin({"Type": "Choice"}, path | {"Choices": paths}, query | {"Choices": queries}, draw(turns()))


@st.composite
def parallels(draw: DrawFn, depth: int, targets: list[str]) -> Twin:
    branches = draw(st.lists(machines(depth + 1), min_size=1, max_size=2))
    common, path, query = draw(recovery(depth, targets))
    assign = template({f"x{depth}": Value("$[0].n", "$states.result[0].n")}) if draw(st.booleans()) else None
    path |= {"ResultPath": "$.b"} | ({"Assign": assign[0]} if assign else {})
    query |= merged("b", "$states.result") | ({"Assign": assign[1]} if assign else {})
    return Twin({"Type": "Parallel", **common}, path, query, draw(turns()), "Branches", tuple(branches))


@st.composite
def maps(draw: DrawFn, depth: int, targets: list[str]) -> Twin:
    return draw(some_map(depth, targets, machines(depth + 1)))


@st.composite
def distributed_maps(draw: DrawFn, depth: int, targets: list[str]) -> Twin:
    """Its children see no variables of others."""
    state = draw(some_map(depth, targets, machines(0, deepest=1 - depth)))
    state.common["Label"] = "L"
    if draw(st.booleans()):
        state.common["ToleratedFailureCount"] = draw(st.integers(0, 2))
    if draw(st.booleans()):
        state.common["ItemBatcher"] = {"MaxItemsPerBatch": 1}
        unpack = Twin(
            {"Type": "Pass", "Next": "S0"},
            {"InputPath": "$.Items[0]"},
            {"Output": "{% $states.input.Items[0] %}"},
            draw(turns()),
        )
        state = structs.replace(state, machines=(TwinMachine({"U": unpack, **state.machines[0].states}),))
    return structs.replace(state, distributed=True)


@st.composite
def some_map(
    draw: DrawFn, depth: int, targets: list[str], processors: st.SearchStrategy[TwinMachine]
) -> Twin:
    values = draw(objects(depth)) | {
        "n": Value("$$.Map.Item.Value", "$states.context.Map.Item.Value"),
        "i": Value("$$.Map.Item.Index", "$states.context.Map.Item.Index"),
    }
    selector = template(values)
    common, path, query = draw(recovery(depth, targets))
    path |= {"ItemsPath": "$.list", "ItemSelector": selector[0], "ResultPath": "$.m"}
    query |= {"Items": "{% $states.input.list %}", "ItemSelector": selector[1]}
    query |= merged("m", "$states.result")
    common["MaxConcurrency"] = draw(st.integers(0, 2))
    return Twin({"Type": "Map", **common}, path, query, draw(turns()), "ItemProcessor", (draw(processors),))


def turns() -> st.SearchStrategy[Language]:
    return st.sampled_from(["JSONPath", "JSONata"])


SIMPLE: list[Callable[[int, list[str]], st.SearchStrategy[Twin]]] = [passes, tasks, waits, choices]
ENDS: list[tuple[TREE, TREE, TREE]] = [
    ({"Type": "Succeed"}, {}, {}),
    ({"Type": "Pass", "End": True}, {}, {}),
    ({"Type": "Fail", "Error": "A", "Cause": "asked for"}, {}, {}),
    ({"Type": "Fail"}, {"ErrorPath": "$.s"}, {"Error": "{% $states.input.s %}"}),
]


@st.composite
def machines(draw: DrawFn, depth: int = 0, deepest: int = 2) -> TwinMachine:
    """A chain of states with ways between them, backwards too: the history's bound ends them all."""
    names = [f"S{n}" for n in range(draw(st.integers(2, 4)))]
    first = {f"x{depth}": Value("$.n", "$states.input.n"), f"y{depth}": Value("$.s", "$states.input.s")}
    path, query = template(first)
    states = {
        names[0]: Twin({"Type": "Pass", "Next": names[1]}, {"Assign": path}, {"Assign": query}, draw(turns()))
    }
    kinds = SIMPLE + ([parallels, maps] * 2 if depth < deepest else [])
    kinds += [distributed_maps] if depth < min(deepest, 2) else []
    for name, following in pairwise(names[1:]):
        state = draw(draw(st.sampled_from(kinds))(depth, names))
        way = "Default" if state.common["Type"] == "Choice" else "Next"
        state.common[way] = following
        states[name] = state
    states[names[-1]] = Twin(*draw(st.sampled_from(ENDS)), draw(turns()))
    return TwinMachine(states)


BROKEN = ("{% $states.input.nothing %}", "{% $error('broken') %}", "{% $states.input.n.$uppercase() %}")


@st.composite
def broken_machines(draw: DrawFn) -> TREE:
    """A machine in JSONata, some of whose expressions fail."""
    tree = draw(machines()).whole("JSONata")
    able = [state for state in states_of(tree) if state["Type"] != "Fail"]
    for state in draw(st.lists(st.sampled_from(able), min_size=1, max_size=3)):
        fields = ["Output", *(["Arguments"] if state["Type"] == "Task" else [])]
        state[draw(st.sampled_from(fields))] = draw(st.sampled_from(BROKEN))
    return tree


def states_of(tree: TREE) -> Iterator[TREE]:
    """Every state, those inside of others included."""
    for state in tree["States"].values():
        yield state
        inside = [*state.get("Branches", []), *filter(None, [state.get("ItemProcessor")])]
        for machine in inside:
            yield from states_of(machine)


def work(payload: TREE) -> TREE:
    """Fail, or answer with what was given, one further."""
    if payload["fail"]:
        raise sfnb.TaskError(payload["fail"], "asked for")
    return {"n": payload["n"] + 1, "s": payload["s"], "list": payload["list"], "w": payload["w"]}
