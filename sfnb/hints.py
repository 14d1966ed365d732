"""What to do about a failure, in words of our own.

Hints are for people: they are shown with an execution and never become part of its Error or Cause.
Each explanation is a row of `EXPLANATIONS`: which failures it is for, and what makes its sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from sfnb.asl.machine import Definition
from sfnb.asl.recovery import UNCATCHABLE, Catcher, Retrier
from sfnb.asl.state import State
from sfnb.asl.ways import did_you_mean
from sfnb.engine.limits import AWS_LIMITS
from sfnb.query.jsonpath.path import Path, PathNotFound, PathSyntaxError, compile_path
from sfnb.values import Json, decode, encode

if TYPE_CHECKING:
    from sfnb.engine.visits import Visit
    from sfnb.execution import Execution


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """A failure and what was around it.

    visit: the innermost one that failed; None where it was no state's fault.
    states: as they are defined, from the outermost around the visit to its own.
    """

    execution: Execution
    error: str
    cause: str
    visit: Visit | None
    states: tuple[State, ...]

    @property
    def state(self) -> State | None:
        return self.states[-1] if self.states else None

    @property
    def document(self) -> Json:
        """What the state's paths look into, as far as it can be known: the input after InputPath."""
        if self.visit is None or self.state is None:
            return None
        document = decode(self.visit.input)
        path = getattr(self.state.flow, "input_path", None)
        if isinstance(path, Path) and path.root == "$":
            try:
                return path.find(document)
            except PathNotFound:
                pass
        return document


Explain = Callable[[Trouble, re.Match[str]], str | None]


def hints_for(trouble: Trouble) -> list[str]:
    """Every hint that fits; a line each, further lines are code."""
    found = []
    for explanation in EXPLANATIONS:
        match = re.search(explanation.cause, trouble.cause, re.DOTALL)
        if match and re.fullmatch(explanation.error, trouble.error):
            found.append(explanation.explain(trouble, match))
    return [hint for hint in found if hint]


def states_on(definition: Definition, path: Iterable[str | int]) -> tuple[State, ...]:
    """The states along a visit's path: ("Each", 0, "Charge")."""
    states: list[State] = []
    for step in path:
        if isinstance(step, int):
            definition = states[-1].parts()[step][1]
        else:
            states.append(definition.states[step])
    return tuple(states)


# Functions that are missing


def no_function(trouble: Trouble, match: re.Match[str]) -> str:
    """Nothing stands for a Lambda function, an activity or a service."""
    name = match[1]
    known = trouble.execution.machine.known_tasks
    near = did_you_mean(name, known)
    lines = [f'no Python function stands for "{name}"; {near or "define one in a cell:"}']
    if near is None:
        lines += [f"    {line}" for line in stand_in(name)]
        if trouble.visit is not None:
            owner = trouble.execution.machine_name
            owner = owner if owner.isidentifier() else "machine"
            lines.append(f'or one for this state alone, with @{owner}.task("{trouble.visit.state}")')
    return "\n".join(lines)


def stand_in(name: str) -> list[str]:
    """The lines of Python that make a task of this name.

    >>> print("\\n".join(stand_in("my-price")))
    @sfnb.task("my-price")
    def my_price(payload): ...
    """
    if name.isidentifier():
        return ["@sfnb.task", f"def {name}(payload): ..."]
    plain = re.sub(r"\W+", "_", name.rpartition(":")[2]).strip("_")
    return [f'@sfnb.task("{name}")', f"def {plain if plain.isidentifier() else 'task'}(payload): ..."]


def no_service(trouble: Trouble, match: re.Match[str]) -> str:
    parts = match[1].split(":")
    name = ":".join(parts[5:]) or match[1]
    example = "\n".join(f"    {line}" for line in stand_in(name))
    return f"sfnb calls no AWS service; let a Python function stand for it:\n{example}"


# Paths that lead nowhere


def nothing_there(trouble: Trouble, match: re.Match[str]) -> str | None:
    return keys_there(match[1], trouble.document)


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
                return f"{here} has {len(node)} items, none at [{step}]"
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
    return f'{here} has {shown or "no keys"}, but no "{wanted}"' + (f": {near}" if near else "")


def no_array(trouble: Trouble, match: re.Match[str]) -> str | None:
    try:
        found = compile_path(match[1]).find(trouble.document)
    except (PathSyntaxError, PathNotFound):
        return None
    what = "an object" if isinstance(found, dict) else shortened(encode(found), 40)
    keys = [key for key, value in found.items() if isinstance(value, list)] if isinstance(found, dict) else []
    base = match[1]
    return f"{base} is {what}" + (f'; did you mean "{base}.{keys[0]}"?' if keys else "")


# Ways that are missing


