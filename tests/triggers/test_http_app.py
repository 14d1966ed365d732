"""Routes served by uvicorn at a loopback port: what clients of all kinds are answered."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import uvicorn

from sfnb.engine.clock import JumpClock
from sfnb.triggers.http import Limits, Route, RoutesApp, StartRefused, decode_route, starting_route

MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:orders"
NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
KEY = "abcdefghijklmnopqrstuvwxyz"
ORIGIN = "https://shop.example"


class Machines:
    """Starts what it is told to, as Step Functions would.

    An input of {"fail": error} fails, one of {"wait"} takes long, one of {"crash"} is a fault of ours.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.matched: list[str] = []
        self.dropped: list[tuple[str, str]] = []
        self.go_on = threading.Event()

    def start(self, route: Route, action: str, parameters: dict[str, str]) -> Mapping[str, Any]:
        self.asked.append((action, parameters))
        try:
            given = json.loads(parameters.get("input", "{}"))
        except ValueError:
            raise StartRefused("InvalidExecutionInput", "Invalid State Machine Execution Input") from None
        name = parameters.get("name", "made-up")
        arn = f"{MACHINE.replace('stateMachine', 'execution')}:{name}"
        if name == "taken":
            raise StartRefused("ExecutionAlreadyExists", f"Execution Already Exists: '{arn}'")
        if action == "StopExecution":
            return {"stopDate": NOON}
        if action == "StartExecution":
            return {"executionArn": arn, "startDate": NOON}
        if isinstance(given, dict) and "wait" in given:
            self.go_on.wait(20)
        told = {"executionArn": arn, "name": name, "startDate": NOON, "stopDate": NOON, "status": "SUCCEEDED"}
        if isinstance(given, dict) and "fail" in given:
            return {**told, "status": "FAILED", "error": given["fail"], "cause": 'it\'s "so"'}
        if isinstance(given, dict) and "crash" in given:
            raise ZeroDivisionError(given["crash"])
        return {**told, "output": json.dumps({"got": given})}


class Served:
    def __init__(self, machines: Machines, clock: JumpClock, url: str, port: int) -> None:
        self.machines = machines
        self.clock = clock
        self.url = url
        self.port = port
        self.client = httpx.Client(base_url=url, trust_env=False, timeout=20)


@contextmanager
def serve(*routes: Route, limits: Limits | None = None, prefix: str = "") -> Iterator[Served]:
    machines, clock = Machines(), JumpClock(NOON, frozen=True)
    app = RoutesApp(
        lambda: routes,
        machines.start,
        clock,
        prefix=prefix,
        limits=limits,
        on_matched=lambda route: machines.matched.append(route.route_key),
        on_dropped=lambda route, why: machines.dropped.append((route.route_key, why)),
    )
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        served = Served(machines, clock, f"http://127.0.0.1:{port}{prefix}", port)
        try:
            yield served
        finally:
            machines.go_on.set()
            served.client.close()
            server.should_exit = True
            thread.join(10)
    assert not thread.is_alive()


def http(key: str, subtype: str = "StartExecution", **changes: Any) -> Route:
    parameters = changes.pop("RequestParameters", {"StateMachineArn": MACHINE, "Input": "$request.body"})
    integration = {"IntegrationSubtype": f"StepFunctions-{subtype}", "RequestParameters": parameters}
    return decode_route(
        {"RouteKey": key, "Integration": integration | changes.pop("Integration", {})} | changes
    )


def rest(key: str, action: str = "StartExecution", **changes: Any) -> Route:
    integration = {"Uri": f"arn:aws:apigateway:us-east-1:states:action/{action}"}
    return decode_route(
        {"RouteKey": key, "Integration": integration | changes.pop("Integration", {})} | changes
    )


CORS = {
    "AllowOrigins": [ORIGIN, "http://*"], "AllowMethods": ["POST", "GET"], "AllowHeaders": ["content-type"],
    "ExposeHeaders": ["apigw-requestid"], "MaxAge": 300, "AllowCredentials": True,
}  # fmt: skip
TEMPLATE = (
    '{"stateMachineArn": "arn:m", "name": "$input.params(\'id\')", '
    '"input": "$util.escapeJavaScript($input.json(\'$\')).replaceAll("\\\\\'","\'")"}'
)


