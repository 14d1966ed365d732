"""`sfnb triggers`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sfnb.cli import main
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore

MACHINE = {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store in which a process that has ended has left its triggers."""
    path = tmp_path / "shop.db"
    service = StepFunctions(store=SqliteStore(path))
    orders = load_machine(service, MACHINE, name="orders")
    bills = load_machine(service, MACHINE, name="bills")
    rule = orders.on.event({"source": ["shop"]}, input_path="$.detail")
    entry = {"Source": "shop", "DetailType": "x", "Detail": "{}"}
    service.triggers.buses.put_events({"Entries": [entry, entry]})
    rule.wait(2)
    bills.on.status(orders, ["FAILED", "TIMED_OUT"])
    bills.on.schedule("cron(0 8 ? * MON-FRI *)", timezone="Europe/Berlin").disable()
    service.close()
    return path


def test_each_trigger_of_a_file_has_a_row(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["triggers", "--store", str(file)]) == 0

    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["KIND", "NAME", "STATE", "ON", "STARTS", "MATCHED", "STARTED", "DROPPED", "LAST"]
    assert [row.split("  ")[0] for row in rows] == ["event", "event", "schedule"]
    cells = [[cell.strip() for cell in row.split("  ") if cell.strip()] for row in rows]
    assert cells[0][1:8] == [
        "orders-event",
        "enabled",
        'events like {"source":["shop"]}',
        "orders",
        "2",
        "2",
        "0",
    ]
    assert cells[1][1:5] == [
        "bills-after-orders",
        "enabled",
        "orders becoming FAILED or TIMED_OUT",
        "bills",
    ]
    assert cells[2][1:4] == ["bills-schedule", "disabled", "at 08:00 on weekdays, Europe/Berlin"]


def test_json_has_everything_and_a_machine_chooses(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["triggers", "--store", str(file), "--machine", "orders", "--json"]) == 0

    (told,) = json.loads(capsys.readouterr().out)
    assert told["settings"]["EventPattern"] == '{"source":["shop"]}'
    assert (told["matched"], told["started"], told["dropped"], told["why"]) == (2, 2, 0, {})
    assert told["execution"].startswith("arn:aws:states:us-east-1:123456789012:execution:orders:")


def test_json_shows_no_api_keys(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    service = StepFunctions(store=SqliteStore(tmp_path / "keys.db"))
    load_machine(service, MACHINE, name="orders").on.http("POST /orders", api_keys=["0123456789abcdefghij"])
    service.close()

    assert main(["triggers", "--store", str(tmp_path / "keys.db"), "--json"]) == 0

    out = capsys.readouterr().out
    assert json.loads(out)[0]["settings"]["Api"]["ApiKeys"] == [{"Value": "***"}]
    assert "0123456789" not in out


def test_nothing_is_run_and_nothing_is_taken_from_who_runs_it(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    service = StepFunctions(store=SqliteStore(file))
    load_machine(service, MACHINE, name="orders")
    assert next(each.runs for each in service.triggers.all()) == "here"

    main(["triggers", "--store", str(file)])

    assert next(each.runs for each in service.triggers.all()) == "here"
    service.close()
    assert "orders-event" in capsys.readouterr().out


def test_a_file_without_triggers_and_no_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    SqliteStore(tmp_path / "empty.db").close()

    assert main(["triggers", "--store", str(tmp_path / "empty.db")]) == 0
    assert main(["triggers", "--store", str(tmp_path / "none.db")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.splitlines()[0] == "no triggers"
    assert "none.db" in told.err
