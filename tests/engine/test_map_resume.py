"""Taking up an execution that was cut inside a map run: no child is run twice, and the end is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from laws import check_laws
from machines import NOON, TREE, arn_of, chain, distinct, distributed, frozen, parallel, single
from msgspec import structs

import sfnb
from sfnb.engine import children as module
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import JumpClock
from sfnb.engine.ports import Append
from sfnb.engine.replay import ReplayMismatch
from sfnb.executors import EXECUTORS
from sfnb.items.folder import FolderBuckets
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore

ARN = "arn:aws:states:us-east-1:123456789012:execution:machine:once"
TASK = {"Type": "Task", "Resource": "work", "End": True}
JSONL = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSONL"},
    "Parameters": {"Bucket": "in", "Key": "items.jsonl"},
}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "runs"}}
WAITING = {
    "W": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "T"},
    "T": TASK,
}
ITEMS = [{"wait": wait} for wait in (5, 1, 9, 2, 7)]
CAUGHT = {"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "S1"}]}


class Disk(MemoryStore):
    """Remembers every commit, whichever execution made it: a crash may come after any of them."""

    def __init__(self) -> None:
        super().__init__()
        self.commits: list[list[Append]] = []

    def append(self, execution: str, events: Sequence[ev.Event], *, after: int) -> None:
        self.append_all([Append(execution, events, after)])

    def append_all(self, appends: Sequence[Append]) -> None:
        for append in appends:
            super().append(append.execution, append.events, after=append.after)
        self.commits.append([Append(it.execution, list(it.events), it.after) for it in appends])

    def of_parent(self) -> list[Sequence[ev.Event]]:
        """What the parent wrote, commit by commit."""
        return [
            next((append.events for append in commit if append.execution == ARN), ())
            for commit in self.commits
        ]

    def until(self, commit: int) -> MemoryStore:
        """What there was after so many commits."""
        store = MemoryStore()
        for appends in self.commits[:commit]:
            store.append_all(appends)
        return store


@contextmanager
def serving(folder: Path, store: MemoryStore, work: Callable[[Any], Any]) -> Iterator[StepFunctions]:
    service = StepFunctions(
        executor=EXECUTORS["inline"](), store=store, buckets=FolderBuckets(folder), clock=frozen
    )
    service.registry.functions["work"] = work
    yield service
    service.close()


def work(payload: Any) -> Any:
    if isinstance(payload, dict) and "fail" in payload:
        raise sfnb.TaskError(payload["fail"])
    return payload


def whole(tree: TREE, folder: Path, input: Any = None) -> tuple[list[ev.Event], Disk]:
    disk = Disk()
    with serving(folder, disk, work) as service:
        execution = load_machine(service, distinct(tree), name="machine").start(input, name="once")
        assert execution.wait(20)
    return list(disk.read(ARN)), disk


def resumed(
    tree: TREE, folder: Path, store: MemoryStore, work: Callable[[Any], Any] = work
) -> list[ev.Event]:
    with serving(folder, store, work) as service:
        machine = load_machine(service, distinct(tree), name="machine")
        log = list(store.read(ARN))
        live = service.resume_execution(
            arn_of("once"), machine=machine.record, clock=JumpClock(log[-1].timestamp, frozen=True)
        )
        assert live.wait(20)
    return list(store.read(ARN))


def children(store: MemoryStore) -> dict[str, list[ev.Event]]:
    return {arn: list(store.read(arn)) for arn in store.executions() if arn != ARN}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "items.jsonl").write_text("\n".join(f'{{"wait": {n % 3}}}' for n in range(6)))
    return tmp_path


FAILING = [{"wait": 1}, {"wait": 3, "fail": "E"}, {"wait": 9}]
CASES: dict[str, tuple[TREE, Any]] = {
    "side by side": (single(distributed(WAITING)), ITEMS),
    "few at a time": (single(distributed(WAITING, MaxConcurrency=2)), ITEMS),
    "batches": (
        single(distributed({"T": TASK}, ItemBatcher={"MaxItemsPerBatch": 2}, MaxConcurrency=1)),
        ITEMS,
    ),
    "read from a file": (chain(distributed(WAITING, ItemReader=JSONL, MaxConcurrency=2), TASK), None),
    "written to files": (single(distributed(WAITING, ItemReader=JSONL, ResultWriter=WRITER)), None),
    "one child fails": (single(distributed(WAITING)), FAILING),
    "a failure is tolerated": (single(distributed(WAITING, ToleratedFailureCount=1)), FAILING),
    "a failure is caught": (chain(distributed(WAITING, **CAUGHT), {"Type": "Pass"}), FAILING),
    "a retry is a map run of its own": (
        single(distributed(WAITING, Retry=[{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}])),
        FAILING,
    ),
    "a branch beside it goes on": (
        single(
            parallel(single(distributed(WAITING)), chain({"Type": "Wait", "Seconds": 3}, {"Type": "Pass"}))
        ),
        ITEMS,
    ),
    "a branch beside it fails": (
        chain(
            parallel(
                single(distributed(WAITING)),
                {
                    "StartAt": "V",
                    "States": {
                        "V": {"Type": "Wait", "Seconds": 3, "Next": "F"},
                        "F": {"Type": "Fail", "Error": "E"},
                    },
                },
                **CAUGHT,
            ),
            {"Type": "Pass"},
        ),
        ITEMS,
    ),
    "one inside another": (
        single(
            distributed({"M": {**distributed(WAITING, Label="inner"), "End": True}}, MaxConcurrency=1),
        ),
        [ITEMS[:2], ITEMS[2:4]],
    ),
    "a selector that fails": (
        chain(
            distributed(WAITING, QueryLanguage="JSONata", ItemSelector="{% $error('no') %}", **CAUGHT),
            {"Type": "Pass"},
        ),
        ITEMS,
    ),
}


@pytest.mark.parametrize(("tree", "input"), CASES.values(), ids=CASES)
def test_a_cut_at_any_commit_comes_to_the_same_end(tree: TREE, input: Any, folder: Path) -> None:
    log, disk = whole(tree, folder, input)
    check_laws(log)
    assert len(disk.commits) > 2

    for commit in range(1, len(disk.commits)):
        store = disk.until(commit)
        assert resumed(tree, folder, store) == log, f"cut after commit {commit}"
        assert children(store) == children(disk), f"cut after commit {commit}"


@pytest.mark.parametrize(("tree", "input"), CASES.values(), ids=CASES)
def test_a_commit_that_was_torn_can_be_taken_up(tree: TREE, input: Any, folder: Path) -> None:
    """A disk that keeps only the first of the events that were written together."""
    log, disk = whole(tree, folder, input)

    for commit, events in enumerate(disk.of_parent()):
        for kept in range(1, len(events)) if commit else ():
            store = disk.until(commit)
            store.append(ARN, events[:kept], after=len(list(store.read(ARN))))
            again = resumed(tree, folder, store)
            check_laws(again)
            assert structs.replace(again[-1], id=0, previous_event_id=0) == structs.replace(
                log[-1], id=0, previous_event_id=0
            )


def test_a_child_that_has_ended_is_not_run_again(folder: Path) -> None:
    calls: list[Any] = []

    def count(payload: Any) -> Any:
        calls.append(payload)
        return payload

    tree, input = CASES["side by side"]
    _, disk = whole(tree, folder, input)
    for commit in range(1, len(disk.commits)):
        store = disk.until(commit)
        ended = sum(isinstance(log[-1], ev.TERMINAL) for log in children(store).values())
        calls.clear()
        resumed(tree, folder, store, count)
        assert len(calls) <= len(ITEMS) - ended


def cut_while_it_runs(tree: TREE, folder: Path) -> MemoryStore:
    """What there is once the first child has ended."""
    _, disk = whole(tree, folder)
    commit = next(
        index
        for index, appends in enumerate(disk.commits)
        if any(it.execution != ARN and isinstance(it.events[-1], ev.TERMINAL) for it in appends)
    )
    return disk.until(commit + 1)


def test_items_that_have_changed_are_refused(folder: Path) -> None:
    tree, _ = CASES["read from a file"]
    store = cut_while_it_runs(tree, folder)
    (folder / "in" / "items.jsonl").write_text('{"wait": 1}\n{"wait": 1, "new": true}')

    last = resumed(tree, folder, store)[-1]

    assert isinstance(last, ev.ExecutionFailed)
    assert last.error == "States.ItemReaderFailed"
    assert "has changed since the map run began" in (last.cause or "")


def test_what_is_read_is_recorded_before_a_child_is_started(folder: Path) -> None:
    tree, _ = CASES["read from a file"]
    _, disk = whole(tree, folder)

    appends = [append for commit in disk.commits for append in commit]
    kinds = [(append.execution == ARN, type(event)) for append in appends for event in append.events]
    assert kinds.index((True, facts.ItemsRead)) < kinds.index((False, ev.ExecutionStarted))


def test_a_map_run_whose_children_were_dropped_cannot_be_taken_up(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_CHILDREN", 1)
    tree, _ = CASES["read from a file"]
    log, disk = whole(tree, folder)
    cut = next(i for i, event in enumerate(log) if isinstance(event, facts.ChildrenForgotten)) + 1

    store = MemoryStore()
    store.append(ARN, log[:cut], after=0)
    with pytest.raises(ReplayMismatch, match="children have been dropped"):
        resumed(tree, folder, store)
    assert list(store.read(ARN)) == log[:cut]

    ended = next(i for i, event in enumerate(log) if isinstance(event, facts.MapRunResult)) + 1
    store = MemoryStore()
    store.append(ARN, log[:ended], after=0)
    assert resumed(tree, folder, store)[-1] == disk_end(disk)


def disk_end(disk: Disk) -> ev.Event:
    return list(disk.read(ARN))[-1]


def test_the_children_that_are_counted_from_their_logs_are_in_the_counts(folder: Path) -> None:
    tree, _ = CASES["read from a file"]
    store = cut_while_it_runs(tree, folder)
    with serving(folder, store, work) as service:
        machine = load_machine(service, distinct(tree), name="machine")
        live = service.resume_execution(
            arn_of("once"), machine=machine.record, clock=JumpClock(NOON, frozen=True)
        )
        assert live.wait(20)
        (map_run,) = service.map_runs.of_execution(ARN)
        assert (map_run.items.succeeded, map_run.executions.total) == (6, 6)
        assert len(map_run.children) == 6
        for arn in map_run.children:
            assert service.describe_execution(arn).status == "SUCCEEDED"


def updated(log: list[ev.Event], cut: int, **changes: Any) -> MemoryStore:
    """What there is of a log that was cut right after its map run had been updated."""
    frame = next(event.frame for event in log if isinstance(event, ev.MapRunStarted))
    moment = log[cut - 1].timestamp
    store = MemoryStore()
    update = facts.MapRunUpdated(id=0, previous_event_id=0, timestamp=moment, frame=frame, **changes)
    store.append(ARN, [*log[:cut], update], after=0)
    return store


def test_an_update_counts_for_a_map_run_that_is_taken_up(folder: Path) -> None:
    tree = single(distributed(WAITING))
    log, _ = whole(tree, folder, FAILING)
    assert isinstance(log[-1], ev.ExecutionFailed)
    cut = next(i for i, event in enumerate(log) if isinstance(event, facts.MapRunPlanned)) + 1

    assert isinstance(resumed(tree, folder, updated(log, cut))[-1], ev.ExecutionFailed)
    tolerated = updated(log, cut, tolerated_failure_count=1)
    assert isinstance(resumed(tree, folder, tolerated)[-1], ev.ExecutionSucceeded)


def test_an_update_does_not_hide_that_children_were_dropped(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_CHILDREN", 1)
    tree, _ = CASES["read from a file"]
    log, _ = whole(tree, folder)
    cut = next(i for i, event in enumerate(log) if isinstance(event, facts.ChildrenForgotten)) + 1

    with pytest.raises(ReplayMismatch, match="children have been dropped"):
        resumed(tree, folder, updated(log, cut, max_concurrency=3))
