"""Intrinsic invocations, ready to run.

`compile_call` makes one closure of a text: the functions are found, the arguments counted and the
literals checked beforehand, so what runs is the paths, a type test each, and the functions.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import msgspec

from sfnb.errors import EvaluationError, StatesError
from sfnb.query.intrinsics import INTRINSICS
from sfnb.query.intrinsics.arguments import ANYTHING, KINDS, Kind, check, signature
from sfnb.query.intrinsics.grammar import Argument, Call, IntrinsicSyntaxError, Text, read_call
from sfnb.query.intrinsics.strings import read_template
from sfnb.query.jsonpath.path import Path, PathNotFound
from sfnb.query.roots import Roots
from sfnb.values import Json, encode

__all__ = ["IntrinsicCall", "IntrinsicSyntaxError", "compile_call"]

Fetch = Callable[[Roots], Any]


class IntrinsicCall(msgspec.Struct, frozen=True, eq=False):
    """A compiled invocation.

    name: the outermost function, "States.Format".
    paths: every path in it, in the order of the text.
    evaluate: its value. Raises EvaluationError: States.Runtime where a path leads nowhere,
        States.IntrinsicFailure where a function cannot use its arguments.
    """

    text: str
    name: str
    paths: tuple[Path, ...]
    evaluate: Callable[[Roots], Json]


@lru_cache(maxsize=4096)
def compile_call(text: str) -> IntrinsicCall:
    """The invocation that `text` spells; raises IntrinsicSyntaxError."""
    call = read_call(text)
    run = _compile(call)

    def evaluate(roots: Roots) -> Json:
        try:
            return run(roots)  # type: ignore[no-any-return]
        except EvaluationError:
            raise
        except StatesError as failure:
            cause = f"The function '{text}' had the following error: {failure.cause}"
            raise EvaluationError(failure.error, cause) from None

    return IntrinsicCall(text, call.name, tuple(_paths(call)), evaluate)


def _paths(call: Call) -> list[Path]:
    paths: list[Path] = []
    for argument in call.arguments:
        if isinstance(argument, Path):
            paths.append(argument)
        elif isinstance(argument, Call):
            paths += _paths(argument)
    return paths


def _compile(call: Call) -> Fetch:
    function = INTRINSICS[call.name]
    takes = signature(function)
    fetches = [_fetch(argument, takes.kind(n), n) for n, argument in enumerate(call.arguments)]
    if takes.chance:
        return lambda roots: function(*[fetch(roots) for fetch in fetches], chance=roots.random())
    match fetches:
        case [only]:
            return lambda roots: function(only(roots))
        case [first, second]:
            return lambda roots: function(first(roots), second(roots))
    return lambda roots: function(*[fetch(roots) for fetch in fetches])


def _fetch(argument: Argument, kind: Kind, position: int) -> Fetch:
    if isinstance(argument, Path):
        return _checked(_fetch_path(argument), kind, position)
    if isinstance(argument, Call):
        return _checked(_compile(argument), kind, position)
    if isinstance(argument, Text) and kind is KINDS["Template"]:
        template = read_template(argument.raw)
        return lambda roots: template
    return _fetch_literal(argument.value, kind, position)


def _fetch_literal(value: Json, kind: Kind, position: int) -> Fetch:
    """A literal of the wrong kind fails when it is run, where Catch can see it, as a path's value would."""
    try:
        ready = check(kind, position, value)
    except StatesError:
        return lambda roots: check(kind, position, value)
    return lambda roots: ready


def _fetch_path(path: Path) -> Fetch:
    find, root = path.find, path.root

    def fetch(roots: Roots) -> Json:
        document = roots.document(root)
        try:
            return find(document)
        except PathNotFound:
            raise StatesError(
                "States.Runtime",
                f"The JsonPath argument for the field '{path.text}' could not be found in the input "
                f"'{encode(document)}'",
            ) from None

    return fetch


def _checked(fetch: Fetch, kind: Kind, position: int) -> Fetch:
    if kind is ANYTHING:
        return fetch
    exact = kind.exact

    def fetch_checked(roots: Roots) -> Any:
        value = fetch(roots)
        return value if type(value) is exact else check(kind, position, value)

    return fetch_checked
