"""What may go wrong in, beside and underneath a map run; and that its moments are those of real time."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from laws import check_laws, map_runs_end_once
from machines import NOON, TREE, chain, distinct, distributed, facts_of, frozen, parallel, single, types

import sfnb
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine import feed as feed_module
from sfnb.engine.clock import JumpClock
from sfnb.engine.limits import Limits
from sfnb.execution import Execution
from sfnb.executors import EXECUTORS
from sfnb.items.folder import FolderBuckets
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

PASS = {"P": {"Type": "Pass", "End": True}}
WAITING = {"W": {"Type": "Wait", "SecondsPath": "$", "End": True}}
READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "JSONL"},
    "Parameters": {"Bucket": "in", "Key": "items.jsonl"},
}
WRITER = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "runs"}}
FLATTEN = {
    "Resource": "arn:aws:states:::s3:listObjectsV2",
    "ReaderConfig": {"InputType": "JSONL", "Transformation": "LOAD_AND_FLATTEN"},
    "Parameters": {"Bucket": "in", "Prefix": "parts/"},
}
ALL = [{"ErrorEquals": ["States.ALL"], "Next": "S1"}]
PAUSE = {"Type": "Wait", "Seconds": 3}


def failing(seconds: int, error: str = "E") -> TREE:
    wait = {"Type": "Wait", "Seconds": seconds, "Next": "F"}
    return {"StartAt": "V", "States": {"V": wait, "F": {"Type": "Fail", "Error": error}}}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StepFunctions]:
    """Closed in the end, with nothing left behind."""
    (tmp_path / "in" / "parts").mkdir(parents=True)
    (tmp_path / "out").mkdir()
    before = set(threading.enumerate())
    service = StepFunctions(buckets=FolderBuckets(tmp_path), clock=frozen)
    yield service
    service.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert set(threading.enumerate()) <= before


def items(folder: Path, lines: Iterator[str] | list[str]) -> None:
    (folder / "in" / "items.jsonl").write_text("\n".join(lines))


def run(service: StepFunctions, tree: TREE, input: Any = None, **tasks: Any) -> Execution:
    machine = load_machine(service, distinct(tree), name="machine")
    machine.tasks.update(tasks)
    execution = machine.start(input)
    assert execution.wait(20)
    check_laws(execution.log)
    for map_run in service.map_runs.of_execution(execution.arn):
        assert map_run.items.running == map_run.executions.running == 0
        for arn in map_run.children:
            check_laws(list(service.get_execution_history(arn)))
    return execution


# Selecting and batching

PATH_SELECTOR = {"ItemSelector": {"n.$": "$$.Map.Item.Value.n"}}
QUERY_SELECTOR = {
    "QueryLanguage": "JSONata",
    "ItemSelector": {"n": "{% $states.context.Map.Item.Value.n %}"},
}
FIVE_HUNDRED = [{"n": n} if n != 499 else {} for n in range(1000)]


@pytest.mark.parametrize("reader", [{}, {"ItemReader": READER}], ids=["data", "file"])
@pytest.mark.parametrize(
    ("selector", "error"),
    [(PATH_SELECTOR, "States.Runtime"), (QUERY_SELECTOR, "States.QueryEvaluationError")],
    ids=["JSONPath", "JSONata"],
)
def test_a_selector_may_fail_on_the_500th_item(
    service: StepFunctions, tmp_path: Path, selector: TREE, error: str, reader: TREE
) -> None:
    items(tmp_path, [f'{{"n": {n}}}' if n != 499 else "{}" for n in range(1000)])
    if "QueryLanguage" in selector and reader:
        reader = {"ItemReader": {**{k: v for k, v in READER.items() if k != "Parameters"}}}
        reader["ItemReader"]["Arguments"] = READER["Parameters"]
    execution = run(
        service,
        chain(distributed(PASS, **selector, **reader, Catch=ALL, MaxConcurrency=10), {"Type": "Pass"}),
        [] if reader else FIVE_HUNDRED,
    )

    (map_run,) = service.map_runs.of_execution(execution.arn)
    (failed,) = (event for event in execution.log if isinstance(event, ev.MapRunFailed))
    assert failed.error == error
    assert map_run.items.succeeded == 499
    if error == "States.Runtime":
        assert execution.error == error
    else:
        assert execution.output["Error"] == error
        assert types(execution).count("EvaluationFailed") == 1


def test_what_is_left_is_not_selected_when_it_is_stopped(service: StepFunctions) -> None:
    """To count it, nothing has to be selected; what could not be would fail in the middle of the end."""
    began, go = threading.Event(), threading.Event()
    machine = load_machine(
        service,
        distinct(
            single(
                distributed(
                    {"T": {"Type": "Task", "Resource": "hold", "End": True}},
                    **PATH_SELECTOR,
                    MaxConcurrency=1,
                )
            )
        ),
    )
    machine.tasks["hold"] = lambda item: began.set() or go.wait(60)
    execution = machine.start([{"n": 1}, {}, {}])
    assert began.wait(60)
    execution.stop()
    assert execution.wait(60)
    go.set()

    assert execution.status == "ABORTED"
    (map_run,) = service.map_runs.of_execution(execution.arn)
    assert (map_run.items.aborted, map_run.items.pending) == (1, 2)


@pytest.mark.parametrize("batcher", [{}, {"ItemBatcher": {"MaxItemsPerBatch": 2}}])
def test_an_item_larger_than_an_input_fails_the_run(service: StepFunctions, batcher: TREE) -> None:
    many = chain(
        distributed(PASS, ItemSelector={"a.$": "$.large", "b.$": "$.large"}, Catch=ALL, **batcher),
        {"Type": "Pass", "Parameters": {"Error.$": "$.Error"}},
    )
    (many["States"]["S0"])["ItemsPath"] = "$.few"
    execution = run(service, many, {"large": "x" * 140_000, "few": [1, 2]})

    assert execution.output == {"Error": "States.DataLimitExceeded"}


# Reading


def test_an_empty_file_has_no_children(service: StepFunctions, tmp_path: Path) -> None:
    items(tmp_path, [])
    execution = run(service, single(distributed(PASS, ItemReader=READER, ToleratedFailurePercentage=0)))

    assert execution.output == []
    (map_run,) = service.map_runs.of_execution(execution.arn)
    assert (map_run.items.total, map_run.status) == (0, "SUCCEEDED")
    assert len(facts_of(execution, facts.ItemsRead)) == 1


def test_a_file_that_is_deleted_while_it_is_read_is_read_to_its_end(
    service: StepFunctions, tmp_path: Path
) -> None:
    items(tmp_path, [str(n) for n in range(2_000)])

    def delete(item: int) -> int:
        (tmp_path / "in" / "items.jsonl").unlink(missing_ok=True)
        return item

    task = {"T": {"Type": "Task", "Resource": "delete", "End": True}}
    execution = run(service, single(distributed(task, ItemReader=READER, MaxConcurrency=5)), delete=delete)

    assert execution.output == list(range(2_000))


def test_a_part_that_is_deleted_before_it_is_listed_is_not_read(
    service: StepFunctions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "AHEAD", 1)
    for part in "ab":
        (tmp_path / "in" / "parts" / part).write_text("1\n2\n3\n4")

    def delete(item: int) -> int:
        (tmp_path / "in" / "parts" / "b").unlink(missing_ok=True)
        return item

    task = {"T": {"Type": "Task", "Resource": "delete", "End": True}}
    execution = run(service, single(distributed(task, ItemReader=FLATTEN, MaxConcurrency=1)), delete=delete)

    assert execution.output == [1, 2, 3, 4]


@pytest.mark.parametrize("ending", ["stop", "time out", "sibling"])
def test_a_run_may_end_while_its_reader_is_far_ahead_and_blocked(
    service: StepFunctions, tmp_path: Path, ending: str
) -> None:
    items(tmp_path, [str(n) for n in range(5_000)])
    began, go = threading.Event(), threading.Event()

    def hold(item: int) -> None:
        began.set()
        if ending == "stop":
            go.wait(60)
        sfnb.sleep(1_000)

    task = {"T": {"Type": "Task", "Resource": "hold", "End": True}}
    tree = single(distributed(task, ItemReader=READER, MaxConcurrency=2))
    if ending == "sibling":
        tree = single(parallel(tree, failing(5)))
    if ending == "time out":
        tree["TimeoutSeconds"] = 5
    machine = load_machine(service, distinct(tree))
    machine.tasks["hold"] = hold
    execution = machine.start()
    if ending == "stop":
        assert began.wait(60)
        execution.stop()
    assert execution.wait(60)
    go.set()

    check_laws(execution.log)
    (map_run,) = service.map_runs.of_execution(execution.arn)
    assert map_run.status == "ABORTED"
    assert map_run.items.aborted == 2
    if ending != "stop":
        assert execution.duration == timedelta(seconds=5)


def test_a_failed_run_and_its_retry_do_not_share_what_they_select(
    service: StepFunctions, tmp_path: Path
) -> None:
    """The first one's reader may still be selecting while the second one reads."""
    items(tmp_path, [f'{{"n": {n}}}' for n in range(3_000)])
    calls = iter(range(10_000))

    def once(n: int) -> int:
        if next(calls) == 3:
            raise sfnb.TaskError("E")
        return n

    task = {"T": {"Type": "Task", "Resource": "once", "InputPath": "$.n", "End": True}}
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    tree = single(
        distributed(
            task,
            ItemReader=READER,
            ItemSelector={"n.$": "$$.Map.Item.Value.n"},
            MaxConcurrency=4,
            Retry=retry,
        )
    )
    execution = run(service, tree, once=once)

    assert execution.output == list(range(3_000))
    assert types(execution).count("MapRunStarted") == 2
    assert len({map_run.arn for map_run in service.map_runs.of_execution(execution.arn)}) == 2


