"""A test of a state told to a reader: the data from stage to stage, and what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.asl.states.task import resource_label
from sfnb.trial.changes import Line, brief, compare, folded, laid_out, related
from sfnb.values import Json, decode, encode

if TYPE_CHECKING:
    from sfnb.trial.tested import StateTest
    from sfnb.trial.watch import Stage

MARKS = {"SUCCEEDED": "✔", "FAILED": "✘", "RETRIABLE": "↻", "CAUGHT_ERROR": "⚠"}
SIGNS = {"same": " ", "added": "+", "removed": "-", "changed": "~"}

AGAINST_INPUT = frozenset({"InputPath", "Arguments", "ResultPath", "Output"})
"""Fields that are best seen against the state's raw input, which they start from or go into."""

NEW = frozenset({"Result", "Items", "ItemsPath", "ItemsPointer", "ItemSelector", "ItemBatcher"})
"""Stages that make something new: nothing is compared."""

IN_THE_STATE = "An error occurred while executing the state '"
NOT_THERE = "Lambda.ResourceNotFoundException"
MOST_LINES = 40
LONGEST_LINE = 200
WIDEST = 60


class Row(msgspec.Struct, frozen=True):
    """One stage: its name, what the definition says there, and the data after it.

    note: instead of the data, where that is as it was.
    """

    name: str
    detail: str
    lines: list[Line]
    note: str = ""


class Fact(msgspec.Struct, frozen=True):
    """A word about how it ended: ("error", "Declined: no money")."""

    word: str
    text: str


def headline(test: StateTest) -> str:
    """`Charge, a Task → Ship`."""
    way = f" → {test.next}" if test.next else " · ends here" if test.status == "SUCCEEDED" else ""
    return f"{test.state}, a {test.type}{way}"


def facts(test: StateTest) -> Iterator[Fact]:
    """What failed, what catches it, what would try again, and a Map's bounds."""
    details = test.details
    if test.error is not None or test.status == "FAILED":
        yield Fact("error", ": ".join(filter(None, (test.error, plainly(test.cause)))) or "without a name")
    if test.status == "RETRIABLE":
        again = f"Retry[{details.retry_index}] tries again"
        yield Fact("retry", f"{again} after {details.retry_backoff_interval_seconds} s")
    elif details.retry_index is not None:
        yield Fact("retry", f"Retry[{details.retry_index}] has no attempt left")
    if details.catch_index is not None:
        yield Fact("catch", f"Catch[{details.catch_index}] goes to {test.next}")
    if test.error == NOT_THERE and test.given.mock is None:
        called = resource_label(str(test.given.fields.get("Resource", test.state)))
        yield Fact("hint", f"nothing stands for {called}: put @sfnb.task above a function, or give a mock")
    if test.bounds:
        yield Fact("bounds", ", ".join(f"{name} {bound:g}" for name, bound in test.bounds.items()))


def plainly(cause: str | None) -> str:
    """A Cause without what a reader of this knows already: the state's name, a function's stack.

    >>> plainly('{"errorMessage":"no such order","errorType":"KeyError","stackTrace":[]}')
    'no such order'
    """
    if cause is None:
        return ""
    if cause.startswith(IN_THE_STATE):
        return cause.partition("). ")[2] or cause
    try:
        told = decode(cause)
    except ValueError:
        return cause
    message = told.get("errorMessage") if isinstance(told, dict) else None
    return message if isinstance(message, str) else cause


def rows(test: StateTest) -> Iterator[Row]:
    """Every stage that the state has, from the input to the output."""
    raw: Json = test.input
    value, source = raw, "the input"
    yield Row("input", "", laid_out(raw))
    for caught, steps in groupby(test.steps, key=lambda step: step.field.startswith("Catch[")):
        if caught:
            value, source = {"Error": test.error, "Cause": test.cause}, "error"
            yield Row("error", "", laid_out(value))
        for step in steps:
            if step.given:
                yield _row(test, step, value)
            if not step.field.endswith("Assign"):
                value = step.payload.value
                source = step.field if step.given else source
    if test.status in ("SUCCEEDED", "CAUGHT_ERROR"):
        as_before = encode(value) == encode(test.output)
        yield (
            Row("output", "", [], f"the same as {_after(source)}")
            if as_before
            else Row("output", "", laid_out(test.output))
        )


def _after(source: str) -> str:
    return {"Result": "the result", "the input": "the input", "error": "the error"}.get(
        source, f"after {source}"
    )


def _row(test: StateTest, step: Stage, before: Json) -> Row:
    value, field = step.payload.value, step.field.rpartition("/")[2]
    detail = _detail(test, step.field)
    if field == "Assign":
        known = dict(test.given.variables)
        return Row(step.field, "", folded(compare(known, {**known, **_dict(value)})))
    if field in NEW:
        return Row(step.field, detail, laid_out(value))
    base: Json = test.input if field in AGAINST_INPUT else before
    if encode(base) == encode(value):
        return Row(step.field, detail, [], "unchanged")
    lines = folded(compare(base, value)) if related(base, value) else laid_out(value)
    return Row(step.field, detail, lines)


def _dict(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _detail(test: StateTest, name: str) -> str:
    """What the definition has at a field; of the work, what is called."""
    fields: Any = test.given.fields
    if name == "Result":
        how = "mocked" if test.given.mock is not None else ""
        what = resource_label(str(fields["Resource"])) if "Resource" in fields else ""
        return ", ".join(filter(None, (what, how)))
    rule, _, field = name.rpartition("/")
    if rule:
        fields = fields.get("Catch", [])[int(rule[6:-1])] if "Catch" in fields else {}
    if field == "ItemsPointer":
        fields = fields.get("ItemReader", {}).get("ReaderConfig", {})
    given = fields.get(field)
    if field == "ItemSelector" and given is None:
        given = fields.get("Parameters")
    return given if isinstance(given, str) else "" if given is None else brief(given, WIDEST)


# As text


def text_of(test: StateTest) -> str:
    """The whole for a terminal; a mark before each line that a stage changed."""
    parts = [f"{MARKS[test.status]} {test.status}  {headline(test)}"]
    parts += [f"  {fact.word}: {fact.text}" for fact in facts(test)]
    if test.level != "INFO":
        parts.append("")
        parts += [line for row in rows(test) for line in _text_rows(row)]
    elif test.status in ("SUCCEEDED", "CAUGHT_ERROR"):
        parts += [f"  output: {brief(test.output, WIDEST * 4)}"]
    return "\n".join(parts)


def _text_rows(row: Row) -> Iterator[str]:
    yield "  ".join(filter(None, (row.name, row.detail, f"({row.note})" if row.note else "")))
    for line in cut(row.lines):
        was = f"   was {line.was}" if line.was else ""
        yield f"  {SIGNS[line.kind]} {'  ' * line.depth}{line.text}{was}".rstrip()


def cut(lines: list[Line], most: int = MOST_LINES) -> list[Line]:
    """The first `most` lines, none too long, and how many are left out."""
    lines = [_shortened(line) for line in lines[: most + 1]] + lines[most + 1 :]
    if len(lines) <= most + 1:
        return lines
    return [*lines[:most], Line("same", 0, f"⋯ {len(lines) - most:,} more lines")]


def _shortened(line: Line) -> Line:
    if len(line.text) <= LONGEST_LINE:
        return line
    return msgspec.structs.replace(line, text=line.text[: LONGEST_LINE - 1] + "…")
