"""`sfnb store`, in this process."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from sfnb.cli import main
from sfnb.stores.sqlite import SqliteStore
from tests.stores.logs import arn, begun, failed, passes, succeeded

LONG_AGO = datetime(2020, 5, 17, 8, 30, tzinfo=UTC)
NOW = datetime.now(UTC)


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """`sfnb store ACTION`, in an empty folder, with a data folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))

    def call(action: str, *arguments: str, stdin: str = "", store: str | None = "kept.db") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        given = [] if store is None else ["--store", store]
        try:
            code = main(["store", action, *arguments, *given])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    """Three executions: an old one that succeeded, a new one that failed, one that was interrupted."""
    path = tmp_path / "kept.db"
    with closing(SqliteStore(path)) as store:
        key = store.keep_definition('{"StartAt": "Loop"}')
        first = [*begun("first", at=LONG_AGO, definition=key), *passes(300), succeeded(302, at=LONG_AGO)]
        store.append(arn("first"), first, after=0)
        second = [*begun("second", at=NOW, machine="refunds"), failed(2, "Bank.Closed", at=NOW)]
        store.append(arn("second", "refunds"), second, after=0)
        store.append(arn("third"), begun("third", at=NOW), after=0)
    return path


# list


def test_a_list_has_a_line_for_each_execution_newest_first(call: Call, kept: Path) -> None:
    answer = call("list")

    lines = [line.split() for line in answer.out.splitlines()]
    assert (answer.code, answer.err) == (0, "")
    assert lines[0] == ["STATUS", "STARTED", "MACHINE", "NAME", "EVENTS", "ERROR"]
    assert lines[1][0] == "INTERRUPTED"
    assert lines[2][0] == "FAILED"
    assert lines[2][3:] == ["refunds", "second", "3", "Bank.Closed"]
    assert lines[3] == ["SUCCEEDED", "2020-05-17", "08:30:00", "orders", "first", "303"]


def test_a_list_may_be_narrowed(call: Call, kept: Path) -> None:
    def names(*options: str) -> list[str]:
        return [each["name"] for each in json.loads(call("list", "--json", *options).out)]

    assert names() == ["third", "second", "first"]
    assert names("--machine", "orders") == ["third", "first"]
    assert names("--status", "failed", "--status", "SUCCEEDED") == ["second", "first"]
    assert names("--limit", "1") == ["third"]


def test_a_list_as_json_has_all_that_is_known(call: Call, kept: Path) -> None:
    (known,) = json.loads(call("list", "--json", "--status", "FAILED").out)

    assert known["arn"] == arn("second", "refunds")
    assert known["error"] == "Bank.Closed"
    assert known["events"] == 3
    assert datetime.fromisoformat(known["started"]) == NOW


def test_an_empty_list_says_so(call: Call, kept: Path) -> None:
    assert call("list", "--machine", "none") == (0, "", "no executions\n")
    assert call("list", "--machine", "none", "--json").out == "[]\n"


@pytest.mark.parametrize(
    ("action", "arguments"),
    [
        ("list", []),
        ("show", ["x"]),
        ("export", []),
        ("check", []),
        ("vacuum", []),
        ("delete", ["--older-than", "1d"]),
    ],
)
@pytest.mark.parametrize("store", ["nothing.db", None])
def test_a_store_that_is_not_there_is_told_and_not_made(
    call: Call, tmp_path: Path, action: str, arguments: list[str], store: str | None
) -> None:
    answer = call(action, *arguments, store=store)

    assert (answer.code, answer.out) == (2, "")
    assert answer.err.startswith("sfnb: there is no store at ")
    assert list(tmp_path.iterdir()) == []


# show


@pytest.mark.parametrize("name", ["first", arn("first")])
def test_an_execution_is_shown_by_name_or_arn(call: Call, kept: Path, name: str) -> None:
    answer = call("show", name, "--limit", "3")

    assert answer.code == 0
    assert f"execution  {arn('first')}\n" in answer.out
    assert "status     SUCCEEDED\n" in answer.out
    assert "records    303\n" in answer.out
    table = [line.split(maxsplit=4) for line in answer.out.split("\n\n")[1].splitlines()]
    assert table[0] == ["#", "ID", "TIME", "TYPE", "DETAILS"]
    assert table[1] == ["1", "1", "08:30:00.000", "ExecutionStarted", "input={}"]
    assert table[2][:3] == ["2", "08:30:00.000", "ExecutionPlanned"]
    assert table[3] == ["3", "2", "12:00:00.000", "PassStateEntered", 'name=Loop input={"n": 1}']
    assert answer.err == "300 more: --after 3\n"