def test_a_post_with_curl_starts_an_execution_with_its_body_as_input() -> None:
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("there is no curl")
    parameters = {"StateMachineArn": MACHINE, "Input": "$request.body", "Name": "order-${request.path.id}"}
    with serve(http("POST /orders/{id}", RequestParameters=parameters)) as served:
        sent = [curl, "-s", "--noproxy", "*", "-i", "-d", '{"a": "é"}', f"{served.url}/orders/a%20b?x=1"]
        told = subprocess.run(sent, capture_output=True, check=True, timeout=20).stdout.decode()
    head, _, body = told.partition("\r\n\r\n")
    assert head.startswith("HTTP/1.1 200")
    assert json.loads(body)["executionArn"].endswith(":execution:orders:order-a b")
    assert '"startDate":1.7778960E9' in body.replace("1.777896E9", "1.7778960E9")
    asked = {"stateMachineArn": MACHINE, "input": '{"a": "é"}', "name": "order-a b"}
    assert served.machines.asked == [("StartExecution", asked)]
    assert served.machines.matched == ["POST /orders/{id}"]
    assert served.machines.dropped == []


def test_a_failed_sync_execution_is_200_unless_mapped() -> None:
    changes = {
        "200": {
            "overwrite:header.x-status": "$response.body.status",
            "append:header.x-from": "a ${response.body.name}",
            "remove:header.content-type": "",
        },
        "400": {"overwrite:statuscode": "409"},
    }
    parameters = {"StateMachineArn": MACHINE, "Input": "$request.body", "Name": "$request.querystring.name"}
    with serve(
        starting_route("POST /plain", MACHINE, sync=True),
        http("POST /mapped", "StartSyncExecution", RequestParameters=parameters,
             Integration={"ResponseParameters": changes}),
    ) as served:  # fmt: skip
        plain = served.client.post("/plain", json={"fail": "Bad"})
        mapped = served.client.post("/mapped", json={"fail": "Bad"})
        taken = served.client.post("/mapped?name=taken", json={})
    assert (plain.status_code, plain.json()["status"], plain.json()["error"]) == (200, "FAILED", "Bad")
    assert "input" not in plain.json()
    assert (mapped.headers["x-status"], mapped.headers["x-from"]) == ("FAILED", "a made-up")
    assert "content-type" not in mapped.headers
    assert taken.status_code == 409
    assert taken.json()["__type"] == "ExecutionAlreadyExists"
    assert [why.partition(":")[0] for _, why in served.machines.dropped] == ["ExecutionAlreadyExists"]


def test_the_machines_output_is_the_answer_where_that_is_asked_for() -> None:
    with serve(starting_route("ANY /run", MACHINE, sync=True, output=True)) as served:
        good = served.client.post("/run", json={"q": "it's"})
        bad = served.client.post("/run", json={"fail": "Bad"})
        empty = served.client.get("/run")
    assert (good.status_code, good.json()) == (200, {"got": {"q": "it's"}})
    assert (bad.status_code, bad.json()) == (
        500,
        {"status": "FAILED", "error": "Bad", "cause": 'it\'s "so"'},
    )
    assert empty.json() == {"got": {}}


def test_an_execution_is_stopped_by_a_route() -> None:
    parameters = {"ExecutionArn": "$request.querystring.arn", "Cause": "$request.body.why", "Region": "x"}
    with serve(http("DELETE /runs", "StopExecution", RequestParameters=parameters)) as served:
        answer = served.client.request("DELETE", "/runs?arn=arn:e", json={"why": "enough"})
    assert answer.json() == {"stopDate": NOON.timestamp()}
    assert served.machines.asked == [("StopExecution", {"executionArn": "arn:e", "cause": "enough"})]


def test_a_rest_api_renders_its_templates() -> None:
    responses = [
        {
            "StatusCode": "201",
            "ResponseTemplates": {"application/json": "{\"arn\": $input.json('$.executionArn')}"},
            "ResponseParameters": {
                "method.response.header.Location": "integration.response.body.executionArn",
                "method.response.header.X-Static": "'here'",
            },
        },
        {"StatusCode": "409", "SelectionPattern": "4\\d{2}"},
    ]
    templates = {"application/json": TEMPLATE}
    route = rest(
        "PUT /orders/{id}",
        Integration={"RequestTemplates": templates, "IntegrationResponses": responses},
        Api={"StageName": "prod"},
    )
    with serve(route, prefix="/api") as served:
        good = served.client.put("/prod/orders/7", json={"it's": '"'})
        taken = served.client.put("/prod/orders/taken", json={})
        wrong = served.client.put(
            "/prod/orders/8", content=b"{no", headers={"Content-Type": "application/json"}
        )
        missing = served.client.get("/prod/orders/7")
    assert (good.status_code, good.json()["arn"]) == (201, good.headers["location"])
    assert good.headers["x-static"] == "here"
    assert json.loads(served.machines.asked[0][1]["input"]) == {"it's": '"'}
    assert taken.status_code == 409
    assert wrong.status_code == 400
    assert wrong.json()["message"].startswith("Could not parse request body into json: ")
    assert (missing.status_code, missing.json()) == (403, {"message": "Missing Authentication Token"})


