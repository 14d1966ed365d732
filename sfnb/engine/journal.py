"""The log comes first: what runs have written is committed before the world hears of it.

Theory of operation. A run that has written something says so, and hands over what may be done only when
that is committed: a call to make, a child to count, an end to tell. One commit serves every run that has
something by then; it comes when all that were ready have had their turns, or 5 ms after the first of them,
whichever is sooner. A disk that syncs a thousand times a second so carries any number of executions.

What cannot be committed is *lost* to this process: the run is let go of, nothing of what waited is done,
and its log stays as it was, to be taken up again.

Everything here is called on the engine's thread.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from sfnb.engine.ports import Append, EventStore
from sfnb.errors import StaleAppend, StoreFault

if TYPE_CHECKING:
    from sfnb.engine.run import Run

log = logging.getLogger("sfnb")

LONGEST_SECONDS = 0.005
"""How long the first of those that wait for a commit may wait for others."""


class Journal:
    """The commits of one engine's runs."""

    def __init__(self, soon: Callable[[Callable[[], None]], None]) -> None:
        self._soon = soon
        self._runs: dict[Run, None] = {}
        self._effects: list[tuple[Run, Callable[[], None]]] = []
        self._due = False
        self._since = 0.0

    def add(self, run: Run) -> None:
        """`run` has written something."""
        self._runs[run] = None
        self._expect()

    def then(self, run: Run, effect: Callable[[], None], *, first: bool = False) -> None:
        """Have `effect` called once all that `run` has written is committed; never, if it cannot be.

        first: before all else that waits for it.
        """
        self._effects.insert(0 if first else len(self._effects), (run, effect))
        self.add(run)

    def _expect(self) -> None:
        if not self._due:
            self._due = True
            self._since = time.monotonic()
            self._soon(self._commit_due)

    def commit_if_late(self) -> None:
        """Between two turns: who has waited long enough waits no more."""
        if self._due and time.monotonic() - self._since > LONGEST_SECONDS:
            self.commit()

    def _commit_due(self) -> None:
        if self._due:
            self.commit()

    def commit(self) -> None:
        """Commit what all runs have written, then do what waited for it."""
        self._due = False
        runs, self._runs = self._runs, {}
        effects, self._effects = self._effects, []
        by_store: dict[EventStore, list[Run]] = {}
        for run in runs:
            if run.pending:
                by_store.setdefault(run.store, []).append(run)
        for store, writers in by_store.items():
            _write(store, writers)
        for run, effect in effects:
            if run.fault is None:
                run.guard(effect)


def _write(store: EventStore, runs: list[Run]) -> None:
    """In one transaction; where one run is behind its log, the others are written without it."""
    try:
        store.append_all([Append(run.arn, run.pending, run.written) for run in runs])
    except StaleAppend as fault:
        if len(runs) == 1:
            runs[0].lose(fault)
            return
        for run in runs:
            _write(store, [run])
    except StoreFault as fault:
        log.error("%s", fault)
        for run in runs:
            run.lose(fault)
    else:
        for run in runs:
            run.committed()
