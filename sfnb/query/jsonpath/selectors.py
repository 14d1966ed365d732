"""Steps and conditions compiled to closures.

A step takes the nodes reached so far to the nodes it reaches, in document order, and drops what it
does not apply to: a list comprehension a step is all that runs. The names and indices that most paths
begin with (or are) never get here as steps; they look up one node, or `MISSING`.

One answer of Jayway 2.10 is not followed: it loses every match of `$..[*].name`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import reduce
from typing import assert_never

from sfnb.query.jsonpath.functions import FUNCTIONS
from sfnb.query.jsonpath.operators import MISSING, OPERATORS, Value, matches
from sfnb.query.jsonpath.steps import (
    And,
    Comparison,
    Condition,
    Constant,
    Exists,
    Filter,
    Function,
    Indices,
    Names,
    Not,
    Operand,
    Or,
    Pattern,
    Scan,
    Slice,
    Step,
    Steps,
    Wildcard,
)
from sfnb.values import Json

Nodes = list[Json]
Select = Callable[[Nodes, Json], Nodes]
Look = Callable[[Json, Json], Value]
Test = Callable[[Json, Json], bool]
"""Each takes the document second: a filter may say `$`."""


def plain_part(steps: Steps) -> tuple[str | int, ...]:
    """The names and indices that `steps` begin with."""
    plain: list[str | int] = []
    for step in steps:
        if not isinstance(step, str | int):
            break
        plain.append(step)
    return tuple(plain)


def is_definite(steps: Steps) -> bool:
    """Whether `steps` lead to one node: names and indices, with `['a','b']` or a function at the end."""
    rest = steps[len(plain_part(steps)) :]
    if len(steps) > 1 and isinstance(steps[0], Scan) and isinstance(steps[-1], Function):
        return True
    return not rest or (len(rest) == 1 and isinstance(rest[0], Names | Function))


def look_up(steps: Steps) -> Look:
    """A closure for a path's value: one node or MISSING if definite, else the list of all it reaches."""
    plain = plain_part(steps)
    rest = steps[len(plain) :]
    find = _look_plain(plain)
    if not rest:
        return find
    if is_definite(steps):
        return _look_definite(find, rest)
    selects = _chain(rest)
    wants_array = isinstance(rest[0], Indices | Slice)

    def look(node: Json, document: Json) -> Value:
        start = find(node, document)
        if start is MISSING or (wants_array and not isinstance(start, list)):
            return MISSING
        nodes = [start]
        for select in selects:
            nodes = select(nodes, document)
        return nodes

    return look


def _look_plain(plain: tuple[str | int, ...]) -> Look:
    if len(plain) == 1 and isinstance(name := plain[0], str):
        return lambda node, document: node.get(name, MISSING) if type(node) is dict else MISSING

    def look(node: Json, document: Json) -> Value:
        for step in plain:
            if type(node) is dict:
                if step not in node:
                    return MISSING
                node = node[step]
            elif type(node) is list and type(step) is int and -len(node) <= step < len(node):
                node = node[step]
            else:
                return MISSING
        return node

    return look


def _look_definite(find: Look, rest: Steps) -> Look:
    """`rest` is `['a','b']`, a function, or a scan with a function at its end."""
    *scan, tail = rest
    if isinstance(tail, Function):
        return _look_function(_look_scan(tail, tuple(scan)) if scan else find, tail)
    assert isinstance(tail, Names)
    names = tail.names

    def look(node: Json, document: Json) -> Value:
        found = find(node, document)
        return _members(found, names) if isinstance(found, dict) else MISSING

    return look


def _look_scan(function: Function, scan: Steps) -> Look:
    """What a function at the end of `$..` is applied to: the nodes found; a length counts what is in them."""
    if function.name in ("length", "size"):
        scan = (*scan, Wildcard())
    selects = _chain(scan)

    def look(node: Json, document: Json) -> Value:
        nodes = [node]
        for select in selects:
            nodes = select(nodes, document)
        return nodes

    return look


def _look_function(find: Look, function: Function) -> Look:
    call = FUNCTIONS[function.name]
    arguments = [_operand(operand) for operand in function.arguments]

    def look(node: Json, document: Json) -> Value:
        found = find(node, document)
        if found is MISSING:
            return MISSING
        return call(found, [argument(node, document) for argument in arguments])

    return look


def _chain(steps: Steps) -> list[Select]:
    return [_select(step, last=position == len(steps)) for position, step in enumerate(steps, 1)]


def _select(step: Step, last: bool) -> Select:
    match step:
        case str():
            return lambda nodes, _: [node[step] for node in nodes if type(node) is dict and step in node]
        case int():
            return _select_indices((step,))
        case Indices(indices):
            return _select_indices(indices)
        case Names(names):
            return _select_members(names) if last else _select_names(names)
        case Slice(start, end):
            return _select_slice(start, end)
        case Wildcard():
            return lambda nodes, _: [child for node in nodes for child in _children(node)]
        case Filter(condition):
            return _select_filter(_test(condition))
        case Function():
            look = _look_function(lambda node, _: node, step)
            return lambda nodes, document: _found(look(node, document) for node in nodes)
        case Scan(inner):
            return _select_scan(inner, last)
        case _:
            assert_never(step)


