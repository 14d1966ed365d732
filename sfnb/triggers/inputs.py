"""What a target is given: by a rule (`target_input`), a schedule (`scheduler_input`), a pipe (`pipe_input`).

Source: Amazon EventBridge user guide, "Amazon EventBridge input transformation", "Amazon EventBridge Pipes
input transformation"; EventBridge Scheduler user guide, "Adding context attributes".
"""

from __future__ import annotations

import json
import re
from base64 import b64decode
from binascii import Error as NoBase64
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn

import msgspec

from sfnb.triggers.templates import (
    NOTHING,
    Hole,
    InvalidTargetInput,
    Nothing,
    Parts,
    check_path,
    cut,
    fill_in,
    find,
)
from sfnb.values import Json, decode, encode

__all__ = [
    "InvalidTargetInput",
    "PipeFacts",
    "RuleFacts",
    "ScheduleFacts",
    "check_pipe_template",
    "check_target_input",
    "decoded",
    "numbered",
    "pipe_input",
    "pipe_text",
    "scheduler_input",
    "target_input",
]

MOST_INPUT = 8_192
"""Characters of an Input or of an InputTemplate."""

MOST_PATHS = 100
MOST_NAME = 256

_name = re.compile(r"[A-Za-z0-9_\-]+")
_rule_hole = re.compile(r"<([A-Za-z0-9_\-.]+)>")
_pipe_hole = re.compile(r"<(\$[^<>]*|aws\.pipes\.[A-Za-z.\-]+)>")
_scheduler_word = re.compile(r"<aws\.scheduler\.([a-z\-]+)>")
_own_text_in = re.compile(r"[\ue000]+")


class RuleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a template may know of its rule. ingested: when the event was received."""

    arn: str
    name: str
    ingested: datetime


class ScheduleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What an input may know of its schedule. attempt: 1 for the first, None while that is not known."""

    arn: str
    time: datetime
    execution_id: str
    attempt: int | None = 1


class PipeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a template may know of its pipe. ingested: when the record reached the template."""

    arn: str
    name: str
    source: str
    target: str
    ingested: datetime
    enrichment: str = ""


def target_input(target: Mapping[str, Any], event: Json, rule: RuleFacts) -> str:
    """The text that a target of a rule is given of an event: of its Input, InputPath or InputTransformer.

    JSON, but for a template whose holes were filled with what makes it none: AWS fails to deliver that to a
    state machine. Raises InvalidTargetInput where an InputPath leads nowhere, or where too much comes out.
    """
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath") is not None:
        found = find(target["InputPath"], event)
        if isinstance(found, Nothing):
            raise InvalidTargetInput(f"InputPath {target['InputPath']} leads nowhere in the event")
        return encode(found)
    transformer = target.get("InputTransformer")
    if transformer is None:
        return encode(event)
    paths = transformer.get("InputPathsMap") or {}
    parts = _parts_of_rule(transformer["InputTemplate"])

    def fill(name: str) -> Json | Nothing:
        if name in paths:
            return find(paths[name], event)
        return _rule_word(name, event, rule)

    return fill_in(parts, fill)


def _rule_word(name: str, event: Json, rule: RuleFacts) -> Json | Nothing:
    match name:
        case "aws.events.rule-arn":
            return rule.arn
        case "aws.events.rule-name":
            return rule.name
        case "aws.events.event.ingestion-time":
            return _moment(rule.ingested)
        case "aws.events.event.json":
            return event
        case "aws.events.event" if isinstance(event, dict):
            return {name: value for name, value in event.items() if name != "detail"}
    return NOTHING


RULE_WORDS = (
    "aws.events.rule-arn",
    "aws.events.rule-name",
    "aws.events.event.ingestion-time",
    "aws.events.event",
    "aws.events.event.json",
)
"""What a template may name without a path."""


def check_target_input(target: Mapping[str, Any]) -> None:
    """Raises InvalidTargetInput for a target of a rule whose input AWS would not take."""
    id = target.get("Id", "")
    given = [name for name in ("Input", "InputPath", "InputTransformer") if target.get(name) is not None]
    if len(given) > 1:
        raise InvalidTargetInput(
            f"Only one of Input, InputPath and InputTransformer may be given for target {id}, not "
            + " and ".join(given)
            + "."
        )
    if "Input" in given:
        _check_input(str(target["Input"]), id)
    if "InputPath" in given:
        check_path(target["InputPath"], f"InputPath for target {id}")
    if "InputTransformer" in given:
        _check_transformer(target["InputTransformer"], id)


def _check_input(text: str, id: str) -> None:
    if len(text) > MOST_INPUT:
        raise InvalidTargetInput(
            f"Input for target {id} has {len(text):,} characters, and may have {MOST_INPUT:,}."
        )
    try:
        decode(text)
    except (ValueError, RecursionError):
        raise InvalidTargetInput(f"Input for target {id} is not a valid JSON text.") from None


def _check_transformer(transformer: Mapping[str, Any], id: str) -> None:
    paths = transformer.get("InputPathsMap") or {}
    if len(paths) > MOST_PATHS:
        raise InvalidTargetInput(
            f"InputPathsMap for target {id} has {len(paths)} entries, and may have {MOST_PATHS}."
        )
    for name, path in paths.items():
        if name.upper().startswith("AWS."):
            raise InvalidTargetInput(f"InputPathsMap for target {id} has a reserved name: {name[:MOST_NAME]}")
        if len(name) > MOST_NAME or _name.fullmatch(name) is None:
            raise InvalidTargetInput(
                f"InputPathsMap for target {id} has a name that is not of 1 to {MOST_NAME} letters, digits, "
                f"_ and -: {name[:MOST_NAME]}"
            )
        check_path(path, f"InputPathsMap for target {id}, {name},")
    template = transformer.get("InputTemplate")
    if not isinstance(template, str) or not 1 <= len(template) <= MOST_INPUT:
        raise InvalidTargetInput(f"InputTemplate for target {id} must have 1 to {MOST_INPUT:,} characters.")
    _check_template(template, set(paths).union(RULE_WORDS), id)


def _check_template(template: str, names: set[str], id: str) -> None:
    """A JSON value, or texts in quotes, with holes that have a name."""
    parts = cut(template, _rule_hole)
    for part in parts:
        if isinstance(part, Hole) and part.name not in names:
            raise InvalidTargetInput(
                f"InputTemplate for target {id} has <{part.name}>, which InputPathsMap does not define."
            )
    try:
        whole = "".join(part if isinstance(part, str) else _stuffed(part) for part in parts)
        values = _read_values(whole)
        keyed = any(map(_has_hole_as_key, values))
    except RecursionError:
        raise InvalidTargetInput(
            f"Invalid InputTemplate for target {id} : it is nested too deeply."
        ) from None
    except json.JSONDecodeError as wrong:
        _refuse_template(template, wrong.pos, id)
    if len(values) != 1 and not all(isinstance(value, str) for value in values):
        _refuse_template(template, len(template), id)
    if keyed:
        raise InvalidTargetInput(
            f"Invalid InputTemplate for target {id} : a placeholder cannot be used as an object key."
        )


def _stuffed(hole: Hole) -> str:
    """What is as long as the hole, and JSON in its place."""
    length = len(hole.name) + 2
    return "\ue000" * length if hole.quoted else "0" + " " * (length - 1)


def _read_values(text: str) -> list[object]:
    """One JSON value, or one after the other."""
    reader = json.JSONDecoder()
    values: list[object] = []
    at = len(text) - len(text.lstrip())
    while at < len(text) or not values:
        value, at = reader.raw_decode(text, at)
        values.append(value)
        at += len(text[at:]) - len(text[at:].lstrip())
    return values


def _has_hole_as_key(value: object) -> bool:
    if isinstance(value, dict):
        return any(_own_text_in.search(name) or _has_hole_as_key(inner) for name, inner in value.items())
    return isinstance(value, list) and any(map(_has_hole_as_key, value))


def _refuse_template(template: str, offset: int, id: str) -> NoReturn:
    line = template.count("\n", 0, offset) + 1
    column = offset - template.rfind("\n", 0, offset)
    raise InvalidTargetInput(
        f'Invalid InputTemplate for target {id} : [Source: (String)"{template[:500]}"; '
        f"line: {line}, column: {column}]."
    )


def scheduler_input(text: str, facts: ScheduleFacts) -> str:
    """The Input of a schedule, its words replaced where they stand; other words stay as they are.

    >>> moment = datetime(2026, 3, 22, 18, 59, 43, tzinfo=UTC)
    >>> facts = ScheduleFacts(arn="arn:aws:scheduler:::schedule/default/a", time=moment, execution_id="d32c")
    >>> scheduler_input('{"at": "<aws.scheduler.scheduled-time>"}', facts)
    '{"at": "2026-03-22T18:59:43Z"}'
    """
    words = {
        "schedule-arn": facts.arn,
        "scheduled-time": _moment(facts.time),
        "execution-id": facts.execution_id,
    }
    if facts.attempt is not None:
        words["attempt-number"] = str(facts.attempt)
    return _scheduler_word.sub(lambda found: words.get(found[1], found[0]), text)


def numbered(text: str, attempt: int) -> str:
    """A schedule's input that was filled but for the number of the attempt."""
    return text.replace("<aws.scheduler.attempt-number>", str(attempt))


