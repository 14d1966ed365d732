"""JSON in which every string `{% ... %}` is a JSONata expression.

Compiled once into closures over a Scope; what is static is folded and shared.
Source: AWS guide, "Transforming data with JSONata"; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sfnb.errors import EvaluationError, PathStep
from sfnb.query.jsonata.evaluator import UNDEFINED, Query, QueryError, QuerySyntaxError, compile_query
from sfnb.query.jsonata.intrinsics import first_intrinsic, intrinsic_advice
from sfnb.query.jsonata.reads import reads_of_input
from sfnb.query.reporting import Report
from sfnb.query.scope import Scope
from sfnb.values import Json, encode

Filler = Callable[[Scope], Json]

STATES = ("input", "context", "result", "errorOutput")
EVERYWHERE = frozenset({"input", "context"})
"""The members of $states that every expression may read."""

INVALID = "INVALID_JSONATA_EXPRESSION"
UNSUPPORTED = "UNSUPPORTED_JSONATA_EXPRESSION"

MISPLACED = {
    "result": "only Assign and Output of a Task, Parallel or Map state have a result",
    "errorOutput": "only Assign and Output of a Catcher have an Error Output",
}


class Template:
    """A value with expressions in it, compiled.

    field: the field that holds it, "Output". fill is None where nothing is computed.
    """

    __slots__ = ("evaluate", "field", "fill", "source")

    def __init__(self, field: str, source: Json, fill: Filler | None) -> None:
        self.field = field
        self.source = source
        self.fill = fill
        self.evaluate: Filler = fill or (lambda scope: source)

    @property
    def text(self) -> str:
        return body(self.source) if is_expression(self.source) else encode(self.source)

    @property
    def constant(self) -> bool:
        return self.fill is None

    def error(self, message: str, *, query: str | None = None) -> EvaluationError:
        return failure(query or message, self.field)

    def unexpected(self, expected: str, value: Json, message: str) -> EvaluationError:
        if not is_expression(self.source):
            return self.error(message)
        return failure(
            f"The JSONata expression '{self.text}' specified for the field '{self.field}' returned an "
            f"unexpected result type. Expected '{expected}', but was '{kind_of(value)}' for value: "
            f"{encode(value)}",
            self.field,
        )

    def __repr__(self) -> str:
        return f"Template({self.text})"


def failure(message: str, location: str | None) -> EvaluationError:
    """A failed evaluation, which the history shows as EvaluationFailed."""
    return EvaluationError("States.QueryEvaluationError", message, location=location)


def kind_of(value: Json) -> str:
    """A value's type, as AWS calls it."""
    kinds = {type(None): "null", bool: "boolean", str: "string", list: "array", dict: "object"}
    return kinds.get(type(value), "number")


def is_expression(value: Json) -> bool:
    """Whether a value is `{% ... %}`, with nothing around it."""
    return isinstance(value, str) and value.startswith("{%") and value.endswith("%}") and len(value) > 3


def marked(text: str) -> str:
    """A text that was meant to be an expression, as one.

    >>> marked("$states.input.n > 3"), marked("{{ $total }}")
    ('{% $states.input.n > 3 %}', '{% $total %}')
    """
    return f"{{% {text.strip(' {}%')} %}}"


def body(value: Json) -> str:
    """The expression between the marks, without the blanks around it."""
    assert isinstance(value, str)
    return value[2:-2].strip()


def compile_template(
    field: str, value: Json, report: Report, readable: Collection[str] = EVERYWHERE
) -> Template:
    """Compile the `value` of `field`; what is wrong in it goes to `report`.

    readable: the members of $states that there are at this place.
    """
    return Template(field, value, _Compiler(field, report, readable).compile(value, ()))


