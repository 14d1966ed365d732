"""Measures the workloads, prints a table and writes JSON."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.ground import STORES, StoreName
from benchmarks.measure import Cell, Measured, MeasuringFailed, measure_apart
from benchmarks.results import is_committed, keep, read_kept, results_here, write
from benchmarks.trend import PAGE, goal, number, page
from benchmarks.workloads import WORKLOADS

Cells = dict[str, dict[str, Cell]]


def main() -> int:
    """The exit status: 1 where something could not be measured. A goal that is missed is no failure."""
    options = parsed()
    if options.table:
        renew_page()
        return 0
    cells: Cells = {}
    faults = []
    for name in options.names or WORKLOADS:
        for store in stores_of(name, options.store):
            print(f"{name} ({store}) ...".ljust(40), end="\r", file=sys.stderr, flush=True)
            try:
                cells.setdefault(name, {})[store] = measure_apart(name, store, options.repeat)
            except MeasuringFailed as fault:
                faults.append(f"{name} ({store}) failed: {fault}")
    show(cells)
    results = results_here(cells)
    write(results, options.json)
    print(f"written to {options.json}", file=sys.stderr)
    if options.keep:
        print(f"kept in {keep(results)}", file=sys.stderr)
        renew_page()
    for line in faults:
        print(line, file=sys.stderr)
    return bool(faults)


def parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"some of {', '.join(WORKLOADS)}; all unless given"
    )
    parser.add_argument(
        "--store",
        choices=(*STORES, "all"),
        help="where events are kept: in memory, or in a file that is flushed in full or normally; "
        "unless given, wherever a workload has a goal",
    )
    parser.add_argument("--repeat", type=int, default=7, help="how often each is measured (default: 7)")
    parser.add_argument(
        "--json", type=Path, default=Path("build/benchmarks.json"), help="default: %(default)s"
    )
    parser.add_argument(
        "--keep", action="store_true", help="keep the results of this commit, and show them in the docs"
    )
    parser.add_argument("--table", action="store_true", help=f"only write docs/{PAGE.name} anew")
    options = parser.parse_args()
    if unknown := set(options.names) - set(WORKLOADS):
        parser.error(f"no such workload: {', '.join(sorted(unknown))}")
    if options.keep and not is_committed():
        parser.error("results are kept under the commit that they are of: commit the changes in sfnb first")
    return options


def stores_of(name: str, wanted: StoreName | str | None) -> tuple[StoreName, ...]:
    """The stores a workload is measured on; what uses no store is measured once."""
    workload = WORKLOADS[name]
    if wanted is None or not workload.uses_store:
        return workload.stores
    return STORES if wanted == "all" else tuple(store for store in STORES if store == wanted)


def renew_page() -> None:
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(read_kept()))
    print(f"written to {PAGE}", file=sys.stderr)


def show(cells: Cells) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("", "what", "median", "best", "by cpu", "unit", "should be"):
        table.add_column(
            heading, no_wrap=True, justify="left" if heading in ("", "what", "unit") else "right"
        )
    for row in rows(cells):
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 130).print(table)


def rows(cells: Cells) -> Iterator[list[str]]:
    for name, stores in cells.items():
        for store, cell in stores.items():
            for key, measured in cell.items():
                yield row(name, store, key, measured)


def row(name: str, store: str, key: str, measured: Measured) -> list[str]:
    workload = WORKLOADS[name]
    figure = workload.figures[key]
    median = number(measured.median)
    return [
        f"{name} {workload.label(store, key)}".rstrip(),
        workload.what,
        median if figure.meets(store, measured.median) else f"[red]{median}[/red] !",
        number(measured.best),
        "" if measured.cpu is None else number(measured.cpu),
        figure.unit,
        goal(figure, store),
    ]


if __name__ == "__main__":
    sys.exit(main())