def no_rule(trouble: Trouble, match: re.Match[str]) -> str:
    document = shortened(encode(trouble.document), 80)
    return f'no rule holds for {document}, and there is no Default: add "Default" to say where to go then'


def never_caught(trouble: Trouble, match: re.Match[str]) -> str | None:
    names = [name for state in trouble.states for rule in _rules(state) for name in rule.error_equals]
    if trouble.error in UNCATCHABLE and names:
        return (
            f"{trouble.error} is a fault of the definition: no Retry or Catch matches it, not even States.ALL"
        )
    if trouble.error in names or "States.ALL" in names:
        return None
    near = did_you_mean(trouble.error, [name for name in names if not name.startswith("States.")])
    return f"no Retry or Catch here names {trouble.error}: {near}" if near else None


def _rules(state: State) -> list[Retrier | Catcher]:
    return [*state.retry, *state.catch]


# Limits


def too_large(trouble: Trouble, match: re.Match[str]) -> str:
    limit = AWS_LIMITS.payload_bytes // 1024
    return (
        f"AWS allows {limit} KiB a payload: keep the data in a file or a bucket and pass its name, "
        "or lift the limit with --unlimited, run(..., unlimited=True)"
    )


def history_full(trouble: Trouble, match: re.Match[str]) -> str:
    visits = trouble.execution.trail
    counts: dict[str, int] = {}
    for visit in visits:
        counts[visit.state] = counts.get(visit.state, 0) + 1
    most = max(counts, key=lambda name: counts[name])
    return (
        f'is it a loop that does not end? "{most}" was entered {counts[most]:,} times. '
        "--unlimited, run(..., unlimited=True), lifts the limit"
    )


def too_late(trouble: Trouble, match: re.Match[str]) -> str | None:
    """Which time-out it was."""
    state = trouble.state
    limits = [
        f"{name} ({expression.text})"
        for name, attribute in (
            ("TimeoutSeconds", "timeout_seconds"),
            ("HeartbeatSeconds", "heartbeat_seconds"),
        )
        if (expression := getattr(state, attribute, None)) is not None
    ]
    if not limits or trouble.visit is None:
        return None
    return (
        f'"{trouble.visit.state}" did not answer within {" or ".join(limits)}; its function may still be '
        "running: sfnb.cancelled() tells it to stop, sfnb.heartbeat() that it lives"
    )


def machine_too_late(trouble: Trouble, match: re.Match[str]) -> str:
    seconds = trouble.execution.machine.record.definition.timeout_seconds
    where = f' while "{trouble.visit.state}" was under way' if trouble.visit is not None else ""
    return f"the machine's TimeoutSeconds ({seconds}) ran out{where}"


class Explanation(NamedTuple):
    """Patterns for a failure's whole Error and for some part of its Cause, and what to say."""

    error: str
    cause: str
    explain: Explain


MACHINE_TIMEOUT = "sfnb.MachineTimeout"
"""Stands for the Error that a machine's time-out has not."""

EXPLANATIONS = (
    Explanation(
        r"Lambda\.ResourceNotFoundException", r"Function not found: \S*?:function:([^:\s]+)", no_function
    ),
    Explanation(r"States\.Runtime", r"The activity \S*:activity:(\S+) does not exist", no_function),
    Explanation(r"States\.TaskFailed", r"No function stands for '([^']+)'", no_service),
    Explanation(r"States\.Runtime", r"Invalid path '(\$[^']*)' :", nothing_there),
    Explanation(r"States\.Runtime", r"Invalid path '(\$[^']*)': The choice state's", nothing_to_compare),
    Explanation(r"States\.Runtime", r"does not reference an input value: (\$\S*)", nothing_there),
    Explanation(
        r"States\.Runtime",
        r"The JSONPath '(\$[^']*)' specified for the field '.*?' could not be found in the input '(.*)'",
        nothing_in_document,
    ),
    Explanation(r"States\.Runtime", r'Reference path "(\$[^"]*)" must point to array', no_array),
    Explanation(r"States\.Runtime", r"Failed to transition out of the state", no_rule),
    Explanation(r"States\.Runtime", r"maximum number of history events", history_full),
    Explanation(r"States\.DataLimitExceeded", r"", too_large),
    Explanation(r"States\.Timeout", r"", too_late),
    Explanation(re.escape(MACHINE_TIMEOUT), r"", machine_too_late),
    Explanation(r".*", r"", never_caught),
)


def shortened(text: str, limit: int) -> str:
    """`text` on one line, cut where it is too long.

    >>> shortened("a\\nb" + "c" * 30, 10)
    'a bccccccc…'
    """
    text = text if len(text) <= limit else text[:limit].rstrip() + "…"
    return " ".join(text.split("\n"))
