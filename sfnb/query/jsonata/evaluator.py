"""JSONata expressions as Step Functions has them: compiled once, evaluated against a state.

A path of plain names (`$states.input.x`) needs no library: it is followed through the objects, and goes on
to the library (`program`) where it meets an array. So what is only passed on stays what it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

import msgspec

from sfnb.query.jsonata.failures import QueryError, QuerySyntaxError
from sfnb.query.jsonata.functions import LIBRARY
from sfnb.query.jsonata.names import read
from sfnb.query.jsonata.program import ALONE, CROWDED, UNDEFINED, Draw, Outcome, Program, Undefined, parses
from sfnb.values import Json

__all__ = ["UNDEFINED", "Query", "QueryError", "QuerySyntaxError", "Undefined", "compile_query"]

_HIDDEN = frozenset({"eval"})
"""Functions of JSONata that Step Functions does not have: calling one is calling nothing (floci#2737)."""

_FUNCTIONS = LIBRARY | _HIDDEN

_MISSING: Final = object()


class Query:
    """One compiled expression; immutable, and safe to evaluate from any thread.

    text: as written between `{%` and `%}`.
    variables: workflow variables it reads: free names, without `$states`, functions and its own names.
    states: which members of `$states` it reads; None where that cannot be told, or it is all of it.
    functions: names it calls that neither JSONata nor Step Functions has and it has not made itself.
    """

    def __init__(self, text: str) -> None:
        reading = read(text)
        if not parses(text):
            reading = msgspec.structs.replace(reading, context=False, path=())
        elif reading.later is not None:
            offset, sign = reading.later
            raise QuerySyntaxError(
                "S0211", f'The symbol "{sign[-1]}" cannot be used as a unary operator', offset
            )
        self.text = text
        self.variables = reading.variables
        self.states = reading.states
        self.functions = reading.functions
        self._reading = reading
        self._path = reading.path if reading.path[:1] != () and reading.path[0] not in LIBRARY else ()
        self._shadowing = reading.mentioned & _FUNCTIONS
        self._names = reading.mentioned - _FUNCTIONS
        self._program: Program | None = None
        self._shadowed: dict[frozenset[str], Program] = {}

    def evaluate(
        self, states: Mapping[str, Json], variables: Mapping[str, Json], chance: Draw, now: datetime
    ) -> Outcome:
        """The value, or UNDEFINED; raises QueryError.

        `$now()` and `$millis()` stand at `now`; `$random()` and `$uuid()` draw on `chance()`. A value that
        the expression only passes on is the very one it found; what JSONata computes is a double, and an
        int where it is whole.
        """
        if self._path and isinstance(states, dict):
            found = _follow(self._path, states, variables)
            if found is not _MISSING:
                return found  # type: ignore[return-value]
        if self._shadowing and not self._shadowing.isdisjoint(variables):
            hiding = self._hiding(self._shadowing.intersection(variables))
            return hiding.run(states, variables, chance, now)
        program = self._program
        if program is None:
            program = self._program = self._made(frozenset())
        return program.run(states, variables, chance, now)

    def _hiding(self, names: frozenset[str]) -> Program:
        """The program for variables that are named as functions are, and so hide them."""
        program = self._shadowed.get(names)
        if program is None:
            program = self._shadowed[names] = self._made(names)
        return program

    def _made(self, shadowing: frozenset[str]) -> Program:
        limits = CROWDED if self._reading.crowded else ALONE
        return Program(self.text, self._reading, limits, self._names | shadowing, _HIDDEN - shadowing)


@lru_cache(maxsize=4096)
def compile_query(text: str) -> Query:
    """The expression `text`; raises QuerySyntaxError."""
    return Query(text)


def _follow(path: tuple[str, ...], states: Mapping[str, Json], variables: Mapping[str, Json]) -> object:
    """What lies at the end of a path through objects; _MISSING where only the library can tell.

    A field of anything but an object or an array is undefined.
    """
    value: Any = states if path[0] == "states" else variables.get(path[0], UNDEFINED)
    for name in path[1:]:
        if isinstance(value, dict):
            value = value.get(name, UNDEFINED)
        elif isinstance(value, list):
            return _MISSING
        else:
            return UNDEFINED
    return value
