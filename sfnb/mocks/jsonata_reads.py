"""What JSONata fields read, as far as dotted paths tell.

This is no JSONata parser. It sees `$states.input.a.b`, `$states.result.x[0]`, `$variable.y`, what they
are compared with, and the function they are given to; for an expression that is one path, it knows where
its value comes from.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from sfnb.mocks.flow import (
    NOTHING,
    Build,
    Const,
    Flow,
    Seq,
    Text,
    either,
    element,
    need,
    offer,
    parse,
    read,
)
from sfnb.mocks.jsonpath_reads import Scene, steps_of
from sfnb.mocks.want import Mark, Option
from sfnb.values import Json

_NAME = r"(?:\.(?:[A-Za-z_]\w*|`[^`]+`)(?!\s*\()|\[\s*-?\d+\s*\])"
_PATH = re.compile(rf"\$(?P<root>[A-Za-z_]\w*)(?!\w*\s*\()(?P<steps>{_NAME}*)")
_LITERAL = re.compile(
    r"""\s*(?P<operator>!=|<=|>=|=|<|>|\bin\b)\s*(?P<value>\[[^\]]*\]|'[^']*'|"[^"]*"|-?\d+(?:\.\d+)?|true|false|null)"""
)
_AROUND = re.compile(r"\$(\w+)\(\s*$")
_KINDS = {
    "number": "text", "sum": "array", "max": "array", "min": "array", "average": "array", "count": "array",
    "map": "array", "filter": "array", "reduce": "array", "each": "object", "keys": "object", "sort": "array",
    "split": "text", "substring": "text", "lowercase": "text", "uppercase": "text", "contains": "text",
    "substringBefore": "text", "substringAfter": "text", "replace": "text", "trim": "text", "match": "text",
    "round": "number", "floor": "number", "ceil": "number", "abs": "number", "power": "number",
    "sqrt": "number", "fromMillis": "number", "toMillis": "timestamp", "partition": "array",
}  # fmt: skip


class Mention(msgspec.Struct, frozen=True):
    """A path in an expression: where it leads, and the text before and after it."""

    flow: Flow
    before: str
    after: str


def expression_of(value: Json) -> str | None:
    """The text of `{% ... %}`; None where there is none."""
    if isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        return value[2:-2].strip()
    return None


def read_expression(text: str, scene: Scene, result: Flow) -> Flow:
    """Read all that an expression mentions; its value, where it is one path or the parse of one."""
    for mention in mentions(text, scene, result):
        _need_around(mention)
    return _value(text, scene, result)


def _value(text: str, scene: Scene, result: Flow) -> Flow:
    text = text.strip()
    whole = _PATH.fullmatch(text)
    if whole:
        return _lead(whole, scene, result)
    call = re.fullmatch(r"\$(parse|string|append|merge|distinct|sort)\(\s*(.*)\)", text, re.DOTALL)
    if call is None:
        return NOTHING
    first = _PATH.match(call[2])
    flow = NOTHING if first is None else _lead(first, scene, result)
    if call[1] == "merge":
        return either(_lead(match, scene, result) for match in _PATH.finditer(call[2]))
    if call[1] == "parse":
        return parse(flow)
    return Text(flow) if call[1] == "string" else flow


def mentions(text: str, scene: Scene, result: Flow) -> Iterator[Mention]:
    for match in _PATH.finditer(text):
        flow = _lead(match, scene, result)
        yield Mention(flow, text[: match.start()], text[match.end() :])


def _lead(match: re.Match[str], scene: Scene, result: Flow) -> Flow:
    steps = [step.strip("`") if isinstance(step, str) else step for step in steps_of(match["steps"])]
    if match["root"] != "states":
        return _read(scene.variables(match["root"]), steps)
    if not steps:
        return Build({"input": scene.document, "result": result})
    first, rest = steps[0], steps[1:]
    if first == "input":
        return _read(scene.document, rest)
    if first == "result":
        return _read(result, rest)
    if first == "context":
        for names, root in ((["Execution", "Input"], scene.input), (["Map", "Item", "Value"], scene.item)):
            if rest[: len(names)] == names:
                return _read(root, rest[len(names) :])
    return NOTHING


def _read(root: Flow, steps: list[str | int | None]) -> Flow:
    return read(root, tuple(steps))


def _need_around(mention: Mention) -> None:
    call = _AROUND.search(mention.before)
    if call and call[1] == "parse":
        parse(mention.flow)
    elif call and call[1] == "number":
        need(mention.flow, "number")
    elif call and call[1] in _KINDS:
        need(mention.flow, _KINDS[call[1]])
    elif re.match(r"\s*[+*/%-]\s*[\d$(]", mention.after) or re.search(r"[\d)]\s*[+*/-]\s*$", mention.before):
        need(mention.flow, "number")
    elif re.match(r"\[\s*(?:\$|[A-Za-z_])", mention.after):
        element(mention.flow, None)
        need(mention.flow, "array")


def read_jsonata(template: Json, scene: Scene, result: Flow = NOTHING) -> Flow:
    """What a field with expressions anywhere in it makes."""
    match template:
        case dict():
            return Build({key: read_jsonata(value, scene, result) for key, value in template.items()})
        case list():
            return Seq(tuple(read_jsonata(item, scene, result) for item in template))
    text = expression_of(template)
    return Const(template) if text is None else read_expression(text, scene, result)


def offer_condition(text: str, scene: Scene, met: int, unmet: int) -> None:
    """Offer each path of a Choice's Condition what meets it, and what does not.

    met, unmet: how good it is to go where the rule goes, and to go on to the next rule.
    """
    read_expression(text, scene, NOTHING)
    for mention in mentions(text, scene, NOTHING):
        negated = re.search(r"\$not\(\s*(?:\$exists\(\s*)?$", mention.before)
        yes, no = (unmet, met) if negated else (met, unmet)
        if re.search(r"\$exists\(\s*$", mention.before):
            offer(mention.flow, [Option(Mark.PRESENT, yes), Option(Mark.ABSENT, no)])
            continue
        compared = _LITERAL.match(mention.after)
        if compared:
            offer(mention.flow, _compared(compared["operator"], compared["value"], yes, no))
        elif (
            re.fullmatch(r"\s*|\s*\)?\s*(?:and|or)\b.*", mention.after, re.DOTALL)
            and not mention.before.strip()
        ):
            offer(mention.flow, [Option(True, yes), Option(False, no)])


def _compared(operator: str, literal: str, met: int, unmet: int) -> list[Option]:
    try:
        value: Json = msgspec.json.decode(literal.replace("'", '"'))
    except msgspec.DecodeError:
        return []
    if operator == "in":
        return (
            [*(Option(each, met) for each in value or []), Option(Mark.OTHER, unmet)]
            if isinstance(value, list)
            else []
        )
    if isinstance(value, bool):
        met, unmet = (unmet, met) if operator == "!=" else (met, unmet)
        return [Option(value, met), Option(not value, unmet)]
    if operator in ("=", "!="):
        met, unmet = (unmet, met) if operator == "!=" else (met, unmet)
        return [Option(value, met), Option(Mark.OTHER, unmet)]
    if not isinstance(value, int | float):
        return []
    above, below = (met, unmet) if operator in (">", ">=") else (unmet, met)
    return [
        Option(value + 1, above),
        Option(value - 1, below),
        Option(value, met if operator in (">=", "<=") else unmet),
    ]
