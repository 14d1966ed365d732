"""A statement's text read: sqlglot is loaded here, when the first one is.

What is checked beyond the grammar: the topic filter, the version, functions and their arguments.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, get_args

from sfnb.errors import SfnbError
from sfnb.triggers.iot.mqtt.topics import fault_in_filter
from sfnb.triggers.iot.sql.invalid import InvalidSql, shown
from sfnb.triggers.iot.sql.occasion import Evaluate, Version
from sfnb.triggers.iot.sql.statement import Condition, Plan, Statement

if TYPE_CHECKING:
    from sqlglot import exp

    from sfnb.triggers.iot.sql.compiling import Compiler

DEFAULT_VERSION: Version = "2015-10-08"
"""What AWS takes where a rule names none."""

MOST_VARIABLES = 100


def read_statement(sql: str, *, version: str = "2016-03-23") -> Statement:
    """Read `SELECT ... FROM 'topic/filter' WHERE ...`, a SET clause before it or not.

    version: "2016-03-23", "beta" (taken as that), or "2015-10-08", which has no array and object
    literals, no SELECT within another, not all functions, no array from SELECT VALUE, and keeps
    Decimals without a fraction as such (10.0).
    Raises InvalidSql with line and column.

    >>> read_statement("SELECT color AS rgb FROM 'topic/+' WHERE temperature > 50").topic_filter
    'topic/+'
    """
    known = check_version(version)
    _need_sqlglot()
    from sqlglot import exp

    from sfnb.triggers.iot.sql import compiling, dialect

    reading = dialect.read(sql)
    if not isinstance(reading.tree, exp.Select):
        raise InvalidSql("expected SELECT", sql, dialect.offset_of(reading.tree))
    if len(reading.variables) > MOST_VARIABLES:
        raise InvalidSql(
            f"found {len(reading.variables)} variables in SET, expected at most {MOST_VARIABLES}"
        )
    compiler = compiling.Compiler(sql, known)
    variables = _variables(compiler, reading.variables)
    chosen = compiler.select(reading.tree)
    topic_filter = _topic_filter(compiler, chosen.source) if chosen.source is not None else ""
    where = reading.tree.args.get("where")
    plan = Plan(
        variables=variables,
        where=chosen.where,
        output=chosen.output,
        conditions=tuple(_conditions(compiler, where.this)) if where is not None else (),
        names_payload=compiler.uses_names,
        joins_star=len(chosen.fields) > 1 and any(field.spread and field.whole for field in chosen.fields),
        as_array=not (compiler.is_2015 and chosen.as_value),
    )
    return Statement(sql, known, topic_filter, plan)


def read_expression(text: str, *, version: Version, variables: Sequence[str]) -> Evaluate:
    """Read an expression as a template has it between `${` and `}`; raises InvalidSql."""
    _need_sqlglot()
    from sqlglot import exp

    from sfnb.triggers.iot.sql import compiling, dialect

    reading = dialect.read(text)
    if reading.variables or isinstance(reading.tree, exp.Alias | exp.Select):
        raise InvalidSql("found a clause, expected an expression", text)
    compiler = compiling.Compiler(text, version, variables)
    if isinstance(reading.tree, exp.Star):
        return lambda scope: scope.root
    return compiler.expression(reading.tree)


def check_version(version: str) -> Version:
    """`version` as one of those that AWS has; raises InvalidSql."""
    for known in get_args(Version):
        if version == known:
            return known  # type: ignore[no-any-return]
    raise InvalidSql(f"found SQL version {shown(str(version))}, expected {', '.join(get_args(Version))}")


def _need_sqlglot() -> None:
    """Raise SfnbError where sqlglot is not installed."""
    try:
        import sqlglot  # noqa: F401
    except ImportError:
        raise SfnbError('IoT rules need sqlglot: pip install "sfnb[triggers]"') from None


def _variables(compiler: Compiler, assigned: Sequence[tuple[str, exp.Expr]]) -> list[tuple[str, Evaluate]]:
    """The variables of SET; each may use those before it, and be set once."""
    compiled: list[tuple[str, Evaluate]] = []
    for name, node in assigned:
        if name in compiler.variables:
            raise compiler.refuse(f"found @{name} set twice", node)
        compiled.append((name, compiler.expression(node)))
        compiler.variables.add(name)
    return compiled


def _topic_filter(compiler: Compiler, table: exp.Expr) -> str:
    """The text after FROM, which has to be a topic filter."""
    compiler.only(table, "this")
    filter_ = table.this
    if not filter_.args.get("quoted"):
        raise compiler.refuse(f"found {shown(filter_.name)}, expected a topic filter in single quotes", table)
    fault = fault_in_filter(filter_.name)
    if fault:
        raise compiler.refuse(f"the topic filter {shown(filter_.name)} {fault}", table)
    return str(filter_.name)


def _conditions(compiler: Compiler, node: exp.Expr) -> Iterator[Condition]:
    """The comparisons that AND, OR, NOT and parentheses join, each with its two sides."""
    from sqlglot import exp

    from sfnb.triggers.iot.sql.dialect import source_of

    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, exp.And | exp.Or):
            waiting += [part.expression, part.this]
        elif isinstance(part, exp.Not | exp.Paren):
            waiting.append(part.this)
        else:
            sides = [part.this, part.expression] if isinstance(part, exp.Binary) else []
            looked = [side for side in sides if not isinstance(side, exp.Literal)]
            yield Condition(
                source_of(part),
                compiler.expression(part),
                [(source_of(side), compiler.expression(side)) for side in looked],
            )
