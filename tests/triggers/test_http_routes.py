"""Routes: their JSON, their keys, which of them a request is for, what is mapped, what they ask for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from openapi_spec_validator import validate

from sfnb.triggers.http import RouteRefused, compile_route, decode_route, openapi, starting_route
from sfnb.triggers.http.admission import Admission, Forbidden, TooManyRequests
from sfnb.triggers.http.answers import service_json
from sfnb.triggers.http.mapping import MappingRefused, ServiceAnswer, Source, compile_value
from sfnb.triggers.http.models import BadRequest, check_request
from sfnb.triggers.http.request import Request
from sfnb.triggers.http.route_key import Keyed, RouteKeyRefused, RouteTable, read_route_key, split_path

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:orders"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = "abcdefghijklmnopqrstuvwxyz"


def http_route(key: str = "POST /orders/{id}", **changes: Any) -> dict[str, Any]:
    parameters = {"StateMachineArn": MACHINE, "Input": "$request.body"}
    integration = {"IntegrationSubtype": "StepFunctions-StartExecution", "RequestParameters": parameters}
    return {"RouteKey": key, "Integration": integration | changes.pop("Integration", {})} | changes


def rest_route(key: str = "POST /orders", **changes: Any) -> dict[str, Any]:
    integration = {"Uri": "arn:aws:apigateway:us-east-1:states:action/StartExecution"}
    return {"RouteKey": key, "Integration": integration | changes.pop("Integration", {})} | changes


def request(**changes: Any) -> Request:
    given: dict[str, Any] = {
        "method": "POST", "path": "/orders/7", "headers": {"x-a": "1,2", "content-type": "application/json"},
        "sent_headers": {}, "query": (("q", "1"), ("q", "2"), ("r", "")), "variables": {"id": "7"},
        "body": '{"a":{"b":[10,{"c":"x"}]},"n":1.0,"odd key":true}',
        "source_ip": "127.0.0.1", "received": NOON,
        "request_id": "rid", "account": "123456789012", "region": "us-east-1",
    }  # fmt: skip
    return Request(**(given | changes))


def found(
    routes: list[str], method: str, path: str, *, is_rest: bool = False, stage: str | None = None
) -> Any:
    table = RouteTable(Keyed(read_route_key(key), key, stage, is_rest) for key in routes)
    return table.find(method, split_path(path))


PETS = [
    "$default",
    "ANY /{proxy+}",
    "GET /pets/{proxy+}",
    "GET /pets/dog/{id}",
    "GET /pets/dog/1",
    "ANY /pets",
]


@pytest.mark.parametrize(
    ("method", "path", "route", "variables"),
    [
        ("GET", "/pets/dog/1", "GET /pets/dog/1", {}),
        ("GET", "/pets/dog/2", "GET /pets/dog/{id}", {"id": "2"}),
        ("GET", "/pets/cat/1", "GET /pets/{proxy+}", {"proxy": "cat/1"}),
        ("POST", "/pets/cat/1", "ANY /{proxy+}", {"proxy": "pets/cat/1"}),
        ("DELETE", "/pets", "ANY /pets", {}),
        ("GET", "/", "$default", {}),
        ("GET", "/pets/dog/a%2Fb%20%C3%A9", "GET /pets/dog/{id}", {"id": "a/b é"}),
        ("GET", "/pets/../../etc/passwd", "GET /pets/{proxy+}", {"proxy": "../../etc/passwd"}),
    ],
)
def test_the_most_specific_route_takes_the_request(
    method: str, path: str, route: str, variables: dict[str, str]
) -> None:
    assert found(PETS, method, path) == (route, variables)


def test_a_rest_api_finds_the_path_first_and_then_the_method() -> None:
    routes = ["GET /pets/{id}", "ANY /{proxy+}", "POST /pets/{id}"]
    assert found(routes, "DELETE", "/pets/1", is_rest=True) is None
    assert found(routes, "DELETE", "/pets/1").route == "ANY /{proxy+}"
    assert found(routes, "POST", "/pets/1/", is_rest=True).route == "POST /pets/{id}"


def test_a_stage_is_the_first_segment_of_the_path() -> None:
    assert found(["GET /a"], "GET", "/prod/a", stage="prod").route == "GET /a"
    assert found(["GET /a"], "GET", "/a", stage="prod") is None
    assert found(["GET /"], "GET", "/prod", stage="prod").route == "GET /"


@pytest.mark.parametrize(
    "text",
    ["orders", "FETCH /a", "GET a", "GET /{a+}/b", "GET /{a}/{a}", "GET /a{b}", "GET /a b", "GET /a?b"],
)
def test_what_is_no_route_key_is_refused(text: str) -> None:
    with pytest.raises(RouteKeyRefused):
        read_route_key(text)


@pytest.mark.parametrize("value", [http_route(), rest_route(), rest_route(ApiKeyRequired=True)])
def test_a_route_is_its_json_again(value: dict[str, Any]) -> None:
    route = decode_route(value)
    assert decode_route(route.to_json()) == route


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "a route is"),
        (http_route(Colour="red"), "unknown field `Colour`"),
        (http_route(Integration={"IntegrationSubtype": "SQS-SendMessage"}), "is none of StepFunctions"),
        (http_route(Integration={"RequestParameters": {"Input": "x"}}), "StateMachineArn is missing"),
        (
            http_route(Integration={"RequestParameters": {"StateMachineArn": "x", "Nam": ""}}),
            "has no Nam, but",
        ),
        (http_route(Integration={"TimeoutInMillis": 31_000}), "50 to 30000"),
        (http_route(ApiKeyRequired=True), "HTTP APIs know no API keys"),
        (http_route(Api={"StageName": "a/b"}), "neither $default nor"),
        (http_route(Integration={"RequestParameters": {"StateMachineArn": 1}}), "Expected `str`"),
        (rest_route(Integration={"Uri": "arn:aws:apigateway:us-east-1:sqs:action/Send"}), "is not arn:aws"),
        (rest_route("$default"), "no $default route"),
        (rest_route(Api={"ProtocolType": "HTTP"}), "HTTP does not go with"),
        (rest_route(Api={"ApiKeys": [{"Value": "short"}]}), "20 to 128"),
        (http_route(Api={"CorsConfiguration": {"AllowOrigins": ["*"], "AllowCredentials": True}}), "not *"),
    ],
)
def test_what_is_no_route_on_aws_is_refused(value: Any, words: str) -> None:
    with pytest.raises(RouteRefused) as fault:
        decode_route(value)
    assert words in str(fault.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (
            rest_route(Integration={"RequestTemplates": {"application/json": "a\n#if($x"}}),
            "Integration.RequestTemplates[application/json]: mapping template, line 2, column 7",
        ),
        (
            rest_route(
                Integration={"IntegrationResponses": [{"StatusCode": "200", "SelectionPattern": "("}]}
            ),
            "IntegrationResponses[0]: the regular expression '('",
        ),
        (rest_route(Integration={"IntegrationResponses": [{"StatusCode": "99"}]}), "'99' is not 200 to 599"),
        (
            rest_route(RequestModels={"application/json": {"type": "nothing"}}),
            "RequestModels[application/json]",
        ),
        (
            rest_route(RequestModels={"application/json": {"$ref": "http://a/b"}}),
            "is not part of this schema",
        ),
        (rest_route(RequestModels={"application/json": {"pattern": "(?=a)"}}), "regular expression"),
        (
            http_route(Integration={"ResponseParameters": {"200": {"append:header.x-amz-id": "1"}}}),
            "keeps the header x-amz-id to itself",
        ),
        (
            http_route(Integration={"ResponseParameters": {"200": {"set:header.x": "1"}}}),
            "is neither overwrite",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(value: Any, words: str) -> None:
    with pytest.raises(RouteRefused) as fault:
        compile_route(decode_route(value))
    assert words in str(fault.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$request.header.X-A", "1,2"),
        ("${request.header.x-a}", "1,2"),
        ("$request.querystring.q", "1,2"),
        ("$request.querystring.zip", None),
        ("$request.path", "/orders/7"),
        ("$request.path.id", "7"),
        ("$request.body.a.b[0]", "10"),
        ("$request.body.a.b[1].c", "x"),
        ("$request.body.a", '{"b":[10,{"c":"x"}]}'),
        ("${request.body['odd key']}", "true"),
        ("$request.body.n", "1.0"),
        ("$request.body.zip.zap", None),
        ("$request.body.a.b[*]", '[10,{"c":"x"}]'),
        ("$request.body.a.b[*].c", '["x"]'),
        ("${request.body.a.*[0]}", "[10]"),
        ("$request.body.n[*]", None),
        ("$request.body.zip[*]", None),
        ("$context.requestId", "rid"),
        ("$context.identity.sourceIp", "127.0.0.1"),
        ("$stageVariables.env", "dev"),
        ("order-${request.path.id}-${context.requestId}-${request.body.zip}", "order-7-rid-"),
        ("static $5", "static $5"),
        ("", ""),
    ],
)
def test_a_value_is_mapped_from_the_request(text: str, value: str | None) -> None:
    source = Source(request(), {"requestId": "rid", "identity": {"sourceIp": "127.0.0.1"}}, {"env": "dev"})
    assert compile_value(text)(source) == value


@pytest.mark.parametrize(
    "text",
    [
        "$request.colour.x", "$request", "$response.body.x", "$request.body..a", "$request.body.a[?(@.b)]",
        "$request.header.a $request.header.b", "${nothing}", "$context.", "${request.body.a.b[0:1]}",
    ],
)  # fmt: skip
def test_a_value_that_maps_nothing_is_refused(text: str) -> None:
    with pytest.raises(MappingRefused):
        compile_value(text)


def test_what_step_functions_answers_can_be_mapped() -> None:
    answer = ServiceAnswer(200, {"x-id": "a"}, '{"status":"FAILED"}')
    source = Source(request(), {}, {}, answer)
    texts = ("$response.header.X-Id", "$response.body.status", "$response.body")
    assert [compile_value(text, of_response=True)(source) for text in texts] == ["a", "FAILED", answer.body]


SCHEMA = {
    "type": "object",
    "required": ["id"],
    "properties": {"id": {"type": "integer"}, "code": {"type": "string", "pattern": "^(a+)+$"}},
}


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{}", '[object has missing required properties (["id"])]'),
        (
            '{"id":"x"}',
            '(string) does not match any allowed primitive type (allowed: ["integer"]) at $.id]',
        ),
        ("{", "the body is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"id":1,"code":"' + "a" * 50_000 + '!"}', "does not match"),
    ],
)
def test_a_body_that_does_not_fit_is_refused_as_aws_refuses_it(body: str, why: str) -> None:
    value = rest_route(
        RequestModels={"application/json": SCHEMA}, RequestValidator={"ValidateRequestBody": True}
    )
    plan = compile_route(decode_route(value))
    check_request(plan.route, plan.models, request(body='{"id":1,"code":"aaa"}'))
    with pytest.raises(BadRequest) as fault:
        check_request(plan.route, plan.models, request(body=body))
    assert fault.value.message == "Invalid request body"
    assert why in fault.value.why


def test_names_are_matched_in_linear_time() -> None:
    schema = {"patternProperties": {"^(a+)+$": {"type": "integer"}}, "additionalProperties": False}
    plan = compile_route(decode_route(http_route(RequestModels={"application/json": schema})))
    check_request(plan.route, plan.models, request(body='{"aaa":1}'))
    with pytest.raises(BadRequest, match="which are not allowed by the schema"):
        check_request(plan.route, plan.models, request(body='{"' + "a" * 5_000 + '!":1}'))
    with pytest.raises(BadRequest, match=r"instance type \(string\)"):
        check_request(plan.route, plan.models, request(body='{"aaa":"1"}'))


def test_a_large_list_of_objects_is_compared_quickly() -> None:
    schema = {"type": "array", "uniqueItems": True}
    plan = compile_route(decode_route(http_route(RequestModels={"application/json": schema})))
    check_request(
        plan.route, plan.models, request(body=str([{"a": n} for n in range(5_000)]).replace("'", '"'))
    )
    with pytest.raises(BadRequest, match="items that are equal"):
        check_request(plan.route, plan.models, request(body='[{"a":1,"b":2},{"b":2,"a":1.0}]'))


def test_a_required_parameter_that_is_missing_is_named() -> None:
    asked = {"method.request.querystring.page": True, "method.request.header.X-A": True}
    value = rest_route(RequestParameters=asked, RequestValidator={"ValidateRequestParameters": True})
    plan = compile_route(decode_route(value))
    with pytest.raises(BadRequest, match=r"Missing required request parameters: \[page\]"):
        check_request(plan.route, plan.models, request())


@pytest.mark.parametrize(
    ("parameter", "given"),
    [
        ("querystring.page", {"query": (("page", "1"),)}),
        ("multivaluequerystring.page", {"query": (("page", "1"),)}),
        ("header.page", {"headers": {"page": "1"}}),
        ("path.page", {"variables": {"page": "1"}}),
    ],
)
def test_a_required_parameter_is_looked_for_in_its_own_place(parameter: str, given: dict[str, Any]) -> None:
    asked = {f"method.request.{parameter}": True}
    value = rest_route(RequestParameters=asked, RequestValidator={"ValidateRequestParameters": True})
    plan = compile_route(decode_route(value))
    everywhere: dict[str, Any] = {
        "query": (("page", "1"),), "headers": {"page": "1"}, "variables": {"page": "1"},
    }  # fmt: skip
    nowhere: dict[str, Any] = {"query": (), "headers": {}, "variables": {}}
    check_request(plan.route, plan.models, request(**(nowhere | given)))
    elsewhere = {place: value for place, value in everywhere.items() if place not in given}
    with pytest.raises(BadRequest, match=r"Missing required request parameters: \[page\]"):
        check_request(plan.route, plan.models, request(**(nowhere | elsewhere)))


def test_a_default_model_is_for_each_content_type_without_its_own() -> None:
    models = {"application/json": {"type": "array"}, "$default": SCHEMA}
    value = rest_route(RequestModels=models, RequestValidator={"ValidateRequestBody": True})
    plan = compile_route(decode_route(value))
    check_request(plan.route, plan.models, request(body="[]"))
    text = {"headers": {"content-type": "text/plain"}}
    check_request(plan.route, plan.models, request(body='{"id":1}', **text))
    with pytest.raises(BadRequest, match="missing required properties"):
        check_request(plan.route, plan.models, request(body="{}", **text))


def test_a_bucket_lets_in_a_burst_and_then_the_rate() -> None:
    route = decode_route(http_route(Api={"Throttle": {"RateLimit": 2, "BurstLimit": 3}}))
    admission = Admission()

    def let_in(moment: datetime, times: int) -> int:
        count = 0
        for _ in range(times):
            try:
                admission.admit(route, {}, moment)
            except TooManyRequests:
                break
            count += 1
        return count

    assert let_in(NOON, 9) == 3
    assert let_in(NOON + timedelta(seconds=0.4), 9) == 0
    assert let_in(NOON + timedelta(seconds=1), 9) == 2
    assert let_in(NOON - timedelta(hours=1), 9) == 0
    assert let_in(NOON + timedelta(hours=1), 9) == 3


def test_an_api_key_is_asked_for() -> None:
    api = {"ApiKeys": [{"Value": KEY, "Name": "a"}, {"Value": KEY[::-1], "Enabled": False}]}
    route = decode_route(rest_route(ApiKeyRequired=True, Api=api))
    key = Admission().admit(route, {"x-api-key": KEY}, NOON)
    assert key is not None
    assert key.name == "a"
    for shown in ({}, {"x-api-key": KEY[:-1]}, {"x-api-key": KEY[::-1]}, {"x-api-key": "é"}):
        with pytest.raises(Forbidden):
            Admission().admit(route, shown, NOON)


def test_moments_are_numbers_as_java_prints_them() -> None:
    told = service_json(
        {"startDate": datetime(2017, 2, 10, 23, 22, 36, 878_123, UTC), "n": 1, "stopDate": 1.5}
    )
    assert told == '{"startDate":1.486768956878E9,"n":1,"stopDate":1.5}'


def test_output_to_answer_with_takes_waiting_for_it() -> None:
    with pytest.raises(RouteRefused, match="sync=True"):
        starting_route("POST /a", MACHINE, output=True)


SECURED = rest_route(
    "POST /orders/{id}",
    ApiKeyRequired=True,
    Api={"StageName": "prod", "ApiKeys": [{"Value": KEY}]},
    RequestModels={
        "application/json": {
            "$schema": "http://json-schema.org/draft-04/schema#",
            "type": "object",
            "properties": {"lines": {"type": "array", "items": {"$ref": "#/definitions/line"}}},
            "definitions": {
                "line": {"type": "object", "properties": {"next": {"$ref": "#/definitions/line"}}}
            },
        }
    },
    RequestParameters={"method.request.querystring.page": False},
    RequestValidator={"ValidateRequestBody": True},
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_openapi_document_is_valid_and_has_what_an_import_needs() -> None:
    routes = [
        decode_route(SECURED),
        starting_route("ANY /run", MACHINE, sync=True, output=True),
        decode_route(http_route("GET /orders/{id}/x")),
        decode_route(http_route("$default")),
    ]
    document = openapi(routes, "orders", "http://127.0.0.1:8083/api")
    validate({**document, "paths": {**document["paths"]}})
    post = document["paths"]["/orders/{id}"]["post"]
    assert post["security"] == [{"api_key": []}]
    assert post["x-amazon-apigateway-request-validator"] == "body"
    assert post["x-amazon-apigateway-integration"]["uri"].endswith("states:action/StartExecution")
    assert document["paths"]["/$default"]["x-amazon-apigateway-any-method"]["isDefaultRoute"] is True
    got = document["paths"]["/orders/{id}/x"]["get"]["x-amazon-apigateway-integration"]
    assert got["integrationSubtype"] == "StepFunctions-StartExecution"
    assert KEY not in str(document)
    schemas = document["components"]["schemas"]
    items = schemas["PostOrdersId"]["properties"]["lines"]["items"]
    assert schemas[items["$ref"].rpartition("/")[2]]["type"] == "object"
    assert document["servers"][0]["url"].endswith("/prod")


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_cors_of_a_rest_api_is_written_out_as_a_method() -> None:
    cors = {"AllowOrigins": ["https://shop.example"], "AllowMethods": ["POST"], "MaxAge": 60}
    document = openapi([decode_route(rest_route("POST /o/{id}", Api={"CorsConfiguration": cors}))])
    validate(document)
    path = document["paths"]["/o/{id}"]
    told = path["options"]["x-amazon-apigateway-integration"]
    assert told["type"] == "mock"
    origin = "method.response.header.Access-Control-Allow-Origin"
    assert told["responses"]["default"]["responseParameters"][origin] == "'https://shop.example'"
    posted = path["post"]["x-amazon-apigateway-integration"]["responses"]["default"]
    assert posted["responseParameters"][origin] == "'https://shop.example'"
    assert "Access-Control-Allow-Origin" in path["post"]["responses"]["200"]["headers"]
