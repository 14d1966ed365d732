"""Looking after a store: checked, tidied, carried to another."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from msgspec import structs

from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.clock import RealClock
from sfnb.engine.events import Event
from sfnb.engine.records import ExecutionFilter
from sfnb.errors import SfnbError, StoreFault
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore
from sfnb.stores.sqlite.checking import Finding, check
from sfnb.stores.sqlite.chunks import event_classes
from sfnb.stores.sqlite.maintenance import deletable, delete, delete_chosen, size_bytes, vacuum
from sfnb.stores.sqlite.portable import export, import_file
from tests.stores.logs import NOON, begun, failed, passes, succeeded

MAP_RUN = "arn:map-run"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "executions.db")
    yield store
    store.close()


def map_run(identity: int = 2, of: str = MAP_RUN) -> Event:
    return ev.MapRunStarted(id=identity, previous_event_id=1, timestamp=NOON, map_run_arn=of)


def fill(store: SqliteStore) -> None:
    """A parent that ended, with two children of which one has a child; one that failed; one that runs."""
    key = store.keep_definition('{"StartAt": "A"}')
    parent = [*begun("parent", definition=key), map_run(), succeeded(3)]
    store.append("parent", parent, after=0)
    store.append("child-0", [*begun("child-0", parent=MAP_RUN, index=0), succeeded(2)], after=0)
    nested = [*begun("child-1", parent=MAP_RUN, index=1), map_run(of="arn:nested"), failed(3, "Boom")]
    store.append("child-1", nested, after=0)
    store.append("grandchild", [*begun("grandchild", parent="arn:nested", index=0), succeeded(2)], after=0)
    store.append("failed", [*begun("failed", at=NOON + timedelta(days=1)), failed(2, "Boom")], after=0)
    store.append("running", begun("running", machine="refunds"), after=0)
    store.append("running", passes(3_000), after=2)


# Checking


def test_a_store_that_is_well_has_no_findings(store: SqliteStore) -> None:
    fill(store)
    redriven = ev.ExecutionRedriven(id=3, previous_event_id=2, timestamp=NOON, redrive_count=1)
    store.append("failed", [redriven], after=3)
    for at, event in enumerate([*begun("bit by bit"), failed(2, "caf\udce9")]):
        store.append("bit by bit", [event], after=at)

    assert check(store) == []


@pytest.mark.parametrize(
    ("damage", "finding"),
    [
        (
            "DELETE FROM chunks WHERE place = (SELECT number << 32 FROM executions WHERE arn = 'running')",
            Finding("records 1 to 2 are missing", "running"),
        ),
        (
            "DELETE FROM chunks WHERE place = (SELECT number << 32 FROM executions WHERE arn = 'failed')",
            Finding("it has no records", "failed"),
        ),
        (
            "DELETE FROM executions WHERE arn = 'running'",
            Finding("there are records of executions that are not there, in 2 chunks"),
        ),
        (
            "UPDATE executions SET status = 'SUCCEEDED' WHERE arn = 'failed'",
            Finding("its row says that status is 'SUCCEEDED', its log 'FAILED'", "failed"),
        ),
        (
            "UPDATE executions SET events = 1 WHERE arn = 'running'",
            Finding("its row says that events is 1, its log 3002", "running"),
        ),
        (
            "UPDATE chunks SET count = 7"
            " WHERE place = (SELECT number << 32 FROM executions WHERE arn = 'failed')",
            Finding("records from 1 on are not those that were counted", "failed"),
        ),
    ],
)
def test_what_is_wrong_is_found(store: SqliteStore, damage: str, finding: Finding) -> None:
    fill(store)
    store.writer.connection.execute(damage)

    assert check(store) == [finding]


def test_records_that_cannot_be_read_are_found(store: SqliteStore) -> None:
    fill(store)
    store.writer.connection.execute(
        "UPDATE chunks SET data = substr(data, 1, 99)"
        " WHERE place = (SELECT number << 32 FROM executions WHERE arn = 'failed')"
    )

    (finding,) = check(store)
    assert finding.execution == "failed"
    assert finding.message.startswith("records from 1 on cannot be read: ")


def test_definitions_that_are_missing_or_changed_are_found(store: SqliteStore) -> None:
    fill(store)
    key = hashlib.sha256(b'{"StartAt": "A"}').hexdigest()
    replaced = facts.DefinitionReplaced(id=0, previous_event_id=2, timestamp=NOON, definition="later")
    store.append("failed", [replaced], after=3)
    store.writer.connection.execute("UPDATE definitions SET text = 'other'")

    assert check(store) == [
        Finding(f"the definition {key} has another text than when it was stored"),
        Finding("its definition later is not there", "failed"),
    ]


def test_a_damaged_file_has_findings_instead_of_a_fault(store: SqliteStore) -> None:
    fill(store)
    store.close()
    content = bytearray(store.path.read_bytes())
    for page in range(2, len(content) // 4_096):
        content[page * 4_096 : page * 4_096 + 32] = b"\xff" * 32
    store.path.write_bytes(content)

    with closing(SqliteStore(store.path)) as damaged:
        assert any(finding.message.startswith("SQLite") for finding in check(damaged))


def test_a_check_does_not_mind_who_writes_meanwhile(store: SqliteStore) -> None:
    fill(store)
    findings = check(store)
    store.append("running", passes(1, first=3_002), after=3_002)

    assert findings == check(store) == []
    store.close()
    with pytest.raises(StoreFault, match="is closed"):
        check(store)


@pytest.mark.parametrize("kind", [kind for kind in event_classes() if kind not in (Event, facts.Fact)])
def test_the_row_says_what_the_log_says_after_every_kind_of_event(
    store: SqliteStore, kind: type[Event]
) -> None:
    """What the engine makes of a new kind of event must not be forgotten when it is appended."""
    fields = structs.fields(kind)
    values = {int: 3, str: store.keep_definition("text"), datetime: NOON}
    given = {field.name: values[field.type] for field in fields if field.required and field.type in values}
    event = kind(**given)
    store.append("at once", [*begun("at once"), event], after=0)
    store.append("later", begun("later"), after=0)
    store.append("later", [event], after=2)

    assert check(store) == []


# Deleting

LATER = NOON + timedelta(hours=1)


def test_what_ended_before_a_moment_is_deleted_with_its_children(store: SqliteStore) -> None:
    fill(store)

    assert [record.arn for record in deletable(store, before=LATER)] == ["parent"]
    assert delete(store, before=LATER) == 4
    assert list(store.executions()) == ["failed", "running"]
    assert check(store) == []


def test_only_those_that_ended_in_the_wanted_way_are_deleted(store: SqliteStore) -> None:
    fill(store)
    after_all = NOON + timedelta(days=2)

    assert delete(store, before=after_all, status=["TIMED_OUT"]) == 0
    assert delete(store, before=after_all, status=["FAILED"]) == 1
    assert "failed" not in store.executions()
    assert "parent" in store.executions()


def test_what_has_no_end_is_never_deleted(store: SqliteStore) -> None:
    fill(store)

    delete(store, before=NOON + timedelta(days=9_000))
    assert list(store.executions()) == ["running"]
    with pytest.raises(SfnbError, match="has no end"):
        delete(store, before=LATER, status=["RUNNING"])


def test_children_that_a_fork_shares_stay_until_the_last_of_their_parents_goes(store: SqliteStore) -> None:
    fill(store)
    fork = [*begun("fork", at=LATER, origin="parent", origin_event=2), map_run(), succeeded(3)]
    store.append("fork", fork, after=0)

    assert delete(store, before=LATER) == 1
    assert list(store.executions()) == ["child-0", "child-1", "grandchild", "failed", "running", "fork"]
    assert delete(store, before=LATER + timedelta(seconds=1)) == 4
    assert list(store.executions()) == ["failed", "running"]


def test_more_are_deleted_than_go_into_one_transaction(store: SqliteStore) -> None:
    for n in range(250):
        store.append(f"run-{n}", [*begun(f"run-{n}"), succeeded(2)], after=0)

    assert delete(store, before=LATER) == 250
    assert list(store.executions()) == []


def test_definitions_machines_and_owners_that_nothing_is_left_of_go_too(tmp_path: Path) -> None:
    path = tmp_path / "executions.db"
    with closing(SqliteStore(path)) as store:
        fill(store)
        used = store.keep_definition("used")
        replaced = facts.DefinitionReplaced(id=0, previous_event_id=2, timestamp=NOON, definition=used)
        store.append("running", [replaced], after=3_002)
    with closing(SqliteStore(path)) as store:
        store.claim("running")
        assert counts(store) == {"definitions": 2, "machines": 2, "owners": 2}
        delete(store, before=NOON + timedelta(days=9))

        assert counts(store) == {"definitions": 1, "machines": 1, "owners": 1}
        assert store.definition(used) == "used"
        assert check(store) == []


def test_definitions_stay_while_another_store_may_be_about_to_use_them(tmp_path: Path) -> None:
    path = tmp_path / "executions.db"
    with closing(SqliteStore(path)) as other, closing(SqliteStore(path)) as store:
        key = other.keep_definition("text")
        ours = store.keep_definition("ours")
        delete(store, before=LATER)
        assert store.definition(key) == "text"

        other.close()
        delete(store, before=LATER)
        with pytest.raises(KeyError):
            store.definition(key)
        assert store.definition(ours) == "ours"


def counts(store: SqliteStore) -> dict[str, int]:
    names = ("definitions", "machines", "owners")
    query = " UNION ALL ".join(f"SELECT '{name}', count(*) FROM {name}" for name in names)
    return dict(store.ask(lambda reader: reader.execute(query).fetchall()))


def test_room_is_given_back(store: SqliteStore) -> None:
    for n in range(40):
        payload = "".join(hashlib.sha256(f"{n} {part}".encode()).hexdigest() for part in range(1_000))
        store.append(f"run-{n}", [*begun(f"run-{n}"), *passes(1, payload=payload), succeeded(3)], after=0)
    delete(store, before=LATER)
    before = size_bytes(store)
    freed = vacuum(store)

    assert before > 2_000_000
    assert size_bytes(store) == before - freed < 200_000
    store.append("next", begun("next"), after=0)


def test_what_the_engine_writes_is_whole_and_goes_with_its_children(store: SqliteStore) -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "P",
        "States": {"P": {"Type": "Pass", "End": True}},
    }
    tree = {"StartAt": "M", "States": {"M": {"Type": "Map", "End": True, "ItemProcessor": processor}}}
    service = StepFunctions(store=store)
    execution = load_machine(service, tree, name="orders").run([1, 2, 3])

    assert execution.output == [1, 2, 3]
    assert len(store.executions()) == 4
    assert check(store) == []
    assert delete(store, before=RealClock().now()) == 4
    assert check(store) == []
    service.close()


# Carrying


def test_what_is_exported_and_imported_is_the_same(store: SqliteStore, tmp_path: Path) -> None:
    fill(store)
    replaced = facts.DefinitionReplaced(
        id=0, previous_event_id=2, timestamp=NOON, definition=store.keep_definition("later")
    )
    odd = facts.TaskPrinted(id=0, previous_event_id=2, timestamp=NOON, text="caf\udce9 \ud800 é😀")
    store.append("failed", [replaced, odd], after=3)
    file = tmp_path / "export.jsonl"
    file.write_bytes(b"".join(export(store)))

    with closing(SqliteStore(tmp_path / "other.db")) as other:
        assert import_file(other, file) == 6
        assert list(other.executions()) == list(store.executions())
        for execution in store.executions():
            assert list(other.read(execution)) == list(store.read(execution))
            record, known = other.find(execution), store.find(execution)
            assert record is not None
            assert known is not None
            assert structs.replace(record, owner="us") == known
            assert record.owner == ("nobody" if execution == "running" else "us")
        assert other.definition(replaced.definition) == "later"
        assert check(other) == []
        assert b"".join(export(other)) == file.read_bytes()
        other.claim("running")
        other.append("running", passes(1, first=3_002), after=3_002)
        assert delete(other, before=LATER) == 4


def test_an_export_is_one_json_object_a_line(store: SqliteStore) -> None:
    fill(store)
    lines = [json.loads(line) for line in export(store, ["failed"])]

    assert lines[:2] == [{"sfnb": 1}, {"execution": "failed", "events": 3}]
    assert [line["type"] for line in lines[2:]] == ["ExecutionStarted", "ExecutionPlanned", "ExecutionFailed"]


def test_an_execution_is_exported_with_its_children_and_its_definition(store: SqliteStore) -> None:
    fill(store)
    lines = [json.loads(line) for line in export(store, ["child-1", "parent"])]
    named = [line["execution"] for line in lines if set(line) == {"execution", "events"}]

    assert named == ["parent", "child-0", "child-1", "grandchild"]
    assert [line["text"] for line in lines if "definition" in line and "text" in line] == ['{"StartAt": "A"}']
    with pytest.raises(SfnbError, match="there is no execution nowhere"):
        list(export(store, ["nowhere"]))


def test_an_import_of_what_is_there_already_names_it_and_takes_up_nothing(
    store: SqliteStore, tmp_path: Path
) -> None:
    fill(store)
    file = tmp_path / "export.jsonl"
    file.write_bytes(b"".join(export(store)))
    with closing(SqliteStore(tmp_path / "other.db")) as other:
        other.append("failed", begun("failed"), after=0)
        other.append("running", begun("running"), after=0)

        with pytest.raises(SfnbError, match="already in the store, so nothing is imported: failed, running"):
            import_file(other, file)
        assert list(other.executions()) == ["failed", "running"]
        assert list(other.read("failed")) == begun("failed")


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "line 1"),
        (['{"sfnb": 2}'], r'line 1 has to be {"sfnb":1}'),
        (["no json"], "line 1"),
        (
            ['{"sfnb":1}', '{"execution":"a","events":1}'],
            "the file ends in the middle of a, which is left out",
        ),
        (['{"sfnb":1}', '{"execution":"a","events":1}', "[]"], "line 3: "),
        (['{"sfnb":1}', '{"execution":"a","events":1}', '{"type":"Nothing"}'], "line 3: "),
        (['{"sfnb":1}', '{"execution":"a","events":0}'], "a has no records"),
        (['{"sfnb":1}', '{"execution":"a"}'], "line 2: "),
        (['{"sfnb":1}', "?"], "line 2: "),
        (['{"sfnb":1}', '{"definition":"k","text":"t"}'], "the definition k has another text"),
    ],
)
def test_a_line_that_is_not_what_it_has_to_be_is_told(
    store: SqliteStore, tmp_path: Path, lines: list[str], message: str
) -> None:
    file = tmp_path / "export.jsonl"
    file.write_text("\n".join(lines))

    with pytest.raises(SfnbError, match=message):
        import_file(store, file)
    assert list(store.executions()) == []


def test_what_stands_before_a_file_breaks_off_is_taken_up(store: SqliteStore, tmp_path: Path) -> None:
    fill(store)
    lines = list(export(store))
    file = tmp_path / "export.jsonl"
    file.write_bytes(b"".join(lines[:-1]))
    with closing(SqliteStore(tmp_path / "other.db")) as other:
        with pytest.raises(SfnbError, match="in the middle of running"):
            import_file(other, file)

        assert "running" not in other.executions()
        assert list(other.read("parent")) == list(store.read("parent"))
        assert len(other.list(ExecutionFilter())) == 2


def test_a_file_that_is_not_there_is_told(store: SqliteStore, tmp_path: Path) -> None:
    with pytest.raises(SfnbError, match="No such file"):
        import_file(store, tmp_path / "nothing.jsonl")


def test_chosen_executions_go_with_their_children(store: SqliteStore) -> None:
    fill(store)
    parent = store.find("parent")
    assert parent is not None

    assert delete_chosen(store, [parent]) == 4
    assert sorted(store.executions()) == ["failed", "running"]


@pytest.mark.parametrize(
    ("chosen", "why"), [("running", "has no end yet"), ("child-0", "is a map run's child")]
)
def test_neither_what_runs_here_nor_a_child_alone_is_deleted(
    store: SqliteStore, chosen: str, why: str
) -> None:
    fill(store)
    records = [record for name in ("failed", chosen) if (record := store.find(name)) is not None]

    with pytest.raises(SfnbError, match=why):
        delete_chosen(store, records)
    assert len(store.executions()) == 6
