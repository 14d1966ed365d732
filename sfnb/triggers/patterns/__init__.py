"""EventBridge's event patterns, as rules and pipes have them.

`read_pattern` reads one, `Pattern.matches` holds an event against it, `Pattern.explain` says why.
Source: Amazon EventBridge user guide, "Event patterns"; aws/event-ruler, on which EventBridge is built.

>>> pattern = read_pattern({"detail": {"price": [{"numeric": [">", 10]}]}})
>>> pattern.matches({"detail": {"price": 12}})
True
>>> [field.words for field in pattern.explain({"detail": {"price": 7}})]
['detail.price: 7 is not > 10']
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sfnb.triggers.patterns.explaining import FieldMatch, explain
from sfnb.triggers.patterns.matching import Tree, field_of
from sfnb.triggers.patterns.reading import Branch, read_branches
from sfnb.triggers.patterns.refusals import InvalidEventPattern
from sfnb.triggers.refusals import ValidationException
from sfnb.values import Json, encode

__all__ = [
    "MOST_CHARACTERS",
    "FieldMatch",
    "InvalidEventPattern",
    "Pattern",
    "check_event",
    "read_pattern",
]

MOST_CHARACTERS = 4_096
"""Of the pattern of a rule, or of a filter of a pipe."""

EVENT_FIELDS = ("id", "account", "source", "time", "region", "resources", "detail-type")
"""What an event has to have to be tried on a pattern."""


class Pattern:
    """An event pattern.

    text: as it was written; of a dict, as compact JSON.
    fields: the paths that it asks for, names joined by dots.
    """

    def __init__(self, text: str, branches: Sequence[Branch]) -> None:
        self.text = text
        self._branches = branches
        fields = {
            (path, id(wanted)): field_of(path, wanted)
            for branch in branches
            for path, wanted in branch.items()
        }
        self._trees = tuple(
            Tree([fields[path, id(branch[path])] for path in sorted(branch)]) for branch in branches
        )
        self.fields = tuple(dict.fromkeys(path for branch in branches for path in branch))

    def matches(self, event: Json) -> bool:
        """Whether an event does; what is no object matches nothing.

        Raises ValidationException for one that is nested too deeply to be read.
        """
        if type(event) is not dict:
            return False
        try:
            for tree in self._trees:
                if tree.matches(event):
                    return True
        except RecursionError:
            raise _too_deep() from None
        return False

    def explain(self, event: Json) -> tuple[FieldMatch, ...]:
        """Each field, what the event has there and whether it will do; all do if the event matches."""
        try:
            return explain(self._branches, self._trees, event if isinstance(event, dict) else {})
        except RecursionError:
            raise _too_deep() from None

    def __repr__(self) -> str:
        return f"Pattern({self.text})"


def read_pattern(text: str | Mapping[str, Any], *, most: int = MOST_CHARACTERS) -> Pattern:
    """The pattern that a text or a dict spells, of at most `most` characters; raises InvalidEventPattern."""
    if not isinstance(text, str):
        try:
            text = encode(dict(text))
        except (TypeError, ValueError, RecursionError, OverflowError):
            raise InvalidEventPattern("it is not JSON, or nested too deeply") from None
    try:
        text.encode()
    except UnicodeEncodeError:
        raise InvalidEventPattern("it is not Unicode: half a character stands by itself") from None
    if len(text) > most:
        raise InvalidEventPattern(f"it has {len(text):,} characters, and may have {most:,}")
    return Pattern(text, read_branches(text))


def check_event(event: Json) -> None:
    """Raises ValidationException for what is no event that AWS would try on a pattern.

    Source: Amazon EventBridge API reference, TestEventPattern.
    """
    if not isinstance(event, dict):
        raise ValidationException("Parameter Event is not valid.")
    missing = [name for name in EVENT_FIELDS if name not in event]
    if missing:
        raise ValidationException(f"Parameter Event is not valid. It has no {', '.join(missing)}.")


def _too_deep() -> ValidationException:
    return ValidationException("Parameter Event is not valid. It is nested too deeply.")
