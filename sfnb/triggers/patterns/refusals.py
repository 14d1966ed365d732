"""What is wrong with an event pattern, in AWS's words and with its places."""

from __future__ import annotations

from sfnb.errors import SfnbError

_SHOWN = 500  # characters of the source that AWS's parser puts into a message


class InvalidEventPattern(SfnbError):
    """A text that is no event pattern.

    reason: what is wrong, in AWS's words where AWS has words for it.
    path: the field it was found in, its names joined by dots; "" is the pattern itself.
    line, column: where AWS's parser stood, just behind what it minds, counted from 1; None where AWS names
        no place.
    Source: Amazon EventBridge's messages; aws/event-ruler, on whose parser they are built.
    """

    def __init__(self, reason: str, *, path: str = "", text: str = "", offset: int | None = None) -> None:
        self.reason = reason
        self.path = path
        self.line: int | None = None
        self.column: int | None = None
        message = f"Event pattern is not valid. Reason: {reason}"
        if offset is not None:
            self.line = text.count("\n", 0, offset) + 1
            self.column = offset - text.rfind("\n", 0, offset)
            message += f"\n at {source_of(text)}; line: {self.line}, column: {self.column}]"
        super().__init__(message)


def source_of(text: str) -> str:
    """The head of a place as AWS's parser writes it, `[Source: (String)"..."`; long texts are cut."""
    cut = f"[truncated {len(text) - _SHOWN} chars]" if len(text) > _SHOWN else ""
    return f'[Source: (String)"{text[:_SHOWN]}"{cut}'
