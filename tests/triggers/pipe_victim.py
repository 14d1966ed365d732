"""A process with a pipe, to be killed.

    python -m tests.triggers.pipe_victim ENDPOINT STORE QUEUE STOP [BATCH]

STOP: "enrich": it stands still when a batch has been received, before anything begins. "delete": it stands
still when the execution has begun, before its messages are deleted. "" and "plain": it works until its input
ends, the latter without enrichment.
Says `ready`, then `stands` when it stands still.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from typing import Any

from sfnb.integrations.aws import Aws
from sfnb.machine import load_machine
from sfnb.on.function import make_function
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from tests.triggers.pipe_queues import ECHO, REGION


def say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def stand_still(**_: object) -> None:
    say("stands")
    threading.Event().wait()


def main(endpoint: str, store: str, queue: str, stop: str, batch: str) -> None:
    aws = Aws(endpoint_url=endpoint, region=REGION)
    aws.proxies = {}
    service = StepFunctions(aws=aws, store=SqliteStore(Path(store)))
    if stop == "delete":
        client = aws.client("sqs", region=REGION)
        client.meta.events.register("before-call.sqs.DeleteMessageBatch", stand_still)

    def enrich(event: Any, context: object) -> Any:
        if stop == "enrich":
            stand_still()
        return event

    enriching = make_function(service, enrich)
    orders = load_machine(service, ECHO, name="orders")
    if not service.taken_up:
        orders.on.queue(queue, batch=int(batch), enrich=None if stop == "plain" else enriching)
    say("ready")
    sys.stdin.read()
    service.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
