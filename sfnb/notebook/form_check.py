"""Whether an input fits a schema, said in words beside the field that it is about.

The rules are those of the library `jsonschema`. Three things are ours, as a schema may be hostile: nothing
is fetched, patterns run on RE2, which takes no longer than the text is long, and what a check may cost is
counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import msgspec

from sfnb.errors import SfnbError
from sfnb.notebook.form_given import Schema
from sfnb.values import Json, encode

MOST_STEPS = 50_000
"""Of one check: keywords that are looked at, each time. That is less than half a second."""
MOST_FINDINGS = 50
LONGEST_SHOWN = 80

NEEDS = 'a form needs jsonschema and google-re2: pip install "sfnb[triggers]"'
TOO_MUCH = "there is too much here to be checked"
TOO_DEEP = "this is nested too deeply to be checked"

_TYPES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "an array",
    "object": "an object",
    "null": "null",
}
_FORMATS = {
    "date": "a date such as 2026-01-31",
    "date-time": "a moment such as 2026-01-31T09:00:00Z",
    "time": "a time such as 09:00:00Z",
    "email": "an e-mail address",
    "uuid": "a UUID",
    "uri": "an address such as https://example.com",
    "ipv4": "an address such as 10.0.0.1",
    "ipv6": "an address such as ::1",
}

Where = tuple[str | int, ...]


class Finding(msgspec.Struct, frozen=True):
    """What is wrong, and where: names of members and numbers of items."""

    path: Where
    text: str


class _TooMuch(Exception):
    """The check has cost enough."""


class _Steps:
    """How much a check may still cost."""

    left = MOST_STEPS

    def take(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise _TooMuch


class Checker:
    """Checks inputs against one schema.

    Raises SfnbError where the schema is wrong, where it says what cannot be checked here, or where the
    library is not installed.
    """

    def __init__(self, schema: Schema) -> None:
        try:
            import referencing
            from jsonschema import validators  # type: ignore[import-untyped]
        except ImportError:
            raise SfnbError(NEEDS) from None
        kind = _dialect(schema)
        plain = _undeclared(schema)
        _check_schema(kind, plain)
        self._steps = _Steps()
        rules = dict(kind.VALIDATORS) | {"uniqueItems": _unique, "required": _required} | _patterned(plain)
        own = validators.extend(kind, {word: _counted(rule, self._steps) for word, rule in rules.items()})
        self._validator = own(plain, registry=referencing.Registry(), format_checker=_formats())

    def findings(self, value: Json) -> list[Finding]:
        """Everything that is wrong, in the order of the schema; [] where the value fits."""
        from referencing.exceptions import Unresolvable

        self._steps.left = MOST_STEPS
        found: list[Finding] = []
        try:
            for fault in self._validator.iter_errors(value):
                found += _told(fault)
                if len(found) >= MOST_FINDINGS:
                    break
        except _TooMuch:
            return [Finding((), TOO_MUCH)]
        except RecursionError:
            return [Finding((), TOO_DEEP)]
        except Unresolvable as fault:
            return [Finding((), f"the schema points at nothing: {_cut(str(fault))}")]
        return found


def _dialect(schema: Schema) -> Any:
    """The rules that a schema declares to follow; those of 2020-12 unless it does."""
    from jsonschema import validators

    known = {
        "http://json-schema.org/draft-04/schema": validators.Draft4Validator,
        "http://json-schema.org/draft-06/schema": validators.Draft6Validator,
        "http://json-schema.org/draft-07/schema": validators.Draft7Validator,
        "https://json-schema.org/draft/2019-09/schema": validators.Draft201909Validator,
    }
    return known.get(str(schema.get("$schema")).rstrip("#"), validators.Draft202012Validator)


def _undeclared(node: Any) -> Any:
    """A schema whose parts declare no rules of their own: those would be the library's, uncounted."""
    if isinstance(node, dict):
        return {
            key: _undeclared(value)
            for key, value in node.items()
            if not (key == "$schema" and isinstance(value, str))
        }
    return [_undeclared(each) for each in node] if isinstance(node, list) else node


