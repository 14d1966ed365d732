"""All triggers, and all that could not be delivered, as DataFrames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.on.words import why
from sfnb.triggers.kinds import Seen

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.service import StepFunctions


TRIGGER_COLUMNS = [
    "trigger",
    "kind",
    "on",
    "starts",
    "runs",
    "matched",
    "started",
    "dropped",
    "why",
    "last",
    "next",
]
LETTER_COLUMNS = [
    "given_up",
    "trigger",
    "target",
    "error",
    "why",
    "attempts",
    "received",
    "input",
    "event",
    "id",
]


def triggers_frame(service: StepFunctions, machine: str | None = None) -> pd.DataFrame:
    """A row for each trigger. machine: the ARN of what it starts."""
    import pandas as pd

    triggers = service.triggers
    rows = [
        _row(service, seen) for seen in triggers.all() if machine is None or machine in seen.trigger.targets
    ]
    frame = pd.DataFrame(rows, columns=TRIGGER_COLUMNS)
    for name in ("last", "next"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame


def _row(service: StepFunctions, seen: Seen) -> dict[str, object]:
    trigger, counts = seen.trigger, seen.trigger.counts
    return {
        "trigger": trigger.name,
        "kind": trigger.kind,
        "on": service.triggers.words(trigger),
        "starts": ", ".join(arn.rpartition(":")[2] for arn in trigger.targets),
        "runs": seen.runs if trigger.enabled else "disabled",
        "matched": counts.matched,
        "started": counts.started,
        "dropped": sum(counts.dropped.values()),
        "why": why(counts),
        "last": counts.last,
        "next": service.triggers.recurring.next(trigger.key),
    }


def dead_letters_frame(service: StepFunctions) -> pd.DataFrame:
    """A row for each thing that could not be delivered, oldest first."""
    import pandas as pd

    from sfnb.values import decode

    rows = [
        {
            "given_up": letter.given_up,
            "trigger": letter.trigger,
            "target": letter.target,
            "error": letter.code,
            "why": letter.message,
            "attempts": letter.attempts,
            "received": letter.received,
            "input": decode(letter.input),
            "event": None if letter.event is None else decode(letter.event),
            "id": letter.id,
        }
        for letter in service.triggers.deliverer.dead.all()
    ]
    frame = pd.DataFrame(rows, columns=LETTER_COLUMNS)
    for name in ("given_up", "received"):
        frame[name] = pd.to_datetime(frame[name], utc=True)
    return frame
