"""What starts a state machine or a function: `machine.on`, triggers in a user's hands, their tables."""

from __future__ import annotations

from sfnb.on.making import On
from sfnb.on.trigger import Trigger

__all__ = ["On", "Trigger"]