# Beside other things


def test_a_sibling_that_fails_aborts_the_map_run_and_the_machine_goes_on(service: StepFunctions) -> None:
    tree = chain(parallel(single(distributed(WAITING)), failing(3), Catch=ALL), {"Type": "Pass"})
    execution = run(service, tree, [1, 5, 9])

    assert execution.output == {"Error": "E", "Cause": None}
    assert types(execution).count("MapRunAborted") == 1
    (map_run,) = service.map_runs.of_execution(execution.arn)
    assert (map_run.status, map_run.items.succeeded, map_run.items.aborted) == ("ABORTED", 1, 2)
    assert map_run.stopped == NOON + timedelta(seconds=3)


def test_a_failed_run_is_caught_and_the_machine_goes_on(service: StepFunctions) -> None:
    fail = {"W": WAITING["W"] | {"Next": "F"}, "F": {"Type": "Fail", "Error": "E"}}
    del fail["W"]["End"]
    execution = run(service, chain(distributed(fail, Catch=ALL), PAUSE, {"Type": "Pass"}), [2, 4])

    assert execution.output["Error"] == "States.ExceedToleratedFailureThreshold"
    assert execution.duration == timedelta(seconds=5)
    (map_run,) = service.map_runs.of_execution(execution.arn)
    assert (map_run.items.failed, map_run.items.aborted) == (1, 1)


