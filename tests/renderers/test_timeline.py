"""The Gantt chart of an execution, read back from its SVG."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sfnb.renderers.durations import step_microseconds, words
from sfnb.renderers.style import Status
from sfnb.renderers.timeline import Bar, render_table, render_timeline

from .drawing import SVG, Element, classes, of_class, read, texts, title

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def bar(label: str, start: float, end: float | None, status: Status = "succeeded", **more: Any) -> Bar:
    stop = None if end is None else NOON + timedelta(seconds=end)
    return Bar(label=label, start=NOON + timedelta(seconds=start), end=stop, status=status, **more)


def rows(svg: str) -> list[Element]:
    return of_class(read(svg), "sfnb-row")


def stretches(row: Element) -> list[tuple[float, float]]:
    """Left and right of everything drawn in the plot."""
    drawn = [each for each in row if classes(each) & {"sfnb-bar", "sfnb-whole", "sfnb-open"}]
    return [(float(e.attrib["x"]), float(e.attrib["x"]) + float(e.attrib["width"])) for e in drawn]


def test_a_row_per_visit_in_the_order_of_their_starts() -> None:
    svg = render_timeline([bar("B", 5, 6), bar("A", 0, 9), bar("inside A", 0, 3, depth=1)], title="T")

    assert [title(row).split("\n")[0] for row in rows(svg)] == ["A", "inside A", "B"]
    assert [texts(row)[0] for row in rows(svg)] == ["A", "inside A", "B"]


def test_equal_starts_stay_in_the_order_of_the_log() -> None:
    bars = [bar("Map", 0, 5), bar("First", 0, 5, depth=1), bar("Last", 5, 5, depth=1), bar("Next", 5, 6)]

    assert [line.split()[-1] for line in render_table(bars).split("\n")] == ["Map", "First", "Last", "Next"]


def test_length_is_duration() -> None:
    (whole,), (first,), (second,) = map(
        stretches, rows(render_timeline([bar("A", 0, 10), bar("B", 0, 5), bar("C", 5, 10)]))
    )

    assert first[1] == second[0]
    assert first[1] - first[0] == pytest.approx((whole[1] - whole[0]) / 2)


@pytest.mark.parametrize("span", [0, 0.000001, 0.5, 3600, 86400 * 365, 86400 * 365 * 900])
def test_a_visit_of_no_length_can_be_seen_whatever_the_span(span: float) -> None:
    svg = render_timeline([bar("All", 0, span), bar("Now", 0, 0), bar("End", span, span)])
    whole, *points = [stretches(row)[0] for row in rows(svg)]

    assert all(right - left >= 3 for left, right in points)
    assert all(right <= max(whole[1], whole[0] + 700) + 0.11 for _, right in points)


@pytest.mark.parametrize(
    ("span", "ticks"),
    [
        (0.00009, ["0 s", "20 µs", "40 µs", "60 µs", "80 µs"]),
        (55, ["0 s", "10 s", "20 s", "30 s", "40 s", "50 s"]),
        (7 * 3600, ["0 s", *(f"{hour} h" for hour in range(1, 8))]),
        (86400 * 365, ["0 s", "60 d", "120 d", "180 d", "240 d", "300 d", "360 d"]),
    ],
)
def test_ticks_are_round(span: float, ticks: list[str]) -> None:
    axis = texts(read(render_timeline([bar("A", 0, span)])))

    assert axis[: len(ticks)] == ticks
    assert axis[len(ticks)] == "2026-03-01 12:00:00 UTC"


@given(st.integers(min_value=0, max_value=10**17))
def test_there_are_never_more_than_eight_steps(span: int) -> None:
    assert span <= 8 * step_microseconds(span, 8)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=10**6)))
def test_a_duration_always_has_words(duration: timedelta) -> None:
    assert 1 < len(words(duration)) < 20


def test_an_open_visit_reaches_until_now() -> None:
    bars = [bar("Done", 0, 10), bar("Running", 5, None, "running")]
    (_, done), (_, latest) = (stretches(row)[0] for row in rows(render_timeline(bars)))
    (_, early), (_, now) = (
        stretches(row)[0] for row in rows(render_timeline(bars, now=NOON + timedelta(seconds=20)))
    )

    assert latest == done
    assert now > early
    assert of_class(read(render_timeline(bars)), "sfnb-open")


def test_tries_stand_out_from_the_pauses_between_them() -> None:
    tries = tuple(
        (NOON + timedelta(seconds=a), NOON + timedelta(seconds=b)) for a, b in ((0, 2), (4, 6), (8, 10))
    )
    (row,) = rows(render_timeline([bar("Retried", 0, 10, tries=tries)]))
    whole, *parts = stretches(row)

    assert [right - left for left, right in parts] == pytest.approx([(whole[1] - whole[0]) / 5] * 3)
    assert [bool(classes(each) & {"sfnb-failed"}) for each in row if "sfnb-bar" in classes(each)] == [
        True,
        True,
        False,
    ]
    assert "3 tries" in title(row)


def test_of_too_many_visits_the_longest_are_kept() -> None:
    bars = [bar(f"V{n}", n, n + 1 + n % 100 / 100) for n in range(3_000)]
    began = time.thread_time()
    svg = render_timeline(bars)

    assert time.thread_time() - began < 1
    assert len(rows(svg)) == 2_000
    assert "the 1,000 shortest of 3,000 visits are left out" in texts(read(svg))
    assert "V99" in {texts(row)[0] for row in rows(svg)}
    assert "V0" not in {texts(row)[0] for row in rows(svg)}


def test_nothing_is_no_error() -> None:
    assert "nothing was visited" in texts(read(render_timeline([])))
    assert render_table([]) == "nothing was visited"


@given(st.text(st.characters(codec=None)), st.text(st.characters(codec=None)))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_the_chart(label: str, detail: str) -> None:
    svg = render_timeline([bar(label, 0, 1, detail=detail)], title=label)

    assert not list(read(svg).iter(f"{SVG}script"))
    assert render_timeline([bar(label, 0, 1, detail=detail)], title=label) == svg


def test_the_table_says_the_same_in_words() -> None:
    bars = [bar("B", 1.5, None, "running"), bar("A", 0, 90, "failed"), bar("C", 2, 2, depth=1)]

    assert render_table(bars, title="Run").split("\n") == [
        "Run",
        "✘          0 s   1 min 30 s  A",
        "▶        1.5 s            …  B",
        "✔          2 s          0 s    C",
    ]
    assert render_table([bar("A", n, n) for n in range(250)]).endswith("… and 50 more visits")
