"""An event tried on triggers: which would match, field by field, and what input they would make of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from sfnb.errors import SfnbError
from sfnb.table import Table
from sfnb.triggers.events import made
from sfnb.triggers.inputs import InvalidTargetInput
from sfnb.triggers.patterns import FieldMatch
from sfnb.triggers.rules import DEFAULT, RULES, Rule
from sfnb.values import Json, decode

if TYPE_CHECKING:
    from sfnb.service import StepFunctions

TRIED = ("source", "detail-type", "detail")


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule would have made of an event.

    fields: what was asked of each field. inputs: for each target, by its ARN; also where it does not match.
    """

    rule: str
    matched: bool
    fields: tuple[FieldMatch, ...]
    inputs: dict[str, Json]
    disabled: bool = False

    @property
    def verdict(self) -> str:
        """ "matches", "does not match", or that it is disabled."""
        if self.disabled:
            return "is disabled"
        return "matches" if self.matched else "does not match"

    @property
    def table(self) -> Table:
        rows = [("", "✔" if each.matched else "✘", each.words) for each in self.fields]
        return Table(title="", header=("", "", ""), rows=tuple(rows))


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """An event, tried on rules; nothing was started."""

    event: dict[str, Any]
    rules: tuple[Tried, ...]

    @property
    def matched(self) -> list[str]:
        """The names of the rules that match."""
        return [tried.rule for tried in self.rules if tried.matched]

    @property
    def table(self) -> Table:
        rows = []
        for tried in self.rules:
            verdict = f"{'' if tried.matched else '✘ '}{tried.verdict}"
            fields = "\n".join(f"{'✔' if each.matched else '✘'} {each.words}" for each in tried.fields)
            inputs = "\n".join(
                f"{arn.rpartition(':')[2]}: {_short(value)}" for arn, value in tried.inputs.items()
            )
            rows.append((tried.rule, verdict, fields, inputs if tried.matched else ""))
        if not rows:
            return Table(title="", header=("there is no rule to try it on",), rows=())
        return Table(title="", header=("rule", "", "field by field", "input"), rows=tuple(rows))

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.trigger_cards import trial

        return trial(self)._repr_mimebundle_()

    def __repr__(self) -> str:
        return self.table.text


def try_event(service: StepFunctions, event: object, target: str | None = None) -> Trial:
    """What rules would make of an event. target: only those that start this.

    event: as EventBridge has it; what it leaves out, an id and the time say, is made up.
    Raises SfnbError where it is no event.
    """
    whole = _event(service, event)
    triggers = service.triggers
    rules = [
        triggers.buses.rules.get(seen.trigger)
        for seen in triggers.all()
        if seen.trigger.kind in RULES and (target is None or target in seen.trigger.targets)
    ]
    return Trial(
        event=whole,
        rules=tuple(_tried(service, rule, whole) for rule in rules if rule.pattern is not None),
    )


def _tried(service: StepFunctions, rule: Rule, event: dict[str, Any]) -> Tried:
    assert rule.pattern is not None
    inputs: dict[str, Json] = {}
    for target in rule.targets:
        try:
            inputs[target["Arn"]] = decode(rule.input(target, event, service.world.clock.now()))
        except (InvalidTargetInput, ValueError) as fault:
            inputs[target["Arn"]] = f"no input can be made: {fault}"
    name = rule.name if rule.bus == DEFAULT else f"{rule.bus}/{rule.name}"
    return Tried(
        rule=name,
        matched=rule.pattern.matches(event) and rule.enabled,
        fields=rule.pattern.explain(event),
        inputs=inputs,
        disabled=not rule.enabled,
    )


def _event(service: StepFunctions, given: object) -> dict[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(name, str) for name in given):
        raise SfnbError(
            f"an event is a dict with {', '.join(TRIED)}; found {type(given).__name__}:"
            ' {"source": "shop", "detail-type": "OrderPlaced", "detail": {...}}'
        )
    usual = made(
        source="",
        detail_type="",
        detail={},
        account=service.account,
        region=service.region,
        moment=service.world.clock.now(),
        resources=[],
    )
    return {**usual, **given}


def _short(value: Json) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= 300 else f"{text[:299]}…"
