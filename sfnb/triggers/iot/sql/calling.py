"""Calls of functions compiled: which function, whether its arguments will do."""

from __future__ import annotations

from collections.abc import Callable
from difflib import get_close_matches
from typing import TYPE_CHECKING

from sqlglot import exp

from sfnb.triggers.iot.sql.functions import FUNCTIONS, LIGHT, REFUSED, SINCE_2016
from sfnb.triggers.iot.sql.functions.calls import arity, bind
from sfnb.triggers.iot.sql.functions.items import CASTS, CASTS_SINCE_2016
from sfnb.triggers.iot.sql.functions.regexes import beyond_re2
from sfnb.triggers.iot.sql.invalid import shown
from sfnb.triggers.iot.sql.literals import constant
from sfnb.triggers.iot.sql.occasion import Evaluate
from sfnb.triggers.iot.sql.values import Value

if TYPE_CHECKING:
    from sfnb.triggers.iot.sql.compiling import Compiler

_REGEXES = ("regexp_matches", "regexp_replace", "regexp_substr")


def call(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """A function with its arguments."""
    name = node.name.lower()
    if name in REFUSED:
        raise compiler.refuse(f"{name}() is not run here: {REFUSED[name]}", node)
    function = FUNCTIONS.get(name)
    if function is None:
        near = get_close_matches(name[:40], FUNCTIONS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise compiler.refuse(f"found {shown(node.name)}(), which AWS IoT SQL does not have{hint}", node)
    if compiler.is_2015 and name in SINCE_2016:
        raise compiler.refuse(f"{name}() needs SQL version 2016-03-23", node)
    if name == "cast":
        return _cast(compiler, node)
    _check_arguments(compiler, name, function, node)
    arguments = [_argument(compiler, name, argument) for argument in node.expressions]
    return bind(function, arguments, light=name in LIGHT)


def _cast(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """`cast(value AS type)`, to sqlglot a call with one argument that has an alias."""
    cast = node.expressions[0] if len(node.expressions) == 1 else None
    if not isinstance(cast, exp.Alias):
        raise compiler.refuse("found cast() without a value, AS and a type", node)
    kind = cast.alias.lower()
    if kind not in CASTS:
        raise compiler.refuse(f"found {shown(kind)} in cast(), expected {', '.join(CASTS)}", node)
    if compiler.is_2015 and kind in CASTS_SINCE_2016:
        raise compiler.refuse(f"cast() to {kind} needs SQL version 2016-03-23", node)
    return bind(FUNCTIONS["cast"], [compiler.expression(cast.this), constant(kind)], light=False)


def _check_arguments(compiler: Compiler, name: str, function: Callable[..., Value], node: exp.Expr) -> None:
    least, most = arity(function)
    given = node.expressions
    if len(given) < least or (most is not None and len(given) > most):
        wanted = f"{least}" if least == most else f"{least} to {most}"
        raise compiler.refuse(f"{name}() takes {wanted} arguments, found {len(given)}", node)
    if name in _REGEXES and isinstance(given[1], exp.Literal) and beyond_re2(given[1].name):
        raise compiler.refuse(
            f"the expression of {name}() has look-around, a back-reference or the like: AWS takes it, "
            "but it cannot be run here in bounded time",
            node,
        )


def _argument(compiler: Compiler, name: str, node: exp.Expr) -> Evaluate:
    """An argument; `*` is the message, and in encode() the payload's own bytes."""
    if not isinstance(node, exp.Star):
        return compiler.expression(node)
    if name == "encode" and not compiler.is_nested:
        return lambda scope: scope.at.message.payload
    return lambda scope: scope.root
