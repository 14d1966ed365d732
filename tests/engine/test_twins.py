"""A machine in JSONPath and its twin in JSONata do the same: every event, variable and moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import twins
from hypothesis import given
from hypothesis import strategies as st
from laws import check_laws
from machines import TREE, arn_of, frozen
from msgspec import structs
from test_laws import MOST_EVENTS, several
from test_map_resume import Disk
from test_resume import drawn, lasting
from twins import Language, TwinMachine

from sfnb.engine import events as ev
from sfnb.engine.clock import JumpClock
from sfnb.engine.limits import Limits
from sfnb.engine.ports import EventStore
from sfnb.executors import EXECUTORS
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.values import decode

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
Logs = dict[str, list[ev.Event]]
LANGUAGES: list[Language | None] = ["JSONPath", "JSONata", None]


@contextmanager
def serving(store: MemoryStore | None = None) -> Iterator[StepFunctions]:
    limits = Limits(history_events=MOST_EVENTS // 3)  # loops in loops in loops are run, too
    service = StepFunctions(executor=EXECUTORS["inline"](), limits=limits, store=store)
    service.registry.functions["work"] = twins.work
    yield service
    service.close()


def run(tree: TREE, name: str, store: MemoryStore | None = None) -> Logs:
    """Every log, by ARN: the machine's first, then those of the children of its map runs."""
    with serving(store) as service:
        execution = load_machine(service, tree, name="machine").start(twins.INPUT, name=name, clock=frozen())
        assert execution.wait(60)
        return logs_in(service.store)


def logs_in(store: EventStore) -> Logs:
    return {arn: list(store.read(arn)) for arn in store.executions()}


def told(event: ev.Event) -> tuple[Any, ...]:
    """An event with its JSON as values: the order of an object's members may differ, and so may the
    definition that is run.
    """
    fields = structs.asdict(event)
    fields.pop("definition", None)
    return type(event).__name__, valued(fields)


def valued(field: Any) -> Any:
    """The field with every text in it that is JSON, however deep, as the value it stands for."""
    if isinstance(field, dict):
        return {key: valued(value) for key, value in field.items()}
    if isinstance(field, list):
        return [valued(value) for value in field]
    if isinstance(field, str) and field[:1] in ("{", "["):
        return valued(decode(field))
    return field


@several
@given(machine=twins.machines())
def test_twins_do_the_same(machine: TwinMachine) -> None:
    in_path, *others = (run(machine.whole(language), "twin") for language in LANGUAGES)

    for log in in_path.values():
        check_laws(log)
        assert "Internal error" not in (getattr(log[-1], "cause", None) or "")
    for logs in others:
        assert list(logs) == list(in_path)
        for arn, log in logs.items():
            for one, other in zip(in_path[arn], log, strict=False):
                assert told(one) == told(other)
            assert len(log) == len(in_path[arn])


def resumed(tree: TREE, name: str, store: MemoryStore) -> Logs:
    with serving(store) as service:
        machine = load_machine(service, tree, name="machine").record
        latest = list(store.read(store.executions()[0]))[-1].timestamp
        clock = JumpClock(latest, frozen=True)
        assert service.resume_execution(arn_of(name), machine=machine, clock=clock).wait(60)
        return logs_in(store)


def any_cut_goes_on_as_it_would_have(tree: TREE, data: st.DataObject) -> None:
    name, disk = "cut", Disk()  # always the same: by the name, chance repeats
    whole = run(tree, name, disk)
    for log in whole.values():
        check_laws(log)
    parent = next(iter(whole))
    last = max(
        index
        for index, commit in enumerate(disk.commits)
        if any(append.execution == parent for append in commit)
    )
    commit = drawn(data, range(1, last + 1))
    if commit is not None:
        again = resumed(tree, name, disk.until(commit))
        for log in again.values():
            check_laws(log)
        assert outcome(again) == outcome(whole)
        if len(whole) == 1:
            assert lasting(again[parent]) == lasting(whole[parent])


def outcome(logs: Logs) -> tuple[Any, ...]:
    """What the machine came to. Where things in several logs happen at the same moment, their order may be
    another one after a cut, and with it the ids that ARNs are made of.
    """
    last = next(iter(logs.values()))[-1]
    said = {name: getattr(last, name, None) for name in ("output", "error", "cause")}
    return type(last), last.timestamp, {name: UUID.sub("-", text or "") for name, text in said.items()}


@several
@given(machine=twins.machines(), data=st.data())
def test_mixed_languages_and_variables_cut_at_any_commit_go_on(
    machine: TwinMachine, data: st.DataObject
) -> None:
    any_cut_goes_on_as_it_would_have(machine.whole(None), data)


@several
@given(tree=twins.broken_machines(), data=st.data())
def test_failing_expressions_keep_the_laws_and_can_be_cut(tree: TREE, data: st.DataObject) -> None:
    any_cut_goes_on_as_it_would_have(tree, data)


BROKEN: TREE = {
    "StartAt": "S0",
    "States": {"S0": {"Type": "Pass", "Output": "{% $states.input.nothing %}", "End": True}},
    "QueryLanguage": "JSONata",
}


def test_the_laws_notice_an_expression_that_fails_elsewhere() -> None:
    (log,) = run(BROKEN, "broken").values()
    check_laws(log)
    (index,) = (index for index, event in enumerate(log) if isinstance(event, ev.EvaluationFailed))
    for wrong in ({"state": "S1"}, {"error": "States.Runtime"}):
        with pytest.raises(AssertionError):
            check_laws([*log[:index], structs.replace(log[index], **wrong), *log[index + 1 :]])
