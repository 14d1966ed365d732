"""What a kind of triggers does, and what is told of a trigger."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from sfnb.triggers.records import Trigger


class Kind(Protocol):
    """What triggers of a kind do. Each kind is a row of `TRIGGERS`, made once for a service."""

    def check(self, trigger: Trigger) -> None:
        """Raises a Refusal where the settings are not what they have to be."""

    def begin(self, trigger: Trigger) -> None:
        """Let it run here."""

    def end(self, trigger: Trigger) -> None:
        """Let it run here no more."""

    def words(self, trigger: Trigger) -> str:
        """What it is there for, in a few words: "every 5 minutes", "POST /orders"."""

    def missed(self, trigger: Trigger) -> str:
        """What came while it ran nowhere, and what becomes of it; "" where nothing did, or nobody knows."""

    def state(self, settings: dict[str, Any], enabled: bool) -> dict[str, Any]:
        """The settings of one that is enabled, or not, as AWS writes them."""


class Seen(NamedTuple):
    """A trigger, and where it runs. runs: "here", or in words where else or what it waits for."""

    trigger: Trigger
    runs: str


class Adopted(NamedTuple):
    """A trigger of a process that has ended, which runs here now. missed: in words, what it missed."""

    trigger: Trigger
    missed: str
