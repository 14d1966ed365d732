"""What map runs and their children are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sfnb.asl.state import State
from sfnb.engine import events as ev
from sfnb.engine.clock import uuid_of

if TYPE_CHECKING:
    from sfnb.engine.frame import Frame
    from sfnb.engine.map_run import MapRun
    from sfnb.engine.run import Run


def label_of(machine_arn: str, state: State) -> str:
    """What names the map runs of a Map; made up where the definition gives none."""
    label: str | None = getattr(state, "label", None)
    return label or uuid_of(f"{machine_arn}/{state.place}")


def new_arn(run: Run, frame: Frame) -> str:
    """`...:mapRun:MACHINE/LABEL:UUID` of the map run that a frame opens now."""
    assert frame.state is not None
    machine = f"{run.machine_arn}/{label_of(run.machine_arn, frame.state)}"
    id = uuid_of(f"{run.arn}/{run.seed}/{frame.path}/{frame.last_id}/map-run")
    return machine.replace(":stateMachine:", ":mapRun:") + f":{id}"


def arn_in_log(run: Run) -> str | None:
    """Of one that is taken up, as by a machine of another name; what it had does not change."""
    begun = run.replay.next if run.replay else None
    return begun.map_run_arn if isinstance(begun, ev.MapRunStarted) else None


def child_names(map_run: MapRun, index: int, round: int = 0) -> tuple[str, str]:
    """The name and the ARN of the child with this index; both are always the same.

    round: how often it has been begun anew.
    """
    name = uuid_of(f"{map_run.arn}/{index}/{round}" if round else f"{map_run.arn}/{index}")
    if map_run.kind == "STANDARD":
        return name, map_run.machine_arn.replace(":stateMachine:", ":execution:") + f":{name}"
    return name, map_run.machine_arn.replace(":stateMachine:", ":express:") + f":{uuid_of(name)}:{name}"
