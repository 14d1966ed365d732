"""Text that reads like a path where none is looked for: allowed, and hardly ever meant.

Source: AWS API reference, ValidateStateMachineDefinitionDiagnostic, "List of warning codes".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sfnb.errors import Diagnostic, PathStep
from sfnb.values import Json

Place = tuple[PathStep, ...]

TEMPLATES = ("Parameters", "ResultSelector", "ItemSelector", "Assign")
TEXTS = ("Error", "Cause")
_like_a_path = re.compile(r"\$\$?(?:\.[A-Za-z_]|\[)|States\.[A-Z][A-Za-z0-9]*\(").match


def check_static(tree: Mapping[str, Json], place: Place) -> Iterator[Diagnostic]:
    """Warnings about a JSONPath state."""
    for field in TEMPLATES:
        inside = tree.get(field)
        for path, value in _texts(inside if isinstance(inside, dict) else None, (*place, field)):
            name = path[-1]
            if isinstance(name, str) and not name.endswith(".$"):
                yield _warning(
                    "NO_DOLLAR",
                    f"The value for the field '{name}' looks like a path, and is text",
                    path,
                    f'write "{name}.$" to have {value} looked up',
                )
    for field in TEXTS:
        text = tree.get(field)
        if isinstance(text, str) and _like_a_path(text):
            hint = f"write {field}Path to have it looked up"
            yield _warning(
                "NO_PATH",
                f"The value for the field '{field}' looks like a path, and is text",
                (*place, field),
                hint,
            )
    for path, _ in _texts(tree.get("Result"), (*place, "Result")):
        hint = "Parameters are filled in, Result never is"
        yield _warning("PASS_RESULT_IS_STATIC", "A path in a Result is not looked up", path, hint)


def _warning(code: str, message: str, path: Place, hint: str) -> Diagnostic:
    return Diagnostic(code=code, message=message, path=path, hint=hint, severity="WARNING")


def _texts(value: Json, place: Place) -> Iterator[tuple[Place, str]]:
    """Every text inside `value` that reads like a path."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*place, index))
    elif isinstance(value, str) and _like_a_path(value):
        yield place, value
