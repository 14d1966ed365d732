"""What is elsewhere, fetched by its ARN."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.deploy.clients import Refused
from sfnb.deploy.execution import AwsExecution
from sfnb.deploy.pulling import pull
from sfnb.errors import SfnbError
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from tests.deploy.conftest import ACCOUNT, REGION, ROLE, TREE

ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"


def test_a_machine_comes_with_its_role_settings_and_tags(
    here: StepFunctions, orders: StateMachine, client: Any
) -> None:
    orders.deploy(ROLE, client=client, portable=False, tags={"team": "shop"})
    client.update_state_machine(stateMachineArn=ARN, tracingConfiguration={"enabled": True})
    other = StepFunctions()
    machine = pull(other, ARN, client)

    assert isinstance(machine, StateMachine)
    assert (machine.name, machine.tree, machine.record.role_arn) == ("orders", TREE, ROLE)
    assert machine.record.settings.tracing
    assert other.list_tags_for_resource(machine.arn) == {"team": "shop"}
    other.close()


def test_a_version_is_fetched_as_it_was(here: StepFunctions, orders: StateMachine, client: Any) -> None:
    orders.deploy(ROLE, client=client, portable=False)
    load_machine(here, {**TREE, "Comment": "newer"}, name="orders").deploy(client=client, portable=False)

    newest, first = pull(here, ARN, client), pull(here, f"{ARN}:1", client)
    assert isinstance(newest, StateMachine)
    assert isinstance(first, StateMachine)
    assert newest.tree["Comment"] == "newer"
    assert first.tree == TREE


def test_an_execution_comes_with_the_definition_that_it_ran(
    there: StepFunctions, here: StepFunctions, orders: StateMachine, client: Any
) -> None:
    there.registry.functions.update(price=lambda item: item, total=lambda items: items[0])
    orders.deploy(ROLE, client=client, portable=False)
    arn = orders.on_aws(client=client).run({"items": [1]}).arn
    newer = load_machine(here, {**TREE, "Comment": "newer"}, name="orders")
    execution = pull(here, arn, client)

    assert isinstance(execution, AwsExecution)
    assert execution.machine.tree == TREE
    assert execution.machine.arn == newer.arn
    assert here.describe_state_machine(newer.arn).source.tree == newer.tree
    assert execution.name == arn.rpartition(":")[2]
    assert execution.status == "SUCCEEDED"


def test_a_machine_that_differs_by_its_account_alone_is_the_one_that_is_here(
    there: StepFunctions, here: StepFunctions, orders: StateMachine, client: Any
) -> None:
    there.registry.functions.update(price=lambda item: item, total=lambda items: items[0])
    orders.deploy(ROLE, client=client)
    arn = orders.on_aws(client=client).run({"items": [1]}).arn

    execution = pull(here, arn, client)

    assert isinstance(execution, AwsExecution)
    assert execution.machine.record is orders.record


@pytest.mark.parametrize(
    ("arn", "message"),
    [
        ("orders", "'orders' is the ARN of neither a state machine nor an execution"),
        ("arn:aws:lambda:us-east-1:123456789012:function:f", "neither a state machine nor an execution"),
        (f"arn:aws:states:{REGION}:{ACCOUNT}:express:orders:e:1", "keeps no history of an EXPRESS execution"),
    ],
)
def test_what_cannot_be_fetched_is_refused(here: StepFunctions, client: Any, arn: str, message: str) -> None:
    with pytest.raises(SfnbError, match=message):
        pull(here, arn, client)


@pytest.mark.parametrize("arn", [ARN, ARN.replace("stateMachine", "execution") + ":e"])
def test_what_is_not_there_is_refused_in_the_words_of_aws(here: StepFunctions, client: Any, arn: str) -> None:
    with pytest.raises(Refused, match="DoesNotExist: ") as refused:
        pull(here, arn, client)
    assert refused.value.code in ("StateMachineDoesNotExist", "ExecutionDoesNotExist")