def _select_names(names: tuple[str, ...]) -> Select:
    return lambda nodes, _: [
        node[name] for node in nodes if type(node) is dict for name in names if name in node
    ]


def _select_members(names: tuple[str, ...]) -> Select:
    return lambda nodes, _: [_members(node, names) for node in nodes if type(node) is dict]


def _select_indices(indices: tuple[int, ...]) -> Select:
    return lambda nodes, _: [
        node[index]
        for node in nodes
        if type(node) is list
        for index in indices
        if -len(node) <= index < len(node)
    ]


def _select_slice(start: int | None, end: int | None) -> Select:
    """Jayway's slices: a negative bound counts from the end, except that `[-2:3]` runs from -2 up to 2."""
    if start is None or end is None:
        return lambda nodes, _: [item for node in nodes if type(node) is list for item in node[start:end]]
    return lambda nodes, _: [
        node[index]
        for node in nodes
        if type(node) is list
        for index in range(max(start, -len(node)), min(end, len(node)))
    ]


def _select_filter(test: Test) -> Select:
    """The items of an array that pass; an object stands for itself."""

    def select(nodes: Nodes, document: Json) -> Nodes:
        found: Nodes = []
        for node in nodes:
            if type(node) is list:
                found += [item for item in node if test(item, document)]
            elif type(node) is dict and test(node, document):
                found.append(node)
        return found

    return select


def _select_scan(step: Step, last: bool) -> Select:
    """`step`, taken at every object and array at or below the nodes, outermost first."""
    if isinstance(step, Filter):
        return _select_scan_filter(_test(step.condition))
    select = _select(step, last)
    wanted = step.names if isinstance(step, Names) and last else ()

    def scan(nodes: Nodes, document: Json) -> Nodes:
        places = _containers(nodes)
        if wanted:
            places = [
                place for place in places if isinstance(place, dict) and all(name in place for name in wanted)
            ]
        return select(places, document)

    return scan


def _select_scan_filter(test: Test) -> Select:
    """Every object that passes. Jayway asks an array too: if it passes itself, its items are filtered."""
    select = _select_filter(test)

    def scan(nodes: Nodes, document: Json) -> Nodes:
        return select([place for place in _containers(nodes) if test(place, document)], document)

    return scan


def _containers(nodes: Nodes) -> Nodes:
    found: Nodes = []
    _gather(nodes, found)
    return found


def _gather(nodes: Iterable[Json], found: Nodes) -> None:
    for node in nodes:
        if type(node) is dict:
            found.append(node)
            _gather(node.values(), found)
        elif type(node) is list:
            found.append(node)
            _gather(node, found)


def _children(node: Json) -> Nodes:
    if isinstance(node, list):
        return node
    return list(node.values()) if isinstance(node, dict) else []


def _members(node: dict[str, Json], names: tuple[str, ...]) -> Json:
    return {name: node[name] for name in names if name in node}


def _found(values: Iterable[Value]) -> Nodes:
    return [value for value in values if value is not MISSING]


def _test(condition: Condition) -> Test:
    match condition:
        case Exists(query):
            look = _operand(query)
            return lambda node, document: look(node, document) is not MISSING
        case Comparison():
            return _comparison(condition)
        case Not(inner):
            test = _test(inner)
            return lambda node, document: not test(node, document)
        case And(conditions):
            return reduce(_both, map(_test, conditions))
        case Or(conditions):
            return reduce(_either, map(_test, conditions))
        case _:
            assert_never(condition)


def _both(first: Test, second: Test) -> Test:
    return lambda node, document: first(node, document) and second(node, document)


def _either(first: Test, second: Test) -> Test:
    return lambda node, document: first(node, document) or second(node, document)


def _comparison(comparison: Comparison) -> Test:
    left, right = comparison.left, comparison.right
    if isinstance(left, Pattern):
        left, right = right, left
    if isinstance(left, Pattern):
        return lambda node, document: False
    look = _operand(left)
    if isinstance(right, Pattern):
        regex = right.regex if comparison.operator == "=~" else re.compile("(?!)")
        return lambda node, document: matches(regex, look(node, document))
    compare = OPERATORS[comparison.operator]
    if isinstance(right, Constant):
        value = right.value
        return lambda node, document: compare(look(node, document), value)
    look_right = _operand(right)
    return lambda node, document: compare(look(node, document), look_right(node, document))


def _operand(operand: Operand) -> Look:
    if isinstance(operand, Constant):
        value = operand.value
        return lambda node, document: value
    look = look_up(operand.steps)
    if operand.root == "$":
        return lambda node, document: look(document, document)
    return look
