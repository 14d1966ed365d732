"""What to do about a call that the role has no right to."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sfnb.explain import hints
from sfnb.iam.roles import make_role
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

from .shop import run

ROLE = "arn:aws:iam::123456789012:role/teller"
THERE = "arn:aws:iam::210987654321:role/there"
HERE = "us-east-1:123456789012"
STATES = "arn:aws:states:::"
LOOK = (
    "%asl role shop shows every right that it needs and which are granted, "
    "%asl role shop --policy a policy that grants all"
)
JOB = {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": True}}}


def task(action: str, **parameters: Any) -> dict[str, Any]:
    return {"Type": "Task", "Resource": f"{STATES}{action}", "Parameters": parameters}


def allowing(*actions: str, effect: str = "Allow") -> dict[str, Any]:
    return {"Statement": [{"Effect": effect, "Action": list(actions), "Resource": "*"}]}


HTTP = {
    "ApiEndpoint": "https://example.com/orders",
    "Method": "GET",
    "Authentication": {"ConnectionArn": f"arn:aws:events:{HERE}:connection/shop/1"},
}
MAP = {
    "Type": "Map",
    "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, **JOB},
}
READER = {
    "Resource": f"{STATES}s3:getObject",
    "ReaderConfig": {"InputType": "JSON"},
    "Parameters": {"Bucket": "in", "Key.$": "$.key"},
}

LACKING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (
        task("lambda:invoke", FunctionName="price"),
        {
            "Action": "lambda:InvokeFunction",
            "Resource": [f"arn:aws:lambda:{HERE}:function:price", f"arn:aws:lambda:{HERE}:function:price:*"],
        },
    ),
    (
        task(
            "sqs:sendMessage",
            QueueUrl="https://sqs.us-east-1.amazonaws.com/123456789012/orders",
            MessageBody="",
        ),
        {"Action": "sqs:SendMessage", "Resource": [f"arn:aws:sqs:{HERE}:orders"]},
    ),
    (
        {**task("sqs:sendMessage", MessageBody=""), "Parameters": {"QueueUrl.$": "$.url", "MessageBody": ""}},
        {"Action": "sqs:SendMessage", "Resource": ["*"]},
    ),
    (
        task("http:invoke", **HTTP),
        {
            "Action": "states:InvokeHTTPEndpoint",
            "Resource": [f"arn:aws:states:{HERE}:stateMachine:shop"],
            "Condition": {
                "StringEquals": {"states:HTTPMethod": "GET"},
                "StringLike": {"states:HTTPEndpoint": "https://example.com/orders"},
            },
        },
    ),
    (MAP, {"Action": "states:StartExecution", "Resource": [f"arn:aws:states:{HERE}:stateMachine:shop"]}),
    ({**MAP, "ItemReader": READER}, {"Action": "s3:GetObject", "Resource": ["arn:aws:s3:::in/*"]}),
]


def refused(service: StepFunctions, state: dict[str, Any], *policies: object) -> list[str]:
    """What is said of a machine of one state whose role has these policies."""
    service.registry.functions["price"] = lambda event: 3
    machine = load_machine(service, {"StartAt": "S", "States": {"S": {**state, "End": True}}}, name="shop")
    machine.role = service.registry.roles.add(make_role(ROLE, list(policies)))
    url = "https://sqs.us-east-1.amazonaws.com/123456789012/orders"
    return hints(run(machine, url=url, key="rows.json"))


@pytest.mark.parametrize(("state", "lacking"), LACKING)
def test_the_statement_that_is_lacking_is_told(
    service: StepFunctions, state: dict[str, Any], lacking: dict[str, Any]
) -> None:
    (hint,) = refused(service, state)

    says, statement, look = hint.split("\n")
    assert says == 'the role "teller" may not do that yet: what its policies lack is a statement such as' or (
        "http:invoke" in str(state) and says.startswith("the machine's role may not")
    )
    assert json.loads(statement) == {"Effect": "Allow", **lacking}
    assert look == LOOK


@pytest.mark.parametrize(("state", "lacking"), LACKING)
def test_with_that_statement_it_is_not_refused_so_again(
    service: StepFunctions, state: dict[str, Any], lacking: dict[str, Any]
) -> None:
    after = refused(service, state, {"Statement": [{"Effect": "Allow", **lacking}]})

    assert not [hint for hint in after if f'"{lacking["Action"]}"' in hint]


def test_what_is_denied_is_not_allowed_by_one_statement_more(service: StepFunctions) -> None:
    (hint,) = refused(
        service,
        task("lambda:invoke", FunctionName="price"),
        allowing("*"),
        allowing("lambda:*", effect="Deny"),
    )

    assert hint == (
        'the role "teller" is denied lambda:InvokeFunction by a statement of its policies: that has to go; '
        + LOOK
    )


def test_a_role_that_is_not_taken_on_takes_two_statements(service: StepFunctions) -> None:
    state = {**task("lambda:invoke", FunctionName="price"), "Credentials": {"RoleArn": THERE}}

    (hint,) = refused(service, state)

    allowed = json.dumps({"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": THERE})
    assert f"    {allowed}\n" in hint
    assert f'the trust policy of {THERE} has to name {ROLE} as its "Principal"' in hint


def test_a_job_that_is_waited_for_takes_a_rule(service: StepFunctions) -> None:
    given = {"JobName": "n", "JobQueue": "q", "JobDefinition": "d"}

    (hint,) = refused(service, task("batch:submitJob.sync", **given), allowing("batch:*"))

    assert "events:DescribeRule, events:PutRule, events:PutTargets" in hint


def test_a_refusal_inside_a_child_is_explained_as_well(service: StepFunctions) -> None:
    inner = {"StartAt": "I", "States": {"I": {**task("lambda:invoke", FunctionName="price"), "End": True}}}
    processor = {**MAP["ItemProcessor"], **inner}
    machine = load_machine(
        service,
        {"StartAt": "S", "States": {"S": {**MAP, "ItemProcessor": processor, "End": True}}},
        name="shop",
    )
    machine.role = service.registry.roles.add(make_role(ROLE, [allowing("states:*")]))

    (hint, *_) = hints(machine.run([1]).child(0))

    assert json.loads(hint.split("\n")[1])["Action"] == "lambda:InvokeFunction"
    assert "%asl role shop " in hint
