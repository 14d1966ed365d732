"""Executions started by the world: events through a rule, and schedules that have nothing to do."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from benchmarks import machines
from benchmarks.figures import Found, Work, check
from benchmarks.ground import Ground
from sfnb.machine import load_machine

EVENTS = 2_000
CLIENTS = 8
SCHEDULES = 1_000
IDLE_SECONDS = 1.0
SECONDS = 60.0


def events(ground: Ground) -> Work:
    """Events of several clients, one a request, through a rule: until each has its execution."""

    def work() -> Found:
        service = ground.service()
        orders = load_machine(service, machines.short(), name="orders")
        buses = service.triggers.buses
        buses.put_rule({"Name": "placed", "EventPattern": json.dumps({"source": ["shop"]})})
        target = {"Id": "1", "Arn": orders.arn, "InputPath": "$.detail"}
        buses.put_targets({"Rule": "placed", "Targets": [target]})

        def put(number: int) -> None:
            entry = {"Source": "shop", "DetailType": "OrderPlaced", "Detail": json.dumps({"id": number})}
            check(buses.put_events({"Entries": [entry]})["FailedEntryCount"], 0)

        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as clients:
            list(clients.map(put, range(EVENTS)))
        check(service.triggers.deliverer.wait(SECONDS), True)
        taken = time.perf_counter() - began
        check(len(service.list_executions()), EVENTS)
        ground.close()
        return {"rate": EVENTS / taken, "threads": float(left())}

    return work


def schedules(ground: Ground) -> Work:
    """A thousand schedules made, and what they cost while none is due: the CPU, in a thousandth of one."""

    def work() -> Found:
        service = ground.service()
        orders = load_machine(service, machines.short(), name="orders")
        began = time.perf_counter()
        for number in range(SCHEDULES):
            orders.on.schedule("cron(0 0 1 1 ? 2199)", name=f"schedule-{number}")
        made = SCHEDULES / (time.perf_counter() - began)
        before = time.process_time()
        time.sleep(IDLE_SECONDS)
        idle = (time.process_time() - before) / IDLE_SECONDS * 1_000
        ground.close()
        return {"rate": made, "idle": idle}

    return work


def left() -> int:
    """Threads of triggers that are there though their service is closed."""
    return sum(
        thread.name.startswith(("sfnb triggers", "sfnb timetable")) for thread in threading.enumerate()
    )
