"""How a compiler of expressions tells what it found wrong."""

from __future__ import annotations

from typing import Protocol

from sfnb.errors import PathStep

NOT_YET = "NOT_YET_SUPPORTED"
"""The code of a finding about what AWS runs and sfnb does not."""


class Report(Protocol):
    """Takes a finding about the field in hand.

    within: steps from the field to the very place inside its value.
    at_key: the finding is about a key.
    code: an AWS diagnostic code, SCHEMA_VALIDATION_FAILED unless told.
    """

    def __call__(
        self,
        message: str,
        *,
        within: tuple[PathStep, ...] = (),
        hint: str | None = None,
        at_key: bool = False,
        code: str = "SCHEMA_VALIDATION_FAILED",
    ) -> None: ...
