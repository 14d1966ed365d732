"""Searching the payloads of an execution."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sfnb.engine import events as ev
from sfnb.engine.events import Event
from sfnb.engine.visits import Visit, fold_visits
from sfnb.errors import SfnbError
from sfnb.select import InvalidPath, select

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


@pytest.fixture
def visits() -> list[Visit]:
    """A Parallel of two branches: the first one ends after the second."""
    steps = [
        (ev.ParallelStateEntered, (), {"name": "Both", "input": '{"total":1}'}),
        (ev.ParallelStateStarted, (), {}),
        (ev.PassStateEntered, (2, 0), {"name": "Left", "input": '{"total":1}'}),
        (ev.MapStateEntered, (2, 1), {"name": "Each", "input": '{"total":1}'}),
        (ev.MapStateStarted, (2, 1), {"length": 4}),
        (ev.PassStateEntered, (2, 1, 5, 3), {"name": "Step", "input": '{"total":2}'}),
        (
            ev.PassStateExited,
            (2, 1, 5, 3),
            {"name": "Step", "output": '{"total":3,"unit price":[{"x":null}]}'},
        ),
        (ev.MapStateExited, (2, 1), {"name": "Each", "output": '[{"total":3}]'}),
        (ev.PassStateExited, (2, 0), {"name": "Left", "output": '"text"'}),
    ]
    events: list[Event] = [
        kind(id=n, previous_event_id=n - 1, timestamp=NOON + timedelta(seconds=n), frame=frame, **fields)
        for n, (kind, frame, fields) in enumerate(steps, 1)
    ]
    return fold_visits(events)


def test_the_input_of_the_execution_and_every_output_are_searched(visits: list[Visit]) -> None:
    found = select("$..total", visits)

    assert found.value.tolist() == [1, 3, 3]
    assert found.state.tolist() == ["Both", "Step", "Each"]
    assert found["where"].tolist() == ["input", "output", "output"]
    assert found.full_path.tolist() == ["$.total", "$.total", "$[0].total"]
    assert found.event_id.tolist() == [1, 7, 8]
    assert found.iteration.tolist()[1] == 3
    assert found.iteration.isna().tolist() == [True, False, True]
    assert found.time.tolist()[2] == NOON + timedelta(seconds=8)


def test_inputs_are_searched_when_asked_for(visits: list[Visit]) -> None:
    found = select("$.total", visits, inputs=True)

    assert found.state.tolist() == ["Both", "Left", "Each", "Step", "Step"]
    assert found.value.tolist() == [1, 1, 1, 2, 3]
    assert found.event_id.is_monotonic_increasing


def test_results_stand_in_the_order_of_the_log(visits: list[Visit]) -> None:
    assert select("$", visits).event_id.tolist() == [1, 7, 8, 9]


def test_a_place_is_written_as_a_definition_writes_it(visits: list[Visit]) -> None:
    found = select("$..x", visits)

    assert found.full_path.tolist() == ["$['unit price'][0].x"]
    assert found.value.tolist() == [None]
    assert select(found.full_path[0], visits).full_path.tolist() == found.full_path.tolist()


def test_nothing_found_is_an_empty_frame_of_the_same_types(visits: list[Visit]) -> None:
    some, none = select("$..total", visits), select("$.nowhere", visits)

    assert len(none) == 0
    assert none.dtypes.astype(str).to_dict() == some.dtypes.astype(str).to_dict()
    assert len(select("$", [])) == 0


def test_a_value_that_the_path_cannot_work_on_is_passed_over(visits: list[Visit]) -> None:
    assert select("$.total.`sub(/1/, one)`", visits).empty


@pytest.mark.parametrize(
    ("path", "caret"),
    [("$.a b", 4), ("$.a[", 4), ("$..x[?(@.y >)]", 12), ("$.é", 2), ("", 0), ("$['a", 4)],
)
def test_a_path_that_cannot_be_read_is_shown_with_a_caret(path: str, caret: int) -> None:
    with pytest.raises(InvalidPath) as refusal:
        select(path, [])

    assert isinstance(refusal.value, SfnbError)
    head, shown, pointer = str(refusal.value).split("\n")
    assert head.startswith(f"cannot read the JSONPath at column {caret + 1}: ")
    assert (shown, pointer) == (f"  {path}", f"  {' ' * caret}^")


@pytest.mark.parametrize("path", ["$.a.`sub(/a/,`", "$.a[?(@.b =~ '(')]"])
def test_a_bad_part_without_a_place_underlines_the_path(path: str) -> None:
    events = [
        ev.PassStateEntered(id=1, previous_event_id=0, timestamp=NOON, name="A", input='{"a":[{"b":"c"}]}')
    ]
    with pytest.raises(InvalidPath) as refusal:
        select(path, fold_visits(events))

    assert str(refusal.value).endswith(f"  {path}\n  {'^' * len(path)}")
