"""Requests that mean no good: each is answered clearly, and the next one is served."""

from __future__ import annotations

import json
import socket
import time
from typing import Any

import pytest

from sfnb.triggers.http import Limits, starting_route
from tests.triggers.test_http_app import MACHINE, TEMPLATE, Served, http, rest, serve

LIMITS = Limits(read_seconds=0.3)


def still_serves(served: Served) -> bool:
    return served.client.post("/o", json={"n": 1}).status_code == 200


def raw(served: Served, request: bytes, *, closes: bool = True) -> bytes:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request)
        if closes:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while part := connection.recv(65_536):
            answer += part
        return answer


def test_a_body_of_11_mb_is_413() -> None:
    with serve(starting_route("POST /o", MACHINE)) as served:
        answer = served.client.post("/o", content=b"x" * (11 * 1024 * 1024))
        chunked = served.client.post("/o", content=(b"x" * 1024 * 1024 for _ in range(11)))
        announced = raw(served, b"POST /o HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999\r\n\r\n")
        assert still_serves(served)
    assert (answer.status_code, answer.json()) == (413, {"message": "Request Entity Too Large"})
    assert chunked.status_code == 413
    assert announced.startswith(b"HTTP/1.1 413")
    assert len(served.machines.asked) == 1


def test_a_client_that_sends_slowly_is_408() -> None:
    with serve(starting_route("POST /o", MACHINE), limits=LIMITS) as served:
        head = b"POST /o HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{"
        before = time.monotonic()
        answer = raw(served, head, closes=False)
        assert time.monotonic() - before < 30
        assert still_serves(served)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b'{"message":"Request Timeout"}' in answer


def test_a_client_that_goes_away_is_no_harm() -> None:
    with serve(starting_route("POST /o", MACHINE), limits=LIMITS) as served:
        assert raw(served, b"POST /o HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n{") == b""
        assert still_serves(served)


def test_a_flood_of_headers_is_refused() -> None:
    with serve(starting_route("POST /o", MACHINE)) as served:
        many = served.client.post("/o", headers={f"x-{n}": "v" * 40 for n in range(300)})
        endless = raw(served, b"POST /o HTTP/1.1\r\n" + b"x: " + b"y" * 200_000 + b"\r\n\r\n")
        assert still_serves(served)
    assert (many.status_code, many.json()) == (431, {"message": "Request Header Fields Too Large"})
    assert endless.startswith((b"HTTP/1.1 431", b"HTTP/1.1 400"))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/o/%FF", 400),
        ("/o" + "/a" * 200, 400),
        ("/" + "a" * 20_000, 400),
        ("/o/..%2f..%2fetc%2fpasswd", 404),
        ("/../../etc/passwd", 404),
        ("//evil.example/", 404),
        ("/o?%FF=1", 400),
        ("/o?" + "a=1&" * 2_000, 400),
        ("/o%00", 404),
    ],
)
def test_paths_and_queries_of_any_kind_are_answered(path: str, status: int) -> None:
    with serve(starting_route("POST /o", MACHINE)) as served:
        request = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        answer = raw(served, request.encode(), closes=False)
        assert still_serves(served)
    assert int(answer.split()[1]) == status
    assert b"Traceback" not in answer


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"\xff\xfe", 400),
        (b"[" * 1_000_000, 400),
        (b'{"a":' * 100_000, 400),
        (b"not json", 400),
        (b'{"a": NaN}', 400),
        (b'{"a": "\\ud800"}', 400),
        (b'{"a": 1' + b"0" * 5_000 + b"}", None),
    ],
)
@pytest.mark.parametrize("kind", ["http", "rest"])
def test_bodies_of_any_kind_are_answered(kind: str, body: bytes, status: int | None) -> None:
    model: dict[str, Any] = {"RequestModels": {"application/json": {"type": "object"}}}
    if kind == "rest":
        integration = {"RequestTemplates": {"application/json": TEMPLATE}}
        route = rest(
            "POST /o", Integration=integration, RequestValidator={"ValidateRequestBody": True}, **model
        )
    else:
        route = http("POST /o", **model)
    with serve(route) as served:
        answer = served.client.post("/o", content=body)
        assert still_serves(served)
    assert status is None or answer.status_code == status
    assert "message" in answer.json() or answer.status_code == 200


def test_an_evil_template_is_500_and_nothing_dies() -> None:
    loops = "#set($r = [1..1000])" + "#foreach($x in $r)" * 4 + "x" + "#end" * 4
    doubles = '#set($s = "x")#foreach($i in [1..100])#set($s = "$s$s")#end'
    routes = [
        rest(f"POST /{name}", Integration={"RequestTemplates": {"application/json": text}})
        for name, text in (("loops", loops), ("doubles", doubles))
    ]
    with serve(*routes, starting_route("PUT /o", MACHINE)) as served:
        for name in ("loops", "doubles"):
            answer = served.client.post(f"/{name}", json={})
            assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
        assert served.client.put("/o", json={}).status_code == 200
    assert [why.partition(": ")[0].startswith("mapping template") for _, why in served.machines.dropped] == [
        True, True,
    ]  # fmt: skip
    assert served.machines.asked[0][0] == "StartExecution"


def test_what_a_request_says_cannot_split_the_answers_headers() -> None:
    changes = {"200": {"overwrite:header.x-echo": "$response.body.error"}}
    with serve(http("POST /o", "StartSyncExecution", Integration={"ResponseParameters": changes})) as served:
        answer = served.client.post("/o", json={"fail": "a\r\nSet-Cookie: evil=1\r\n\r\n<b>é\x00"})
    assert "set-cookie" not in answer.headers
    assert answer.headers["x-echo"].startswith("a  Set-Cookie: evil=1    <b>")
    assert answer.json()["status"] == "FAILED"


def test_too_many_bodies_at_a_time_are_503() -> None:
    with serve(starting_route("POST /o", MACHINE), limits=Limits(held_bytes=1_000)) as served:
        answer = served.client.post("/o", json={"a": "x" * 2_000})
        assert still_serves(served)
    assert (answer.status_code, answer.json()) == (503, {"message": "Service Unavailable"})


def test_an_input_is_text_however_it_looks() -> None:
    with serve(starting_route("POST /o", MACHINE)) as served:
        body = '{"a": "${jndi:ldap://x} #set($x = 1) $context.requestId"}'
        served.client.post("/o", content=body)
    assert served.machines.asked == [("StartExecution", {"stateMachineArn": MACHINE, "input": body})]
    assert json.loads(body)["a"].startswith("${jndi")