def _check_schema(kind: Any, schema: Schema) -> None:
    from jsonschema import SchemaError

    try:
        kind.check_schema(schema)
    except SchemaError as fault:
        place = "/".join(str(step) for step in fault.absolute_path) or "its top"
        raise SfnbError(f"this is no JSON Schema: at {place}: {_cut(fault.message, 200)}") from None


def _counted(rule: Callable[..., Any], steps: _Steps) -> Callable[..., Iterator[Any]]:
    def rule_counted(validator: Any, value: Any, instance: Any, schema: Any) -> Iterator[Any]:
        steps.take()
        yield from rule(validator, value, instance, schema) or ()

    return rule_counted


# Patterns


def _patterned(schema: Schema) -> dict[str, Callable[..., Any]]:
    """The rules that look for patterns, with each pattern of the schema compiled.

    Raises SfnbError for a pattern that RE2 does not know, as it has no look-around and no back-reference.
    """
    words = set(_patterns(schema))
    if any("unevaluatedProperties" in node for node in _objects(schema)) and any(
        "patternProperties" in node for node in _objects(schema)
    ):
        raise SfnbError("a form cannot check unevaluatedProperties together with patternProperties")
    compiled = _compiled(words)

    def pattern(validator: Any, word: str, instance: Any, _: Any) -> Iterator[Any]:
        if isinstance(instance, str) and not compiled[word].search(instance):
            yield _fault(f"'{_cut(instance)}' does not match {word}")

    def pattern_properties(validator: Any, words: dict[str, Any], instance: Any, _: Any) -> Iterator[Any]:
        if isinstance(instance, dict):
            for word, inner in words.items():
                for name, value in instance.items():
                    if compiled[word].search(name):
                        yield from validator.descend(value, inner, path=name, schema_path=word)

    def additional(validator: Any, rule: Any, instance: Any, whole: Any) -> Iterator[Any]:
        if not isinstance(instance, dict):
            return
        known = whole.get("properties", {})
        ways = [compiled[word] for word in whole.get("patternProperties", {})]
        for name, value in instance.items():
            if name in known or any(way.search(name) for way in ways):
                continue
            if rule is False:
                yield _fault(f"'{name}' was unexpected", extra=name)
            else:
                yield from validator.descend(value, rule, path=name)

    return {"pattern": pattern, "patternProperties": pattern_properties, "additionalProperties": additional}


def _compiled(words: set[str]) -> dict[str, Any]:
    if not words:
        return {}
    try:
        import re2  # type: ignore[import-untyped]
    except ImportError:
        raise SfnbError(NEEDS) from None
    options = re2.Options()
    options.log_errors = False
    compiled = {}
    for word in words:
        try:
            compiled[word] = re2.compile(word, options)
        except re2.error as fault:
            why = fault.args[0].decode() if isinstance(fault.args[0], bytes) else str(fault)
            raise SfnbError(f"the pattern '{_cut(word)}' cannot be used in a form: {why}") from None
    return compiled


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    todo = [schema]
    while todo:
        node = todo.pop()
        if isinstance(node, dict):
            yield node
            todo += node.values()
        elif isinstance(node, list):
            todo += node


def _patterns(schema: Schema) -> Iterator[str]:
    for node in _objects(schema):
        if isinstance(word := node.get("pattern"), str):
            yield word
        if isinstance(named := node.get("patternProperties"), dict):
            yield from named


# Other rules


def _required(validator: Any, names: Any, instance: Any, _: Any) -> Iterator[Any]:
    if isinstance(instance, dict) and isinstance(names, list):
        yield from (_fault(f"'{name}' is needed", extra=name) for name in names if name not in instance)


def _unique(validator: Any, wanted: Any, instance: Any, _: Any) -> Iterator[Any]:
    """The library compares each with each where it cannot sort them."""
    if wanted and isinstance(instance, list) and len({_frozen(each) for each in instance}) < len(instance):
        yield _fault("there are equal items")


