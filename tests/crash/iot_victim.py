"""A process with a topic rule, to be killed.

    python -m tests.crash.iot_victim BROKER STORE STOP

STOP: "received": it stands still when it has a message, before it keeps anything. "kept": it stands still
when what the message starts is kept, before the broker is told so. "": it works until its input ends.
Says `ready` when the broker sends what it asks for, and `stands` when it stands still.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers.deliveries import Delivery

ECHO = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
TOPIC = "crash/messages"
SOON = 60


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def stand_still() -> None:
    say("stands")
    threading.Event().wait()


def main(broker: str, store: str, stop: str) -> None:
    service = StepFunctions(store=SqliteStore(Path(store)))
    deliverer: Any = service.triggers.deliverer
    accept = deliverer.accept

    def accept_and_stand(deliveries: Sequence[Delivery]) -> None:
        if stop == "kept":
            accept(deliveries)
        stand_still()

    if stop:
        deliverer.accept = accept_and_stand
    hot = load_machine(service, ECHO, name="hot")
    if not service.taken_up:
        hot.on.iot(f"SELECT * FROM '{TOPIC}'", broker=broker, name="rule")
    kind: Any = service.triggers.kind("iot")
    assert kind.wait("iot:rule", SOON)
    say("ready")
    sys.stdin.read()
    service.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
