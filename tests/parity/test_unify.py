"""The comparison on data made by hand: each rule of the README, from both sides."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from .history import ANY_ID, open_order
from .loader import normalise
from .placeholders import Bindings, match_text
from .unify import unify

TODAY = datetime(2026, 1, 1)
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
UUIDS = [f"{number}0000000-0000-4000-8000-000000000000" for number in range(3)]


def unequal(
    expected: Any, got: Any, *, recorded: datetime = TODAY, relaxed: tuple[str, ...] = ()
) -> list[str]:
    """The places that differ."""
    return [one.place for one in unify(expected, got, {}, recorded=recorded, relaxed=relaxed)]


# normalise


def test_a_text_that_holds_an_object_is_parsed_once() -> None:
    answer = {"events": [{"input": '{"a": "{}", "b": {}}'}]}
    assert normalise(answer)["events"] == [{"input": {"a": "{}", "b": {}}}]


@pytest.mark.parametrize("text", ["[1]", "1", '"{}"', ' {"a": 1}', "{not json", "{"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert normalise({"output": text})["output"] == text


def test_a_text_in_a_list_stays_as_it_is() -> None:
    assert normalise({"lines": ['{"a": 1}']})["lines"] == ['{"a": 1}']


def test_numbers_keep_their_type_when_parsed() -> None:
    parsed = normalise({"output": '{"a": 1, "b": 1.0}'})["output"]
    assert [type(parsed["a"]), type(parsed["b"])] == [int, float]


def test_response_metadata_is_reduced_or_supplied() -> None:
    given = {"ResponseMetadata": {"RequestId": "x", "HTTPStatusCode": 400, "HTTPHeaders": {"date": "today"}}}
    assert normalise(given)["ResponseMetadata"] == {"HTTPHeaders": {}, "HTTPStatusCode": 400}
    assert normalise({})["ResponseMetadata"] == {"HTTPHeaders": {}, "HTTPStatusCode": 200}


def test_the_answer_itself_is_not_changed() -> None:
    answer = {"output": "{}", "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "x"}}
    normalise(answer)
    assert answer == {"output": "{}", "ResponseMetadata": {"HTTPStatusCode": 200, "RequestId": "x"}}


# values


@pytest.mark.parametrize(
    ("expected", "got"),
    [
        *[(1, 1.0), (1.0, 1), (1, True), (True, 1), (0, False), (None, 0), (None, ""), ("1", 1), (1, "1")],
        *[({}, []), ([], {}), ({}, None), ("a", "A"), ("a", "a "), ("a.c", "abc"), ([1, 2], [2, 1])],
    ],
)
def test_values_of_another_type_or_text_differ(expected: Any, got: Any) -> None:
    assert unequal({"value": expected}, {"value": got})


def test_missing_and_extra_keys_differ() -> None:
    assert unequal({"a": 1}, {}) == ["$.a"]
    assert unequal({}, {"a": None}) == ["$.a"]


def test_the_order_of_keys_is_free() -> None:
    assert unequal({"a": 1, "b": 2}, {"b": 2, "a": 1}) == []


def test_a_dropped_event_is_told_with_the_types() -> None:
    events = [{"type": "ExecutionStarted"}, {"type": "ExecutionSucceeded"}]
    (first, *_) = unify({"events": events}, {"events": events[:1]}, {}, recorded=TODAY)
    assert str(first) == (
        "$.events.length: expected '2 events: ExecutionStarted ExecutionSucceeded', "
        "got '1 events: ExecutionStarted'"
    )


def test_a_payload_that_the_recording_holds_parsed_may_be_text() -> None:
    def event(output: Any) -> dict[str, Any]:
        return {"stateExitedEventDetails": {"output": output}}

    assert unequal(event([1, 2]), event("[1, 2]")) == []
    assert unequal(event(3), event("3")) == []
    assert unequal(event([1, 2]), event("[1, 2.0]"))
    assert unequal(event([1, 2]), event("[1, 2"))
    assert unequal({"output": {"output": [1]}}, {"output": {"output": "[1]"}})
    assert unequal(event("[1,2]"), event("[1, 2]"))


# placeholders


def test_a_placeholder_stands_for_the_same_everywhere() -> None:
    expected = {
        "arn": "arn:<partition>:states:<region>:1:execution:<ArnPart_0idx>:e",
        "name": "<ArnPart_0idx>",
    }
    arn = "arn:aws:states:eu-west-1:1:execution:machine:e"
    assert unequal(expected, {"arn": arn, "name": "machine"}) == []
    assert unequal(expected, {"arn": arn, "name": "other"}) == ["$.name"]


def test_the_text_around_placeholders_counts() -> None:
    assert match_text("no_such_<fn>:$LATEST (id <request_id>)", "no_such_f:$LATEST (id a-1)", {"<fn>": "f"})
    assert not match_text("no_such_<fn>", "no_such_g", {"<fn>": "f"})
    assert not match_text("<fn>: gone.", "f: gone", {})
    assert not match_text("a.c <fn>", "abc f", {})


def test_a_placeholder_twice_in_one_text_is_one_value() -> None:
    assert match_text("<x:1>-<x:1>", "a-a", {})
    assert not match_text("<x:1>-<x:1>", "a-b", {})


def test_numbers_of_a_family_stand_for_different_values() -> None:
    expected = {"a": "<uuid:1>", "b": "<uuid:2>"}
    assert unequal(expected, {"a": UUIDS[0], "b": UUIDS[1]}) == []
    assert unequal(expected, {"a": UUIDS[0], "b": UUIDS[0]}) == ["$.b"]
    assert unequal({"a": "<ArnPart_0idx>", "b": "<ArnPart_1idx>"}, {"a": "m", "b": "m"}) == ["$.b"]


def test_a_uuid_must_look_like_one_and_a_name_must_not_hold_a_colon() -> None:
    assert unequal({"id": "<uuid:1>"}, {"id": "42"})
    assert unequal({"name": "<ExecArnPart_0idx>"}, {"name": "a:b"})


def test_request_ids_need_not_be_the_same() -> None:
    expected = ["Request ID: <request_id>;", "Request ID: <request_id>;"]
    assert unequal(expected, ["Request ID: 1;", "Request ID: 2;"]) == []


def test_a_quoted_input_must_be_json() -> None:
    assert unequal("in '<json-input:1>'", """in '{"a": "it's"}'""") == []
    assert unequal("in '<json-input:1>'", "in '{a}'") == ["$"]


