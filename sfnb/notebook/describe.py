"""What Shift-Tab shows inside a `%%asl` cell: what a field or a state type means.

The words are those of the records' docstrings. A kernel has one door for such questions,
`do_inspect`; it is wrapped, and put back when the extension goes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

from sfnb.asl.fields import Field, fields_of
from sfnb.asl.states import STATES
from sfnb.notebook.complete import HEADER
from sfnb.notebook.draft import Spot, find_spot
from sfnb.notebook.places import kind_at, record_at
from sfnb.query import LANGUAGES
from sfnb.query.intrinsics import INTRINSICS

GENERAL = {
    "Type": "What the state does: " + ", ".join(STATES) + ".",
    "Next": "The state that comes after this one.",
    "End": "true: the machine, the branch or the iteration ends with this state.",
    "Comment": "For readers; the machine takes no notice of it.",
    "StartAt": "The state that comes first.",
    "States": "The states, each under its name.",
    "TimeoutSeconds": "How long an execution may take; then it is TIMED_OUT.",
    "Default": "Where to go when no rule holds.",
    "InputPath": "The part of the input that the state works on; null for {}.",
    "Parameters": 'What the state works on: a template, in which "name.$" holds a path or a function call.',
    "ResultSelector": "What becomes of the result: a template over it.",
    "ResultPath": "Where in the input the result is put; null drops it.",
    "OutputPath": "The part that is handed on; null for {}.",
    "QueryLanguage": "JSONPath (unless told) or JSONata: of the machine, or of this state.",
    "Assign": "Variables that are set on the way out, by name; later states read them as $name.",
    "Arguments": "What the state works on; texts of the form {% ... %} are JSONata.",
    "Output": "What is handed on; $states.result is what the work came to. The result itself unless given.",
    "Items": "What a Map goes over: a list, or a JSONata expression that comes to one.",
    "Condition": "A JSONata expression that comes to true or false.",
    "Label": "Names the map runs of this Map, and is part of their ARNs.",
    "ToleratedFailureCount": "How many items may fail before a Map in DISTRIBUTED mode does; 0 unless given.",
    "ToleratedFailurePercentage": "How many of a hundred items may fail before the Map does.",
    "ProcessorConfig": "How a Map runs its items: Mode INLINE, or DISTRIBUTED with an ExecutionType.",
    "Mode": "INLINE: in this execution. DISTRIBUTED: each item or batch in an execution of its own.",
    "ExecutionType": "Of the child executions of a Map in DISTRIBUTED mode: STANDARD or EXPRESS.",
    "InputType": "What the file holds: CSV, JSON, JSONL, PARQUET or MANIFEST.",
    "MaxItems": "How many items are read at most; 0 for all.",
    "MaxItemsPerBatch": "How many items one child execution gets at most.",
    "MaxInputBytesPerBatch": "How large the input of one child execution may be, up to 262,144 bytes.",
    "BatchInput": "What each batch gets besides its Items.",
    "Credentials": "The role that the task takes on; here only its form is checked.",
    "Retry": "What is tried again after a failure: a list of Retriers; the first that matches counts.",
    "Catch": "Where to go after a failure: a list of Catchers; the first that matches counts.",
}


def wrap_inspect(shell: Any) -> Callable[[], None]:
    """Let a shell's kernel, if it has one, answer for `%%asl` cells; returns what undoes it."""
    kernel = getattr(shell, "kernel", None)
    if kernel is None:
        return lambda: None
    original = kernel.do_inspect

    def do_inspect(code: str, cursor_pos: int, *rest: Any, **more: Any) -> Any:
        text = describe(code, cursor_pos)
        if text is None:
            return original(code, cursor_pos, *rest, **more)
        return {"status": "ok", "found": True, "data": {"text/plain": text}, "metadata": {}}

    def undo() -> None:
        kernel.do_inspect = original

    kernel.do_inspect = do_inspect
    return undo


def describe(cell: str, offset: int) -> str | None:
    """What stands at `offset` of a `%%asl` cell; None outside of one, and where nothing is known."""
    header = HEADER.match(cell)
    if header is None or offset < header.end():
        return None
    spot = find_spot(cell[header.end() :], offset - header.end())
    if spot is None:
        return None
    return _key(spot, spot.word) if spot.key is None else _value(spot) or _key(spot, spot.key)


def _value(spot: Spot) -> str | None:
    function = spot.word.split("(")[0]
    if function in INTRINSICS:
        shown = str(inspect.signature(INTRINSICS[function])).replace("'", "")
        return f"{function}{shown}\n\n{_doc(INTRINSICS[function])}"
    if spot.key == "Type" and spot.word in STATES:
        return f"{spot.word}\n\n{_doc(STATES[spot.word])}"
    return None


def _key(spot: Spot, name: str) -> str | None:
    record = record_at(spot)
    words = None if record is None else field_words(record, name)
    if words is None and kind_at(spot.path) != "template":
        words = GENERAL.get(name)
    if words is None and record is not None and field_of(record, name) is not None:
        words = f"of a {record.__name__}: {_doc(record)}"
    return None if words is None else f"{name}\n\n{words}"


def _doc(thing: object) -> str:
    """A docstring without its sources."""
    return re.split(r"\nSource: ", inspect.getdoc(thing) or "")[0].strip()


def field_of(record: type, name: str) -> Field | None:
    """The field of this name in whichever query language has it."""
    tables = (fields_of(record, language) for language in LANGUAGES)
    return next((table[name] for table in tables if name in table), None)


def field_words(record: type, name: str) -> str | None:
    """What a record's docstring says of a field, under any of its spellings.

    >>> field_words(STATES["Wait"], "SecondsPath")
    'whole seconds after entry, 0 to 99_999_999; here as a path'
    """
    field = field_of(record, name)
    if field is None:
        return None
    entry = re.search(
        rf"^(?:\w+, )*{field.attribute}(?:, \w+)*: (.+(?:\n    .+)*)", _doc(record), re.MULTILINE
    )
    if entry is None:
        return None
    words = " ".join(entry[1].split())
    return words.rstrip(".") + "; here as a path" if name == f"{field.name}Path" else words
