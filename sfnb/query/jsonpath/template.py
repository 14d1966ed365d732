"""Payload Templates: JSON in which a key that ends in `.$` is filled by a path or an intrinsic call.

Compiled once into closures over a Scope; what is static is folded and shared.
Source: Amazon States Language, "Payload Template"; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from sfnb.errors import EvaluationError, PathStep
from sfnb.query.hash_map import hash_map_order
from sfnb.query.intrinsics.call import IntrinsicSyntaxError, compile_call
from sfnb.query.jsonpath.path import Path, PathNotFound, PathSyntaxError, compile_path
from sfnb.query.reporting import Report
from sfnb.query.scope import Scope
from sfnb.values import Json, encode

Filler = Callable[[Scope], Json]


class Template:
    """A compiled Payload Template.

    field: the field that holds it, "Parameters".
    """

    __slots__ = ("evaluate", "field", "source")

    def __init__(self, field: str, source: Json, filler: Filler | None) -> None:
        self.field = field
        self.source = source
        self.evaluate: Filler = filler or (lambda scope: source)

    @property
    def text(self) -> str:
        return encode(self.source)

    @property
    def constant(self) -> bool:
        return False

    def error(self, message: str, *, query: str | None = None) -> EvaluationError:
        return EvaluationError("States.Runtime", message)

    def unexpected(self, expected: str, value: Json, message: str) -> EvaluationError:
        return self.error(message)

    def __repr__(self) -> str:
        return f"Template({self.text})"


def compile_template(field: str, value: Json, report: Report) -> Template:
    """Compile the template `value` of `field`; what is wrong in it goes to `report`."""
    if not isinstance(value, dict):
        report(f"The value for the field '{field}' must be an object", hint=f"found {encode(value)[:40]}")
    return Template(field, value, _compile(value, (), report))


def _compile(value: Json, place: tuple[PathStep, ...], report: Report) -> Filler | None:
    """A closure that makes `value` anew, or None where it is static."""
    if isinstance(value, dict):
        return _compile_object(value, place, report)
    if isinstance(value, list):
        return _compile_array(value, place, report)
    return None


def _compile_object(value: dict[str, Json], place: tuple[PathStep, ...], report: Report) -> Filler | None:
    fillers: dict[str, Filler] = {}
    static = True
    for key, item in value.items():
        here = (*place, key)
        name = key.removesuffix(".$")
        filler = compile_filler(key, item, here, report) if name != key else _compile(item, here, report)
        static = static and filler is None
        if name in fillers:
            report(f"The field '{name}' is given twice once '.$' is taken off", within=here, at_key=True)
        fillers[name] = _constant(item) if filler is None else filler
    return None if static else _object_filler(tuple((name, fillers[name]) for name in _key_order(value)))


def _key_order(template: dict[str, Json]) -> list[str]:
    """The keys of the outcome: AWS writes the static ones as they stand, then the computed ones."""
    fixed = [key for key in template if not key.endswith(".$")]
    return [
        *fixed,
        *hash_map_order(key[:-2] for key in template if key.endswith(".$") and key[:-2] not in fixed),
    ]


def _object_filler(fillers: tuple[tuple[str, Filler], ...]) -> Filler:
    if len(fillers) == 1:
        ((only, fill),) = fillers
        return lambda scope: {only: fill(scope)}
    return lambda scope: {name: fill(scope) for name, fill in fillers}


def _compile_array(value: list[Json], place: tuple[PathStep, ...], report: Report) -> Filler | None:
    fillers = [_compile(item, (*place, index), report) for index, item in enumerate(value)]
    if all(filler is None for filler in fillers):
        return None
    ready = tuple(
        _constant(item) if fill is None else fill for fill, item in zip(fillers, value, strict=True)
    )
    return lambda scope: [fill(scope) for fill in ready]


def _constant(value: Json) -> Filler:
    return lambda scope: value


def compile_filler(key: str, value: Json, place: tuple[PathStep, ...], report: Report) -> Filler:
    """The closure behind one `name.$` key: a path or an intrinsic call."""
    problem = f"The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call"
    if not isinstance(value, str):
        report(
            problem,
            within=place,
            hint=f"it is {encode(value)[:40]}; write a string, or drop '.$' from the key",
        )
        return _constant(None)
    try:
        if value.startswith("$"):
            path = compile_path(value)
            note_variables([path], report, place)
            return path_filler(key, path)
        call = compile_call(value)
        note_variables(call.paths, report, place)
        return call.evaluate
    except (PathSyntaxError, IntrinsicSyntaxError) as fault:
        report(problem, within=place, hint=f"at character {fault.offset + 1}: {fault.message}")
        return _constant(None)


def note_variables(paths: Iterable[Path], report: Report, within: tuple[PathStep, ...] = ()) -> None:
    report.reads([path.root for path in paths if path.root not in ("$", "$$")], within)


def path_filler(key: str, path: Path) -> Filler:
    find = path.find
    if path.text == "$":
        return lambda scope: scope.here
    if path.root == "$":

        def fill_here(scope: Scope) -> Json:
            try:
                return find(scope.here)
            except PathNotFound as miss:
                return _missed(miss, key, path, scope.here)

        return fill_here

    def fill(scope: Scope) -> Json:
        document = scope.document(path.root)
        try:
            return find(document)
        except PathNotFound as miss:
            return _missed(miss, key, path, document)

    return fill


def _missed(miss: PathNotFound, key: str, path: Path, document: Json) -> Json:
    """What a template makes of a path that finds nothing.

    AWS answers null for an index past the end of an array, and fails for a missing name.
    """
    if miss.index_past_end:
        return None
    raise EvaluationError(
        "States.Runtime",
        f"The JSONPath '{path.text}' specified for the field '{key}' could not be found in the input "
        f"'{encode(document)}'",
        spec="States.ParameterPathFailure",
    )
