"""Results as JSON files: every measurement, and where it was made."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec import structs

import sfnb
from benchmarks.measure import Cell, Measured

ROOT = Path(__file__).parent.parent
KEPT = Path(__file__).parent / "results"
"""A file for each day and commit that is worth remembering."""


class Results(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured at a time.

    measured: local time, ISO 8601. commit: short; "unknown" outside of a repository.
    cells: by workload and store.
    """

    sfnb: str
    commit: str
    measured: str
    python: str
    machine: str
    cores: int | None
    cells: dict[str, dict[str, Cell]]

    @property
    def day(self) -> str:
        return self.measured[:10]


def results_here(cells: dict[str, dict[str, Cell]]) -> Results:
    """`cells`, measured here and now."""
    return Results(
        sfnb=sfnb.__version__,
        commit=git("rev-parse", "--short", "HEAD") or "unknown",
        measured=datetime.now().isoformat(timespec="seconds"),
        python=platform.python_version(),
        machine=f"{platform.system()} {platform.machine()}",
        cores=os.cpu_count(),
        cells=cells,
    )


def is_committed(folder: Path = ROOT) -> bool:
    """Whether the package below `folder` is that of a commit, so that its results can be kept under it."""
    return bool(git("rev-parse", "HEAD", folder=folder)) and not git(
        "status", "--porcelain", "--", "sfnb", folder=folder
    )


def git(*words: str, folder: Path = ROOT) -> str:
    """What git answers; "" where there is no git, or no repository."""
    try:
        done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def write(results: Results, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(msgspec.json.format(msgspec.json.encode(_rounded(results)), indent=1) + b"\n")


def keep(results: Results, folder: Path = KEPT) -> Path:
    """Write the file of this day and commit; what it has of other workloads stays."""
    file = folder / f"{results.day}-{results.commit}.json"
    if file.exists():
        before = read(file).cells
        cells = {
            name: {**before.get(name, {}), **results.cells.get(name, {})}
            for name in {**before, **results.cells}
        }
        results = structs.replace(results, cells=cells)
    write(results, file)
    return file


def read(file: Path) -> Results:
    return msgspec.json.decode(file.read_bytes(), type=Results)


def read_kept(folder: Path = KEPT) -> list[Results]:
    """Oldest first."""
    return sorted((read(file) for file in folder.glob("*.json")), key=lambda results: results.measured)


def _rounded(results: Results) -> Results:
    """Six digits are more than a measurement has."""
    cells = {
        name: {
            store: {figure: _round(measured) for figure, measured in cell.items()}
            for store, cell in stores.items()
        }
        for name, stores in results.cells.items()
    }
    return structs.replace(results, cells=cells)


def _round(measured: Measured) -> Measured:
    lower, upper = measured.middle
    return structs.replace(
        measured,
        median=_six_digits(measured.median),
        best=_six_digits(measured.best),
        middle=(_six_digits(lower), _six_digits(upper)),
        cpu=None if measured.cpu is None else _six_digits(measured.cpu),
    )


def _six_digits(value: float) -> float:
    return float(f"{value:.6g}")
