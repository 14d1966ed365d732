"""A machine is created elsewhere, brought up to date, or left as it is."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from sfnb.errors import SfnbError
from sfnb.integrations.local_aws import LocalAws
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from sfnb.service.machines import Changes
from sfnb.service.records import Logging
from tests.deploy.conftest import ACCOUNT, REGION, ROLE, TREE

ARN = f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:orders"


def definition(client: Any) -> Any:
    return json.loads(client.describe_state_machine(stateMachineArn=ARN)["definition"])


def test_a_machine_is_created_under_its_name_and_published(orders: StateMachine, client: Any) -> None:
    deployed = orders.deploy(ROLE, client=client, tags={"team": "shop"})

    assert (deployed.name, deployed.arn, deployed.outcome) == ("orders", ARN, "created")
    assert (deployed.role_arn, deployed.version_arn) == (ROLE, f"{ARN}:1")
    assert repr(deployed) == f"orders created, version 1: {ARN}"
    assert client.list_tags_for_resource(resourceArn=ARN)["tags"] == [{"key": "team", "value": "shop"}]


def test_names_of_the_local_account_become_those_of_the_other(orders: StateMachine, client: Any) -> None:
    orders.deploy(ROLE, client=client)
    price = definition(client)["States"]["Each"]["ItemProcessor"]["States"]["Price"]["Resource"]

    assert price == f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:price"


def test_unless_they_are_to_stay(orders: StateMachine, client: Any) -> None:
    orders.deploy(ROLE, client=client, portable=False)

    assert definition(client) == TREE


def test_an_equal_machine_is_left_as_it_is(orders: StateMachine, client: Any) -> None:
    orders.deploy(ROLE, client=client)
    before = client.describe_state_machine(stateMachineArn=ARN)
    again = orders.deploy(client=client, tags={"team": "shop"})

    assert (again.outcome, again.version_arn) == ("unchanged", f"{ARN}:1")
    after = client.describe_state_machine(stateMachineArn=ARN)
    assert after.get("revisionId") == before.get("revisionId")
    assert client.list_tags_for_resource(resourceArn=ARN)["tags"] == [{"key": "team", "value": "shop"}]


def test_a_changed_definition_is_updated_and_keeps_its_role(
    here: StepFunctions, orders: StateMachine, client: Any
) -> None:
    orders.deploy(ROLE, client=client)
    changed = load_machine(here, {**TREE, "TimeoutSeconds": 60}, name="orders")
    deployed = changed.deploy(client=client)

    assert (deployed.outcome, deployed.role_arn, deployed.version_arn) == ("updated", ROLE, f"{ARN}:2")
    assert definition(client)["TimeoutSeconds"] == 60


def test_another_role_alone_is_an_update(orders: StateMachine, client: Any) -> None:
    orders.deploy(ROLE, client=client)
    other = ROLE.replace("states", "other")

    assert orders.deploy(other, client=client).outcome == "updated"
    assert client.describe_state_machine(stateMachineArn=ARN)["roleArn"] == other


def test_settings_go_with_it(here: StepFunctions, orders: StateMachine, client: Any) -> None:
    group = "arn:aws:logs:us-east-1:123456789012:log-group:orders:*"
    logging = Logging(level="ALL", include_data=True, log_groups=(group,))
    record = here.update_state_machine(orders.arn, Changes(logging=logging, tracing=True)).record
    StateMachine(here, record).deploy(ROLE, client=client)
    told = client.describe_state_machine(stateMachineArn=ARN)

    assert told["tracingConfiguration"] == {"enabled": True}
    assert told["loggingConfiguration"] == {
        "level": "ALL",
        "includeExecutionData": True,
        "destinations": [
            {"cloudWatchLogsLogGroup": {"logGroupArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:orders:*"}}
        ],
    }


def test_without_publish_there_is_no_version(orders: StateMachine, client: Any) -> None:
    assert orders.deploy(ROLE, client=client, publish=False).version_arn is None
    assert orders.deploy(client=client, publish=False).version_arn is None
    assert client.list_state_machine_versions(stateMachineArn=ARN)["stateMachineVersions"] == []


def test_placeholders_are_filled_in_or_asked_for(here: StepFunctions, client: Any) -> None:
    tree = {"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${Greeting} ${Name}", "End": True}}}
    machine = load_machine(here, tree, name="orders")

    with pytest.raises(SfnbError, match=r"nothing is given for \$\{Name\}: deploy\(substitutions=\{'Name': "):
        machine.deploy(ROLE, client=client, substitutions={"Greeting": "Hello"})
    assert client.list_state_machines()["stateMachines"] == []
    machine.deploy(ROLE, client=client, substitutions={"Greeting": "Hello", "Name": "${you}"})
    assert definition(client)["States"]["A"]["Result"] == "Hello ${you}"


def test_a_role_has_to_be_known(orders: StateMachine, client: Any) -> None:
    with pytest.raises(SfnbError, match=r"needs a role: give role_arn=\.\.\., or create_role=True"):
        orders.deploy(client=client)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"role_arn": "tea-role"},
            "role_arn is 'tea-role', and has to be the ARN of a role, such as 'arn:aws:",
        ),
        ({"role_arn": ROLE, "tags": ["a"]}, "tags is ['a'], and has to be a dict of texts"),
        ({"role_arn": ROLE, "substitutions": {"Table": 5}}, "substitutions is {'Table': 5}, and has to be a"),
    ],
)
def test_an_option_that_will_not_do_is_told(
    orders: StateMachine, client: Any, options: dict[str, Any], says: str
) -> None:
    with pytest.raises(SfnbError, match=re.escape(says)):
        orders.deploy(client=client, **options)
    assert client.list_state_machines()["stateMachines"] == []


def test_a_machine_that_was_given_no_name_is_not_deployed(here: StepFunctions, client: Any) -> None:
    unnamed = load_machine(here, TREE)

    with pytest.raises(
        SfnbError, match=r"needs a name, and this has none: sfnb\.load\(\.\.\., name='orders'\)"
    ):
        unnamed.deploy(ROLE, client=client)
    with pytest.raises(SfnbError, match="needs a name"):
        unnamed.on_aws(client=client)
    assert client.list_state_machines()["stateMachines"] == []


def test_a_machine_of_another_type_is_not_touched(
    here: StepFunctions, orders: StateMachine, client: Any
) -> None:
    orders.deploy(ROLE, client=client)
    express = load_machine(here, TREE, name="orders", type="EXPRESS")

    with pytest.raises(SfnbError, match="orders is STANDARD there and EXPRESS here"):
        express.deploy(ROLE, client=client)


def test_a_refusal_is_in_the_words_of_aws(here: StepFunctions, client: Any) -> None:
    machine = load_machine(here, TREE, name="orders")

    with pytest.raises(SfnbError, match="TooManyTags: "):
        machine.deploy(ROLE, client=client, tags={f"tag{number}": "" for number in range(51)})


# With a role that is made; moto stands for IAM and for Step Functions


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")


@pytest.mark.usefixtures("credentials")
def test_a_role_is_made_with_what_the_machine_needs(orders: StateMachine, client: Any) -> None:
    with mock_aws():
        iam = boto3.client("iam", region_name=REGION)
        deployed = orders.deploy(create_role=True, client=client, iam_client=iam, tags={"team": "shop"})
        role = iam.get_role(RoleName="orders-sfnb-role")["Role"]
        policy = iam.get_role_policy(RoleName="orders-sfnb-role", PolicyName="StateMachinePolicy")
        again = orders.deploy(create_role=True, client=client, iam_client=iam)

    account = role["Arn"].split(":")[4]
    assert (deployed.outcome, again.outcome) == ("created", "unchanged")
    assert deployed.role_arn == role["Arn"] == again.role_arn
    assert role["AssumeRolePolicyDocument"]["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": account},
        "ArnLike": {"aws:SourceArn": f"arn:aws:states:{REGION}:{account}:stateMachine:orders"},
    }
    granted = {
        resource
        for statement in policy["PolicyDocument"]["Statement"]
        if "lambda:InvokeFunction" in statement["Action"]
        for resource in statement["Resource"]
    }
    assert f"arn:aws:lambda:{REGION}:{account}:function:price" in granted


@pytest.mark.usefixtures("credentials")
def test_a_role_that_is_made_has_rights_to_what_is_filled_in(here: StepFunctions, client: Any) -> None:
    item = {"TableName": "${OrdersTable}", "Item": {}}
    save = {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:putItem", "Parameters": item, "End": True}
    machine = load_machine(here, {"StartAt": "Save", "States": {"Save": save}}, name="saves")
    with mock_aws():
        iam = boto3.client("iam", region_name=REGION)
        deployed = machine.deploy(
            create_role=True, client=client, iam_client=iam, substitutions={"OrdersTable": "orders"}
        )
        policy = iam.get_role_policy(RoleName="saves-sfnb-role", PolicyName="StateMachinePolicy")

    account = deployed.role_arn.split(":")[4]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert statement["Resource"] == [f"arn:aws:dynamodb:{REGION}:{account}:table/orders"]


@pytest.mark.usefixtures("credentials")
def test_no_role_is_made_where_nothing_says_where(orders: StateMachine, client: Any) -> None:
    with mock_aws():
        with pytest.raises(SfnbError, match=r"client= does not say where that is: give iam_client=\.\.\."):
            orders.deploy(create_role=True, client=client)
        assert boto3.client("iam", region_name=REGION).list_roles()["Roles"] == []
    assert client.list_state_machines()["stateMachines"] == []


@pytest.mark.usefixtures("credentials")
def test_no_role_is_made_at_aws_for_step_functions_elsewhere(
    orders: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SFN", "http://127.0.0.1:9")
    with mock_aws():
        with pytest.raises(
            SfnbError, match=r"is at http://127\.0\.0\.1:9 and IAM is AWS's own: set AWS_ENDP"
        ):
            orders.deploy(create_role=True, region=REGION)
        assert boto3.client("iam", region_name=REGION).list_roles()["Roles"] == []


def test_the_role_tells_the_partition(orders: StateMachine, client: Any) -> None:
    orders.deploy(f"arn:aws-us-gov:iam::{ACCOUNT}:role/states", client=client)
    price = definition(client)["States"]["Each"]["ItemProcessor"]["States"]["Price"]["Resource"]

    assert price == f"arn:aws-us-gov:lambda:{REGION}:{ACCOUNT}:function:price"


@pytest.mark.usefixtures("credentials")
def test_any_endpoint_will_do(orders: StateMachine) -> None:
    with mock_aws():
        client = boto3.client("stepfunctions", region_name=REGION)
        deployed = orders.deploy("arn:aws:iam::123456789012:role/r", client=client, publish=False)
        assert orders.deploy(client=client, publish=False).outcome == "unchanged"
        told = client.describe_state_machine(stateMachineArn=deployed.arn)

    assert json.loads(told["definition"])["StartAt"] == "Each"


# With the AWS that tasks call


@pytest.fixture
def local(here: StepFunctions) -> Iterator[LocalAws]:
    local = LocalAws(region=REGION)
    local.empty()
    here.connect(local)
    yield local
    local.empty()
    local.close()


def test_where_an_aws_is_in_use_it_goes_there_with_its_role(
    orders: StateMachine, local: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)

    first = orders.deploy(create_role=True)
    again = orders.deploy()

    assert (first.outcome, again.outcome) == ("created", "unchanged")
    assert repr(first) == f"orders created: {first.arn} (an AWS in this process)"
    states = local.client("stepfunctions", region=REGION)
    assert states.describe_state_machine(stateMachineArn=first.arn)["roleArn"] == first.role_arn
    assert local.client("iam", region=REGION).get_role(RoleName="orders-sfnb-role")
    assert orders.on_aws().arn == first.arn


def test_a_client_that_is_given_comes_before_the_aws_in_use(
    orders: StateMachine, local: LocalAws, client: Any
) -> None:
    deployed = orders.deploy(ROLE, client=client)

    assert deployed.place is None
    assert client.describe_state_machine(stateMachineArn=deployed.arn)["name"] == "orders"
    assert local.client("stepfunctions", region=REGION).list_state_machines()["stateMachines"] == []
