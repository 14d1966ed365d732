"""Paths that lead nowhere, and what else a state does not find in its data."""

from __future__ import annotations

import re

from sfnb.asl.machine import walk
from sfnb.asl.ways import did_you_mean
from sfnb.hints.leaving import is_output_path, leaving
from sfnb.hints.trouble import Trouble, shortened
from sfnb.query.jsonpath.path import PathNotFound, PathSyntaxError, compile_path
from sfnb.values import Json, decode, encode


def nothing_there(trouble: Trouble, match: re.Match[str]) -> str | None:
    if not is_output_path(trouble, match[1]):
        return keys_there(match[1], trouble.document)
    left = leaving(trouble)
    return None if left is None else keys_there(match[1], left.value)


def nothing_in_document(trouble: Trouble, match: re.Match[str]) -> str | None:
    """The failure shows the document itself."""
    try:
        return keys_there(match[1], decode(match[2]))
    except ValueError:
        return None


def nothing_to_compare(trouble: Trouble, match: re.Match[str]) -> str | None:
    test = encode({"Variable": match[1], "IsPresent": True})
    there = keys_there(match[1], trouble.document)
    return f"{there}. Where it may be missing, ask first: {test}" if there else None


def keys_there(text: str, document: Json) -> str | None:
    """Which keys stand where a path misses one; None where that is not the fault.

    >>> keys_there("$.order.totl", {"order": {"id": 1, "total": 2}})
    '$.order has "id", "total", but no "totl": did you mean "total"?'
    """
    try:
        path = compile_path(text)
    except PathSyntaxError:
        return None
    node = document
    for position, step in enumerate(path.steps):
        here = "$" + "".join(f".{s}" if isinstance(s, str) else f"[{s}]" for s in path.steps[:position])
        if isinstance(step, str) and isinstance(node, dict):
            if step not in node:
                return _no_such_key(here, step, list(node))
            node = node[step]
        elif isinstance(step, int) and isinstance(node, list):
            if step >= len(node):
                return f"{here} has {len(node)} item{'s' * (len(node) != 1)}, none at [{step}]"
            node = node[step]
        else:
            wanted = "object" if isinstance(step, str) else "array"
            return f"{here} is no {wanted} but {shortened(encode(node), 60)}"
    return None


def _no_such_key(here: str, wanted: str, keys: list[str]) -> str:
    shown = ", ".join(f'"{key}"' for key in keys[:8]) + (
        f" and {len(keys) - 8} more" if len(keys) > 8 else ""
    )
    near = did_you_mean(wanted, keys)
    if not keys:
        return f'{here} is empty: it has no "{wanted}"'
    return f'{here} has {shown}, but no "{wanted}"' + (f": {near}" if near else "")


def no_array(trouble: Trouble, match: re.Match[str]) -> str | None:
    try:
        found = compile_path(match[1]).find(trouble.document)
    except (PathSyntaxError, PathNotFound):
        return None
    what = "an object" if isinstance(found, dict) else shortened(encode(found), 40)
    keys = [key for key, value in found.items() if isinstance(value, list)] if isinstance(found, dict) else []
    base = match[1]
    return f"{base} is {what}" + (f'; did you mean "{base}.{keys[0]}"?' if keys else "")


def no_rule(trouble: Trouble, match: re.Match[str]) -> str:
    document = shortened(encode(trouble.document), 80)
    return f'no rule holds for {document}, and there is no Default: add "Default" to say where to go then'


def no_variable(trouble: Trouble, match: re.Match[str]) -> str:
    """A workflow variable that nothing has set, by its name."""
    name = match[1].partition(".")[0].partition("[")[0]
    known = trouble.variables
    if near := did_you_mean(name, known):
        return f"there is no variable ${name}: {dollar(near)}"
    if trouble.in_child:
        return (
            f"${name} is not set here: the children of a Map in DISTRIBUTED mode do not see the variables "
            "around it; pass them on with ItemSelector, or BatchInput"
        )
    if setters := _setters(trouble, name):
        return f"${name} is not set yet: {setters} would, and the way here did not lead through"
    there = ", ".join(f"${each}" for each in known)
    return f"no state sets ${name}" + (f"; there are {there}" if there else "")


def dollar(near: str) -> str:
    """
    >>> dollar('did you mean "floor"?')
    'did you mean $floor?'
    """
    return re.sub(r'"(\w+)"', r"$\1", near)


def _setters(trouble: Trouble, name: str) -> str:
    definition = trouble.execution.machine.record.definition
    return " or ".join(f'"{state.name}"' for state in walk(definition) if name in state.assigns)
