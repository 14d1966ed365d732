"""What a log shows: an execution's status, tables and pictures, of all of it or up to some moment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sfnb.asl import machine as asl
from sfnb.asl.graph import Graph, NodePath
from sfnb.engine import events as ev
from sfnb.engine import facts
from sfnb.engine.execution import ExecutionState
from sfnb.engine.history import history
from sfnb.engine.visits import MapItem, Visit, fold_items, fold_visits
from sfnb.service import Live, StepFunctions
from sfnb.values import Json, decode

if TYPE_CHECKING:
    import pandas as pd

    from sfnb.machine import StateMachine
    from sfnb.renderers import Picture
    from sfnb.renderers.story import Progress

Kept = TypeVar("Kept")


class Logged(ABC):
    """An execution as its log tells of it.

    Whoever extends it says what the log is, what it comes to, and whether it may still grow.
    """

    def __init__(self, service: StepFunctions, live: Live) -> None:
        self._service = service
        self._live = live
        self._kept: dict[str, Any] = {}
        self._folded: dict[str, tuple[Visit, ...]] = {}

    @property
    @abstractmethod
    def log(self) -> Sequence[ev.Event]:
        """Every event and fact, as records."""

    @abstractmethod
    def describe(self) -> ExecutionState:
        """Everything at once, as DescribeExecution has it."""

    @property
    @abstractmethod
    def _grows(self) -> bool:
        """Whether there may be more in the log when it is asked for again."""

    @property
    def arn(self) -> str:
        return self._live.arn

    @property
    def name(self) -> str:
        return self._live.name

    @property
    def machine_name(self) -> str:
        return self._live.machine.name

    @property
    def machine(self) -> StateMachine:
        """The machine it runs, with the definition it began with."""
        from sfnb.machine import StateMachine

        return StateMachine(self._service, self._live.machine)

    # What it came to

    @property
    def status(self) -> str:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED."""
        return self.describe().status

    @property
    def input(self) -> Json:
        return decode(self.describe().input)

    @property
    def output(self) -> Json:
        """The output; None while it runs and where it failed."""
        output = self.describe().output
        return None if output is None else decode(output)

    @property
    def error(self) -> str | None:
        return self.describe().error

    @property
    def cause(self) -> str | None:
        return self.describe().cause

    @property
    def start_date(self) -> datetime:
        return self.describe().start_date

    @property
    def stop_date(self) -> datetime | None:
        return self.describe().stop_date

    @property
    def duration(self) -> timedelta | None:
        """On the execution's own clock; None while it runs."""
        state = self.describe()
        return None if state.stop_date is None else state.stop_date - state.start_date

    # The log

    def history(self) -> list[dict[str, Any]]:
        """The events as GetExecutionHistory has them, in boto3's spelling."""
        return history(self.log)

    @property
    def trail(self) -> Sequence[Visit]:
        """Every visit of a state, as records."""
        return self._once("trail", lambda: fold_visits(self.log))

    @property
    def deep_trail(self) -> Sequence[Visit]:
        """The trail with the visits in the child executions of its map runs, each after its Map's."""
        return self._once("deep_trail", lambda: self.deepened(self.trail))

    def deepened(self, trail: Sequence[Visit], most: int | None = None) -> list[Visit]:
        """A trail of this execution with the visits in children, of at most so many a map run."""
        from sfnb.children import MOST_CHILDREN, deep_trail

        most = most or MOST_CHILDREN
        return deep_trail(trail, self._service.map_runs, self._read, self._folded, most=most)

    def _read(self, arn: str) -> Iterable[ev.Event]:
        """The log of a child execution, as far as this one's."""
        return self._live.store.read(arn)

    @property
    def map_trail(self) -> Sequence[MapItem]:
        """Every item of an inline Map, as records."""
        return self._once("map_trail", lambda: fold_items(self.log))

    @property
    def printed(self) -> str:
        """All that tasks printed, in order."""
        return "".join(event.text for event in self.log if isinstance(event, facts.TaskPrinted))

    @property
    def events(self) -> pd.DataFrame:
        """A row per event of the history."""
        from sfnb.frames import events_frame

        return events_frame(self.log)

    @property
    def visits(self) -> pd.DataFrame:
        """A row per visit of a state: when, with what, to what end."""
        from sfnb.frames import visits_frame

        return visits_frame(self.trail)

    @property
    def variables(self) -> pd.DataFrame:
        """A row per workflow variable with its last value, those of branches and iterations included."""
        from sfnb.frames import variables_frame

        return variables_frame(self.trail)

    @property
    def map_items(self) -> pd.DataFrame:
        """A row per item of every inline Map."""
        from sfnb.frames import map_items_frame

        return map_items_frame(self.map_trail)

    def select(self, path: str, **options: Any) -> pd.DataFrame:
        """What a JSONPath finds in all payloads: values with their full paths, states and times."""
        from sfnb.select import select

        return select(path, self.trail, **options)

    # Pictures

    @property
    def outline(self) -> Graph:
        """The machine's nodes and edges, for renderers."""
        return asl.graph(self._live.machine.definition)

    def graph(self, *, title: str | None = None) -> Picture:
        """The machine with the way that was taken: visited states coloured by how they ended.

        title: the machine's name and the status unless told; "" for none.
        """
        from sfnb.renderers import execution_picture

        return execution_picture(
            self.outline,
            self.deep_trail,
            title=self._title() if title is None else title,
            progress=self.progress,
        )

    @property
    def progress(self) -> dict[NodePath, Progress]:
        """How far its Maps in DISTRIBUTED mode are, by path."""
        from sfnb.children import progress_of

        return progress_of(self.deep_trail, self._service.map_runs)

    def timeline(self) -> Picture:
        """When each state was visited, and for how long."""
        from sfnb.renderers import timeline_picture

        return timeline_picture(self.deep_trail, title=self._title())

    def _title(self) -> str:
        return f"{self.machine_name}: {self.status}"

    def _once(self, key: str, make: Callable[[], Kept]) -> Kept:
        """Keep what cannot change any more."""
        if key in self._kept:
            kept: Kept = self._kept[key]
            return kept
        grows = self._grows
        value = make()
        if not grows:
            self._kept[key] = value
        return value
