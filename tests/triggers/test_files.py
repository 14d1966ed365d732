"""Files that land in the folder that stands for S3."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from time import sleep
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.errors import SfnbError
from sfnb.items.buckets import BucketFault
from sfnb.items.folder import FolderBuckets
from sfnb.items.s3 import S3Buckets
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.triggers.files import MOVING_SECONDS
from sfnb.triggers.folders import GROWN_QUIET_SECONDS, QUIET_SECONDS, Mark, Settling, is_bucket_name, objects
from sfnb.triggers.refusals import ValidationException
from tests.triggers.by_hand import machine, settle, until


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "buckets" / "shop"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def service(folder: Path) -> Iterator[StepFunctions]:
    service = opened(folder)
    yield service
    service.close()


def opened(folder: Path, **options: Any) -> StepFunctions:
    return StepFunctions(buckets=FolderBuckets(folder.parent), **options)


def keys(of: Any) -> list[str]:
    return sorted(execution.input["detail"]["object"]["key"] for execution in of.executions)


def stays(service: StepFunctions, folder: Path, of: Any, wanted: list[str]) -> None:
    """These have been started, and none besides by the time that a later file is."""
    until(lambda: len(of.executions) >= len(wanted))
    later = folder / "zz-later"
    later.write_text("later")
    until(lambda: "zz-later" in keys(of))
    settle(service)
    assert keys(of) == sorted([*wanted, "zz-later"])
    later.unlink()


def test_a_file_that_lands_is_told_of_as_s3_does(service: StepFunctions, folder: Path) -> None:
    orders = machine(service)
    orders.on.file("*.csv", bucket="shop")

    (folder / "a.csv").write_text("1,2\n")
    (folder / "a.txt").write_text("no")
    until(lambda: orders.executions)

    given = orders.executions[0].input
    assert (given["source"], given["detail-type"]) == ("aws.s3", "Object Created")
    assert given["resources"] == ["arn:aws:s3:::shop"]
    detail = given["detail"]
    assert detail["bucket"] == {"name": "shop"}
    assert detail["reason"] == "PutObject"
    sequencer = detail["object"].pop("sequencer")
    assert int(sequencer, 16) > 0
    assert detail["object"] == {"key": "a.csv", "size": 4, "etag": "3ecfad755fa825f7a17c5526ec44e651"}
    assert keys(orders) == ["a.csv"]


def test_what_is_there_already_is_not_told_of(service: StepFunctions, folder: Path) -> None:
    (folder / "old").write_text("old")
    orders = machine(service)
    orders.on.file(bucket="shop")

    (folder / "new").write_text("new")

    stays(service, folder, orders, ["new"])


def test_a_file_written_in_parts_is_told_of_once_when_it_is_whole(
    service: StepFunctions, folder: Path
) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")

    with (folder / "slow").open("w") as file:
        for _ in range(8):
            file.write("x" * 100)
            file.flush()
            sleep(0.15)
    until(lambda: orders.executions)

    assert orders.executions[0].input["detail"]["object"]["size"] == 800
    stays(service, folder, orders, ["slow"])


def test_a_file_that_is_moved_in_keeps_its_time_and_is_told_of(
    service: StepFunctions, folder: Path, tmp_path: Path
) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")
    for name, seconds in (("old", 10**9), ("future", 4 * 10**9)):
        (tmp_path / name).write_text(name)
        os.utime(tmp_path / name, (seconds, seconds))
        (tmp_path / name).rename(folder / name)

    stays(service, folder, orders, ["future", "old"])


def test_an_overwritten_file_is_told_of_again(service: StepFunctions, folder: Path) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")
    (folder / "a").write_text("one")
    until(lambda: len(orders.executions) == 1)

    (folder / "a").write_text("two")

    stays(service, folder, orders, ["a", "a"])


def test_a_file_that_goes_is_told_of_to_who_wants_to_know(service: StepFunctions, folder: Path) -> None:
    (folder / "a").write_text("one")
    orders = machine(service)
    orders.on.file(bucket="shop", event="Object Deleted")

    (folder / "a").unlink()
    until(lambda: orders.executions)

    given = orders.executions[0].input
    assert given["detail-type"] == "Object Deleted"
    assert given["detail"]["deletion-type"] == "Permanently Deleted"
    assert given["detail"]["object"].keys() == {"key", "sequencer"}


def test_a_file_that_comes_back_as_it_was_is_another_object(
    service: StepFunctions, folder: Path, tmp_path: Path
) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")
    gone = machine(service, "gone")
    gone.on.file(bucket="shop", event="Object Deleted")
    (folder / "a").write_text("one")
    until(lambda: len(orders.executions) == 1)
    (folder / "a").rename(tmp_path / "a")
    until(lambda: len(gone.executions) == 1)

    (tmp_path / "a").rename(folder / "a")

    stays(service, folder, orders, ["a", "a"])


@pytest.mark.parametrize(
    "name", ["two words.csv", "größe.csv", "日本/注文 1.csv", "a+b&c=d.csv", "*?[x].csv"]
)
def test_names_are_as_they_are(service: StepFunctions, folder: Path, name: str) -> None:
    orders = machine(service)
    orders.on.file("*.csv", bucket="shop")

    (folder / name).parent.mkdir(exist_ok=True)
    (folder / name).write_text("1")
    until(lambda: orders.executions)

    assert keys(orders) == [name]


def test_what_is_no_object_is_left_out(service: StepFunctions, folder: Path) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")

    (folder / ".hidden").write_text("1")
    (folder / "empty").mkdir()
    (folder / "circle").symlink_to(folder)
    (folder / "nowhere").symlink_to(folder / "not there")
    with open(os.fsencode(folder) + b"/\xff", "w") as file:
        file.write("1")

    stays(service, folder, orders, [])


def test_many_files_at_once_are_one_execution_each(service: StepFunctions, folder: Path) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")

    for number in range(500):
        (folder / f"{number:03}").write_text(str(number))

    until(lambda: len(orders.executions) >= 500)
    stays(service, folder, orders, [f"{number:03}" for number in range(500)])


def test_buckets_of_several_triggers_are_watched(service: StepFunctions, folder: Path) -> None:
    orders, other = machine(service), machine(service, "other")
    orders.on.file(bucket="shop")
    other.on.file(bucket="other")

    (folder.parent / "other" / "b").write_text("b")
    (folder / "a").write_text("a")
    until(lambda: orders.executions and other.executions)

    assert (keys(orders), keys(other)) == (["a"], ["b"])
    service.triggers.remove("file:orders-file")
    (folder / "c").write_text("c")
    (folder.parent / "other" / "d").write_text("d")
    until(lambda: len(other.executions) == 2)
    assert keys(orders) == ["a"]


@pytest.mark.parametrize(("missed", "wanted"), [("all", ["a", "b"]), ("skip", ["a"])])
def test_files_that_landed_while_nothing_ran(
    folder: Path, tmp_path: Path, missed: Any, wanted: list[str]
) -> None:
    first = opened(folder, store=SqliteStore(tmp_path / "store.db"))
    orders = machine(first)
    orders.on.file(bucket="shop", missed=missed)
    (folder / "a").write_text("a")
    until(lambda: orders.executions)
    settle(first)
    first.close()
    (folder / "b").write_text("b")

    second = opened(folder, store=SqliteStore(tmp_path / "store.db"))
    orders = machine(second)

    done = {"all": "started for", "skip": "left"}[missed]
    assert [adopted.missed for adopted in second.taken_up] == [f"1 file landed meanwhile: {done}"]
    stays(second, folder, orders, wanted)
    second.close()


def test_each_trigger_is_told_of_what_landed_before_it_was_taken_up(folder: Path, tmp_path: Path) -> None:
    first = opened(folder, store=SqliteStore(tmp_path / "store.db"))
    for name in ("one", "two"):
        machine(first, name).on.file(bucket="shop")
    first.close()
    (folder / "a").write_text("a")

    second = opened(folder, store=SqliteStore(tmp_path / "store.db"))
    second.delete_state_machine("arn:aws:states:us-east-1:123456789012:stateMachine:two")
    one = machine(second, "one")
    until(lambda: one.executions)
    two = machine(second, "two")
    until(lambda: two.executions)
    (folder / "b").write_text("b")
    until(lambda: len(two.executions) == 2)
    settle(second)

    assert keys(one) == keys(two) == ["a", "b"]
    second.close()


def test_a_trigger_made_anew_is_not_told_of_what_came_between(service: StepFunctions, folder: Path) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop").remove()
    (folder / "a").write_text("a")
    orders.on.file(bucket="shop")

    stays(service, folder, orders, [])


def test_a_disabled_trigger_is_told_of_nothing(service: StepFunctions, folder: Path) -> None:
    orders, other = machine(service), machine(service, "other")
    trigger = orders.on.file(bucket="shop")
    other.on.file(bucket="shop")
    trigger.disable()
    (folder / "a").write_text("a")
    until(lambda: other.executions)

    trigger.enable()

    stays(service, folder, orders, [])


def test_the_folder_may_come_later_and_go(service: StepFunctions, folder: Path) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")
    shutil.rmtree(folder)
    folder.mkdir()
    (folder / "a").write_text("a")

    stays(service, folder, orders, ["a"])


def test_buckets_of_s3_tell_their_own_eventbridge(service: StepFunctions) -> None:
    service.buckets = S3Buckets(connect=lambda: None)

    with pytest.raises(SfnbError, match="use_buckets"):
        machine(service).on.file(bucket="shop")


def test_another_folder_is_watched_from_when_it_is_chosen(
    service: StepFunctions, folder: Path, tmp_path: Path
) -> None:
    orders, gone = machine(service), machine(service, "gone")
    orders.on.file(bucket="shop")
    gone.on.file(bucket="shop", event="Object Deleted")
    (folder / "a").write_text("a")
    until(lambda: orders.executions)
    other = tmp_path / "other" / "shop"
    other.mkdir(parents=True)
    (other / "old").write_text("old")
    kind: Any = service.triggers.kind("file")

    service.buckets = FolderBuckets(other.parent)
    until(lambda: {each.folder for some in kind._listings.values() for each in some} == {str(other.parent)})

    stays(service, other, orders, ["a"])
    until(lambda: gone.executions)
    assert keys(gone) == ["zz-later"]


def test_what_is_kept_of_another_folder_is_none_of_this_one(folder: Path, tmp_path: Path) -> None:
    first = opened(folder, store=SqliteStore(tmp_path / "store.db"))
    machine(first).on.file(bucket="shop")
    first.close()
    other = tmp_path / "other" / "shop"
    other.mkdir(parents=True)
    (other / "old").write_text("old")

    second = opened(other, store=SqliteStore(tmp_path / "store.db"))
    orders = machine(second)

    assert [adopted.missed for adopted in second.taken_up] == [""]
    stays(second, other, orders, [])
    second.close()


def test_that_there_is_no_folder_any_more_is_said_once(
    service: StepFunctions, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    orders = machine(service)
    orders.on.file(bucket="shop")

    service.buckets = S3Buckets(connect=lambda: None)
    until(lambda: caplog.records)
    (folder / "a").write_text("a")
    sleep(2 * MOVING_SECONDS)
    service.buckets = FolderBuckets(folder.parent)
    kind: Any = service.triggers.kind("file")
    until(lambda: "a" in kind._listings["file:orders-file"][0].objects)

    assert [record.getMessage()[:29] for record in caplog.records] == ["files start nothing for now: "]


# When a file is there


def test_a_file_is_there_when_it_was_left_alone() -> None:
    settling, mark = Settling(), Mark(1, 1, 1)

    assert settling.young({"a": mark}, 0.0) == {"a"}
    assert settling.young({"a": mark}, QUIET_SECONDS - 0.01) == {"a"}
    assert settling.young({"a": mark}, QUIET_SECONDS) == set()


def test_a_file_that_grows_is_waited_for_longer() -> None:
    settling = Settling()
    settling.young({"a": Mark(1, 1, 1)}, 0.0)

    assert settling.young({"a": Mark(2, 2, 1)}, 0.1) == {"a"}
    assert settling.young({"a": Mark(2, 2, 1)}, 0.1 + QUIET_SECONDS) == {"a"}
    assert settling.young({"a": Mark(2, 2, 1)}, 0.1 + GROWN_QUIET_SECONDS) == set()


@settings(max_examples=100)
@given(st.lists(st.tuples(st.floats(0.01, 2), st.booleans()), max_size=30))
def test_no_file_is_there_that_was_written_to_lately(looks: list[tuple[float, bool]]) -> None:
    """looks: how long after the one before, and whether it was written to meanwhile."""
    settling, now, written, size = Settling(), 0.0, 0.0, 0
    settling.young({"a": Mark(0, 0, 1)}, now)
    for pause, writes in looks:
        now += pause
        if writes:
            size, written = size + 1, now
        if not settling.young({"a": Mark(size, size, 1)}, now):
            assert now - written >= QUIET_SECONDS
            break


def test_a_folder_that_is_not_there_has_no_objects(tmp_path: Path) -> None:
    assert objects(tmp_path / "nowhere") == {}


@pytest.mark.parametrize("name", ["../../escaped", "..", "", "/etc", "a/b", "a\0b", ".hidden", "ü"])
def test_a_bucket_is_in_the_folder_of_buckets(service: StepFunctions, folder: Path, name: str) -> None:
    orders = machine(service)
    landed = orders.on.file(bucket="shop", name="landed")
    before = sorted(folder.parent.parent.rglob("*"))

    with pytest.raises(ValidationException, match="no name of a bucket"):
        orders.on.file(bucket=name, name="other")
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": ["shop", name]}}}
    with pytest.raises(ValidationException, match="no name of a bucket"):
        service.triggers.buses.put_rule({"Name": "landed", "EventPattern": json.dumps(pattern)})

    assert sorted(folder.parent.parent.rglob("*")) == before
    (folder / "a.csv").write_text("1")
    until(lambda: keys(orders) == ["a.csv"])
    assert [seen.trigger.key for seen in service.triggers.all()] == [landed.key]


@given(name=st.text(alphabet="aZ09._-/\\é\n ", max_size=260) | st.text(max_size=5))
def test_the_names_of_buckets_are_those_that_their_folder_takes(name: str) -> None:
    with pytest.raises(BucketFault) as fault:
        FolderBuckets("nowhere").head(name, "key")

    assert is_bucket_name(name) == (fault.value.code == "NoSuchBucket")


@pytest.mark.parametrize(
    "settings",
    [
        {"EventPattern": '{"detail":{"bucket":["b"]}}'},
        {"EventPattern": '{"detail":{"bucket":{"name":[{"prefix":"x"}]}}}'},
        {"EventPattern": '{"detail":{"$or":[{"a":[1]},{"b":[2]}]}}'},
        {"EventPattern": '{"source":["shop"]}'},
        {"ScheduleExpression": "rate(1 day)"},
    ],
)
def test_a_rule_for_files_may_become_one_that_names_no_bucket(
    service: StepFunctions, settings: dict[str, str]
) -> None:
    orders = machine(service)
    landed = orders.on.file(bucket="shop", name="landed")

    service.triggers.buses.put_rule({"Name": "landed", **settings})

    assert service.triggers.words(service.triggers.held[landed.key])
    assert service.triggers.buses.describe_rule({"Name": "landed"}).items() >= settings.items()
