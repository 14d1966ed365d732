"""The benchmarks still measure what they say: each checks its own answers."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.__main__ import stores_of
from benchmarks.figures import Figure
from benchmarks.ground import STORES, StoreName, ground
from benchmarks.measure import Cell, Measured, MeasuringFailed, measure, measure_apart, measured
from benchmarks.results import Results, git, is_committed, keep, read, read_kept, results_here
from benchmarks.trend import PAGE, page
from benchmarks.workloads import WORKLOADS


def rate(median: float) -> Cell:
    return {
        "rate": Measured(unit="transitions/s", repeats=1, median=median, best=median, middle=(median, median))
    }


def results_of(cells: dict[str, dict[str, Cell]], day: str = "2025-01-31") -> Results:
    return Results(
        sfnb="0.1.0",
        commit="abc1234",
        measured=f"{day}T12:00:00",
        python="3.11.7",
        machine="Linux x86_64",
        cores=2,
        cells=cells,
    )


LONG = {"open", "many", "boto3", "starts", "triggers", "steps"}
"""Workloads that take five seconds and more."""


@pytest.mark.parametrize(
    ("name", "store"),
    [
        pytest.param(name, store, marks=[pytest.mark.soak] if name in LONG else [])
        for name in WORKLOADS
        for store in stores_of(name, None)
    ],
)
def test_a_workload_does_its_work_and_finds_every_figure_that_has_a_goal(name: str, store: StoreName) -> None:
    workload = WORKLOADS[name]
    if name == "memory" and not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells what a process has resident")

    with ground(store) as place:
        found = workload.make(place)()

    assert set(found) <= set(workload.figures)
    assert {key for key, figure in workload.figures.items() if store in figure.goals} <= {
        *found,
        "rate",
        "time",
    }


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_is_measured_in_memory_and_wherever_it_has_a_goal(name: str) -> None:
    goals = {store for figure in WORKLOADS[name].figures.values() for store in figure.goals}

    assert set(stores_of(name, None)) == {"memory", *goals}


def test_every_store_can_be_asked_for() -> None:
    assert stores_of("loop", "normal") == ("normal",)
    assert stores_of("loop", "all") == STORES
    assert stores_of("check", "full") == ("memory",)


def test_a_measurement_is_the_median_of_its_repeats() -> None:
    found = measured(Figure("/s", more=True), [9.0, 2.0, 4.0], [5.0, 7.0, 6.0])

    assert (found.repeats, found.median, found.best, found.cpu) == (3, 4.0, 9.0, 6.0)
    assert measured(Figure("ms"), [9.0, 2.0, 4.0], None).best == 2.0


def test_work_is_repeated_as_often_as_asked_and_short_work_for_a_while() -> None:
    (asked,) = measure("file", "memory", 2, least_seconds=0.0).values()  # half a millisecond of work
    (long,) = measure_apart("file", "memory", 2).values()

    assert asked.repeats == 2
    assert long.repeats > 2


def test_a_time_that_the_work_finds_itself_has_no_cpu_time() -> None:
    cell = measure("short", "memory", 2, least_seconds=0.0)

    assert list(cell) == ["rate", "p50", "p99"]
    assert cell["rate"].cpu is not None
    assert cell["p99"].cpu is None


def test_a_process_of_its_own_measures_the_same_figures() -> None:
    assert measure_apart("file", "memory", 1).keys() == measure("file", "memory", 1).keys()


def test_what_cannot_be_measured_says_why() -> None:
    with pytest.raises(MeasuringFailed, match="KeyError: 'nothing'"):
        measure_apart("nothing", "memory", 1)


def test_nothing_is_left_of_a_ground() -> None:
    with ground("full") as place:
        running = WORKLOADS["steps"].make(place)
        running()
        assert any(place.folder.iterdir())

    assert not place.folder.exists()


@pytest.mark.parametrize(
    ("more", "value", "meets"), [(True, 9, False), (True, 10, True), (False, 10, True), (False, 11, False)]
)
def test_a_goal_is_met_from_its_own_side(more: bool, value: float, meets: bool) -> None:
    assert Figure("", {"full": 10}, more).meets("full", value) is meets
    assert Figure("", {"full": 10}, more).meets("memory", value)


def test_kept_results_of_a_day_and_commit_are_one_file(tmp_path: Path) -> None:
    first = {"loop": {"memory": rate(1.0), "full": rate(2.0)}, "map": {"memory": rate(3.0)}}
    second = {"loop": {"memory": rate(4.0)}}

    for cells in (first, second):
        file = keep(results_of(cells), tmp_path)

    assert file.name == "2025-01-31-abc1234.json"
    (kept,) = read_kept(tmp_path)
    assert kept.cells == {
        "loop": {"memory": rate(4.0), "full": rate(2.0)},
        "map": {"memory": rate(3.0)},
    }


def test_results_say_where_they_were_made(tmp_path: Path) -> None:
    results = results_here({"loop": {"memory": rate(1234567.891)}})

    read_again = read(keep(results, tmp_path))

    assert results.python == f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    assert read_again.cells["loop"]["memory"]["rate"].median == 1_234_570
    assert (read_again.commit, read_again.measured) == (results.commit, results.measured)


def test_the_table_shows_each_result_beside_the_goal_and_marks_those_that_miss_it() -> None:
    text = page(
        [
            results_of({"loop": {"memory": rate(200_000.4), "full": rate(49_999.0)}}),
            results_of({"loop": {"memory": rate(149_000.0)}}, "2025-02-01"),
        ]
    )

    what = "Pass and Choice, 5,000 turns | transitions/s"
    assert f"| loop | {what} | 200,000 | **149,000** | ≥ 150,000 |" in text
    assert f"| loop (full) | {what} | **49,999** |  | ≥ 50,000 |" in text
    assert "2025-02-01 `abc1234`: Linux x86_64, 2 cores, Python 3.11.7" in text


def test_the_page_of_benchmarks_is_what_the_kept_results_make() -> None:
    assert PAGE.read_text() == page(read_kept())


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_results_are_of_a_commit_only_where_the_package_has_no_other_changes(tmp_path: Path) -> None:
    (tmp_path / "sfnb").mkdir()
    (tmp_path / "sfnb" / "a.py").touch()
    assert not is_committed(tmp_path)

    git("init", "--quiet", folder=tmp_path)
    git("add", ".", folder=tmp_path)
    who = ("-c", "user.name=a", "-c", "user.email=a@b.c", "-c", "commit.gpgsign=false")
    git(*who, "commit", "--quiet", "--message", "First", folder=tmp_path)
    (tmp_path / "other.py").touch()
    assert is_committed(tmp_path)

    (tmp_path / "sfnb" / "b.py").touch()
    assert not is_committed(tmp_path)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *words], capture_output=True, text=True, check=False
    )


def test_the_command_shows_figures_and_writes_them(tmp_path: Path) -> None:
    file = tmp_path / "results" / "found.json"

    done = run("import", "--repeat", "1", "--json", str(file))

    assert done.returncode == 0, done.stderr
    assert "python -c 'import sfnb'" in done.stdout
    assert read(file).cells["import"]["memory"]["time"].median > 0


def test_a_name_that_is_unknown_is_refused() -> None:
    done = run("nothing")

    assert done.returncode == 2
    assert "no such workload: nothing" in done.stderr