@pytest.mark.parametrize(
    ("behavior", "templates", "content_type", "status"),
    [
        ("WHEN_NO_MATCH", {"application/json": TEMPLATE}, "text/plain", 200),
        ("WHEN_NO_TEMPLATES", {"application/json": TEMPLATE}, "text/plain", 415),
        ("WHEN_NO_TEMPLATES", {}, "text/plain", 200),
        ("NEVER", {}, "application/json", 415),
        ("NEVER", {"application/json": TEMPLATE}, "Application/JSON; charset=utf-8", 200),
    ],
)
def test_a_body_passes_where_no_template_is_for_it(
    behavior: str, templates: dict[str, str], content_type: str, status: int
) -> None:
    integration = {"PassthroughBehavior": behavior, "RequestTemplates": templates}
    body = json.dumps({"input": "{}", "stateMachineArn": "arn:m"})
    with serve(rest("POST /o", Integration=integration)) as served:
        answer = served.client.post("/o", content=body, headers={"Content-Type": content_type})
    assert answer.status_code == status
    if status == 415:
        assert answer.json() == {"message": "Unsupported Media Type"}
        assert len(served.machines.dropped) == 1


def test_a_template_that_gives_no_request_is_refused_by_step_functions() -> None:
    templates = {"application/json": '{"input": $input.json("$"), "stateMachineArn": "arn:m"}'}
    responses = [{"StatusCode": "200"}, {"StatusCode": "400", "SelectionPattern": "400"}]
    with serve(
        rest("POST /o", Integration={"RequestTemplates": templates, "IntegrationResponses": responses})
    ) as served:
        answer = served.client.post("/o", json={"a": 1})
    assert answer.status_code == 400
    assert answer.json()["__type"] == "SerializationException"
    assert "escapeJavaScript" in served.machines.dropped[0][1]


def test_a_body_that_no_template_took_is_told_with_the_type_that_it_came_as() -> None:
    with serve(starting_route("POST /o", MACHINE, rest=True)) as served:
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        served.client.post("/o", content='{"id": "a", "name": 2}', headers=form)
        served.client.post("/o", content='{"id": "a", "name": "taken"}', headers=form)
    why = (
        "came as application/x-www-form-urlencoded, so no template took it for the input: "
        "send it with -H 'Content-Type: application/json'; "
    )
    first, second = (dropped for _, dropped in served.machines.dropped)
    assert first == f"{why}SerializationException: 'name' is no string"
    assert second.startswith(f"{why}ExecutionAlreadyExists: ")


def test_step_functions_pays_no_heed_to_what_its_action_does_not_take() -> None:
    with serve(rest("POST /o")) as served:
        body = '{"stateMachineArn": "arn:m", "cups": 2, "name": null}'
        answer = served.client.post("/o", content=body)
    assert answer.status_code == 200
    assert served.machines.asked == [("StartExecution", {"stateMachineArn": "arn:m"})]


def test_a_body_is_validated_and_the_refusal_can_be_worded() -> None:
    model = {"type": "object", "required": ["id"]}
    words = '{"message": $context.error.messageString, "why": "$context.error.validationErrorString"}'
    worded = {"BAD_REQUEST_BODY": {"StatusCode": "422", "ResponseTemplates": {"application/json": words}}}
    common = {
        "RequestModels": {"application/json": model},
        "RequestValidator": {"ValidateRequestBody": True},
    }
    with serve(rest("POST /a", **common)) as served:
        plain = served.client.post("/a", json={})
    assert (plain.status_code, plain.json()) == (400, {"message": "Invalid request body"})
    assert plain.headers["x-amzn-errortype"] == "BadRequestException"
    assert "missing required properties" in served.machines.dropped[0][1]
    assert served.machines.asked == []
    words_of_ours = words.replace('"$context.error.validationErrorString"', "$context.error.zip null")
    assert words_of_ours != words
    with serve(rest("POST /a", Api={"GatewayResponses": worded}, **common)) as served:
        told = served.client.post("/a", content=b"[]").text
    assert told.startswith('{"message": "Invalid request body", "why": "[instance type (array)')


def test_keys_and_throttles_are_answered_as_aws_answers_them() -> None:
    api = {"ApiKeys": [{"Value": KEY}], "Throttle": {"RateLimit": 1, "BurstLimit": 2}}
    body = {"stateMachineArn": "arn:m", "input": "{}"}
    with serve(rest("POST /o", ApiKeyRequired=True, Api=api)) as served:
        no_key = served.client.post("/o", json=body)
        statuses = [
            served.client.post("/o", json=body, headers={"X-Api-Key": KEY}).status_code for _ in range(3)
        ]
        busy = served.client.post("/o", json=body, headers={"X-Api-Key": KEY})
        served.clock.jump(NOON + timedelta(seconds=1))
        again = served.client.post("/o", json=body, headers={"X-Api-Key": KEY})
    assert (no_key.status_code, no_key.json()) == (403, {"message": "Forbidden"})
    assert statuses == [200, 200, 429]
    assert busy.json() == {"message": "Too Many Requests"}
    assert busy.headers["x-amzn-errortype"] == "TooManyRequestsException"
    assert again.status_code == 200


