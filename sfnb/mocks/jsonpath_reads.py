"""What JSONPath fields read: paths, intrinsic functions, templates.

This reads definitions that have been checked already, and makes the best of what it does not know.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import msgspec

from sfnb.mocks.flow import (
    NOTHING,
    Build,
    Const,
    Flow,
    ListOf,
    Path,
    Seq,
    Text,
    element,
    need,
    offer,
    parse,
    read,
    wants,
)
from sfnb.mocks.want import Option
from sfnb.values import Json

_STEP = re.compile(
    r"""\.\.(?P<deep>\*|[^.\[()]+)? | \.(?P<name>\*|[^.\[()]+)(?P<call>\(\))? | \[\s*(?P<index>-?\d+)\s*\]
    | \[\s*'(?P<quoted>(?:[^'\\]|\\.)*)'\s*\] | \[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]
    | \[\?\((?P<filter>.*?)\)\] | \[(?P<many>[^\]]*)\]""",
    re.VERBOSE,
)
_FILTERED = re.compile(r"@((?:\.\w+)+)\s*(?:(==)\s*(?:'([^']*)'|\"([^\"]*)\"|(-?\d+(?:\.\d+)?|true|false)))?")


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What the expressions of one state can see.

    document: what `$` is. input: the execution's; item: the Map's `$$.Map.Item.Value`.
    variables: by name, from all that is ever assigned to them.
    """

    document: Flow
    input: Flow
    item: Flow = NOTHING
    variables: Callable[[str], Flow]

    def at(self, document: Flow) -> Scene:
        return msgspec.structs.replace(self, document=document)


def read_text(text: object, scene: Scene) -> Flow:
    """What a path, a variable, a path into the Context Object or an intrinsic function leads to."""
    if not isinstance(text, str):
        return NOTHING
    text = text.strip()
    if text.startswith("States."):
        return _call(text, scene)
    if text.startswith("$$"):
        return _context(text[1:], scene)
    if text.startswith("$"):
        name = re.match(r"\$(\w*)", text)
        root = scene.document if name is None or not name[1] else scene.variables(name[1])
        return _follow(root, text[len(name[0]) if name else 1 :])
    return Const(text)


def steps_of(text: str) -> Path:
    """The plain steps of a reference path: `$.a[0].b`."""
    return tuple(step for step in _steps(text) if not isinstance(step, tuple))


def _context(text: str, scene: Scene) -> Flow:
    for prefix, root in (("$.Map.Item.Value", scene.item), ("$.Execution.Input", scene.input)):
        if text.startswith(prefix) and text[len(prefix) :][:1] in ("", ".", "["):
            return _follow(root, text[len(prefix) :])
    return NOTHING


def _follow(root: Flow, text: str) -> Flow:
    path: list[str | int | None] = []
    for step in _steps(text):
        if not isinstance(step, tuple):
            path.append(step)
            continue
        kind, argument = step
        if kind == "deep":
            return NOTHING
        found = read(root, tuple(path))
        if kind == "length":
            need(found, "array")
            return Const(1)
        inner = element(found, None)
        for name, equals in _filters(argument):
            offer(read(inner, name), [] if equals is None else [Option(equals)])
        path.append(None)
    return read(root, tuple(path))


def _steps(text: str) -> Iterator[str | int | None | tuple[str, str]]:
    for match in _STEP.finditer(text):
        groups = match.groupdict()
        name = groups["name"] or groups["quoted"] or groups["double"]
        if match[0].startswith(".."):
            yield "deep", ""
        elif groups["call"]:
            yield "length", ""
        elif groups["index"]:
            yield int(groups["index"])
        elif groups["filter"]:
            yield "filter", groups["filter"]
        elif groups["many"] is not None or name == "*":
            yield None
        elif name is not None:
            yield name


def _filters(text: str) -> Iterator[tuple[Path, Json]]:
    for match in _FILTERED.finditer(text):
        equals: Json = match[3] if match[3] is not None else match[4]
        if match[5]:
            equals = msgspec.json.decode(match[5])
        yield tuple(match[1].split(".")[1:]), equals


# Intrinsic functions

_KINDS = {
    "Array": "",
    "ArrayPartition": "array number",
    "ArrayContains": "array any",
    "ArrayRange": "number number number",
    "ArrayGetItem": "array number",
    "ArrayLength": "array",
    "ArrayUnique": "array",
    "Base64Encode": "text",
    "Base64Decode": "base64",
    "Hash": "any text",
    "JsonMerge": "object object boolean",
    "MathRandom": "number number number",
    "MathAdd": "number number",
    "StringSplit": "text text",
    "Format": "",
    "JsonToString": "any",
    "StringToJson": "any",
}
"""What kind each argument has to be."""


def _call(text: str, scene: Scene) -> Flow:
    name, _, rest = text[len("States.") :].partition("(")
    arguments = [read_argument(argument, scene) for argument in split_arguments(rest.rpartition(")")[0])]
    for kind, argument in zip(_KINDS.get(name, "").split(), arguments, strict=False):
        if kind != "any":
            need(argument, kind)
    return _answer(name, arguments)


def _answer(name: str, arguments: list[Flow]) -> Flow:
    first = arguments[0] if arguments else NOTHING
    match name:
        case "StringToJson":
            return parse(first)
        case "JsonToString":
            return Text(first)
        case "Array":
            return Seq(tuple(arguments))
        case "ArrayPartition":
            return ListOf(first)
        case "ArrayUnique":
            return first
        case "ArrayGetItem":
            index = arguments[1].value if len(arguments) > 1 and isinstance(arguments[1], Const) else None
            return read(first, (index if isinstance(index, int) else None,))
        case "JsonMerge":
            return first if len(arguments) < 2 else _merged(first, arguments[1])
        case "StringSplit" if len(arguments) > 1 and isinstance(arguments[1], Const):
            for want in wants(first):
                want.delimiter = str(arguments[1].value)[:1]
            return ListOf(NOTHING)
    return NOTHING


def _merged(left: Flow, right: Flow) -> Flow:
    return (
        Build(right.members, left)
        if isinstance(right, Build)
        else Build({}, right if left == NOTHING else left)
    )


def read_argument(text: str, scene: Scene) -> Flow:
    text = text.strip()
    if text.startswith("'"):
        return Const(text[1:-1].replace("\\'", "'"))
    if text.startswith(("$", "States.")):
        return read_text(text, scene)
    try:
        return Const(msgspec.json.decode(text))
    except msgspec.DecodeError:
        return NOTHING


def split_arguments(text: str) -> list[str]:
    """The arguments between a call's parentheses.

    >>> split_arguments("'a, b', States.Array(1, 2), $.c")
    ["'a, b'", ' States.Array(1, 2)', ' $.c']
    """
    found, depth, quoted, start = [], 0, False, 0
    for place, char in enumerate(text):
        if char == "'" and text[place - 1 : place] != "\\":
            quoted = not quoted
        elif quoted:
            continue
        elif char in "([":
            depth += 1
        elif char in ")]":
            depth -= 1
        elif char == "," and depth == 0:
            found.append(text[start:place])
            start = place + 1
    return [*found, text[start:]] if text.strip() else []


def read_template(template: Json, scene: Scene) -> Flow:
    """What a Payload Template makes; every path in it is read."""
    match template:
        case dict():
            return Build(
                {
                    key[:-2] if key.endswith(".$") else key: read_text(value, scene)
                    if key.endswith(".$")
                    else read_template(value, scene)
                    for key, value in template.items()
                }
            )
        case list():
            return Seq(tuple(read_template(item, scene) for item in template))
    return Const(template)
