"""What a route asks of a request: parameters that have to be there, a body that fits a JSON Schema.

Schemas are compiled once. A `pattern` runs in RE2, `uniqueItems` in a set, and no `$ref` leads out of its
schema: a body from anywhere can neither keep a process busy nor make it fetch something.

Source: API Gateway guide, "Request validation for REST APIs"; models are JSON Schema draft 4.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sfnb.errors import SfnbError
from sfnb.triggers.http.request import Request
from sfnb.triggers.http.route import Route
from sfnb.triggers.http.vtl.methods import linear_regex
from sfnb.triggers.http.vtl.run import RenderFault
from sfnb.values import Json, decode, encode

MOST_FAULTS = 10
DEEPEST_SCHEMA = 50
DEFAULT = "$default"

Validate = Callable[[Json], list[str]]
"""What is wrong with a body; [] where nothing is."""


class ModelRefused(SfnbError):
    """A schema that cannot be used."""


class BadRequest(Exception):
    """A request that its route does not take. message: AWS's. why: what is wrong with it."""

    def __init__(self, message: str, why: str) -> None:
        super().__init__(why)
        self.message = message
        self.why = why


def compile_models(route: Route) -> dict[str, Validate]:
    """By content type; raises ModelRefused."""
    return {
        kind.lower(): compile_schema(schema, kind, route) for kind, schema in route.request_models.items()
    }


def check_request(route: Route, models: Mapping[str, Validate], request: Request) -> None:
    """Raises BadRequest where a parameter is missing or the body does not fit.

    A model of an HTTP API is always held to: AWS has none there. One under `$default` is for all types of
    content that have none of their own.
    """
    asked = route.request_validator
    if asked.validate_request_parameters:
        missing = [name for place, name in _required(route) if not _given(place, name, request)]
        if missing:
            words = f"Missing required request parameters: [{', '.join(missing)}]"
            raise BadRequest(words, words)
    validate = models.get(request.content_type) or models.get(DEFAULT)
    if validate is None or not (asked.validate_request_body or not route.is_rest):
        return
    try:
        body = decode(request.body) if request.body.strip() else {}
    except (ValueError, RecursionError) as fault:
        why = "it is nested too deeply" if isinstance(fault, RecursionError) else str(fault)
        raise BadRequest("Invalid request body", f"the body is not JSON: {why}") from None
    try:
        faults = validate(body)
    except RecursionError:
        faults = ["it is nested too deeply"]
    if faults:
        raise BadRequest("Invalid request body", f"[{', '.join(faults)}]")


def _required(route: Route) -> Iterator[tuple[str, str]]:
    """The place of each parameter that has to be there, "querystring" or the like, and its name."""
    for parameter, is_required in route.request_parameters.items():
        if is_required and parameter.startswith("method.request."):
            place, _, name = parameter.removeprefix("method.request.").partition(".")
            yield place, name


def _given(place: str, name: str, request: Request) -> bool:
    """Whether it is there and not blank."""
    match place.removeprefix("multivalue"):
        case "querystring":
            return bool(request.last_query.get(name))
        case "header":
            return bool(request.headers.get(name.lower()))
        case "path":
            return bool(request.variables.get(name))
    return False


def compile_schema(schema: Any, kind: str, route: Route) -> Validate:
    """Draft 4 for REST APIs unless it names another, 2020-12 elsewhere."""
    try:
        import jsonschema  # type: ignore[import-untyped, unused-ignore]
        from jsonschema import validators
        from referencing import Registry
    except ImportError as fault:
        words = f'a model needs {fault.name}: pip install "sfnb[triggers]"'
        raise SfnbError(words) from None
    if not isinstance(schema, dict | bool):
        raise ModelRefused(f"RequestModels: the model of {kind} is no JSON Schema")
    _check_references(schema, f"RequestModels[{kind}]", 0)
    default = jsonschema.Draft4Validator if route.is_rest else jsonschema.Draft202012Validator
    draft = validators.validator_for(schema, default=default)
    try:
        draft.check_schema(schema)
    except jsonschema.SchemaError as fault:
        raise ModelRefused(f"RequestModels[{kind}]: {fault.message} at {fault.json_path}") from None
    ours = {
        "pattern": _pattern,
        "patternProperties": _patterns,
        "additionalProperties": _additional,
        "uniqueItems": _unique,
    }
    strict = validators.extend(draft, ours)
    validator = strict(schema, registry=Registry())

    def validate(body: Json) -> list[str]:
        found: list[str] = []
        for fault in validator.iter_errors(body):
            found.append(_words(fault))
            if len(found) == MOST_FAULTS:
                break
        return found

    return validate


