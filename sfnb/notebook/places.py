"""What may stand where in a definition: for completion, and for the help that Shift-Tab shows.

Fields are read off the records of the language, so that a new state type or field is known here too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from sfnb.asl.fields import Field, fields_of
from sfnb.asl.machine import ProcessorConfig
from sfnb.asl.map_items import ItemBatcher, ItemReader, ReaderConfig, ResultWriter, WriterConfig
from sfnb.asl.recovery import Catcher, Retrier
from sfnb.asl.states import STATES
from sfnb.asl.states.choice import OPERATORS
from sfnb.errors import PathStep
from sfnb.notebook.draft import Spot
from sfnb.query import LANGUAGES
from sfnb.query.intrinsics import INTRINSICS

Path = tuple[PathStep, ...]

INSIDE: dict[tuple[str, str], str] = {
    ("machine", "States"): "states",
    ("machine", "ProcessorConfig"): "config",
    ("state", "ItemReader"): "reader",
    ("reader", "ReaderConfig"): "reader config",
    ("state", "ItemBatcher"): "batcher",
    ("state", "ResultWriter"): "writer",
    ("writer", "WriterConfig"): "writer config",
    ("state", "Branches"): "machines",
    ("state", "ItemProcessor"): "machine",
    ("state", "Iterator"): "machine",
    ("state", "Retry"): "retriers",
    ("state", "Catch"): "catchers",
    ("state", "Choices"): "rules",
    ("rule", "And"): "rules",
    ("rule", "Or"): "rules",
    ("rule", "Not"): "rule",
}
"""What a key holds, by the kind of the object it stands in; any other holds a payload template."""
RECORDS: dict[str, type[msgspec.Struct]] = {
    "retrier": Retrier,
    "catcher": Catcher,
    "reader": ItemReader,
    "reader config": ReaderConfig,
    "batcher": ItemBatcher,
    "writer": ResultWriter,
    "writer config": WriterConfig,
    "config": ProcessorConfig,
}
"""What documents an object of each kind; a state is documented by its type."""
ITEMS = {"machines": "machine", "retriers": "retrier", "catchers": "catcher", "rules": "rule"}

ERRORS = (
    "States.ALL",
    "States.TaskFailed",
    "States.Timeout",
    "States.HeartbeatTimeout",
    "States.BranchFailed",
    "States.DataLimitExceeded",
    "States.ExceedToleratedFailureThreshold",
    "States.IntrinsicFailure",
    "States.ItemReaderFailed",
    "States.NoChoiceMatched",
    "States.ParameterPathFailure",
    "States.Permissions",
    "States.ResultPathMatchFailure",
    "States.Runtime",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.Unknown",
)
CONTEXT = (
    "$$.Execution.Id",
    "$$.Execution.Input",
    "$$.Execution.Name",
    "$$.Execution.RoleArn",
    "$$.Execution.StartTime",
    "$$.State.Name",
    "$$.State.EnteredTime",
    "$$.State.RetryCount",
    "$$.StateMachine.Id",
    "$$.StateMachine.Name",
    "$$.Map.Item.Index",
    "$$.Map.Item.Value",
    "$$.Task.Token",
)
LAMBDA = "arn:aws:states:::lambda:invoke"
S3 = {
    "reader": ("arn:aws:states:::s3:getObject", "arn:aws:states:::s3:listObjectsV2"),
    "writer": ("arn:aws:states:::s3:putObject",),
}
STATES_VARIABLE = ("input", "result", "context", "errorOutput")
"""The members of `$states`."""
COMPUTED = ("Output", "Condition", "Items", "Seconds", "Timestamp", "Error", "Cause", "MaxConcurrency")
"""Fields that often hold a JSONata expression, besides those inside of Arguments, Output and Assign."""
ONE_OF: dict[str, tuple[str, ...]] = {
    "Type": tuple(STATES),
    "QueryLanguage": tuple(LANGUAGES),
    "Version": ("1.0",),
    "Mode": ("INLINE", "DISTRIBUTED"),
    "ExecutionType": ("STANDARD", "EXPRESS"),
    "InputType": ("CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"),
    "ManifestType": ("ATHENA_DATA", "S3_INVENTORY"),
    "Transformation": ("NONE", "LOAD_AND_FLATTEN", "COMPACT", "FLATTEN"),
    "CSVHeaderLocation": ("FIRST_ROW", "GIVEN"),
    "CSVDelimiter": ("COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"),
    "OutputType": ("JSON", "JSONL"),
    "JitterStrategy": ("FULL", "NONE"),
}
WORDS = ("End", "IsPresent", "IsNull", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp", "BooleanEquals")
"""Fields that hold true or false."""


def kind_at(path: Path) -> str:
    """What stands at a path: "machine", "state", "retrier", "template", ..."""
    kind = "machine"
    for step in path:
        if isinstance(step, int):
            kind = ITEMS.get(kind, "template")
        elif kind == "states":
            kind = "state"
        else:
            kind = INSIDE.get((kind, step), "template")
    return kind


def language_at(spot: Spot) -> str:
    """The query language in force at the spot: that of the state around it, else the machine's."""
    for end in range(len(spot.path), 0, -1):
        if kind_at(spot.path[:end]) == "state":
            state = spot.at(spot.path[:end])
            own = state.get("QueryLanguage") if isinstance(state, dict) else None
            if own in LANGUAGES:
                return str(own)
            break
    whole = spot.tree.get("QueryLanguage")
    return str(whole) if whole in LANGUAGES else "JSONPath"


