"""Parameter mapping of HTTP APIs: `$request.body.id`, `${request.path.id}-${context.requestId}`, static text.

Each value is read once to a function of what is at hand. What is not there leaves its parameter out, or is
nothing amid text.

Source: API Gateway guide, "Transform API requests and responses for HTTP APIs".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from sfnb.errors import SfnbError
from sfnb.triggers.http.request import Request
from sfnb.values import Json, decode, encode

Find = Callable[["Source"], str | None]

READ_BODY_CHARACTERS = 100 * 1024
"""What of a body a path into it sees."""

_WHOLE = re.compile(r"\$([A-Za-z]+(?:\.[^\s${}]+)?)")
_AMID = re.compile(r"\$\{([^{}]*)\}")
_STEP = re.compile(r"\.?([^.\[\]'\"()?*@]+)|\[(\d{1,9})\]|\['([^'\[\]]*)'\]|\.?\*|\[\*\]")
Step = str | int | None
"""Of a path into a body: a name, an index, or None for all that is there."""
_NAME = re.compile(r"[A-Za-z0-9._:-]+")
ROOTS = ("request", "response", "context", "stageVariables")
STATIC_RESPONSE_STATUS = re.compile(r"[2-5]\d\d")

RESERVED = frozenset({
    "authorization", "connection", "content-encoding", "content-length", "content-location", "forwarded",
    "keep-alive", "origin", "proxy-authenticate", "proxy-authorization", "te", "trailers", "trailer",
    "transfer-encoding", "upgrade", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "via",
})  # fmt: skip
RESERVED_PREFIXES = ("access-control-", "apigw-", "x-amz-", "x-amzn-")


class MappingRefused(SfnbError):
    """A value that maps nothing that there is."""


class ServiceAnswer(msgspec.Struct, frozen=True):
    """What Step Functions answered. headers: by lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: str


class Source:
    """What values are mapped from; a body is parsed when it is first looked into."""

    def __init__(
        self,
        request: Request,
        context: Mapping[str, Json],
        stage_variables: Mapping[str, str],
        response: ServiceAnswer | None = None,
    ) -> None:
        self.request = request
        self.context = context
        self.stage_variables = stage_variables
        self.response = response
        self._parsed: dict[bool, Json] = {}

    def body(self, *, of_response: bool) -> Json:
        """Of the request or the response; null where it is no JSON."""
        if of_response not in self._parsed:
            response = self.response
            text = self.request.body if not of_response else response.body if response else ""
            try:
                self._parsed[of_response] = decode(text[:READ_BODY_CHARACTERS])
            except (ValueError, RecursionError):
                self._parsed[of_response] = None
        return self._parsed[of_response]


def compile_value(text: str, *, of_response: bool = False) -> Find:
    """What a mapping's value finds; raises MappingRefused."""
    if len(text) > 10_000:
        raise MappingRefused("a value has 10,000 characters at most")
    whole = _WHOLE.fullmatch(text)
    if whole is not None and whole[1].partition(".")[0] in ROOTS:
        return _selection(whole[1], of_response)
    if text.startswith(tuple(f"${root}." for root in ROOTS)):
        raise MappingRefused(f"{text!r:.80}: amid text, a variable is written ${{request.header.name}}")
    parts: list[Find] = []
    end = 0
    for found in _AMID.finditer(text):
        parts += [_static(text[end : found.start()]), _selection(found[1], of_response)]
        end = found.end()
    if not parts:
        return _static(text)
    parts.append(_static(text[end:]))
    return lambda source: "".join(part(source) or "" for part in parts)


def _static(text: str) -> Find:
    return lambda source: text


def _selection(text: str, of_response: bool) -> Find:
    root, _, rest = text.strip().partition(".")
    kind, _, name = rest.partition(".")
    if rest.startswith("body["):
        kind, name = "body", rest.removeprefix("body")
    match root, kind:
        case "request", _ if not of_response:
            return _of_request(text, kind, name)
        case "response", "header" if of_response and _NAME.fullmatch(name):
            return lambda source: source.response.headers.get(name.lower()) if source.response else None
        case "response", "body" if of_response:
            return _of_body(name, text, of_response=True)
        case "context", _ if _NAME.fullmatch(rest):
            steps = tuple(rest.split("."))
            return lambda source: _text(_walk(dict(source.context), steps))
        case "stageVariables", _ if _NAME.fullmatch(rest):
            return lambda source: source.stage_variables.get(rest)
    raise MappingRefused(f"${text!r:.80} is nothing that can be mapped")