def _check_references(schema: Any, where: str, depth: int) -> None:
    if depth > DEEPEST_SCHEMA:
        raise ModelRefused(f"{where}: nested more than {DEEPEST_SCHEMA} deep")
    if isinstance(schema, list):
        for item in schema:
            _check_references(item, where, depth + 1)
    if not isinstance(schema, dict):
        return
    if "unevaluatedProperties" in schema and "patternProperties" in schema:
        raise ModelRefused(f"{where}: unevaluatedProperties beside patternProperties is not supported")
    for name, item in schema.items():
        if name == "$ref" and isinstance(item, str) and not item.startswith("#"):
            raise ModelRefused(
                f"{where}: {item!r:.80} is not part of this schema; write it under definitions"
            )
        if name == "patternProperties" and isinstance(item, dict):
            for pattern in item:
                _regex(pattern, where)
        if name == "pattern" and isinstance(item, str):
            _regex(item, where)
        _check_references(item, where, depth + 1)


def _regex(pattern: str, where: str) -> Any:
    try:
        return linear_regex(pattern)
    except RenderFault as fault:
        raise ModelRefused(f"{where}: {fault}") from None


def _pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if isinstance(instance, str) and not linear_regex(pattern).search(instance):
        yield ValidationError(f"{instance!r:.60} does not match {pattern!r:.60}")


def _patterns(validator: Any, patterns: Any, instance: Any, schema: Any) -> Iterator[Any]:
    for pattern, inner in patterns.items() if isinstance(instance, dict) else ():
        regex = linear_regex(pattern)
        for name in (name for name in instance if regex.search(name)):
            yield from validator.descend(instance[name], inner, path=name, schema_path=pattern)


def _additional(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if not isinstance(instance, dict):
        return
    known = schema.get("properties", {})
    regexes = [linear_regex(pattern) for pattern in schema.get("patternProperties", {})]
    extra = [name for name in instance if name not in known and not any(r.search(name) for r in regexes)]
    if isinstance(wanted, dict):
        for name in extra:
            yield from validator.descend(instance[name], wanted, path=name)
    elif not wanted and extra:
        words = "object instance has properties which are not allowed by the schema"
        yield ValidationError(f"{words}: {encode(list[Json](extra))}")


def _unique(validator: Any, wanted: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema import ValidationError

    if wanted and isinstance(instance, list):
        texts = {_canonical(item) for item in instance}
        if len(texts) < len(instance):
            yield ValidationError("array has items that are equal")


def _canonical(value: Json) -> str:
    """The same text for values that are equal: 1 and 1.0, keys in any order."""
    match value:
        case dict():
            return "{" + ",".join(f"{encode(key)}:{_canonical(value[key])}" for key in sorted(value)) + "}"
        case list():
            return f"[{','.join(map(_canonical, value))}]"
        case float() if value.is_integer():
            return str(int(value))
    return encode(value)


def _words(fault: Any) -> str:
    """As AWS's validator words what is most often wrong."""
    match fault.validator:
        case "required" if isinstance(fault.instance, dict):
            missing = [name for name in fault.validator_value if name not in fault.instance]
            return f"object has missing required properties ({encode(list[Json](missing))})"
        case "type":
            allowed = fault.validator_value
            names = encode(allowed if isinstance(allowed, list) else [allowed])
            word = _type_name(fault.instance)
            place = "" if fault.json_path == "$" else f" at {fault.json_path}"
            return (
                f"instance type ({word}) does not match any allowed primitive type (allowed: {names}){place}"
            )
    return f"{fault.message:.200} at {fault.json_path:.100}"


def _type_name(value: Json) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")
