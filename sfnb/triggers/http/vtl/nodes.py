"""What a template is made of: blocks write text, expressions have a value.

Source: Apache Velocity 1.7, VTL reference; API Gateway guide, "Mapping template transformations".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

import msgspec

from sfnb.triggers.http.vtl.operators import is_true
from sfnb.triggers.http.vtl.run import TURNS, JavaList, RenderFault, Run, Value
from sfnb.triggers.http.vtl.scan import fault_at


class Break(Exception):
    """#break: out of the innermost loop."""


class Block(Protocol):
    def write(self, run: Run, out: list[str]) -> None: ...


class Expression(Protocol):
    def value(self, run: Run) -> Value: ...


class Place(msgspec.Struct, frozen=True):
    """Where in which template."""

    whole: str
    at: int


class Located(msgspec.Struct, frozen=True, kw_only=True):
    """place: of which a fault is told."""

    place: Place

    def _attempt(self, act: Callable[[], Value]) -> Value:
        try:
            return act()
        except RenderFault as fault:
            raise fault_at(self.place.whole, self.place.at, str(fault)) from fault


class Text(msgspec.Struct, frozen=True):
    """Text as it stands."""

    text: str

    def write(self, run: Run, out: list[str]) -> None:
        out.append(run.made(self.text))


class Literal(msgspec.Struct, frozen=True):
    constant: Value

    def value(self, run: Run) -> Value:
        return self.constant


class ListOf(msgspec.Struct, frozen=True):
    items: tuple[Expression, ...]

    def value(self, run: Run) -> Value:
        return JavaList(item.value(run) for item in self.items)


class MapOf(Located, frozen=True, kw_only=True):
    items: tuple[tuple[Expression, Expression], ...]

    def value(self, run: Run) -> Value:
        return {run.text(key.value(run)): item.value(run) for key, item in self.items}


class Range(Located, frozen=True, kw_only=True):
    """[1..3], both ends in it; it may run downwards."""

    first: Expression
    last: Expression

    def value(self, run: Run) -> Value:
        return self._attempt(lambda: self._numbers(run))

    def _numbers(self, run: Run) -> Value:
        first, last = self.first.value(run), self.last.value(run)
        if type(first) is not int or type(last) is not int:
            raise RenderFault("the ends of a range are whole numbers")
        if abs(last - first) >= TURNS:
            raise RenderFault(f"a range has {TURNS:,} numbers at most")
        return JavaList(range(first, last + 1) if first <= last else range(first, last - 1, -1))


class Interpolated(msgspec.Struct, frozen=True):
    """A string in double quotes, which is a template."""

    body: Sequence[Block]

    def value(self, run: Run) -> Value:
        return written(self.body, run)


class Binary(Located, frozen=True, kw_only=True):
    left: Expression
    right: Expression
    apply: Callable[[Run, Value, Value], Value]

    def value(self, run: Run) -> Value:
        run.step()
        return self._attempt(lambda: self.apply(run, self.left.value(run), self.right.value(run)))


class Either(msgspec.Struct, frozen=True):
    """`||`, or `&&` if not `stops_at`: the right is looked at only where the left does not decide."""

    left: Expression
    right: Expression
    stops_at: bool

    def value(self, run: Run) -> Value:
        if is_true(self.left.value(run)) == self.stops_at:
            return self.stops_at
        return is_true(self.right.value(run))


class Not(msgspec.Struct, frozen=True):
    operand: Expression

    def value(self, run: Run) -> Value:
        return not is_true(self.operand.value(run))


class Written(msgspec.Struct, frozen=True):
    """A reference in text. source: printed where its variable is unknown, unless it is quiet (`$!x`)."""

    reference: Expression
    name: str
    source: str
    is_quiet: bool

    def write(self, run: Run, out: list[str]) -> None:
        run.step()
        value = self.reference.value(run)
        if value is not None:
            out.append(run.made(run.text(value)))
        elif self.name not in run.variables and not self.is_quiet:
            out.append(self.source)


class If(msgspec.Struct, frozen=True):
    """The first branch whose condition holds; one without a condition is #else."""

    branches: tuple[tuple[Expression | None, Sequence[Block]], ...]

    def write(self, run: Run, out: list[str]) -> None:
        run.step()
        for condition, body in self.branches:
            if condition is None or is_true(condition.value(run)):
                write(body, run, out)
                return


class Turn:
    """`$foreach`: index counts from 0, count from 1."""

    def __init__(self, parent: Value) -> None:
        self.members: dict[str, Value] = {"parent": parent}

    def call(self, run: Run, name: str, arguments: Sequence[Value]) -> Value:
        found = name.removeprefix("get")
        return self.member(found[:1].lower() + found[1:])

    def member(self, name: str) -> Value:
        return self.members.get(name)


class ForEach(Located, frozen=True, kw_only=True):
    name: str
    items: Expression
    body: Sequence[Block]

    def write(self, run: Run, out: list[str]) -> None:
        run.at = self.place.at
        items = _items_of(self.items.value(run))
        if len(items) > TURNS:
            words = f"a #foreach takes {TURNS:,} turns at most, as on AWS; this one has {len(items):,}"
            raise fault_at(self.place.whole, self.place.at, words)
        outer = {name: run.variables[name] for name in (self.name, "foreach") if name in run.variables}
        turn = run.variables["foreach"] = Turn(outer.get("foreach"))
        try:
            for index, item in enumerate(items):
                run.step()
                turn.members.update(
                    index=index, count=index + 1, hasNext=index + 1 < len(items),
                    first=index == 0, last=index + 1 == len(items),
                )  # fmt: skip
                run.variables.update({self.name: item, "velocityCount": index + 1})
                write(self.body, run, out)
        except Break:
            pass
        for name in (self.name, "foreach"):
            run.variables.pop(name, None)
        run.variables.update(outer)


def _items_of(value: Value) -> list[Value]:
    if isinstance(value, list):
        return list(value)
    return list(value.values()) if isinstance(value, dict) else []


class Stop(msgspec.Struct, frozen=True):
    """#stop ends the template, #break the loop."""

    is_break: bool

    def write(self, run: Run, out: list[str]) -> None:
        if self.is_break:
            raise Break
        run.is_stopped = True


def write(body: Iterable[Block], run: Run, out: list[str]) -> None:
    for block in body:
        if run.is_stopped:
            return
        block.write(run, out)


def written(body: Iterable[Block], run: Run) -> str:
    """What blocks write, as one text."""
    out: list[str] = []
    write(body, run, out)
    return out[0] if len(out) == 1 else run.made("".join(out))
