"""Literals compiled: numbers and texts, arrays, objects, booleans, Null."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from sfnb.triggers.iot.sql.invalid import shown
from sfnb.triggers.iot.sql.occasion import Evaluate, Scope
from sfnb.triggers.iot.sql.values import Absence, Value, to_number

if TYPE_CHECKING:
    from sfnb.triggers.iot.sql.compiling import Compiler


def constant(value: Value) -> Evaluate:
    """The closure that always yields `value`."""
    return lambda scope: value


def literal(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """A text or a number."""
    if node.args["is_string"]:
        return constant(node.name)
    number = to_number(node.name if node.name[:1] != "." else f"0{node.name}")
    if isinstance(number, Absence):
        raise compiler.refuse(f"found {shown(node.name)}, expected a number of at most 34 digits", node)
    return constant(number)


def array(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """`[a, b]`; an item that is Undefined is left out."""
    if compiler.is_2015:
        raise compiler.refuse("found an array, which needs SQL version 2016-03-23", node)
    items = [compiler.item(item) for item in node.expressions]

    def build(scope: Scope) -> Value:
        found = [item(scope) for item in items]
        built = [item for item in found if not isinstance(item, Absence | bytes)]
        scope.at.weigh(built)
        return built

    return build


def object_(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """`{'key': a}`; a member that is Undefined is left out."""
    if compiler.is_2015:
        raise compiler.refuse("found an object, which needs SQL version 2016-03-23", node)
    members: list[tuple[str, Evaluate]] = []
    for item in node.expressions:
        if not isinstance(item, exp.PropertyEQ):
            raise compiler.refuse("found an object's member without its key and colon", item)
        members.append((item.name, compiler.item(item.expression)))

    def build(scope: Scope) -> Value:
        found = [(key, member(scope)) for key, member in members]
        built = {key: value for key, value in found if not isinstance(value, Absence | bytes)}
        scope.at.weigh(built)
        return built

    return build


def boolean(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """`true` or `false`."""
    return constant(bool(node.this))


def null(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """`null`."""
    return constant(None)
