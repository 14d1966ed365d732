"""What is asked for again, what is listed by the page, and what is deleted, by boto3 without a socket.

Source: AWS API reference, of each operation.
"""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sfnb.server.client import client
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore

ROLE = "arn:aws:iam::123456789012:role/sfn"
PREFIX = "arn:aws:states:us-east-1:123456789012"
OWN_KEY = {"type": "CUSTOMER_MANAGED_KMS_KEY", "kmsKeyId": "alias/k"}
SOON = 60


def definition(*, comment: str = "", **state: Any) -> str:
    state = state or {"Type": "Pass"}
    return json.dumps({"Comment": comment, "StartAt": "S", "States": {"S": {**state, "End": True}}})


WAITS = definition(Type="Wait", Seconds=3600)


def create(sfn: Any, name: str = "m", text: str | None = None, **options: Any) -> str:
    made = sfn.create_state_machine(name=name, definition=text or definition(), roleArn=ROLE, **options)
    arn: str = made["stateMachineArn"]
    return arn


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as fault:
        call(**params)
    error = fault.value.response["Error"]
    return error["Code"], error["Message"]


def until_history_has(sfn: Any, started: str, count: int) -> None:
    """Wait for an execution to have come so far; raises AssertionError where it does not."""
    give_up = time.monotonic() + SOON
    while len(sfn.get_execution_history(executionArn=started)["events"]) < count:
        assert time.monotonic() < give_up


def tags_of(sfn: Any, arn: str) -> dict[str, str]:
    return {tag["key"]: tag["value"] for tag in sfn.list_tags_for_resource(resourceArn=arn)["tags"]}


# Again

PUBLISHED = {"publish": True, "versionDescription": "one"}


@pytest.mark.parametrize(
    ("first", "again", "is_same"),
    [
        ({}, {}, True),
        ({}, {"publish": False}, True),
        ({}, {"publish": True}, False),
        (PUBLISHED, PUBLISHED, True),
        (PUBLISHED, {"publish": True}, False),
        (PUBLISHED, {}, False),
        ({}, {"roleArn": f"{ROLE}2", "tags": [{"key": "b", "value": ""}]}, True),
        ({}, {"loggingConfiguration": {"level": "OFF"}}, True),
        ({}, {"loggingConfiguration": {"includeExecutionData": True}}, False),
        ({}, {"tracingConfiguration": {"enabled": False}}, True),
        ({}, {"encryptionConfiguration": {"type": "AWS_OWNED_KEY"}}, True),
        ({}, {"encryptionConfiguration": OWN_KEY}, False),
        ({"encryptionConfiguration": OWN_KEY}, {"encryptionConfiguration": OWN_KEY}, True),
    ],
)
def test_a_machine_is_the_same_but_for_its_role_and_tags(
    sfn: Any, first: dict[str, Any], again: dict[str, Any], is_same: bool
) -> None:
    tags = [{"key": "a", "value": ""}]
    base = {"name": "m", "definition": definition(), "roleArn": ROLE, "tags": tags}
    made = sfn.create_state_machine(**{**base, **first})
    arn = made["stateMachineArn"]

    if is_same:
        del made["ResponseMetadata"]
        answer = sfn.create_state_machine(**{**base, **again})
        assert {name: value for name, value in answer.items() if name != "ResponseMetadata"} == made
    else:
        assert refused(sfn.create_state_machine, **{**base, **again}) == (
            "StateMachineAlreadyExists",
            f"State Machine Already Exists: '{arn}'",
        )
    assert tags_of(sfn, arn) == {"a": ""}
    assert sfn.describe_state_machine(stateMachineArn=arn)["roleArn"] == ROLE
    versions = sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"]
    assert len(versions) == int(first.get("publish", False))


def test_an_activity_that_is_created_twice_keeps_its_tags(sfn: Any) -> None:
    first = sfn.create_activity(name="work", tags=[{"key": "a", "value": "1"}])
    again = sfn.create_activity(name="work", tags=[{"key": "a", "value": "2"}, {"key": "b", "value": ""}])

    assert again["creationDate"] == first["creationDate"]
    assert tags_of(sfn, first["activityArn"]) == {"a": "1"}
    assert refused(sfn.create_activity, name="work", encryptionConfiguration=OWN_KEY)[0] == (
        "ActivityAlreadyExists"
    )


def test_an_alias_that_is_updated_to_what_it_is_was_not_updated(sfn: Any) -> None:
    arn = create(sfn, publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]

    first = sfn.update_state_machine_alias(stateMachineAliasArn=alias, description="live one")
    again = sfn.update_state_machine_alias(
        stateMachineAliasArn=alias, description="live one", routingConfiguration=routes
    )

    assert again["updateDate"] == first["updateDate"]
    assert sfn.describe_state_machine_alias(stateMachineAliasArn=alias)["description"] == "live one"


