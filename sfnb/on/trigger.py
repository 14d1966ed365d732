"""A trigger in a user's hands."""

from __future__ import annotations

import time
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sfnb.errors import SfnbError
from sfnb.given import keywords_told
from sfnb.on.words import outcome, states_of
from sfnb.table import Table
from sfnb.triggers import records
from sfnb.triggers.records import Counts

if TYPE_CHECKING:
    from sfnb.execution import Execution
    from sfnb.service import StepFunctions

LOOKS_SECONDS = 0.01
"""How often it is looked whether something has been started."""


@keywords_told
class Trigger:
    """Something that starts executions: a rule, a schedule, a route, a topic, a queue, a folder.

    Get one from `machine.on`. It is kept where the executions of machines are kept, and runs as long as this
    process lives; in the next one it goes on as soon as its machine is there.
    """

    def __init__(self, service: StepFunctions, key: str) -> None:
        self._service = service
        self.key = key

    @property
    def record(self) -> records.Trigger:
        """What is kept of it; raises SfnbError where it is gone."""
        found = self._service.triggers.get(self.key)
        if found is None:
            raise SfnbError(f"there is no trigger '{self.key}' any more")
        return found

    @property
    def kind(self) -> str:
        return self.record.kind

    @property
    def name(self) -> str:
        return self.record.name

    @property
    def settings(self) -> dict[str, Any]:
        """AWS's own description of it."""
        return self.record.settings

    @property
    def counts(self) -> Counts:
        """What it has matched, started and dropped, and why."""
        return self.record.counts

    @property
    def words(self) -> str:
        """What it is there for: "at 08:00 on weekdays"."""
        return self._service.triggers.words(self.record)

    @property
    def next(self) -> datetime | None:
        """When a schedule fires next, UTC; None for what does not come at certain times."""
        return self._service.triggers.recurring.next(self.key)

    @property
    def url(self) -> str:
        """Where a route is served, "http://127.0.0.1:8083/api/orders"; the broker of a topic rule, but for
        its user and password. Raises SfnbError for other kinds.
        """
        if self.kind not in ("http", "iot"):
            raise SfnbError(f"{self.name} is no route and no topic rule: it has no URL")
        kind: Any = self._service.triggers.kind(self.kind)
        url: str = kind.url(self.record)
        return url

    @property
    def latest(self) -> Execution | None:
        """The last execution that it has started."""
        from sfnb.execution import Execution

        arn = self.counts.execution
        return None if arn is None else Execution(self._service, self._service.execution(arn))

    def disable(self) -> Trigger:
        """Let it start nothing until `enable`."""
        self._service.triggers.enable(self.key, False)
        return self

    def enable(self) -> Trigger:
        """Let it start executions again, from now on."""
        self._service.triggers.enable(self.key, True)
        return self

    def remove(self) -> None:
        """Let it be gone."""
        self._service.triggers.remove(self.key)

    def wait(self, started: int = 1, *, dropped: int = 0, timeout_seconds: float = 30.0) -> Trigger:
        """Until it has started and dropped so many, and the last execution has ended; answers with itself.

        started, dropped: in all, what was before included; see `counts`.
        timeout_seconds: of real time, at most.
        Raises SfnbError where it takes longer, with what has come so far.
        """
        deadline = time.monotonic() + timeout_seconds
        while (counts := self.counts).started < started or sum(counts.dropped.values()) < dropped:
            if time.monotonic() > deadline:
                wanted = f"{started:,} and dropped {dropped:,}" if dropped else f"{started:,}"
                raise SfnbError(
                    f"{self.name} has not started {wanted} within {timeout_seconds:g} s: {outcome(counts)}"
                )
            time.sleep(LOOKS_SECONDS)
        self._service.triggers.deliverer.wait(max(deadline - time.monotonic(), 0.0))
        if self.latest is not None:
            self.latest.wait(max(deadline - time.monotonic(), 0.0))
        return self

    @property
    def table(self) -> Table:
        """What there is to say of it, a row each."""
        record = self.record
        here = states_of(self._service, record)
        rows = [
            ("starts", ", ".join(arn.rpartition(":")[2] for arn in record.targets)),
            ("on", self.words),
            ("at", self.url if record.kind in ("http", "iot") and here == "here" else ""),
            ("runs", here),
            ("next", "" if self.next is None else f"{self.next:%Y-%m-%d %H:%M:%S} UTC"),
            ("so far", outcome(record.counts)),
        ]
        shown = tuple(row for row in rows if row[1])
        return Table(title="", header=(record.kind, record.name), rows=shown)

    @property
    def text(self) -> str:
        """The same as text."""
        try:
            return self.table.text
        except SfnbError as fault:
            return str(fault)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.trigger_cards import card

        try:
            return card(self)._repr_mimebundle_()
        except SfnbError as fault:
            return {"text/plain": str(fault)}

    def __repr__(self) -> str:
        return self.text