def _of_request(text: str, kind: str, name: str) -> Find:
    match kind:
        case "header" if _NAME.fullmatch(name):
            return lambda source: source.request.headers.get(name.lower())
        case "querystring" if name:
            return lambda source: source.request.joined_query.get(name)
        case "path" if not name:
            return lambda source: source.request.path
        case "path":
            return lambda source: source.request.variables.get(name)
        case "body":
            return _of_body(name, text, of_response=False)
    raise MappingRefused(f"${text!r:.80}: a request has header.NAME, querystring.NAME, path, path.NAME, body")


def _of_body(path: str, text: str, *, of_response: bool) -> Find:
    if path == "":
        return lambda source: _whole_body(source, of_response=of_response)
    steps = _steps(path, text)
    return lambda source: _text(_walk(source.body(of_response=of_response), steps))


def _whole_body(source: Source, *, of_response: bool) -> str | None:
    if of_response:
        return source.response.body if source.response else None
    return source.request.body or None


def _steps(path: str, text: str) -> tuple[Step, ...]:
    """Without recursive descent and filters, as the guide has it."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None or ".." in text:
            raise MappingRefused(f"${text!r:.80}: a path into a body has names, indices and * only")
        is_all = found[0].strip(".[]") == "*"
        steps.append(None if is_all else int(found[2]) if found[2] else found[1] or found[3] or "")
        at = found.end()
    return tuple(steps)


def _walk(value: Json, steps: tuple[Step, ...]) -> Json:
    """What is there, null for nothing; from a `*` on the list of all that is there."""
    for at, step in enumerate(steps):
        if step is None and isinstance(value, dict | list):
            return _all(value, steps[at:])
        if isinstance(value, dict) and isinstance(step, str):
            value = value.get(step)
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def _all(value: Json, steps: tuple[Step, ...]) -> list[Json]:
    found = [value]
    for step in steps:
        found = [inner for each in found for inner in _at(each, step)]
    return found


def _at(value: Json, step: Step) -> Iterator[Json]:
    match value, step:
        case dict(), None:
            yield from value.values()
        case list(), None:
            yield from value
        case dict(), str() if step in value:
            yield value[step]
        case list(), int() if step < len(value):
            yield value[step]


def _text(value: Json) -> str | None:
    return value if value is None or isinstance(value, str) else encode(value)


class ResponseChange(msgspec.Struct, frozen=True):
    """verb: append, overwrite or remove. header: its name; None is the status."""

    verb: str
    header: str | None
    find: Find


def compile_response(parameters: Mapping[str, Mapping[str, str]]) -> dict[int, tuple[ResponseChange, ...]]:
    """The changes by the status they are for; raises MappingRefused."""
    changes: dict[int, tuple[ResponseChange, ...]] = {}
    for status, mapped in parameters.items():
        if not STATIC_RESPONSE_STATUS.fullmatch(status):
            raise MappingRefused(f"ResponseParameters: {status!r:.40} is no status from 200 to 599")
        changes[int(status)] = tuple(_change(key, value) for key, value in mapped.items())
    return changes


def _change(key: str, value: str) -> ResponseChange:
    verb, _, what = key.partition(":")
    if key == "overwrite:statuscode":
        return ResponseChange(verb, None, compile_value(value, of_response=True))
    name = what.removeprefix("header.").lower()
    if verb not in ("append", "overwrite", "remove") or name == what.lower() or not _NAME.fullmatch(name):
        raise MappingRefused(
            f"ResponseParameters: {key!r:.80} is neither overwrite:statuscode nor"
            " append:header.NAME, overwrite:header.NAME, remove:header.NAME"
        )
    if name in RESERVED or name.startswith(RESERVED_PREFIXES):
        raise MappingRefused(f"ResponseParameters: API Gateway keeps the header {name} to itself")
    return ResponseChange(verb, name, compile_value(value, of_response=True))
