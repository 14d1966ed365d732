"""Flexible time windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sfnb.triggers.schedules import FlexibleTimeWindow, InvalidSchedule, read_window, window_moment
from sfnb.values import Json

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_a_window_that_is_off_leaves_the_time_alone() -> None:
    assert window_moment(NOON, read_window({"Mode": "OFF"}), "any") == NOON


def test_a_window_draws_the_same_second_from_the_same_key() -> None:
    window = read_window({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 15})
    drawn = {window_moment(NOON, window, f"key {number}") for number in range(200)}

    assert drawn == {window_moment(NOON, window, f"key {number}") for number in range(200)}
    assert len(drawn) > 100


def test_a_window_is_used_from_its_beginning_to_its_end() -> None:
    window = read_window({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1})
    drawn = {window_moment(NOON, window, f"key {number}") for number in range(2000)}

    assert drawn == {NOON + timedelta(seconds=second) for second in range(60)}


def test_a_window_is_read_from_awss_json() -> None:
    assert read_window({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1440}) == FlexibleTimeWindow(
        mode="FLEXIBLE", maximum_window_in_minutes=1440
    )


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"Mode": "FLEXIBLE"}, "MaximumWindowInMinutes is missing"),
        (
            {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 0},
            "is 0; the Mode FLEXIBLE needs one from 1 to 1440",
        ),
        ({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 1441}, "is 1441"),
        ({"Mode": "FLEXIBLE", "MaximumWindowInMinutes": "15"}, "MaximumWindowInMinutes"),
        ({"Mode": "OFF", "MaximumWindowInMinutes": 15}, "leave it out where it is OFF"),
        ({"Mode": "SOMETIMES"}, "SOMETIMES"),
        ({}, "Mode"),
        ("OFF", "object"),
        (None, "object"),
    ],
)
def test_a_window_that_aws_would_not_take_is_refused(value: Json, why: str) -> None:
    with pytest.raises(InvalidSchedule, match=why):
        read_window(value)