def test_the_records_of_a_log_are_shown_in_parts(call: Call, kept: Path) -> None:
    answer = call("show", "first", "--after", "301")

    numbers = [line.split()[0] for line in answer.out.split("\n\n")[1].splitlines()]
    assert numbers == ["#", "302", "303"]
    assert answer.err == ""


def test_a_failure_is_shown_with_its_error(call: Call, kept: Path) -> None:
    assert "status     FAILED: Bank.Closed\n" in call("show", "second").out
    assert "status     INTERRUPTED\n" in call("show", "third").out


def test_an_execution_that_is_not_there_is_a_wrong_call(call: Call, kept: Path) -> None:
    for action in ("show", "export"):
        answer = call(action, "fifth")
        assert (answer.code, answer.out) == (2, "")
        assert "there is no execution 'fifth' in" in answer.err


def test_a_name_that_several_have_is_told_with_their_arns(call: Call, kept: Path) -> None:
    with closing(SqliteStore(kept)) as store:
        store.append(arn("first", "refunds"), begun("first", machine="refunds"), after=0)

    answer = call("show", "first")
    assert answer.code == 2
    assert arn("first") in answer.err
    assert arn("first", "refunds") in answer.err


def test_control_characters_do_not_reach_the_terminal(call: Call, kept: Path) -> None:
    with closing(SqliteStore(kept)) as store:
        store.append("odd", [*begun("odd"), failed(2, "\x1b[31mred\n")], after=0)

    assert "\x1b" not in call("show", "odd").out.split("\n\n")[1]
    assert "\x1b" not in call("show", "odd").out
    assert "\x1b" not in call("list").out


# export, import


def test_what_is_exported_can_be_imported_elsewhere(call: Call, kept: Path, tmp_path: Path) -> None:
    exported = call("export", "-o", "all.jsonl")
    assert exported == (0, "", "")
    imported = call("import", "all.jsonl", store="new/other.db")

    assert imported == (0, "", "3 executions imported\n")
    assert call("list", store="new/other.db").out == call("list").out
    assert call("export", store="new/other.db").out == (tmp_path / "all.jsonl").read_text()


def test_chosen_executions_are_exported(call: Call, kept: Path) -> None:
    lines = [json.loads(line) for line in call("export", "second", arn("third")).out.splitlines()]

    assert [line["execution"] for line in lines if "events" in line] == [
        arn("second", "refunds"),
        arn("third"),
    ]


def test_an_import_of_what_is_there_is_refused(call: Call, kept: Path) -> None:
    call("export", "second", "-o", "one.jsonl")
    answer = call("import", "one.jsonl")

    assert answer.code == 2
    assert f"already in the store, so nothing is imported: {arn('second', 'refunds')}" in answer.err


def test_a_file_that_cannot_be_written_is_told(call: Call, kept: Path) -> None:
    answer = call("export", "-o", "no/such/folder.jsonl")

    assert answer.code == 2
    assert "cannot write 'no/such/folder.jsonl': No such file or directory" in answer.err


# check, vacuum, where


def test_a_whole_store_passes_the_check(call: Call, kept: Path) -> None:
    answer = call("check")

    assert answer.code == 0
    assert "is whole: 3 executions, " in answer.err


def test_a_store_with_a_fault_fails_the_check(call: Call, kept: Path) -> None:
    with closing(SqliteStore(kept)) as store:
        store.writer.connection.execute("UPDATE executions SET status = 'FAILED'")

    answer = call("check")
    assert answer.code == 1
    assert f"error: {arn('first')}: its row says that status is 'FAILED', its log 'SUCCEEDED'" in answer.err


def test_a_file_that_is_no_store_is_a_wrong_call(call: Call, tmp_path: Path) -> None:
    (tmp_path / "kept.db").write_text("not a database, whatever it is called" * 100)

    assert call("check").code == 2
    assert "it is no SQLite database" in call("list").err


def test_vacuum_says_what_it_freed(call: Call, kept: Path) -> None:
    answer = call("vacuum")

    assert answer.code == 0
    assert " bytes freed, " in answer.err


def test_where_prints_the_path_alone(call: Call, kept: Path, tmp_path: Path) -> None:
    assert call("where") == (0, "kept.db\n", "")
    elsewhere = call("where", store=None)
    assert elsewhere.code == 0
    assert elsewhere.err == "it is not there yet\n"
    assert Path(elsewhere.out.strip()).name == "executions.db"
    assert not Path(elsewhere.out.strip()).parent.exists()


