"""EventBridge's API: events, buses, rules, targets, permissions, tags."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.errors import StoreFault
from sfnb.items.folder import FolderBuckets
from sfnb.service import StepFunctions
from sfnb.stores.memory import MemoryStore
from sfnb.triggers.buses import Buses
from sfnb.triggers.refusals import (
    InvalidEventPatternException,
    LimitExceededException,
    PolicyLengthExceededException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ValidationException,
)
from tests.triggers.by_hand import (
    NOON,
    ROLE,
    SECONDS,
    SHOP,
    by_hand,
    counts,
    entry,
    inputs,
    letters,
    machine,
    numbers,
    put,
    rule,
    settle,
    turn,
)

BUS_ARN = "arn:aws:events:us-east-1:123456789012:event-bus/"
RULE_ARN = "arn:aws:events:us-east-1:123456789012:rule/"
PATTERN = '{"source":["shop"]}'
MACHINE = "arn:aws:states:us-east-1:123456789012:stateMachine:"


@pytest.fixture
def service() -> Iterator[StepFunctions]:
    service = by_hand()
    yield service
    service.close()


@pytest.fixture
def buses(service: StepFunctions) -> Buses:
    return service.triggers.buses


# PutEvents


def test_an_event_has_the_fields_of_eventbridge_in_its_order(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)

    (id,) = put(service, {"n": 1}, Time=NOON - timedelta(hours=1), Resources=["arn:aws:s3:::photos"])
    settle(service)

    (given,) = inputs(orders)
    assert list(given.items()) == [
        ("version", "0"),
        ("id", id),
        ("detail-type", "OrderPlaced"),
        ("source", "shop"),
        ("account", "123456789012"),
        ("time", "2026-01-01T11:00:00Z"),
        ("region", "us-east-1"),
        ("resources", ["arn:aws:s3:::photos"]),
        ("detail", {"n": 1}),
    ]


def test_an_entry_that_is_wrong_hinders_no_other(service: StepFunctions, buses: Buses) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)
    wrong = [
        ({"Source": ""}, "InvalidArgument"),
        ({"DetailType": ""}, "InvalidArgument"),
        ({"Detail": ""}, "InvalidArgument"),
        ({"Source": "aws.s3"}, "NotAuthorizedForSourceException"),
        ({"Detail": "[1]"}, "MalformedDetail"),
        ({"Detail": "{"}, "MalformedDetail"),
        ({"Detail": '{"n": NaN}'}, "MalformedDetail"),
        ({"Detail": '{"n": "\ud800"}'}, "MalformedDetail"),
        ({"Detail": '{"n": ' * 100_000}, "MalformedDetail"),
        ({"Source": "shop\ud800"}, "InvalidArgument"),
        ({"DetailType": "\udfff"}, "InvalidArgument"),
        ({"Resources": ["a\ud800"]}, "InvalidArgument"),
    ]
    entries = [entry({"n": 0}), *(entry({}, **each) for each, _ in wrong), entry({"n": 1})]

    answer = buses.put_events({"Entries": entries})
    settle(service)

    assert answer["FailedEntryCount"] == len(wrong)
    assert [each.get("ErrorCode") for each in answer["Entries"]] == [None, *(code for _, code in wrong), None]
    assert all(each.keys() in ({"EventId"}, {"ErrorCode", "ErrorMessage"}) for each in answer["Entries"])
    assert numbers(orders) == [0, 1]


@pytest.mark.parametrize("detail", ['{"n": "\\ud800"}', '{"\\udc00": 1}', '{"n": "\\u0000"}', '{"n": 1e999}'])
def test_odd_details_are_refused_or_delivered_never_lost(
    service: StepFunctions, buses: Buses, detail: str
) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)

    answer = buses.put_events({"Entries": [entry(Detail=detail)]})
    settle(service)

    assert len(orders.executions) == 1 - answer["FailedEntryCount"]
    assert letters(service) == []


@pytest.mark.parametrize("depth", [100, 400, 900, 990, 1000, 1010, 5000])
def test_a_deep_detail_is_refused_or_ends_somewhere(service: StepFunctions, buses: Buses, depth: int) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)

    answer = buses.put_events({"Entries": [entry(Detail='{"n":' * depth + "1" + "}" * depth)]})
    settle(service)

    accepted = 1 - answer["FailedEntryCount"]
    assert len(orders.executions) + len(letters(service)) == accepted
    assert accepted or answer["Entries"][0]["ErrorCode"] == "MalformedDetail"


def test_the_entries_of_a_request_have_a_megabyte_together(service: StepFunctions, buses: Buses) -> None:
    text = "x" * (1_048_576 - len("shopOrderPlaced") - len('{"t": ""}'))
    orders = machine(service)
    rule(service, "placed", orders.arn)

    with pytest.raises(ValidationException, match="Total size of the entries"):
        buses.put_events({"Entries": [entry({"t": text + "x"})]})
    with pytest.raises(ValidationException):
        buses.put_events({"Entries": [entry({"t": text}, Time=NOON)]})
    assert buses.put_events({"Entries": [entry({"t": text})]})["FailedEntryCount"] == 0


def test_an_event_that_is_too_large_for_a_machine_is_a_dead_letter(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)

    put(service, {"t": "x" * 1_048_000})
    settle(service)

    assert [each.code for each in letters(service)] == ["InvalidExecutionInput"]


def test_events_go_to_their_buses(service: StepFunctions, buses: Buses) -> None:
    orders, night = machine(service, "orders"), machine(service, "night")
    buses.create_event_bus({"Name": "night"})
    rule(service, "placed", orders.arn)
    rule(service, "placed", night.arn, bus="night")

    answer = buses.put_events(
        {
            "Entries": [
                entry({"n": 1}),
                entry({"n": 2}, EventBusName="night"),
                entry({"n": 3}, EventBusName=f"{BUS_ARN}night"),
                entry({"n": 4}, EventBusName=f"{BUS_ARN}default"),
                entry({"n": 5}, EventBusName="nowhere"),
            ]
        }
    )
    settle(service)

    assert answer["FailedEntryCount"] == 0  # AWS says nothing of a bus that there is not
    assert numbers(orders) == [1, 4]
    assert numbers(night) == [2, 3]


class Full(MemoryStore):
    durable = True
    full = False

    def change_resources(self, **changes: Any) -> None:
        if self.full:
            raise StoreFault("the disk is full")
        super().change_resources(**changes)


def test_what_cannot_be_kept_is_answered_as_a_failure_of_its_entry() -> None:
    store = Full()
    service = by_hand(store)
    orders = machine(service)
    rule(service, "placed", orders.arn)
    store.full = True

    answer = service.triggers.buses.put_events({"Entries": [entry(), entry({}, Source="else")]})

    assert [each.get("ErrorCode") for each in answer["Entries"]] == ["InternalFailure"] * 2
    assert counts(service, "event:placed").matched == 0
    assert orders.executions == []
    store.full = False
    service.close()


DETAILS = st.dictionaries(
    st.text(max_size=5),
    st.recursive(
        st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(st.lists(DETAILS, min_size=1, max_size=5))
def test_every_accepted_event_is_an_execution_with_its_detail(details: list[dict[str, Any]]) -> None:
    service = by_hand()
    orders = machine(service)
    rule(service, "placed", orders.arn, InputPath="$.detail")

    entries = [entry(Detail=json.dumps(each)) for each in details]
    answer = service.triggers.buses.put_events({"Entries": entries})
    settle(service)

    accepted = [
        each for each, told in zip(details, answer["Entries"], strict=True) if "ErrorCode" not in told
    ]
    assert sorted(map(json.dumps, inputs(orders))) == sorted(map(json.dumps, accepted))
    service.close()


# Buses


def test_a_bus_is_told_as_it_was_made(buses: Buses) -> None:
    answer = buses.create_event_bus({"Name": "night", "Description": "at night"})

    assert answer == {"EventBusArn": f"{BUS_ARN}night", "Description": "at night"}
    told = {"Name": "night", "Arn": f"{BUS_ARN}night", "Description": "at night"}
    times = {"CreationTime": NOON, "LastModifiedTime": NOON}
    assert buses.describe_event_bus({"Name": "night"}) == told | times
    assert buses.describe_event_bus({"Name": f"{BUS_ARN}night"}) == told | times


def test_a_bus_is_changed(service: StepFunctions, buses: Buses) -> None:
    buses.create_event_bus({"Name": "night"})
    turn(service, hours=1)

    answer = buses.update_event_bus({"Name": "night", "Description": "late"})

    assert answer == {"Arn": f"{BUS_ARN}night", "Name": "night", "Description": "late"}
    told = buses.describe_event_bus({"Name": "night"})
    assert (told["Description"], told["LastModifiedTime"]) == ("late", NOON + timedelta(hours=1))


def test_the_default_bus_is_there_once_and_stays(buses: Buses) -> None:
    buses.update_event_bus({"Name": "default", "Description": "of all"})
    buses.create_event_bus({"Name": "night"})

    assert [each["Name"] for each in buses.list_event_buses({})["EventBuses"]] == ["default", "night"]
    with pytest.raises(ValidationException):
        buses.delete_event_bus({"Name": "default"})
    for name in ("default", "night"):
        with pytest.raises(ResourceAlreadyExistsException, match=f"Event bus {name} already exists"):
            buses.create_event_bus({"Name": name})


def test_a_bus_with_rules_stays(service: StepFunctions, buses: Buses) -> None:
    buses.create_event_bus({"Name": "night"})
    rule(service, "placed", bus="night")

    with pytest.raises(ValidationException):
        buses.delete_event_bus({"Name": "night"})

    buses.delete_rule({"Name": "placed", "EventBusName": "night"})
    buses.delete_event_bus({"Name": "night"})
    buses.delete_event_bus({"Name": "night"})
    with pytest.raises(ResourceNotFoundException, match="Event bus night does not exist"):
        buses.describe_event_bus({"Name": "night"})


# Rules


def test_a_rule_is_told_as_it_was_put(buses: Buses) -> None:
    answer = buses.put_rule({"Name": "placed", "EventPattern": '{"source":["shop"]}', "Description": "x"})

    assert answer == {"RuleArn": f"{RULE_ARN}placed"}
    assert buses.describe_rule({"Name": "placed"}) == {
        "Name": "placed",
        "Arn": f"{RULE_ARN}placed",
        "EventPattern": '{"source":["shop"]}',
        "Description": "x",
        "State": "ENABLED",
        "EventBusName": "default",
        "CreatedBy": "123456789012",
    }


def test_a_rule_of_another_bus_has_it_in_its_arn(buses: Buses) -> None:
    buses.create_event_bus({"Name": "night"})

    answer = buses.put_rule({"Name": "r", "EventBusName": f"{BUS_ARN}night", "EventPattern": PATTERN})

    assert answer == {"RuleArn": f"{RULE_ARN}night/r"}
    with pytest.raises(ResourceNotFoundException, match="Rule r does not exist on EventBus default"):
        buses.describe_rule({"Name": "r"})


def test_a_rule_that_is_put_again_keeps_its_targets_and_nothing_else(
    service: StepFunctions, buses: Buses
) -> None:
    orders = machine(service)
    buses.put_rule({"Name": "placed", "EventPattern": '{"source":["old"]}', "Description": "x"})
    buses.put_targets({"Rule": "placed", "Targets": [{"Id": "1", "Arn": orders.arn, "RoleArn": ROLE}]})

    buses.put_rule({"Name": "placed", "EventPattern": '{"source":["shop"]}'})
    put(service, {"n": 1})
    settle(service)

    assert "Description" not in buses.describe_rule({"Name": "placed"})
    assert numbers(orders) == [1]


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        ({}, ValidationException),
        ({"EventPattern": ""}, ValidationException),
        ({"EventPattern": "{"}, InvalidEventPatternException),
        ({"EventPattern": '{"a": 1}'}, InvalidEventPatternException),
        ({"ScheduleExpression": "rate(0 minutes)"}, ValidationException),
        ({"ScheduleExpression": "at(2027-01-01T00:00:00)"}, ValidationException),
        ({"ScheduleExpression": "rate(1 minute)", "EventBusName": "night"}, ValidationException),
        ({"EventPattern": PATTERN, "EventBusName": "nowhere"}, ResourceNotFoundException),
    ],
)
def test_a_rule_that_is_wrong_is_refused(
    buses: Buses, wrong: dict[str, Any], refusal: type[Exception]
) -> None:
    buses.create_event_bus({"Name": "night"})

    with pytest.raises(refusal):
        buses.put_rule({"Name": "placed", **wrong})

    assert buses.list_rules({})["Rules"] == []


def test_a_disabled_rule_matches_nothing(service: StepFunctions, buses: Buses) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)

    buses.disable_rule({"Name": "placed"})
    put(service, {"n": 1})
    assert buses.describe_rule({"Name": "placed"})["State"] == "DISABLED"
    buses.enable_rule({"Name": "placed"})
    put(service, {"n": 2})
    settle(service)

    assert numbers(orders) == [2]
    assert buses.describe_rule({"Name": "placed"})["State"] == "ENABLED"


def test_a_rule_is_deleted_when_it_has_no_targets(service: StepFunctions, buses: Buses) -> None:
    rule(service, "placed", f"{MACHINE}orders")

    with pytest.raises(ValidationException, match="Rule can't be deleted since it has targets"):
        buses.delete_rule({"Name": "placed"})
    buses.remove_targets({"Rule": "placed", "Ids": ["0"]})
    buses.delete_rule({"Name": "placed"})
    buses.delete_rule({"Name": "placed"})

    assert buses.list_rules({})["Rules"] == []
    with pytest.raises(ResourceNotFoundException):
        buses.delete_rule({"Name": "placed", "EventBusName": "nowhere"})


def test_rules_are_listed_by_name_in_parts(service: StepFunctions, buses: Buses) -> None:
    for number in (3, 1, 4, 2, 0):
        rule(service, f"r{number}")
    rule(service, "s")

    names: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = buses.list_rules({"NamePrefix": "r", "Limit": 2, **token})
        names += [each["Name"] for each in answer["Rules"]]
        if "NextToken" not in answer:
            break
        token = {"NextToken": answer["NextToken"]}

    assert names == ["r0", "r1", "r2", "r3", "r4"]


def test_a_rule_with_a_schedule_fires(service: StepFunctions, buses: Buses) -> None:
    orders = machine(service)
    buses.put_rule({"Name": "often", "ScheduleExpression": "rate(5 minutes)"})
    buses.put_targets({"Rule": "often", "Targets": [{"Id": "1", "Arn": orders.arn, "RoleArn": ROLE}]})

    turn(service, minutes=16)

    assert len(orders.executions) == 3  # the first comes after five minutes
    given = inputs(orders)[0]
    assert (given["source"], given["detail-type"], given["detail"]) == ("aws.events", "Scheduled Event", {})
    assert given["resources"] == [f"{RULE_ARN}often"]


# Targets


def test_targets_are_put_changed_and_removed(service: StepFunctions, buses: Buses) -> None:
    rule(service, "placed", f"{MACHINE}a", f"{MACHINE}b")

    buses.put_targets({"Rule": "placed", "Targets": [{"Id": "1", "Arn": f"{MACHINE}c", "RoleArn": ROLE}]})
    answer = buses.remove_targets({"Rule": "placed", "Ids": ["0", "9"]})

    assert answer == {
        "FailedEntryCount": 1,
        "FailedEntries": [
            {
                "TargetId": "9",
                "ErrorCode": "ResourceNotFoundException",
                "ErrorMessage": "Target 9 does not exist.",
            }
        ],
    }
    targets = buses.list_targets_by_rule({"Rule": "placed"})["Targets"]
    assert targets == [{"Id": "1", "Arn": f"{MACHINE}c", "RoleArn": ROLE}]


def test_a_rule_has_five_targets_at_most(service: StepFunctions, buses: Buses) -> None:
    rule(service, "placed", *(f"{MACHINE}{n}" for n in range(5)))

    with pytest.raises(LimitExceededException):
        buses.put_targets({"Rule": "placed", "Targets": [{"Id": "x", "Arn": f"{MACHINE}x", "RoleArn": ROLE}]})
    buses.put_targets({"Rule": "placed", "Targets": [{"Id": "0", "Arn": f"{MACHINE}x", "RoleArn": ROLE}]})

    assert len(buses.list_targets_by_rule({"Rule": "placed"})["Targets"]) == 5


@pytest.mark.parametrize(
    "wrong",
    [
        {"Arn": "orders"},
        {"Input": "{", "Arn": f"{MACHINE}a"},
        {"Input": "{}", "InputPath": "$", "Arn": f"{MACHINE}a"},
        {"InputPath": "detail", "Arn": f"{MACHINE}a"},
        {"InputTransformer": {"InputTemplate": "<x>"}, "Arn": f"{MACHINE}a"},
    ],
)
def test_a_target_that_is_wrong_is_refused(
    service: StepFunctions, buses: Buses, wrong: dict[str, Any]
) -> None:
    rule(service, "placed")

    with pytest.raises(ValidationException):
        buses.put_targets({"Rule": "placed", "Targets": [{"Id": "1", "RoleArn": ROLE, **wrong}]})

    assert buses.list_targets_by_rule({"Rule": "placed"})["Targets"] == []


def test_a_machine_is_a_target_with_a_role_alone(service: StepFunctions, buses: Buses) -> None:
    rule(service, "placed")
    function = "arn:aws:lambda:us-east-1:123456789012:function:f"
    targets = [{"Id": "1", "Arn": function}, {"Id": "2", "Arn": f"{MACHINE}a"}]

    with pytest.raises(ValidationException) as refused:
        buses.put_targets({"Rule": "placed", "Targets": targets})

    assert str(refused.value) == f"RoleArn is required for target {MACHINE}a."
    assert buses.list_targets_by_rule({"Rule": "placed"})["Targets"] == []
    buses.put_targets({"Rule": "placed", "Targets": targets[:1]})


def test_an_event_without_what_a_path_asks_for_is_a_dead_letter(
    service: StepFunctions, caplog: pytest.LogCaptureFixture
) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn, InputPath="$.detail.total")

    put(service, {"n": 1}, {"total": 2})
    settle(service)

    assert inputs(orders) == [2]
    (letter,) = letters(service)
    assert (letter.code, letter.target, letter.attempts) == ("INVALID_INPUT", orders.arn, 1)
    assert letter.message == "InputPath $.detail.total leads nowhere in the event"
    assert json.loads(letter.input)["detail"] == {"n": 1}
    assert counts(service, "event:placed").dropped == {f"INVALID_INPUT: {letter.message}": 1}
    assert "sfnb.dead_letters() has what it was" in caplog.text


def test_rules_are_found_by_what_they_start(service: StepFunctions, buses: Buses) -> None:
    rule(service, "b", f"{MACHINE}orders")
    rule(service, "a", f"{MACHINE}other", f"{MACHINE}orders")
    rule(service, "c", f"{MACHINE}other")

    assert buses.list_rule_names_by_target({"TargetArn": f"{MACHINE}orders"}) == {"RuleNames": ["a", "b"]}


# From bus to bus


def test_a_bus_can_be_a_target(service: StepFunctions, buses: Buses) -> None:
    orders = machine(service)
    buses.create_event_bus({"Name": "night"})
    rule(service, "onwards", f"{BUS_ARN}night")
    rule(service, "placed", orders.arn, bus="night")

    (id,) = put(service, {"n": 1})
    settle(service)

    (given,) = inputs(orders)
    assert given["id"] == id


def test_buses_that_pass_events_to_each_other_do_so_once(service: StepFunctions, buses: Buses) -> None:
    orders = machine(service)
    buses.create_event_bus({"Name": "night"})
    rule(service, "to-night", f"{BUS_ARN}night", orders.arn)
    rule(service, "to-day", f"{BUS_ARN}default", bus="night")
    rule(service, "to-itself", f"{BUS_ARN}default")

    put(service, {"n": 1})
    assert service.triggers.deliverer.wait(SECONDS)

    assert 1 <= len(orders.executions) <= 3


# Permissions. Source: EventBridge API reference, PutPermission, RemovePermission


def test_permissions_are_kept_in_the_policy_of_a_bus(buses: Buses) -> None:
    give = {"StatementId": "them", "Principal": "111122223333", "Action": "events:PutEvents"}
    buses.put_permission(give)
    buses.put_permission(
        give
        | {
            "StatementId": "us",
            "Principal": "*",
            "Condition": {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"},
        }
    )

    policy = json.loads(buses.describe_event_bus({})["Policy"])
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "them",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
                "Action": "events:PutEvents",
                "Resource": f"{BUS_ARN}default",
            },
            {
                "Sid": "us",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "events:PutEvents",
                "Resource": f"{BUS_ARN}default",
                "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}},
            },
        ],
    }
    buses.remove_permission({"StatementId": "them"})
    assert [each["Sid"] for each in json.loads(buses.describe_event_bus({})["Policy"])["Statement"]] == ["us"]
    with pytest.raises(ResourceNotFoundException, match="Statement with the provided id does not exist"):
        buses.remove_permission({"StatementId": "them"})
    buses.remove_permission({"RemoveAllPermissions": True})
    assert "Policy" not in buses.describe_event_bus({})
    with pytest.raises(ResourceNotFoundException, match="EventBus does not have a policy"):
        buses.remove_permission({"StatementId": "them"})


def test_a_whole_policy_takes_the_place_of_the_one_before(buses: Buses) -> None:
    buses.put_permission({"Policy": '{"Version":"2012-10-17","Statement":[]}'})

    assert buses.describe_event_bus({})["Policy"] == '{"Version":"2012-10-17","Statement":[]}'
    for wrong in ("{", "[]", '{"Statement":1}', "[" * 100_000):
        with pytest.raises(ValidationException):
            buses.put_permission({"Policy": wrong})
    with pytest.raises(PolicyLengthExceededException):
        buses.put_permission({"Policy": json.dumps({"Statement": [{"Sid": "x" * 10_240}]})})
    with pytest.raises(ValidationException):
        buses.put_permission({"StatementId": "them"})


# Tags


def test_tags_are_given_and_taken(buses: Buses) -> None:
    buses.put_rule({"Name": "r", "EventPattern": PATTERN, "Tags": [{"Key": "a", "Value": "1"}]})
    arn = {"ResourceARN": f"{RULE_ARN}r"}

    buses.tag_resource({**arn, "Tags": [{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}]})
    assert buses.list_tags_for_resource(arn)["Tags"] == [
        {"Key": "a", "Value": "3"},
        {"Key": "b", "Value": "2"},
    ]
    buses.untag_resource({**arn, "TagKeys": ["a", "x"]})
    assert buses.list_tags_for_resource(arn)["Tags"] == [{"Key": "b", "Value": "2"}]


def test_the_tags_of_a_rule_that_there_is_are_not_changed_by_putting_it(buses: Buses) -> None:
    buses.put_rule({"Name": "r", "EventPattern": PATTERN})
    buses.put_rule({"Name": "r", "EventPattern": PATTERN, "Tags": [{"Key": "a", "Value": "1"}]})

    assert buses.list_tags_for_resource({"ResourceARN": f"{RULE_ARN}r"})["Tags"] == []


def test_tags_go_with_what_they_were_of(buses: Buses) -> None:
    tags = {"Tags": [{"Key": "a", "Value": "1"}]}
    buses.create_event_bus({"Name": "night", **tags})
    buses.put_rule({"Name": "r", "EventPattern": PATTERN, **tags})
    for arn in (f"{RULE_ARN}r", f"{BUS_ARN}night"):
        assert buses.list_tags_for_resource({"ResourceARN": arn}) == tags

    buses.delete_rule({"Name": "r"})
    buses.delete_event_bus({"Name": "night"})

    for arn in (f"{RULE_ARN}r", f"{BUS_ARN}night", "arn:aws:s3:::photos", ""):
        for method, more in (
            (buses.list_tags_for_resource, {}),
            (buses.tag_resource, tags),
            (buses.untag_resource, {"TagKeys": ["a"]}),
        ):
            with pytest.raises(ResourceNotFoundException):
                method({"ResourceARN": arn, **more})
    buses.put_rule({"Name": "r", "EventPattern": PATTERN})
    assert buses.list_tags_for_resource({"ResourceARN": f"{RULE_ARN}r"})["Tags"] == []


def test_a_resource_has_fifty_tags_at_most(buses: Buses) -> None:
    buses.put_rule({"Name": "r", "EventPattern": PATTERN})

    with pytest.raises(ValidationException, match="50 tags"):
        buses.tag_resource(
            {
                "ResourceARN": f"{RULE_ARN}r",
                "Tags": [{"Key": str(n), "Value": ""} for n in range(51)],
            }
        )


# Patterns tried


def test_a_pattern_is_tried_on_an_event(buses: Buses) -> None:
    event = {
        "id": "1",
        "account": "123456789012",
        "source": "shop",
        "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1",
        "resources": [],
        "detail-type": "x",
        "detail": {"n": 7},
    }

    for pattern, result in (('{"detail":{"n":[7]}}', True), ('{"detail":{"n":[8]}}', False)):
        given = {"EventPattern": pattern, "Event": json.dumps(event)}
        assert buses.test_event_pattern(given) == {"Result": result}
    for wrong in ("{", "[]", "{}", "[" * 100_000):
        with pytest.raises(ValidationException):
            buses.test_event_pattern({"EventPattern": PATTERN, "Event": wrong})
    with pytest.raises(InvalidEventPatternException):
        buses.test_event_pattern({"EventPattern": "{", "Event": json.dumps(event)})


def test_times_are_of_any_zone(service: StepFunctions) -> None:
    orders = machine(service)
    rule(service, "placed", orders.arn)

    put(service, {}, Time=datetime.fromisoformat("2026-01-01T02:00:00+09:00"))
    settle(service)

    assert inputs(orders)[0]["time"] == "2025-12-31T17:00:00Z"


# What another account or region has


@pytest.mark.parametrize("place", ["eu-west-1:123456789012", "us-east-1:999999999999"])
def test_the_default_bus_of_another_account_or_region_is_not_ours(service: StepFunctions, place: str) -> None:
    buses, orders = service.triggers.buses, machine(service)
    elsewhere = f"arn:aws:events:{place}:event-bus/default"
    rule(service, "direct", orders.arn)
    rule(service, "forward", elsewhere, pattern={"source": ["told"]})

    for ask in (buses.describe_event_bus, buses.delete_event_bus):
        with pytest.raises(ResourceNotFoundException, match="does not exist here"):
            ask({"Name": elsewhere})
    answer = buses.put_events({"Entries": [entry({"n": 1}, EventBusName=elsewhere), entry({"n": 2})]})
    put(service, {"n": 3}, Source="told")
    settle(service)

    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "ResourceNotFoundException"
    assert numbers(orders) == [2]
    (letter,) = letters(service)
    assert (letter.code, letter.target) == ("UNSUPPORTED_TARGET", elsewhere)


# Several requests at once


def test_targets_that_are_put_at_the_same_time_are_all_there(service: StepFunctions) -> None:
    buses = service.triggers.buses
    for number in range(10):
        name = f"rule-{number}"
        rule(service, name)

        def add(id: int, name: str = name) -> None:
            buses.put_targets(
                {"Rule": name, "Targets": [{"Id": str(id), "Arn": f"{MACHINE}orders", "RoleArn": ROLE}]}
            )

        at_once(add)

        assert len(buses.list_targets_by_rule({"Rule": name})["Targets"]) == 5


def test_a_rule_that_is_disabled_while_targets_are_put_keeps_them(service: StepFunctions) -> None:
    buses = service.triggers.buses
    rule(service, "placed")

    def change(id: int) -> None:
        if id:
            buses.put_targets(
                {"Rule": "placed", "Targets": [{"Id": str(id), "Arn": f"{MACHINE}orders", "RoleArn": ROLE}]}
            )
        else:
            buses.disable_rule({"Name": "placed"})

    at_once(change)

    assert buses.describe_rule({"Name": "placed"})["State"] == "DISABLED"
    assert len(buses.list_targets_by_rule({"Rule": "placed"})["Targets"]) == 4


def test_tags_that_are_put_at_the_same_time_are_all_there(service: StepFunctions) -> None:
    buses, arn = service.triggers.buses, f"{RULE_ARN}placed"
    rule(service, "placed")

    at_once(lambda id: buses.tag_resource({"ResourceARN": arn, "Tags": [{"Key": str(id), "Value": "x"}]}))

    assert len(buses.list_tags_for_resource({"ResourceARN": arn})["Tags"]) == 5


def at_once(do: Callable[[int], object]) -> None:
    """Five times, in threads that are switched as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(5) as threads:
            list(threads.map(do, range(5)))
    finally:
        sys.setswitchinterval(before)


# Rules of several kinds


def test_a_rule_of_another_kind_is_not_taken_over(service: StepFunctions, tmp_path: Path) -> None:
    service.buckets = FolderBuckets(tmp_path)
    orders = machine(service)
    files = orders.on.file(bucket="shop", name="landed")
    orders.on.event(SHOP, name="placed")

    with pytest.raises(ResourceAlreadyExistsException, match="'file' where this one is 'event'"):
        orders.on.event(SHOP, name="landed")
    with pytest.raises(ResourceAlreadyExistsException, match="'event' where this one is 'file'"):
        orders.on.file(bucket="shop", name="placed")

    assert files.key == "file:landed"
    assert [seen.trigger.key for seen in service.triggers.all()] == ["file:landed", "event:placed"]
