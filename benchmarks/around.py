"""Work for what is around the engine: tables, checks, the import."""

from __future__ import annotations

import subprocess
import sys

from benchmarks import machines
from benchmarks.figures import Found, Work, check
from benchmarks.ground import Ground
from sfnb.asl.decode import decode
from sfnb.asl.source import read_text

FILES = 50


def frames(ground: Ground) -> Work:
    looped = ground.machine(machines.loop())
    looped.run({"i": 0, "n": machines.LONG}).result()

    def work() -> Found:
        execution = looped.executions[0]  # another object: it has kept nothing
        check((len(execution.events), len(execution.visits), len(execution.map_items)), (25_000, 12_499, 0))
        return {}

    return work


def checking(texts: list[str]) -> Work:
    def work() -> Found:
        for text in texts:
            _, findings = decode(read_text(text, max_bytes=sys.maxsize))
            check(list(findings), [])
        return {}

    return work


def check_large(ground: Ground) -> Work:
    return checking([machines.text_of(5_000)])


def check_small(ground: Ground) -> Work:
    """As long as published definitions are on average."""
    return checking([machines.text_of(8, prefix=f"F{number}.", indent=4) for number in range(FILES)])


def import_package(ground: Ground) -> Work:
    def work() -> Found:
        subprocess.run([sys.executable, "-c", "import sfnb"], check=True)
        return {}

    return work
