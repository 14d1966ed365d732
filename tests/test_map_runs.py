"""Map runs that a store has kept tell the same as those under way, and are not kept in memory besides."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from machines import NOON, TREE, chain, distinct, distributed, frozen, parallel, single

import sfnb
from sfnb import map_runs as module
from sfnb.engine.clock import JumpClock
from sfnb.engine.map_run import MapRun
from sfnb.engine.map_views import MapRunView
from sfnb.engine.past_map_run import past_map_runs
from sfnb.engine.ports import Append, EventStore
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import StoreFault
from sfnb.execution import Execution
from sfnb.executors import EXECUTORS
from sfnb.frames import children_frame, map_runs_frame
from sfnb.items.folder import FolderBuckets
from sfnb.machine import StateMachine, load_machine
from sfnb.renderers.story import Progress
from sfnb.service import StepFunctions, TasksMissing
from sfnb.stores.memory import MemoryStore
from sfnb.stores.sqlite import SqliteStore
from sfnb.trial.refusals import ValidationException
from tests.sessions import until

SOON = 60
TASK = {"Type": "Task", "Resource": "work", "End": True}
STATES = {"Look": {"Type": "Pass", "Next": "Work"}, "Work": TASK}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "runs"}}
CSV = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
    "Parameters": {"Bucket": "in", "Key": "rows.csv"},
}
BATCHED = {"ItemBatcher": {"MaxItemsPerBatch": 2}}
UNBATCH = {"Look": {"Type": "Pass", "InputPath": "$.Items[0]", "Next": "Work"}, "Work": TASK}
AGAIN = {"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]}
INNER = {"Inner": {**distributed({"P": {"Type": "Pass", "End": True}}, Label="inner"), "End": True}}
BAD = {"Type": "Task", "Resource": "work", "Parameters": {"n": "bad"}}
WAITING = {"W": {"Type": "Wait", "SecondsPath": "$", "Next": "Work"}, "Work": TASK}


class Work:
    """A task that fails for what is in `broken`, and may be made to stop in the midst of it."""

    def __init__(self, *broken: Any, stops_at: Any = None) -> None:
        self.broken = list(broken)
        self.stops_at = stops_at
        self.calls: list[Any] = []
        self.reached = threading.Event()
        self.go = threading.Event()

    def __call__(self, item: Any) -> Any:
        self.calls.append(item)
        if self.stops_at is not None and item == self.stops_at:
            self.reached.set()
            self.go.wait(SOON)
        if item in self.broken:
            raise sfnb.TaskError("Broken", f"{item} will not do")
        return item


@contextmanager
def serving(folder: Path, store: EventStore, work: Work, executor: str = "inline") -> Iterator[StepFunctions]:
    made: Any = EXECUTORS[executor]
    service = StepFunctions(
        store=store,
        clock=frozen,
        buckets=FolderBuckets(folder),
        executor=made() if executor == "inline" else None,
    )
    service.registry.functions["work"] = work
    yield service
    service.close()
    work.go.set()


def machine(service: StepFunctions, tree: TREE) -> StateMachine:
    return load_machine(service, distinct(tree), name="shop")


def mapped(states: TREE = STATES, *, kind: str = "STANDARD", **fields: Any) -> TREE:
    return single(distributed(states, kind=kind, **fields))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "in" / "rows.csv").write_text("\n".join(["id", *map(str, range(7))]))
    return tmp_path


@pytest.fixture
def kept(folder: Path) -> Callable[[], SqliteStore]:
    """Opens the same file, each time as another process would."""
    return lambda: SqliteStore(folder / "executions.db", durability="normal")


def frames(execution: Execution) -> dict[str, pd.DataFrame]:
    return {"map_runs": execution.map_runs, "children": execution.children}


def pictures(execution: Execution) -> dict[str, Any]:
    return {
        "deep_trail": list(execution.deep_trail),
        "progress": execution.progress,
        "graph": execution.graph().svg,
        "timeline": execution.timeline().svg,
        "summary": execution.summary(),
        "then": [execution.at(event.id).progress for event in execution.log if event.id],
    }


def assert_same(one: Execution, other: Execution) -> None:
    for name, frame in frames(one).items():
        pd.testing.assert_frame_equal(frame, frames(other)[name])
    told = pictures(other)
    for name, seen in pictures(one).items():
        assert told[name] == seen, name


CASES: dict[str, tuple[TREE, Any, Work]] = {
    "all succeed": (mapped(Label="each"), [1, 2, 3], Work()),
    "some are tolerated": (mapped(ToleratedFailureCount=1, ResultWriter=WRITER), [1, 2, 3], Work(2)),
    "too many fail": (mapped(MaxConcurrency=1), [1, 2, 3, 4], Work(2)),
    "others are stopped": (mapped(WAITING), [5, 1, 2, 3], Work(1)),
    "batches": (mapped(UNBATCH, MaxConcurrency=1, **BATCHED), [1, 2, 3, 4, 5], Work(3)),
    "express": (mapped(kind="EXPRESS", ToleratedFailurePercentage=50), [1, 2, 3], Work(1)),
    "tried again": (mapped(MaxConcurrency=1, **AGAIN), [1, 2, 3], Work(2)),
    "nested": (mapped(INNER), [[1, 2], [3]], Work()),
    "in a branch": (
        single(parallel(mapped(WAITING), chain({"Type": "Wait", "Seconds": 3}, BAD))),
        [1, 2, 5, 9],
        Work({"n": "bad"}),
    ),
    "the machine's time is up": (mapped(WAITING) | {"TimeoutSeconds": 3}, [1, 2, 5, 9], Work()),
    "nothing to do": (mapped(), [], Work()),
}


@pytest.mark.parametrize(("tree", "input", "work"), CASES.values(), ids=CASES)
def test_what_a_store_has_kept_shows_as_what_has_just_run_in_memory(
    tree: TREE, input: Any, work: Work, folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    with serving(folder, kept(), work) as first:
        assert machine(first, tree).start(input, name="once").wait(SOON)
    with serving(folder, MemoryStore(), work) as memory, serving(folder, kept(), work) as later:
        here = machine(memory, tree).run(input, name="once")
        there = Execution(later, later.execution(here.arn))

        assert not isinstance(there.map_run_records[0], MapRun)
        assert_same(here, there)
        for child in there.children.itertuples():
            assert there.child(child.name).arn == child.arn


def told(run: MapRunView) -> dict[str, Any]:
    names = (
        "arn", "state", "label", "started_id", "status", "started", "stopped", "max_concurrency",
        "tolerated_failure_count", "tolerated_failure_percentage", "items", "executions", "redrive_count",
        "redriven",
    )  # fmt: skip
    return {name: getattr(run, name) for name in names}


@pytest.mark.parametrize("end", ["fail", "stop"])
def test_of_one_run_the_log_tells_what_it_had_told_itself(
    end: str, folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    """Over a file: how far that had been read when the map run ended is known to nobody else."""
    tolerated = {"ToleratedFailurePercentage": 10, "MaxConcurrency": 1}
    tree = mapped(ItemReader=CSV, ResultWriter=WRITER, **tolerated)
    work = Work({"id": "2"}, stops_at={"id": "2"})
    with serving(folder, kept(), work, "threads") as service:
        execution = machine(service, tree).start(name="once", clock=JumpClock(NOON))
        assert work.reached.wait(SOON)
        (here,) = execution.map_run_records
        assert isinstance(here, MapRun)
        if end == "stop":
            execution.stop()
        work.go.set()
        assert execution.wait(SOON)

        (past,) = execution.map_run_records

        assert not isinstance(past, MapRun)
        assert told(past) == told(here)
        assert past.items.pending == (4 if end == "stop" else 0)
        assert past.items.results_written == (2 if end == "stop" else 7)
        pd.testing.assert_frame_equal(map_runs_frame([past]), map_runs_frame([here]))
        pairs = [[(run, child) for child in run.children.in_order()] for run in (past, here)]
        pd.testing.assert_frame_equal(children_frame(pairs[0]), children_frame(pairs[1]))


# Interrupted


@contextmanager
def interrupted(
    folder: Path, kept: Callable[[], SqliteStore], tree: TREE, input: Any, work: Work
) -> Iterator[Execution]:
    """An execution as a later process finds it whose service was closed at `work.stops_at`."""
    with serving(folder, kept(), work, "threads") as service:
        execution = machine(service, tree).start(input, name="once")
        assert work.reached.wait(SOON)
    with serving(folder, kept(), Work(), "threads") as service:
        yield Execution(service, service.execution(execution.arn))


def test_an_interrupted_map_run_shows_how_far_it_had_come_and_goes_on_from_there(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    tree = mapped(MaxConcurrency=1)
    with interrupted(folder, kept, tree, [1, 2, 3], Work(stops_at=2)) as execution:
        (run,) = execution.map_run_records

        assert (run.status, run.stopped, run.max_concurrency) == ("RUNNING", None, 1)
        assert (run.items.succeeded, run.items.running, run.executions.total) == (1, 1, 2)
        assert execution.progress == {("It",): Progress(succeeded=1, running=1, total=3)}
        assert execution.children["status"].tolist() == ["SUCCEEDED", "RUNNING"]
        assert execution.child(1).interrupted

        assert execution.resume().output == [1, 2, 3]
        (run,) = execution.map_run_records
        assert (run.status, run.items.succeeded) == ("SUCCEEDED", 3)
        assert execution.children["status"].tolist() == ["SUCCEEDED"] * 3


def test_batches_of_an_interrupted_map_run_are_counted_by_their_items(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    tree = mapped(UNBATCH, MaxConcurrency=1, **BATCHED)
    with interrupted(folder, kept, tree, [1, 2, 3, 4, 5], Work(stops_at=3)) as execution:
        (run,) = execution.map_run_records

        assert (run.items.succeeded, run.items.running) == (2, 2)
        assert (run.executions.succeeded, run.executions.running) == (1, 1)
        assert execution.children["items"].tolist() == [2, 2]


def test_what_is_stopped_while_nobody_runs_it_leaves_items_pending(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    with interrupted(folder, kept, mapped(MaxConcurrency=1), [1, 2, 3], Work(stops_at=2)) as execution:
        execution.stop()
        (run,) = execution.map_run_records

        assert (run.status, run.items.pending, run.items.total) == ("ABORTED", 1, 3)


def test_children_are_let_be_where_their_parent_cannot_be_resumed(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    other = {**TASK, "Resource": "other", "TimeoutSeconds": 99}
    tree = single(parallel(mapped(), {"StartAt": "Other", "States": {"Other": other}}))
    other_task = threading.Event()
    work = Work(stops_at=2)
    with serving(folder, kept(), work, "threads") as service:
        service.registry.functions["other"] = lambda _: other_task.wait(SOON)
        execution = machine(service, tree).start([2], name="once")
        assert work.reached.wait(SOON)
        while not any(visit.state == "Other" and visit.resource for visit in execution.trail):
            assert not execution.wait(0.01)
    other_task.set()
    with serving(folder, kept(), work, "threads") as service:
        with pytest.raises(TasksMissing):
            service.resume_execution(execution.arn)

        found = Execution(service, service.execution(execution.arn))
        assert found.child(0).interrupted


# Children


def test_a_child_of_an_earlier_session_has_its_machine(folder: Path, kept: Callable[[], SqliteStore]) -> None:
    tree = mapped(INNER, Label="outer")
    with serving(folder, kept(), Work()) as service:
        arn = machine(service, tree).run([[1, 2]], name="once").arn
    with serving(folder, kept(), Work()) as service:
        outer = Execution(service, service.execution(arn)).child(0)
        inner = outer.child(1, state="Inner")

        assert (outer.machine.name, list(outer.machine.record.definition.states)) == ("shop/outer", ["Inner"])
        assert (inner.machine.name, list(inner.machine.record.definition.states)) == (
            "shop/outer/inner",
            ["P"],
        )
        assert (inner.output, [visit.state for visit in inner.trail]) == (2, ["P"])
        assert "P" in inner.graph().text


@pytest.mark.parametrize("kind", ["STANDARD", "EXPRESS"])
def test_after_a_redrive_the_latest_counts_and_the_definition_it_went_on_with(
    kind: str, folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    fields = {"MaxConcurrency": 1, "Label": "each", "kind": kind}
    mended = {"Look": STATES["Look"], "Work": {**TASK, "Resource": "other"}}
    later = JumpClock(NOON.replace(hour=13), frozen=True)
    with serving(folder, kept(), Work(2)) as service:
        execution = machine(service, mapped(STATES, **fields)).start([1, 2, 3], name="once")
        assert execution.wait(SOON)
        failed = execution.child(1)
        service.registry.functions["other"] = lambda item: item
        edited = load_machine(service, mapped(mended, **fields), name="edited")
        live = service.redrive_execution(execution.arn, machine=edited.record, clock=later)
        assert live.wait(SOON)
    with serving(folder, kept(), Work()) as service:
        execution = Execution(service, service.execution(execution.arn))
        (run,) = execution.map_run_records

        assert (run.status, run.redrive_count, run.redriven) == ("SUCCEEDED", 1, later.now())
        assert (run.items.succeeded, run.items.failed, run.executions.total) == (3, 0, 3)
        assert execution.children["status"].tolist() == ["SUCCEEDED"] * 3
        assert run.children.first_failed() is None
        assert (execution.child(1).arn == failed.arn) == (kind == "STANDARD")
        resources = [execution.child(n).machine.record.definition.states["Work"].resource for n in range(3)]  # type: ignore[attr-defined]
        assert [name.rpartition(":")[2] for name in resources] == ["work", "other", "other"]
        inside = [visit.iteration for visit in execution.deep_trail if visit.state == "Work"]
        assert inside == [(0,), (1,), (2,)]


def test_of_many_children_those_that_failed_come_first(folder: Path, kept: Callable[[], SqliteStore]) -> None:
    with serving(folder, kept(), Work(4, 6)) as service:
        arn = machine(service, mapped(ToleratedFailureCount=2)).run([*range(8)], name="once").arn
    with serving(folder, kept(), Work()) as service:
        execution = Execution(service, service.execution(arn))

        deep = execution.deepened(execution.trail, most=3)
        assert [visit.iteration for visit in deep if visit.state == "Work"] == [(0,), (4,), (6,)]


def test_a_fork_has_the_map_runs_that_had_ended_before_it_and_its_own(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    work = Work()
    tree = chain(*[distributed({"Work": TASK}, Label=label, MaxConcurrency=1) for label in ("a", "b")])
    with serving(folder, kept(), work) as service:
        origin = machine(service, tree).run([1, 2], name="once")
        opened = [run.started_id for run in origin.map_run_records]
        fork = service.fork_execution(origin.arn, event_id=opened[1], name="fork")
        assert fork.wait(SOON)
    with serving(folder, kept(), work) as service:
        one, two = (Execution(service, service.execution(arn)) for arn in (origin.arn, fork.arn))

        assert work.calls == [1, 2, 1, 2, 1, 2]
        assert one.map_runs["map_run"][0] == two.map_runs["map_run"][0]
        assert one.map_runs["map_run"][1] != two.map_runs["map_run"][1]
        assert two.map_runs["items_succeeded"].tolist() == [2, 2]
        assert two.trail[1].map_runs[-1] == two.map_runs["map_run"][1]
        assert not set(one.children["arn"][2:]) & set(two.children["arn"])
        assert service.map_runs.describe(two.map_runs["map_run"][1]).executions.succeeded == 2


# What is kept, and what is read


class Watched(SqliteStore):
    """Remembers what is asked of it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.asked: list[str] = []

    def read(self, execution: str, *, after: int = 0) -> Iterator[Any]:
        self.asked.append(execution)
        return super().read(execution, after=after)

    def read_back(self, execution: str) -> Iterator[Any]:
        self.asked.append(execution)
        return super().read_back(execution)

    def list(self, wanted: ExecutionFilter) -> Any:
        self.asked.append(f"list {wanted.limit}")
        return super().list(wanted)


