"""Every operation, by boto3, without a socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sfnb.engine.clock import JumpClock
from sfnb.server.actions import ACTIONS
from sfnb.server.client import client
from sfnb.service import StepFunctions
from sfnb.stores.sqlite import SqliteStore

ROLE = "arn:aws:iam::123456789012:role/sfn"
PREFIX = "arn:aws:states:us-east-1:123456789012"
SOON = 60


def definition(*, comment: str = "", **state: Any) -> str:
    state = state or {"Type": "Pass"}
    return json.dumps({"Comment": comment, "StartAt": "S", "States": {"S": {**state, "End": True}}})


WAITS = definition(Type="Wait", Seconds=3600)
GROUP = {"cloudWatchLogsLogGroup": {"logGroupArn": "arn:aws:logs:us-east-1:123456789012:log-group:g:*"}}
CHILDREN = definition(
    Type="Map",
    ItemsPath="$.items",
    MaxConcurrency=2,
    ItemProcessor={
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "Child",
        "States": {"Child": {"Type": "Pass", "End": True}},
    },
)


def create(sfn: Any, name: str = "m", text: str | None = None, **options: Any) -> str:
    made = sfn.create_state_machine(name=name, definition=text or definition(), roleArn=ROLE, **options)
    arn: str = made["stateMachineArn"]
    return arn


def run(sfn: Any, service: StepFunctions, arn: str, **options: Any) -> str:
    started: str = sfn.start_execution(stateMachineArn=arn, **options)["executionArn"]
    assert service.execution(started).wait(SOON)
    return started


def refused(call: Any, **params: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as fault:
        call(**params)
    error = fault.value.response["Error"]
    return error["Code"], error["Message"]


def test_there_is_an_action_for_each_operation_of_the_model(sfn: Any) -> None:
    assert set(ACTIONS) == set(sfn.meta.service_model.operation_names)
    assert len(ACTIONS) == 37


# State machines


def test_a_machine_that_is_created_twice_is_one(sfn: Any) -> None:
    first = sfn.create_state_machine(name="m", definition=definition(), roleArn=ROLE)
    again = sfn.create_state_machine(name="m", definition=definition(), roleArn=f"{ROLE}2", tags=[])

    assert again["stateMachineArn"] == first["stateMachineArn"]
    assert again["creationDate"] == first["creationDate"]
    assert sfn.describe_state_machine(stateMachineArn=first["stateMachineArn"])["roleArn"] == ROLE


@pytest.mark.parametrize(
    "other",
    [
        {"definition": definition(comment="another")},
        {"type": "EXPRESS"},
        {"tracingConfiguration": {"enabled": True}},
        {"loggingConfiguration": {"level": "ALL", "destinations": [GROUP]}},
    ],
)
def test_another_machine_of_the_name_is_refused(sfn: Any, other: dict[str, Any]) -> None:
    arn = create(sfn)

    given = {"name": "m", "definition": definition(), "roleArn": ROLE, **other}
    assert refused(sfn.create_state_machine, **given) == (
        "StateMachineAlreadyExists",
        f"State Machine Already Exists: '{arn}'",
    )


def test_an_update_makes_a_new_revision_only_where_something_changes(sfn: Any) -> None:
    arn = create(sfn)
    assert "revisionId" not in sfn.describe_state_machine(stateMachineArn=arn)

    same = sfn.update_state_machine(stateMachineArn=arn, definition=definition())
    changed = sfn.update_state_machine(stateMachineArn=arn, definition=definition(comment="2"))
    kept = sfn.update_state_machine(stateMachineArn=arn, roleArn=ROLE)

    assert "revisionId" not in same
    assert kept["revisionId"] == changed["revisionId"]
    assert sfn.describe_state_machine(stateMachineArn=arn)["definition"] == definition(comment="2")


def test_an_update_that_changes_nothing_is_refused(sfn: Any) -> None:
    arn = create(sfn)
    assert refused(sfn.update_state_machine, stateMachineArn=arn)[0] == "MissingRequiredParameter"


def test_an_execution_runs_what_the_machine_was_when_it_began(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, text=WAITS)
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]
    sfn.update_state_machine(stateMachineArn=arn, definition=definition(comment="later"), roleArn=f"{ROLE}2")

    told = sfn.describe_state_machine_for_execution(executionArn=started)
    assert (told["definition"], told["roleArn"]) == (WAITS, ROLE)
    assert "revisionId" not in told


def test_a_deleted_machine_goes_when_its_last_execution_has_ended(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, text=WAITS)
    started = sfn.start_execution(stateMachineArn=arn)["executionArn"]

    sfn.delete_state_machine(stateMachineArn=arn)
    assert sfn.describe_state_machine(stateMachineArn=arn)["status"] == "DELETING"
    assert refused(sfn.start_execution, stateMachineArn=arn)[0] == "StateMachineDeleting"
    assert refused(sfn.create_state_machine, name="m", definition=WAITS, roleArn=ROLE)[0] == (
        "StateMachineDeleting"
    )

    sfn.stop_execution(executionArn=started, error="Gone", cause="away")
    assert refused(sfn.describe_state_machine, stateMachineArn=arn)[0] == "StateMachineDoesNotExist"
    told = sfn.describe_execution(executionArn=started)
    assert (told["status"], told["error"], told["cause"]) == ("ABORTED", "Gone", "away")
    sfn.delete_state_machine(stateMachineArn=arn)


def test_logs_need_exactly_one_destination(sfn: Any) -> None:
    for given in ({"level": "ALL"}, {"level": "OFF", "destinations": [GROUP, GROUP]}):
        code, message = refused(
            sfn.create_state_machine,
            name="m",
            definition=definition(),
            roleArn=ROLE,
            loggingConfiguration=given,
        )
        assert code == "InvalidLoggingConfiguration"
        assert message == "Invalid Logging Configuration: Must specify exactly one Log Destination."


def test_metadata_alone_can_be_asked_for(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn)
    started = run(sfn, service, arn, input='{"n": 1}')

    assert sfn.describe_state_machine(stateMachineArn=arn, includedData="METADATA_ONLY")["definition"] == "{}"
    told = sfn.describe_execution(executionArn=started, includedData="METADATA_ONLY")
    assert {"input", "output"}.isdisjoint(told)
    assert told["inputDetails"] == {"included": False}


# Versions and aliases


def test_a_version_runs_what_was_published(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, text=definition(Type="Pass", Result=1), publish=True, versionDescription="one")
    sfn.update_state_machine(stateMachineArn=arn, definition=definition(Type="Pass", Result=2), publish=True)

    outputs = []
    for target in (arn, f"{arn}:1", f"{arn}:2"):
        started = run(sfn, service, target)
        outputs.append(sfn.describe_execution(executionArn=started)["output"])

    assert outputs == ["2", "1", "2"]
    assert sfn.describe_state_machine(stateMachineArn=f"{arn}:1")["description"] == "one"
    found = sfn.list_executions(stateMachineArn=f"{arn}:1")["executions"]
    assert [each["stateMachineVersionArn"] for each in found] == [f"{arn}:1"]
    history = sfn.get_execution_history(executionArn=found[0]["executionArn"])["events"]
    assert history[0]["executionStartedEventDetails"]["stateMachineVersionArn"] == f"{arn}:1"


def test_a_revision_has_one_version(sfn: Any) -> None:
    arn = create(sfn)
    first = sfn.publish_state_machine_version(stateMachineArn=arn)
    again = sfn.publish_state_machine_version(stateMachineArn=arn)
    assert first["stateMachineVersionArn"] == again["stateMachineVersionArn"] == f"{arn}:1"

    code, message = refused(sfn.publish_state_machine_version, stateMachineArn=arn, revisionId="another")
    assert code == "ConflictException"
    assert "The current State Machine revision is INITIAL." in message


def test_an_alias_shares_executions_out_by_weight(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, publish=True)
    sfn.update_state_machine(stateMachineArn=arn, definition=definition(comment="2"), publish=True)
    routes = [
        {"stateMachineVersionArn": f"{arn}:1", "weight": 0},
        {"stateMachineVersionArn": f"{arn}:2", "weight": 100},
    ]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]

    versions = set()
    for _ in range(5):
        run(sfn, service, alias)
    for each in sfn.list_executions(stateMachineArn=alias)["executions"]:
        versions.add(each["stateMachineVersionArn"])
        assert each["stateMachineAliasArn"] == alias
    assert versions == {f"{arn}:2"}


ROUTINGS: list[tuple[list[tuple[str, int]], str, str]] = [
    ([("", 100)], "ValidationException", "Routing configuration must contain state machine version ARNs."),
    ([(":1", 70), (":2", 29)], "ValidationException", "must equal 100. Received: [70, 29]"),
    ([(":1", 50), (":1", 50)], "ValidationException", "distinct versions"),
    ([(":9", 100)], "ResourceNotFound", "Request references a resource that does not exist."),
]


@pytest.mark.parametrize(("routes", "code", "words"), ROUTINGS)
def test_a_routing_that_leads_nowhere_is_refused(
    sfn: Any, routes: list[tuple[str, int]], code: str, words: str
) -> None:
    arn = create(sfn, publish=True)
    sfn.update_state_machine(stateMachineArn=arn, definition=definition(comment="2"), publish=True)

    given = [{"stateMachineVersionArn": f"{arn}{end}", "weight": weight} for end, weight in routes]
    found, message = refused(sfn.create_state_machine_alias, name="live", routingConfiguration=given)
    assert found == code
    assert words in message


def test_the_aliases_of_a_version_are_listed_by_its_arn(sfn: Any) -> None:
    arn = create(sfn, publish=True)
    for name in ("a", "b"):
        routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
        sfn.create_state_machine_alias(name=name, routingConfiguration=routes)

    for target in (arn, f"{arn}:1"):
        found = sfn.list_state_machine_aliases(stateMachineArn=target)["stateMachineAliases"]
        assert [each["stateMachineAliasArn"] for each in found] == [f"{arn}:a", f"{arn}:b"]


# Executions


def test_lists_go_by_the_page_and_stay_where_they_are(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn)
    started = [run(sfn, service, arn) for _ in range(5)]

    first = sfn.list_executions(stateMachineArn=arn, maxResults=2)
    run(sfn, service, arn)
    second = sfn.list_executions(stateMachineArn=arn, maxResults=2, nextToken=first["nextToken"])
    third = sfn.list_executions(stateMachineArn=arn, maxResults=2, nextToken=second["nextToken"])

    found = [each["executionArn"] for page in (first, second, third) for each in page["executions"]]
    assert found == started[::-1]
    assert "nextToken" not in third


def test_a_token_of_another_list_is_refused(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn)
    for _ in range(2):
        run(sfn, service, arn)
    token = sfn.list_executions(stateMachineArn=arn, maxResults=1)["nextToken"]

    for wrong in (token, "x", "AAAA"):
        assert refused(sfn.list_state_machines, nextToken=wrong) == (
            "InvalidToken",
            "Invalid Token: 'Invalid token'",
        )


def test_a_history_can_be_read_backwards_and_by_the_page(sfn: Any, service: StepFunctions) -> None:
    started = run(sfn, service, create(sfn), input='{"n": 1}')

    pages = sfn.get_paginator("get_execution_history").paginate(
        executionArn=started, reverseOrder=True, PaginationConfig={"PageSize": 3}
    )
    assert [event["id"] for page in pages for event in page["events"]] == [4, 3, 2, 1]

    bare = sfn.get_execution_history(executionArn=started, includeExecutionData=False)["events"]
    assert bare[1]["stateEnteredEventDetails"] == {"name": "S"}


def test_an_express_execution_is_nobodys_to_look_at(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, type="EXPRESS")
    started = run(sfn, service, arn)

    for call in (sfn.describe_execution, sfn.stop_execution, sfn.get_execution_history):
        assert refused(call, executionArn=started) == (
            "InvalidArn",
            "Invalid Arn: 'Resource type not valid in this context: express'",
        )
    assert refused(sfn.list_executions, stateMachineArn=arn)[0] == "StateMachineTypeNotSupported"


def test_an_express_machine_answers_at_once(sfn: Any) -> None:
    arn = create(sfn, type="EXPRESS", publish=True)

    answer = sfn.start_sync_execution(stateMachineArn=f"{arn}:1", input='{"n": 1}', name="now")

    assert (answer["status"], answer["output"], answer["name"]) == ("SUCCEEDED", '{"n": 1}', "now")
    assert answer["billingDetails"] == {"billedDurationInMilliseconds": 100, "billedMemoryUsedInMB": 64}


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"input": "{"}, "InvalidExecutionInput"),
        ({"name": "a b"}, "InvalidName"),
        ({"stateMachineArn": f"{PREFIX}:stateMachine:none"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{PREFIX}:stateMachine:m:7"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{PREFIX}:stateMachine:m:PROD"}, "StateMachineDoesNotExist"),
        ({"stateMachineArn": f"{PREFIX}:activity:m"}, "InvalidArn"),
        ({"stateMachineArn": f"{PREFIX}:stateMachine:m/label"}, "ValidationException"),
        ({"stateMachineArn": "m"}, "InvalidArn"),
    ],
)
def test_what_cannot_be_started_is_refused(sfn: Any, given: dict[str, str], code: str) -> None:
    arn = create(sfn)
    assert refused(sfn.start_execution, **{"stateMachineArn": arn, **given})[0] == code


def test_a_redrive_with_the_same_token_is_one(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, text=json.dumps({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}))
    started = run(sfn, service, arn)

    first = sfn.redrive_execution(executionArn=started, clientToken="once")
    service.execution(started).wait(SOON)
    again = sfn.redrive_execution(executionArn=started, clientToken="once")
    service.execution(started).wait(SOON)

    told = sfn.describe_execution(executionArn=started)
    assert (told["redriveCount"], told["redriveDate"]) == (1, first["redriveDate"])
    assert again["redriveDate"] == first["redriveDate"]
    sfn.redrive_execution(executionArn=started)
    service.execution(started).wait(SOON)
    found = sfn.list_executions(stateMachineArn=arn, redriveFilter="REDRIVEN")["executions"]
    assert [each["redriveCount"] for each in found] == [2]
    assert sfn.list_executions(stateMachineArn=arn, redriveFilter="NOT_REDRIVEN")["executions"] == []


def test_a_test_case_of_the_mock_file_stands_for_calls(
    sfn: Any, service: StepFunctions, tmp_path: Path
) -> None:
    service.mock_file = tmp_path / "mocks.json"
    service.mock_file.write_text(
        json.dumps(
            {
                "StateMachines": {"m": {"TestCases": {"Paid": {"S": "Yes"}}}},
                "MockedResponses": {"Yes": {"0": {"Return": {"paid": True}}}},
            }
        )
    )
    arn = create(sfn, text=definition(Type="Task", Resource="arn:aws:states:::sns:publish"))

    started = sfn.start_execution(stateMachineArn=f"{arn}#Paid")["executionArn"]
    service.execution(started).wait(SOON)

    assert sfn.describe_execution(executionArn=started)["output"] == '{"paid":true}'
    assert sfn.describe_execution(executionArn=started)["stateMachineArn"] == arn
    assert refused(sfn.start_execution, stateMachineArn=f"{arn}#Pait")[0] == "ValidationException"


# Map runs


def test_a_map_run_is_described_with_its_children(sfn: Any, service: StepFunctions) -> None:
    arn = create(sfn, text=CHILDREN)
    started = run(sfn, service, arn, input='{"items": [1, 2, 3]}')

    (listed,) = sfn.list_map_runs(executionArn=started)["mapRuns"]
    told = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
    children = sfn.list_executions(mapRunArn=listed["mapRunArn"])["executions"]

    assert (told["executionArn"], told["status"], told["maxConcurrency"]) == (started, "SUCCEEDED", 2)
    assert told["itemCounts"]["succeeded"] == told["executionCounts"]["total"] == 3
    assert [each["itemCount"] for each in children] == [1, 1, 1]
    child = sfn.describe_execution(executionArn=children[0]["executionArn"])
    assert child["mapRunArn"] == listed["mapRunArn"]
    machine = sfn.describe_state_machine_for_execution(executionArn=children[0]["executionArn"])
    assert (machine["name"], machine["mapRunArn"]) == ("m", listed["mapRunArn"])
    code, _ = refused(sfn.update_map_run, mapRunArn=listed["mapRunArn"], maxConcurrency=1)
    assert code == "ValidationException"


def test_a_running_map_run_is_updated(sfn: Any, service: StepFunctions) -> None:
    free = threading.Event()
    here = threading.Semaphore(0)

    def work(payload: Any) -> Any:
        here.release()
        assert free.wait(SOON)
        return payload

    service.registry.functions["work"] = work
    text = json.loads(CHILDREN)
    text["States"]["S"]["MaxConcurrency"] = 1
    text["States"]["S"]["ItemProcessor"]["States"]["Child"] = {
        "Type": "Task",
        "Resource": "work",
        "End": True,
    }
    started = sfn.start_execution(
        stateMachineArn=create(sfn, text=json.dumps(text)), input='{"items": [1, 2, 3]}'
    )["executionArn"]
    assert here.acquire(timeout=SOON)
    (listed,) = sfn.list_map_runs(executionArn=started)["mapRuns"]

    sfn.update_map_run(mapRunArn=listed["mapRunArn"], maxConcurrency=3, toleratedFailureCount=2)

    assert here.acquire(timeout=SOON)
    assert here.acquire(timeout=SOON)
    told = sfn.describe_map_run(mapRunArn=listed["mapRunArn"])
    assert (told["maxConcurrency"], told["toleratedFailureCount"]) == (3, 2)
    free.set()
    assert service.execution(started).wait(SOON)


# Activities, tags


def test_a_worker_does_an_activitys_task(sfn: Any, service: StepFunctions) -> None:
    activity = sfn.create_activity(name="pack", tags=[{"key": "team", "value": "a"}])["activityArn"]
    started = sfn.start_execution(
        stateMachineArn=create(sfn, text=definition(Type="Task", Resource=activity))
    )

    task = sfn.get_activity_task(activityArn=activity, workerName="ann")
    sfn.send_task_heartbeat(taskToken=task["taskToken"])
    sfn.send_task_success(taskToken=task["taskToken"], output='"packed"')

    assert service.execution(started["executionArn"]).wait(SOON)
    assert sfn.describe_execution(executionArn=started["executionArn"])["output"] == '"packed"'
    assert sfn.list_tags_for_resource(resourceArn=activity)["tags"] == [{"key": "team", "value": "a"}]
    assert refused(sfn.send_task_success, taskToken=task["taskToken"], output="1")[0] == "TaskTimedOut"


def test_tags_are_counted(sfn: Any) -> None:
    arn = create(sfn, tags=[{"key": str(number), "value": ""} for number in range(50)])

    assert refused(sfn.tag_resource, resourceArn=arn, tags=[{"key": "more", "value": ""}])[0] == "TooManyTags"
    sfn.untag_resource(resourceArn=arn, tagKeys=["0", "nothing"])
    sfn.tag_resource(resourceArn=arn, tags=[{"key": "1", "value": "new"}, {"key": "more", "value": ""}])
    tags = sfn.list_tags_for_resource(resourceArn=arn)["tags"]
    assert len(tags) == 50
    assert tags[0] == {"key": "1", "value": "new"}
    gone = f"{PREFIX}:stateMachine:none"
    assert refused(sfn.list_tags_for_resource, resourceArn=gone) == (
        "ResourceNotFound",
        f"Resource not found: '{gone}'",
    )


# What outlives the process


@pytest.fixture
def reopened(tmp_path: Path) -> Iterator[Any]:
    """Opens a service on the same file, after the one before has been closed."""
    services: list[StepFunctions] = []

    def reopen() -> tuple[Any, StepFunctions]:
        for service in services:
            service.close()
        service = StepFunctions(store=SqliteStore(tmp_path / "store.db"), clock=JumpClock)
        services.append(service)
        return client("stepfunctions", service=service), service

    yield reopen
    services[-1].close()


def test_all_is_there_again_after_a_restart(reopened: Any) -> None:
    sfn, service = reopened()
    arn = create(
        sfn,
        text=definition(Type="Pass", Result=1),
        publish=True,
        tags=[{"key": "team", "value": "a"}],
        loggingConfiguration={"level": "ERROR", "destinations": [GROUP]},
    )
    sfn.update_state_machine(stateMachineArn=arn, definition=definition(Type="Pass", Result=2))
    routes = [{"stateMachineVersionArn": f"{arn}:1", "weight": 100}]
    alias = sfn.create_state_machine_alias(name="live", routingConfiguration=routes)["stateMachineAliasArn"]
    activity = sfn.create_activity(name="pack")["activityArn"]
    gone = create(sfn, "gone", publish=True)
    sfn.delete_state_machine(stateMachineArn=gone)
    started = run(sfn, service, alias)
    asked = [
        ("describe_state_machine", {"stateMachineArn": arn}),
        ("describe_state_machine", {"stateMachineArn": f"{arn}:1"}),
        ("describe_state_machine_alias", {"stateMachineAliasArn": alias}),
        ("list_state_machine_versions", {"stateMachineArn": arn}),
        ("list_state_machines", {}),
        ("list_tags_for_resource", {"resourceArn": arn}),
        ("describe_activity", {"activityArn": activity}),
        ("describe_execution", {"executionArn": started}),
        ("describe_state_machine_for_execution", {"executionArn": started}),
        ("list_executions", {"stateMachineArn": alias}),
        ("get_execution_history", {"executionArn": started}),
    ]

    def answers(sfn: Any) -> list[Any]:
        found = [getattr(sfn, name)(**params) for name, params in asked]
        return [{key: value for key, value in each.items() if key != "ResponseMetadata"} for each in found]

    before = answers(sfn)
    sfn, service = reopened()

    assert answers(sfn) == before
    assert sfn.publish_state_machine_version(stateMachineArn=arn)["stateMachineVersionArn"] == f"{arn}:2"
    again = run(sfn, service, alias)
    assert sfn.describe_execution(executionArn=again)["output"] == "1"
