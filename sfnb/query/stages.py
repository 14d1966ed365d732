"""The stages of the data flow around a state."""

from __future__ import annotations

from collections.abc import Callable

from sfnb.query.scope import Scope
from sfnb.values import Json, Payload

Enter = Callable[[Scope], Payload]
"""From the raw input to what the work is done on."""

Leave = Callable[[Scope, Payload], Payload]
"""From the work's result to the output."""

Assign = Callable[[Scope, Payload], dict[str, Json]]
"""From the work's result to the values of variables."""

EnterSteps = tuple[tuple[str, Enter | None], ...]
"""What `enter` does, field by field; None where the state does not have the field."""

LeaveSteps = tuple[tuple[str, Leave | None], ...]
"""What `leave` does, field by field."""
