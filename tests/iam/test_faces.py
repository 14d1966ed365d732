"""Roles and policies as a user meets them: `sfnb.role`, and what a machine says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import sfnb
from sfnb import default
from sfnb.iam.documents import MalformedPolicy
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from sfnb.service.machines import Changes
from sfnb.service.records import Encryption, Logging
from tests.iam.calls import allowing, one_task, optimized

PUBLISH = one_task(optimized("sns:publish"), {"TopicArn": "arn:aws:sns:us-east-1:123456789012:news"})
KEY = "arn:aws:kms:us-east-1:123456789012:key/1"


@pytest.fixture
def orders() -> Iterator[StateMachine]:
    """A machine of the default service, which is this test's own."""
    default.service.cache_clear()
    yield sfnb.load(PUBLISH, name="orders")
    default.service().close()
    default.service.cache_clear()


def test_a_role_is_given_by_itself_by_name_and_by_arn(orders: StateMachine) -> None:
    role = sfnb.role("teller", [allowing("sns:Publish")])
    assert role.arn == "arn:aws:iam::123456789012:role/teller"

    for given in (role, "teller", role.arn):
        orders.role = given
        assert orders.role is role
        assert orders.record.role_arn == role.arn

    orders.role = "somebody-else"
    assert orders.role is None


def test_without_a_role_of_its_own_a_machine_has_that_of_all_others(orders: StateMachine) -> None:
    before = orders.record.role_arn
    orders.role = sfnb.role("teller")
    assert orders.run(mock="auto").status == "FAILED"

    orders.role = None
    assert (orders.role, orders.record.role_arn) == (None, before)
    assert orders.run(mock="auto").status == "SUCCEEDED"


@pytest.mark.parametrize("given", [5, "", ["teller"]])
def test_what_is_no_role_is_told(orders: StateMachine, given: Any) -> None:
    before = orders.record.role_arn

    with pytest.raises(
        sfnb.SfnbError, match=r"a role is given by its name, its ARN, or what sfnb\.role made: "
    ):
        orders.role = given
    assert orders.record.role_arn == before


def test_a_role_that_is_told_again_has_the_new_policies(orders: StateMachine) -> None:
    orders.role = sfnb.role("teller")
    assert orders.run(mock="auto").status == "FAILED"

    sfnb.role("teller", [orders.iam_policy()])
    assert orders.run(mock="auto").status == "SUCCEEDED"


def test_one_document_needs_no_list(orders: StateMachine) -> None:
    (document,) = sfnb.role("teller", allowing("sns:Publish")).policies

    assert document.name == "policy"


def test_what_is_no_arn_of_a_role_is_told(orders: StateMachine) -> None:
    with pytest.raises(sfnb.SfnbError, match="'arn:aws' is no ARN of a role"):
        sfnb.role("arn:aws")


def test_a_malformed_policy_leaves_the_role_as_it_was(orders: StateMachine) -> None:
    before = sfnb.role("teller", [allowing("sns:Publish")])

    with pytest.raises(MalformedPolicy, match="policy 'policy-2', Statement"):
        sfnb.role("teller", [allowing("sns:*"), {}])
    orders.role = "teller"
    assert orders.role is before


def test_a_boundary_is_the_most_that_a_role_may_have(orders: StateMachine) -> None:
    orders.role = sfnb.role("teller", [allowing("*")], boundary=allowing("sqs:*"))

    assert orders.run(mock="auto").error == "SNS.AuthorizationErrorException"


def test_the_policy_knows_what_the_machine_is_configured_with(service: StepFunctions) -> None:
    machine = load_machine(service, PUBLISH, name="orders")
    assert machine.iam_policy().actions == ["sns:Publish"]

    group = "arn:aws:logs:us-east-1:123456789012:log-group:/orders:*"
    changes = Changes(
        logging=Logging(level="ALL", log_groups=(group,)),
        tracing=True,
        encryption=Encryption(type="CUSTOMER_MANAGED_KMS_KEY", key_id=KEY, reuse_seconds=300),
    )
    service.update_state_machine(machine.arn, changes)
    changed = StateMachine(service, service.describe_state_machine(machine.arn))
    assert {"logs:CreateLogDelivery", "xray:PutTraceSegments", "kms:Decrypt"} < set(
        changed.iam_policy().actions
    )


def test_the_trust_policy_names_the_machine(service: StepFunctions) -> None:
    machine = load_machine(service, PUBLISH, name="orders")

    assert machine.arn in str(machine.trust_policy())
