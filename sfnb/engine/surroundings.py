"""What an execution runs in; its children run in the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec

from sfnb.engine.clock import Clock
from sfnb.engine.compat import Compat
from sfnb.engine.events import Event
from sfnb.engine.map_ports import MapData
from sfnb.engine.ports import EventStore, Executor, Tasks
from sfnb.engine.sleepers import Sleepers

if TYPE_CHECKING:
    from sfnb.engine.loop import Engine
    from sfnb.engine.map_run import MapRun


class Surroundings(msgspec.Struct, frozen=True, kw_only=True):
    """Given to a run, and by it to the runs of its map runs' children.

    role_arn: as in the Context Object.
    seed: what chance is drawn from, besides the place in the log.
    sleepers: those that are on the same clock.
    on_output: called, on the engine's thread, with what tasks print.
    on_map_run: called, on the engine's thread, with each map run that is opened.
    on_events: called with its ARN and events that have been committed; None: nobody asks.
    """

    engine: Engine
    store: EventStore
    clock: Clock
    sleepers: Sleepers
    executor: Executor
    tasks: Tasks
    map_data: MapData
    compat: Compat
    region: str
    role_arn: str
    seed: str
    on_output: Callable[[str], None]
    on_map_run: Callable[[MapRun], None]
    on_events: Callable[[str, Sequence[Event]], None] | None = None
