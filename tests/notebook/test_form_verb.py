"""`%asl form`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from sfnb.notebook.complete import Completion
from sfnb.notebook.form import Form

DEFINE = """%%asl orders --no-draw
{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}"""
SCHEMA = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


@pytest.fixture
def defined(run: Any) -> Any:
    run(DEFINE)
    return run


def test_the_verb_shows_a_form(defined: Any) -> None:
    ran = defined("%asl form orders")

    assert isinstance(ran.value, Form)
    assert ran.texts == ["A form that starts orders, for notebooks. Elsewhere: orders.run({})"]


def test_a_schema_is_a_variable_json_or_a_file(defined: Any, tmp_path: Path, shell: Any) -> None:
    (tmp_path / "order.json").write_text(json.dumps(SCHEMA))
    shell.user_ns.update(order=SCHEMA)

    for schema in ("order", json.dumps(SCHEMA), str(tmp_path / "order.json"), f"@{tmp_path / 'order.json'}"):
        form = defined(f"%asl form orders --schema {schema}").value
        assert isinstance(form, Form), schema
        assert form._note.text == "Not right yet: id"


def test_a_schema_that_is_not_there_has_a_near_miss(defined: Any, shell: Any) -> None:
    shell.user_ns.update(order=SCHEMA)
    ran = defined("%asl form orders --schema oder")

    assert "--schema: there is no variable and no file 'oder'; did you mean \"order\"?" in str(ran.error)
    assert "no state machine 'ordrs'" in str(defined("%asl form ordrs").error)


def test_tab_offers_machines_and_schemas(defined: Any, shell: Any) -> None:
    shell.user_ns.update(order=SCHEMA)
    completion = Completion(shell.user_ns)

    for line, offer in (
        ("%asl fo", "form"),
        ("%asl form ", "orders"),
        ("%asl form orders --schema ", "order"),
    ):
        assert offer in completion.offers(line, len(line))[1]
