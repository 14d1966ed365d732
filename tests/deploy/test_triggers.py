"""Templates of a machine have what `machine.on` has made, as AWS takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
import yaml

from sfnb.deploy.triggers import starters
from sfnb.exporters import TEMPLATES
from sfnb.items.folder import FolderBuckets
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from sfnb.triggers.records import Trigger
from tests.exporters import deployed

TREE: dict[str, Any] = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
ROLE = "arn:aws:iam::123456789012:role/starter"


@pytest.fixture
def here() -> Iterator[StepFunctions]:
    service = StepFunctions()
    yield service
    service.close()


@pytest.fixture
def orders(here: StepFunctions) -> StateMachine:
    return load_machine(here, TREE, name="orders", type="EXPRESS")


def made(machine: StateMachine, kind: str, **options: Any) -> list[dict[str, Any]]:
    resources = deployed.by_cloudformation(machine.export("cloudformation", **options))
    return [each["Properties"] for each in resources.values() if each["Type"] == kind]


def test_a_rule_is_exported_with_its_machine(orders: StateMachine) -> None:
    orders.on.event(
        {"source": ["shop"], "detail": {"total": [{"numeric": [">", 1.5]}]}}, input_path="$.detail"
    )
    (rule,) = made(orders, "AWS::Events::Rule")

    assert json.loads(rule["EventPattern"]) == {
        "source": ["shop"],
        "detail": {"total": [{"numeric": [">", 1.5]}]},
    }
    assert rule["Targets"] == [
        {"Id": "sfnb", "Arn": deployed.ORDERS, "RoleArn": "<EventsRole.Arn>", "InputPath": "$.detail"}
    ]


def test_what_starts_another_machine_is_not(here: StepFunctions, orders: StateMachine) -> None:
    other = load_machine(here, TREE, name="orders-more")
    other.on.status(orders)

    assert starters(orders) == ()
    (rule,) = made(other, "AWS::Events::Rule")
    assert rule["EventPattern"]["detail"]["stateMachineArn"] == [deployed.ORDERS]


@pytest.mark.parametrize("format", TEMPLATES)
def test_triggers_are_left_out_where_that_is_asked_for(format: str, orders: StateMachine) -> None:
    bare = orders.export(format)
    orders.on.schedule("rate(1 hour)")

    assert orders.export(format) != bare
    assert orders.export(format, triggers=False) == bare


@pytest.mark.parametrize("format", ["json", "yaml", "mermaid"])
def test_a_definition_by_itself_has_none(format: str, orders: StateMachine) -> None:
    bare = orders.export(format)
    orders.on.schedule("rate(1 hour)")

    assert orders.export(format) == bare


def test_dates_of_a_schedule_are_utc(orders: StateMachine) -> None:
    berlin = timezone(timedelta(hours=1))
    orders.on.schedule(
        "rate(1 hour)",
        start=datetime(2027, 1, 1, 1, tzinfo=berlin),
        end=datetime(2027, 6, 1, tzinfo=UTC),
        window=timedelta(minutes=5),
        role=ROLE,
        missed="all",
    )
    (schedule,) = made(orders, "AWS::Scheduler::Schedule")

    assert (schedule["StartDate"], schedule["EndDate"]) == ("2027-01-01T00:00:00Z", "2027-06-01T00:00:00Z")
    assert schedule["FlexibleTimeWindow"] == {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 5}
    assert schedule["Target"]["RoleArn"] == "<SchedulerRole.Arn>"
    assert "missed" not in orders.export("cloudformation")


def test_where_arns_stay_a_role_that_was_given_does_too(orders: StateMachine) -> None:
    orders.on.event({"source": ["shop"]}, role=ROLE)
    (rule,) = made(orders, "AWS::Events::Rule", portable=False)

    assert rule["Targets"][0]["RoleArn"] == ROLE


def test_the_role_that_stands_for_none_is_never_one_that_is_there(orders: StateMachine) -> None:
    orders.on.iot("SELECT * FROM 'orders/new'")
    (rule,) = made(orders, "AWS::IoT::TopicRule", portable=False)

    assert rule["TopicRulePayload"]["Actions"][0]["StepFunctions"]["RoleArn"] == "<IotRole.Arn>"


def test_a_rule_that_is_disabled_is_so_there(orders: StateMachine) -> None:
    orders.on.event({"source": ["shop"]}).disable()
    (rule,) = made(orders, "AWS::Events::Rule")

    assert rule["State"] == "DISABLED"


def test_files_of_a_bucket(tmp_path: Path) -> None:
    here = StepFunctions(buckets=FolderBuckets(tmp_path))
    try:
        orders = load_machine(here, TREE, name="orders")
        orders.on.file("incoming/*.csv", bucket="landing")

        assert made(orders, "AWS::Events::Rule")[0]["EventPattern"]["detail"] == {
            "bucket": {"name": ["landing"]},
            "object": {"key": [{"wildcard": "incoming/*.csv"}]},
        }
        assert 'bucket      = "landing"' in orders.export("terraform")
    finally:
        here.close()


def test_a_pipe_that_another_process_runs(here: StepFunctions, orders: StateMachine) -> None:
    settings = {
        "Name": "orders-queue",
        "Source": "arn:aws:sqs:us-east-1:123456789012:incoming",
        "SourceParameters": {"SqsQueueParameters": {"BatchSize": 1, "MaximumBatchingWindowInSeconds": None}},
        "Enrichment": None,
        "Target": orders.arn,
        "RoleArn": here.default_role(),
    }
    kept = Trigger(
        kind="queue",
        name="orders-queue",
        settings=settings,
        targets=(orders.arn,),
        created=datetime(2026, 1, 1, tzinfo=UTC),
    )
    here.triggers.shelf.keep_trigger(kept)
    (pipe,) = made(orders, "AWS::Pipes::Pipe")

    assert pipe == {
        "Name": "orders-queue",
        "RoleArn": "<OrdersQueuePipeRole.Arn>",
        "Source": f"arn:aws:sqs:{deployed.REGION}:{deployed.ACCOUNT}:incoming",
        "Target": deployed.ORDERS,
        "SourceParameters": {"SqsQueueParameters": {"BatchSize": 1}},
    }


def test_routes_of_one_api_and_stage_are_together(orders: StateMachine) -> None:
    orders.on.http("POST /orders", throttle=(10, 20))
    orders.on.http("GET /orders/{id}", sync=True, stage="v1")
    orders.on.http("PUT /orders/{id}", stage="v1")
    apis = made(orders, "AWS::ApiGatewayV2::Api")
    stages = made(orders, "AWS::ApiGatewayV2::Stage")
    routes = made(orders, "AWS::ApiGatewayV2::Route")

    assert [api["Name"] for api in apis] == ["orders", "orders"]
    assert [stage["StageName"] for stage in stages] == ["$default", "v1"]
    assert [(route["ApiId"], route["RouteKey"]) for route in routes] == [
        ("<OrdersApi>", "POST /orders"),
        ("<OrdersV1Api>", "GET /orders/{id}"),
        ("<OrdersV1Api>", "PUT /orders/{id}"),
    ]


def test_a_route_that_is_disabled_is_not_there(orders: StateMachine) -> None:
    orders.on.http("POST /orders").disable()

    assert starters(orders) == ()


def test_a_rest_api_has_the_schema_and_not_its_keys(orders: StateMachine) -> None:
    schema = {"type": "object", "properties": {"n": {"type": "number", "minimum": 0.5}}}
    orders.on.http("POST /orders", sync=True, output=True, schema=schema, api_keys=["secret-of-the-shop-1"])
    for format in TEMPLATES:
        assert "secret-of-the-shop" not in orders.export(format)
    (api,) = made(orders, "AWS::ApiGateway::RestApi")
    body = json.loads(api["Body"])

    assert list(body["components"]["schemas"].values()) == [schema]
    (key,) = made(orders, "AWS::ApiGateway::ApiKey")
    assert key["Enabled"] is True
    operation = body["paths"]["/orders"]["post"]
    assert operation["x-amazon-apigateway-integration"]["uri"].endswith("action/StartSyncExecution")


def test_a_machine_that_nothing_starts_is_as_before(orders: StateMachine) -> None:
    assert "Events" not in yaml.safe_load(orders.export("sam"))["Resources"]["StateMachine"]["Properties"]
    assert "Metadata" not in yaml.safe_load(orders.export("cloudformation"))
