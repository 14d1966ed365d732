"""Routes that start machines, asked over sockets by curl, httpx and a browser."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from sfnb.engine.clock import JumpClock
from sfnb.errors import SfnbError
from sfnb.iam.roles import Roles, make_role
from sfnb.machine import StateMachine, load_machine
from sfnb.on.trigger import Trigger
from sfnb.server.serve import serve
from sfnb.server.settings import PORT
from sfnb.service import StepFunctions
from sfnb.testing import calendar
from sfnb.triggers.http import RouteRefused, starting_route
from sfnb.triggers.refusals import ValidationException
from tests.chromium import chromium
from tests.sessions import task, until

SHOP, ADMIN, EVIL = "https://shop.example", "https://admin.example", "https://evil.example"
KEY = "0123456789abcdefghij"
ROLE = "arn:aws:iam::123456789012:role/gateway"
TRUST = {
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "apigateway.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ]
}
ECHO = {"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}}
FAIL = {"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Sold", "Cause": "it's out"}}}


def machine(
    service: StepFunctions, name: str = "orders", definition: dict[str, Any] = ECHO, **more: Any
) -> StateMachine:
    return load_machine(service, definition, name=name, **more)


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with httpx.Client(trust_env=False, timeout=30) as client:
        yield client


def ended(trigger: Trigger) -> Any:
    """The output of its latest execution."""
    until(lambda: trigger.latest is not None and trigger.latest.status != "RUNNING", "the execution")
    assert trigger.latest is not None
    return trigger.latest.output


def curl(*words: str) -> tuple[int, Any]:
    """The status and the body, decoded."""
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    done = subprocess.run(
        [program, "-s", "--noproxy", "*", "--max-time", "30", "-w", "\n%{http_code}", *words],
        capture_output=True,
        text=True,
        check=True,
    )
    body, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(body)


# What comes of a request


def test_a_post_by_curl_starts_an_execution(service: StepFunctions) -> None:
    orders = machine(service)
    trigger = orders.on.http("POST /orders")

    status, told = curl("-d", '{"n": 1}', "-H", "content-type: application/json", trigger.url)

    assert status == 200
    assert told.keys() == {"executionArn", "startDate"}
    assert ended(trigger) == {"n": 1}
    assert trigger.counts.execution == told["executionArn"]
    assert (trigger.counts.matched, trigger.counts.started, trigger.counts.dropped) == (1, 1, {})


def test_an_express_machine_is_waited_for(service: StepFunctions, client: httpx.Client) -> None:
    quick = machine(service, "quick", type="EXPRESS")
    bad = machine(service, "bad", FAIL, type="EXPRESS")
    described = quick.on.http("POST /described", sync=True)
    output = quick.on.http("POST /output", sync=True, output=True, name="output")
    failing = bad.on.http("POST /failing", sync=True, output=True)

    whole = client.post(described.url, json={"n": 1}).json()
    plain = client.post(output.url, json={"n": 2})
    failed = client.post(failing.url, json={})

    assert (whole["status"], whole["output"], whole["name"]) == (
        "SUCCEEDED",
        '{"n":1}',
        whole["executionArn"].split(":")[7],
    )
    assert (plain.status_code, plain.json()) == (200, {"n": 2})
    assert (failed.status_code, failed.json()) == (
        500,
        {"status": "FAILED", "error": "Sold", "cause": "it's out"},
    )
    assert output.counts.started == 1


def test_a_machine_that_is_not_express_cannot_be_waited_for(
    service: StepFunctions, client: httpx.Client
) -> None:
    orders = machine(service)
    with pytest.raises(SfnbError, match="only an EXPRESS machine answers"):
        orders.on.http("POST /sync", sync=True)
    settings = starting_route("POST /sync", orders.arn, sync=True).to_json()
    trigger = orders.on.http("POST /sync", settings=settings)

    answer = client.post(trigger.url, json={})

    assert (answer.status_code, answer.json()["__type"]) == (400, "StateMachineTypeNotSupported")
    assert list(trigger.counts.dropped) == [
        "StateMachineTypeNotSupported: This operation is not supported by this type of state machine"
    ]


def test_a_name_is_taken_once_as_by_the_api(service: StepFunctions, client: httpx.Client) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3600, "End": True}}}
    orders = machine(service, definition=wait)
    parameters = {
        "StateMachineArn": orders.arn,
        "Input": "$request.body",
        "Name": "$request.header.x-order",
    }
    trigger = orders.on.http(
        "POST /orders",
        settings={
            "RouteKey": "POST /orders",
            "Integration": {
                "IntegrationSubtype": "StepFunctions-StartExecution",
                "RequestParameters": parameters,
            },
        },
    )
    headers = {"x-order": "seven"}

    first, same = (client.post(trigger.url, json={"n": 7}, headers=headers) for _ in range(2))
    other = client.post(trigger.url, json={"n": 8}, headers=headers)

    assert (first.status_code, first.json()) == (same.status_code, same.json())
    assert other.status_code == 400
    assert other.json()["__type"] == "ExecutionAlreadyExists"
    assert [each.name for each in orders.executions] == ["seven"]


def test_what_tasks_print_goes_where_all_prints_of_triggers_go(
    service: StepFunctions, client: httpx.Client
) -> None:
    printed: list[str] = []
    service.world.on_output = printed.append
    service.registry.functions["say"] = lambda told: print("said", told["n"])
    definition = {"StartAt": "S", "States": {"S": task("say")}}
    orders, quick = machine(service, "o", definition), machine(service, "q", definition, type="EXPRESS")

    client.post(orders.on.http("POST /orders").url, json={"n": 1})
    until(lambda: "".join(printed) == "said 1\n", "what is printed")
    client.post(quick.on.http("POST /quick", sync=True).url, json={"n": 2})
    until(lambda: "".join(printed) == "said 1\nsaid 2\n", "what is printed")


def test_an_execution_goes_by_the_calendar(service: StepFunctions, client: httpx.Client) -> None:
    wait = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 86_400, "End": True}}}
    with calendar(datetime(2030, 1, 1, tzinfo=UTC), service=service):
        trigger = machine(service, definition=wait).on.http("POST /orders")
        started = client.post(trigger.url, json={}).json()["startDate"]
        ended(trigger)

    assert datetime.fromtimestamp(started, UTC) == datetime(2030, 1, 1, tzinfo=UTC)


# What is refused


def test_a_body_that_does_not_fit_the_schema_starts_nothing(
    service: StepFunctions, client: httpx.Client
) -> None:
    orders = machine(service)
    trigger = orders.on.http("POST /orders", schema={"type": "object", "required": ["n"]})

    refused = [
        client.post(trigger.url, content=content, headers={"content-type": "application/json"})
        for content in ("{}", "[]", '{"n": 1', "")
    ]
    taken = client.post(trigger.url, json={"n": 1})

    assert [answer.status_code for answer in refused] == [400] * 4
    assert refused[0].json() == {"message": "Invalid request body"}
    assert taken.status_code == 200
    assert trigger.counts.started == 1
    assert sum(trigger.counts.dropped.values()) == 4
    assert any('required properties (["n"])' in reason for reason in trigger.counts.dropped)


def test_one_of_the_keys_has_to_be_named(service: StepFunctions, client: httpx.Client) -> None:
    trigger = machine(service).on.http("POST /orders", api_keys=[KEY])

    answers = [
        client.post(trigger.url, json={}, headers=headers)
        for headers in ({}, {"x-api-key": KEY[:-1] + "!"}, {"x-api-key": ""}, {"x-api-key": KEY})
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403, 200]
    assert answers[0].json() == {"message": "Forbidden"}
    assert trigger.counts.started == 1
    assert KEY not in trigger.words + str(trigger)


def test_a_throttle_goes_by_the_clock(service: StepFunctions, client: httpx.Client) -> None:
    clock = JumpClock(datetime(2026, 1, 1, tzinfo=UTC), frozen=True)
    service.world.clock = clock
    trigger = machine(service).on.http("POST /orders", throttle=(1, 2))

    def ask() -> int:
        return client.post(trigger.url, json={}).status_code

    assert [ask() for _ in range(3)] == [200, 200, 429]
    clock.jump(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC))
    assert [ask(), ask()] == [200, 429]
    assert trigger.counts.dropped == {"more requests than the throttle lets in": 2}


@pytest.mark.parametrize("name", ["evil.example", "127.0.0.1.evil.example", "evil.example:8083"])
def test_a_name_that_was_rebound_is_refused(service: StepFunctions, client: httpx.Client, name: str) -> None:
    trigger = machine(service).on.http("POST /orders", cors=["*"])

    answers = [
        client.post(trigger.url, json={}, headers={"host": name}),
        client.post(trigger.url, json={}, headers={"host": name, "origin": f"http://{name}"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403]
    assert trigger.counts.matched == 0


def test_pages_of_other_sites_call_what_lets_them_and_nothing_else(
    service: StepFunctions, client: httpx.Client
) -> None:
    """A page can send text without asking first: then it is the server that has to refuse."""
    orders = machine(service)
    shop = orders.on.http("POST /shop", cors=[SHOP])
    admin = orders.on.http("POST /admin", cors=[ADMIN], name="admin")
    plain = orders.on.http("POST /plain", name="plain")

    def ask(trigger: Trigger, origin: str) -> tuple[int, str | None]:
        answer = client.post(
            trigger.url, content="{}", headers={"origin": origin, "content-type": "text/plain"}
        )
        return answer.status_code, answer.headers.get("access-control-allow-origin")

    assert ask(shop, SHOP) == (200, SHOP)
    assert ask(admin, ADMIN) == (200, ADMIN)
    for trigger, origin in ((shop, EVIL), (shop, ADMIN), (admin, SHOP), (plain, SHOP), (plain, EVIL)):
        assert ask(trigger, origin) == (403, None)
    assert [each.counts.started for each in (shop, admin, plain)] == [1, 1, 0]


def test_a_preflight_is_answered_for_the_route_that_is_meant(
    service: StepFunctions, client: httpx.Client
) -> None:
    orders = machine(service)
    post = orders.on.http("POST /orders", cors=[SHOP])
    orders.on.http("PUT /orders", cors=[ADMIN], name="put")

    def ask(origin: str, method: str) -> tuple[int, str | None]:
        headers = {"origin": origin, "access-control-request-method": method}
        answer = client.options(post.url, headers=headers)
        return answer.status_code, answer.headers.get("access-control-allow-origin")

    assert ask(SHOP, "POST") == (204, SHOP)
    assert ask(ADMIN, "PUT") == (204, ADMIN)
    assert ask(ADMIN, "POST") == (403, None)
    assert ask(EVIL, "POST") == (403, None)


def test_a_link_on_another_site_starts_nothing(service: StepFunctions, client: httpx.Client) -> None:
    trigger = machine(service).on.http("GET /orders")

    answer = client.get(trigger.url, headers={"sec-fetch-site": "cross-site"})

    assert (answer.status_code, trigger.counts.matched) == (403, 0)


@pytest.mark.parametrize("schema", [None, {"type": "object"}], ids=["HTTP API", "REST API"])
def test_a_role_that_may_not_start_the_machine_is_refused(
    service: StepFunctions, client: httpx.Client, schema: Any
) -> None:
    roles = service.registry.permissions = Roles()
    roles.add(make_role(ROLE, [], trust=TRUST))
    trigger = machine(service).on.http("POST /orders", role=ROLE, schema=schema)

    refused = client.post(trigger.url, json={})
    allowed = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": "*"}
    roles.add(make_role(ROLE, [{"Statement": [allowed]}], trust=TRUST))
    taken = client.post(trigger.url, json={})

    assert refused.status_code == 400
    assert "is not authorized to perform: states:StartExecution on resource" in refused.json()["message"]
    assert taken.status_code == 200
    assert (trigger.counts.started, sum(trigger.counts.dropped.values())) == (1, 1)


@pytest.mark.parametrize("other", ["POST /orders/{id}", "POST /orders/{number}"])
def test_two_machines_cannot_have_one_route(service: StepFunctions, client: httpx.Client, other: str) -> None:
    orders, returns = machine(service), machine(service, "returns")
    trigger = orders.on.http("POST /orders/{id}")

    with pytest.raises(ValidationException, match=r"is there already: it is 'orders POST /orders/\{id\}'"):
        returns.on.http(other)
    for free in ("PUT /orders/{id}", "POST /orders/{id}/lines", "ANY /orders/{id}"):
        returns.on.http(free)
    returns.on.http("POST /orders/{id}", stage="test", name="staged")

    client.post(trigger.url.replace("{id}", "7"), json={})
    assert trigger.counts.started == 1


@pytest.mark.parametrize(
    ("route", "more"),
    [
        ("/orders", {}),
        ("POTS /orders", {}),
        ("POST orders", {}),
        ("POST /{a+}/b", {}),
        ("POST /a", {"api_keys": ["short"]}),
        ("POST /a", {"output": True}),
        ("POST /a", {"throttle": (0, 1)}),
        ("POST /a", {"schema": {"type": "objekt"}}),
        ("POST /a", {"cors": ["a\nb"]}),
        ("POST /a", {"stage": "a/b"}),
        ("POST /a", {"settings": {"RouteKey": "POST /a"}}),
    ],
)
def test_what_is_no_route_is_refused_and_no_server_begins(
    service: StepFunctions, route: str, more: dict[str, Any]
) -> None:
    with pytest.raises(RouteRefused):
        machine(service).on.http(route, **more)

    assert service.triggers.all() == []
    assert service.world.server is None


# How long it is there


def test_a_server_begins_with_the_first_route_and_ends_with_the_service(client: httpx.Client) -> None:
    before = set(threading.enumerate())
    service = StepFunctions()
    orders = machine(service)
    assert service.world.server is None
    first, second = orders.on.http("POST /a"), orders.on.http("POST /b")
    server = service.world.server
    assert server is not None

    assert (first.url, second.url) == (f"{server.url}/api/a", f"{server.url}/api/b")
    assert client.post(second.url, json={}).status_code == 200
    service.close()

    assert not server.is_running
    with pytest.raises(httpx.ConnectError):
        client.post(second.url, json={})
    left = {each for each in threading.enumerate() if each.name.startswith("sfnb")} - before
    until(lambda: not any(each.is_alive() for each in left), "the end of its threads")


@pytest.mark.parametrize("settings", [{}, {"output": True}], ids=["http", "rest"])
def test_who_waits_for_an_execution_when_the_service_closes_is_told_so(
    client: httpx.Client, settings: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    waits = {"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1000, "End": True}}}
    service = StepFunctions()
    trigger = machine(service, "slow", waits, type="EXPRESS").on.http("POST /slow", sync=True, **settings)
    url, answers = trigger.url, list[httpx.Response]()
    asking = threading.Thread(target=lambda: answers.append(client.post(url, json={})))
    asking.start()
    until(lambda: trigger.counts.matched == 1, "the request")

    service.close()
    asking.join(30)

    assert [(each.status_code, each.json()) for each in answers] == [
        (503, {"message": "Service Unavailable"})
    ]
    assert caplog.text == ""


def test_another_port_is_taken_where_the_usual_one_is_not_free(
    service: StepFunctions, client: httpx.Client
) -> None:
    try:
        taken = socket.create_server(("127.0.0.1", PORT))
    except OSError:
        taken = socket.socket()  # somebody else has it
    with taken:
        trigger = machine(service).on.http("POST /orders")

    assert not trigger.url.startswith(f"http://127.0.0.1:{PORT}/")
    assert client.post(trigger.url, json={}).status_code == 200


def test_routes_are_served_by_the_server_that_is_there(service: StepFunctions) -> None:
    with serve(0, service=service) as server:
        assert machine(service).on.http("POST /orders").url == f"{server.url}/api/orders"


def test_to_look_at_a_route_begins_no_server(service: StepFunctions) -> None:
    server = serve(0, service=service)
    trigger = machine(service).on.http("POST /orders")
    url = trigger.url

    server.stop()

    assert url in repr(trigger)
    assert trigger.url == url
    assert service.world.server is None


def test_a_route_is_where_another_server_is_when_one_has_stopped(
    service: StepFunctions, client: httpx.Client
) -> None:
    first, second = serve(0, service=service), serve(0, service=service)
    trigger = machine(service).on.http("POST /orders")

    first.stop()

    assert trigger.url == f"{second.url}/api/orders"
    assert client.post(trigger.url, json={}).status_code == 200
    service.close()
    assert not second.is_running


def test_no_server_begins_once_the_service_is_closed() -> None:
    service = StepFunctions()
    orders = machine(service)
    service.close()

    for begin in (lambda: orders.on.http("POST /orders"), lambda: serve(0, service=service)):
        with pytest.raises(SfnbError, match="closed"):
            begin()
    assert service.world.server is None


def test_a_route_that_is_disabled_or_removed_is_not_there(
    service: StepFunctions, client: httpx.Client
) -> None:
    orders = machine(service)
    trigger, other = orders.on.http("POST /orders"), orders.on.http("POST /other")
    url = trigger.url

    def ask() -> tuple[int, Any]:
        answer = client.post(url, json={})
        return answer.status_code, answer.json() if answer.status_code != 200 else None

    assert ask() == (200, None)
    trigger.disable()
    assert ask() == (404, {"message": "Not Found"})
    trigger.enable()
    assert ask() == (200, None)
    trigger.remove()
    assert ask() == (404, {"message": "Not Found"})
    assert trigger.key not in [seen.trigger.key for seen in service.triggers.all()]
    other.remove()
    assert client.post(url, json={}).status_code in (404, 405)  # as where no routes ever were


def test_the_api_the_page_and_a_description_are_beside_the_routes(
    service: StepFunctions, client: httpx.Client
) -> None:
    trigger = machine(service).on.http("POST /orders/{id}", schema={"type": "object"})
    server = trigger.url.partition("/api/")[0]

    document = client.get(f"{server}/api").json()
    listed = client.post(server, content="{}", headers={"x-amz-target": "AWSStepFunctions.ListStateMachines"})
    page = client.get(server, headers={"accept": "text/html"})

    assert document["openapi"].startswith("3.")
    assert list(document["paths"]) == ["/orders/{id}"]
    assert document["servers"] == [{"url": f"{server}/api"}]
    assert [each["name"] for each in listed.json()["stateMachines"]] == ["orders"]
    assert (page.status_code, "<html" in page.text) == (200, True)
    assert client.get(f"{server}/apis").status_code == 404
    assert client.get(f"{server}/health").json()["status"] == "ok"


def test_routes_come_and_go_while_they_are_asked_for(service: StepFunctions, client: httpx.Client) -> None:
    orders = machine(service)
    trigger = orders.on.http("POST /orders")
    done = threading.Event()

    def change() -> None:
        for number in range(100):
            orders.on.http(f"POST /r{number % 7}", name=f"r{number % 7}")
            if number % 3 == 0:
                service.triggers.remove(f"http:r{number % 7}")
        done.set()

    changing = threading.Thread(target=change)
    changing.start()
    statuses = set()
    asked = 0
    while not done.is_set() or asked < 50:
        statuses.add(client.post(trigger.url, json={}).status_code)
        asked += 1
    changing.join()

    assert statuses == {200}
    assert (trigger.counts.matched, trigger.counts.started) == (asked, asked)


def test_a_route_of_a_machine_that_is_gone_says_so(service: StepFunctions, client: httpx.Client) -> None:
    orders = machine(service)
    trigger = orders.on.http("POST /orders")
    service.delete_state_machine(orders.arn)

    answer = client.post(trigger.url, json={})

    assert (answer.status_code, answer.json()["__type"]) == (400, "StateMachineDoesNotExist")
    assert trigger.latest is None
    assert trigger.counts.started == 0


# A browser

PAGE = """<!doctype html><title>shop</title><script>
async function send(url, type) {
  try {
    const answer = await fetch(url, {method: "POST", body: '{"n": 1}', headers: {"content-type": type}});
    return {status: answer.status, told: await answer.json()};
  } catch (fault) { return {fault: String(fault)}; }
}
</script>"""


@pytest.mark.browser
def test_a_page_of_another_origin_starts_what_cors_lets_it(service: StepFunctions) -> None:
    orders = machine(service)
    shop = orders.on.http("POST /shop", cors=[SHOP])
    plain = orders.on.http("POST /plain", name="plain")
    with chromium() as browser:
        context = browser.new_context()
        context.grant_permissions(["local-network-access"])  # or no page of the web calls this machine at all
        context.route(
            "https://*.example/**", lambda route: route.fulfill(body=PAGE, content_type="text/html")
        )
        page = context.new_page()

        def ask(origin: str, trigger: Trigger, type: str = "application/json") -> Any:
            page.goto(f"{origin}/")
            return page.evaluate("([url, type]) => send(url, type)", [trigger.url, type])

        taken = ask(SHOP, shop)
        refused = [
            ask(EVIL, shop),
            ask(EVIL, shop, "text/plain"),
            ask(SHOP, plain),
            ask(SHOP, plain, "text/plain"),
        ]
        context.close()

    assert taken["status"] == 200, taken
    assert taken["told"]["executionArn"].startswith("arn:aws:states:")
    assert [list(answer) for answer in refused] == [["fault"]] * 4
    assert (shop.counts.started, plain.counts.started) == (1, 0)
    assert shop.counts.matched + plain.counts.matched == 1
