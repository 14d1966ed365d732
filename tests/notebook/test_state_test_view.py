"""A test of a state in an output cell, and `%asl test`."""

from __future__ import annotations

import re
from typing import Any

import pytest

from sfnb.notebook.options import Usage

DEFINE = """%%asl orders
StartAt: Charge
States:
  Charge: {Type: Task, Resource: charge, ResultPath: $.charge, Next: Ship,
           Retry: [{ErrorEquals: [Busy]}]}
  Ship: {Type: Pass, End: true}"""


@pytest.fixture
def orders(run: Any) -> None:
    run(DEFINE)


def test_a_card_shows_the_stages_and_what_they_changed(run: Any, orders: None) -> None:
    shown = run("orders.test_state('Charge', {'a': '<b>'}, mock={'paid': True})").shown[-1]

    html = shown["text/html"]
    assert shown["text/plain"].startswith("✔ SUCCEEDED  Charge, a Task → Ship\n")
    assert re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)).strip() == (
        "✔ SUCCEEDED Charge · Task → Ship "
        "input {&quot;a&quot;: &quot;&lt;b&gt;&quot;} "
        "Result charge, mocked {&quot;paid&quot;: true} "
        "ResultPath $.charge { &quot;a&quot;: &quot;&lt;b&gt;&quot;, + "
        "&quot;charge&quot;: {&quot;paid&quot;: true} } "
        "output the same as after ResultPath"
    )
    assert html.count("rgba(46,160,67,.16)") == 1
    assert "<style" not in html
    assert "<script" not in html


def test_a_line_tests_a_state(run: Any, orders: None) -> None:
    run("paid = {'paid': True}")

    assert run('%asl test orders Charge -i {"n": 1} --mock paid').value.output == {
        "n": 1,
        "charge": {"paid": True},
    }
    assert run("%asl test orders Charge --mock null").value.output == {"charge": None}
    assert run("%asl test orders Ship --inspect INFO").value.stages == {}


def test_a_line_calls_the_task_unless_it_is_mocked(run: Any, orders: None) -> None:
    run("@sfnb.task\ndef charge(order): return order['n'] + 1")

    assert run('%asl test orders Charge -i {"n": 1}').value.output == {"n": 1, "charge": 2}


def test_a_line_throws(run: Any, orders: None) -> None:
    tested = run("%asl test orders Charge --throw Busy --cause 'come back' --retries 1").value

    assert (tested.status, tested.cause) == ("RETRIABLE", "come back")
    assert tested.details.retry_backoff_interval_seconds == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--mock 1 --throw Busy", "exclude each other"),
        ("--cause late", "belongs to --throw"),
        ("--inspect ALL", "invalid choice"),
        ("--retries many", "invalid int"),
    ],
)
def test_a_line_that_cannot_be_understood(run: Any, orders: None, options: str, message: str) -> None:
    ran = run(f"%asl test orders Charge {options}")

    assert isinstance(ran.error, Usage)
    assert message in str(ran.error)
