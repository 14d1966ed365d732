"""The page's addresses: what they answer, and what they refuse."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from sfnb import TaskError
from sfnb.engine import visits
from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.server.page import looking, routes
from sfnb.service import StepFunctions

OWN = {"X-Sfnb-Page": "1"}
HOSTILE = '</script><img src=x onerror="alert(1)">'
HELLO = {"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "End": True}}}
PAUSE = {"StartAt": "Pause", "States": {"Pause": {"Type": "Wait", "Seconds": 600, "End": True}}}
ORDERS: dict[str, Any] = {
    "StartAt": "Each",
    "States": {
        "Each": {
            "Type": "Map",
            "Next": "Ship",
            "ItemProcessor": {
                "StartAt": HOSTILE,
                "States": {HOSTILE: {"Type": "Pass", "End": True}},
            },
        },
        "Ship": {"Type": "Task", "Resource": "ship", "End": True},
    },
}
EVERY: dict[str, Any] = {
    "StartAt": "Every",
    "States": {
        "Every": {
            "Type": "Map",
            "ItemProcessor": {
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "One",
                "States": {"One": {"Type": "Pass", "End": True}},
            },
            "End": True,
        }
    },
}


class Client:
    """Sends requests to an ASGI application, one after the other."""

    def __init__(self, app: Starlette) -> None:
        self._transport = httpx.ASGITransport(app=app)

    def get(self, address: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._send("GET", address, options))

    def post(self, address: str, **options: Any) -> httpx.Response:
        return asyncio.run(self._send("POST", address, options))

    async def _send(self, method: str, address: str, options: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=self._transport, base_url="http://localhost") as client:
            return await client.request(method, address, **options)


class Page:
    """The page as a browser asks for it."""

    def __init__(self, service: StepFunctions) -> None:
        self.client = Client(Starlette(routes=routes(service)))

    def read(self, name: str, code: int = 200, /, **query: object) -> Any:
        response = self.client.get(
            f"/page/data/{name}", params={key: str(value) for key, value in query.items()}
        )
        assert response.status_code == code, response.text
        return None if code == 204 else response.json()

    def act(self, name: str, wanted: object, status: int = 200, **headers: str) -> Any:
        response = self.client.post(f"/page/do/{name}", json=wanted, headers=OWN | headers)
        assert response.status_code == status, response.text
        return response.json()


@pytest.fixture
def page(service: StepFunctions) -> Page:
    return Page(service)


@pytest.fixture
def hello(service: StepFunctions) -> StateMachine:
    return load_machine(service, HELLO, name="hello")


@pytest.fixture
def waiting(service: StepFunctions) -> Execution:
    return load_machine(service, PAUSE, name="waiting").start({"n": 1})


@pytest.fixture
def shipped(service: StepFunctions) -> Execution:
    orders = load_machine(service, ORDERS, name="orders")

    @orders.task
    def ship(items: list[Any]) -> None:
        raise ValueError(HOSTILE)

    return orders.run([{"n": 1}, {"n": 2}])


# The page itself


@pytest.mark.parametrize("address", ["/", "/machines/arn:a", "/executions/arn:a:b/c:d?status=FAILED"])
def test_every_address_is_the_same_empty_page(page: Page, address: str) -> None:
    response = page.client.get(address)

    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.text == page.client.get("/").text


def test_the_page_runs_no_script_but_its_own_files(page: Page) -> None:
    response = page.client.get("/")
    rules = dict(rule.split(" ", 1) for rule in response.headers["content-security-policy"].split("; "))

    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert not re.search(r"<script(?![^>]* src=)| on[a-z]+=|<style| style=", response.text)


def test_the_page_has_all_its_files_itself(page: Page) -> None:
    asked = set(re.findall(r'(?:src|href)="([^"#]+)"', page.client.get("/").text))
    seen: set[str] = set()
    while asked:
        address = asked.pop()
        response = page.client.get(address)
        assert address.startswith("/page/assets/")
        assert response.status_code == 200, address
        assert "url(" not in response.text
        seen.add(address)
        names = re.findall(r'from "\./([^"]+)"', response.text)
        asked |= {f"/page/assets/{name}" for name in names} - seen
    assert {"/page/assets/view.js", "/page/assets/events.js", "/page/assets/page.css"} <= seen


@pytest.mark.parametrize("name", ["nothing.js", "..%2Fassets.py", "%2Fetc%2Fpasswd", "__init__.py"])
def test_no_other_file_is_to_be_had(page: Page, name: str) -> None:
    assert page.client.get(f"/page/assets/{name}").status_code == 404


def test_a_file_that_is_known_is_not_sent_again(page: Page) -> None:
    tag = page.client.get("/page/assets/view.js").headers["etag"]

    assert page.client.get("/page/assets/view.js", headers={"If-None-Match": tag}).status_code == 304
    assert page.client.get("/page/assets/view.css", headers={"If-None-Match": tag}).status_code == 200


def test_data_is_json_that_no_browser_takes_for_a_page(page: Page, shipped: Execution) -> None:
    response = page.client.get("/page/data/execution", params={"arn": shipped.arn})

    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "no-store"


def test_a_drawing_brings_no_style_that_the_policy_refuses(page: Page, shipped: Execution) -> None:
    drawn = page.read("drawing", arn=shipped.arn)["drawing"]
    timeline = page.read("timeline", arn=shipped.arn)

    for picture in (drawn, timeline):
        assert "<style" not in picture["svg"]
        assert " style=" not in picture["svg"]
        assert HOSTILE not in picture["svg"]
        assert picture["style"].count("{") == picture["style"].count("}") > 10


# Machines


def test_machines_come_with_their_executions_counted(
    page: Page, shipped: Execution, hello: StateMachine
) -> None:
    machines = {row["name"]: row for row in page.read("machines")["machines"]}

    assert machines["orders"]["counts"] == {"FAILED": 1}
    assert machines["orders"]["last"]["arn"] == shipped.arn
    assert machines["hello"]["counts"] == {}
    assert machines["hello"]["last"] is None


def test_a_machine_shows_what_it_can_be_started_by(
    page: Page, service: StepFunctions, hello: StateMachine
) -> None:
    service.publish_state_machine_version(hello.arn, description="first")
    service.create_state_machine_alias("live", [(f"{hello.arn}:1", 100)])
    starts = page.read("machine", arn=hello.arn)["starts"]

    assert [(each["kind"], each["name"]) for each in starts] == [
        ("machine", ""),
        ("alias", "live"),
        ("version", "1"),
    ]
    started = page.act("start", {"machine": starts[1]["arn"], "input": "{}"})
    assert page.read("execution", arn=started["arn"])["started_by"] == "alias live"


def test_a_change_of_a_machine_shows(page: Page, service: StepFunctions, hello: StateMachine) -> None:
    before = page.read("counts", machine=hello.arn)["state"]
    assert page.read("counts", machine=hello.arn)["state"] == before
    load_machine(service, PAUSE, name="hello")
    changed = page.read("counts", machine=hello.arn)["state"]
    service.publish_state_machine_version(hello.arn)

    assert len({before, changed, page.read("counts", machine=hello.arn)["state"]}) == 3


def test_a_machine_of_another_session_is_shown_by_what_it_ran(tmp_path: Path) -> None:
    from sfnb.stores.sqlite.store import SqliteStore

    first = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    arn = load_machine(first, HELLO, name="hello").run().machine.arn
    first.close()
    second = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    page = Page(second)
    try:
        assert [(row["name"], row["known"]) for row in page.read("machines")["machines"]] == [
            ("hello", False)
        ]
        machine = page.read("machine", arn=arn)
        assert json.loads(machine["definition"]["text"]) == HELLO
        assert machine["starts"] == []
        page.act("start", {"machine": arn, "input": "{}"}, 404)
    finally:
        second.close()


def test_executions_come_a_page_at_a_time_newest_first(page: Page, hello: StateMachine) -> None:
    for number in range(5):
        hello.run(name=f"run-{number}")
    first = page.read("executions", machine=hello.arn, limit=3)
    second = page.read("executions", machine=hello.arn, limit=3, offset=3)

    assert [row["name"] for row in first["rows"]] == ["run-4", "run-3", "run-2"]
    assert [row["name"] for row in second["rows"]] == ["run-1", "run-0"]
    assert (first["more"], second["more"]) == (True, False)


def test_executions_are_found_by_status_and_by_part_of_the_name(
    page: Page, hello: StateMachine, waiting: Execution
) -> None:
    hello.run(name="early-bird")
    hello.run(name="late-bird")

    def names(**query: object) -> list[str]:
        return [row["name"] for row in page.read("executions", **query)["rows"]]

    assert names(status="RUNNING") == [waiting.name]
    assert names(name="bird", status="SUCCEEDED") == ["late-bird", "early-bird"]
    assert names(name="early-*") == ["early-bird"]
    assert names(name="[e]arly") == []
    assert "there is no status 'DONE'" in page.read("executions", 400, status="DONE")["message"]
    assert "whole number" in page.read("executions", 400, offset="-1")["message"]


# An execution


def test_a_failure_is_explained(page: Page, shipped: Execution) -> None:
    standing = page.read("execution", arn=shipped.arn)

    assert standing["status"] == "FAILED"
    assert standing["told"]["reason"] == f"ValueError: {HOSTILE}"
    assert standing["told"]["place"] == 'in "Ship"'
    assert standing["can"] == {"stop": False, "resume": False, "redrive": True}


def test_what_there_is_no_more_of_is_not_sent_again(page: Page, waiting: Execution) -> None:
    trace = page.read("trace", arn=waiting.arn)
    assert trace["trace"]["status"] == "RUNNING"
    assert page.read("trace", 204, arn=waiting.arn, seen=trace["seen"]) is None

    waiting.stop()
    waiting.wait()

    assert page.read("trace", arn=waiting.arn, seen=trace["seen"])["trace"]["status"] == "ABORTED"


def test_a_visit_comes_with_its_payloads(page: Page, shipped: Execution) -> None:
    trace = page.read("trace", arn=shipped.arn)
    states = [state["name"] for state in page.read("drawing", arn=shipped.arn)["drawing"]["states"]]
    visit = trace["trace"]["visit_state"].index(states.index("Ship"))
    data = page.read("visit", arn=shipped.arn, visit=visit + 1, seen=trace["seen"])

    assert json.loads(data["input"]["text"]) == [{"n": 1}, {"n": 2}]
    assert data["error"] == "ValueError"
    assert page.read("visit", arn=shipped.arn, visit=0)["error"] == "ValueError"  # of the execution
    assert "no such visit" in page.read("visit", 404, arn=shipped.arn, visit=99)["message"]


def test_a_large_payload_is_cut_until_it_is_asked_for_whole(page: Page, hello: StateMachine) -> None:
    arn = hello.run({"text": "x" * 60_000}).arn
    cut = page.read("visit", arn=arn, visit=1)["output"]
    whole = page.read("visit", arn=arn, visit=1, whole="output")["output"]

    assert (len(cut["text"]), cut["cut"]) == (50_000, True)
    assert (len(whole["text"]), whole["cut"]) == (60_011, False)


def test_half_a_character_in_an_error_is_answered_all_the_same(page: Page, service: StepFunctions) -> None:
    machine = load_machine(
        service,
        {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "ask", "End": True}}},
        name="half",
    )

    @machine.task
    def ask(payload: object) -> None:
        raise TaskError("Half\ud83d", "no more")

    execution = machine.run()

    assert page.read("execution", arn=execution.arn)["status"] == "FAILED"
    assert page.read("visit", arn=execution.arn, visit=0)["error"] == "Half\ud83d"
    assert page.read("events", arn=execution.arn)["rows"][-1]["note"] == "Half\ud83d"


def test_pages_of_events_join_to_the_history(page: Page, shipped: Execution) -> None:
    rows: list[Any] = []
    while True:
        found = page.read("events", arn=shipped.arn, after=len(rows), limit=4)
        rows += found["rows"]
        if len(rows) >= found["total"]:
            break

    assert [(row["id"], row["type"]) for row in rows] == [
        (each["id"], each["type"]) for each in shipped.history()
    ]
    assert [row["state"] for row in rows if row["type"] == "LambdaFunctionFailed"] == ["Ship"]
    assert [row["items"] for row in rows if row["type"] == "PassStateEntered"] == [[0], [1]]


@pytest.mark.parametrize("place", range(12))
def test_an_event_is_found_behind_records_that_are_none(page: Page, shipped: Execution, place: int) -> None:
    entry = shipped.history()[place]
    found = page.read("event", arn=shipped.arn, id=entry["id"])
    details = next((value for key, value in entry.items() if key.endswith("EventDetails")), {})

    told = {each["name"]: each["text"] for each in found["details"]}
    assert told == {name: str(value) for name, value in details.items() if not name.endswith("Details")}
    assert found["previous"] == entry["previousEventId"]


def test_an_event_that_is_not_there_is_refused(page: Page, shipped: Execution) -> None:
    assert page.read("event", 404, arn=shipped.arn, id=0)["message"] == "there is no event 0"
    assert page.read("event", 404, arn=shipped.arn, id=999)["message"] == "there is no event 999"


def test_a_page_far_into_a_log_reads_little_of_it(
    page: Page, service: StepFunctions, hello: StateMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(visits, "CONTEXT", 2)
    arn = hello.run().arn
    asked: list[int] = []
    read = service.store.read

    def counting(execution: str, *, after: int = 0) -> Iterator[Any]:
        asked.append(after)
        return read(execution, after=after)

    monkeypatch.setattr(service.store, "read", counting)
    rows = page.read("events", arn=arn, after=3)["rows"]

    assert [row["id"] for row in rows] == [4]
    assert asked == [0, 1]  # the first event for its time, then from shortly before the page


def test_of_a_very_long_log_there_is_a_picture(
    page: Page, shipped: Execution, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert page.read("drawing", arn=shipped.arn)["picture"] is None
    monkeypatch.setattr(looking, "LONG_LOG", 10)

    assert page.read("execution", arn=shipped.arn)["long"]
    assert page.read("drawing", arn=shipped.arn)["picture"]["svg"].startswith("<svg")
    assert "too long" in page.read("trace", 409, arn=shipped.arn)["message"]


def test_map_runs_lead_to_their_children_and_back(page: Page, service: StepFunctions) -> None:
    arn = load_machine(service, EVERY, name="every").run([1, 2, 3], skip_waits=True).arn
    (run,) = page.read("execution", arn=arn)["map_runs"]
    children = page.read("children", arn=arn, map_run=run["arn"], offset=1)

    assert (run["state"], run["status"], run["items"]) == ("Every", "SUCCEEDED", {"succeeded": 3})
    assert ([child["index"] for child in children["rows"]], children["total"]) == ([1, 2], 3)
    child = page.read("execution", arn=children["rows"][0]["arn"])
    assert child["around"] == arn
    assert not child["can"]["redrive"]
    assert page.read("visit", arn=child["arn"], visit=0)["input"]["text"] == "2"


@pytest.mark.parametrize("pattern", ["", ".sync:2"])
def test_executions_that_tasks_have_started_are_led_to(
    page: Page, service: StepFunctions, hello: StateMachine, pattern: str
) -> None:
    call = {
        "Type": "Task",
        "Resource": f"arn:aws:states:::states:startExecution{pattern}",
        "Parameters": {"StateMachineArn": hello.arn, "Name": "inner"},
        "End": True,
    }
    arn = load_machine(service, {"StartAt": "Call", "States": {"Call": call}}, name="outer").run().arn
    (inner,) = page.read("execution", arn=arn)["started_here"]

    assert (inner["name"], inner["machine_name"]) == ("inner", "hello")
    assert page.read("execution", arn=inner["arn"])["name"] == "inner"


def test_what_is_not_there_is_said_to_be_missing(page: Page, hello: StateMachine) -> None:
    missing = hello.arn.replace("hello", "bye")
    assert page.read("machine", 404, arn=missing)["message"] == f"State Machine Does Not Exist: '{missing}'"
    for name in ("execution", "drawing", "trace", "timeline", "events"):
        assert page.read(name, 404, arn="arn:nothing")["error"] == "ExecutionDoesNotExist"
    assert page.read("execution", 400)["message"] == "say which: 'arn' is missing"


# What buttons do


def test_an_execution_is_started_with_an_input_and_a_name(page: Page, hello: StateMachine) -> None:
    started = page.act("start", {"machine": hello.arn, "input": '{"n": 1.0}', "name": "first"})
    standing = page.read("execution", arn=started["arn"])

    assert standing["name"] == "first"
    assert page.read("drawing", arn=started["arn"])["input"] == '{"n": 1.0}'
    taken = page.act("start", {"machine": hello.arn, "input": "{}", "name": "first"}, 400)
    assert taken["error"] == "ExecutionAlreadyExists"


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"input": "{,}"}, "The input is not JSON"),
        ({"input": "{}", "name": "a/b"}, "no name for an execution"),
        ({"input": 5}, "'input' has to be a text"),
    ],
)
def test_what_cannot_be_started_is_refused_in_words(
    page: Page, service: StepFunctions, hello: StateMachine, wanted: dict[str, Any], words: str
) -> None:
    assert words in page.act("start", {"machine": hello.arn, **wanted}, 400)["message"]
    assert service.list_executions() == []


def test_an_execution_is_stopped_and_redriven(page: Page, waiting: Execution) -> None:
    page.act("stop", {"arn": waiting.arn})
    waiting.wait()
    stopped = page.read("execution", arn=waiting.arn)
    page.act("redrive", {"arn": waiting.arn})
    running = page.read("execution", arn=waiting.arn)

    assert (stopped["status"], stopped["can"]["redrive"]) == ("ABORTED", True)
    assert (running["status"], running["redrives"], running["can"]["stop"]) == ("RUNNING", 1, True)
    assert page.act("redrive", {"arn": waiting.arn}, 400)["error"] == "ExecutionNotRedrivable"


def test_what_was_interrupted_is_resumed(tmp_path: Path) -> None:
    from sfnb.stores.sqlite.store import SqliteStore

    first = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    arn = load_machine(first, PAUSE, name="waiting").start().arn
    first.close()
    second = StepFunctions(store=SqliteStore(tmp_path / "kept.db"))
    page = Page(second)
    try:
        interrupted = page.read("execution", arn=arn)
        page.act("resume", {"arn": arn})
        assert (interrupted["status"], interrupted["can"]["resume"]) == ("INTERRUPTED", True)
        assert page.read("execution", arn=arn)["status"] == "RUNNING"
    finally:
        second.close()


FOREIGN: list[dict[str, Any]] = [
    {"json": {}},
    {"json": {}, "headers": OWN | {"Content-Type": "text/plain"}},
    {"data": {"arn": "x"}, "headers": OWN},
    {"json": {}, "headers": OWN | {"Sec-Fetch-Site": "cross-site"}},
    {"json": {}, "headers": OWN | {"Sec-Fetch-Site": "same-site"}},
]


@pytest.mark.parametrize("sent", FOREIGN)
@pytest.mark.parametrize("action", ["start", "stop", "redrive", "resume"])
def test_another_page_cannot_have_anything_done(page: Page, action: str, sent: dict[str, Any]) -> None:
    response = page.client.post(f"/page/do/{action}", **sent)

    assert response.status_code == 403
    assert "only this server's own page" in response.json()["message"]


def test_a_get_does_nothing(page: Page, waiting: Execution) -> None:
    assert page.client.get("/page/do/stop", params={"arn": waiting.arn}).status_code == 405
    assert waiting.status == "RUNNING"


@pytest.mark.parametrize(
    ("body", "status"), [(b"[]", 400), (b"{", 400), (b'"' + b"x" * 2_100_000 + b'"', 413)]
)
def test_what_is_no_object_or_too_large_is_refused(page: Page, body: bytes, status: int) -> None:
    headers = OWN | {"Content-Type": "application/json"}
    answer = page.client.post("/page/do/start", content=body, headers=headers)
    assert answer.status_code == status
    assert (answer.json()["message"].startswith("the input is too large: ")) == (status == 413)
