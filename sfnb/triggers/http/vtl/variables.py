"""What API Gateway gives a mapping template.

Source: API Gateway guide, "Mapping template transformations reference" ($input, $util, $context).
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any
from urllib.parse import quote_plus, unquote_plus

from sfnb.query.jsonpath.path import PathNotFound, PathSyntaxError, compile_path
from sfnb.triggers.http.vtl.run import RenderFault, Run, Value
from sfnb.values import Json, decode

_ESCAPES = {
    '"': '\\"', "'": "\\'", "\\": "\\\\", "/": "\\/",
    "\b": "\\b", "\n": "\\n", "\t": "\\t", "\f": "\\f", "\r": "\\r",
}  # fmt: skip


class BodyUnparsed(RenderFault):
    """The body is no JSON, and a template asks for a part of it."""


class HeaderMap(dict[str, str]):
    """Headers, found whatever the case of their names: how a client wrote them does not get this far."""

    def get(self, name: str, default: Any = None) -> Any:
        found = super().get(name)
        if found is not None:
            return found
        return next((value for key, value in self.items() if key.lower() == name.lower()), default)

    def __contains__(self, name: object) -> bool:
        return self.get(str(name)) is not None


class Input:
    """`$input`. body: as it came, of the request or of the integration's answer.

    path, querystring, header: the parameters, as `$input.params()` shows them.
    """

    def __init__(
        self,
        body: str,
        path: Mapping[str, str] | None = None,
        querystring: Mapping[str, str] | None = None,
        header: Mapping[str, str] | None = None,
    ) -> None:
        self._body = body if body.strip() else "{}"
        self._params = {
            "path": dict(path or {}),
            "querystring": dict(querystring or {}),
            "header": HeaderMap(header or {}),
        }

    def member(self, name: str) -> Value:
        return self._body if name == "body" else None

    def call(self, run: Run, name: str, arguments: Sequence[Value]) -> Value:
        match name, arguments:
            case "json", [str(path)]:
                return self._json(run, path)
            case "path", [str(path)]:
                return self._path(path)
            case "params", []:
                return self._params
            case "params", [str(wanted)]:
                return self._param(wanted)
        raise RenderFault(f"$input has json(path), path(path), params(), params(name), body; not {name}()")

    def _json(self, run: Run, path: str) -> str:
        """The part that `path` leads to as JSON; an empty string of JSON where there is none."""
        try:
            return run.json(self._found(path))
        except PathNotFound:
            return '""'

    def _path(self, path: str) -> Json:
        try:
            return self._found(path)
        except PathNotFound:
            return None

    def _found(self, path: str) -> Json:
        """Raises PathNotFound. A part itself: what a template puts into it, `$input.json` shows."""
        try:
            compiled = compile_path(path)
        except PathSyntaxError as fault:
            raise RenderFault(f"the path {path!r:.80}: {fault}") from None
        if compiled.root != "$":
            raise RenderFault(f"{path!r:.80} does not begin with $")
        return compiled.find(self._document)

    @cached_property
    def _document(self) -> Json:
        try:
            return decode(self._body)
        except RecursionError:
            raise BodyUnparsed("nested too deeply") from None
        except ValueError as fault:
            raise BodyUnparsed(str(fault)) from None

    def _param(self, name: str) -> str:
        """In the path, else in the query string, else in the headers; "" where there is none."""
        found = (self._params[place].get(name) for place in ("path", "querystring", "header"))
        return next((value for value in found if value is not None), "")


class Util:
    """`$util`."""

    def member(self, name: str) -> Value:
        return None

    def call(self, run: Run, name: str, arguments: Sequence[Value]) -> Value:
        function = UTIL.get(name)
        if function is None or len(arguments) != 1:
            raise RenderFault(f"$util has {', '.join(UTIL)}, each with one argument; not {name}()")
        if arguments[0] is None:
            return None
        return (
            run.made(function(run.text(arguments[0]))) if name != "parseJson" else _parse(run, arguments[0])
        )


def escape_java_script(text: str) -> str:
    r"""`text` for a string of JavaScript; a ' becomes \', which JSON does not know.

    >>> escape_java_script('it\'s "é"')
    'it\\\'s \\"\\u00E9\\"'

    Source: Apache Commons Lang 2, StringEscapeUtils.escapeJavaScript.
    """
    if text.isalnum() and text.isascii():
        return text
    return "".join(_ESCAPES.get(char) or _escaped(char) for char in text)


def _escaped(char: str) -> str:
    if " " <= char <= "~":
        return char
    code = ord(char)
    if code > 0xFFFF:
        code -= 0x10000
        return f"\\u{0xD800 + (code >> 10):04X}\\u{0xDC00 + (code & 0x3FF):04X}"
    return f"\\u{code:04X}"


def _parse(run: Run, text: Value) -> Json:
    try:
        return decode(run.text(text))
    except (ValueError, RecursionError) as fault:
        reason = "nested too deeply" if isinstance(fault, RecursionError) else fault
        raise RenderFault(f"$util.parseJson: {reason}") from None


def _base64_decode(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError) as fault:
        raise RenderFault(f"$util.base64Decode: {fault}") from None


UTIL: dict[str, Callable[[str], str]] = {
    "escapeJavaScript": escape_java_script,
    "parseJson": str,
    "urlEncode": lambda text: quote_plus(text, safe="*"),
    "urlDecode": lambda text: unquote_plus(text, errors="replace"),
    "base64Encode": lambda text: base64.b64encode(text.encode(errors="replace")).decode(),
    "base64Decode": _base64_decode,
}


def variables(given: Input, context: dict[str, Json], stage_variables: Mapping[str, str]) -> dict[str, Value]:
    """All that a template finds when it begins."""
    return {"input": given, "util": Util(), "context": context, "stageVariables": dict(stage_variables)}
