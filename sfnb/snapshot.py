"""An execution as it was: its log cut at a moment, and what the rest of the library makes of that."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from sfnb.asl.graph import NodePath
from sfnb.engine import events as ev
from sfnb.engine.execution import ExecutionState, fold_execution
from sfnb.engine.facts import Fact
from sfnb.engine.records import recorded
from sfnb.engine.redrive import described
from sfnb.engine.visits import Fold, Visit
from sfnb.errors import SfnbError
from sfnb.explain import Account, plain_message, printable, text_of
from sfnb.frames import last_values, path_text
from sfnb.hints import shortened
from sfnb.logged import Logged
from sfnb.service import Live, StepFunctions
from sfnb.values import encode

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.execution import Execution
    from sfnb.renderers import Picture
    from sfnb.renderers.story import Progress

MOST_OPEN, MOST_SCOPES, MOST_NAMES = 5, 5, 8
LONGEST_INPUT, LONGEST_VALUE = 120, 60


class Snapshot(Logged):
    """An execution as it was at some moment; get one from `execution.at`.

    It has the tables and pictures of an Execution, of the log up to then. Visits in child executions are
    those up to the same time on the clock: a frozen clock does not tell them apart.
    """

    def __init__(
        self, service: StepFunctions, live: Live, log: Sequence[ev.Event], *, last_id: int, time: datetime
    ) -> None:
        """`log`: cut; `last_id`: of the whole log's last event; `time`: the moment that was asked for."""
        super().__init__(service, live)
        self._log = log
        self._last_id = last_id
        self.time = time

    @property
    def log(self) -> Sequence[ev.Event]:
        """Every event and fact up to the moment, as records."""
        return self._log

    @property
    def _grows(self) -> bool:
        return False

    def describe(self) -> ExecutionState:
        """Everything at once, as DescribeExecution would have had it."""
        return self._once("state", self._state)

    def _state(self) -> ExecutionState:
        return described(fold_execution(self._log), recorded(self.arn, None, self._log), self.time)

    @property
    def event(self) -> ev.Event:
        """The last event so far."""
        return next(event for event in reversed(self._log) if not isinstance(event, Fact))

    @property
    def elapsed(self) -> timedelta:
        """From the start to the moment."""
        return self.time - self.start_date

    # States

    @property
    def open_trail(self) -> list[Visit]:
        """The visits under way, as records; a Map or Parallel, and the states inside it."""
        return [visit for visit in self.trail if visit.status == "running"]

    @property
    def open_states(self) -> pd.DataFrame:
        """A row per state under way: where, with what; columns of `visits`."""
        from sfnb.frames import visits_frame

        columns = [
            "state",
            "type",
            "path",
            "iteration",
            "input",
            "attempts",
            "error",
            "entered",
            "entered_id",
        ]
        return visits_frame(self.open_trail)[columns]

    @property
    def completed(self) -> pd.DataFrame:
        """A row per visit that was over, however it ended."""
        from sfnb.frames import visits_frame

        return visits_frame([visit for visit in self.trail if visit.status != "running"])

    @property
    def scoped_trail(self) -> list[Visit]:
        """The visits whose variables could be read: the machine's, and those of open branches and items."""
        last_id = self.event.id
        frames = {
            visit.frame for visit in self.trail if visit.status == "running" or visit.exited_id == last_id
        }
        return [visit for visit in self.trail if not visit.frame or visit.frame in frames]

    @property
    def variables(self) -> pd.DataFrame:
        """A row per workflow variable that a state could read, with its scope: "" for the machine's."""
        from sfnb.frames import variables_frame

        return variables_frame(self.scoped_trail)

    # Child executions

    def _read(self, arn: str) -> Iterable[ev.Event]:
        return up_to(super()._read(arn), self.time)

    @property
    def progress(self) -> dict[NodePath, Progress]:
        """How far its Maps in DISTRIBUTED mode were, by path."""
        from sfnb.children import progress_of

        return progress_of(self.deep_trail, self._service.map_runs, self.time)

    # Pictures and words

    def timeline(self) -> Picture:
        """When each state was visited; what was under way reaches to the moment."""
        from sfnb.renderers import timeline_picture

        return timeline_picture(self.deep_trail, title=self._title(), now=self.time)

    def _title(self) -> str:
        return f"{self.machine_name}: {self.status} after event {self.event.id:,}"

    def account(self) -> Account:
        """What there is to tell of the moment."""
        state = Fold(self._log).place(self.event)[0]
        place = f"after event {self.event.id:,} of {self._last_id:,}: {self.event.type}"
        return Account(
            machine=self.machine_name,
            status=self.status,
            place=place + (f" in {encode(state)}" if state else ""),
            error=printable(self.error or ""),
            message=plain_message(self.cause),
            facts=tuple(_facts(self)),
        )

    def summary(self) -> str:
        """How it stood, in a few lines."""
        return text_of(self.account())

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.display import snapshot_bundle

        return snapshot_bundle(self)

    def __repr__(self) -> str:
        return self.summary()