def test_a_failed_match_binds_nothing() -> None:
    bindings: Bindings = {}
    assert not match_text("<a:1> and <b:1>.", "x and y", bindings)
    assert bindings == {}


# plain words


@pytest.mark.parametrize(
    ("key", "word", "fits", "does_not"),
    [
        ("timestamp", "timestamp", NOON, "2026-01-01T12:00:00Z"),
        ("TimestampValue", "timestamp", "2016-13-05T21:29:29Z", None),
        ("other", "timestamp", "timestamp", "2016"),
        ("startDate", "datetime", NOON, "2026-01-01T12:00:00Z"),
        ("Variable", "date", "2012-10-09T19:00:55+01:00", "2012-10-09T19:00:55"),
        ("Date", "date", ["Thu, 01 Jan 2026 12:00:00 GMT"], []),
        ("StartTime", "start-time", "2026-01-01T12:00:00.123Z", "noon"),
        ("startDate", "start-date", 1767268800000, "noon"),
        ("roleArn", "snf_role_arn", "arn:aws:iam::111111111111:role/r", "arn:aws:sns:us-east-1:1:t"),
        ("mapRunArn", "map_run_arn", "arn:aws:states:us-east-1:1:mapRun:m/a:b", "b"),
        ("x-amzn-RequestId", "x-amzn-RequestId", ["1"], None),
        ("output", "stateExitedEventDetails.output", "[1]", None),
        ("arn", "invalid_arn", "invalid_arn", "arn:aws:iam::111111111111:role/r"),
    ],
)
def test_a_word_stands_for_its_kind(key: str, word: str, fits: Any, does_not: Any) -> None:
    assert unequal({key: word}, {key: fits}) == []
    assert unequal({key: word}, {key: does_not}) == [f"$.{key}"]


def test_a_word_whose_value_is_known_stands_for_that_alone() -> None:
    bindings = {"snf_role_arn": "arn:aws:iam::111111111111:role/mine"}
    other = {"roleArn": "arn:aws:iam::111111111111:role/other"}
    assert unify({"roleArn": "snf_role_arn"}, other, bindings, recorded=TODAY)


# what AWS has changed since


def test_a_field_added_later_is_no_difference_in_an_older_recording() -> None:
    described = {"redriveCount": 0, "redriveStatus": "REDRIVABLE"}
    assert unequal({}, described, recorded=datetime(2023, 6, 1)) == []
    assert sorted(unequal({}, described)) == ["$.redriveCount", "$.redriveStatus"]
    assert unequal({}, {"other": 0}, recorded=datetime(2023, 6, 1)) == ["$.other"]
    assert unequal({"redriveCount": 0}, {}, recorded=datetime(2023, 6, 1)) == ["$.redriveCount"]


def _map_run(pointer: int) -> dict[str, Any]:
    types = ["MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded", "MapStateExited"]
    events: list[dict[str, Any]] = [event(id, id - 1, kind) for id, kind in enumerate(types, 1)]
    events[-1]["previousEventId"] = pointer
    return {"events": events}


def test_the_end_of_a_distributed_map_may_point_where_aws_points_today() -> None:
    then, now, neither = _map_run(3), _map_run(2), _map_run(4)
    assert unequal(then, now, recorded=datetime(2024, 8, 1)) == []
    assert unequal(then, then, recorded=datetime(2024, 8, 1)) == []
    assert unequal(then, neither, recorded=datetime(2024, 8, 1))
    assert unequal(now, then, recorded=datetime(2024, 12, 1))


# relaxed paths


