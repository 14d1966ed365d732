"""The language as data: `cases/language/*.json`, each case run under a clock that only jumps.

A case is an object:

    name, source    what is claimed, and who says so
    definition      the machine; or `state`, the only state of one, named It (which gets its "End": true);
                    or `rule`, of a Choice named It that answers "yes" where it holds and else "no"
    input           {} unless given; `input_text` where its white space matters
    output          of an execution that succeeds; `output_text` where its white space matters
    error, cause    of one that does not (null: there is none); `cause_part`: a piece of the cause
    status          FAILED where there is an error, else SUCCEEDED, unless given
    events          the types in order; "TaskFailed<-4" also says which event it points at
    waits           the seconds before each retry
    seconds         how long the execution takes on its own clock
    runs            several of the above for the same machine

The tasks of these machines are in `TASKS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

import sfnb
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.engine.limits import AWS_LIMITS
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.values import Payload, decode

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
FILES = sorted((Path(__file__).parent / "cases" / "language").glob("*.json"))

Case = dict[str, Any]


# What the machines call


def echo(payload: Any) -> Any:
    return payload


class Boom(Exception):
    """The failure of `boom`."""


def boom(payload: Any) -> None:
    raise Boom("broke")


def refuse(payload: Any) -> None:
    """Fail with the Error and the Cause that are asked for."""
    raise sfnb.TaskError(payload["Error"], payload.get("Cause"))


def attempts(errors: list[str], attempt: int) -> str:
    """Fail once with each of `errors`, then succeed; `attempt` counts from 0."""
    if attempt < len(errors):
        raise sfnb.TaskError(errors[attempt], f"attempt {attempt}")
    return "done"


def sleep(payload: Any) -> str:
    sfnb.sleep(payload["seconds"])
    return "slept"


def beat(payload: Any) -> str:
    """Work for a while, and show it every so often."""
    for _ in range(payload["times"]):
        sfnb.sleep(payload["every"])
        sfnb.heartbeat()
    return "finished"


async def sleep_async(payload: Any) -> str:
    await sfnb.sleep(payload["seconds"])
    return "slept"


def letters(count: int) -> str:
    return "x" * count


TASKS: dict[str, Callable[..., Any]] = {
    f.__name__: f for f in (echo, boom, refuse, attempts, sleep, beat, sleep_async, letters)
} | {"sqs:sendMessage.waitForTaskToken": echo, "sqs:sendMessage": echo}


# The cases


def cases() -> Iterator[Any]:
    for path in FILES:
        for case in json.loads(path.read_text()):
            for index, run in enumerate(case.get("runs", [case])):
                name = f"{path.stem}: {case['name']}" + (f" [{index}]" if "runs" in case else "")
                yield pytest.param(definition_of(case), run, id=name)


def definition_of(case: Case) -> Case:
    if "definition" in case:
        definition: Case = case["definition"]
        return definition
    if "state" in case:
        state = case["state"]
        moves = "Next" not in state and state["Type"] not in ("Choice", "Fail", "Succeed")
        return {"StartAt": "It", "States": {"It": {**state, "End": True} if moves else state}}
    return {
        "StartAt": "It",
        "States": {
            "It": {"Type": "Choice", "Choices": [{**case["rule"], "Next": "Yes"}], "Default": "No"},
            "Yes": {"Type": "Pass", "Result": "yes", "End": True},
            "No": {"Type": "Pass", "Result": "no", "End": True},
        },
    }


@pytest.fixture(scope="module")
def service() -> Iterator[StepFunctions]:
    service = StepFunctions(limits=structs.replace(AWS_LIMITS, execution_seconds=None))
    service.registry.functions.update(TASKS)
    yield service
    service.close()


@pytest.mark.parametrize(("definition", "case"), list(cases()))
def test_a_machine_does_what_is_claimed(service: StepFunctions, definition: Case, case: Case) -> None:
    machine = load_machine(service, definition, name="machine")
    text = case.get("input_text") or json.dumps(case.get("input", {}))
    execution = machine.run(Payload.of_text(text), clock=JumpClock(NOON, frozen=True))

    assert outcome(execution, case) == expected(case)


def outcome(execution: Execution, case: Case) -> Case:
    """Of an execution what `case` speaks of."""
    state = execution.describe()
    shown: Case = {"status": state.status, "error": state.error, "cause": state.cause}
    if state.output is not None:
        shown |= {"output": canonical(decode(state.output)), "output_text": state.output}
    part = case.get("cause_part")
    shown["cause_part"] = part if part is not None and part in (state.cause or "") else state.cause
    log = [event for event in execution.log if not isinstance(event, facts.Fact)]
    claims = [*case.get("events", []), *[""] * len(log)]
    shown["events"] = [
        f"{event.type}<-{event.previous_event_id}" if "<-" in claim else event.type
        for event, claim in zip(log, claims, strict=False)
    ]
    retries = [event for event in execution.log if isinstance(event, facts.RetryScheduled)]
    shown["waits"] = [(event.until - event.timestamp).total_seconds() for event in retries]
    shown["seconds"] = (log[-1].timestamp - NOON).total_seconds()
    return {key: shown.get(key, "none") for key in expected(case)}


def canonical(value: Any) -> str:
    """JSON text without an order of keys; unlike the values, it tells 1 from 1.0 and true."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


CLAIMS = ("output", "output_text", "error", "cause", "cause_part", "events", "waits", "seconds")


def expected(case: Case) -> Case:
    claims = {key: canonical(case[key]) if key == "output" else case[key] for key in CLAIMS if key in case}
    fails = {"error", "cause", "cause_part"} & claims.keys()
    return {"status": case.get("status", "FAILED" if fails else "SUCCEEDED")} | claims


def test_every_case_claims_something_and_says_who_says_so() -> None:
    for path in FILES:
        for case in json.loads(path.read_text()):
            assert {"name", "source"} <= case.keys(), case
            assert len({"definition", "state", "rule"} & case.keys()) == 1, case["name"]
            for run in case.get("runs", [case]):
                assert expected(run).keys() > {"status"}, case["name"]
