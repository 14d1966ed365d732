"""The names that Assign may give to variables.

Source: AWS guide, "Passing data between states with variables"; Amazon States Language, "Variables".
"""

from __future__ import annotations

from sfnb.query.reporting import Report
from sfnb.values import Json

MAX_NAME = 80
RESERVED = "states"


def check_names(assign: Json, report: Report) -> None:
    """Report each key of an Assign that is no name of a variable."""
    for key in assign if isinstance(assign, dict) else ():
        fault = _fault(key.removesuffix(".$"))
        if fault is not None:
            report(f"The variable name '{key}' is not valid", within=(key,), at_key=True, hint=fault)


def _fault(name: str) -> str | None:
    if name == RESERVED:
        return f"'{RESERVED}' is reserved: $states holds the state's input, result and context"
    if not 1 <= len(name) <= MAX_NAME:
        return f"a name has 1 to {MAX_NAME} characters, this one {len(name)}"
    if not name.isidentifier() or name.startswith("_"):
        whole = name.partition(".")[0].partition("[")[0]
        if whole != name and whole.isidentifier():
            return f"a variable is assigned as a whole: assign '{whole}'"
        return "a name begins with a letter and goes on with letters, digits and _"
    return None