def test_children_may_wait_for_callbacks(service: StepFunctions) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "send", "Payload": {"token.$": "$$.Task.Token", "n.$": "$"}},
        "End": True,
    }
    answers: list[threading.Thread] = []

    def send(payload: Any) -> None:
        answer = threading.Thread(
            target=service.send_task_success, args=(payload["token"], str(payload["n"] * 2))
        )
        answers.append(answer)
        answer.start()

    execution = run(service, single(distributed({"T": state}, MaxConcurrency=2)), [1, 2, 3], send=send)
    for answer in answers:
        answer.join()

    assert execution.output == [2, 4, 6]
    assert service.list_task_tokens() == []


def test_open_callbacks_of_children_keep_the_clock_from_jumping_to_the_parents_end(
    service: StepFunctions,
) -> None:
    state = {
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "send", "Payload": {"token.$": "$$.Task.Token"}},
        "End": True,
    }
    machine = load_machine(service, distinct(single(distributed({"T": state}))))
    sent = threading.Event()
    tokens: list[str] = []
    machine.tasks["send"] = lambda payload: tokens.append(payload["token"]) or sent.set()
    execution = machine.start([1])
    assert sent.wait(60)

    assert not execution.wait(0.05)
    service.send_task_success(tokens[0], "1")
    assert execution.wait(60)
    assert execution.output == [1]


def test_the_parents_history_may_be_full_when_a_map_run_ends(tmp_path: Path) -> None:
    """Also where a child's failure ends it: the parent fails, and does not wait for ever."""
    fail = {"F": {"Type": "Fail", "Error": "E"}}
    for states, whole in ((PASS, 8), (fail, 7)):
        for limit in range(2, whole):
            service = StepFunctions(limits=Limits(history_events=limit), clock=frozen)
            execution = load_machine(service, single(distributed(states))).start([1])
            assert execution.wait(60)
            assert (execution.cause or "").startswith("The execution reached the maximum number")
            assert len(types(execution)) == limit
            service.close()


def test_many_items_few_at_a_time(service: StepFunctions) -> None:
    running: set[str] = set()
    most = 0

    def note(payload: Any) -> Any:
        nonlocal most
        running.add(payload["name"])
        most = max(most, len(running))
        running.discard(payload["name"])
        return payload["n"]

    task = {
        "T": {
            "Type": "Task",
            "Resource": "note",
            "Parameters": {"n.$": "$", "name.$": "$$.Execution.Name"},
            "End": True,
        }
    }
    execution = run(service, single(distributed(task, MaxConcurrency=3)), list(range(5_000)), note=note)

    assert execution.output == list(range(5_000))
    assert 1 <= most <= 3


def test_nested_map_runs_have_their_own_concurrency(service: StepFunctions) -> None:
    inner = {"M2": {**distributed(WAITING, Label="inner", MaxConcurrency=1), "End": True}}
    execution = run(service, single(distributed(inner, MaxConcurrency=2)), [[1, 2], [4], [8]])

    assert execution.output == [[1, 2], [4], [8]]
    assert execution.duration == timedelta(seconds=3 + 8)


# Moments

