"""HTTP APIs of API Gateway, with routes that start the machine.

Settings are those of an API with one stage: {"Name", "StageName", "StageVariables", "CorsConfiguration",
"Throttle": {"RateLimit", "BurstLimit"}, "Routes": [{"RouteKey", "OperationName", "Integration"}],
"Throttles": by RouteKey, where not all have the same, "Notes": [what there is to tell of it]}.
Source: CloudFormation guide, AWS::ApiGatewayV2::Api, Stage, Integration, Route; AWS provider,
aws_apigatewayv2_api and its like; API Gateway guide, "Integration subtype reference".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from sfnb.exporters.deployable import Deployable, Starter
from sfnb.exporters.hcl import Block, Expr
from sfnb.exporters.page import Page, Sub
from sfnb.exporters.rights import Role, is_there, starts
from sfnb.exporters.sheet import Sheet

SERVICE = "apigateway"
ROLE = "api"
ON_EXECUTIONS = ("StopExecution", "DescribeExecution")


def cloudformation(starters: Sequence[Starter], page: Page) -> None:
    for starter in starters:
        settings = starter.settings
        cors = {"CorsConfiguration": settings.get("CorsConfiguration")}
        _tell_of(settings, page)
        api = page.add(
            f"{starter.name} api",
            "AWS::ApiGatewayV2::Api",
            {"Name": settings["Name"], "ProtocolType": "HTTP", **cors},
        )
        routes = [
            _route(f"{starter.name} {route['RouteKey']}", route, Sub(f"${{{api}}}"), page)
            for route in settings["Routes"]
        ]
        throttles = settings.get("Throttles", {})
        stage = {
            "ApiId": Sub(f"${{{api}}}"),
            "StageName": settings["StageName"],
            "AutoDeploy": True,
            "StageVariables": settings.get("StageVariables"),
            "DefaultRouteSettings": _throttle(settings.get("Throttle")),
            "RouteSettings": {key: _throttle(each) for key, each in throttles.items()} or None,
        }
        # A stage is refused that has settings for a route which is not there yet.
        after = {"DependsOn": routes} if throttles else {}
        page.add(f"{starter.name} stage", "AWS::ApiGatewayV2::Stage", stage, **after)
        path = "" if settings["StageName"] == "$default" else f"/{settings['StageName']}"
        page.outputs[page.id(f"{starter.name} url")] = {"Value": Sub(f"${{{api}.ApiEndpoint}}{path}")}


def _tell_of(settings: Mapping[str, Any], to: Page | Sheet) -> None:
    for sentence in settings.get("Notes", ()):
        to.note(sentence)
    for route in settings["Routes"]:
        if route.get("RequestModels"):
            to.note(f"An HTTP API does not check the bodies of {route['RouteKey']}: REST APIs do.")


def _throttle(given: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not given:
        return None
    return {"ThrottlingRateLimit": given["RateLimit"], "ThrottlingBurstLimit": given["BurstLimit"]}


def _route(name: str, route: Mapping[str, Any], api: Sub, page: Page) -> str:
    given = route["Integration"]
    properties = {
        "ApiId": api,
        "IntegrationType": "AWS_PROXY",
        "IntegrationSubtype": given["IntegrationSubtype"],
        "PayloadFormatVersion": "1.0",
        "CredentialsArn": _credentials(given, page),
        "RequestParameters": {
            key: _parameter(key, text, page) for key, text in given.get("RequestParameters", {}).items()
        },
        "ResponseParameters": _responses(given),
        "TimeoutInMillis": given.get("TimeoutInMillis"),
        "Description": given.get("Description"),
    }
    integration = page.add(f"{name} integration", "AWS::ApiGatewayV2::Integration", properties)
    told = {
        "ApiId": api,
        "RouteKey": route["RouteKey"],
        "OperationName": route.get("OperationName"),
        "Target": Sub(f"integrations/${{{integration}}}"),
    }
    return page.add(f"{name} route", "AWS::ApiGatewayV2::Route", told)


def _credentials(given: Mapping[str, Any], to: Page | Sheet) -> Any:
    role = given.get("CredentialsArn")
    if is_there(to.machine, role):
        return role
    grant(to.role(ROLE, SERVICE), given["IntegrationSubtype"].partition("-")[2], to)
    return to.role_arn(ROLE)


def grant(role: Role, action: str, to: Page | Sheet) -> None:
    """The right to an action on the machine, or on its executions. action: "StartExecution"."""
    machine = to.machine
    resource = to.arn(machine.arn)
    if action in ON_EXECUTIONS:
        resource = to.arn(f"{machine.arn.replace(':stateMachine:', ':execution:')}:*")
    role.grant((f"states:{action}",), resource)


def _parameter(key: str, text: str, to: Page | Sheet) -> Any:
    """A parameter of the action: an ARN, a region, or a mapping, which stays as it is."""
    if key == "Region" and text == to.machine.region and to.machine.portable:
        return Sub("${AWS::Region}") if isinstance(to, Page) else Expr("data.aws_region.current.name")
    if isinstance(to, Sheet) or starts(to.machine, text) is not None:
        return to.arn(text)
    return to.own(text)


def _responses(given: Mapping[str, Any]) -> dict[str, Any] | None:
    responses = {
        status: {
            "ResponseParameters": [{"Destination": place, "Source": text} for place, text in pairs.items()]
        }
        for status, pairs in given.get("ResponseParameters", {}).items()
    }
    return responses or None


def terraform(starters: Sequence[Starter], sheet: Sheet) -> None:
    for starter in starters:
        settings = starter.settings
        _tell_of(settings, sheet)
        cors = settings.get("CorsConfiguration")
        api = sheet.add(
            "aws_apigatewayv2_api",
            starter.name,
            {
                "name": settings["Name"],
                "protocol_type": "HTTP",
                "cors_configuration": Block({_snake(key): cors[key] for key in cors}) if cors else None,
            },
        )
        routes = {
            route["RouteKey"]: _route_blocks(
                f"{starter.name} {route['RouteKey']}", route, Expr(f"{api}.id"), sheet
            )
            for route in settings["Routes"]
        }
        throttle, throttles = settings.get("Throttle"), settings.get("Throttles", {})
        stage = {
            "api_id": Expr(f"{api}.id"),
            "name": settings["StageName"],
            "auto_deploy": True,
            "stage_variables": settings.get("StageVariables"),
            "default_route_settings": throttle and Block(throttling(throttle)),
            "route_settings": [
                Block({"route_key": Expr(f"{routes[key]}.route_key"), **throttling(each)})
                for key, each in throttles.items()
            ]
            or None,
        }
        sheet.add("aws_apigatewayv2_stage", starter.name, stage)


def throttling(throttle: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "throttling_rate_limit": throttle["RateLimit"],
        "throttling_burst_limit": throttle["BurstLimit"],
    }


def _route_blocks(name: str, route: Mapping[str, Any], api: Expr, sheet: Sheet) -> str:
    given = route["Integration"]
    fields = {
        "api_id": api,
        "integration_type": "AWS_PROXY",
        "integration_subtype": given["IntegrationSubtype"],
        "payload_format_version": "1.0",
        "credentials_arn": _credentials(given, sheet),
        "timeout_milliseconds": given.get("TimeoutInMillis"),
        "description": given.get("Description"),
        "request_parameters": {
            key: _parameter(key, text, sheet) for key, text in given.get("RequestParameters", {}).items()
        },
        "response_parameters": [
            Block({"status_code": int(status), "mappings": pairs})
            for status, pairs in given.get("ResponseParameters", {}).items()
        ]
        or None,
    }
    integration = sheet.add("aws_apigatewayv2_integration", name, fields)
    target = Expr(f'"integrations/${{{integration}.id}}"')
    told = {
        "api_id": api,
        "route_key": route["RouteKey"],
        "operation_name": route.get("OperationName"),
        "target": target,
    }
    return sheet.add("aws_apigatewayv2_route", name, told)


def action_uri(machine: Deployable, uri: str, partition: str, region: str) -> str:
    """The URI of an action, in the template's own region if it is in the local one."""
    own = rf"arn:aws:apigateway:{re.escape(machine.region)}:(?=states:)"
    return re.sub(own, f"arn:{partition}:apigateway:{region}:", uri) if machine.portable else uri


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()
