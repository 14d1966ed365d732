"""%asl role."""

from __future__ import annotations

import json
from typing import Any

import pytest

DEFINE = """%%asl orders
StartAt: A
States:
  A: {Type: Task, Resource: price, Next: B}
  B: {Type: Task, Resource: 'arn:aws:states:::glue:startJobRun', Parameters: {JobName: nightly}, End: true}
"""
PRICE = "@sfnb.task\ndef price(payload): return payload"
LAMBDA = "arn:aws:lambda:us-east-1:123456789012:function:price"


@pytest.fixture
def orders(run: Any) -> None:
    run(PRICE)
    run(DEFINE)


def cells(text: str) -> list[list[str]]:
    """The words of each line, columns apart."""
    return [[cell for cell in line.split("  ") if cell] for line in text.splitlines()]


def test_it_shows_what_a_role_needs_where_none_is_known(run: Any, orders: None) -> None:
    lines = [[cell.strip() for cell in row] for row in cells(run("%asl role orders").texts[0])]

    assert lines[0] == ["action", "resource", "why"]
    assert lines[1] == [
        "glue:StartJobRun",
        "arn:aws:glue:us-east-1:123456789012:job/nightly",
        "B: to make the call",
    ]
    assert lines[2] == ["lambda:InvokeFunction", LAMBDA, "A: to make the call"]
    assert "no policies of arn:aws:iam::123456789012:role/sfnb are known here" in lines[3][0]


def test_it_shows_what_a_role_grants_and_lacks(run: Any, orders: None) -> None:
    run(
        "orders.role = sfnb.role('orders', {'functions': {'Statement': {"
        "'Sid': 'Call', 'Effect': 'Allow', 'Action': 'lambda:*', 'Resource': '*'}}})"
    )
    text = run("%asl role orders").texts[0]

    assert [line.split("  ")[-1].strip() for line in text.splitlines()[:3]] == [
        "granted by",
        "✘ nothing",
        "✔ functions/Call",
    ]
    assert text.splitlines()[-1] == "orders lacks 1 of 2"

    run("sfnb.role('orders', [orders.iam_policy()])")
    assert run("%asl role orders").texts[0].splitlines()[-1] == "orders grants all of it"


def test_with_an_execution_it_shows_what_decided_each_call(run: Any, orders: None) -> None:
    run(
        "orders.role = sfnb.role('orders', {'mine': {'Statement': ["
        "{'Effect': 'Allow', 'Action': '*', 'Resource': '*'},"
        "{'Sid': 'NoGlue', 'Effect': 'Deny', 'Action': 'glue:*', 'Resource': '*'}]}})"
    )
    run("%asl run orders --expect FAILED")

    rows = [line.split() for line in run("%asl role orders ex").texts[0].splitlines()]
    assert rows[1] == ["A", "lambda:InvokeFunction", LAMBDA, "orders", "✔", "mine/Statement[0]"]
    assert rows[2][:2] == ["B", "glue:StartJobRun"]
    assert rows[2][-4:] == ["✘", "denied", "by", "mine/NoGlue"]


def test_it_shows_the_policies_as_json(run: Any, orders: None) -> None:
    policy = json.loads(run("%asl role orders --policy").texts[0])
    trust = json.loads(run("%asl role orders --trust").texts[0])

    assert [each["Sid"] for each in policy["Statement"]] == ["GlueStartJobRun", "LambdaInvokeFunction"]
    assert trust["Statement"][0]["Principal"] == {"Service": "states.amazonaws.com"}


def test_a_role_that_does_not_trust_step_functions_is_told(run: Any, orders: None) -> None:
    trust = "{'Statement': {'Effect': 'Allow', 'Principal': '*', 'Action': 'sts:TagSession'}}"
    run(f"orders.role = sfnb.role('orders', [orders.iam_policy()], trust={trust})")

    assert "does not let Step Functions take it on" in run("%asl role orders").texts[0]


def test_a_right_on_all_resources_may_be_granted_on_some(run: Any) -> None:
    run(PRICE)
    run(
        "%%asl q\nStartAt: A\nStates:\n  A: {Type: Task, Resource: 'arn:aws:states:::sns:publish', End: true}"
    )
    run(
        "q.role = sfnb.role('q', {'news': {'Statement': {'Sid': 'Tell', 'Effect': 'Allow', "
        "'Action': 'sns:Publish', 'Resource': 'arn:aws:sns:us-east-1:123456789012:news'}}})"
    )

    assert "? for some resources by news/Tell" in run("%asl role q").texts[0]


def test_the_table_is_html_too(run: Any, orders: None) -> None:
    assert "<td" in run("%asl role orders").shown[0]["text/html"]
