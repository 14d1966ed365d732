"""Whatever is asked of EventBridge, its Scheduler and its Pipes, there is an answer that SDKs can read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfnb.engine.clock import JumpClock
from sfnb.machine import load_machine
from sfnb.server.checks import model
from sfnb.server.rest import Request
from sfnb.server.rest import dispatch as dispatch_rest
from sfnb.server.trigger_actions import TRIGGER_ACTIONS
from sfnb.server.wire import Answer, dispatch
from sfnb.service import StepFunctions
from sfnb.testing import NEW_YEAR
from tests.server.test_wire_fuzz import JSON, _places

SOAK = 10_000
EVENT = {
    "id": "1",
    "account": "123456789012",
    "source": "shop",
    "time": "2026-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail-type": "x",
    "detail": {},
}
OPERATIONS = [(api, operation) for api in TRIGGER_ACTIONS for operation in TRIGGER_ACTIONS[api]]
HERE = "us-east-1:123456789012"
MACHINE = f"arn:aws:states:{HERE}:stateMachine:m"
BUS = f"arn:aws:events:{HERE}:event-bus/default"
PATTERN = '{"source": ["shop"]}'
TEXTS = {
    "RoleArn": ["arn:aws:iam::123456789012:role/r"],
    "EventSourceArn": [BUS, BUS, f"arn:aws:events:{HERE}:archive/one", "arn:aws:events:::x"],
    "DeadLetterConfigArn": [f"arn:aws:sqs:{HERE}:q"],
    "Source": ["shop", "shop", "aws.states", f"arn:aws:sqs:{HERE}:q", f"arn:aws:sqs:{HERE}:q"],
    "Target": [MACHINE],
    "ResourceArn": [f"arn:aws:scheduler:{HERE}:schedule-group/one", f"arn:aws:pipes:{HERE}:pipe/one"],
    "resourceArn": [f"arn:aws:pipes:{HERE}:pipe/one"],
    "ResourceARN": [f"arn:aws:events:{HERE}:rule/one", BUS],
    "Arn": [MACHINE, MACHINE, BUS, f"arn:aws:lambda:{HERE}:function:f", f"arn:aws:sqs:{HERE}:q"],
    "EventPattern": [PATTERN, PATTERN, PATTERN, '{"source": "shop"}', "{", '{"$or": []}', "[" * 4_000],
    "Pattern": [PATTERN, "{"],
    "ScheduleExpression": ["rate(1 hour)", "cron(0 8 * * ? *)", "at(2030-01-01T00:00:00)", "rate(0 x)"],
    "ScheduleExpressionTimezone": ["UTC", "Europe/Berlin", "Europe/Nowhere", "../etc/passwd"],
    "Detail": ['{"n": 1}', '{"n": 1}', "{", "[]", '"\\ud800"', "{}" * 9],
    "Event": [json.dumps(EVENT), json.dumps(EVENT), "[]", "{"],
    "InputPath": ["$.detail", "$.detail", "$", "detail", "$..a", "$["],
    "InputTemplate": ['{"a": <a>}', "<b>", "<", '"<aws.events.event>"'],
    "Input": ["{}", '"a"', "{"],
    "NextToken": ["MQ==", "x", ""],
    "EventBusName": ["default", "default", "one", "a/b"],
    "Name": ["one", "one", "one", "two", "a.b-c_d"],
    "GroupName": ["default", "one"],
    "Policy": ['{"Statement": []}', "{"],
}
"""What members of which names that end so are likely to be; the longest end that fits."""


@st.composite
def structures(draw: st.DrawFn, shape: Any) -> dict[str, Any]:
    """What is not required is there now and then."""
    return {
        name: draw(values(each, name))
        for name, each in shape.members.items()
        if name in shape.required_members or draw(st.integers(0, 3)) == 0
    }


def values(shape: Any, name: str = "") -> st.SearchStrategy[Any]:
    """Values that a shape of a model allows, or nearly."""
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", 50)
    match shape.type_name:
        case "structure":
            return structures(shape)
        case "list":
            return st.lists(values(shape.member, name), min_size=least, max_size=3)
        case "map":
            return st.dictionaries(st.sampled_from(["a", "b"]), values(shape.value, name), max_size=2)
        case "boolean":
            return st.booleans()
        case "timestamp":
            return st.sampled_from([0, 1_767_225_600, 1_893_456_000.5, 253_402_300_800, -62_135_596_801])
        case "string" if shape.enum:
            return st.sampled_from(shape.enum)
        case "string":
            ends = sorted((end for end in TEXTS if name.endswith(end)), key=len)
            return st.sampled_from(TEXTS[ends[-1]] if ends else ["a", "one"])
        case "blob":
            return st.just("")
        case _:
            return st.integers(least, min(most, 2**31))


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, str, Any]:
    """A service, an operation, and what it is asked; maybe with something else at one place of it."""
    api, operation = draw(st.sampled_from(OPERATIONS))
    shape = model(api).operation_model(operation).input_shape
    params = draw(values(shape))
    places: list[tuple[Any, Any]] = list(_places(params))
    if places and draw(st.integers(0, 4)) == 0:
        container, key = draw(st.sampled_from(places))
        container[key] = draw(JSON | st.text(max_size=20) | st.sampled_from(["x" * 300_000, 1e308]))
    return api, operation, params


def restore(service: StepFunctions) -> None:
    """Have there be a rule, an archive, a schedule, a pipe of the name that is asked for most."""
    target = {"Arn": MACHINE, "RoleArn": "arn:aws:iam::123456789012:role/r"}
    window = {"Mode": "OFF"}
    for api, operation, params in (
        ("events", "PutRule", {"Name": "one", "EventPattern": PATTERN}),
        ("events", "CreateArchive", {"ArchiveName": "one", "EventSourceArn": BUS}),
        (
            "scheduler",
            "CreateSchedule",
            {
                "Name": "one",
                "ScheduleExpression": "rate(1 hour)",
                "FlexibleTimeWindow": window,
                "Target": target,
            },
        ),
        (
            "pipes",
            "CreatePipe",
            {
                "Name": "one",
                "Source": f"arn:aws:sqs:{HERE}:q",
                "Target": MACHINE,
                "RoleArn": target["RoleArn"],
                "DesiredState": "STOPPED",
                "TargetParameters": {
                    "StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}
                },
            },
        ),
    ):
        ask(service, api, operation, params)


def ask(service: StepFunctions, api: str, operation: str, params: Any) -> Answer:
    if api == "events":
        body = json.dumps(params).encode("utf-8", "surrogatepass")
        return dispatch(service, f"AWSEvents.{operation}", body)
    return dispatch_rest(service, api, request_of(api, operation, params))


def request_of(api: str, operation: str, params: Any) -> Request:
    """As an SDK would write it, if the parameters let it."""
    described = model(api).operation_model(operation)
    path, query, body = described.http["requestUri"], [], {}
    for name, value in params.items() if isinstance(params, dict) else ():
        shape = described.input_shape.members.get(name)
        place = None if shape is None else shape.serialization.get("location")
        wire_name = name if shape is None else shape.serialization.get("name", name)
        if place == "uri":
            text = value if isinstance(value, str) else json.dumps(value)
            path = path.replace(f"{{{wire_name}}}", quote(text.encode("utf-8", "surrogatepass"), safe=""))
        elif place == "querystring":
            for each in value if isinstance(value, list) else [value]:
                text = each if isinstance(each, str) else json.dumps(each)
                query.append((wire_name, text.encode("utf-8", "surrogatepass")))
        else:
            body[name] = value
    return Request(
        described.http["method"], path, urlencode(query), json.dumps(body).encode("utf-8", "surrogatepass")
    )


def check(service: StepFunctions, api: str, operation: str, params: Any) -> None:
    """It is answered, and botocore reads the answer."""
    from botocore.parsers import create_parser

    restore(service)
    answer = ask(service, api, operation, params)
    described = model(api).operation_model(operation)
    protocol = model(api).metadata["protocol"]
    response = {"status_code": answer.status, "headers": dict(answer.headers), "body": answer.body}
    parsed = create_parser(protocol).parse(response, described.output_shape)

    assert answer.status < 500, (operation, params, answer.body)
    assert (answer.status >= 400) == ("Error" in parsed), (operation, answer)
    if "Error" in parsed:
        assert parsed["Error"]["Code"], answer
        assert parsed["Error"]["Message"], answer


@pytest.fixture(scope="module")
def one() -> Iterator[StepFunctions]:
    """One whose clock stands still: nothing becomes due."""
    service = StepFunctions()
    service.world.clock = JumpClock(NEW_YEAR, frozen=True)
    load_machine(service, {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, name="m")
    yield service
    service.close()


@given(asked())
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
def test_every_action_answers_or_refuses(one: StepFunctions, asked: tuple[str, str, Any]) -> None:
    check(one, *asked)


@given(st.sampled_from(OPERATIONS), st.binary(max_size=200) | st.just(b"[" * 100_000))
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
def test_bodies_of_any_kind_are_answered(one: StepFunctions, operation: tuple[str, str], body: bytes) -> None:
    api, name = operation
    if api == "events":
        answer = dispatch(one, f"AWSEvents.{name}", body)
    else:
        http = model(api).operation_model(name).http
        answer = dispatch_rest(one, api, Request(http["method"], http["requestUri"], "", body))

    assert answer.status < 500, (operation, answer.body)
    assert isinstance(json.loads(answer.body), dict)


@pytest.mark.soak
@given(asked())
@settings(max_examples=SOAK, deadline=None, suppress_health_check=list(HealthCheck))
def test_ten_thousand_requests_are_answered_or_refused(
    one: StepFunctions, asked: tuple[str, str, Any]
) -> None:
    check(one, *asked)
