"""JSONata expressions that came to nothing: which path in them leads nowhere, and what is there instead."""

from __future__ import annotations

import re
from collections.abc import Collection

from sfnb.asl.ways import did_you_mean
from sfnb.hints.paths import keys_there, no_variable
from sfnb.hints.trouble import Trouble
from sfnb.query.jsonata.evaluator import QuerySyntaxError, compile_query
from sfnb.values import Json

MEMBERS = ("input", "result", "errorOutput", "context")

_READ = re.compile(r"\$(?P<root>\w+)(?P<steps>(?:\.\w+|\[\d+\])*)(?![\w(])")
"""A path of names and indices, as in `$states.input.items[0].id > 3`; not a function's name."""
_STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
_LITERAL = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)
_FILTER = re.compile(r"\[(?!\d+\])[^\[\]]+\](?:\[\])?$|^\$filter\b")
"""What lets some items through, one, or none: `[price > 10]` at the end, `$filter(...)`."""


def nothing_found(trouble: Trouble, match: re.Match[str]) -> str | None:
    """`undefined`: a path that leads nowhere, or a variable that is not set."""
    expression = match[1].strip()
    try:
        free = compile_query(expression).variables
    except QuerySyntaxError:
        return None
    for read in _READ.finditer(_LITERAL.sub("''", expression)):
        if named := _misnamed(trouble, read, free):
            return named
        if there := _missing(trouble, read):
            return there + _ask_first(read[0], expression)
    if passes_few(expression):
        return f"nothing passes the filter: {as_list(expression)} is a list in any case"
    return "a part of it leads nowhere; $exists(...) ? ... : ... says what to take then"


def _ask_first(path: str, expression: str) -> str:
    maybe = "; where it may be missing"
    if path == expression:
        return f"{maybe}: $exists({path}) ? {path} : null"
    return f"{maybe}, ask first: $exists({path})"


def passes_few(expression: str) -> bool:
    """Whether an expression is a filter, whose single item comes without a list around it."""
    return _FILTER.search(expression) is not None


def as_list(expression: str) -> str:
    """What is a list in any case: of no, one or many items."""
    return f"[{expression.removesuffix('[]')}]"


def _misnamed(trouble: Trouble, read: re.Match[str], free: Collection[str]) -> str | None:
    """A variable that there is not, or a member that `$states` has not."""
    root = read["root"]
    if root == "states":
        return _no_such_member(read["steps"])
    if root in trouble.variables or root not in free:
        return None
    if did_you_mean(root, ("states",)) and not did_you_mean(root, trouble.variables):
        return f"there is no variable ${root}: did you mean $states?"
    return no_variable(trouble, re.match("(.*)", root, re.DOTALL) or read)


def _no_such_member(steps: str) -> str | None:
    """`$states` has only so many members, and not each of them everywhere."""
    name = steps.lstrip(".").partition(".")[0].partition("[")[0]
    if not name or name in MEMBERS:
        return None
    near = did_you_mean(name, MEMBERS)
    return f'$states has {", ".join(MEMBERS)}, but no "{name}"' + (f": {near}" if near else "")


def _missing(trouble: Trouble, read: re.Match[str]) -> str | None:
    """The keys that are there where the path misses one; None where that is not the fault."""
    steps = [name or int(index) for name, index in _STEP.findall(read["steps"])]
    if read["root"] in trouble.variables:
        return _lost(f"${read['root']}", steps, trouble.variables[read["root"]])
    if read["root"] == "states" and steps[:1] == ["input"]:
        return _lost("$states.input", steps[1:], trouble.document)
    return None


def _lost(here: str, steps: list[str | int], value: Json) -> str | None:
    """A name asks each item of a list, as JSONata does; the first that has keys speaks for them."""
    for step in steps:
        if isinstance(value, list) and isinstance(step, str):
            records = [item for item in value if isinstance(item, dict)]
            if records:
                value = next((item for item in records if step in item), records[0])
                here += "[...]"
        spelled = f".{step}" if isinstance(step, str) else f"[{step}]"
        if there := keys_there(f"${spelled}", value):
            return there.replace("$", here, 1)
        here += spelled
        match value, step:
            case dict(), str():
                value = value[step]
            case list(), int():
                value = value[step]
    return None