PIPE_WORDS = frozenset(
    f"aws.pipes.{word}"
    for word in (
        *("pipe-arn", "pipe-name", "source-arn", "enrichment-arn", "target-arn"),
        *("event", "event.json", "event.ingestion-time"),
    )
)


def check_pipe_template(template: str) -> None:
    """Raises InvalidTargetInput for an InputTemplate that a pipe would not take."""
    if len(template) > MOST_INPUT:
        raise InvalidTargetInput(
            f"InputTemplate has {len(template):,} characters, and may have {MOST_INPUT:,}."
        )
    for part in cut(template, _pipe_hole):
        if not isinstance(part, Hole):
            continue
        if part.name.startswith("$"):
            check_path(part.name, f"InputTemplate, <{part.name[:200]}>,")
        elif part.name not in PIPE_WORDS:
            raise InvalidTargetInput(f"InputTemplate has <{part.name}>, which is no word of a pipe.")


def pipe_input(template: str | None, record: Json, facts: PipeFacts) -> Json:
    """What the target of a pipe is given of one record, without a template the record itself.

    A template that is no object and no array is a text, in which an object loses its quotes; but one that is
    a hole and nothing else, `<$.body>`, is what fills it. Raises InvalidTargetInput where what comes out is
    no JSON: AWS fails to deliver that to a state machine.
    """
    if not template:
        return record
    text = pipe_text(template, record, facts)
    try:
        return decode(text)
    except (ValueError, RecursionError):
        raise InvalidTargetInput(f"The filled InputTemplate is no JSON: {text[:200]}") from None


def pipe_text(template: str, record: Json, facts: PipeFacts) -> str:
    """The text of one record for a target that takes any: a queue, a topic."""
    parts = cut(template, _pipe_hole)
    opened = decoded(record)

    def fill(name: str) -> Json | Nothing:
        return find(name, opened) if name.startswith("$") else _pipe_word(name, record, opened, facts)

    alone = len([part for part in parts if not isinstance(part, str) or part.strip()]) == 1
    return fill_in(
        parts, fill, as_text=template.lstrip()[:1] not in (("{", "[", "<") if alone else ("{", "["))
    )


def _pipe_word(name: str, record: Json, opened: Json, facts: PipeFacts) -> Json | Nothing:
    match name:
        case "aws.pipes.pipe-arn":
            return facts.arn
        case "aws.pipes.pipe-name":
            return facts.name
        case "aws.pipes.source-arn":
            return facts.source
        case "aws.pipes.target-arn":
            return facts.target
        case "aws.pipes.enrichment-arn":
            return facts.enrichment
        case "aws.pipes.event.ingestion-time":
            return _moment(facts.ingested)
        case "aws.pipes.event":
            return record
        case "aws.pipes.event.json":
            return opened
    return NOTHING


def decoded(record: Json) -> Json:
    """A record as the filters and templates of a pipe see it: what is JSON inside is opened.

    body: of SQS, JSON text. data, key, value: of streams, JSON text in base64. Only objects and arrays are.

    >>> decoded({"messageId": "1", "body": '{"n": 1}'})
    {'messageId': '1', 'body': {'n': 1}}
    """
    if not isinstance(record, dict):
        return record
    opened = dict(record)
    for name in ("body", "data", "key", "value"):
        text = record.get(name)
        if isinstance(text, str):
            opened[name] = _opened(text, in_base64=name != "body")
    return opened


def _opened(text: str, *, in_base64: bool) -> Json:
    try:
        value = decode(b64decode(text, validate=True) if in_base64 else text)
    except (ValueError, NoBase64, RecursionError):
        return text
    return value if isinstance(value, dict | list) else text


@lru_cache(maxsize=256)
def _parts_of_rule(template: str) -> Parts:
    """A template of a rule. AWS takes the white space out of one that is a single JSON value."""
    parts = cut(template, _rule_hole)
    whole = "".join(part if isinstance(part, str) else _stuffed(part) for part in parts)
    try:
        single = len(_read_values(whole)) == 1
    except (json.JSONDecodeError, RecursionError):
        single = False
    return cut(template, _rule_hole, drop_space=single)


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
