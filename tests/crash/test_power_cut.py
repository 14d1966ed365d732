"""A power cut takes what was not synced: at full durability all that anybody was told is kept, at normal the
file stays whole.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from sfnb.stores.sqlite import SqliteStore
from sfnb.stores.sqlite.checking import check
from sfnb.stores.sqlite.schema import Durability
from tests.crash.disk import Deed, Disk, build, deeds
from tests.crash.driver import Answers, finish
from tests.crash.evidence import Evidence
from tests.crash.ledger import Ledger
from tests.crash.verdict import compare
from tests.crash.victim import Round

EXECUTIONS = 10
TOLD = {"started", "calls", "accepted", "ended"}
"""Files of the ledger whose lines promise something of the logs."""


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = build(tmp_path_factory.mktemp("disk"))
    if library is None:
        pytest.skip("there is no C compiler here")
    return library


def traced(folder: Path, library: Path, durability: Durability, seed: str) -> list[Deed]:
    """All that a process did to `folder` while it ran some executions."""
    round = Round(str(folder), seed, EXECUTIONS, 0, 0, EXECUTIONS, durability)
    trace = folder.with_suffix(".trace")
    disk = {"LD_PRELOAD": str(library), "DISK_FOLDER": str(folder), "DISK_TRACE": str(trace)}
    with written(folder) as ledger:
        finish(round, Answers(ledger), os.environ | disk)
    return list(deeds(trace))


@contextmanager
def written(folder: Path) -> Iterator[Ledger]:
    folder.mkdir(exist_ok=True)
    ledger = Ledger(folder)
    yield ledger
    ledger.close()


def look(folder: Path) -> Evidence:
    """Raises AssertionError where somebody was told what is not so any more."""
    with written(folder) as ledger:
        evidence = Evidence(folder, ledger)
        evidence.look(0)
    return evidence


def cuts(trace: Sequence[Deed], chance: random.Random, count: int) -> list[int]:
    """Places to cut at: each right after something was told, when it has had the least time to be kept."""
    told = [place for place, deed in enumerate(trace, 1) if deed.kind == "W" and deed.name in TOLD]
    return sorted(chance.sample(told, min(count, len(told))))


def left_by(
    trace: Sequence[Deed], places: Sequence[int], folder: Path, chance: random.Random
) -> Iterator[Path]:
    """What each cut leaves, in a folder of its own: the least that it may leave, or more by chance."""
    disk, done = Disk("store.db"), 0
    for place in places:
        for deed in trace[done:place]:
            disk.do(deed)
        done = place
        left = folder / str(place)
        left.mkdir()
        disk.cut(left, chance if chance.random() < 0.5 else None)
        yield left


def assert_whole(left: Path) -> None:
    """The store opens, and nothing in it is damaged."""
    store = SqliteStore(left / "store.db", create=False)
    try:
        assert check(store) == []
    finally:
        store.close()


def test_whatever_was_told_survives_every_power_cut_at_full_durability(tmp_path: Path, library: Path) -> None:
    seed = f"full-{time.time_ns()}"
    print("seed:", seed)
    chance = random.Random(seed)
    trace = traced(tmp_path / "traced", library, "full", seed)
    places = cuts(trace, chance, 40)
    resumed = set(chance.sample(places, 2))
    whole = look(tmp_path / "traced")

    for left, place in zip(left_by(trace, places, tmp_path, chance), places, strict=True):
        evidence = look(left)
        assert_whole(left)
        if place in resumed:
            with written(left) as ledger:
                evidence = Evidence(left, ledger)
                evidence.look(0)
                finish(Round(str(left), seed, EXECUTIONS, 1, 0, EXECUTIONS), Answers(ledger))
                evidence.look(1)
            compare(evidence, whole)


def test_at_normal_durability_a_power_cut_takes_the_last_but_harms_nothing(
    tmp_path: Path, library: Path
) -> None:
    seed = f"normal-{time.time_ns()}"
    print("seed:", seed)
    chance = random.Random(seed)
    trace = traced(tmp_path / "traced", library, "normal", seed)
    places = cuts(trace, chance, 40)

    forgot = 0
    for left in left_by(trace, places, tmp_path, chance):
        assert_whole(left)
        try:
            look(left)
        except AssertionError:
            forgot += 1
    assert forgot, "this disk cannot tell full from normal"