class _Compiler:
    def __init__(self, field: str, report: Report, readable: Collection[str]) -> None:
        self.field = field
        self.report = report
        self.readable = readable

    def compile(self, value: Json, place: tuple[PathStep, ...]) -> Filler | None:
        """A closure that makes `value` anew, or None where it is static."""
        if isinstance(value, dict):
            return self._object(value, place)
        if isinstance(value, list):
            return self._array(value, place)
        if isinstance(value, str):
            return self._text(value, place)
        return None

    def _object(self, value: dict[str, Json], place: tuple[PathStep, ...]) -> Filler | None:
        for key in value:
            if key.endswith(".$"):
                self._path_key(key, (*place, key))
        fillers = {key: self.compile(item, (*place, key)) for key, item in value.items()}
        if all(fill is None for fill in fillers.values()):
            return None
        ready = tuple((key, fill or constant(value[key])) for key, fill in fillers.items())
        if len(ready) == 1:
            ((only, fill),) = ready
            return lambda scope: {only: fill(scope)}
        return lambda scope: {key: fill(scope) for key, fill in ready}

    def _array(self, value: list[Json], place: tuple[PathStep, ...]) -> Filler | None:
        fillers = [self.compile(item, (*place, index)) for index, item in enumerate(value)]
        if all(fill is None for fill in fillers):
            return None
        ready = tuple(fill or constant(item) for fill, item in zip(fillers, value, strict=True))
        return lambda scope: [fill(scope) for fill in ready]

    def _text(self, value: str, place: tuple[PathStep, ...]) -> Filler | None:
        if not is_expression(value):
            self._nearly(value, place)
            return None
        text = body(value)
        try:
            query = compile_query(text)
        except QuerySyntaxError as fault:
            at = "" if fault.offset is None else f"at character {fault.offset + 1} of the expression, "
            self.report(fault.message, within=place, code=INVALID, hint=f"{at}JSONata's {fault.code}")
            return None
        self._check(query, place)
        return query_filler(query, location(self.field, place), self.readable)

    def _path_key(self, key: str, place: tuple[PathStep, ...]) -> None:
        self.report(
            f"The QueryLanguage is set to 'JSONata', but field '{key}' is only supported for the 'JSONPath' "
            "QueryLanguage",
            within=place,
            at_key=True,
            hint=f"""write "{key.removesuffix(".$")}": "{{% $states.input... %}}\"""",
        )

    def _nearly(self, value: str, place: tuple[PathStep, ...]) -> None:
        """Marks that are not at the very ends make a literal, which is hardly ever meant."""
        trimmed = value.strip()
        braced = trimmed.startswith("{{") and trimmed.endswith("}}")
        if braced or trimmed.startswith("{%") or trimmed.endswith("%}"):
            self.report(
                f"'{value[:40]}' is not evaluated",
                within=place,
                severity="WARNING",
                code="LITERAL_EXPRESSION",
                hint=f'write "{marked(value)}"'
                if braced
                else "an expression begins with {% and ends with %}, and nothing stands around them",
            )

    def _check(self, query: Query, place: tuple[PathStep, ...]) -> None:
        self.report.reads(query.variables, place)
        for member in sorted(query.states or ()):
            if member not in self.readable:
                known = member in MISPLACED
                self.report(
                    f"Field '$states.{member}' does not exist.",
                    within=place,
                    code=UNSUPPORTED,
                    severity="ERROR" if known else "WARNING",
                    hint=MISPLACED.get(member, f"$states has {', '.join(STATES)}"),
                )
        for name in reads_of_input(query.text):
            self.report(
                f"Reference to '{name}' at the top level is not supported.",
                within=place,
                code=UNSUPPORTED,
                hint=_instead_of_input(name, query.text),
            )
        for name in sorted(query.functions):
            self.report(
                f"There is no function '${name}'",
                within=place,
                severity="WARNING",
                code="UNKNOWN_FUNCTION",
                hint="the call will fail: T1006, attempted to invoke a non-function",
            )


def _instead_of_input(name: str, text: str) -> str:
    """What to write where an expression reads `name` of an input document."""
    if name == "States" and (called := first_intrinsic(text)):
        return intrinsic_advice(called)
    if name.startswith("$"):
        return "write $states.input for the input"
    return f"write $states.input.{name} for the input, or ${name} for a variable"


def constant(value: Json) -> Filler:
    return lambda scope: value


def location(field: str, place: tuple[PathStep, ...]) -> str:
    """A place inside a field, as AWS names it: `Output/order/items[0]`."""
    return field + "".join(f"[{step}]" if isinstance(step, int) else f"/{step}" for step in place)


def query_filler(query: Query, field: str, readable: Collection[str] = STATES) -> Filler:
    """The closure behind one expression; all of $states is what is `readable` here, as on AWS."""
    evaluate = query.evaluate
    asked = readable if query.states is None else query.states
    reads = tuple(member for member in STATES if member in asked)
    text = query.text
    input_only = reads == ("input",)

    def fill(scope: Scope) -> Json:
        states = {"input": scope.input.value} if input_only else _states(scope, reads)
        try:
            value = evaluate(states, scope.variables, scope.random, scope.surroundings.now())
        except QueryError as fault:
            raise failure(_words(fault, text, field), field) from None
        if value is UNDEFINED:
            raise failure(
                f"The JSONata expression '{text}' specified for the field '{field}' returned nothing "
                "(undefined).",
                field,
            )
        return value

    return fill


def _states(scope: Scope, reads: tuple[str, ...]) -> dict[str, Json]:
    """What $states holds here, as far as it is read."""
    states: dict[str, Json] = {}
    for member in reads:
        if member == "input":
            states[member] = scope.input.value
        elif member == "context":
            states[member] = scope.context()
        elif member == "result":
            states[member] = scope.result
        else:
            states[member] = scope.error_output
    return states


def _words(fault: QueryError, text: str, field: str) -> str:
    what = f"The JSONata expression '{text}' specified for the field '{field}'"
    if fault.kind == "unsupported":
        return f"{what} returned an unsupported result type."
    return f"{what} threw an error during evaluation{fault.ending}"
