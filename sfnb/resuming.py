"""Interrupted executions go on: those that can at once, those that wait for functions as soon as they can.

Nothing here raises because one execution cannot go on: what became of each stands in a `Resumption`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import msgspec

from sfnb.asl.ways import did_you_mean
from sfnb.engine.fold import Standing
from sfnb.engine.records import ExecutionFilter, ExecutionRecord
from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.going_on import jumping, mocks_for
from sfnb.hints.functions import stand_in
from sfnb.needs import Need, bare, is_lacking, needs, open_states
from sfnb.service import Live, StepFunctions, TasksMissing
from sfnb.service.continuing import OnLost

if TYPE_CHECKING:
    from sfnb.mocks.answers import Given


class Manner(msgspec.Struct, frozen=True, kw_only=True):
    """How executions are to go on.

    wait: also for functions that only later states call. skip_waits: also where an execution did not before.
    on_output: told what tasks print.
    """

    on_lost: OnLost = "repeat"
    mock: Given | None = None
    wait: bool = True
    skip_waits: bool = False
    on_output: Callable[[str], None]


class Waiting(msgspec.Struct, frozen=True):
    """An execution that waits for functions."""

    live: Live
    needs: Sequence[Need]


class Resumption:
    """What became of interrupted executions that were to go on; `sfnb.resume` answers with one.

    executions: those that go on. refused: why others cannot, by their names.
    """

    def __init__(self, service: StepFunctions, manner: Manner) -> None:
        self.executions: list[Execution] = []
        self.refused: dict[str, str] = {}
        self._service = service
        self._manner = manner
        self._waiting: dict[str, Waiting] = {}
        self._machines: dict[str, str] = {}
        self._places: dict[str, str] = {}
        self._due = False

    @property
    def waiting(self) -> dict[str, list[str]]:
        """The functions to define, by the name of the execution that waits for them."""
        return {name: [need.name for need in each.needs] for name, each in self._waiting.items()}

    @property
    def lines(self) -> list[str]:
        """The lines of Python that define what is waited for."""
        names = dict.fromkeys(name for each in self.waiting.values() for name in each)
        return [line for name in names for line in stand_in(name)]

    def wait(self, timeout_seconds: float | None = None) -> bool:
        """Wait for the ends of those that go on; False if one has not come after `timeout_seconds` more."""
        waited = [execution.wait(timeout_seconds) for execution in list(self.executions)]
        return all(waited)

    # Taking up

    def take_up(self, live: Live) -> bool:
        """Go on with an execution if that can be; whether it goes on."""
        name = self._name(live)
        self._waiting.pop(name, None)
        try:
            missing = self._missing(name, live)
            if missing:
                self._waiting[name] = Waiting(live, missing)
                return False
            live = self._service.resume_execution(
                live.arn,
                clock=jumping(self._manner.skip_waits),
                mocks=mocks_for(self._service, live.machine, self._manner.mock),
                on_output=self._manner.on_output,
                on_lost=self._manner.on_lost,
            )
        except TasksMissing as fault:
            found = [Need(state=state, name=bare(function)) for state, function in fault.tasks.items()]
            self._waiting[name] = Waiting(live, found)
            return False
        except SfnbError as fault:
            self.refused[name] = str(fault)
            return False
        self.executions.append(Execution(self._service, live))
        return True

    def refuse(self, name: str, machine: str, why: str) -> None:
        self.refused[name] = why
        self._machines[name] = machine

    def _name(self, live: Live) -> str:
        """Its own name; its ARN where another machine's execution has the name too."""
        machine = live.machine.name
        taken = self._machines.setdefault(live.name, machine) != machine
        if taken:
            self._machines[live.arn] = machine
        return live.arn if taken else live.name

    def _missing(self, name: str, live: Live) -> list[Need]:
        """Raises ReplayMismatch where the log is none."""
        record = live.store.find(live.arn)
        if record is not None and record.owner == "others":
            live.store.claim(live.arn)  # which says who has it
        if record is None or not self._service.is_interrupted(record):
            return []  # which is refused
        standing = Standing(live.store.read(live.arn))
        self._places[name] = ", ".join(open_states(standing))
        mocked = self._manner.mock is not None or (
            standing.plan is not None and standing.plan.mock is not None
        )
        if mocked or not self._manner.wait:
            return []
        tasks = self._service.registry.machine(live.machine.arn)
        return needs(live.machine.definition, live.machine.source.tree, standing, tasks)

    # Waiting for functions

    def watch(self, settle: Callable[[Callable[[], None]], None]) -> None:
        """Go on by itself with what waits, when its functions are there. settle: calls when it is time."""
        watchers = self._service.registry.watchers

        def changed() -> None:
            if not self._due:
                self._due = True
                settle(look)

        def look() -> None:
            self._due = False
            self._look()
            if not self._waiting and changed in watchers:
                watchers.remove(changed)

        if self._waiting:
            watchers.append(changed)

    def _look(self) -> None:
        gone_on = []
        for name, waiting in list(self._waiting.items()):
            live = waiting.live
            record = live.store.find(live.arn)
            if record is None or not self._service.is_interrupted(record):
                del self._waiting[name]
            elif not self._is_lacking(waiting) and self.take_up(live):
                gone_on.append(self._told(name))
        if gone_on:
            self._manner.on_output(f"resumed: {'; '.join(gone_on)}\n")

    def _is_lacking(self, waiting: Waiting) -> bool:
        registry = self._service.registry
        tasks = registry.machine(waiting.live.machine.arn)
        return any(is_lacking(need, tasks, registry.functions) for need in waiting.needs)

    def _told(self, name: str) -> str:
        place = self._places.get(name)
        return f"{self._machines.get(name, '')} {name}" + (f", in {place}" if place else "")

    # Words

    @property
    def headline(self) -> str:
        """`1 execution goes on, 2 wait for functions`."""
        counts = (
            (len(self.executions), "goes on", "go on"),
            (len(self._waiting), "waits for functions", "wait for functions"),
            (len(self.refused), "cannot go on", "cannot go on"),
        )
        parts = [f"{count:,} {one if count == 1 else many}" for count, one, many in counts if count]
        if not parts:
            return "no execution is interrupted"
        first, *rest = parts
        number, verb = first.split(" ", 1)
        noun = "execution" if number == "1" else "executions"
        return ", ".join([f"{number} {noun} {verb}", *rest])

    def rows(self) -> Iterator[tuple[str, str, str, str]]:
        """Of each execution its machine, its name, what becomes of it, and where or why."""
        for execution in self.executions:
            name = self._name(execution._live)
            place = self._places.get(name)
            yield execution.machine_name, name, "goes on", f"in {place}" if place else ""
        for name, waiting in self._waiting.items():
            place = self._places.get(name)
            why = [f"in {place}"] if place else []
            for later, words in ((False, "needs"), (True, "will need")):
                names = dict.fromkeys(need.name for need in waiting.needs if need.later == later)
                why += [f"{words} {', '.join(names)}"] if names else []
            yield self._machines.get(name, ""), name, "waits", "; ".join(why)
        for name, reason in self.refused.items():
            yield self._machines.get(name, ""), name, "cannot", reason

    @property
    def advice(self) -> str:
        """What to do about those that wait; "" where none does."""
        if not self._waiting:
            return ""
        later = any(need.later for each in self._waiting.values() for need in each.needs)
        at_once = " (%asl resume --now: without those needed later)" if later else ""
        return f"define what is missing, and it goes on by itself{at_once}:"

    def __repr__(self) -> str:
        lines = [self.headline]
        lines += [
            f"  {machine} {name} {what}: {why}".rstrip(": ") for machine, name, what, why in self.rows()
        ]
        if self.advice:
            lines += [self.advice, *(f"    {line}" for line in self.lines)]
        return "\n".join(lines)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        from sfnb.notebook.display import resumption

        return resumption(self)._repr_mimebundle_()