def keys_at(spot: Spot) -> list[str]:
    """The keys that may be written at the spot, the necessary ones first, without those that are there."""
    here = spot.at(spot.path)
    present: Mapping[str, Any] = here if isinstance(here, dict) else {}
    present = {name: value for name, value in present.items() if name != spot.word}
    find = _KEYS.get(kind_at(spot.path))
    return [] if find is None else [name for name in find(spot, present) if name not in present]


def _machine_keys(spot: Spot, present: Mapping[str, Any]) -> list[str]:
    further = {0: ["TimeoutSeconds", "Version", "QueryLanguage"]}.get(len(spot.path), [])
    if spot.path[-1:] in (("ItemProcessor",), ("Iterator",)):
        further = ["ProcessorConfig"]
    return ["StartAt", "States", "Comment", *further]


def _state_names(spot: Spot, present: Mapping[str, Any]) -> list[str]:
    """Names of states that are pointed at and not there yet."""
    machine = spot.at(spot.path[:-1])
    start = machine.get("StartAt") if isinstance(machine, dict) else None
    pointed = [start, *(target for state in present.values() for target in _targets(state))]
    return list(dict.fromkeys(name for name in pointed if isinstance(name, str) and name))


def _targets(state: Any) -> Iterator[Any]:
    if isinstance(state, dict):
        yield from (state.get("Next"), state.get("Default"))
        for rules in (state.get("Choices"), state.get("Catch")):
            yield from (rule.get("Next") for rule in rules or () if isinstance(rule, dict))


def _state_keys(spot: Spot, present: Mapping[str, Any]) -> list[str]:
    kind = STATES.get(str(present.get("Type")))
    if kind is None:
        return ["Type", "Next", "End", "Comment"]
    language = language_at(spot)
    table = fields_of(kind, language)
    names = [*_unused(table, present), *kind.stages[language], "QueryLanguage"]
    ways = [] if not kind.transitions or {"Next", "End"} & present.keys() else ["Next", "End"]
    needed = [name for name in names if name in table and table[name].required]
    return list(
        dict.fromkeys(
            ["Type", *needed, *ways, *(n for n in names if n not in ("Next", "Comment")), "Comment"]
        )
    )


def _unused(table: Mapping[str, Field], present: Mapping[str, Any]) -> list[str]:
    """Spellings of fields that are not there in any spelling; what is required first."""
    used = {table[name].attribute for name in present if name in table}
    free = [(name, field) for name, field in table.items() if field.attribute not in used]
    now = [name for name, field in free if name == field.name]
    return [
        *sorted(now, key=lambda name: not table[name].required),
        *(name for name, field in free if name == f"{field.name}Path"),
    ]


def _record_keys(record: type) -> Callable[[Spot, Mapping[str, Any]], list[str]]:
    return lambda spot, present: _unused(fields_of(record, language_at(spot)), present)