# The moment


def snapshot(execution: Execution, moment: int | datetime | str) -> Snapshot:
    """See `Execution.at`."""
    whole = execution.log
    last_id = max((event.id for event in whole), default=0)
    if not last_id:
        raise SfnbError("nothing has happened yet")
    if isinstance(moment, datetime):
        log, time = _at_time(whole, moment), moment
    else:
        event_id = _entry(execution, moment) if isinstance(moment, str) else operator.index(moment)
        log = _after_event(whole, event_id, last_id)
        time = log[-1].timestamp
    return Snapshot(execution._service, execution._live, log, last_id=last_id, time=time)


def _at_time(log: Sequence[ev.Event], moment: datetime) -> list[ev.Event]:
    began = log[0].timestamp
    if moment.tzinfo is None:
        raise SfnbError(f"{moment} has no time zone; the execution began at {began}")
    if moment < began:
        raise SfnbError(f"at {moment} there was no execution yet: it began at {began}")
    return list(up_to(log, moment))


def up_to(log: Iterable[ev.Event], moment: datetime) -> Iterator[ev.Event]:
    """What had been written at that time."""
    return takewhile(lambda event: event.timestamp <= moment, log)


def _after_event(log: Sequence[ev.Event], event_id: int, last_id: int) -> list[ev.Event]:
    """The log with the event, and the facts of its instant: a retry is planned as a task fails."""
    if not 1 <= event_id <= last_id:
        raise SfnbError(f"there is no event {event_id}: the ids are 1 to {last_id}")
    end = next(index for index, event in enumerate(log) if event.id == event_id) + 1
    instant = log[end - 1].timestamp
    facts = takewhile(lambda event: isinstance(event, Fact) and event.timestamp == instant, log[end:])
    return [*log[:end], *facts]


def _entry(execution: Execution, name: str) -> int:
    """The event with which a state was first entered."""
    for visit in execution.trail:
        if name in (visit.state, path_text(visit.path, visit.frame)):
            return visit.entered_id
    seen = ", ".join(dict.fromkeys(encode(visit.state) for visit in execution.trail))
    raise SfnbError(f"no state {encode(name)} has been entered" + (f": there are {seen}" if seen else ""))


# Words


def _facts(seen: Snapshot) -> Iterator[tuple[str, str]]:
    if seen.status == "SUCCEEDED":
        yield "output", shortened(seen.describe().output or "", LONGEST_INPUT)
    yield from _now_in(seen.open_trail)
    yield from _variables(seen)
    done = [visit for visit in seen.trail if visit.status != "running"]
    if done:
        yield "done", _done(done)


def _now_in(visits: Sequence[Visit]) -> Iterator[tuple[str, str]]:
    """What is under way; a Map or Parallel shows by what is in it."""
    around = {visit.frame[:-2] + visit.path[:-2] for visit in visits if visit.frame}
    inner = [visit for visit in visits if visit.frame + visit.path not in around]
    for visit in inner[:MOST_OPEN]:
        place = printable(path_text(visit.path, visit.frame))
        text = f"{place} with {shortened(visit.input, LONGEST_INPUT)}"
        if visit.error is not None:
            failed = sum(end is not None for _, end in visit.tries)
            text += f"; attempt {failed} failed: {printable(visit.error)}"
        yield "now in", text
    if len(inner) > MOST_OPEN:
        yield "now in", f"and {len(inner) - MOST_OPEN:,} more"


def _variables(seen: Snapshot) -> Iterator[tuple[str, str]]:
    """The values of each scope, as texts."""
    scopes: dict[str, list[str]] = {}
    for scope, name, _, _, text in last_values(seen.scoped_trail):
        scopes.setdefault(scope, []).append(f"${name} = {shortened(text, LONGEST_VALUE)}")
    for scope, values in list(scopes.items())[:MOST_SCOPES]:
        yield f"variables of {scope}" if scope else "variables", ", ".join(values)


def _done(visits: Sequence[Visit]) -> str:
    """`5 visits: Check, Price (3 times), Charge (caught Declined)`."""
    names: dict[str, int] = {}
    for visit in visits:
        how = {"succeeded": "", "caught": f" (caught {visit.error})"}.get(visit.status, f" ({visit.status})")
        words = printable(visit.state + how).replace("_", " ") if how else printable(visit.state)
        names[words] = names.get(words, 0) + 1
    told = [name + (f" ({count:,} times)" if count > 1 else "") for name, count in names.items()]
    more = f", and {len(told) - MOST_NAMES} more" if len(told) > MOST_NAMES else ""
    count = len(visits)
    return f"{count:,} visit{'s' * (count != 1)}: {', '.join(told[:MOST_NAMES])}{more}"
