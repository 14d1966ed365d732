"""How a compiler of expressions tells what it found, wrong or not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sfnb.errors import PathStep, Severity


class Report(Protocol):
    """Takes what is found about the field in hand."""

    def __call__(
        self,
        message: str,
        *,
        within: tuple[PathStep, ...] = (),
        hint: str | None = None,
        at_key: bool = False,
        code: str = "SCHEMA_VALIDATION_FAILED",
        severity: Severity = "ERROR",
    ) -> None:
        """A finding.

        within: steps from the field to the very place inside its value.
        at_key: the finding is about a key.
        code: an AWS diagnostic code.
        """

    def reads(self, variables: Iterable[str], within: tuple[PathStep, ...] = ()) -> None:
        """The field reads these workflow variables, at `within`."""
