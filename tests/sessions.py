"""Sessions one after another in one process, over one file: what a restarted kernel finds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sfnb
from sfnb import default

SOON = 60
"""Seconds within which what is expected comes."""


@contextmanager
def sessions(file: Path) -> Iterator[Callable[[], None]]:
    """A first session; what is yielded ends it and begins the next: what runs is interrupted then."""

    def begin() -> None:
        default.service().close()
        default.service.cache_clear()
        sfnb.use_store(file)

    begin()
    yield begin
    default.service().close()
    default.service.cache_clear()


def until(holds: Callable[[], object], what: str = "it") -> None:
    """Wait until something holds."""
    latest = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < latest, f"{what} did not come"
        time.sleep(0.005)


def task(resource: str, next: str | None = None, **more: Any) -> dict[str, Any]:
    """A Task state."""
    after = {"End": True} if next is None else {"Next": next}
    return {"Type": "Task", "Resource": resource, **after, **more}
