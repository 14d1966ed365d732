"""Maps and their items, from logs made by hand."""

from __future__ import annotations

import pytest
from event_logs import Log, after

from sfnb.engine.events import FramePath
from sfnb.engine.visits import fold_items, fold_visits


def map_log(outer: FramePath = (), log: Log | None = None, name: str = "Each", items: int = 2) -> Log:
    """A Map of tasks in `outer`, its iterations one after another; not yet ended."""
    log = log or Log()
    log.enter("Map", name, outer, input="[1,2]")
    started = log.add("MapStateStarted", outer, length=items)
    for index in range(items):
        frame = (*outer, started, index)
        log.add("MapIterationStarted", frame, name=name, index=index)
        log.enter("Pass", f"{name}Step", frame, input=str(index))
        log.exit("Pass", f"{name}Step", frame, output=str(index * 10))
        log.add("MapIterationSucceeded", frame, name=name, index=index)
    return log


def test_the_items_of_a_map() -> None:
    log = map_log()
    log.add("MapStateSucceeded")
    log.exit("Map", "Each", output="[0,10]")

    visits, items = fold_visits(log.events), fold_items(log.events)
    assert [(visit.path, visit.iteration) for visit in visits] == [
        (("Each",), None),
        (("Each", 0, "EachStep"), (0,)),
        (("Each", 0, "EachStep"), (1,)),
    ]
    assert [(i.state, i.path, i.index, i.input, i.output, i.status) for i in items] == [
        ("Each", ("Each",), 0, "0", "0", "succeeded"),
        ("Each", ("Each",), 1, "1", "10", "succeeded"),
    ]
    assert (items[0].started_id, items[0].started, items[0].stopped) == (4, after(3), after(6))
    assert (items[0].attempt, items[0].iteration, items[0].frame) == (1, None, (3, 0))


def test_a_map_in_a_map() -> None:
    log = Log()
    log.enter("Map", "Orders")
    started = log.add("MapStateStarted", length=8)
    log.add("MapIterationStarted", (started, 7), name="Orders", index=7)
    map_log((started, 7), log, "Lines")

    visits, items = fold_visits(log.events), fold_items(log.events)
    assert visits[-1].path == ("Orders", 0, "Lines", 0, "LinesStep")
    assert visits[-1].iteration == (7, 1)
    assert [(item.state, item.iteration, item.index, item.status) for item in items] == [
        ("Orders", None, 7, "running"),
        ("Lines", (7,), 0, "succeeded"),
        ("Lines", (7,), 1, "succeeded"),
    ]
    assert items[0].output is None


def failing_map(log: Log, attempt_after: int | None = None) -> int:
    """Item 0 waits, item 1 fails; returns the last event of item 1."""
    started = log.add("MapStateStarted", length=2, after=attempt_after)
    for index in range(2):
        log.add("MapIterationStarted", (started, index), name="Each", index=index)
    log.enter("Wait", "Pause", (started, 0), input="0")
    failed = log.enter("Fail", "Stop", (started, 1), input="1")
    log.add("MapIterationFailed", (started, 1), name="Each", index=1)
    log.add("MapIterationAborted", (started, 0), name="Each", index=0)
    return failed


def test_a_failed_item_fails_the_map() -> None:
    log = Log()
    log.enter("Map", "Each")
    log.add("MapStateFailed", after=failing_map(log))
    log.add("ExecutionFailed", error="E", cause="C")

    assert [(visit.state, visit.status) for visit in fold_visits(log.events)] == [
        ("Each", "failed"),
        ("Pause", "aborted"),
        ("Stop", "failed"),
    ]
    assert [(i.status, i.input, i.error, i.cause) for i in fold_items(log.events)] == [
        ("aborted", "0", None, None),
        ("failed", "1", "E", "C"),
    ]


@pytest.mark.parametrize("with_facts", [True, False])
def test_a_map_that_is_retried_begins_all_items_again(with_facts: bool) -> None:
    log = Log()
    log.enter("Map", "Each")
    failed = failing_map(log)
    if with_facts:
        log.retry("Each", 1, "E", after=failed)
    failed = failing_map(log, failed)
    log.add("MapStateFailed", after=failed)
    if with_facts:
        log.fact("ErrorCaught", name="Each", catcher=0, error="E", cause="C")
    log.exit("Map", "Each")

    visits, items = fold_visits(log.events), fold_items(log.events)
    assert (visits[0].status, visits[0].attempts) == ("caught", 2)
    assert [(item.attempt, item.index, item.status) for item in items] == [
        (1, 0, "aborted"),
        (1, 1, "failed"),
        (2, 0, "aborted"),
        (2, 1, "failed"),
    ]
    assert [item.error for item in items if item.status == "failed"] == (
        ["E", "E"] if with_facts else [None, None]
    )


def test_an_item_whose_failure_ends_the_execution_at_once_has_failed() -> None:
    log = Log()
    log.enter("Map", "Each")
    started = log.add("MapStateStarted", length=2)
    for index in range(2):
        log.add("MapIterationStarted", (started, index), name="Each", index=index)
        last = log.enter("Choice", "Which", (started, index))
    log.add("ExecutionFailed", after=last, error="States.Runtime")

    assert [visit.status for visit in fold_visits(log.events)] == ["failed", "aborted", "failed"]
    assert [(i.status, i.error) for i in fold_items(log.events)] == [
        ("aborted", None),
        ("failed", "States.Runtime"),
    ]
