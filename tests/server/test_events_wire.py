"""EventBridge over AWS JSON 1.1, with a stand-in for what is behind it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore import UNSIGNED
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfnb.errors import SfnbError
from sfnb.server.checks import _pattern, model, read
from sfnb.server.client import client
from sfnb.server.serve import Server
from sfnb.server.settings import Settings
from sfnb.server.trigger_actions import TRIGGER_ACTIONS, method_name
from sfnb.server.wire import dispatch
from tests.server.recorder import Recorded, boto_of, send, values
from tests.server.sockets import KEY, post

OPERATIONS = sorted(TRIGGER_ACTIONS["events"])
SERVICES = ("stepfunctions", "events", "scheduler", "pipes")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def recorded() -> Iterator[Recorded]:
    service = Recorded()
    yield service
    service.close()


@pytest.fixture
def service(recorded: Recorded) -> Recorded:
    recorded.recorder.asked.clear()
    recorded.recorder.answer = {}
    return recorded


@pytest.fixture
def server(service: Recorded) -> Iterator[Server]:
    with Server(service, Settings(port=0)) as server:
        yield server


def ask(service: Recorded, operation: str, params: Any) -> tuple[int, Any]:
    body = params if isinstance(params, bytes) else json.dumps(params).encode("utf-8", "surrogatepass")
    answer = dispatch(service, f"AWSEvents.{operation}", body)
    return answer.status, json.loads(answer.body)


@pytest.mark.parametrize("name", ["events", "scheduler", "pipes"])
def test_every_action_is_an_operation_of_the_model(name: str) -> None:
    assert set(TRIGGER_ACTIONS[name]) <= set(model(name).operation_names)


def test_boto3_puts_a_rule_by_a_socket(server: Server, service: Recorded) -> None:
    service.recorder.answer = {"RuleArn": "arn:aws:events:us-east-1:123456789012:rule/r"}

    answer = boto_of("events", server).put_rule(Name="r", EventPattern='{"source":["a"]}')

    assert answer["RuleArn"] == "arn:aws:events:us-east-1:123456789012:rule/r"
    assert service.recorder.asked == [("put_rule", {"Name": "r", "EventPattern": '{"source":["a"]}'})]


def test_what_is_signed_for_eventbridge_comes_in(service: Recorded) -> None:
    with Server(service, Settings(port=0, keys=(KEY,))) as server:
        boto_of("events", server).list_rules()
        with pytest.raises(ClientError, match="MissingAuthenticationToken"):
            boto_of("events", server, signature_version=UNSIGNED).list_rules()
        headers = {"X-Amz-Target": "AWSEvents.ListRules"}
        foreign = send(server, "POST", "/", signed_for="states", headers=headers, body=b"{}")

    assert "scoped to correct service: 'events'" in foreign.json()["message"]
    assert service.recorder.asked == [("list_rules", {})]


def test_moments_come_and_go_as_datetimes(service: Recorded) -> None:
    noon, later = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2026, 1, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    service.recorder.answer = {"ReplayName": "r", "ReplayStartTime": later}
    events = client("events", service=service)

    events.put_events(Entries=[{"Time": noon, "Source": "a", "DetailType": "d", "Detail": "{}"}])
    described = events.describe_replay(ReplayName="r")

    assert service.recorder.asked[0][1]["Entries"][0]["Time"] == noon
    assert described["ReplayStartTime"] == later


def test_answers_are_of_version_1_1(service: Recorded) -> None:
    answer = dispatch(service, "AWSEvents.ListRules", b"{}")

    assert answer.headers["Content-Type"] == "application/x-amz-json-1.1"
    assert answer.headers["x-amzn-RequestId"]


def test_a_refusal_is_the_error_of_its_name_without_a_namespace(service: Recorded) -> None:
    class ResourceNotFoundException(SfnbError): ...

    service.recorder.answer = ResourceNotFoundException("Rule r does not exist on EventBus default.")

    assert ask(service, "DescribeRule", {"Name": "r"}) == (
        400,
        {"__type": "ResourceNotFoundException", "message": "Rule r does not exist on EventBus default."},
    )


def test_validation_is_refused_by_the_service_too(service: Recorded) -> None:
    class ValidationException(SfnbError): ...

    service.recorder.answer = ValidationException("Parameter ScheduleExpression is not valid.")

    status, told = ask(service, "PutRule", {"Name": "r", "ScheduleExpression": "never"})
    assert (status, told["__type"]) == (400, "ValidationException")


@pytest.mark.parametrize(
    ("operation", "params", "finding"),
    [
        (
            "PutTargets",
            {"Rule": "a/b", "Targets": [{"Id": "1", "Arn": "a"}]},
            "Value 'a/b' at 'rule' failed to satisfy constraint: "
            r"Member must satisfy regular expression pattern: [\.\-_A-Za-z0-9]+",
        ),
        (
            "PutTargets",
            {"Rule": "r", "Targets": [{"Id": "1" * 65, "Arn": "a"}]},
            f"Value '{'1' * 65}' at 'targets.1.member.id' failed to satisfy constraint: "
            "Member must have length less than or equal to 64",
        ),
        (
            "PutRule",
            {"Name": "r", "State": "OPEN"},
            "Value 'OPEN' at 'state' failed to satisfy constraint: Member must satisfy enum value set: "
            "[ENABLED, DISABLED, ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS]",
        ),
        (
            "DescribeRule",
            {},
            "Value null at 'name' failed to satisfy constraint: Member must not be null",
        ),
    ],
)
def test_a_broken_constraint_is_told_in_the_words_of_aws(
    service: Recorded, operation: str, params: Any, finding: str
) -> None:
    assert ask(service, operation, params) == (
        400,
        {"__type": "ValidationException", "message": f"1 validation error detected: {finding}"},
    )


def test_what_is_sensitive_is_not_quoted_within_a_list() -> None:
    arn = "arn:aws:iam::123456789012:role/r"
    hidden = {"SaslScram512Auth": "arn:aws:secretsmanager:us-east-1:123456789012:secret:se" + "cret"}
    source = {"SelfManagedKafkaParameters": {"TopicName": "", "Credentials": hidden}}
    with pytest.raises(SfnbError) as refused:
        read(
            "CreatePipe",
            {"Name": "p", "RoleArn": arn, "Source": "x", "Target": arn, "SourceParameters": source},
            "pipes",
        )
    assert "secret:se" + "cret" not in str(refused.value)


@pytest.mark.parametrize("target", ["AWSEvents.", "AWSEvents", "AWSEvents.PutPartnerEvents", "AWSEvents.X"])
def test_what_is_no_operation_here_is_refused_with_a_sentence(service: Recorded, target: str) -> None:
    answer = dispatch(service, target, b"{}")

    told = json.loads(answer.body)
    assert (answer.status, told["__type"]) == (400, "UnknownOperationException")
    assert target in told["message"]
    assert "Amazon EventBridge" in told["message"]


@pytest.mark.parametrize("moment", [10**30, 10**18, -(10**18), 1e300, "2026-01-01T00:00:00Z", True, [], {}])
def test_a_moment_that_is_none_is_not_read(service: Recorded, moment: Any) -> None:
    entry = {"Time": moment, "Source": "a", "DetailType": "d", "Detail": "{}"}

    status, told = ask(service, "PutEvents", {"Entries": [entry]})
    assert (status, told["__type"]) == (400, "SerializationException")


def test_a_key_of_a_map_is_checked_and_its_nulls_are_left_out(service: Recorded) -> None:
    def target(paths: dict[str, Any]) -> dict[str, Any]:
        transformer = {"InputPathsMap": paths, "InputTemplate": "<a>"}
        return {"Rule": "r", "Targets": [{"Id": "1", "Arn": "a", "InputTransformer": transformer}]}

    assert ask(service, "PutTargets", target({"a": "$.a", "b": None}))[0] == 200
    assert ask(service, "PutTargets", target({"a b": "$.a"}))[0] == 400
    assert ask(service, "PutTargets", target({f"n{n}": "$" for n in range(101)}))[0] == 400
    assert service.recorder.asked[0][1] == target({"a": "$.a"})


def test_a_fault_behind_it_tells_the_client_nothing(service: Recorded) -> None:
    service.recorder.answer = KeyError("se" + "cret")

    status, told = ask(service, "ListRules", {})
    assert (status, told["__type"]) == (500, "InternalFailure")
    assert "cret" not in told["message"]


def test_step_functions_is_answered_beside_it(server: Server) -> None:
    assert post(server).json() == {"stateMachines": []}


@st.composite
def asked(draw: st.DrawFn) -> tuple[str, Any]:
    operation = draw(st.sampled_from(OPERATIONS))
    return operation, draw(values(model("events").operation_model(operation).input_shape))


@given(asked())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_the_model_allows_reaches_the_method_of_its_name(
    recorded: Recorded, asked: tuple[str, Any]
) -> None:
    operation, params = asked
    recorded.recorder.asked.clear()
    recorded.recorder.answer = {}

    assert ask(recorded, operation, params)[0] == 200
    [(method, found)] = recorded.recorder.asked
    assert method == method_name(operation)
    assert _in_seconds(found) == params


def _in_seconds(value: Any) -> Any:
    match value:
        case dict():
            return {name: _in_seconds(each) for name, each in value.items()}
        case list():
            return [_in_seconds(each) for each in value]
        case datetime():
            return value.timestamp()
    return value


@st.composite
def mutated(draw: st.DrawFn) -> tuple[str, Any]:
    operation, params = draw(asked())
    places = list(_places(params))
    if not places:
        return operation, draw(JSON)
    container, key = draw(st.sampled_from(places))
    container[key] = draw(JSON | st.just(" " * 300_000 + "\x7f"))
    return operation, params


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in list(pairs):
        yield value, key
        yield from _places(each)


@given(mutated())
@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
def test_anything_else_is_answered_or_refused(recorded: Recorded, mutated: tuple[str, Any]) -> None:
    recorded.recorder.answer = {}
    operation, params = mutated
    status, told = ask(recorded, operation, params)

    assert status in (200, 400), told


@given(st.sampled_from(OPERATIONS), st.binary(max_size=100))
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_bodies_of_any_kind_are_answered(recorded: Recorded, operation: str, body: bytes) -> None:
    recorded.recorder.answer = {}
    assert ask(recorded, operation, body)[0] in (200, 400)


# Patterns of the models


PATTERNS = sorted(
    {
        (shape.metadata["pattern"], shape.metadata.get("max", 10_000))
        for name in SERVICES
        for shape in (model(name).shape_for(each) for each in model(name).shape_names)
        if shape.type_name == "string" and "pattern" in shape.metadata
    }
)
BEGINNINGS = (
    "",
    "$",
    "$.",
    "arn:aws:",
    "arn:aws:events:",
    "arn:aws-",
    "https://",
    "smk://",
    "aws.partner/a/",
)
REPEATED = (
    " ",
    "\t",
    "a",
    "-",
    "a-",
    "a.",
    "[0]",
    ".a[0]",
    "/a",
    "%41",
    "a b ",
    " \t",
    ":",
    "0",
    "$.a",
    "\\",
)


@pytest.mark.parametrize(("pattern", "longest"), PATTERNS)
def test_no_pattern_takes_long_to_fail(pattern: str, longest: int) -> None:
    compiled = _pattern(pattern)
    began = time.perf_counter()
    for beginning in BEGINNINGS:
        for piece in REPEATED:
            compiled.fullmatch(
                f"{beginning}{piece * (min(longest, 10_000) // len(piece))}"[:longest] + "\x00\n"
            )
    assert time.perf_counter() - began < 60.0


PRINTABLE = r"[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*"


@given(st.text(" \ta~\x7f", max_size=8))
@settings(max_examples=500, deadline=None)
def test_the_linear_pattern_matches_what_the_models_does(text: str) -> None:
    assert bool(_pattern(PRINTABLE).fullmatch(text)) == bool(re.fullmatch(PRINTABLE, text))
    assert _pattern(PRINTABLE).pattern != PRINTABLE


@pytest.mark.parametrize(("text", "is_matched"), [("Zoë 1_b-@", True), ("a!b", False), ("٣", True)])
def test_classes_of_unicode_are_those_of_java(text: str, is_matched: bool) -> None:
    pattern = model("events").shape_for("RunCommandTargetKey").metadata["pattern"]

    assert bool(_pattern(pattern).fullmatch(text)) == is_matched


def test_digits_are_those_of_ascii() -> None:
    assert _pattern(r"\d{12}").fullmatch("١" * 12) is None