def test_an_update_that_is_refused_changes_nothing(sfn: Any) -> None:
    arn = create(sfn)
    before = sfn.describe_state_machine(stateMachineArn=arn)

    for given in (
        {"definition": definition(comment="2"), "loggingConfiguration": {"level": "ALL"}},
        {"definition": "{}", "roleArn": f"{ROLE}2"},
        {"roleArn": f"{ROLE}2", "versionDescription": "none is published"},
        {"roleArn": f"{ROLE}2", "tracingConfiguration": {}},
    ):
        refused(sfn.update_state_machine, stateMachineArn=arn, **given)

    after = sfn.describe_state_machine(stateMachineArn=arn)
    assert {**after, "ResponseMetadata": None} == {**before, "ResponseMetadata": None}


def test_an_execution_is_described_in_its_own_revision(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn)
    started = []
    for number in range(3):
        execution = sfn.start_execution(stateMachineArn=arn)["executionArn"]
        assert service.execution(execution).wait(SOON)
        started.append(execution)
        sfn.update_state_machine(stateMachineArn=arn, roleArn=f"{ROLE}{number}")

    told = [sfn.describe_state_machine_for_execution(executionArn=each) for each in started]

    assert [each["roleArn"] for each in told] == [ROLE, f"{ROLE}0", f"{ROLE}1"]
    assert ["revisionId" in each for each in told] == [False, True, True]
    assert told[1]["revisionId"] != told[2]["revisionId"]


def test_of_two_redrives_at_once_with_one_token_both_hear_of_one(sfn: Any, service: StepFunctions) -> None:
    fails = {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}
    started = sfn.start_execution(stateMachineArn=create(sfn, text=json.dumps(fails)))["executionArn"]
    assert service.execution(started).wait(SOON)
    gate = threading.Barrier(4)
    found: list[Any] = []

    def redrive() -> None:
        gate.wait(SOON)
        found.append(sfn.redrive_execution(executionArn=started, clientToken="once")["redriveDate"])

    threads = [threading.Thread(target=redrive) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SOON)

    assert len(found) == 4
    assert len(set(found)) == 1
    assert service.execution(started).wait(SOON)
    assert sfn.describe_execution(executionArn=started)["redriveCount"] == 1


# By the page


def test_a_list_that_is_deleted_as_it_is_read_is_read_to_its_end(sfn: Any) -> None:
    for number in range(5):
        create(sfn, f"m-{number}")
        sfn.create_activity(name=f"a-{number}")

    gone = []
    for page in sfn.get_paginator("list_state_machines").paginate(PaginationConfig={"PageSize": 2}):
        for each in page["stateMachines"]:
            sfn.delete_state_machine(stateMachineArn=each["stateMachineArn"])
            gone.append(each["name"])
    for page in sfn.get_paginator("list_activities").paginate(PaginationConfig={"PageSize": 2}):
        for each in page["activities"]:
            sfn.delete_activity(activityArn=each["activityArn"])
            gone.append(each["name"])

    assert gone == [f"m-{number}" for number in range(5)] + [f"a-{number}" for number in range(5)]


def test_versions_and_aliases_are_listed_by_the_page(sfn: Any) -> None:
    arn = create(sfn, publish=True)
    for number in range(2, 6):
        sfn.update_state_machine(
            stateMachineArn=arn, definition=definition(comment=str(number)), publish=True
        )
    for name in ("c", "a", "b"):
        routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
        sfn.create_state_machine_alias(name=name, routingConfiguration=routes)

    versions: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = sfn.list_state_machine_versions(stateMachineArn=arn, maxResults=2, **token)
        versions += [each["stateMachineVersionArn"] for each in page["stateMachineVersions"]]
        sfn.delete_state_machine_version(
            stateMachineVersionArn=versions[-1] if len(versions) < 5 else f"{arn}:9"
        )
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert versions == [f"{arn}:{number}" for number in (5, 4, 3, 2, 1)]

    first = sfn.list_state_machine_aliases(stateMachineArn=arn, maxResults=2)
    rest = sfn.list_state_machine_aliases(stateMachineArn=arn, maxResults=2, nextToken=first["nextToken"])
    found = first["stateMachineAliases"] + rest["stateMachineAliases"]
    assert [each["stateMachineAliasArn"] for each in found] == [f"{arn}:{name}" for name in "cab"]
    assert "nextToken" not in rest


def test_a_history_read_backwards_stays_where_it_is_as_it_grows(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, text=WAITS)
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    until_history_has(sfn, started, 2)

    first = sfn.get_execution_history(executionArn=started, reverseOrder=True, maxResults=1)
    sfn.stop_execution(executionArn=started)
    rest = sfn.get_execution_history(executionArn=started, reverseOrder=True, nextToken=first["nextToken"])

    assert [event["id"] for event in first["events"] + rest["events"]] == [2, 1]
    assert "nextToken" not in rest


# Deleting


