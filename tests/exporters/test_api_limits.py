"""Routes of one API that differ in their throttles and in who may call them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions
from tests.exporters import deployed
from tests.exporters.test_templates import cfn_lint

TREE: dict[str, Any] = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
KEYS = ["abcdefghijklmnopqrstuvwxyz"]
REST: dict[str, Any] = {"sync": True, "output": True}
SHOP, ADMIN = ["https://shop.example"], ["https://admin.example"]


@pytest.fixture
def orders() -> Iterator[StateMachine]:
    service = StepFunctions()
    yield load_machine(service, TREE, name="orders", type="EXPRESS")
    service.close()


def resource(machine: StateMachine, kind: str) -> dict[str, Any]:
    resources = deployed.by_cloudformation(machine.export("cloudformation"))
    (found,) = (each for each in resources.values() if each["Type"] == kind)
    return found


def blocks(machine: StateMachine, kind: str) -> dict[str, Any]:
    """Resources of Terraform, by their labels."""
    found = deployed.by_terraform(machine.export("terraform"))
    return {
        label.removeprefix(f"{kind}."): each for label, each in found.items() if label.startswith(f"{kind}.")
    }


def notes(machine: StateMachine) -> list[str]:
    told: list[str] = yaml.safe_load(machine.export("cloudformation")).get("Metadata", {}).get("Notes", [])
    return told


def limits(rate: float, burst: int) -> dict[str, Any]:
    return {"ThrottlingRateLimit": rate, "ThrottlingBurstLimit": burst}


def test_each_route_of_an_http_api_has_its_own_throttle(orders: StateMachine) -> None:
    orders.on.http("POST /a", throttle=(100, 50))
    orders.on.http("POST /b", throttle=(1, 1))
    orders.on.http("GET /c")

    stage = resource(orders, "AWS::ApiGatewayV2::Stage")
    assert stage["Properties"]["RouteSettings"] == {"POST /a": limits(100, 50), "POST /b": limits(1, 1)}
    assert "DefaultRouteSettings" not in stage["Properties"]
    assert stage["DependsOn"] == ["OrdersGETCRoute", "OrdersPOSTARoute", "OrdersPOSTBRoute"]
    (block,) = blocks(orders, "aws_apigatewayv2_stage").values()
    assert block["route_settings"] == [
        {
            "route_key": f"<aws_apigatewayv2_route.orders-POST-{name}.route_key>",
            "throttling_rate_limit": rate,
            "throttling_burst_limit": burst,
        }
        for name, rate, burst in (("a", 100, 50), ("b", 1, 1))
    ]


def test_a_throttle_that_all_routes_have_is_that_of_the_stage(orders: StateMachine) -> None:
    orders.on.http("POST /a", throttle=(100, 50))
    orders.on.http("POST /b", throttle=(100, 50))

    stage = resource(orders, "AWS::ApiGatewayV2::Stage")
    assert stage["Properties"]["DefaultRouteSettings"] == limits(100, 50)
    assert "RouteSettings" not in stage["Properties"]
    assert notes(orders) == []


def test_each_method_of_a_rest_api_has_its_own_throttle(orders: StateMachine) -> None:
    orders.on.http("POST /a/{id}", **REST, throttle=(100, 50))
    orders.on.http("ANY /", **REST, throttle=(1, 1))

    stage = resource(orders, "AWS::ApiGateway::Stage")["Properties"]
    assert sorted(stage["MethodSettings"], key=lambda each: str(each["ResourcePath"])) == [
        {"ResourcePath": "/", "HttpMethod": "ANY", **limits(1, 1)},
        {"ResourcePath": "/~1a~1{id}", "HttpMethod": "POST", **limits(100, 50)},
    ]
    settings = blocks(orders, "aws_api_gateway_method_settings").values()
    assert {each["method_path"]: each["settings"][0]["throttling_burst_limit"] for each in settings} == {
        "~1/ANY": 1,
        "~1a~1{id}/POST": 50,
    }


def test_with_keys_each_method_has_its_own_throttle_in_the_usage_plan(orders: StateMachine) -> None:
    orders.on.http("POST /a/{id}", api_keys=KEYS, throttle=(100, 50))
    orders.on.http("GET /a", api_keys=KEYS)

    plan = resource(orders, "AWS::ApiGateway::UsagePlan")["Properties"]
    assert plan["ApiStages"][0]["Throttle"] == {"/a/{id}/POST": {"RateLimit": 100, "BurstLimit": 50}}
    assert "Throttle" not in plan
    (block,) = blocks(orders, "aws_api_gateway_usage_plan").values()
    assert block["api_stages"][0]["throttle"] == [
        {"path": "/a/{id}/POST", "rate_limit": 100, "burst_limit": 50}
    ]


def test_what_one_cors_configuration_cannot_say_is_told(orders: StateMachine) -> None:
    orders.on.http("POST /a", cors=SHOP)
    orders.on.http("POST /b", cors=ADMIN)
    orders.on.http("POST /c")

    api = resource(orders, "AWS::ApiGatewayV2::Api")["Properties"]
    assert api["CorsConfiguration"]["AllowOrigins"] == SHOP
    (note,) = notes(orders)
    assert note == (
        "An API has one CORS configuration: that of POST /a is for all routes, "
        "and POST /b, POST /c have another one here, or none."
    )
    assert f"# {note}\n" in orders.export("terraform")


def test_a_rest_api_that_differs_in_cors_says_where_it_has_one_only(orders: StateMachine) -> None:
    orders.on.http("POST /a", **REST, cors=SHOP)
    orders.on.http("POST /b", **REST)

    (note,) = notes(orders)
    assert "that of POST /a" in note
    assert "POST /b has another one here, or none." in note


@pytest.mark.parametrize("settings", [{}, REST, {"api_keys": KEYS}], ids=["http", "rest", "keys"])
def test_tools_accept_it(orders: StateMachine, settings: dict[str, Any], tmp_path: Path) -> None:
    orders.on.http("POST /a/{id}", throttle=(100, 50), cors=SHOP, **settings)
    orders.on.http("GET /", throttle=(1, 1), **settings)
    for format in ("cloudformation", "sam"):
        (tmp_path / f"{format}.yaml").write_text(orders.export(format), encoding="utf-8")

    assert cfn_lint(tmp_path / "*.yaml") == []
    if shutil.which("terraform"):
        text = orders.export("terraform")
        command = ["terraform", "fmt", "-no-color", "-"]
        laid_out = subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout
        assert laid_out == text