def test_relaxed_paths_are_left_out_on_both_sides() -> None:
    expected: dict[str, Any]
    expected = {"events": [{"id": 1, "a": {"Cause": "x", "Error": "e"}}, {"id": 2, "previousEventId": 1}]}
    got = {"events": [{"id": 1, "a": {"Cause": "y", "Error": "e"}}, {"id": 2, "previousEventId": 9}]}
    paths = ("$..Cause", "$..events[1].previousEventId")
    assert unequal(expected, got, relaxed=paths) == []
    assert unequal(expected, got, relaxed=paths[:1]) == ["$.events[1].previousEventId"]
    assert expected["events"][0]["a"] == {"Cause": "x", "Error": "e"}


# events whose order is open


def event(id: Any, previous: int, kind: str, **details: Any) -> dict[str, Any]:
    return {"id": id, "previousEventId": previous, "type": kind, **details}


RECORDED: dict[str, Any] = {
    "events": [
        event(1, 0, "ParallelStateStarted"),
        event(ANY_ID, 0, "PassStateEntered", name="A", token="<uuid:1>"),
        event(ANY_ID, 0, "PassStateEntered", name="A", token="<uuid:2>"),
        event(ANY_ID, 0, "PassStateExited", name="A", token="<uuid:2>"),
        event(ANY_ID, 0, "PassStateExited", name="A", token="<uuid:1>", last=True),
        event(7, 5, "ParallelStateExited"),
    ]
}


def answered(*stretch: dict[str, Any]) -> dict[str, Any]:
    start, end = event(1, 0, "ParallelStateStarted"), event(6, 5, "ParallelStateSucceeded")
    return {"events": [start, *stretch, end, event(7, 5, "ParallelStateExited")]}


def test_parallel_events_may_come_in_any_order() -> None:
    stretch = [
        event(2, 1, "PassStateEntered", name="A", token=UUIDS[1]),
        event(3, 2, "PassStateExited", name="A", token=UUIDS[1]),
        event(4, 1, "PassStateEntered", name="A", token=UUIDS[0]),
        event(5, 4, "PassStateExited", name="A", token=UUIDS[0], last=True),
    ]
    assert unequal(RECORDED, answered(*stretch)) == []
    assert unequal(RECORDED, answered(*stretch[::-1])) == []
    assert unequal(RECORDED, answered(*stretch[:3], stretch[2] | {"id": 5}))
    assert unequal(RECORDED, answered(*stretch[:3]))
    assert unequal(RECORDED, answered(*stretch, stretch[0]))


def test_a_pairing_that_contradicts_itself_is_refused() -> None:
    stretch = [
        event(2, 1, "PassStateEntered", name="A", token=UUIDS[0]),
        event(3, 2, "PassStateExited", name="A", token=UUIDS[0], last=True),
        event(4, 1, "PassStateEntered", name="A", token=UUIDS[1]),
        event(5, 4, "PassStateExited", name="A", token=UUIDS[2]),
    ]
    assert unequal(RECORDED, answered(*stretch))


def test_ids_around_the_open_stretch_count() -> None:
    recorded = {"events": [RECORDED["events"][0], RECORDED["events"][1], RECORDED["events"][-1]]}
    right = answered(event(2, 1, "PassStateEntered", name="A", token=UUIDS[0]))
    assert unequal(recorded, right) == []
    right["events"][-1]["id"] = 8
    assert unequal(recorded, right) == ["$.events[2].id"]


def test_a_caught_parallel_loses_its_failure() -> None:
    kinds = ["ParallelStateStarted", "TaskStateEntered", "ParallelStateFailed", "ParallelStateExited"]
    shaped = open_order([event(id, id - 1, kind) for id, kind in enumerate(kinds, 1)])
    assert [(one["id"], one["type"]) for one in shaped] == [
        (1, "ParallelStateStarted"),
        (ANY_ID, "TaskStateEntered"),
        (4, "ParallelStateExited"),
    ]


def test_of_nested_parallels_the_outermost_end_is_left() -> None:
    kinds = ["ParallelStateEntered", "ParallelStateStarted", "ParallelStateEntered", "ParallelStateStarted"]
    kinds += ["PassStateEntered", "PassStateExited", "ParallelStateSucceeded", "ParallelStateExited"]
    kinds += ["ParallelStateSucceeded", "ParallelStateExited", "ExecutionSucceeded"]
    shaped = open_order([event(id, id - 1, kind) for id, kind in enumerate(kinds, 1)])
    assert [(one["id"], one["type"]) for one in shaped] == [
        (1, "ParallelStateEntered"),
        (2, "ParallelStateStarted"),
        (ANY_ID, "ParallelStateEntered"),
        (4, "ParallelStateStarted"),
        (ANY_ID, "PassStateEntered"),
        (ANY_ID, "PassStateExited"),
        (10, "ParallelStateExited"),
        (11, "ExecutionSucceeded"),
    ]


def test_an_ordered_recording_keeps_its_order() -> None:
    events = [event(1, 0, "ParallelStateStarted"), event(2, 1, "A"), event(3, 1, "B")]
    swapped = [events[0], event(2, 1, "B"), event(3, 1, "A")]
    assert unequal({"events": events}, {"events": swapped})
