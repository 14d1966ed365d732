"""What the tasks of the process that is killed do: each leaves a line before and after, with its key."""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from typing import Any

import sfnb
from sfnb.errors import SfnbError, StoreFault
from sfnb.service import StepFunctions
from tests.crash.ledger import Ledger
from tests.crash.shapes import BROKEN, FLAKY

EVENT = dict[str, Any]


class World:
    """The functions that stand for Resources."""

    def __init__(self, service: StepFunctions, ledger: Ledger, round: int) -> None:
        self.service = service
        self.ledger = ledger
        self.round = round

    def register(self) -> None:
        async def work_async(event: EVENT, context: Any) -> Any:
            self.begin(event, context.aws_request_id)
            await asyncio.sleep(event.get("sleep_ms", 0) / 1000)
            return self.end(event, context.aws_request_id)

        def work(event: EVENT, context: Any) -> Any:
            self.begin(event, context.aws_request_id)
            time.sleep(event.get("sleep_ms", 0) / 1000)
            return self.end(event, context.aws_request_id)

        def ask(event: EVENT, context: Any) -> Any:
            self.begin(event, context.aws_request_id)
            self.ledger.write("asked", by=event["by"], token=event["token"], answer=answer(event))
            if event["by"] == "itself":
                self.answer(event["token"], answer(event))
            return {"asked": True}

        self.service.registry.functions |= {"work": work, "work_async": work_async, "ask": ask}

    def begin(self, event: EVENT, key: str) -> None:
        self.ledger.write("calls", at="begin", site=site(event), key=key, round=self.round, given=event)

    def end(self, event: EVENT, key: str) -> int:
        number = self.ledger.nth(site(event), key) if "fails" in event else 0
        if event.get("prints"):
            print("at work", site(event))
        self.ledger.write("calls", at="end", site=site(event), key=key, round=self.round)
        if number < event.get("fails", 0):
            raise sfnb.TaskError(FLAKY, "this time")
        if event.get("breaks") or event["n"] in event.get("breaks_at", ()):
            raise sfnb.TaskError(BROKEN, "always")
        return made_of(event)

    def answer(self, token: str, output: EVENT) -> bool:
        """Whether it was taken; then it must never be lost."""
        try:
            self.service.send_task_success(token, json.dumps({**output, "token": token}))
        except SfnbError:
            return False
        self.ledger.write("accepted", token=token)
        return True

    # Those who answer

    def answer_callbacks(self) -> None:
        """A thread's life: it answers what is open, and hands on what another process has answered."""
        taken = {line["token"] for line in self.ledger.read("accepted")}
        answers = self.ledger.reader("answers")
        known: dict[str, EVENT] = {}
        while True:
            known |= {line["token"]: line["answer"] for line in answers.new() if line["token"] not in taken}
            for token in self.service.list_task_tokens():
                given = token.input.get("Payload", {}) if isinstance(token.input, dict) else {}
                output = known.get(token.token)
                if isinstance(given, dict) and given.get("by") == "thread":
                    output = answer(given)
                if output is not None and self.answer(token.token, output):
                    taken.add(token.token)
            time.sleep(0.005)

    def work_at_activity(self, arn: str) -> None:
        """A worker's life."""
        while True:
            try:
                task = self.service.get_activity_task(arn, "worker", wait_seconds=60)
            except StoreFault:  # it is another process's by now
                continue
            if task is not None:
                self.work_at(task.task_token, json.loads(task.input))

    def work_at(self, token: str, event: EVENT) -> None:
        self.begin(event, token)
        time.sleep(0.005)
        self.ledger.write("calls", at="end", site=site(event), key=token, round=self.round)
        self.answer(token, answer(event))


def site(event: EVENT) -> str:
    return f"{event['id']}/{event['site']}"


def answer(event: EVENT) -> EVENT:
    return {"n": made_of(event)}


def made_of(event: EVENT) -> int:
    """A number that tells of all that led here."""
    return zlib.crc32(json.dumps([event["n"], event["site"]], sort_keys=True).encode()) % 10_000
