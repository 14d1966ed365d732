"""What the rules of a Choice compare: each value that decides it becomes an option, ranked by the way
on which the Choice goes then."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sfnb.mocks.flow import need, offer
from sfnb.mocks.jsonata_reads import expression_of, offer_condition
from sfnb.mocks.jsonpath_reads import Scene, read_text
from sfnb.mocks.want import FAILS, LEAVES, STAYS, Mark, Option
from sfnb.values import Json

Tree = dict[str, Any]


def read_choice(state: Tree, ranks: dict[str, int], scene: Scene) -> None:
    """ranks: how good it is to go on at each state of this machine."""
    rules = [rule for rule in state.get("Choices", []) if isinstance(rule, dict)]
    targets = [ranks.get(str(rule.get("Next")), STAYS) for rule in rules]
    subjects = [_subjects(rule) for rule in rules]
    default = ranks.get(str(state.get("Default")), FAILS)
    for number, rule in enumerate(rules):
        # what meets none of the rules on one value may still meet a later rule on another
        others = [targets[n] for n in range(number + 1, len(rules)) if subjects[n] != subjects[number]]
        met, unmet = targets[number], max([default, *others])
        condition = expression_of(rule.get("Condition"))
        if condition is None:
            _read_rule(rule, scene, met, unmet)
        else:
            offer_condition(condition, scene, met, unmet)


def _subjects(rule: Tree) -> set[str]:
    """What a rule looks at."""
    condition = rule.get("Condition")
    if isinstance(condition, str):
        return set(re.findall(r"\$[\w.]+", condition))
    inner = [
        *rule.get("And", []),
        *rule.get("Or", []),
        *([rule["Not"]] if isinstance(rule.get("Not"), dict) else []),
    ]
    return {str(rule.get("Variable"))} - {"None"} | {name for each in inner for name in _subjects(each)}


def _read_rule(rule: Tree, scene: Scene, met: int, unmet: int) -> None:
    for name in ("And", "Or"):
        for inner in rule.get(name, []):
            _read_rule(inner, scene, met, unmet)
    if isinstance(rule.get("Not"), dict):
        _read_rule(rule["Not"], scene, unmet, met)
    for operator, operand in rule.items():
        if operator not in ("Variable", "Next", "Comment", "Assign", "And", "Or", "Not"):
            _compare(rule.get("Variable"), operator, operand, scene, met, unmet)


def _compare(variable: Json, operator: str, operand: Json, scene: Scene, met: int, unmet: int) -> None:
    flow = read_text(variable, scene)
    kind = next((kind for prefix, kind in _KINDS.items() if operator.startswith(prefix)), None)
    if kind is not None:
        need(flow, kind)
    if operator.endswith("Path"):
        other = read_text(operand, scene)
        if kind is not None:
            need(other, kind)
        return
    offer(flow, options_of(operator, operand, met, unmet))


_KINDS = {"Numeric": "number", "Boolean": "boolean", "Timestamp": "timestamp", "String": "text"}
_IS: dict[str, Json] = {
    "IsString": "text",
    "IsNumeric": 1,
    "IsBoolean": True,
    "IsTimestamp": "2026-01-01T00:00:00Z",
    "IsNull": None,
}


def options_of(operator: str, operand: Json, met: int, unmet: int) -> Iterable[Option]:
    """Values that meet a data test, and values that do not."""
    if operator == "IsPresent":
        met, unmet = (met, unmet) if operand else (unmet, met)
        return [Option(Mark.PRESENT, met), Option(Mark.ABSENT, unmet)]
    if operator in _IS:
        met, unmet = (met, unmet) if operand else (unmet, met)
        yes: Json | Mark = _IS[operator] if operator in ("IsNull", "IsNumeric", "IsBoolean") else Mark.PRESENT
        return [Option(yes, met), Option(None if operator != "IsNull" else Mark.PRESENT, unmet)]
    if operator == "BooleanEquals":
        return [Option(operand, met), Option(not operand, unmet)]
    if operator == "StringMatches" and isinstance(operand, str):
        met_by = operand.replace("\\\\*", "\0").replace("\\*", "\0").replace("*", "x").replace("\0", "*")
        return [Option(met_by, met), Option(Mark.OTHER, unmet)]
    if operator.endswith("Equals") and "Than" not in operator:
        return [Option(operand, met), Option(Mark.OTHER, unmet)]
    above, below = (met, unmet) if "GreaterThan" in operator else (unmet, met)
    equal = met if operator.endswith("Equals") else unmet
    higher, lower = neighbours(operand)
    return [Option(higher, above), Option(operand, equal), Option(lower, below)]


def neighbours(operand: Json) -> tuple[Json, Json]:
    """A value above and one below.

    >>> neighbours(5), neighbours("b"), neighbours("2026-01-01T00:00:00Z")
    ((6, 4), ('bx', ''), ('2026-01-02T00:00:00Z', '2025-12-31T00:00:00Z'))
    """
    if isinstance(operand, int | float):
        return operand + 1, operand - 1
    try:
        moment, day = datetime.fromisoformat(str(operand)), timedelta(days=1)
    except ValueError:
        return f"{operand}x", ""
    return tuple(f"{at.isoformat().replace('+00:00', 'Z')}" for at in (moment + day, moment - day))  # type: ignore[return-value]


def ranks_of(states: Tree) -> dict[str, dict[str, int]]:
    """For each state, how good it is to go on at each state: FAILS where every way ends in a Fail state,
    STAYS where the way leads back to it, LEAVES else."""
    after = {name: set(_targets(state)) for name, state in states.items()}
    before: dict[str, set[str]] = {name: set() for name in states}
    for name, targets in after.items():
        for target in targets & states.keys():
            before[target].add(name)
    ends = [name for name, state in states.items() if state.get("End") or state.get("Type") == "Succeed"]
    saved = _reach(ends, before)
    ranks: dict[str, dict[str, int]] = {}
    for name in states:
        if states[name].get("Type") == "Choice":
            back = _reach([name], before)
            ranks[name] = {
                other: FAILS if other not in saved else STAYS if other in back else LEAVES for other in states
            }
    return ranks


def _targets(state: Tree) -> list[str]:
    rules = [state, *state.get("Choices", [])]
    found = [rule.get("Next") for rule in rules if isinstance(rule, dict)] + [state.get("Default")]
    return [target for target in found if isinstance(target, str)]


def _reach(start: Iterable[str], edges: dict[str, set[str]]) -> set[str]:
    found, todo = set(start), list(start)
    while todo:
        for name in edges[todo.pop()] - found:
            found.add(name)
            todo.append(name)
    return found