def test_a_browser_asks_first_and_is_answered_without_the_machine() -> None:
    with serve(http("POST /o", Api={"CorsConfiguration": CORS})) as served:
        asking = {"Origin": ORIGIN, "Access-Control-Request-Method": "POST"}
        allowed = served.client.options("/o", headers=asking)
        foreign = served.client.options("/o", headers={**asking, "Origin": "https://evil.example"})
        plain = served.client.options("/o", headers={**asking, "Origin": "http://any.example"})
        posted = served.client.post("/o", json={}, headers={"Origin": ORIGIN})
        lost = served.client.get("/nowhere", headers={"Origin": ORIGIN})
        evil = served.client.post("/o", json={}, headers={"Origin": "https://evil.example"})
    assert allowed.status_code == 204
    assert allowed.headers["access-control-allow-origin"] == ORIGIN
    assert allowed.headers["access-control-allow-methods"] == "POST,GET"
    assert allowed.headers["access-control-allow-headers"] == "content-type"
    assert allowed.headers["access-control-max-age"] == "300"
    assert allowed.headers["access-control-allow-credentials"] == "true"
    assert not [name for name in foreign.headers if name.startswith("access-control")]
    assert plain.headers["access-control-allow-origin"] == "http://any.example"
    assert posted.headers["access-control-expose-headers"] == "apigw-requestid"
    assert lost.headers["access-control-allow-origin"] == ORIGIN
    assert "access-control-allow-origin" not in evil.headers
    assert len(served.machines.asked) == 2


def test_no_route_is_not_found_and_the_root_describes_the_routes() -> None:
    with serve(starting_route("POST /o", MACHINE), prefix="/routes") as served:
        lost = served.client.get("/o")
        document = served.client.get("/")
        elsewhere = httpx.get(f"http://127.0.0.1:{served.port}/routesx", trust_env=False)
    assert (lost.status_code, lost.json()) == (404, {"message": "Not Found"})
    assert document.json()["openapi"] == "3.0.1"
    assert document.json()["servers"] == [{"url": served.url}]
    assert elsewhere.status_code == 404
    assert served.machines.matched == []


def test_who_waits_too_long_is_told_so_and_the_execution_goes_on() -> None:
    with serve(
        http("POST /http", "StartSyncExecution", Integration={"TimeoutInMillis": 50}),
        rest("POST /rest", "StartSyncExecution", Integration={"TimeoutInMillis": 50}),
    ) as served:
        first = served.client.post("/http", json={"wait": 1})
        body = json.dumps({"stateMachineArn": "arn:m", "input": '{"wait": 1}'})
        second = served.client.post("/rest", content=body)
    assert (first.status_code, first.json()) == (503, {"message": "Service Unavailable"})
    assert (second.status_code, second.json()) == (504, {"message": "Endpoint request timed out"})
    assert len(served.machines.asked) == 2


def test_who_waits_for_executions_keeps_nobody_else_waiting() -> None:
    with serve(
        http("POST /slow", "StartSyncExecution", Integration={"TimeoutInMillis": 50}),
        http("POST /quick", Integration={"TimeoutInMillis": 5_000}),
        limits=Limits(calls=1),
    ) as served:
        slow = served.client.post("/slow", json={"wait": 1})
        quick = served.client.post("/quick", json={})
    assert (slow.status_code, quick.status_code) == (503, 200)


def test_a_fault_of_ours_is_500_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with serve(starting_route("POST /o", MACHINE, sync=True)) as served:
        answer = served.client.post("/o", json={"crash": "secret"})
        after = served.client.post("/o", json={})
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal Server Error"})
    assert after.status_code == 200
    assert "ZeroDivisionError" in caplog.text
    assert "secret" not in caplog.text


def test_routes_that_change_are_made_ready_again() -> None:
    routes = [starting_route("POST /a", MACHINE)]
    machines = Machines()
    app = RoutesApp(lambda: list(routes), machines.start, JumpClock(NOON, frozen=True))
    before = app.table()
    assert app.table() is before
    routes.append(starting_route("POST /b", MACHINE))
    assert app.table().find("POST", ["b"]) is not None
    assert before.find("POST", ["b"]) is None