def _catcher_keys(spot: Spot, present: Mapping[str, Any]) -> list[str]:
    flow = LANGUAGES[language_at(spot)].catcher_fields
    return [*_unused(fields_of(Catcher), present), *(name for name in flow if name not in present)]


def _rule_keys(spot: Spot, present: Mapping[str, Any]) -> list[str]:
    outermost = spot.path[-2:-1] == ("Choices",)
    language = language_at(spot)
    more = LANGUAGES[language].rule_fields if outermost else ()
    if language == "JSONata":
        return ["Condition", "Next", *more, "Comment"]
    operators = [] if any(name in present for name in OPERATORS) else list(OPERATORS)
    return ["Variable", *(["Next"] if outermost else []), *operators, *more, "Comment"]


_KEYS: dict[str, Callable[[Spot, Mapping[str, Any]], list[str]]] = {
    "machine": _machine_keys,
    "states": _state_names,
    "state": _state_keys,
    **{kind: _record_keys(record) for kind, record in RECORDS.items()},
    "catcher": _catcher_keys,
    "rule": _rule_keys,
}


def values_at(spot: Spot, tasks: Iterable[str], errors: Iterable[str]) -> list[str]:
    """What may stand after the key at the spot.

    tasks: names of registered functions. errors: names of exceptions that the user has.
    """
    key = spot.key or ""
    if key == "ErrorEquals":
        return [*errors, *ERRORS]
    if language_at(spot) == "JSONata" and (kind_at(spot.path) == "template" or key in COMPUTED):
        return [*(list(tasks) if key == "FunctionName" else []), *_queries(spot)]
    if kind_at(spot.path) == "template":
        return _template_values(key, tasks)
    if key in ("Next", "Default"):
        return states_around(spot)
    if key == "StartAt":
        return _keys(spot.at((*spot.path, "States")))
    if key == "Resource" and kind_at(spot.path) in S3:
        return list(S3[kind_at(spot.path)])
    if key == "Resource":
        names = list(tasks)
        return [*names, LAMBDA, *(f"${{{name}}}" for name in names)]
    if key in WORDS:
        return ["true", "false"]
    if key in ONE_OF:
        return list(ONE_OF[key])
    return list(CONTEXT) if key.endswith("Path") or key == "Variable" else []


def _template_values(key: str, tasks: Iterable[str]) -> list[str]:
    if key == "FunctionName":
        return list(tasks)
    if key.endswith(".$"):
        return ["$", *(f"{name}(" for name in INTRINSICS), *CONTEXT]
    return []


def _queries(spot: Spot) -> list[str]:
    """Expressions to begin with: what a state can read, and the variables that any state sets."""
    names = [f"$states.{name}" for name in STATES_VARIABLE]
    names += [f"${name}" for name in dict.fromkeys(_assigned(spot.tree))]
    return [f"{{% {name} %}}" for name in names]


def _assigned(node: Any) -> Iterator[str]:
    """The names under every Assign of a draft."""
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "Assign" and isinstance(value, dict):
                yield from (each.removesuffix(".$") for each in value)
            else:
                yield from _assigned(value)
    elif isinstance(node, list):
        for value in node:
            yield from _assigned(value)


def states_around(spot: Spot) -> list[str]:
    """The names of the states that a state here may lead to, its own last."""
    for end in range(len(spot.path), 0, -1):
        if spot.path[end - 1] == "States" and kind_at(spot.path[:end]) == "states":
            own = spot.path[end] if end < len(spot.path) else None
            return sorted(_keys(spot.at(spot.path[:end])), key=lambda name: name == own)
    return []


def _keys(node: Any) -> list[str]:
    return [str(name) for name in node] if isinstance(node, dict) else []


def record_at(spot: Spot) -> type[msgspec.Struct] | None:
    """The record that documents what stands at the spot's object: a state type, a Retrier, a Catcher."""
    kind = kind_at(spot.path)
    here = spot.at(spot.path)
    if kind == "state" and isinstance(here, dict):
        return STATES.get(str(here.get("Type")))
    return RECORDS.get(kind)
