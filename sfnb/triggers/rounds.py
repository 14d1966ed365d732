"""Executions that start each other by telling of their ends: rules whose targets set them off again.

On AWS such a round goes on until somebody notices. Here one that turns quickly is stopped; a slow one, such
as a machine that is started again whenever it has ended, may turn for ever.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from sfnb.engine.clock import Clock
from sfnb.triggers.deliveries import Delivery
from sfnb.triggers.ports import Refused

MOST_QUICK = 100
"""How many executions may follow from each other quickly."""
QUICK = timedelta(seconds=1)
"""What each takes on the average where they do."""
MOST_KNOWN = 10_000


class Round(NamedTuple):
    """How an execution has come about. number: how many before it, each started by the end of another."""

    number: int
    began: datetime


class Rounds:
    """The latest executions that followed from another one's change of status, by their names."""

    def __init__(self, clock: Callable[[], Clock]) -> None:
        self._clock = clock
        self._changing = threading.Lock()
        self._known: OrderedDict[str, Round] = OrderedDict()

    def turn(self, delivery: Delivery) -> None:
        """An execution is about to be started; raises Refused where it has gone round too often, too quickly.

        It is noted by its name, and before it begins: it may have ended before anybody hears of its ARN.
        """
        if delivery.cause is None or delivery.name is None:
            return
        with self._changing:
            before = self._known.get(delivery.cause.rpartition(":")[2])
            if before is None:
                before = Round(0, self._clock().now())
            self._check(before)
            self._known[delivery.name] = Round(before.number + 1, before.began)
            if len(self._known) > MOST_KNOWN:
                self._known.popitem(last=False)

    def _check(self, before: Round) -> None:
        quick = self._clock().now() - before.began < before.number * QUICK
        if before.number >= MOST_QUICK and quick:
            raise Refused(
                "LOOP",
                f"executions start each other by their changes of status, {before.number} in a row since"
                f" {before.began:%Y-%m-%d %H:%M:%S} UTC: let the rule's pattern leave out what it starts",
            )
