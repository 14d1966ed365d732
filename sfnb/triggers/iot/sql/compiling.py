"""Syntax trees made into closures, once for each statement.

A closure takes a Scope and yields a Value; none raises but `Exhausted`. A kind of node that is not in
`_COMPILERS` is no part of AWS IoT SQL, whatever sqlglot makes of it, nor is one with parts that are
not named here (a JOIN, a LIMIT).
Source: AWS IoT developer guide, "AWS IoT SQL reference".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from sqlglot import exp

from sfnb.triggers.iot.sql import literals, operators
from sfnb.triggers.iot.sql.calling import call
from sfnb.triggers.iot.sql.dialect import offset_of, source_of
from sfnb.triggers.iot.sql.invalid import InvalidSql, shown
from sfnb.triggers.iot.sql.occasion import Evaluate, Scope, Version
from sfnb.triggers.iot.sql.selecting import Field, Path, output_of, select_from
from sfnb.triggers.iot.sql.values import UNDEFINED, Value

MOST_DEPTH = 100
"""Levels of a tree; a chain of AND or OR is one."""

_BINARY: dict[type[exp.Expr], operators.Binary] = {
    exp.EQ: operators.equal,
    exp.NEQ: operators.not_equal,
    exp.LT: operators.less,
    exp.LTE: operators.less_or_equal,
    exp.GT: operators.greater,
    exp.GTE: operators.greater_or_equal,
    exp.Add: operators.add,
    exp.Sub: operators.subtract,
    exp.Mul: operators.multiply,
    exp.Div: operators.divide,
    exp.Mod: operators.remainder,
}
_ARITHMETIC = (exp.Literal, exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg)
_WHOLE = ("cast", "mod", "remainder")


class Select(NamedTuple):
    """A SELECT compiled. output: from the scope of one element to what it becomes."""

    output: Evaluate
    fields: Sequence[Field]
    as_value: bool
    where: Evaluate | None
    source: exp.Expr | None


class Compiler:
    """Compiles the trees of one text.

    uses_names: whether it has looked up a name of the payload, which needs a payload that is JSON.
    is_nested: it is within a SELECT within another.
    """

    def __init__(self, text: str, version: Version, variables: Sequence[str] = ()) -> None:
        self.text = text
        self.version = version
        self.is_2015 = version == "2015-10-08"
        self.variables = set(variables)
        self.uses_names = False
        self._aliases: list[str] = []
        self._depth = 0
        self.is_nested = False

    def refuse(self, why: str, node: exp.Expr) -> InvalidSql:
        """What to raise about `node`."""
        return InvalidSql(why, self.text, offset_of(node))

    def expression(self, node: exp.Expr) -> Evaluate:
        """The closure of any expression."""
        compiled = _COMPILERS.get(type(node))
        if compiled is None:
            raise self.refuse(f"found {shown(source_of(node))}, which AWS IoT SQL does not have", node)
        self._depth += 1
        if self._depth > MOST_DEPTH:
            raise self.refuse(f"found expressions more than {MOST_DEPTH} levels deep", node)
        evaluate = compiled(self, node)
        self._depth -= 1
        return evaluate

    def item(self, node: exp.Expr) -> Evaluate:
        """An expression whose value goes out: in version 2016-03-23, 10 where it comes to 10.0.

        What the payload says, and what is reckoned with doubles, keeps its point.
        Source: AWS IoT developer guide, "cast()"; the examples of sqrt() and its like.
        """
        evaluate = self.expression(node)
        made = node.unnest()
        reckoned = isinstance(made, _ARITHMETIC) or (
            isinstance(made, exp.Anonymous) and made.name.lower() in _WHOLE
        )
        if self.is_2015 or not reckoned:
            return evaluate

        def settled(scope: Scope) -> Value:
            value = evaluate(scope)
            return int(value) if isinstance(value, float) and value.is_integer() else value

        return settled

    def select(self, node: exp.Expr) -> Select:
        """A SELECT with what its FROM holds still to be read."""
        self.only(node, "expressions", "from_", "where", "kind")
        if not node.expressions:
            raise self.refuse("found SELECT without anything to select", node)
        from_, where = node.args.get("from_"), node.args.get("where")
        fields = [self._field(item) for item in node.expressions]
        as_value = bool(node.args.get("kind"))
        if as_value and len(fields) != 1:
            raise self.refuse("found several items after SELECT VALUE, expected one", node)
        condition = self.expression(where.this) if where else None
        output = output_of(fields, as_value=as_value)
        return Select(output, fields, as_value, condition, from_.this if from_ else None)

    def only(self, node: exp.Expr, *parts: str) -> None:
        """Refuse a node that has other parts than these."""
        for name, part in node.args.items():
            if part and name not in parts:
                raise self.refuse(f"found {name.strip('_').upper()}, which AWS IoT SQL does not have", node)

    def names(self, node: exp.Expr) -> list[str]:
        """The steps of a dotted name; raises InvalidSql where one of them is none."""
        if isinstance(node, exp.Dot):
            return [*self.names(node.this), *self.names(node.expression)]
        parts = [node.args.get(part) for part in ("catalog", "db", "table", "this")]
        if isinstance(node, exp.Identifier):
            return [node.name]
        if not isinstance(node, exp.Column | exp.Table):
            raise self.refuse(f"found {shown(source_of(node))}, expected the name of an attribute", node)
        return [name for part in parts if part is not None for name in self.names(part)]

    def members(self, holder: Evaluate, names: Sequence[str]) -> Evaluate:
        """`holder.a.b`, however many steps in one closure."""
        if not names:
            return holder

        def look(scope: Scope) -> Value:
            held = holder(scope)
            for name in names:
                held = held.get(name, UNDEFINED) if isinstance(held, dict) else UNDEFINED
            return held

        return look

    def name(self, name: str) -> Evaluate:
        """A name of the element's own, or the element by what FROM calls it."""
        if name in self._aliases:
            return lambda scope: scope.names.get(name, UNDEFINED)
        if not self.is_nested:
            self.uses_names = True
        return self.members(lambda scope: scope.root, [name])

    def _field(self, node: exp.Expr) -> Field:
        """One item of a SELECT: where its value goes, and how it is got."""
        path: Path | None = None
        if isinstance(node, exp.Alias):
            path = self._alias(node)
            node = node.this
        if isinstance(node, exp.Star):
            self.only(node)
            return Field(path, lambda scope: scope.root, spread=path is None, whole=True)
        if isinstance(node, exp.Column) and isinstance(node.this, exp.Star):
            holder = self.steps(node.parts[:-1])
            return Field(path, holder, spread=path is None, whole=False)
        evaluate = self.item(node)
        return Field(path or (self._own_name(node),), evaluate, spread=False, whole=False)

    def _alias(self, node: exp.Alias) -> Path:
        """The steps of `AS a.b`; a name without AS before it is refused."""
        alias = node.args["alias"]
        start = alias.meta.get("start", 0)
        if self.text[:start].rstrip()[-2:].upper() != "AS":
            raise InvalidSql(
                f"found {shown(alias.name)}, expected a comma, AS, FROM or the end", self.text, start
            )
        return tuple(alias.name.split("."))

    def _own_name(self, node: exp.Expr) -> str:
        """What an item without AS is called: the last step of a name, otherwise its own text."""
        if isinstance(node, exp.Column | exp.Dot) and not isinstance(node.this, exp.Star):
            last = node.expression if isinstance(node, exp.Dot) else node.this
            return str(last.name)
        if isinstance(node, exp.Parameter):
            return str(node.name)
        return source_of(node)

    def column(self, node: exp.Expr) -> Evaluate:
        """`a.b.c`; sqlglot puts up to four steps in one node, a variable or call before them too."""
        self.only(node, "catalog", "db", "table", "this")
        return self.steps([node.args.get(part) for part in ("catalog", "db", "table", "this")])

    def steps(self, parts: Sequence[exp.Expr | None]) -> Evaluate:
        """The first of `parts`, and the members that the others name."""
        first, *others = [part for part in parts if part is not None]
        if isinstance(first, exp.Dot):
            return self.steps([first.this, first.expression, *others])
        evaluate = self.name(first.name) if isinstance(first, exp.Identifier) else self.expression(first)
        return self.members(evaluate, [name for other in others for name in self.names(other)])

    def nested(self, node: exp.Expr) -> Evaluate:
        """`(SELECT ... FROM name)`: an array of the elements' outputs, or the output of one object."""
        if self.is_2015:
            raise self.refuse("found a SELECT within another, which needs SQL version 2016-03-23", node)
        from_ = node.args.get("from_")
        if from_ is None:
            raise self.refuse("found a SELECT within another that lacks its FROM", node)
        source = self._source(from_.this)
        alias = from_.this.alias
        outer = self.is_nested, list(self._aliases)
        self.is_nested = True
        if alias:
            self._aliases.append(alias)
        chosen = self.select(node)
        self.is_nested, self._aliases = outer
        return select_from(source, alias, chosen.output, chosen.where)

    def _source(self, table: exp.Expr) -> Evaluate:
        """What a nested FROM names: an attribute, a variable or a call."""
        self.only(table, "this", "db", "catalog", "alias")
        if isinstance(table.this, exp.Identifier) and table.this.args.get("quoted"):
            raise self.refuse("found a text after FROM of a SELECT within another, expected a name", table)
        return self.steps([table.args.get(part) for part in ("catalog", "db", "this")])


