"""What a user gives, taken in: a definition, an execution's input, a task's function, keywords."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from inspect import CO_VARKEYWORDS, isfunction
from pathlib import Path
from typing import Any, TypeVar

from sfnb.asl.reading import MAX_SIZE_BYTES
from sfnb.asl.source import Source, of_value, read_text
from sfnb.asl.ways import did_you_mean
from sfnb.errors import InvalidInput, SfnbError
from sfnb.jsonable import NotJson, to_payload
from sfnb.registry import Registry
from sfnb.values import Payload

Class = TypeVar("Class", bound=type[Any])
SUFFIXES = (".json", ".yaml", ".yml")


def read_definition(definition: str | bytes | dict[str, Any] | Path, *, unlimited: bool = False) -> Source:
    """The source of a definition given as text, as a dict or as a file's name."""
    most = sys.maxsize if unlimited else MAX_SIZE_BYTES
    if isinstance(definition, dict):
        return of_value(definition, max_bytes=most)
    if isinstance(definition, Path) or names_a_file(definition):
        path = Path(definition if isinstance(definition, Path) else str(definition))
        try:
            content = path.read_bytes()
        except OSError as fault:
            raise SfnbError(f"cannot read the definition '{path}': {fault.strerror or fault}") from None
        return read_text(content, format="json" if path.suffix == ".json" else None, max_bytes=most)
    return read_text(definition, max_bytes=most)


def names_a_file(definition: str | bytes) -> bool:
    return isinstance(definition, str) and "\n" not in definition and definition.strip().endswith(SUFFIXES)


def register(registry: Registry, functions: dict[str, Callable[..., Any]], function: Any) -> Any:
    """Keep a function under its own name, or under the name that stands in its place."""
    if isinstance(function, str):
        name = function

        def keep(given: Callable[..., Any]) -> Callable[..., Any]:
            functions[name] = given
            registry.changed()
            return given

        return keep
    if not callable(function):
        raise TypeError(f"a task is a function, found {type(function).__name__}")
    functions[getattr(function, "__name__", type(function).__name__)] = function
    registry.changed()
    return function


def payload_of(value: object) -> Payload:
    """An execution's input as JSON; raises InvalidInput naming the place that is no JSON."""
    if isinstance(value, Payload):
        return value
    try:
        return to_payload(value, "input")
    except NotJson as fault:
        raise InvalidInput(f"the input is not JSON: {fault}") from None


def keywords_told(of: Class) -> Class:
    """A class whose methods say which keyword was probably meant by one that they do not take.

    >>> @keywords_told
    ... class Clock:
    ...     def wait(self, timeout_seconds=1): ...
    >>> Clock().wait(timeout=3)
    Traceback (most recent call last):
    TypeError: Clock.wait() got an unexpected keyword argument 'timeout'; did you mean "timeout_seconds"?
    """
    for name, method in list(vars(of).items()):
        if isfunction(method) and not name.startswith("_"):
            setattr(of, name, _telling(method))
    return of


def _telling(method: Any) -> Any:
    code = method.__code__
    known = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
    if not known or code.co_flags & CO_VARKEYWORDS:
        return method

    @wraps(method)
    def call(*args: Any, **given: Any) -> Any:
        __tracebackhide__ = True
        for name in given:
            if name not in known:
                meant = did_you_mean(name, known) or f"it takes {', '.join(known)}"
                raise TypeError(
                    f"{method.__qualname__}() got an unexpected keyword argument '{name}'; {meant}"
                )
        return method(*args, **given)

    return call
