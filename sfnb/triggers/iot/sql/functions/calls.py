"""A function with its arguments, as the statement calls it.

What a parameter is annotated with is what its argument is made: `str`, `int`, `float` (an Int or a
Decimal) or any Value. An argument that cannot be made so leaves the result Undefined.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import Parameter, signature

from sfnb.triggers.iot.sql.occasion import Evaluate, Scope
from sfnb.triggers.iot.sql.values import UNDEFINED, Value, to_int, to_number, to_text

_CONVERSIONS: dict[str, Callable[[Value], Value]] = {"str": to_text, "int": to_int, "float": to_number}


def arity(function: Callable[..., Value]) -> tuple[int, int | None]:
    """How many arguments it takes at least and at most; None is any number."""
    parameters = _positional(function)
    if any(parameter.kind is Parameter.VAR_POSITIONAL for parameter in parameters):
        return 0, None
    required = sum(parameter.default is Parameter.empty for parameter in parameters)
    return required, len(parameters)


def bind(function: Callable[..., Value], arguments: Sequence[Evaluate], *, light: bool) -> Evaluate:
    """The call of `function` with as many arguments as it takes.

    light: it does not go through its arguments, however large they are.
    """
    parameters = _positional(function)
    last = len(parameters) - 1
    wanted = [_conversion(parameters[min(place, last)]) for place in range(len(arguments))]
    takes_occasion = "at" in signature(function).parameters

    def call(scope: Scope) -> Value:
        values: list[Value] = []
        for argument, convert in zip(arguments, wanted, strict=True):
            value = argument(scope)
            if not light:
                scope.at.weigh(value)
            if convert is not None:
                value = convert(value)
                if value is UNDEFINED:
                    return UNDEFINED
            values.append(value)
        try:
            return function(*values, at=scope.at) if takes_occasion else function(*values)
        except (ValueError, OverflowError):
            return UNDEFINED

    return call


def _positional(function: Callable[..., Value]) -> list[Parameter]:
    parameters = signature(function).parameters.values()
    return [parameter for parameter in parameters if parameter.kind is not Parameter.KEYWORD_ONLY]


def _conversion(parameter: Parameter) -> Callable[[Value], Value] | None:
    """What makes an argument fit the parameter; None where any value does.

    Annotations are read as text: `Json`, which Value is made of, names itself.
    """
    return _CONVERSIONS.get(str(parameter.annotation).removesuffix(" | None"))