def resume(
    service: StepFunctions,
    chosen: Sequence[str | Execution],
    manner: Manner,
    settle: Callable[[Callable[[], None]], None],
) -> Resumption:
    """Go on with these executions, or with all that were interrupted, oldest first.

    All are known to the service before the first goes on, so that those that wait for each other find each
    other. settle: calls what it is given when it is time to look whether functions have come.
    """
    resumption = Resumption(service, manner)
    records = list(_chosen(service, chosen, resumption)) if chosen else service.interrupted_executions()
    lives = []
    for record in records:
        try:
            lives.append(service.execution(record.arn))
        except SfnbError as fault:
            resumption.refuse(record.name, record.machine_name, str(fault))
    for live in lives:
        resumption.take_up(live)
    resumption.watch(settle)
    return resumption


def _chosen(
    service: StepFunctions, chosen: Sequence[str | Execution], resumption: Resumption
) -> Iterator[ExecutionRecord]:
    found: dict[str, ExecutionRecord] = {}
    for each in chosen:
        name = each if isinstance(each, str) else each.arn
        records = _named(service, name)
        if not records:
            names = (record.name for record in service.interrupted_executions())
            near = did_you_mean(name, names)
            resumption.refuse(name, "", "there is no execution of this name" + (f"; {near}" if near else ""))
        found |= {record.arn: record for record in records}
    yield from sorted(found.values(), key=lambda record: record.started)


def _named(service: StepFunctions, name: str) -> list[ExecutionRecord]:
    """The execution with an ARN; or those with a name that were interrupted, else the latest with it."""
    if name.startswith("arn:"):
        record = service.find_execution(name)
        return [] if record is None else [record]
    records = [each for each in service.list_executions(ExecutionFilter(name=name)) if each.name == name]
    return [record for record in records if service.is_interrupted(record)] or records[:1]


def after_the_cell(action: Callable[[], None]) -> None:
    """Do it when the notebook's cell has run to its end; at once where there is no notebook.

    What a cell registers may use what the same cell defines further down.
    """
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is None:
        action()
        return

    def once(*_: object) -> None:
        shell.events.unregister("post_run_cell", once)
        action()

    shell.events.register("post_run_cell", once)


def to_output(text: str) -> None:
    """What a resumed execution's tasks print, as it comes."""
    sys.stdout.write(text)
    sys.stdout.flush()
