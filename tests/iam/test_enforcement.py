"""Machines that are held to their role."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sfnb.asl.resources import OPTIMIZED
from sfnb.iam import Policy, Roles
from sfnb.iam.calls import needs_of
from sfnb.iam.given import UNKNOWN
from sfnb.iam.places import place_of
from sfnb.iam.roles import ENFORCED, make_role
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from tests.iam.calls import MACHINE, ROLE, THERE, allowing, call, one_task, optimized, policy_for

PARAMETERS = json.loads((Path(__file__).parents[1] / "cases" / "iam" / "parameters.json").read_text())
NO_RIGHTS = ("eks:runJob", "eks:call")
"""Kubernetes authorizes these."""

SDK_CALLS: dict[str, dict[str, Any]] = {
    "aws-sdk:dynamodb:query": {"TableName": "orders", "IndexName": "by-day"},
    "aws-sdk:dynamodb:batchGetItem": {"RequestItems": {"orders": {}, "prices": {}}},
    "aws-sdk:dynamodb:transactWriteItems": {"TransactItems": [{"Put": {"TableName": "orders"}}]},
    "aws-sdk:s3:copyObject": {"Bucket": "photos", "Key": "a.png", "CopySource": "uploads/a.png"},
    "aws-sdk:s3:putObject": {"Bucket": "photos", "Key": "a.png", "Body": "x"},
    "aws-sdk:s3:listBuckets": {},
    "aws-sdk:secretsmanager:getSecretValue": {"SecretId": "db"},
    "aws-sdk:ssm:getParameters": {"Names": ["/a", "/b"]},
    "aws-sdk:kms:encrypt": {"KeyId": "alias/orders"},
    "aws-sdk:ecs:updateService": {"Cluster": "main", "Service": "web"},
    "aws-sdk:sfn:startExecution": {"StateMachineArn": MACHINE},
    "aws-sdk:lambda:invoke": {"FunctionName": "price", "Qualifier": "1"},
    "aws-sdk:rds:describeDBInstances": {"DbInstanceIdentifier": "main"},
    "aws-sdk:sagemaker:createTrainingJob": {"TrainingJobName": "t", "RoleArn": THERE},
}


def every_call() -> Iterator[tuple[str, Any]]:
    """A Resource of each kind, with parameters."""
    for service, actions in OPTIMIZED.items():
        for action, ways in actions.items():
            given = PARAMETERS.get(f"{service}:{action}", PARAMETERS.get(service, {}))
            yield f"{service}:{action}", given
            if "job" in ways:
                yield f"{service}:{action}.sync", given
            if "token" in ways:
                yield f"{service}:{action}.waitForTaskToken", given
    yield from SDK_CALLS.items()


CALLS = [pytest.param(optimized(name), given, id=name) for name, given in every_call()]


def held_to(*policies: object, **more: Any) -> Roles:
    roles = Roles()
    roles.add(make_role(ROLE, list(policies), **more))
    return roles


@pytest.mark.parametrize(("resource", "given"), CALLS)
def test_the_policy_of_a_definition_allows_its_calls(resource: str, given: Any) -> None:
    roles = held_to(policy_for(one_task(resource, given)))

    assert roles.refusal(call(resource, given)) is None


@pytest.mark.parametrize(("resource", "given"), CALLS)
def test_so_does_the_policy_of_one_that_takes_all_from_paths(resource: str, given: Any) -> None:
    dynamic = {f"{name}.$": f"$.{name}" for name in given}

    for parameters in (dynamic, None):
        roles = held_to(policy_for(one_task(resource, parameters)))
        assert roles.refusal(call(resource, given)) is None


@pytest.mark.parametrize(("resource", "given"), CALLS)
def test_so_does_the_policy_of_one_that_takes_any_one_from_a_path(resource: str, given: Any) -> None:
    for name in given:
        mixed = {key: value for key, value in given.items() if key != name} | {f"{name}.$": "$.x"}
        roles = held_to(policy_for(one_task(resource, mixed)))
        assert roles.refusal(call(resource, given)) is None, name


@pytest.mark.parametrize(("resource", "given"), CALLS)
def test_each_statement_that_a_call_uses_is_needed(resource: str, given: Any) -> None:
    """But for what only stopping the job uses, and the services that are called."""
    policy = policy_for(one_task(resource, given))
    used = {need.action for need in needs_of(place_of(MACHINE), resource, given) if need.phase in ENFORCED}
    for left_out in policy.statements:
        rest = Policy(tuple(each for each in policy.statements if each is not left_out))
        refusal = held_to(rest).refusal(call(resource, given))
        assert (refusal is not None) is bool(used & set(left_out.actions)), left_out.sid


@pytest.mark.parametrize(("resource", "given"), CALLS)
def test_a_role_without_rights_is_refused(resource: str, given: Any) -> None:
    refusal = held_to().refusal(call(resource, given))

    bare = resource.removeprefix("arn:aws:states:::").partition(".")[0]
    assert (refusal is None) is (bare in NO_RIGHTS)


def test_a_role_that_is_not_known_may_do_everything() -> None:
    roles = held_to()

    assert roles.refusal(call(optimized("sns:publish"), role=THERE)) is None
    roles.forget(ROLE)
    assert roles.refusal(call(optimized("sns:publish"))) is None


def test_a_worker_needs_no_right() -> None:
    activity = "arn:aws:states:eu-west-1:123456789012:activity:check"

    assert list(needs_of(place_of(MACHINE), activity, UNKNOWN)) == []


# The role of a Task's credentials

CALL_THERE = call(optimized("sns:publish"), PARAMETERS["sns"], target=THERE)
REFUSED = f"The role {ROLE} is not authorized to assume the task state's role, {THERE}."


def trusting(principal: object, **more: Any) -> dict[str, Any]:
    rule = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole", **more}
    return {"Statement": [rule]}


def test_a_role_that_may_not_take_on_another_fails_as_on_aws() -> None:
    refusal = held_to().refusal(CALL_THERE)

    assert refusal is not None
    assert (refusal.error, refusal.cause) == ("States.TaskFailed", REFUSED)


def test_the_role_that_is_taken_on_needs_the_rights_and_the_machines_own_does_not() -> None:
    roles = held_to(allowing("sts:AssumeRole", on=THERE))
    assert roles.refusal(CALL_THERE) is None

    roles.add(make_role(THERE, [allowing("sqs:*")]))
    refusal = roles.refusal(CALL_THERE)
    assert refusal is not None
    assert "assumed-role/there/" in str(refusal.cause)

    roles.add(make_role(THERE, [allowing("sns:*")]))
    assert roles.refusal(CALL_THERE) is None


@pytest.mark.parametrize("principal", [{"AWS": ROLE}, {"AWS": "123456789012"}, {"AWS": "*"}, "*"])
def test_a_role_trusts_another_by_its_name_and_by_its_account(principal: object) -> None:
    roles = held_to(allowing("sts:*"))
    roles.add(make_role(THERE, [allowing("*")], trust=trusting(principal)))

    assert roles.refusal(CALL_THERE) is None


@pytest.mark.parametrize(
    "trust",
    [
        trusting({"AWS": THERE}),
        trusting({"AWS": "210987654321"}),
        trusting({"Service": "states.amazonaws.com"}),
        trusting("*", Condition={"StringEquals": {"sts:ExternalId": "another"}}),
    ],
)
def test_a_role_that_does_not_trust_it_is_not_taken_on(trust: dict[str, Any]) -> None:
    roles = held_to(allowing("sts:*"))
    roles.add(make_role(THERE, [allowing("*")], trust=trust))

    refusal = roles.refusal(CALL_THERE)
    assert refusal is not None
    assert refusal.cause == REFUSED


def test_step_functions_sends_the_machines_arn_as_the_external_id() -> None:
    roles = held_to(allowing("sts:*"))
    condition = {"StringEquals": {"sts:ExternalId": MACHINE}}
    roles.add(make_role(THERE, [allowing("*")], trust=trusting({"AWS": ROLE}, Condition=condition)))

    assert roles.refusal(CALL_THERE) is None
    child = msgspec.structs.replace(CALL_THERE, machine=f"{MACHINE}/rows")
    assert roles.refusal(child) is None


# Machines that run


def machine(service: StepFunctions, definition: dict[str, Any]) -> StateMachine:
    return load_machine(service, definition, name="orders")


def price(event: Any) -> int:
    return 3


def test_a_machine_without_a_known_role_is_not_checked(service: StepFunctions) -> None:
    service.registry.functions["price"] = price

    assert machine(service, one_task("price")).run().output == 3
    assert service.registry.permissions is None


def test_a_function_is_held_to_the_role_as_the_call_that_it_stands_for(service: StepFunctions) -> None:
    called = []
    service.registry.functions["price"] = called.append
    orders = machine(service, one_task(optimized("lambda:invoke"), {"FunctionName": "price"}))
    orders.role = service.registry.roles.add(make_role("arn:aws:iam::123456789012:role/none", []))

    execution = orders.run()

    assert called == []
    assert execution.error == "Lambda.AWSLambdaException"
    arn = "arn:aws:lambda:us-east-1:123456789012:function:price"
    assert (
        f"is not authorized to perform: lambda:InvokeFunction on resource: {arn} because" in execution.cause
    )
    types = [event["type"] for event in execution.history()]
    assert types[2:5] == ["TaskScheduled", "TaskStarted", "TaskFailed"]


def test_a_refusal_is_caught_and_retried_as_any_failure(service: StepFunctions) -> None:
    definition = one_task("price", Catch=[{"ErrorEquals": ["Lambda.AWSLambdaException"], "Next": "B"}])
    definition["States"]["B"] = {"Type": "Pass", "Result": "refused", "End": True}
    orders = machine(service, definition)
    orders.role = service.registry.roles.add(make_role(ROLE, []))

    assert orders.run().output == "refused"


def test_its_own_policy_lets_a_machine_run(service: StepFunctions) -> None:
    service.registry.functions["price"] = price
    orders = machine(service, one_task(optimized("lambda:invoke"), {"FunctionName": "price"}))
    orders.role = service.registry.roles.add(make_role(ROLE, [orders.iam_policy()]))

    assert orders.run().status == "SUCCEEDED"
    assert orders.role is not None
    assert orders.role.name == "orders"


def test_a_mock_is_no_call_and_an_automatic_one_is(service: StepFunctions) -> None:
    orders = machine(service, one_task(optimized("sns:publish"), PARAMETERS["sns"]))
    orders.role = service.registry.roles.add(make_role(ROLE, []))

    assert orders.run(mock={"A": {"MessageId": "1"}}).status == "SUCCEEDED"
    assert orders.run(mock="auto").error == "SNS.AuthorizationErrorException"


def test_the_children_of_a_distributed_map_are_held_to_the_same_role(service: StepFunctions) -> None:
    service.registry.functions["price"] = price
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        **one_task("price"),
    }
    rows = {"Type": "Map", "ItemProcessor": processor, "End": True}
    orders = machine(service, {"StartAt": "Rows", "States": {"Rows": rows}})
    role = make_role("arn:aws:iam::123456789012:role/rows", [orders.iam_policy()])
    orders.role = service.registry.roles.add(role)
    assert orders.run([1, 2]).output == [3, 3]

    service.registry.roles.add(make_role(role.arn, [allowing("states:*")]))
    assert orders.run([1, 2]).status == "FAILED"
