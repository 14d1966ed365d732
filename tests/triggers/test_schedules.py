"""Schedule expressions: when they come, what is refused, what they say."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfnb.triggers.schedules import InvalidSchedule, Schedule, read_schedule

CASES = json.loads((Path(__file__).parent / "cases" / "schedules.json").read_text())
NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def schedule_of(case: dict[str, Any]) -> Schedule:
    dates = {name: moment(case[name]) for name in ("start", "end") if name in case}
    told = {name: case[name] for name in ("timezone", "scheduler") if name in case}
    return read_schedule(case["expression"], **dates, **told)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def name_of(case: dict[str, Any]) -> str:
    return f"{case['expression']} {case.get('timezone', '')}".strip()


@pytest.mark.parametrize("case", CASES["next"], ids=name_of)
def test_a_schedule_comes_when_its_source_says(case: dict[str, Any]) -> None:
    schedule = schedule_of(case)
    now, created = moment(case["after"]), moment(case.get("created", "2026-01-01T00:00:00Z"))
    runs: list[datetime | None] = []
    for _ in case["runs"]:
        run = schedule.after(now, created=created)
        runs.append(run)
        now = run or now

    assert runs == [run and moment(run) for run in case["runs"]]
    assert all(run is None or run.tzinfo is UTC for run in runs)


@pytest.mark.parametrize("case", CASES["refused"], ids=name_of)
def test_what_aws_would_not_take_is_refused_with_its_place(case: dict[str, Any]) -> None:
    with pytest.raises(InvalidSchedule) as refusal:
        schedule_of(case)

    assert case["why"] in refusal.value.explanation
    assert refusal.value.aws_message == case.get("aws", refusal.value.aws_message)
    assert str(refusal.value).startswith(refusal.value.aws_message)


@pytest.mark.parametrize("case", CASES["words"], ids=name_of)
def test_a_schedule_says_in_words_when_it_comes(case: dict[str, Any]) -> None:
    assert schedule_of(case).words == case["words"]


def test_no_run_is_earlier_than_the_schedule() -> None:
    long_ago = NEW_YEAR - timedelta(days=1000)

    for expression in ("cron(0 0 * * ? *)", "rate(1 day)"):
        assert read_schedule(expression).after(long_ago, created=NEW_YEAR) == NEW_YEAR


def test_names_of_days_and_months_may_be_in_small_letters() -> None:
    small, capital = (read_schedule(text) for text in ("cron(0 0 ? jan fri *)", "cron(0 0 ? JAN FRI *)"))

    assert small.timing == capital.timing


def test_a_rule_has_neither_zone_nor_dates() -> None:
    for told in ({"timezone": "Europe/Berlin"}, {"start": NEW_YEAR}, {"end": NEW_YEAR}):
        with pytest.raises(InvalidSchedule, match="A rule has neither time zone nor dates"):
            read_schedule("rate(5 minutes)", scheduler=False, **told)  # type: ignore[arg-type]


def test_an_end_comes_after_the_start() -> None:
    with pytest.raises(InvalidSchedule, match="it has to come after StartDate"):
        read_schedule("rate(5 minutes)", start=NEW_YEAR, end=NEW_YEAR)


def test_a_time_without_a_zone_is_refused() -> None:
    naive = datetime(2026, 1, 1)

    with pytest.raises(InvalidSchedule, match="Invalid StartDate"):
        read_schedule("rate(5 minutes)", start=naive)
    with pytest.raises(ValueError, match="has no time zone"):
        read_schedule("rate(5 minutes)").after(naive, created=NEW_YEAR)


@pytest.mark.parametrize(
    "name",
    [
        "Europe/Berlim",
        "europe/berlin",
        "Berlin",
        "CET+1",
        "",
        "Europe",
        "localtime",
        "posix/Europe/Berlin",
        "../../../etc/passwd",
        "/etc/localtime",
        "tzdata.zi",
        "zone.tab",
        "Europe/Berlin\0",
        "Europe/Berlin\n",
        "E" * 100_000,
        "Europa/Ber\u202elin",
    ],
)
def test_what_is_no_zone_is_refused(name: str) -> None:
    with pytest.raises(InvalidSchedule, match="is not the name of a time zone") as refusal:
        read_schedule("rate(5 minutes)", timezone=name)

    assert len(str(refusal.value)) < 300
    assert "\u202e" not in str(refusal.value)


@pytest.mark.parametrize("name", ["Europe/Berlim", "europe/berlin", "Berlin"])
def test_a_zone_nearly_right_is_named(name: str) -> None:
    with pytest.raises(InvalidSchedule, match='"Europe/Berlin" is'):
        read_schedule("rate(5 minutes)", timezone=name)


@pytest.mark.parametrize(
    "text",
    [
        "cron(" * 100_000,
        "cron(" + "," * 200 + " * * * ? *)",
        "cron(" + "0-" * 120 + " * * ? *)",
        "cron(" + "9" * 240 + " * * * ? *)",
        "cron(0/" + "9" * 230 + " * * * ? *)",
        "cron(0 0 " + "9" * 200 + "W * ? *)",
        "cron(0 0 ? * 1#" + "9" * 200 + " *)",
        "rate(" + "9" * 240 + " minutes)",
        "rate(5" + " " * 240 + "minutes",
        "at(" + "9" * 240 + ")",
        "cron(\u0663 * * * ? *)",
        "rate(\u0665 minutes)",
        "at(２０２６-01-01T00:00:00)",
        "cron(0 0 * * ? *)\x00",
        "\u202ecron(0 0 * * ? *)",
        "cron(\u2028 \u2029 * * ? *)",
    ],
)
def test_hostile_text_is_refused_at_once_and_shown_harmless(text: str) -> None:
    began = time.process_time()
    with pytest.raises(InvalidSchedule) as refusal:
        read_schedule(text)

    assert time.process_time() - began < 0.1
    assert len(str(refusal.value)) < 800
    assert str(refusal.value).isprintable()


@given(st.text(max_size=60) | st.text("0123456789*/,-?LW# SUNMO()", max_size=60).map("cron({})".format))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    for scheduler in (True, False):
        with suppress(InvalidSchedule):
            assert read_schedule(text, scheduler=scheduler).words


def test_a_thousand_schedules_know_their_next_run_in_a_tenth_of_a_second() -> None:
    schedules = [
        read_schedule(
            f"cron({number % 60} {number % 24} ? * {1 + number % 7}#{1 + number % 5} *)",
            timezone=("UTC", "Europe/Berlin", "America/New_York")[number % 3],
        )
        for number in range(1000)
    ]
    began = time.process_time()
    runs = [schedule.after(NEW_YEAR, created=NEW_YEAR) for schedule in schedules]

    assert time.process_time() - began < 0.1
    assert None not in runs


def test_what_never_comes_is_known_at_once() -> None:
    schedule = read_schedule("cron(* * 31 2,4,6,9,11 ? *)", timezone="Europe/Berlin")
    began = time.process_time()

    assert schedule.after(NEW_YEAR, created=NEW_YEAR) is None
    assert time.process_time() - began < 0.05