def test_a_table_of_map_runs_and_a_summary_read_no_log_of_a_child(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    with serving(folder, kept(), Work(2)) as service:
        arn = machine(service, mapped(ToleratedFailureCount=1, **BATCHED)).run([1, 2, 3], name="once").arn
    store = Watched(folder / "executions.db")
    with serving(folder, store, Work()) as service:
        execution = Execution(service, service.execution(arn))

        assert execution.map_runs["items"].tolist() == [3]
        assert "SUCCEEDED" in execution.summary()
        assert set(store.asked) == {arn}


def test_a_map_run_that_has_ended_is_not_kept_where_its_log_is(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    work = Work(stops_at=1)
    with serving(folder, kept(), work, "threads") as service:
        execution = machine(service, mapped()).start([1], name="once")
        assert work.reached.wait(SOON)
        (run,) = execution.map_run_records
        assert isinstance(run, MapRun)
        here = weakref.ref(run)
        assert execution.child(0).status == "RUNNING"
        work.go.set()
        assert execution.wait(SOON)
        del run
        told = threading.Event()
        service.engine.post(told.set)  # after which its thread has done with the turn that ended it
        assert told.wait(SOON)
        gc.collect()

        assert here() is None
        assert execution.map_runs["items_succeeded"].tolist() == [1]


def test_in_memory_a_map_run_goes_with_its_execution(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FEW", 2)
    opened: list[weakref.ref[MapRun]] = []
    with serving(folder, MemoryStore(), Work()) as service:
        service.map_runs = Noting(service._stores, opened)
        made = machine(service, mapped())
        first = made.run([1], name="first")
        service.store.forget(first.arn)
        others = [made.run([1], name=f"other{n}") for n in range(4)]
        gc.collect()

        assert [run() is None for run in opened] == [True, False, False, False, False]
        assert first.map_run_records == []
        assert [len(other.map_run_records) for other in others] == [1, 1, 1, 1]


class Noting(module.MapRuns):
    """Remembers which there have been, without keeping them."""

    def __init__(self, stores: Any, seen: list[weakref.ref[MapRun]]) -> None:
        super().__init__(stores)
        self._seen = seen
        self._sweep_at = module.FEW

    def opened(self, map_run: MapRun) -> None:
        self._seen.append(weakref.ref(map_run))
        super().opened(map_run)


def test_what_a_redrive_in_memory_passes_over_still_shows(folder: Path) -> None:
    """The branch of the map run had ended: it is only repeated."""
    work = Work({"n": "bad"})
    tree = single(parallel(mapped(), chain({"Type": "Wait", "Seconds": 3}, BAD)))
    with serving(folder, MemoryStore(), work) as service:
        execution = machine(service, tree).start([1, 2], name="once")
        assert execution.wait(SOON)
        assert execution.status == "FAILED"
        before = frames(execution)
        work.broken.clear()
        assert service.redrive_execution(execution.arn).wait(SOON)

        assert execution.output == [[1, 2], {"n": "bad"}]
        assert before["map_runs"]["items_succeeded"].tolist() == [2]
        for name, frame in before.items():
            pd.testing.assert_frame_equal(frame, frames(execution)[name])


def test_a_map_run_that_was_updated_tells_so_until_after_its_end(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    work = Work(2, stops_at=1)
    with serving(folder, kept(), work, "threads") as service:
        execution = machine(service, mapped(MaxConcurrency=1)).start([1, 2, 3], name="once")
        assert work.reached.wait(SOON)
        (run,) = execution.map_run_records
        service.update_map_run(run.arn, tolerated_failure_count=1)
        service.update_map_run(run.arn, max_concurrency=2, tolerated_failure_percentage=50.0)
        assert limits_of(run) == (2, 1, 50.0)
        work.go.set()
        assert execution.wait(SOON)

        assert execution.status == "SUCCEEDED"
        (past,) = execution.map_run_records
        assert not isinstance(past, MapRun)
        assert limits_of(past) == (2, 1, 50.0)
        with pytest.raises(ValidationException, match="is not running"):
            service.update_map_run(run.arn, max_concurrency=1)


def test_a_map_run_that_is_redriven_stays_as_it_was_updated(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    work = Work(1, 2, 3, stops_at=1)
    with serving(folder, kept(), work, "threads") as service:
        execution = machine(service, mapped(MaxConcurrency=1)).start([1, 2, 3], name="once")
        assert work.reached.wait(SOON)
        (run,) = execution.map_run_records
        service.update_map_run(run.arn, max_concurrency=2, tolerated_failure_count=1)
        work.go.set()
        assert execution.wait(SOON)
        assert execution.status == "FAILED"
        work.broken = [3]
        assert service.redrive_execution(execution.arn).wait(SOON)

        assert service.describe_execution(execution.arn).status == "SUCCEEDED"
        (past,) = execution.map_run_records
        assert limits_of(past) == (2, 1, None)
        assert (past.items.succeeded, past.items.failed, past.redrive_count) == (2, 1, 1)


def limits_of(run: MapRunView) -> tuple[int, int | None, float | None]:
    return run.max_concurrency, run.tolerated_failure_count, run.tolerated_failure_percentage


def test_an_update_that_cannot_be_kept_is_refused(folder: Path) -> None:
    store, work = Full(), Work(stops_at=1)
    with serving(folder, store, work, "threads") as service:
        execution = machine(service, mapped()).start([1], name="once")
        assert work.reached.wait(SOON)
        (run,) = execution.map_run_records
        store.is_full = True
        with pytest.raises(StoreFault, match="the disk is full"):
            service.update_map_run(run.arn, max_concurrency=1)


class Full(MemoryStore):
    """A store that takes nothing more once it is full."""

    durable = True
    is_full = False

    def append_all(self, appends: Sequence[Append]) -> None:
        if self.is_full:
            raise StoreFault("the disk is full")
        super().append_all(appends)


@pytest.mark.parametrize("fields", [{}, BATCHED], ids=["items", "batches"])
def test_items_are_pending_until_a_child_is_started_for_them(
    fields: dict[str, Any], folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    work = Work(stops_at=1)
    states = UNBATCH if fields else STATES
    with serving(folder, kept(), work, "threads") as service:
        tree = mapped(states, MaxConcurrency=1, **fields)
        execution = machine(service, tree).start([1, 2, 3, 4, 5], name="once")
        assert work.reached.wait(SOON)
        (run,) = execution.map_run_records
        running = 2 if fields else 1

        assert (run.items.running, run.items.pending, run.items.total) == (running, 5 - running, 5)
        past = past_map_runs(service.store, execution.arn)[0]
        assert (past.items.running, past.items.pending, past.items.total) == (running, 5 - running, 5)
        work.go.set()
        assert execution.wait(SOON)
        (run,) = execution.map_run_records
        assert (run.items.succeeded, run.items.total) == (5, 5)


def test_items_that_are_read_count_as_far_as_they_are_read(
    folder: Path, kept: Callable[[], SqliteStore]
) -> None:
    work = Work(stops_at={"id": "1"})
    with serving(folder, kept(), work, "threads") as service:
        made = machine(service, mapped(ItemReader=CSV, MaxConcurrency=1))
        execution = made.start(None, name="once")
        assert work.reached.wait(SOON)
        (run,) = execution.map_run_records
        until(lambda: run.items.total == 7, "the whole file")

        assert (run.items.succeeded, run.items.running, run.items.pending) == (1, 1, 5)
        work.go.set()
        assert execution.wait(SOON)
