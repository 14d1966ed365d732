"""The account and the region that everything here belongs to."""

from __future__ import annotations

from collections.abc import Callable

from sfnb.engine.clock import Clock


class Account:
    """What all actions share.

    clock: makes the clock of each execution.
    """

    account: str
    region: str
    clock: Callable[[], Clock]

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:aws:states:{self.region}:{self.account}:{kind}:{name}"
