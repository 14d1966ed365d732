"""What a target is given: the documented templates, what is refused, hostile templates."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.triggers.inputs import (
    InvalidTargetInput,
    PipeFacts,
    RuleFacts,
    ScheduleFacts,
    check_pipe_template,
    check_target_input,
    decoded,
    pipe_input,
    scheduler_input,
    target_input,
)
from sfnb.triggers.patterns import read_pattern

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
RULE = RuleFacts(arn="arn:aws:events:us-east-2:123456789012:rule/example", name="example", ingested=NOON)
EVENT: dict[str, Any] = {
    "version": "0",
    "detail-type": "EC2 Instance State-change Notification",
    "time": "2015-11-11T21:29:54Z",
    "resources": ["arn:aws:ec2:us-east-1:123456789012:instance/i-abcd1111"],
    "detail": {
        "instance-id": "i-0123456789",
        "state": "RUNNING",
        "sizes": [1, 2.5],
        "none": None,
        "yes": True,
    },
}
PATHS = {
    "instance": "$.detail.instance-id",
    "state": "$.detail.state",
    "first": "$.resources[0]",
    "detail": "$.detail",
    "sizes": "$.detail.sizes",
    "all": "$.detail.sizes[*]",
    "none": "$.detail.none",
    "type": "$['detail-type']",
    "gone": "$.detail.gone",
}


def transformed(template: str, paths: dict[str, str] = PATHS, event: Any = EVENT) -> str:
    target = {"Id": "1", "InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}}
    check_target_input(target)
    return target_input(target, event, RULE)


@pytest.mark.parametrize(
    ("template", "given"),
    [
        ('"instance <instance> is in <state>"', '"instance i-0123456789 is in RUNNING"'),
        (
            '"instance \\"<instance>\\" is in <state>"',
            '"instance \\"i-0123456789\\" is in RUNNING"',
        ),
        (
            '{\n  "instance" : <instance>,\n  "state": <state>\n}',
            '{"instance":"i-0123456789","state":"RUNNING"}',
        ),
        (
            '{"state": "<state>", "instanceStatus": "instance \\"<instance>\\" is in <state>"}',
            '{"state":"RUNNING","instanceStatus":"instance \\"i-0123456789\\" is in RUNNING"}',
        ),
        (
            '{"state": [ 9, <state>, true ], "Transformed" : "Yes"}',
            '{"state":[9,"RUNNING",true],"Transformed":"Yes"}',
        ),
        (
            '{"ruleArn" : <aws.events.rule-arn>, "ruleName" : <aws.events.rule-name>}',
            '{"ruleArn":"arn:aws:events:us-east-2:123456789012:rule/example","ruleName":"example"}',
        ),
        ('"<aws.events.rule-name> triggered"', '"example triggered"'),
        ('{"at": <aws.events.event.ingestion-time>}', '{"at":"2026-01-01T12:00:00Z"}'),
        ('{"sizes": <sizes>, "all": <all>, "none": <none>}', '{"sizes":[1,2.5],"all":[1,2.5],"none":null}'),
        ('{"type": <type>}', '{"type":"EC2 Instance State-change Notification"}'),
        ('{"a": "<gone>", "b": <gone>}', '{"a":"","b":""}'),
        ('{"a": "1 \\< 2, <state>"}', '{"a":"1 < 2, RUNNING"}'),
        ('{"a": "1 < 2"}', '{"a":"1 < 2"}'),
        ('"<sizes>"', '"[1,2.5]"'),
        ("<detail>", json.dumps(EVENT["detail"], separators=(",", ":"))),
    ],
)
def test_a_template_is_filled_as_documented(template: str, given: str) -> None:
    assert transformed(template) == given


def test_an_object_between_quotes_loses_its_own() -> None:
    assert transformed('"it is <o>"', {"o": "$.o"}, {"o": {"key": "value"}}) == '"it is {key:value}"'


def test_the_event_has_no_detail_and_the_event_as_json_is_whole() -> None:
    given = json.loads(transformed('{"event": <aws.events.event>, "json": <aws.events.event.json>}'))

    assert given["json"] == EVENT
    assert given["event"] == {name: value for name, value in EVENT.items() if name != "detail"}


def test_lines_of_texts_stay_lines() -> None:
    assert transformed('"one <state>"\n"two"') == '"one RUNNING"\n"two"'


def test_values_between_quotes_are_not_escaped() -> None:
    given = transformed('{"a": "<x>"}', {"x": "$.x"}, {"x": 'say "hi"'})

    assert given == '{"a":"say "hi""}'  # no JSON: AWS cannot deliver it to a state machine


@pytest.mark.parametrize(
    ("target", "given"),
    [
        ({}, json.dumps(EVENT, separators=(",", ":"))),
        ({"Input": '{"a": 1}'}, '{"a": 1}'),
        ({"InputPath": "$.detail.state"}, '"RUNNING"'),
        ({"InputPath": "$"}, json.dumps(EVENT, separators=(",", ":"))),
        ({"InputPath": "$.detail['sizes'][1]"}, "2.5"),
        ({"InputPath": "$.detail.none"}, "null"),
    ],
)
def test_a_target_is_given_the_event_a_constant_or_a_part(target: dict[str, Any], given: str) -> None:
    check_target_input(target)

    assert target_input(target, EVENT, RULE) == given


def test_a_path_that_leads_nowhere_gives_no_input() -> None:
    with pytest.raises(InvalidTargetInput, match=r"InputPath \$\.gone leads nowhere in the event"):
        target_input({"InputPath": "$.gone"}, EVENT, RULE)


def transformer(template: Any, paths: Any = None) -> dict[str, Any]:
    return {"InputTransformer": {"InputTemplate": template, "InputPathsMap": paths or {}}}


@pytest.mark.parametrize(
    ("target", "refusal"),
    [
        ({"Input": "{"}, "Input for target 1 is not a valid JSON text."),
        ({"Input": "[" * 8_000}, "Input for target 1 is not a valid JSON text."),
        ({"Input": '"' + "x" * 8_191 + '"'}, "has 8,193 characters, and may have 8,192."),
        ({"Input": "1", "InputPath": "$"}, "Only one of Input, InputPath and InputTransformer may be given"),
        ({"InputPath": "detail"}, "not a path that EventBridge takes: detail"),
        ({"InputPath": "$..a"}, "not a path that EventBridge takes"),
        ({"InputPath": "$.a[?(@.b)]"}, "not a path that EventBridge takes"),
        ({"InputPath": "$." + "a" * 255}, "must be a path of at most 256 characters"),
        (transformer(""), "must have 1 to 8,192 characters"),
        (transformer('"' + "x" * 8_191 + '"'), "must have 1 to 8,192 characters"),
        (transformer("1", {f"n{n}": "$" for n in range(101)}), "has 101 entries, and may have 100"),
        (transformer("1", {"a b": "$"}), "a name that is not of 1 to 256 letters, digits, _ and -: a b"),
        (transformer("1", {"aws.x": "$"}), "InputPathsMap for target 1 has a reserved name: aws.x"),
        (transformer("1", {"x": "y"}), "InputPathsMap for target 1, x, is not a path"),
        (transformer("<y>", {"x": "$"}), "has <y>, which InputPathsMap does not define"),
        (transformer("<aws.events.nothing>"), "has <aws.events.nothing>, which"),
        (
            transformer("it is <x>", {"x": "$"}),
            'Invalid InputTemplate for target 1 : [Source: (String)"it is <x>"; ',
        ),
        (transformer('{"a": }'), '[Source: (String)"{"a": }"; line: 1, column: 7].'),
        (transformer('{"a":\n  <x>\n  <x>}', {"x": "$"}), "line: 3, column: 3]."),
        (transformer("{<x>: 1}", {"x": "$"}), "Invalid InputTemplate for target 1"),
        (transformer('{"<x>": 1}', {"x": "$"}), "a placeholder cannot be used as an object key."),
        (transformer("1 2"), "Invalid InputTemplate for target 1"),
        (transformer("[" * 4_000 + "]" * 4_000), "nested too deeply"),
    ],
)
def test_a_target_that_aws_would_not_take_is_refused(target: dict[str, Any], refusal: str) -> None:
    with pytest.raises(InvalidTargetInput) as refused:
        check_target_input({"Id": "1", **target})

    assert refusal in str(refused.value)


def test_what_a_template_makes_is_bounded() -> None:
    with pytest.raises(InvalidTargetInput, match="more than 1,048,576 characters"):
        transformed("[" + ",".join(["<x>"] * 1_000) + "]", {"x": "$"}, {"x": "y" * 100_000})


@settings(deadline=None)
@given(st.text('<>"\\{}[]:,x \n', max_size=60))
def test_any_template_is_filled_or_refused(template: str) -> None:
    with suppress(InvalidTargetInput):
        given = transformed(template, {"x": "$.x", "xx": "$.gone"}, {"x": [1]})
        assert "<x>" not in given


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-99, 99) | st.text(), lambda x: st.lists(x, max_size=3)
    )
)
def test_a_value_by_itself_is_given_as_it_is(value: Any) -> None:
    assert json.loads(transformed('{"v": <x>}', {"x": "$.x"}, {"x": value})) == {"v": value}


def test_the_words_of_a_schedule_are_replaced_as_text() -> None:
    facts = ScheduleFacts(arn="arn:a", time=NOON, execution_id="d32c5kddcf5bb8c3", attempt=2)

    given = scheduler_input(
        '{"a": "<aws.scheduler.schedule-arn>", "t": "<aws.scheduler.scheduled-time>", '
        '"e": "<aws.scheduler.execution-id>", "n": <aws.scheduler.attempt-number>, '
        '"x": "<aws.scheduler.other>"}',
        facts,
    )

    assert json.loads(given) == {
        "a": "arn:a",
        "t": "2026-01-01T12:00:00Z",
        "e": "d32c5kddcf5bb8c3",
        "n": 2,
        "x": "<aws.scheduler.other>",
    }


PIPE = PipeFacts(arn="arn:pipe", name="pipe", source="arn:queue", target="arn:machine", ingested=NOON)
RECORD: dict[str, Any] = {
    "messageId": "m-1",
    "body": '{"key": "value", "Records": [1, {"n": 2}]}',
    "attributes": {"SenderId": "S1"},
}


@pytest.mark.parametrize(
    ("template", "given"),
    [
        (None, RECORD),
        ("", RECORD),
        ('"Hello, sender"', "Hello, sender"),
        ("<$.attributes.SenderId>", "S1"),
        ('"Hello, <$.attributes.SenderId>"', "Hello, S1"),
        (
            '{"key1": "value1", "key2": <$.body.key>, "d": <aws.pipes.event.ingestion-time>}',
            {"key1": "value1", "key2": "value", "d": "2026-01-01T12:00:00Z"},
        ),
        ('{"a": <$.body.Records[1]>, "b": "<$.body.key>"}', {"a": {"n": 2}, "b": "value"}),
        ('{"data": <$.body>}', {"data": {"key": "value", "Records": [1, {"n": 2}]}}),
        (
            '["<aws.pipes.pipe-arn>", <aws.pipes.pipe-name>, <aws.pipes.source-arn>, <aws.pipes.target-arn>, '
            "<aws.pipes.enrichment-arn>]",
            ["arn:pipe", "pipe", "arn:queue", "arn:machine", ""],
        ),
        ('{"e": <aws.pipes.event>}', {"e": RECORD}),
        ('{"e": <aws.pipes.event.json>}', {"e": {**RECORD, "body": json.loads(RECORD["body"])}}),
        ('{"e": "<$.gone>"}', {"e": ""}),
    ],
)
def test_a_pipe_gives_its_target_what_is_documented(template: str | None, given: Any) -> None:
    check_pipe_template(template or "")

    assert pipe_input(template, RECORD, PIPE) == given


def test_a_body_by_itself_is_given_as_it_is() -> None:
    """Source: AWS CDK, `InputTransformation.fromEventPath("$.body")`, which writes this template."""
    assert pipe_input(" <$.body> ", {"body": '{"n": 1}'}, PIPE) == {"n": 1}
    assert pipe_input("<$.body>", {"body": "a text"}, PIPE) == "a text"


def test_a_body_in_a_text_loses_its_quotes_and_is_no_json() -> None:
    with pytest.raises(InvalidTargetInput, match=r"is no JSON: got \{key:value,"):
        pipe_input("got <$.body>", RECORD, PIPE)


@pytest.mark.parametrize(
    ("template", "refusal"),
    [
        ("x" * 8_193, "8,193 characters, and may have 8,192"),
        ("<aws.pipes.other>", "no word of a pipe"),
        ("<$..body>", "not a path that EventBridge takes"),
    ],
)
def test_a_template_of_a_pipe_is_refused(template: str, refusal: str) -> None:
    with pytest.raises(InvalidTargetInput, match=refusal):
        check_pipe_template(template)


def test_a_filter_of_a_pipe_sees_what_is_in_a_body() -> None:
    pattern = read_pattern({"body": {"Records": {"n": [{"numeric": [">", 1]}]}}})

    assert pattern.matches(decoded(RECORD))
    assert not pattern.matches(RECORD)


@pytest.mark.parametrize(
    ("record", "opened"),
    [
        ({"data": b64encode(b'{"n": 1}').decode()}, {"data": {"n": 1}}),
        ({"data": b64encode(b"plain").decode()}, {"data": b64encode(b"plain").decode()}),
        ({"data": "no base64!"}, {"data": "no base64!"}),
        ({"body": "plain"}, {"body": "plain"}),
        ({"body": "5"}, {"body": "5"}),
        ({"body": "[" * 100_000}, {"body": "[" * 100_000}),
        ({"body": 5}, {"body": 5}),
        ("text", "text"),
    ],
)
def test_a_record_is_opened_where_it_holds_json(record: Any, opened: Any) -> None:
    assert decoded(record) == opened
