"""What takes the place of a state that will not do, so that the rules of the whole can be checked at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from sfnb.asl.state import State
from sfnb.errors import PathStep
from sfnb.query import Flow
from sfnb.values import Json

if TYPE_CHECKING:
    from sfnb.asl.machine import Definition


class StandIn(State, frozen=True, kw_only=True):
    """A state with findings of its own; it is never run.

    named: the states it names as next ones, as `targets` does.
    last: it says that it is an end. inner: what would run inside; distributed: as children.
    """

    stages = {"JSONPath": ()}

    named: tuple[tuple[str, tuple[PathStep, ...]], ...]
    last: bool
    inner: tuple[Definition, ...]
    distributed: bool = False

    def targets(self) -> Iterator[tuple[str, tuple[PathStep, ...]]]:
        yield from self.named

    def parts(self) -> tuple[tuple[str, Definition, tuple[PathStep, ...]], ...]:
        return tuple(("", definition, ()) for definition in self.inner)

    def ends(self) -> bool:
        return self.last or not self.named

    def leads_anywhere(self) -> bool:
        return not self.last and not self.named


def stand_in(
    name: str,
    place: tuple[PathStep, ...],
    tree: Json,
    inner: Sequence[Definition] = (),
    *,
    assigns: frozenset[str] = frozenset(),
) -> StandIn:
    """What can be told of a state by its tree, whatever is wrong with that."""
    fields = tree if isinstance(tree, dict) else {}
    return StandIn(
        name=name,
        place=place,
        flow=cast(Flow, None),
        assigns=assigns,
        named=tuple(_named(fields)),
        last=fields.get("End") is True or fields.get("Type") in ("Succeed", "Fail"),
        inner=tuple(inner),
        distributed=any(part.processor_config.mode == "DISTRIBUTED" for part in inner),
    )


def _named(fields: Mapping[str, Any]) -> Iterator[tuple[str, tuple[PathStep, ...]]]:
    for field in ("Next", "Default"):
        if isinstance(fields.get(field), str):
            yield fields[field], (field,)
    for field in ("Choices", "Catch"):
        rules = fields.get(field)
        for index, rule in enumerate(rules if isinstance(rules, list) else ()):
            if isinstance(rule, dict) and isinstance(rule.get("Next"), str):
                yield rule["Next"], (field, index, "Next")
