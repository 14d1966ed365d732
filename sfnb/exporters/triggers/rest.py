"""REST APIs of API Gateway, as OpenAPI documents.

Settings are those of an API with one stage: {"Name", "StageName", "StageVariables", "CorsConfiguration",
"Throttle", "Throttles", "Notes", "ApiKeys": [{"Name", "Enabled"}], "Document": its OpenAPI document}; see
`http`. What keys say is a secret, which no template has: it is a parameter.
Source: API Gateway guide, "OpenAPI extensions for API Gateway"; CloudFormation guide,
AWS::ApiGateway::RestApi; AWS provider, aws_api_gateway_rest_api.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sfnb.exporters.deployable import Starter
from sfnb.exporters.hcl import HELD, Block, Document, Expr
from sfnb.exporters.page import PSEUDO, Page, Sub
from sfnb.exporters.rights import is_there
from sfnb.exporters.sheet import Sheet
from sfnb.exporters.triggers.http import ROLE, SERVICE, action_uri, grant, throttling

INTEGRATION = "x-amazon-apigateway-integration"
STAGE = "prod"
"""What a stage is called that has no part in the path here: a REST API has no such stage."""
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "x-amazon-apigateway-any-method")


def cloudformation(starters: Sequence[Starter], page: Page) -> None:
    for starter in starters:
        settings, stage_name = starter.settings, _stage_name(starter)
        document = _document(starter, page)
        for integration in _integrations(document):
            uri = action_uri(page.machine, integration["uri"], PSEUDO.partition, PSEUDO.region)
            integration["uri"] = uri if uri == integration["uri"] else Sub(uri)
        body = page.document(page.own(document))
        api = page.add(
            f"{starter.name} api", "AWS::ApiGateway::RestApi", {"Name": settings["Name"], "Body": body}
        )
        told = hashlib.sha256(repr(page.plain(body)).encode()).hexdigest()[:10]
        # A deployment is what there was when it was made: another document takes another one.
        deployed = page.add(
            f"{starter.name} deployment {told}",
            "AWS::ApiGateway::Deployment",
            {"RestApiId": Sub(f"${{{api}}}")},
        )
        keys = settings.get("ApiKeys", ())
        stage = page.add(
            f"{starter.name} stage",
            "AWS::ApiGateway::Stage",
            {
                "RestApiId": Sub(f"${{{api}}}"),
                "DeploymentId": Sub(f"${{{deployed}}}"),
                "StageName": stage_name,
                "Variables": settings.get("StageVariables"),
                "MethodSettings": None if keys else _method_settings(settings) or None,
            },
        )
        if keys:
            _plan(starter, api, stage, page)
        url = f"https://${{{api}}}.execute-api.${{AWS::Region}}.${{AWS::URLSuffix}}/{stage_name}"
        page.outputs[page.id(f"{starter.name} url")] = {"Value": Sub(url)}


def _stage_name(starter: Starter) -> str:
    name: str = starter.settings["StageName"]
    return STAGE if name == "$default" else name


def _document(starter: Starter, to: Page | Sheet) -> dict[str, Any]:
    """A copy for an import, with the roles of its integrations."""
    document: dict[str, Any] = copy.deepcopy(starter.settings["Document"])
    document.pop("servers", None)
    origins = starter.settings.get("CorsConfiguration", {}).get("AllowOrigins", ())
    if origins:
        # Pages may read refusals, too: to these the headers of integrations do not come.
        parameters = {"gatewayresponse.header.Access-Control-Allow-Origin": f"'{origins[0]}'"}
        refusals = document.setdefault("x-amazon-apigateway-gateway-responses", {})
        for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
            refusals.setdefault(kind, {"responseParameters": parameters})
    if len(origins) > 1:
        to.note(f"{starter.name}: a REST API names one origin; of those that are allowed it names the first.")
    for sentence in starter.settings.get("Notes", ()):
        to.note(sentence)
    for integration in _integrations(document):
        integration["credentials"] = _credentials(integration, to)
    return document


def _integrations(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Those with Step Functions."""
    for path in document["paths"].values():
        for method in METHODS:
            if path.get(method, {}).get(INTEGRATION, {}).get("type") == "aws":
                yield path[method][INTEGRATION]


def _credentials(integration: Mapping[str, Any], to: Page | Sheet) -> Any:
    role = integration.get("credentials")
    if is_there(to.machine, role):
        return role
    grant(to.role(ROLE, SERVICE), integration["uri"].rpartition("/")[2], to)
    return to.role_arn(ROLE)


