"""One JSONata expression as the library runs it. The only place that knows the library.

The library reads Python values one level at a time as an expression reaches them, but only from its
*input*; values bound to names are converted whole (4 ms for a state of 10,000 rows, where reading one
member of it takes 2 us). So an expression E over `$states` and `$x` is compiled as

    (null;$states:=$.states;$x:=$.variables.x;E)

and the two mappings are its input. An expression that looks at its context (`$`, a bare field name) would
see them there, where AWS has nothing: it is compiled as `(null;E)`, and the names are bound. (A regular
expression may stand behind a `;`, but not behind a `(`.)

The library's answer None is both null and undefined, and a function too: then, and only then, the type of
the result is asked for.

Bounds. AWS allows a depth of 100 (the library counts levels as the reference implementation does, and the
wrapping adds one), one second, and 6,990,256 bytes of values, which is 873,782 numbers. The library bounds
each value, not their sum, so an expression that may hold many gets less for each; and it is some ten times
as fast as what AWS runs, so half a second here is more than a second there. What it cannot interrupt is
replaced (`functions.REPLACEMENTS`) or left behind in a thread of its own (`_apart`).

Source: AWS Step Functions guide, "Transforming data with JSONata"; floci#2736, floci#2737, floci#2783.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import msgspec

from sfnb.query.jsonata.failures import (
    QueryError,
    QuerySyntaxError,
    of_library,
    timed_out,
    too_deep,
    unsupported,
)
from sfnb.query.jsonata.functions import ADDITIONS, DRAWN, REPLACEMENTS, drawn
from sfnb.query.jsonata.names import Reading
from sfnb.query.roots import Chance
from sfnb.values import Json

if TYPE_CHECKING:
    from jlens import Expression, JlensError


class Undefined(enum.Enum):
    """The expression came to nothing, which JSON cannot say."""

    UNDEFINED = "undefined"


UNDEFINED: Final = Undefined.UNDEFINED

Outcome = Json | Undefined
Draw = Callable[[], Chance]

_WRAPPING = 1
"""Levels of depth that `(null;E)` adds."""

_TYPE = "$__result__:={}\n;$__type__($__result__)"
"""The type of a result, by the library's `$type`, whatever name a variable has."""

_DIVISION = (
    "($__left__:={}\n;$__right__:={}\n;$__right__=0 and $__left__!=0"
    '?($__left__<0?"-Infinity":"Infinity"):$__left__/$__right__)'
)
"""A division as AWS does it: `[1/0]` is `["Infinity"]` there (floci#2783)."""

_MOST_DIVISIONS = 4