# delete


def names(call: Call) -> list[Any]:
    return [each["name"] for each in json.loads(call("list", "--json").out)]


def test_deleting_says_what_it_would_delete_and_asks(call: Call, kept: Path) -> None:
    refused = call("delete", "--older-than", "30d", stdin="n\n")

    assert refused.code == 2
    assert "1 execution begun before" in refused.err
    assert arn("first") in refused.err
    assert "nothing is deleted" in refused.err
    assert call("delete", "--older-than", "30d").code == 2  # nobody there to answer
    assert names(call) == ["third", "second", "first"]
    agreed = call("delete", "--older-than", "30d", stdin="y\n")
    assert agreed.code == 0
    assert "1 execution deleted, children included" in agreed.err
    assert names(call) == ["third", "second"]


def test_deleting_may_be_told_not_to_ask(call: Call, kept: Path) -> None:
    assert call("delete", "--older-than", "30d", "--yes").code == 0
    assert names(call) == ["third", "second"]


def test_what_is_young_or_ended_in_another_way_is_not_deleted(call: Call, kept: Path) -> None:
    assert call("delete", "--older-than", "30d", "--status", "failed", "--yes").err == "nothing to delete\n"
    assert call("delete", "--older-than", "5200w", "--yes").err == "nothing to delete\n"
    assert call("delete", "--older-than", "0m", "--status", "FAILED", "--yes").code == 0
    assert names(call) == ["third", "first"]


@pytest.mark.parametrize("age", ["30", "d", "30y", "-1d", "1.5d", ""])
def test_an_age_that_is_none_is_a_wrong_call(call: Call, kept: Path, age: str) -> None:
    answer = call("delete", f"--older-than={age}", "--yes")

    assert answer.code == 2
    assert names(call) == ["third", "second", "first"]


def test_what_has_no_end_cannot_be_asked_to_be_deleted(call: Call, kept: Path) -> None:
    assert call("delete", "--older-than", "0m", "--status", "RUNNING", "--yes").code == 2
    assert "third" in names(call)


def test_executions_are_deleted_by_name_or_arn_whatever_became_of_them(call: Call, kept: Path) -> None:
    asked = call("delete", "second", arn("third"), stdin="n\n")

    assert asked.code == 2
    assert f"{arn('second', 'refunds')} (FAILED), {arn('third')} (INTERRUPTED)" in asked.err
    assert names(call) == ["third", "second", "first"]
    done = call("delete", "second", arn("third"), "third", "--yes")
    assert (done.code, done.err.splitlines()[-1]) == (0, "2 executions deleted, children included")
    assert names(call) == ["first"]


def test_what_another_process_goes_on_with_is_not_deleted(call: Call, kept: Path) -> None:
    with closing(SqliteStore(kept)) as store:
        store.append(arn("fourth"), begun("fourth", at=NOW), after=0)
        answer = call("delete", "first", "fourth", "--yes")

    assert answer.code == 2
    assert f"is going on with {arn('fourth')}" in answer.err
    assert "first" in names(call)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "say what is to be deleted"),
        (["first", "--older-than", "1d"], "say what is to be deleted"),
        (["first", "--status", "FAILED"], "--status is for --older-than"),
        (["fifth"], "there is no execution 'fifth' in"),
    ],
)
def test_what_is_to_be_deleted_has_to_be_said_once(
    call: Call, kept: Path, arguments: list[str], said: str
) -> None:
    answer = call("delete", *arguments, "--yes")

    assert answer.code == 2
    assert said in answer.err
    assert len(names(call)) == 3


@pytest.mark.parametrize("action", ["list", "check", "vacuum", "where", "show", "export", "delete"])
def test_a_file_in_the_place_of_a_name_is_told_where_it_belongs(call: Call, kept: Path, action: str) -> None:
    answer = call(action, "kept.db")

    assert answer.code == 2
    assert "the file is named by --store kept.db" in answer.err


def test_an_age_beyond_all_time_deletes_nothing(call: Call, kept: Path) -> None:
    assert call("delete", "--older-than", "9999w", "--yes").err == "nothing to delete\n"
    answer = call("delete", "--older-than", "99999w", "--yes")

    assert answer.code == 2
    assert "'99999w' is no age" in answer.err


def test_an_action_has_help(call: Call) -> None:
    for action in ("list", "show", "export", "import", "check", "vacuum", "delete", "where"):
        assert call(action, "--help", store=None).code == 0
