"""Why an event matches a pattern, or why not: field by field, in words."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from sfnb.triggers.patterns.matching import Tree, field_of, occurrences, undotted
from sfnb.triggers.patterns.reading import Branch, Wanted
from sfnb.values import Json, encode

_SHOWN = 200  # characters of a value
_TOLD = 10  # alternatives


class FieldMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A field of a pattern, held against an event.

    path: names joined by dots; "$or" for the alternatives of a pattern, "" for all fields taken together.
    wanted: as the pattern writes it.
    found: the value as JSON, all of them in an array where there are several; or "missing".
    words: `detail.price: 7 is not > 10`.
    alternatives: of an "$or", the fields of each.
    """

    path: str
    wanted: str
    found: str
    matched: bool
    words: str
    alternatives: tuple[tuple[FieldMatch, ...], ...] = ()


def explain(branches: Sequence[Branch], trees: Sequence[Tree], event: Json) -> tuple[FieldMatch, ...]:
    """Each field; they have all matched if, and only if, the event matches."""
    first, *others = branches
    shared = {
        path: wanted for path, wanted in first.items() if all(branch.get(path) is wanted for branch in others)
    }
    fulfilled = next((number for number, tree in enumerate(trees) if tree.matches(event)), None)
    told = [_field(path, wanted, event, fulfilled is not None) for path, wanted in shared.items()]
    if others:
        told.append(_or([_rest(branch, shared) for branch in branches], event, fulfilled))
    if fulfilled is None and all(field.matched for field in told):
        told.append(_apart(first if not others else None))
    return tuple(told)


def _rest(branch: Branch, shared: Branch) -> Branch:
    return {path: wanted for path, wanted in branch.items() if path not in shared}


def _field(path: str, wanted: Wanted, event: Json, fulfilled: bool) -> FieldMatch:
    """fulfilled: all fields are, taken together; so this one is, if only where the others are."""
    field = field_of(path, wanted)
    values = occurrences(field.steps, event)
    alone = Tree([field]).matches(event)
    matched = alone or fulfilled
    asked = " or ".join(operator.words for operator in wanted.operators)
    found = _shown(values) if values else "missing"
    kind = "" if values else _instead(field.steps, event)
    if fulfilled and not alone:
        words = f"{path}: is {asked} where the others are"
    elif not values and not matched:
        words = f"{path}: is {kind or 'missing'}, wanted {asked}"
    elif len(values) > 1:
        words = f"{path}: {'one' if matched else 'none'} of {found} is {asked}"
    else:
        words = f"{path}: {kind or found} is {'' if matched else 'not '}{asked}"
    return FieldMatch(path=path, wanted=wanted.text, found=found, matched=matched, words=words)


def _shown(values: Sequence[Json]) -> str:
    text = encode(values[0] if len(values) == 1 else list(values))
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _instead(steps: Sequence[str], event: Json) -> str:
    """What stands at a path where no value stands."""
    node = event
    for step in steps:
        plain = undotted(node) if isinstance(node, dict) else {}
        if step not in plain:
            return ""
        node = plain[step]
    return "an object" if isinstance(node, dict) else "an array without values"


def _or(branches: Sequence[Branch], event: Json, number: int | None) -> FieldMatch:
    """number: of the branch that is fulfilled."""
    alternatives = tuple(
        tuple(_field(path, wanted, event, n == number) for path, wanted in branch.items())
        for n, branch in enumerate(branches)
    )
    fulfilled = next((fields for fields in alternatives if all(field.matched for field in fields)), None)
    if number is not None:
        fulfilled = alternatives[number]
    if fulfilled is not None:
        words = "$or: " + ("; ".join(field.words for field in fulfilled) or "nothing else is asked for")
    else:
        reasons = [
            "; ".join(field.words for field in fields if not field.matched) for fields in alternatives[:_TOLD]
        ]
        more = f"; and {len(alternatives) - _TOLD} more" if len(alternatives) > _TOLD else ""
        words = f"$or: none of {len(alternatives)}: " + " | ".join(reasons) + more
    wanted = " or ".join(
        "{" + ", ".join(f"{encode(path)}: {wanted.text}" for path, wanted in branch.items()) + "}"
        for branch in branches[:_TOLD]
    )
    return FieldMatch(
        path="$or",
        wanted=wanted,
        found="" if fulfilled is None else "; ".join(field.found for field in fulfilled),
        matched=fulfilled is not None,
        words=words,
        alternatives=alternatives,
    )


def _apart(branch: Branch | None) -> FieldMatch:
    """Each field is somewhere, but not all are in the same item of an array."""
    names = ", ".join(branch) if branch else "the fields"
    return FieldMatch(
        path="",
        wanted="fields of the same item",
        found="fields of different items",
        matched=False,
        words=f"no single item of the array has all of it: {names} are matched by different items",
    )
