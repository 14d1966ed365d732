"""%asl aws: where calls of services go."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from IPython.core.completer import provisionalcompleter

from sfnb.errors import SfnbError
from sfnb.notebook.options import Usage

pytest.importorskip("moto.server")

ORDERS = """%%asl orders
StartAt: Save
States:
  Save:
    Type: Task
    Resource: arn:aws:states:::dynamodb:putItem
    Parameters: {TableName: orders, Item: {orderId: {S.$: $.id}, total: {N: "3"}}}
    ResultPath: null
    Next: Tell
  Tell:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage
    Parameters:
      QueueUrl: https://sqs.us-east-1.amazonaws.com/123456789012/to-ship
      MessageBody.$: $
    ResultPath: null
    Next: Look
  Look:
    Type: Task
    Resource: arn:aws:states:::dynamodb:getItem
    Parameters: {TableName: orders, Key: {orderId: {S.$: $.id}}}
    ResultSelector: {total.$: $.Item.total.N}
    End: true
"""


@pytest.fixture
def fresh(run: Any) -> None:
    run("%asl aws local --fresh")
    run("%asl aws off")


def test_at_first_calls_go_nowhere(run: Any) -> None:
    assert run("%asl aws").texts[0].splitlines()[0].startswith("calls go to  nowhere: Python functions")


def test_a_local_aws_has_what_a_machine_names(run: Any, fresh: None) -> None:
    run(ORDERS)

    assert run("%asl aws local --seed orders").texts[0].splitlines() == [
        "what   name                                                      note",
        "table  orders                                                    key: orderId (S)",
        "queue  https://sqs.us-east-1.amazonaws.com/123456789012/to-ship  made",
    ]
    run('%asl run orders -i {"id": "A7"} --no-draw')
    assert run("ex.output").value == {"total": "3"}
    sent = run('sfnb.aws_client("sqs").receive_message(QueueUrl="to-ship")["Messages"][0]["Body"]').value
    assert sent == '{"id":"A7"}'


def test_what_is_there_stays_until_it_is_emptied(run: Any, fresh: None) -> None:
    run(ORDERS)
    run("%asl aws local --seed orders")
    run("%asl aws off")

    assert "there already" in run("%asl aws local --seed orders").texts[0]
    run("%asl aws local --fresh")
    assert run('sfnb.aws_client("dynamodb").list_tables()["TableNames"]').value == []


def test_off_ends_calls_and_says_what_to_do(run: Any, fresh: None) -> None:
    run(ORDERS)
    run("%asl aws local --seed orders")
    assert run("%asl aws").texts[0].splitlines() == [
        "calls go to  an AWS in this process",
        "buckets      S3 there",
    ]
    assert "nowhere" in run("%asl aws off").texts[0]

    ran = run('%asl run orders -i {"id": "A7"} --no-draw')
    assert "%asl aws local --seed orders" in "".join(ran.texts) + ran.printed
    assert isinstance(run('sfnb.aws_client("sqs")').error, SfnbError)


def test_what_the_local_aws_has_not_is_told_with_what_makes_it(run: Any, fresh: None) -> None:
    run(ORDERS)
    run("%asl aws local")
    hint = "hint: %asl aws local --seed orders, "

    ran = run('%asl run orders -i {"id": "A7"} --no-draw')
    assert hint in "".join(ran.texts)
    run("%asl aws local --seed orders")
    run('sfnb.aws_client("sqs").delete_queue(QueueUrl="to-ship")')
    ran = run('%asl run orders -i {"id": "A7"} --no-draw')
    assert "SQS.QueueDoesNotExist" in "".join(ran.texts)
    assert hint in "".join(ran.texts)
    run("missing = {'Save': sfnb.Throw('DynamoDB.ResourceNotFoundException', 'as a mock has it')}")
    assert hint not in "".join(run('%asl run orders -i {"id": "A7"} -m missing -o mocked').texts)
    run("%asl aws off")
    assert hint not in run("ex.summary()").value


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "config"
    config.write_text("[profile work]\nregion = eu-west-1\n[profile home]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))


def test_a_profile_is_named(run: Any, configured: None) -> None:
    assert run("%asl aws profile work --region eu-west-1").texts[0].splitlines()[0] == (
        "calls go to  AWS, as the profile work"
    )
    assert run("%asl aws profile").texts[0].splitlines()[0] == "calls go to  AWS"
    assert run("%asl aws profile --endpoint-url http://localhost:4566").texts[0].splitlines()[0] == (
        "calls go to  http://localhost:4566"
    )


@pytest.mark.parametrize(
    ("name", "message"),
    [("wrok", "no profile is called 'wrok'; did you mean \"work\"?"), ("prod", "there are work, home")],
)
def test_a_profile_that_is_not_configured_is_told_at_once(
    run: Any, configured: None, name: str, message: str
) -> None:
    run("%asl aws off")
    ran = run(f"%asl aws profile {name}")

    assert isinstance(ran.error, Usage)
    assert message in ran.printed
    assert "nowhere" in run("%asl aws").texts[0]


def test_the_users_own_boto3_is_left_alone(run: Any, fresh: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its calls go where they went: here to a port where nobody is."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "mine")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    before = dict(os.environ)
    run("%asl aws local")

    assert run('sfnb.aws_client("sqs").list_queues()').error is None
    ran = run(
        "import boto3, botocore.config\n"
        "once = botocore.config.Config(retries={'total_max_attempts': 1})\n"
        "boto3.client('sqs', region_name='us-east-1', config=once).list_queues()"
    )
    assert type(ran.error).__name__ == "EndpointConnectionError"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%asl aws off --seed orders", "--seed is for `%asl aws local`"),
        ("%asl aws --fresh", "--fresh is for `%asl aws local`"),
        ("%asl aws local work", "'work' is for `%asl aws profile`"),
        ("%asl aws --region eu-west-1", "--region is for `%asl aws local`"),
        ("%asl aws nowhere", "invalid choice: 'nowhere'"),
        ("%asl aws lcoal", 'did you mean "local"?'),
        ("%asl aws local --seed nothing", "there is no state machine 'nothing'"),
    ],
)
def test_what_does_not_go_together_is_said(run: Any, line: str, message: str) -> None:
    ran = run(line)

    assert isinstance(ran.error, Usage)
    assert message in ran.printed


def test_tab_offers_the_places(shell: Any) -> None:
    with provisionalcompleter():
        found = list(shell.Completer.completions("%asl aws ", 9))

    assert {"local", "profile", "off"} <= {one.text for one in found}