ONE_AFTER_THE_OTHER: dict[str, tuple[int, list[int], int]] = {
    "all at once": (0, [5, 1, 9], 9),
    "one at a time": (1, [5, 1, 9], 15),
    "two at a time": (2, [100, 1, 1, 1], 100),
    "two at a time, in the order of their ends": (2, [4, 2, 3, 5, 1], 9),
    "three at a time": (3, [9, 1, 1, 1, 1, 1, 1, 1, 1], 9),
}


@pytest.mark.parametrize(
    ("concurrency", "waits", "seconds"), ONE_AFTER_THE_OTHER.values(), ids=ONE_AFTER_THE_OTHER
)
def test_a_clock_that_jumps_jumps_as_time_would_pass(
    service: StepFunctions, concurrency: int, waits: list[int], seconds: int
) -> None:
    execution = run(service, single(distributed(WAITING, MaxConcurrency=concurrency)), waits)

    assert execution.duration == timedelta(seconds=seconds)
    (map_run,) = service.map_runs.of_execution(execution.arn)
    starts = [child.started.timestamp for child in map_run.children.values()]
    assert starts == sorted(starts)
    for child, wait in zip(map_run.children.values(), waits, strict=True):
        assert child.last is not None
        assert child.last.timestamp - child.started.timestamp == timedelta(seconds=wait)


def test_parent_and_children_share_the_time(service: StepFunctions) -> None:
    """A branch beside a map run waits no longer than it has to, and a parent's time-out cuts its children."""
    beside = chain(PAUSE, {"Type": "Pass", "Parameters": {"t.$": "$$.State.EnteredTime"}})
    execution = run(service, single(parallel(single(distributed(WAITING)), beside)), [60])
    assert execution.output[1] == {"t": "2026-01-01T12:00:03.000Z"}

    cut = run(service, {**single(distributed(WAITING)), "TimeoutSeconds": 7}, [5, 60])
    assert (cut.status, cut.duration) == ("TIMED_OUT", timedelta(seconds=7))


def test_a_moving_clock_jumps_too(service: StepFunctions) -> None:
    machine = load_machine(service, single(distributed(WAITING, MaxConcurrency=2)))
    execution = machine.start([500, 3, 3], clock=JumpClock())
    assert execution.wait(60)

    assert execution.duration is not None
    assert timedelta(seconds=500) <= execution.duration < timedelta(seconds=502)


def logs_of(tree: TREE, folder: Path, input: Any) -> dict[str, list[ev.Event]]:
    """Every log of an execution that is repeated with nothing kept from before."""
    service = StepFunctions(executor=EXECUTORS["inline"](), buckets=FolderBuckets(folder), clock=frozen)
    machine = load_machine(service, distinct(tree), name="machine")
    machine.tasks["work"] = lambda payload: payload
    assert machine.start(input, name="again").wait(20)
    logs = {arn: list(service.store.read(arn)) for arn in service.store.executions()}
    service.close()
    return logs


CHANCY = {
    "U": {
        "Type": "Pass",
        "Parameters": {"id.$": "States.UUID()", "wait.$": "$.wait", "chosen.$": "$.chosen"},
        "Next": "W",
    },
    "W": {"Type": "Wait", "SecondsPath": "$.wait", "Next": "T"},
    "T": {"Type": "Task", "Resource": "work", "End": True},
}
SELECTOR = {
    "wait.$": "$$.Map.Item.Value.wait",
    "chosen.$": "States.UUID()",
    "when.$": "$$.State.EnteredTime",
}


@pytest.mark.parametrize("concurrency", [0, 1, 3])
@pytest.mark.parametrize("reader", [{}, {"ItemReader": READER}], ids=["data", "file"])
def test_equal_runs_have_equal_logs(tmp_path: Path, concurrency: int, reader: TREE) -> None:
    (tmp_path / "in").mkdir()
    waits = [f'{{"wait": {(n * 7) % 5}}}' for n in range(700)]
    items(tmp_path, waits)
    data = [{"wait": (n * 7) % 5} for n in range(700)]
    tree = single(distributed(CHANCY, ItemSelector=SELECTOR, MaxConcurrency=concurrency, **reader))

    one, other = (logs_of(tree, tmp_path, None if reader else data) for _ in range(2))

    assert list(one) == list(other)
    assert one == other
    assert len(one) == 701


def test_the_laws_notice_a_map_run_that_ends_twice_or_never(service: StepFunctions) -> None:
    log = list(run(service, single(distributed(PASS)), [1]).log)

    for kind in (ev.MapRunStarted, facts.MapRunResult, ev.MapRunSucceeded):
        (index,) = (index for index, event in enumerate(log) if isinstance(event, kind))
        for broken in ([*log[:index], *log[index + 1 :]], [*log[: index + 1], *log[index:]]):
            with pytest.raises((AssertionError, KeyError)):
                map_runs_end_once(broken)
