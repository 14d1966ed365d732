"""The table in docs/benchmarks.md: what the kept results have come to, and what they should."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmarks.figures import Figure, Workload
from benchmarks.ground import STORES
from benchmarks.results import ROOT, Results
from benchmarks.workloads import WORKLOADS

PAGE = ROOT / "docs" / "benchmarks.md"

INTRODUCTION = """\
# Benchmarks

What sfnb costs, measured by `make bench` (`python -m benchmarks --help` says how to measure less, or on
other stores). Each figure is the median of several repeats in a process of its own, with the full history
kept. **Bold**: the goal in the last column was missed.

In memory, unless a row says `(full)`: in a SQLite file, where every side effect and every end of an
execution is on the disk before it counts; or `(normal)`: the same, but for a power cut.
"""

ENDING = """\
This page is written by `python -m benchmarks --table` from the files in `benchmarks/results`, which
`python -m benchmarks --keep` adds to. Figures of different machines do not compare, and those of a machine
that others share may be half of what it can do.
"""


def page(kept: Sequence[Results]) -> str:
    """The whole page; `kept` is oldest first."""
    return "\n".join((INTRODUCTION, *table(kept), "", *machines(kept), ENDING))


def table(kept: Sequence[Results]) -> Iterator[str]:
    dates = [f"{results.day} `{results.commit}`" for results in kept]
    yield _row(["workload", "", "unit", *dates, "goal"])
    yield _row(["---", "---", "---", *["---:"] * len(kept), "---:"])
    for name, workload in WORKLOADS.items():
        for store in STORES:
            for key, figure in workload.figures.items():
                found = [results.cells.get(name, {}).get(store, {}).get(key) for results in kept]
                if any(found) or store in figure.goals:
                    values = [None if measured is None else measured.median for measured in found]
                    yield _row(_cells(name, workload, store, key, figure, values))


def _cells(
    name: str, workload: Workload, store: str, key: str, figure: Figure, values: list[float | None]
) -> list[str]:
    label = " ".join((name, *workload.label(store, key).split()))
    shown = ["" if value is None else shown_value(figure, store, value) for value in values]
    return [label, workload.what, figure.unit, *shown, goal(figure, store)]


def shown_value(figure: Figure, store: str, value: float) -> str:
    return number(value) if figure.meets(store, value) else f"**{number(value)}**"


def goal(figure: Figure, store: str) -> str:
    """As "> 50,000", "< 0.5", or "" for none."""
    if store not in figure.goals:
        return ""
    return f"{'≥' if figure.more else '≤'} {number(figure.goals[store])}"


def number(value: float) -> str:
    """Three digits at least, and none that a measurement has not."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.3g}"


def machines(kept: Sequence[Results]) -> Iterator[str]:
    """Where each result was measured."""
    for results in kept:
        yield (
            f"- {results.day} `{results.commit}`: {results.machine}, {results.cores} cores, "
            f"Python {results.python}"
        )
    if kept:
        yield ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
