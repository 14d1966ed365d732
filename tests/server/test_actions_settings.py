"""What machines and activities are given besides a definition, and what ARNs stand for, without a socket.

Source: AWS API reference; AWS recordings of api/logs and api/versioning.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sfnb.service import StepFunctions

ROLE = "arn:aws:iam::123456789012:role/sfn"
PREFIX = "arn:aws:states:us-east-1:123456789012"
ARN = f"{PREFIX}:stateMachine:m"
LOG_GROUP = "arn:aws:logs:us-east-1:123456789012:log-group:g:*"
SOON = 60
DEFINITION = json.dumps({"StartAt": "S", "States": {"S": {"Type": "Succeed"}}})
CHILD = {
    "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
    "StartAt": "Child",
    "States": {"Child": {"Type": "Succeed"}},
}
MAP = {"Type": "Map", "Label": "each", "ItemsPath": "$", "ItemProcessor": CHILD, "End": True}
NESTED = json.dumps({"StartAt": "Each", "States": {"Each": MAP}})


def create(sfn: Any, name: str = "m", text: str = DEFINITION, **options: Any) -> Any:
    return sfn.create_state_machine(name=name, definition=text, roleArn=ROLE, **options)


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as fault:
        call(**params)
    error = fault.value.response["Error"]
    return error["Code"], error["Message"]


def destination(arn: str) -> dict[str, Any]:
    return {"cloudWatchLogsLogGroup": {"logGroupArn": arn}}


# Settings


@pytest.mark.parametrize(
    "wrong",
    [
        "foo",
        " ",
        "arn:aws:iam::123456789012:user/me",
        "arn:aws:iam::123456789012:role/",
        f"{PREFIX}:activity:a",
        f"{ROLE}\n",
    ],
)
def test_a_role_is_named_by_the_arn_of_one(sfn: Any, wrong: str) -> None:
    words = ("InvalidArn", f"Invalid Role Arn: '{wrong}'")
    made = {"name": "m", "definition": DEFINITION}

    assert refused(sfn.create_state_machine, **made, roleArn=wrong) == words
    create(sfn)
    assert refused(sfn.update_state_machine, stateMachineArn=ARN, roleArn=wrong) == words
    assert sfn.describe_state_machine(stateMachineArn=ARN)["roleArn"] == ROLE


@pytest.mark.parametrize(
    "role",
    ["arn:aws:iam::123456789012:role/service-role/r+=,.@-_", "arn:aws-us-gov:iam::123456789012:role/r"],
)
def test_a_role_may_be_on_a_path_and_in_another_partition(sfn: Any, role: str) -> None:
    sfn.create_state_machine(name="m", definition=DEFINITION, roleArn=role)

    assert sfn.describe_state_machine(stateMachineArn=ARN)["roleArn"] == role


OFF = {"level": "OFF", "includeExecutionData": False}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, OFF),
        ({"level": "OFF"}, OFF),
        ({"includeExecutionData": True}, {**OFF, "includeExecutionData": True}),
        ({"destinations": []}, {**OFF, "destinations": []}),
        ({"destinations": [destination(LOG_GROUP)]}, {**OFF, "destinations": [destination(LOG_GROUP)]}),
        (
            {"level": "ERROR", "destinations": [destination(LOG_GROUP)]},
            {"level": "ERROR", "includeExecutionData": False, "destinations": [destination(LOG_GROUP)]},
        ),
    ],
)
def test_logs_are_described_as_they_were_asked_for(
    sfn: Any, given: dict[str, Any], told: dict[str, Any]
) -> None:
    create(sfn, loggingConfiguration=given)
    create(sfn, "other")
    other = f"{PREFIX}:stateMachine:other"
    sfn.update_state_machine(stateMachineArn=other, loggingConfiguration=given)

    for arn in (ARN, other):
        assert sfn.describe_state_machine(stateMachineArn=arn)["loggingConfiguration"] == told


NO_DESTINATION = "Invalid Logging Configuration: Must specify exactly one Log Destination."


@pytest.mark.parametrize(
    ("given", "code", "words"),
    [
        ({"loggingConfiguration": {"level": "FATAL"}}, "InvalidLoggingConfiguration", NO_DESTINATION),
        (
            {"loggingConfiguration": {"level": "ALL", "destinations": []}},
            "InvalidLoggingConfiguration",
            NO_DESTINATION,
        ),
        (
            {"loggingConfiguration": {"level": "OFF", "destinations": [destination(LOG_GROUP)] * 2}},
            "InvalidLoggingConfiguration",
            NO_DESTINATION,
        ),
        (
            {"loggingConfiguration": {"level": "ALL", "destinations": [destination(LOG_GROUP[:-2])]}},
            "InvalidLoggingConfiguration",
            "end with ':*'",
        ),
        ({"tracingConfiguration": {}}, "InvalidTracingConfiguration", "enabled"),
        (
            {"encryptionConfiguration": {"type": "CUSTOMER_MANAGED_KMS_KEY"}},
            "InvalidEncryptionConfiguration",
            "kmsKeyId",
        ),
        (
            {"encryptionConfiguration": {"type": "AWS_OWNED_KEY", "kmsKeyId": "k"}},
            "InvalidEncryptionConfiguration",
            "kmsKeyId",
        ),
    ],
)
def test_settings_that_do_not_fit_are_refused(sfn: Any, given: dict[str, Any], code: str, words: str) -> None:
    create(sfn)

    for call, params in (
        (sfn.create_state_machine, {"name": "other", "definition": DEFINITION, "roleArn": ROLE}),
        (sfn.update_state_machine, {"stateMachineArn": ARN}),
    ):
        found, message = refused(call, **params, **given)
        assert found == code
        assert words in message
    if "encryptionConfiguration" in given:
        assert refused(sfn.create_activity, name="work", **given)[0] == code
    assert [each["name"] for each in sfn.list_state_machines()["stateMachines"]] == ["m"]


def test_a_data_key_of_ones_own_is_used_for_five_minutes(sfn: Any) -> None:
    own = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k"}
    create(sfn, encryptionConfiguration=own)
    activity = sfn.create_activity(name="work", encryptionConfiguration=own)["activityArn"]

    told = {**own, "kmsDataKeyReusePeriodSeconds": 300}
    assert sfn.describe_state_machine(stateMachineArn=ARN)["encryptionConfiguration"] == told
    assert sfn.describe_activity(activityArn=activity)["encryptionConfiguration"] == told


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ([("aws:cloud", "x")], "ValidationException"),
        ([("AWS:cloud", "x")], "ValidationException"),
        ([("a!", "x")], "ValidationException"),
        ([("a", "x?")], "ValidationException"),
        ([(None, "x")], "ValidationException"),
        ([(str(number), "") for number in range(51)], "TooManyTags"),
        ([("Straße 1/a_b.c:d=e+f-g@h", "é")], None),
        ([("twice", "1"), ("twice", "2")], None),
    ],
)
def test_tags_have_their_letters_and_their_number(
    sfn: Any, tags: list[tuple[str | None, str]], code: str | None
) -> None:
    given = [{"key": key, "value": value} if key else {"value": value} for key, value in tags]
    create(sfn)

    for call, params in (
        (sfn.create_state_machine, {"name": "other", "definition": DEFINITION, "roleArn": ROLE}),
        (sfn.create_activity, {"name": "work"}),
        (sfn.tag_resource, {"resourceArn": ARN}),
    ):
        if code is None:
            call(**params, tags=given)
        else:
            assert refused(call, **params, tags=given)[0] == code
    kept = sfn.list_tags_for_resource(resourceArn=ARN)["tags"]
    assert kept == ([] if code else given[-1:])


# ARNs


@pytest.mark.parametrize(
    ("end", "code"),
    [
        (":1", None),
        (":live", None),
        ("/each", None),
        (":2", "StateMachineDoesNotExist"),
        (":01", "StateMachineDoesNotExist"),
        (":none", "StateMachineDoesNotExist"),
        ("/none", "StateMachineDoesNotExist"),
        (":1:2", "InvalidArn"),
    ],
)
def test_a_machine_is_described_by_all_its_arns(sfn: Any, end: str, code: str | None) -> None:
    create(sfn, text=NESTED, publish=True)
    routes = [{"stateMachineVersionArn": f"{ARN}:1", "weight": 100}]
    sfn.create_state_machine_alias(name="live", routingConfiguration=routes)

    if code is not None:
        assert refused(sfn.describe_state_machine, stateMachineArn=f"{ARN}{end}")[0] == code
        return
    told = sfn.describe_state_machine(stateMachineArn=f"{ARN}{end}")
    assert told["name"] == "m"
    assert told["status"] == "ACTIVE"
    if end == "/each":
        assert (told["stateMachineArn"], told["label"]) == (f"{ARN}/each", "each")
        assert json.loads(told["definition"]) == CHILD
    else:
        assert told["stateMachineArn"] == f"{ARN}:1"
        assert told["definition"] == NESTED


@pytest.mark.parametrize("end", [":1", ":live", "/each"])
def test_what_is_done_to_a_machine_is_not_done_to_its_parts(sfn: Any, end: str) -> None:
    create(sfn, text=NESTED, publish=True)
    code = "ValidationException" if end.startswith("/") else "InvalidArn"

    for call, params in (
        (sfn.update_state_machine, {"roleArn": ROLE}),
        (sfn.delete_state_machine, {}),
        (sfn.publish_state_machine_version, {}),
        (sfn.list_state_machine_versions, {}),
    ):
        assert refused(call, stateMachineArn=f"{ARN}{end}", **params)[0] == code
    assert refused(sfn.list_tags_for_resource, resourceArn=f"{ARN}{end}")[0] == "ResourceNotFound"


def test_an_express_child_is_described_and_no_more(sfn: Any, service: StepFunctions) -> None:
    create(sfn, text=NESTED)
    started = sfn.start_execution(stateMachineArn=ARN, input="[1]")["executionArn"]
    assert service.execution(started).wait(SOON)
    (listed,) = sfn.list_map_runs(executionArn=started)["mapRuns"]
    (child,) = sfn.list_executions(mapRunArn=listed["mapRunArn"])["executions"]

    assert sfn.describe_execution(executionArn=child["executionArn"])["mapRunArn"] == listed["mapRunArn"]
    for call in (
        sfn.stop_execution,
        sfn.get_execution_history,
        sfn.redrive_execution,
        sfn.describe_state_machine_for_execution,
    ):
        assert refused(call, executionArn=child["executionArn"]) == (
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: express'",
        )


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({}, "ValidationException"),
        ({"stateMachineArn": ARN, "mapRunArn": f"{PREFIX}:mapRun:m/each:1"}, "ValidationException"),
        ({"stateMachineArn": ARN, "statusFilter": "PENDING_REDRIVE"}, "ValidationException"),
        ({"mapRunArn": f"{PREFIX}:mapRun:m/each:1"}, "ResourceNotFound"),
        ({"mapRunArn": ARN}, "InvalidArn"),
        ({"stateMachineArn": f"{ARN}:1"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{ARN}2"}, "StateMachineDoesNotExist"),
    ],
)
def test_of_what_executions_are_listed_has_to_be_clear(sfn: Any, given: dict[str, str], code: str) -> None:
    create(sfn)
    assert refused(sfn.list_executions, **given)[0] == code
