"""The refusal of a schedule: AWS's words, then ours."""

from __future__ import annotations

import msgspec

from sfnb.errors import SfnbError

MOST_CHARACTERS = 256  # of an expression; botocore's models of EventBridge and of the Scheduler

_SHOWN_CHARACTERS = 60


class InvalidSchedule(SfnbError):
    """A schedule expression, zone, date or window that AWS would not take.

    aws_message: what AWS says to it, as far as known.
    explanation: in ours: where, what was found, what is possible.
    """

    def __init__(self, aws_message: str, explanation: str) -> None:
        super().__init__(f"{aws_message} {explanation}")
        self.aws_message = aws_message
        self.explanation = explanation


class Source(msgspec.Struct, frozen=True):
    """An expression as it was given, and which service is to read it.

    scheduler: EventBridge Scheduler; otherwise a rule of EventBridge.
    Source of the words: answers of PutRule and CreateSchedule.
    """

    text: str
    scheduler: bool

    def refuse(self, why: str, *, column: int | None = None) -> InvalidSchedule:
        """What to raise. column: where in the text, from 1."""
        words = "Parameter ScheduleExpression is not valid."
        if self.scheduler:
            words = f"Invalid Schedule Expression {shown(self.text, MOST_CHARACTERS)}."
        return InvalidSchedule(
            words, f"{why[0].upper()}{why[1:]}." if column is None else f"Column {column}: {why}."
        )


def shown(text: str, most: int = _SHOWN_CHARACTERS) -> str:
    """`text` fit for a message: cut to `most` characters, without any that would move a cursor."""
    cut = text if len(text) <= most else f"{text[:most]}…"
    return "".join(char if char.isprintable() else "\ufffd" for char in cut)