def _frozen(value: Json) -> Any:
    match value:
        case bool():
            return ("boolean", value)
        case list():
            return tuple(_frozen(each) for each in value)
        case dict():
            return frozenset((name, _frozen(each)) for name, each in value.items())
    return value


def _fault(message: str, extra: str = "") -> Any:
    from jsonschema import ValidationError

    return ValidationError(message, cause=KeyError(extra) if extra else None)


def _formats() -> Any:
    from jsonschema import FormatChecker

    checker = FormatChecker(formats=("email", "uuid", "ipv4", "ipv6"))
    checker.checks("date", ValueError)(lambda value: not isinstance(value, str) or _is_date(value))
    checker.checks("date-time", ValueError)(lambda value: not isinstance(value, str) or is_moment(value))
    checker.checks("time", ValueError)(
        lambda value: not isinstance(value, str) or is_moment(f"2000-01-01T{value}")
    )
    checker.checks("uri")(lambda value: not isinstance(value, str) or bool(_ADDRESS.match(value)))
    return checker


_DAY = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z", re.ASCII)
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")


def _is_date(text: str) -> bool:
    return bool(_DAY.match(text)) and bool(date.fromisoformat(text))


def is_moment(text: str) -> bool:
    """Whether a text is a date-time of RFC 3339; raises ValueError where it is one that never was."""
    return bool(_MOMENT.match(text)) and bool(datetime.fromisoformat(text[:19].upper()))


# Words


def _told(fault: Any) -> Iterator[Finding]:
    """What a fault of the library comes to; a member that is missing has a place of its own."""
    path: Where = tuple(fault.absolute_path)
    word, wanted = fault.validator, fault.validator_value
    extra = fault.cause.args[0] if isinstance(fault.cause, KeyError) else None
    if word == "required" and extra is not None:
        yield Finding((*path, extra), "is needed")
    elif extra is not None:
        yield Finding(path, f"there is no '{_cut(extra)}' here")
    else:
        yield Finding(path, _words(word, wanted, fault.instance) or _cut(fault.message, 200))


def _words(word: str | None, wanted: Any, value: Any) -> str | None:
    """What a rule asks for; None where the library's own words have to do."""
    match word:
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"{' or '.join(_TYPES.get(kind, kind) for kind in kinds)} is needed"
        case "enum":
            return f"one of {_cut(', '.join(_shown(each) for each in wanted[:20]), 200)} is needed"
        case "const":
            return f"{_shown(wanted)} is needed"
        case "format":
            return f"{_FORMATS.get(wanted, wanted)} is needed"
        case "pattern":
            return f"does not match the pattern {_cut(wanted, 200)}"
        case "minimum" | "maximum":
            return f"{'at least' if word == 'minimum' else 'at most'} {_cut(str(wanted))} is needed"
        case "exclusiveMinimum" | "exclusiveMaximum" if not isinstance(wanted, bool):
            return f"{'more' if word == 'exclusiveMinimum' else 'less'} than {_cut(str(wanted))} is needed"
        case "multipleOf":
            return f"a multiple of {_cut(str(wanted))} is needed"
        case "uniqueItems":
            return "no two items may be equal"
        case "anyOf" | "oneOf":
            return (
                f"fits {'none' if word == 'anyOf' else 'not exactly one'} of the {len(wanted)} ways there are"
            )
    return _amount(word, wanted, value)


_AMOUNTS = {
    "minLength": ("at least", "character"),
    "maxLength": ("at most", "character"),
    "minItems": ("at least", "item"),
    "maxItems": ("at most", "item"),
    "minProperties": ("at least", "member"),
    "maxProperties": ("at most", "member"),
}


def _amount(word: str | None, wanted: Any, value: Any) -> str | None:
    if word not in _AMOUNTS:
        return None
    bound, unit = _AMOUNTS[word]
    there = f"; there {'is' if len(value) == 1 else 'are'} {len(value):,}" if value else ""
    return f"{bound} {wanted} {unit}{'' if wanted == 1 else 's'} needed{there}"


def _shown(value: Json) -> str:
    return _cut(value if isinstance(value, str) else encode(value))


def _cut(text: str, longest: int = LONGEST_SHOWN) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
