"""What every store promises the engine."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.events import Event, ExecutionAborted, ExecutionStarted, PassStateEntered
from sfnb.engine.ports import Append, EventStore, Resource
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.errors import StaleAppend
from sfnb.stores import STORES
from tests.stores.logs import MACHINE, NOON, arn, begun, failed, passes, succeeded

LOG: Sequence[Event] = [
    ExecutionStarted(id=1, previous_event_id=0, timestamp=NOON, input='{"é": 1}', role_arn="role"),
    PassStateEntered(id=2, previous_event_id=0, timestamp=NOON, frame=(1, 2), name="😀", input="null"),
    facts.TaskPrinted(id=0, previous_event_id=2, timestamp=NOON, text="line\n"),
    ExecutionAborted(id=3, previous_event_id=0, timestamp=NOON.replace(microsecond=123456)),
]


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    store = STORES[request.param](tmp_path / "executions.db")
    yield store
    store.close()


def found(store: EventStore, **wanted: Any) -> list[str]:
    """The names of the executions that a store lists."""
    return [record.name for record in store.list(ExecutionFilter(**wanted))]


# Appending and reading


def test_what_was_appended_is_read_in_order(store: EventStore) -> None:
    store.append("run", LOG[:1], after=0)
    store.append("run", LOG[1:], after=1)

    assert list(store.read("run")) == LOG


def test_reading_may_leave_out_the_first_events(store: EventStore) -> None:
    store.append("run", LOG[:3], after=0)
    store.append("run", LOG[3:], after=3)

    for after in (1, 2, 3):
        assert list(store.read("run", after=after)) == LOG[after:]
    assert list(store.read("run", after=4)) == []
    assert list(store.read("run", after=9)) == []


def test_reading_back_begins_with_the_last(store: EventStore) -> None:
    store.append("run", LOG[:3], after=0)
    store.append("run", LOG[3:], after=3)

    assert list(store.read_back("run")) == LOG[::-1]
    assert list(store.read_back("nowhere")) == []


def test_a_long_log_is_read_as_it_was_written_from_both_ends(store: EventStore) -> None:
    log = [*begun("run"), *passes(10_000)]
    store.append("run", log[:2], after=0)
    store.append("run", log[2:9_000], after=2)
    for at in range(9_000, len(log), 7):
        store.append("run", log[at : at + 7], after=at)

    assert list(store.read("run")) == log
    assert list(store.read("run", after=4_097)) == log[4_097:]
    assert list(store.read("run", after=9_003)) == log[9_003:]
    assert list(store.read_back("run")) == log[::-1]


def test_the_second_writer_is_refused_and_nothing_is_written(store: EventStore) -> None:
    store.append("run", LOG[:2], after=0)

    for after in (0, 1, 3):
        with pytest.raises(StaleAppend):
            store.append("run", LOG[2:], after=after)
    assert list(store.read("run")) == LOG[:2]


def test_a_stream_that_is_not_there_is_empty(store: EventStore) -> None:
    assert list(store.read("nowhere")) == []
    assert store.find("nowhere") is None
    with pytest.raises(StaleAppend):
        store.append("nowhere", LOG, after=1)
    assert list(store.executions()) == []


def test_an_append_of_nothing_makes_no_stream(store: EventStore) -> None:
    store.append("run", [], after=0)

    assert list(store.executions()) == []
    assert store.find("run") is None
    assert found(store) == []


def test_streams_do_not_mix(store: EventStore) -> None:
    store.append("one", LOG[:1], after=0)
    store.append("two", LOG[:2], after=0)
    store.append("one", LOG[1:2], after=1)

    assert list(store.read("one")) == list(store.read("two")) == LOG[:2]
    assert list(store.read_back("one")) == list(store.read_back("two")) == LOG[1::-1]
    assert list(store.executions()) == ["one", "two"]


def test_what_is_being_read_may_grow(store: EventStore) -> None:
    store.append("run", LOG[:1], after=0)
    reading = store.read("run")
    reading_back = store.read_back("run")
    store.append("run", LOG[1:], after=1)

    assert list(reading)[:1] == LOG[:1]
    assert list(reading_back)[-1:] == LOG[:1]


def test_the_writer_may_use_its_list_again(store: EventStore) -> None:
    batch = [LOG[0]]
    store.append("run", batch, after=0)
    batch.clear()

    assert list(store.read("run")) == LOG[:1]


def test_several_streams_are_appended_to_at_once(store: EventStore) -> None:
    store.append("one", LOG[:1], after=0)
    store.append_all([Append("two", LOG[:3], 0), Append("one", LOG[1:2], 1)])

    assert list(store.read("one")) == LOG[:2]
    assert list(store.read("two")) == LOG[:3]


def test_one_stale_stream_refuses_all_that_were_to_be_appended_with_it(store: EventStore) -> None:
    store.append("one", LOG[:2], after=0)

    with pytest.raises(StaleAppend):
        store.append_all([Append("two", LOG[:1], 0), Append("one", LOG[2:], 1), Append("three", LOG[:1], 0)])
    assert list(store.executions()) == ["one"]
    assert list(store.read("one")) == LOG[:2]


def test_a_stream_that_is_forgotten_is_gone_and_may_begin_anew(store: EventStore) -> None:
    store.append("run", LOG, after=0)
    store.append("other", LOG, after=0)
    store.forget("run")
    store.forget("nowhere")

    assert list(store.read("run")) == list(store.read_back("run")) == []
    assert store.find("run") is None
    assert list(store.executions()) == ["other"]
    store.append("run", LOG[:1], after=0)
    assert list(store.read("run")) == LOG[:1]
    assert list(store.read("other")) == LOG


def test_writers_in_many_threads_each_append_to_their_own_stream(store: EventStore) -> None:
    log = [*begun("run"), *passes(60)]

    def write(name: str) -> None:
        for at in range(len(log)):
            store.append(name, log[at : at + 1], after=at)

    threads = [threading.Thread(target=write, args=(f"run-{n}",)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(store.executions()) == [f"run-{n}" for n in range(6)]
    for name in store.executions():
        assert list(store.read(name)) == log


def test_of_many_writers_to_one_place_exactly_one_wins(store: EventStore) -> None:
    won: list[int] = []

    def write(n: int) -> None:
        try:
            store.append("run", [*begun(f"by-{n}")], after=0)
        except StaleAppend:
            return
        won.append(n)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    (winner,) = won
    assert list(store.read("run")) == begun(f"by-{winner}")


# Any event, any text


TEXTS = st.text(st.characters(), max_size=30) | st.builds(
    lambda char, count, end: char * count + end,
    st.sampled_from("aé😀\ud800"),
    st.integers(1_000, 5_000),
    st.text(),
)


def made(kind: type[Event], draw: st.DrawFn) -> Event:
    """An event of a class with any values in its fields."""
    names = kind in (facts.ExecutionPlanned, facts.DefinitionReplaced, ev.MapRunStarted)
    texts = st.text() if names else TEXTS
    by_type: dict[Any, st.SearchStrategy[Any]] = {str: texts, int: st.integers(0, 2**53)}
    fields: dict[str, Any] = {}
    for field in structs.fields(kind):
        if "dict" in str(field.type):
            fields[field.name] = draw(st.none() | st.dictionaries(st.text(max_size=5), TEXTS, max_size=3))
        elif field.type in by_type:
            fields[field.name] = draw(by_type[field.type])
        elif str(field.type) == "str | None":
            fields[field.name] = draw(st.none() | texts)
    moment = NOON + timedelta(microseconds=draw(st.integers(0, 10**15)))
    times = {f.name: moment for f in structs.fields(kind) if "datetime" in str(f.type)}
    frame = tuple(draw(st.lists(st.integers(0, 2**40), max_size=4)))
    return kind(**{**fields, **times, "frame": frame})


KINDS = [
    kind
    for module in (ev, facts)
    for kind in vars(module).values()
    if isinstance(kind, type) and issubclass(kind, Event) and not kind.__name__.startswith("_")
]
ANY_EVENTS = st.lists(st.composite(lambda draw: made(draw(st.sampled_from(KINDS[2:])), draw))(), min_size=1)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(log=ANY_EVENTS, cut=st.integers(0, 10))
def test_every_kind_of_event_comes_back_as_it_was(store: EventStore, log: list[Event], cut: int) -> None:
    store.forget("run")
    store.append("run", log[:cut], after=0)
    store.append("run", log[cut:], after=len(log[:cut]))

    assert list(store.read("run")) == log
    assert list(store.read_back("run")) == log[::-1]
    record = store.find("run")
    assert record is not None
    assert record.events == len(log)


def test_texts_that_are_no_unicode_are_kept(store: EventStore) -> None:
    log: list[Event] = [
        facts.TaskPrinted(id=0, previous_event_id=1, timestamp=NOON, text="caf\udce9"),
        ev.TaskStateExited(
            id=2,
            previous_event_id=1,
            timestamp=NOON,
            name="\udcff",
            output="{}",
            assigned_variables={"a": "\ud800" * 3, "b": "plain"},
        ),
    ]
    store.append("run", log, after=0)

    assert list(store.read("run")) == log


# What is known of an execution


def test_a_running_execution_is_recorded_with_all_that_was_planned(store: EventStore) -> None:
    plan = begun("first", kind="EXPRESS", definition="d" * 64, origin="o", origin_event=7)
    store.append(arn("first"), plan, after=0)

    assert store.find(arn("first")) == ExecutionRecord(
        arn=arn("first"),
        started=NOON,
        name="first",
        machine=MACHINE,
        machine_name="orders",
        kind="EXPRESS",
        definition="d" * 64,
        origin="o",
        origin_event=7,
        events=2,
        last_id=1,
    )


def test_the_end_of_an_execution_is_recorded(store: EventStore) -> None:
    store.append("run", begun("run"), after=0)
    store.append("run", passes(2), after=2)
    end = NOON + timedelta(days=400, microseconds=3)
    store.append("run", [failed(4, "Boom", at=end)], after=4)

    record = store.find("run")
    assert record is not None
    assert (record.status, record.stopped, record.error) == ("FAILED", end, "Boom")
    assert (record.events, record.last_id, record.name) == (5, 4, "run")


def test_an_execution_that_is_redriven_is_running_again(store: EventStore) -> None:
    store.append("run", [*begun("run"), failed(2, "Boom")], after=0)
    redriven = ev.ExecutionRedriven(id=3, previous_event_id=2, timestamp=NOON, redrive_count=1)
    store.append("run", [redriven], after=3)

    record = store.find("run")
    assert record is not None
    assert (record.status, record.stopped, record.error, record.redrive_count) == ("RUNNING", None, None, 1)


def test_what_is_known_does_not_depend_on_how_it_was_appended(store: EventStore) -> None:
    log = [*begun("run", parent="map", index=3), *passes(4), succeeded(6)]
    store.append("whole", log, after=0)
    for at in range(len(log)):
        store.append("bit", log[at : at + 1], after=at)

    whole, bit = store.find("whole"), store.find("bit")
    assert whole is not None
    assert bit is not None
    assert structs.replace(bit, arn="whole") == whole


# Listing


@pytest.fixture
def full(store: EventStore) -> EventStore:
    """Three executions of orders, one of refunds, and two children of a map run."""
    for n, (name, machine) in enumerate(
        [("alpha", "orders"), ("beta", "orders"), ("gamma", "refunds"), ("alpine", "orders")]
    ):
        log = begun(name, at=NOON + timedelta(hours=n), machine=machine)
        store.append(arn(name, machine), log, after=0)
    for index in (1, 0):
        log = begun(f"child-{index}", parent="arn:map", index=index)
        store.append(arn(f"child-{index}"), log, after=0)
    store.append(arn("beta"), [failed(2, "Boom")], after=2)
    store.append(arn("alpine"), [succeeded(2)], after=2)
    return store


def test_the_newest_execution_is_listed_first_and_children_are_left_out(full: EventStore) -> None:
    assert found(full) == ["alpine", "gamma", "beta", "alpha"]


def test_a_listed_record_is_the_one_that_is_found(full: EventStore) -> None:
    for record in full.list(ExecutionFilter()):
        assert record == full.find(record.arn)


def test_executions_are_found_by_their_machine(full: EventStore) -> None:
    assert found(full, machine="orders") == found(full, machine=MACHINE) == ["alpine", "beta", "alpha"]
    assert found(full, machine="refunds") == ["gamma"]
    assert found(full, machine="nothing") == []


def test_executions_are_found_by_their_status(full: EventStore) -> None:
    assert found(full, status=["RUNNING"]) == ["gamma", "alpha"]
    assert found(full, status=["FAILED", "SUCCEEDED"]) == ["alpine", "beta"]
    assert found(full, status=[]) == []


def test_executions_are_found_by_a_pattern_of_their_name(full: EventStore) -> None:
    assert found(full, name="al*") == ["alpine", "alpha"]
    assert found(full, name="?????") == ["gamma", "alpha"]
    assert found(full, name="alpha") == ["alpha"]
    assert found(full, name="ALPHA") == []
    assert found(full, name="alp") == []
    assert found(full, name="al%") == []


def test_executions_are_found_by_when_they_began(full: EventStore) -> None:
    one = NOON + timedelta(hours=1)

    assert found(full, after=one) == ["alpine", "gamma", "beta"]
    assert found(full, before=one) == ["alpha"]
    assert found(full, after=one, before=one + timedelta(microseconds=1)) == ["beta"]


def test_children_are_found_by_their_map_run_in_their_order(full: EventStore) -> None:
    assert found(full, parent="arn:map") == ["child-0", "child-1"]
    assert found(full, parent="arn:map", status=["FAILED"]) == []
    assert found(full, parent="arn:map", limit=1, offset=1) == ["child-1"]
    assert found(full, parent="arn:other") == []


def test_a_listing_may_be_taken_in_parts(full: EventStore) -> None:
    assert found(full, limit=2) == ["alpine", "gamma"]
    assert found(full, limit=2, offset=2) == ["beta", "alpha"]
    assert found(full, offset=3) == ["alpha"]
    assert found(full, limit=0) == []
    assert found(full, machine="orders", status=["RUNNING"], limit=5, name="*a") == ["alpha"]


# Owning, definitions, the end


def test_what_we_began_is_ours_and_claiming_it_changes_nothing(store: EventStore) -> None:
    store.append("run", begun("run"), after=0)
    store.claim("run")
    store.claim("nowhere")

    record = store.find("run")
    assert record is not None
    assert record.owner == "us"
    assert not record.interrupted
    store.append("run", [succeeded(2)], after=2)


def test_a_definition_is_kept_under_a_key_equal_for_equal_texts(store: EventStore) -> None:
    key = store.keep_definition('{"StartAt": "é"}')

    assert store.keep_definition('{"StartAt": "é"}') == key
    assert store.keep_definition("{}") != key
    assert store.definition(key) == '{"StartAt": "é"}'
    with pytest.raises(KeyError):
        store.definition("nothing")


def test_closing_may_be_repeated(store: EventStore) -> None:
    store.append("run", begun("run"), after=0)
    store.close()
    store.close()


def test_a_map_run_is_found_by_its_execution_and_that_by_it(store: EventStore) -> None:
    opened = ev.MapRunStarted(id=2, previous_event_id=1, timestamp=NOON, map_run_arn="run")
    store.append("origin", [LOG[0], opened], after=0)
    store.append("fork", [LOG[0], opened], after=0)
    store.append("other", LOG, after=0)

    assert [list(store.map_runs(name)) for name in ("origin", "fork")] == [["run"], ["run"]]
    assert [list(store.map_runs(name)) for name in ("other", "none")] == [[], []]
    assert store.opener("run") == "origin"
    assert store.opener("none") is None
    store.forget("origin")
    assert store.opener("run") == "fork"


# Resources


def test_several_resources_change_at_once(store: EventStore) -> None:
    store.keep_resource("a", "thing", b"old")
    store.keep_resource("b", "thing", b"2")

    store.change_resources(
        keep=[Resource("a", "thing", b"new"), Resource("c", "other", b"3")], drop=["b", "nothing"]
    )

    assert store.resources("thing") == [b"new"]
    assert store.resources("other") == [b"3"]


def test_a_resource_can_be_held_more_than_once_by_us(store: EventStore) -> None:
    store.keep_resource("a", "thing", b"1")

    assert store.hold_resource("a") is None
    assert store.hold_resource("a") is None
    store.keep_resource("a", "thing", b"2")
    assert store.hold_resource("a") is None


def test_one_resource_is_found_by_its_name(store: EventStore) -> None:
    store.keep_resource("a", "thing", b"1")

    assert store.resource("a") == b"1"
    assert store.resource("b") is None
