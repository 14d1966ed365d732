"""Where executions are kept: in memory, in a file, and the table of all."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

import sfnb
from sfnb import default, keeping
from sfnb.keeping import kept_in, overview
from sfnb.stores.memory import MemoryStore
from sfnb.testing import NEW_YEAR, repeatable

PASS = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Bad", "Cause": "no"}}}
WAIT = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": True}}}


@pytest.fixture(autouse=True)
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The service behind the functions of the package, and the data folder, are this test's own."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    default.service.cache_clear()
    yield
    new_session()
    default.service().close()
    default.service.cache_clear()


def new_session() -> None:
    """As after a restart: what runs is interrupted, what is in memory is gone."""
    default.service().close()
    default.service.cache_clear()


# Where


def test_a_script_keeps_nothing_unless_told(tmp_path: Path) -> None:
    sfnb.load(PASS, name="orders").run()

    assert list(tmp_path.rglob("*")) == []
    assert dict(overview(default.service()))["kept in"] == "memory"
    assert "end with this process" in dict(overview(default.service()))["durability"]


def test_what_a_named_machine_runs_is_there_in_the_next_session(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "x.db")
    sfnb.load(PASS, name="orders").run({"n": 1}, name="first")
    sfnb.load(PASS).run(name="nameless")
    assert sorted(sfnb.executions().name) == ["first", "nameless"]
    new_session()

    sfnb.use_store(tmp_path / "x.db")
    assert list(sfnb.executions().name) == ["first"]
    execution = sfnb.get_execution("first")
    assert (execution.status, execution.output, execution.machine_name) == ("SUCCEEDED", {"n": 1}, "orders")
    assert list(execution.visits.state) == ["A"]


def test_the_file_is_in_the_data_folder_unless_told(tmp_path: Path) -> None:
    sfnb.use_store()

    assert kept_in(default.service()) == tmp_path / "data" / "sfnb" / "executions.db"


def test_what_ran_in_memory_can_still_be_found(tmp_path: Path) -> None:
    before = sfnb.load(PASS, name="orders").run(name="before")
    sfnb.use_store(tmp_path / "x.db")
    sfnb.load(PASS, name="orders").run(name="after")

    assert set(sfnb.executions().name) == {"before", "after"}
    assert sfnb.get_execution("before").arn == before.arn


def test_what_is_under_way_stays_where_it_is(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "one.db")
    execution = sfnb.load(WAIT, name="orders").start(name="under-way")
    sfnb.use_store(tmp_path / "two.db")
    assert sfnb.executions().empty

    execution.stop()
    assert execution.wait(60)
    assert [event.type for event in execution.log if event.id][-1] == "ExecutionAborted"
    sfnb.use_store(tmp_path / "one.db")
    assert list(sfnb.executions().status) == ["ABORTED"]


def test_memory_again(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "x.db")
    sfnb.use_store(durability="memory")
    sfnb.load(PASS, name="orders").run()
    new_session()

    sfnb.use_store(tmp_path / "x.db")
    assert sfnb.executions().empty


def test_a_file_that_cannot_be_opened_is_refused_and_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("not a database " * 100)

    with pytest.raises(sfnb.SfnbError, match=r"x\.db"):
        sfnb.use_store(tmp_path / "x.db")
    assert isinstance(default.service().store, MemoryStore)
    assert default.service().scratch is None


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "x.db")
    store = default.service().store
    sfnb.use_store(tmp_path / "x.db")

    assert default.service().store is store


def test_repeatable_executions_are_kept_in_memory(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "x.db")
    for _ in range(2):
        with repeatable():
            execution = sfnb.load(PASS, name="orders").run()
        assert (execution.name, execution.start_date) == ("execution-1", NEW_YEAR)
        new_session()
        sfnb.use_store(tmp_path / "x.db")
    assert sfnb.executions().empty


# The overview


def test_the_overview_counts_what_runs_waits_and_was_interrupted(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "x.db", durability="normal")
    sfnb.load(WAIT, name="orders").start(name="one")
    new_session()
    sfnb.use_store(tmp_path / "x.db", durability="normal")
    sfnb.load(WAIT, name="orders").start(name="two")
    sfnb.load(WAIT).start(name="three")

    found = dict(overview(default.service()))
    assert found["kept in"] == str(tmp_path / "x.db")
    assert found["size"].startswith("2 executions, ")
    assert found["size"].endswith("kB; 1 in memory")
    assert found["running"] == "2"
    assert found["interrupted"] == "1: %asl resume"
    assert found["durability"].startswith("normal: ")
    assert keeping.interrupted_line(default.service()) == "1 execution was interrupted: %asl resume"


# The table


def test_the_table_has_its_dtypes_also_when_it_is_empty() -> None:
    empty = sfnb.executions()
    sfnb.load(PASS, name="orders").run()
    full = sfnb.executions()

    assert len(empty) == 0
    assert len(full) == 1
    assert {name: str(dtype) for name, dtype in full.dtypes.items()} == {
        name: str(dtype) for name, dtype in empty.dtypes.items()
    }
    assert str(empty.dtypes["started"]) == "datetime64[us, UTC]"
    assert str(empty.dtypes["duration"]) == "timedelta64[us]"
    assert str(empty.dtypes["events"]) == "Int64"


def test_a_row_tells_what_became_of_an_execution() -> None:
    execution = sfnb.load(FAIL, name="orders").run(name="first")

    (row,) = sfnb.executions().to_dict("records")
    assert row["name"] == "first"
    assert row["machine"] == "orders"
    assert row["status"] == "FAILED"
    assert row["error"] == "Bad"
    assert row["events"] == len(execution.events)
    assert row["started"] == pd.Timestamp(execution.start_date)
    assert row["duration"] == row["stopped"] - row["started"] == execution.duration
    assert row["arn"] == execution.arn
    assert row["redrives"] == 0


@pytest.fixture
def several(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "x.db")
    sfnb.load(WAIT, name="slow").start(name="cut")
    new_session()
    sfnb.use_store(tmp_path / "x.db")
    sfnb.load(PASS, name="orders").run(name="first-1")
    sfnb.load(PASS, name="orders").run(name="first-2")
    sfnb.load(FAIL, name="broken").run(name="second")
    sfnb.load(WAIT, name="slow").start(name="third")
    sfnb.load(PASS).run(name="scratch")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        ({}, ["scratch", "third", "second", "first-2", "first-1", "cut"]),
        ({"machine": "orders"}, ["first-2", "first-1"]),
        ({"machine": "arn:aws:states:us-east-1:123456789012:stateMachine:broken"}, ["second"]),
        ({"status": "failed"}, ["second"]),
        ({"status": ["FAILED", "SUCCEEDED"]}, ["scratch", "second", "first-2", "first-1"]),
        ({"status": "running"}, ["third", "cut"]),
        ({"status": "interrupted"}, ["cut"]),
        ({"status": ["INTERRUPTED", "FAILED"]}, ["second", "cut"]),
        ({"name": "first-*"}, ["first-2", "first-1"]),
        ({"limit": 2}, ["scratch", "third"]),
        ({"status": "interrupted", "limit": 0}, []),
        ({"after": datetime(2100, 1, 1, tzinfo=UTC)}, []),
        ({"before": datetime(2100, 1, 1, tzinfo=UTC), "limit": None}, 6),
    ],
)
def test_what_is_asked_for_is_found(several: None, asked: dict[str, object], names: object) -> None:
    found = list(sfnb.executions(**asked).name)  # type: ignore[arg-type]

    assert (len(found) if isinstance(names, int) else found) == names


def test_what_was_interrupted_is_called_so(several: None) -> None:
    statuses = dict(zip(sfnb.executions().name, sfnb.executions().status, strict=True))

    assert statuses["cut"] == "INTERRUPTED"
    assert statuses["third"] == "RUNNING"


def test_what_cannot_be_asked_for_is_said() -> None:
    with pytest.raises(sfnb.SfnbError, match="there is no status 'DONE': there are RUNNING, SUCCEEDED"):
        sfnb.executions(status="done")
    with pytest.raises(sfnb.SfnbError, match="has no time zone"):
        sfnb.executions(after=datetime(2026, 1, 1))


# One


def test_a_name_that_is_nobodys_or_that_of_several_is_refused(several: None) -> None:
    with pytest.raises(sfnb.SfnbError, match=r"there is no execution 'secnod'; did you mean \"second\"\?"):
        sfnb.get_execution("secnod")
    sfnb.load(PASS, name="orders").run(name="second")
    with pytest.raises(sfnb.SfnbError, match="more than one is called 'second'"):
        sfnb.get_execution("second")


def test_an_age_is_a_number_with_a_unit() -> None:
    assert keeping.age("2w") == timedelta(weeks=2)
    for wrong in ("", "d", "3", "3y", "-3d"):
        with pytest.raises(sfnb.SfnbError):
            keeping.age(wrong)