_CLOCK = {"now", "millis"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_GRACE_SECONDS = 0.5


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Bounds of one evaluation: levels, seconds, items of an array, bytes of a string and of the result."""

    depth: int = 100
    seconds: float = 0.5
    items: int = 873_782
    string_bytes: int = 6_990_256
    result_bytes: int = 4_200_000

    def options(self) -> dict[str, Any]:
        return {
            "max_depth": self.depth + _WRAPPING,
            "timeout": self.seconds,
            "max_array_length": self.items,
            "max_string_length": self.string_bytes,
            "max_result_size": self.result_bytes,
        }


ALONE: Final = Limits()
CROWDED: Final = Limits(items=262_144)


class Program:
    """An expression of the library, with the names it needs brought into its reach.

    names: `$name`s that are looked up among the variables; `states` among them is `$states`.
    hidden: functions it must not find.
    Raises QuerySyntaxError for a text that is not JSONata.
    """

    def __init__(
        self, text: str, reading: Reading, limits: Limits, names: frozenset[str], hidden: frozenset[str]
    ) -> None:
        self.text = text
        self.names = names
        self.hidden = hidden
        self._reading = reading
        self._limits = limits
        self._mentioned = reading.mentioned
        self._apart = reading.explosive
        self._options = limits.options()
        self._too_deep = not parses(text)
        self._clock = not _CLOCK.isdisjoint(reading.mentioned)
        self._chance = not DRAWN.isdisjoint(reading.mentioned - names)
        self._bound = reading.context and not self._too_deep and _reads_context(text)
        self._prefix = 0
        self._expression = None if self._too_deep else self._compile(self.text)
        self._type: Expression | None = None
        self._divided: dict[tuple[int, int], Program] = {}

    def _compile(self, text: str) -> Expression | None:
        """`text` behind what makes its names known; None where it is nested too deeply."""
        from jlens import Expression, JlensError

        parts = ["null;$__type__:=$type;" if text is not self.text else "null;"]
        parts += [f"${name}:=$__nothing__;" for name in sorted(self.hidden & self._mentioned)]
        if not self._bound:
            parts += [f"${name}:=$.variables.`{name}`;" for name in sorted(self.names - {"states"})]
            if "states" in self.names:
                parts.append("$states:=$.states;")
        prefix = "".join(["(", *parts])
        if text is self.text:
            self._prefix = len(prefix)
        try:
            expression = Expression(f"{prefix}{text}\n)")
        except JlensError as error:
            if error.code.startswith("U"):
                self._too_deep = True
                return None
            raise
        for name in self._mentioned - self.names:
            for table in (ADDITIONS, REPLACEMENTS):
                if name in table:
                    expression.register_function(name, *table[name])
        return expression

    def run(
        self,
        states: Mapping[str, Json],
        variables: Mapping[str, Json],
        chance: Draw,
        now: datetime,
        root: Json = None,
    ) -> Outcome:
        """Evaluate; raises QueryError.

        root: what `$` is where the expression looks at its context; a state has none.
        """
        try:
            return self._run(states, variables, chance, now, root)
        except _DividedByZero as found:
            try:
                return self._dividing(found).run(states, variables, chance, now, root)
            except QueryError as fault:
                raise (fault if fault.kind != "threw" else found) from None

    def _run(
        self,
        states: Mapping[str, Json],
        variables: Mapping[str, Json],
        chance: Draw,
        now: datetime,
        root: Json,
    ) -> Outcome:
        if self._too_deep or self._expression is None:
            raise too_deep()
        bindings: dict[str, Any] | None = None
        options = self._options
        document: Any
        if self._bound:
            document = root
            bindings = {name: variables[name] for name in self.names if name in variables}
            if "states" in self.names:
                bindings["states"] = _plain(states)
        elif self._apart:
            document = self._copied(states, variables)
        else:
            document = {"states": _plain(states), "variables": _plain(variables)}
        if self._chance:
            bindings = {**(bindings or {}), **_fitting(drawn(chance), self._mentioned - self.names)}
        if self._clock:
            options = {**options, "now": (now - _EPOCH) // _MILLISECOND}
        return self._evaluate(document, bindings, options)

    def _copied(self, states: Mapping[str, Json], variables: Mapping[str, Json]) -> dict[str, Json]:
        """What the expression reads, and no more: it will be converted whole."""
        members = self._reading.states
        return {
            "states": {
                name: states[name] for name in (states if members is None else members & states.keys())
            },
            "variables": {name: variables[name] for name in self.names if name in variables},
        }

    def _dividing(self, found: _DividedByZero) -> Program:
        """This expression with one of its divisions able to divide by zero; raises `found` after four."""
        start, divisor, end = found.start, found.divisor, found.end
        program = self._divided.get((start, end))
        if program is None:
            if self.text.count("$__right__:=") >= _MOST_DIVISIONS:
                raise found
            division = _DIVISION.format(self.text[start : divisor - 1], self.text[divisor:end])
            text = self.text[:start] + division + self.text[end:]
            program = Program(text, self._reading, self._limits, self.names, self.hidden)
            self._divided[start, end] = program
        return program

    def _evaluate(self, document: Any, bindings: dict[str, Any] | None, options: dict[str, Any]) -> Outcome:
        result = self._ask(self._expression, document, bindings, options)
        if result is not None:
            return result  # type: ignore[no-any-return]
        if self._type is None:
            self._type = self._compile(_TYPE.format(self.text))
        kind = self._ask(self._type, document, bindings, options)
        if kind == "function":
            raise unsupported()
        return UNDEFINED if kind is None else None

    def _ask(self, expression: Any, document: Any, bindings: Any, options: dict[str, Any]) -> Any:
        from jlens import JlensError

        try:
            if self._apart:
                return _apart(expression, document, bindings, options)
            return expression.evaluate(document, bindings, **options)
        except JlensError as error:
            if error.code == "D1001" and error.token == "/" and not self._reading.textual:
                raise _DividedByZero(error, self._prefix) from None
            raise of_library(error) from None
        except UnicodeEncodeError:
            raise QueryError(None, "the value holds half of a surrogate pair") from None
        except (OverflowError, TypeError) as error:  # a number with hundreds of digits
            raise QueryError(None, f"the value cannot be computed with: {error}") from None


class _DividedByZero(QueryError):
    """A division that is not a number to the library, with its places in the text: start, divisor, end."""

    def __init__(self, error: JlensError, prefix: int) -> None:
        known = of_library(error)
        super().__init__(known.code, known.message)
        self.start = (error.start or 0) - prefix
        self.divisor = (error.position or 0) - prefix
        self.end = (error.end or 0) - prefix


def parses(text: str) -> bool:
    """Whether the library can hold `text`, which may be nested too deeply; raises QuerySyntaxError."""
    from jlens import Expression, JlensError

    try:
        Expression(text)
    except UnicodeEncodeError as error:
        raise QuerySyntaxError("S0204", "half of a surrogate pair", error.start) from None
    except JlensError as error:
        if error.code.startswith("U"):
            return False
        offset = error.position if error.start is None else error.start
        raise QuerySyntaxError(error.code, str(error), offset) from None
    return True


def _reads_context(text: str) -> bool:
    """Whether the library, too, thinks that the expression looks at its context."""
    from jlens import Expression

    known = {name: function for table in (ADDITIONS, REPLACEMENTS) for name, (function, _) in table.items()}
    return "input" in Expression(text).reads({**known, **dict.fromkeys(DRAWN, _plain)})


def _plain(mapping: Mapping[str, Json]) -> dict[str, Json]:
    """The library reads dicts only."""
    return mapping if isinstance(mapping, dict) else dict(mapping)


def _fitting(functions: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: function for name, function in functions.items() if name in names}


def _apart(expression: Expression, document: Any, bindings: Any, options: dict[str, Any]) -> Any:
    """Evaluate in a thread of its own, which is left behind when it does not end in time.

    Comparing two values that share their parts cannot be interrupted and may take hours. The thread then
    works on without holding Python's lock, and does not keep the process from ending.
    """
    from jlens import Document, JlensError

    answer: list[Any] = []
    fault: list[Exception] = []

    def work() -> None:
        try:
            answer.append(expression.evaluate_document(Document(document), bindings, **options))
        except (JlensError, QueryError, UnicodeEncodeError) as error:
            fault.append(error)

    thread = threading.Thread(target=work, name="sfnb-jsonata", daemon=True)
    thread.start()
    thread.join(options["timeout"] + _GRACE_SECONDS)
    if fault:
        raise fault[0]
    if not answer:
        raise timed_out()
    return answer[0]
