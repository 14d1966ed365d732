"""The process that is killed while events come: it takes them up, starts executions, and says what it took.

    python -m tests.crash.listener STORE FIRST COUNT

Puts COUNT events with the numbers from FIRST, and prints the number of each once it was accepted.
"""

from __future__ import annotations

import json
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore

MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}
ROLE = "arn:aws:iam::123456789012:role/events"
PATTERN = '{"source":["shop"]}'
THREADS = 8


def open_service(path: Path) -> StepFunctions:
    service = StepFunctions(store=SqliteStore(path))
    load_machine(service, MACHINE, name="orders")
    return service


def main(path: str, first: int, count: int) -> None:
    service = open_service(Path(path))
    buses = service.triggers.buses
    if service.triggers.get("event:placed") is None:
        arn = load_machine(service, MACHINE, name="orders").arn
        buses.put_rule({"Name": "placed", "EventPattern": PATTERN})
        target = {"Id": "1", "Arn": arn, "RoleArn": ROLE, "InputPath": "$.detail"}
        buses.put_targets({"Rule": "placed", "Targets": [target]})
    writing = threading.Lock()

    def put(number: int) -> None:
        entry = {"Source": "shop", "DetailType": "x", "Detail": json.dumps({"n": number})}
        answer = buses.put_events({"Entries": [entry]})
        if answer["FailedEntryCount"] == 0:
            with writing:
                sys.stdout.write(f"{number}\n")
                sys.stdout.flush()

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(put, range(first, first + count)))
    service.triggers.deliverer.wait(60)
    service.close()
    sys.stdout.write("done\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
