"""`$x.y.z(1)[0]`: a variable and the way from it, and #set, which puts something there."""

from __future__ import annotations

from typing import Any

import msgspec

from sfnb.triggers.http.vtl.methods import call_method, item_of, member_of
from sfnb.triggers.http.vtl.nodes import Expression, Located
from sfnb.triggers.http.vtl.run import RenderFault, Run, Value


class Member(msgspec.Struct, frozen=True):
    name: str

    def of(self, run: Run, value: Value) -> Value:
        if hasattr(value, "member"):
            return value.member(self.name)
        return member_of(run, value, self.name)


class Called(msgspec.Struct, frozen=True):
    name: str
    arguments: tuple[Expression, ...]

    def of(self, run: Run, value: Value) -> Value:
        arguments = [argument.value(run) for argument in self.arguments]
        if hasattr(value, "call"):
            return value.call(run, self.name, arguments)
        return call_method(run, value, self.name, arguments)


class Item(msgspec.Struct, frozen=True):
    index: Expression

    def of(self, run: Run, value: Value) -> Value:
        return item_of(value, self.index.value(run))


Step = Member | Called | Item


class Reference(Located, frozen=True, kw_only=True):
    """name: of the variable; null where there is none, and wherever the way leads nowhere."""

    name: str
    steps: tuple[Step, ...]

    def value(self, run: Run) -> Value:
        run.at = self.place.at
        run.step()
        value = run.variables.get(self.name)
        for step in self.steps:
            if value is None:
                return None
            value = self._attempt(lambda step=step, value=value: step.of(run, value))  # type: ignore[misc]
        return value


class Set(Located, frozen=True, kw_only=True):
    """#set($x = 1), #set($x.y = 1), #set($x[0] = 1).

    A map on the way to a member is made where there is none: `$context.responseOverride.status`.
    """

    target: Reference
    expression: Expression

    def write(self, run: Run, out: list[str]) -> None:
        run.step()
        value = self.expression.value(run)
        if not self.target.steps:
            run.variables[self.target.name] = value
            return
        self._attempt(lambda: self._put(run, value))

    def _put(self, run: Run, value: Value) -> None:
        owner: Any = run.variables.get(self.target.name)
        for step in self.target.steps[:-1]:
            found = step.of(run, owner) if owner is not None else None
            if found is None and isinstance(step, Member) and isinstance(owner, dict):
                found = owner[step.name] = {}
            owner = found
        last = self.target.steps[-1]
        match owner, last:
            case dict(), Member(name=name):
                owner[name] = value
            case dict(), Item(index=index):
                owner[run.text(index.value(run))] = value
            case list(), Item(index=index):
                at = index.value(run)
                if type(at) is not int or not 0 <= at < len(owner):
                    raise RenderFault(f"the list has no place {at!r:.40}")
                owner[at] = value
            case _:
                raise RenderFault("nothing can be set there")