def _throttles(settings: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Method and path, and what holds there; that of all as "*" and "/*"."""
    if settings.get("Throttle"):
        yield "*", "/*", settings["Throttle"]
    for key, throttle in settings.get("Throttles", {}).items():
        method, _, path = key.partition(" ")
        yield method, path, throttle


def _method_settings(settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "ResourcePath": path if path in ("/", "/*") else f"/{_encoded(path)}",
            "HttpMethod": method,
            "ThrottlingRateLimit": throttle["RateLimit"],
            "ThrottlingBurstLimit": throttle["BurstLimit"],
        }
        for method, path, throttle in _throttles(settings)
    ]


def _encoded(path: str) -> str:
    """
    >>> _encoded("/orders/{id}")
    '~1orders~1{id}'
    """
    return path.replace("/", "~1")


def _by_method(settings: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """What a usage plan has for a method by itself: {"/orders/{id}/GET": throttle}."""
    throttles = settings.get("Throttles", {})
    return {
        f"{path.rstrip('/')}/{method}": throttle
        for key, throttle in throttles.items()
        for method, _, path in [key.partition(" ")]
    }


def _key_names(starter: Starter) -> Iterator[tuple[str, Mapping[str, Any]]]:
    keys = starter.settings.get("ApiKeys", ())
    for number, key in enumerate(keys, 1):
        yield f"{starter.name} key{'' if len(keys) == 1 else f' {number}'}", key


def _plan(starter: Starter, api: str, stage: str, page: Page) -> None:
    """A usage plan, with its keys."""
    throttle, throttles = starter.settings.get("Throttle"), _by_method(starter.settings)
    of_stage = {"ApiId": Sub(f"${{{api}}}"), "Stage": Sub(f"${{{stage}}}")}
    plan = page.add(
        f"{starter.name} plan",
        "AWS::ApiGateway::UsagePlan",
        {"ApiStages": [of_stage | ({"Throttle": throttles} if throttles else {})], "Throttle": throttle},
    )
    for name, key in _key_names(starter):
        about = "What x-api-key has to say, 20 to 128 characters"
        value = page.secret(f"{name} value", about, MinLength=20, MaxLength=128)
        properties = {"Name": key.get("Name"), "Enabled": key.get("Enabled", True), "Value": value}
        made = page.add(name, "AWS::ApiGateway::ApiKey", properties)
        joined = {"KeyId": Sub(f"${{{made}}}"), "KeyType": "API_KEY", "UsagePlanId": Sub(f"${{{plan}}}")}
        page.add(f"{name} in plan", "AWS::ApiGateway::UsagePlanKey", joined)


def terraform(starters: Sequence[Starter], sheet: Sheet) -> None:
    for starter in starters:
        settings = starter.settings
        document = _document(starter, sheet)
        for integration in _integrations(document):
            integration["uri"] = action_uri(
                sheet.machine,
                integration["uri"],
                f"{HELD}{{data.aws_partition.current.partition}}",
                f"{HELD}{{data.aws_region.current.name}}",
            )
        body = Document(document)
        api = sheet.add("aws_api_gateway_rest_api", starter.name, {"name": settings["Name"], "body": body})
        deployed = sheet.add(
            "aws_api_gateway_deployment",
            starter.name,
            {
                "rest_api_id": Expr(f"{api}.id"),
                "triggers": {"redeployment": Expr(f"sha1({api}.body)")},
                "lifecycle": Block({"create_before_destroy": True}),
            },
        )
        fields = {
            "rest_api_id": Expr(f"{api}.id"),
            "deployment_id": Expr(f"{deployed}.id"),
            "stage_name": _stage_name(starter),
            "variables": settings.get("StageVariables"),
        }
        stage = sheet.add("aws_api_gateway_stage", starter.name, fields)
        _limits(starter, api, stage, sheet)


def _limits(starter: Starter, api: str, stage: str, sheet: Sheet) -> None:
    """The usage plan with its keys; the settings of all methods, where there are no keys."""
    throttle, keys = starter.settings.get("Throttle"), starter.settings.get("ApiKeys", ())
    of_stage = {"api_id": Expr(f"{api}.id"), "stage": Expr(f"{stage}.stage_name")}
    if not keys:
        for method, path, each in _throttles(starter.settings):
            is_all = path == "/*"
            told = {
                "rest_api_id": of_stage["api_id"],
                "stage_name": of_stage["stage"],
                "method_path": "*/*" if is_all else f"{_encoded(path)}/{method}",
                "settings": Block(throttling(each)),
            }
            name = starter.name if is_all else f"{starter.name} {method} {path}"
            sheet.add("aws_api_gateway_method_settings", name, told)
        return
    methods = [Block({"path": at, **_limit(each)}) for at, each in _by_method(starter.settings).items()]
    plan = sheet.add(
        "aws_api_gateway_usage_plan",
        starter.name,
        {
            "name": starter.name,
            "api_stages": Block({**of_stage, "throttle": methods or None}),
            "throttle_settings": throttle and Block(_limit(throttle)),
        },
    )
    for name, key in _key_names(starter):
        about = "What x-api-key has to say, 20 to 128 characters"
        variable = sheet.variable(f"{name} value".replace(" ", "_"), "string", about, sensitive=True)
        made = sheet.add(
            "aws_api_gateway_api_key",
            name,
            {"name": key.get("Name") or name, "enabled": key.get("Enabled", True), "value": Expr(variable)},
        )
        joined = {"key_id": Expr(f"{made}.id"), "key_type": "API_KEY", "usage_plan_id": Expr(f"{plan}.id")}
        sheet.add("aws_api_gateway_usage_plan_key", name, joined)


def _limit(throttle: Mapping[str, Any]) -> dict[str, Any]:
    return {"rate_limit": throttle["RateLimit"], "burst_limit": throttle["BurstLimit"]}