def test_a_deleted_machine_takes_all_with_it(sfn: Any) -> None:
    arn = create(sfn, publish=True, tags=[{"key": "a", "value": "1"}])
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]

    sfn.delete_state_machine(stateMachineArn=arn)

    assert refused(sfn.describe_state_machine, stateMachineArn=f"{arn}:1")[0] == "StateMachineDoesNotExist"
    assert refused(sfn.describe_state_machine_alias, stateMachineAliasArn=alias)[0] == "ResourceNotFound"
    assert refused(sfn.list_tags_for_resource, resourceArn=arn)[0] == "ResourceNotFound"
    assert sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"] == []
    assert create(sfn) == arn
    assert tags_of(sfn, arn) == {}
    assert sfn.list_state_machine_versions(stateMachineArn=arn)["stateMachineVersions"] == []
    assert sfn.list_state_machine_aliases(stateMachineArn=arn)["stateMachineAliases"] == []


def test_a_machine_that_is_being_deleted_is_not_changed(sfn: Any) -> None:
    arn = create(sfn, text=WAITS, publish=True)
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.delete_state_machine(stateMachineArn=arn)
    sfn.delete_state_machine(stateMachineArn=arn)

    for call, given in (
        (sfn.start_execution, {"stateMachineArn": alias}),
        (sfn.update_state_machine, {"stateMachineArn": arn, "roleArn": ROLE}),
        (sfn.publish_state_machine_version, {"stateMachineArn": arn}),
        (sfn.create_state_machine_alias, {"name": "other", "routingConfiguration": routes}),
        (sfn.update_state_machine_alias, {"stateMachineAliasArn": alias, "description": "d"}),
        (sfn.list_state_machine_aliases, {"stateMachineArn": arn}),
    ):
        assert refused(call, **given) == ("StateMachineDeleting", f"State Machine is being deleted: '{arn}'")
    assert sfn.describe_execution(executionArn=started)["status"] == "RUNNING"
    sfn.stop_execution(executionArn=started)
    assert refused(sfn.list_executions, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"


def test_executions_of_a_deleted_machine_end_at_their_next_transition(
    sfn: Any, service: StepFunctions
) -> None:
    activity = sfn.create_activity(name="work")["activityArn"]
    two = {
        "StartAt": "Work",
        "States": {
            "Work": {"Type": "Task", "Resource": activity, "Next": "More"},
            "More": {"Type": "Task", "Resource": activity, "End": True},
        },
    }
    arn = create(sfn, text=json.dumps(two))
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    token = sfn.get_activity_task(activityArn=activity)["taskToken"]

    sfn.delete_state_machine(stateMachineArn=arn)
    assert sfn.describe_execution(executionArn=started)["status"] == "RUNNING"
    sfn.send_task_success(taskToken=token, output="1")

    assert service.execution(started).wait(SOON)
    assert sfn.describe_execution(executionArn=started)["status"] == "ABORTED"
    assert refused(sfn.describe_state_machine, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"


def test_what_was_interrupted_ends_with_its_machine(tmp_path: Path) -> None:
    before = StepFunctions(store=SqliteStore(tmp_path / "store.db"))
    sfn = client("stepfunctions", service=before)
    arn = create(sfn, text=WAITS)
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    before.close()

    after = StepFunctions(store=SqliteStore(tmp_path / "store.db"))
    sfn = client("stepfunctions", service=after)
    sfn.delete_state_machine(stateMachineArn=arn)

    assert sfn.describe_execution(executionArn=started)["status"] == "ABORTED"
    assert sfn.list_state_machines()["stateMachines"] == []
    after.close()


def test_what_failed_is_not_redriven_while_its_machine_is_being_deleted(
    sfn: Any, service: StepFunctions
) -> None:
    fails = {
        "Type": "Choice",
        "Choices": [{"Variable": "$.wait", "IsPresent": True, "Next": "W"}],
        "Default": "F",
    }
    states = {"S": fails, "W": {"Type": "Wait", "Seconds": 3600, "End": True}, "F": {"Type": "Fail"}}
    arn = create(sfn, text=json.dumps({"StartAt": "S", "States": states}))
    failed = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    assert service.execution(failed).wait(SOON)
    assert sfn.describe_execution(executionArn=failed)["redriveStatus"] == "REDRIVABLE"
    running = sfn.start_execution(stateMachineArn=arn, input='{"wait": 1}')["executionArn"]
    until_history_has(sfn, running, 4)  # it has come to where it waits

    sfn.delete_state_machine(stateMachineArn=arn)

    reason = "State machine is in DELETING status"
    told = sfn.describe_execution(executionArn=failed)
    assert (told["redriveStatus"], told["redriveStatusReason"]) == ("NOT_REDRIVABLE", reason)
    assert refused(sfn.redrive_execution, executionArn=failed) == ("ExecutionNotRedrivable", reason)
    sfn.stop_execution(executionArn=running)
