"""%asl list, and what a cell says that takes over the name of another machine."""

from __future__ import annotations

import re
from typing import Any

FIRST = "StartAt: A\nStates: {A: {Type: Pass, End: true}}"
SECOND = "StartAt: B\nStates: {B: {Type: Fail, Error: Broken}}"


def rows(text: str) -> list[list[str]]:
    return [re.split(r"  +", line) for line in text.splitlines()]


def test_machines_come_before_executions(run: Any) -> None:
    run("%%asl orders\n" + FIRST)
    run("orders.run(name='monday')")
    run("last = orders.run(name='tuesday')")
    header, machine, tuesday, monday = rows(run("%asl list").texts[0])

    assert header == ["variable", "machine", "what", "status", "name", "started", "error"]
    assert machine == ["orders", "orders", "1 state"]
    assert tuesday[:5] == ["last", "orders", "execution", "SUCCEEDED", "tuesday"]
    assert monday[:5] == ["", "orders", "execution", "SUCCEEDED", "monday"]


def test_an_execution_that_failed_shows_its_error_and_the_name_to_ask_by(run: Any) -> None:
    run("%%asl orders\n" + SECOND)
    run("orders.run(name='monday')")
    row = rows(run("%asl list").texts[0])[-1]

    assert row[3:5] == ["FAILED", "monday"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", row[5])
    assert row[6] == "Broken"
    assert run(f"%asl history {row[4]}").value["type"].iloc[-1] == "ExecutionFailed"


def test_definitions_of_one_name_have_rows_of_their_own(run: Any) -> None:
    run("%%asl one\n" + FIRST)
    run("same = one")
    run("%%asl two --name one\n" + SECOND)

    assert rows(run("%asl list").texts[0])[1:] == [
        ["two", "one", "1 state"],
        ["one, same", "one", "1 state, an older definition"],
    ]


def test_a_cell_that_takes_over_a_name_says_so(run: Any) -> None:
    run("%%asl one\n" + FIRST)
    taken = run("%%asl two --name one --no-draw\n" + SECOND)

    assert taken.texts[0] == 'the name "one" means this definition now; an older one is still in one'


def test_a_cell_that_is_run_again_takes_nothing_over(run: Any) -> None:
    run("%%asl one\n" + FIRST)
    run("same = one")

    assert run("%%asl one --no-draw\n" + SECOND).texts == ["one: 1 state, no errors"]
    assert run("%%asl two --name one --no-draw\n" + SECOND).texts == ["one: 1 state, no errors"]


def test_a_cell_with_the_same_definition_takes_nothing_over(run: Any) -> None:
    run("%%asl one\n" + FIRST)

    assert run("%%asl two --name one --no-draw\n" + FIRST).texts == ["one: 1 state, no errors"]
