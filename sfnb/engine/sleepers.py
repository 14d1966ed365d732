"""Executions on one clock that jumps: an execution, the children of its map runs, what its tasks start.

Theory of operation. Such a clock may jump only when none of them can go on, and then no further than to
the first moment that any of them waits for; so things happen in the order of their moments, as they
would in real time, whoever they happen to. Clocks of their own, one for each child, were tried: what
began when a child ended then began at a moment that depended on whose turn it was.

Everything here is called on the engine's thread.
"""

from __future__ import annotations

import heapq
import itertools
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sfnb.engine.run import Run


class Sleepers:
    """Who of them is awake, and what the others wait for."""

    def __init__(self) -> None:
        self._awake = 0
        self._moments: list[tuple[datetime, int, Run]] = []
        self._order = itertools.count(1)

    def join(self) -> None:
        """One more begins, awake."""
        self._awake += 1

    def sleep(self, run: Run, moment: datetime | None) -> None:
        """`run` cannot go on before `moment`, or before something comes from outside (None).

        Whoever is first to go on is given a turn, if nobody is awake any more.
        """
        run.asleep = next(self._order)
        self._awake -= 1
        if moment is not None:
            heapq.heappush(self._moments, (moment, run.asleep, run))
        self._jump()

    def rouse(self, run: Run) -> None:
        """`run` can go on after all, or has to be waited for."""
        run.asleep = 0
        self._awake += 1

    def leave(self, run: Run) -> None:
        """`run` has ended."""
        if not run.asleep:
            self._awake -= 1
        run.asleep = 0
        self._jump()

    def _jump(self) -> None:
        moments = self._moments
        while not self._awake and moments:
            moment, since, run = heapq.heappop(moments)
            if run.asleep == since:  # else it has been roused in between
                run.clock.jump(moment)
                run.schedule(run.turn)
