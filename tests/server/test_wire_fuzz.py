"""Whatever is sent, the server answers, and never with a failure of its own."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfnb.server.checks import BrokenConstraints, SerializationException, model, read
from sfnb.server.serve import Server
from sfnb.server.settings import Settings
from sfnb.server.wire import dispatch
from sfnb.service import StepFunctions

OPERATIONS = sorted(model().operation_names)
WAITS = {"GetActivityTask"}
"""Operations that may take a minute, where they are asked well."""
SOAK = 10_000

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def values(shape: Any) -> st.SearchStrategy[Any]:
    """Values that a shape of the model allows."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 50)
    match shape.type_name:
        case "structure":
            required = {
                name: values(each) for name, each in shape.members.items() if name in shape.required_members
            }
            others = {name: values(each) for name, each in shape.members.items() if name not in required}
            return st.fixed_dictionaries(required, optional=others)
        case "list":
            return st.lists(values(shape.member), min_size=least, max_size=min(most, 3))
        case "string" if shape.enum:
            return st.sampled_from(shape.enum)
        case "string" if "pattern" in shape.metadata:
            return st.text("ab_-.", min_size=max(least, 1), max_size=min(most, 80))
        case "string":
            return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=min(most, 60))
        case "boolean":
            return st.booleans()
        case "float":
            return st.floats(least, most)
        case _:
            return st.integers(least, shape.metadata.get("max", 2**31))


def inputs(operation: str) -> st.SearchStrategy[Any]:
    return values(model().operation_model(operation).input_shape)


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, Any]:
    """An operation, and what it allows to be asked."""
    operation = draw(st.sampled_from(OPERATIONS))
    return operation, draw(inputs(operation))


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    """The same, with something else put at one place of it."""
    operation, params = draw(asked())
    places: list[tuple[Any, Any]] = list(_places(params))
    if not places:
        return operation, draw(JSON)
    container, key = draw(st.sampled_from(places))
    container[key] = draw(JSON | st.just("x" * 2_000_000))
    return operation, params


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(pairs):
        yield value, key
        yield from _places(each)


@given(asked())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_what_the_model_allows_passes_unchanged(asked: tuple[str, Any]) -> None:
    operation, params = asked

    assert read(operation, params) == params


@given(mutated())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_anything_else_passes_or_is_refused(mutated: tuple[str, Any]) -> None:
    operation, params = mutated
    with suppress(BrokenConstraints, SerializationException):
        assert isinstance(read(operation, params), dict)


def answered(service: StepFunctions, operation: str, body: bytes) -> None:
    if operation in WAITS:
        return
    answer = dispatch(service, f"AWSStepFunctions.{operation}", body)

    told = json.loads(answer.body)
    assert answer.status in (200, 400), (operation, told)
    assert (answer.status == 400) == ("__type" in told)


@pytest.fixture(scope="module")
def one() -> Iterator[StepFunctions]:
    service = StepFunctions()
    yield service
    service.close()


@given(mutated() | asked())
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_action_answers_or_refuses(one: StepFunctions, mutated: tuple[str, Any]) -> None:
    operation, params = mutated
    answered(one, operation, json.dumps(params).encode("utf-8", "surrogatepass"))


@given(
    st.sampled_from(OPERATIONS), st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_bodies_of_any_kind_are_answered(one: StepFunctions, operation: str, body: bytes) -> None:
    answered(one, operation, body)


@pytest.mark.soak
@given(mutated() | asked())
@settings(max_examples=SOAK, deadline=None, suppress_health_check=list(HealthCheck))
def test_ten_thousand_requests_are_answered_or_refused(one: StepFunctions, mutated: tuple[str, Any]) -> None:
    operation, params = mutated
    answered(one, operation, json.dumps(params).encode("utf-8", "surrogatepass"))


# On a socket


@pytest.fixture(scope="module")
def server(one: StepFunctions) -> Iterator[Server]:
    with Server(one, Settings(port=0, read_seconds=0.02)) as server:
        yield server


NAMES = st.sampled_from(
    ["Host", "X-Amz-Target", "Content-Length", "Transfer-Encoding", "Origin", "Expect", "X"]
)
WORDS = st.sampled_from(
    ["localhost", "chunked", "0", "5", "-1", "100-continue", "AWSStepFunctions.ListActivities"]
) | st.text(max_size=20)
HEADERS = st.lists(st.tuples(NAMES, WORDS), max_size=6)
METHODS = st.sampled_from(["POST", "GET", "PUT", "OPTIONS", "BREW", "post", ""])
PATHS = st.sampled_from(["/", "//", "/health", "/?a=b", "*", "http://localhost/", "/%ff", "/../..", ""])


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    lines = [f"{draw(METHODS)} {draw(PATHS)} HTTP/1.1"]
    lines += [f"{name}: {value}" for name, value in draw(HEADERS)]
    head = "\r\n".join(lines).encode("utf-8", "surrogatepass")
    return head + b"\r\n\r\n" + draw(st.binary(max_size=50))


def exchange(server: Server, request: bytes) -> bytes:
    """What comes back first; nothing where the server gives the connection up."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=60) as connection:
        connection.sendall(request)
        try:
            return connection.recv(65_536)
        except ConnectionResetError:
            return b""


@given(requests())
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_comes_on_a_socket_is_no_failure(server: Server, request: bytes) -> None:
    assert b"HTTP/1.1 5" not in exchange(server, request)


def test_and_the_server_goes_on(server: Server) -> None:
    request = (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AWSStepFunctions.ListActivities\r\n"
        b"Content-Length: 2\r\n\r\n{}"
    )

    assert exchange(server, request).startswith(b"HTTP/1.1 200")