def _binary(compiler: Compiler, node: exp.Expr) -> Evaluate:
    operator = _BINARY[type(node)]
    left, right = compiler.expression(node.this), compiler.expression(node.expression)

    def reckon(scope: Scope) -> Value:
        one, other = left(scope), right(scope)
        scope.at.weigh(one)
        scope.at.weigh(other)
        return operator(one, other)

    return reckon


def _connected(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """A chain of AND, or of OR: a thousand of them are no deeper than two."""
    operator = operators.and_ if isinstance(node, exp.And) else operators.or_
    sides: list[exp.Expr] = []
    rest = node
    while type(rest) is type(node):
        sides.append(rest.expression)
        rest = rest.this
    first, *others = [compiler.expression(side) for side in [rest, *reversed(sides)]]

    def join(scope: Scope) -> Value:
        value = first(scope)
        for other in others:
            value = operator(value, other(scope))
        return value

    return join


def _unary(operator: Callable[[Value], Value]) -> Callable[[Compiler, exp.Expr], Evaluate]:
    def compiled(compiler: Compiler, node: exp.Expr) -> Evaluate:
        operand = compiler.expression(node.this)
        return lambda scope: operator(operand(scope))

    return compiled


def _case(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """`CASE v WHEN t THEN r ... ELSE e END`: the first r whose t equals v; Undefined if v is."""
    if node.this is None:
        raise compiler.refuse(
            "found CASE WHEN, expected CASE value WHEN; write CASE (a > 1) WHEN true THEN", node
        )
    chosen = compiler.expression(node.this)
    branches = [
        (compiler.expression(one.this), compiler.expression(one.args["true"])) for one in node.args["ifs"]
    ]
    default = node.args.get("default")
    otherwise = compiler.expression(default) if default is not None else literals.constant(UNDEFINED)
    if not branches:
        raise compiler.refuse("found CASE without WHEN", node)

    def choose(scope: Scope) -> Value:
        value = chosen(scope)
        if value is UNDEFINED:
            return UNDEFINED
        for test, result in branches:
            if operators.equal(value, test(scope)) is True:
                return result(scope)
        return otherwise(scope)

    return choose


def _in(compiler: Compiler, node: exp.Expr) -> Evaluate:
    """`x IN y`, which `dialect` hands over as GLOB."""
    if isinstance(node.expression, exp.Tuple):
        raise compiler.refuse("found a list in parentheses after IN, expected an array in brackets", node)
    item, array = compiler.expression(node.this), compiler.expression(node.expression)

    def is_in(scope: Scope) -> Value:
        held = array(scope)
        scope.at.weigh(held)
        return operators.in_(item(scope), held)

    return is_in


def _exists(compiler: Compiler, node: exp.Expr) -> Evaluate:
    query = compiler.nested(node.this)

    def exists(scope: Scope) -> Value:
        found = query(scope)
        return len(found) > 0 if isinstance(found, list) else found is not UNDEFINED

    return exists


def _variable(compiler: Compiler, node: exp.Expr) -> Evaluate:
    name = node.name
    if name not in compiler.variables:
        raise compiler.refuse(f"found @{shown(name)}, which no SET before it defines", node)
    return lambda scope: scope.at.variables.get(name, UNDEFINED)


def _inner(compiler: Compiler, node: exp.Expr) -> Evaluate:
    compiler.only(node, "this")
    return compiler.expression(node.this)


def _subquery(compiler: Compiler, node: exp.Expr) -> Evaluate:
    compiler.only(node, "this")
    inner = node.this
    return compiler.nested(inner) if isinstance(inner, exp.Select) else compiler.expression(inner)


def _dot(compiler: Compiler, node: exp.Expr) -> Evaluate:
    return compiler.steps([node.this, node.expression])


def _bracket(compiler: Compiler, node: exp.Expr) -> Evaluate:
    raise compiler.refuse("found an index in brackets, expected get(array, index)", node)


_COMPILERS: dict[type[exp.Expr], Callable[[Compiler, Any], Evaluate]] = {
    **dict.fromkeys(_BINARY, _binary),
    exp.And: _connected,
    exp.Or: _connected,
    exp.Not: _unary(operators.not_),
    exp.Neg: _unary(operators.negate),
    exp.Paren: _inner,
    exp.Subquery: _subquery,
    exp.Literal: literals.literal,
    exp.Boolean: literals.boolean,
    exp.Null: literals.null,
    exp.Column: Compiler.column,
    exp.Dot: _dot,
    exp.Parameter: _variable,
    exp.Anonymous: call,
    exp.Array: literals.array,
    exp.Struct: literals.object_,
    exp.Case: _case,
    exp.Glob: _in,
    exp.Exists: _exists,
    exp.Bracket: _bracket,
}
