"""A folder looked at: the files below it, when they have been written to the end, and when to look again."""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec

log = logging.getLogger("sfnb")

QUIET_SECONDS = 0.3
"""How long nothing is written to a file that is there."""
GROWN_QUIET_SECONDS = 1.0
"""The same of one that was seen to grow: whoever writes in parts may pause between them."""
STEP_MILLISECONDS = 50
LOOK_MILLISECONDS = 200


_BUCKET_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,254}")


def is_bucket_name(name: str) -> bool:
    """Whether a folder may stand for a bucket of this name: none that leads out of the one that it is in."""
    return _BUCKET_NAME.fullmatch(name) is not None


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """What tells a file from another one of its name. nanoseconds: of its last change, since 1970."""

    nanoseconds: int
    size: int
    inode: int


class Settling:
    """Files that may still be being written.

    They are told by being watched, not by their times: a copy may bring an older one along, and the clock of
    another machine may differ.
    """

    def __init__(self) -> None:
        self._since: dict[str, tuple[Mark, float, float]] = {}

    def young(self, fresh: Mapping[str, Mark], now: float) -> set[str]:
        """Those that have changed lately. now: monotonic, in seconds."""
        before, self._since = self._since, {}
        young = set()
        for key, mark in fresh.items():
            known = before.get(key)
            if known is None:
                known = (mark, now, QUIET_SECONDS)
            elif known[0] != mark:
                known = (mark, now, GROWN_QUIET_SECONDS)
            if now - known[1] < known[2]:
                young.add(key)
                self._since[key] = known
        return young


def objects(folder: Path) -> dict[str, Mark]:
    """The files below a folder, by their keys; nothing where there is none.

    Left out are hidden ones, and those whose names are no UTF-8 text.
    """
    return dict(_walk(folder, "", ()))


def _walk(folder: Path, prefix: str, above: tuple[tuple[int, int], ...]) -> Iterator[tuple[str, Mark]]:
    """above: the folders on the way, so that a link to one of them ends the walk there."""
    try:
        here = folder.stat()
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError:
        return
    way = (*above, (here.st_dev, here.st_ino))
    for entry in entries:
        if entry.name.startswith(".") or not _is_text(entry.name):
            continue
        try:
            facts = entry.stat()
            if entry.is_dir():
                if (facts.st_dev, facts.st_ino) not in way:
                    yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", way)
                continue
        except OSError:
            continue  # it has gone meanwhile
        yield f"{prefix}{entry.name}", Mark(facts.st_mtime_ns, facts.st_size, facts.st_ino)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def follow(
    folder: Path,
    stop: threading.Event,
    ready: threading.Event,
    again: threading.Event,
    look: Callable[[], bool],
    stays: Callable[[], bool],
) -> None:
    """Look now, and whenever something has changed below a folder, until `stop`, or while it `stays`.

    ready: set when nothing can escape any more. again: set by whoever wants it looked at in any case.
    look: answers whether to look again soon.
    """
    again.set()
    told = ""
    for changed in _changes(folder, stop):
        if stop.is_set() or not stays():
            return
        if changed or again.is_set():
            again.clear()
            try:
                unsettled = look()
                told = ""
            except Exception as fault:  # the watcher goes on; each reason is told of once
                if told != repr(fault):
                    told = repr(fault)
                    log.exception("the buckets in %s cannot be looked at; tried again", folder)
                unsettled = True
            if unsettled:
                again.set()
        ready.set()


def _changes(folder: Path, stop: threading.Event) -> Iterator[bool]:
    """Whether there may have been a change, several times a second."""
    from watchfiles import watch

    yield True
    try:
        for changes in watch(
            folder,
            stop_event=stop,
            debounce=int(QUIET_SECONDS * 1000),
            step=STEP_MILLISECONDS,
            rust_timeout=LOOK_MILLISECONDS,
            yield_on_timeout=True,
            raise_interrupt=False,
            watch_filter=None,
        ):
            yield bool(changes)
    except (OSError, RuntimeError) as fault:
        log.warning("%s cannot be watched, and is looked through every second: %s", folder, fault)
    while not stop.wait(1):
        yield True
