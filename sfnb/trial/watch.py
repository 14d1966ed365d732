"""A state that tells what happens in it, stage by stage.

Theory of operation. A state is a record, its data flow an object of the query language, its work a
coroutine that awaits commands. Each is wrapped in one that does the same and tells what came out:
the flow by `query.watched`, the work here. The interpreter runs the wrapped state as any other, so what
is seen is what a run does, and a run that nobody watches pays nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from msgspec import structs

from sfnb.asl.state import State, Transition
from sfnb.engine.compat import COMPAT, Compat, CompatName
from sfnb.errors import StatesError
from sfnb.query.watched import Tell, WatchedExit, WatchedFlow
from sfnb.values import Json, Payload

if TYPE_CHECKING:
    from sfnb.query.scope import Scope


class Stage(msgspec.Struct, frozen=True):
    """What the data was after one field of the definition, or after the work itself ("Result").

    given: the state has the field; else the data went through it as it was.
    """

    field: str
    payload: Payload
    given: bool = True


class Watch:
    """What has been seen of one visit. Fulfils the interpreter's port `Recorder`.

    stages: in their order. bounds: a Map's, by their names in inspectionData.
    result: stands for the work's result as it is, white space and all; set by a mock.
    catcher: the index of the Catcher that matched.
    """

    def __init__(self, *, payload_bytes: int, compat: CompatName = "aws") -> None:
        self.payload_bytes = payload_bytes
        self.compat: Compat = COMPAT[compat]
        self.stages: list[Stage] = []
        self.bounds: dict[str, float] = {}
        self.result: Payload | None = None
        self.catcher: int | None = None

    def tell(self, field: str, payload: Payload, *, given: bool) -> None:
        self.stages.append(Stage(field, payload, given))

    def tell_within(self, place: str) -> Tell:
        """The same for the fields of a rule: `Catch[0]/ResultPath`."""

        def tell(field: str, payload: Payload, *, given: bool) -> None:
            self.tell(f"{place}/{field}", payload, given=given)

        return tell

    # What the interpreter records; there is no history to write

    def enter(self, state: State, payload: Payload) -> Scope:
        raise AssertionError("a tested state is entered by the test")

    def exit(self, state: State, payload: Payload, assigned: dict[str, Json] | None) -> Payload:
        return payload

    def evaluation_failed(
        self, state: State, scope: Scope, failure: StatesError, location: str | None
    ) -> None: ...

    def give_up(self, state: State) -> None: ...

    def caught(self, state: State, catcher: int, failure: StatesError) -> None:
        self.catcher = catcher

    def must_pause(self) -> bool:
        return False


class WatchedState(State, frozen=True, kw_only=True):
    """A state, watched."""

    stages = {}

    inner: State
    watch: Watch

    @property
    def type(self) -> str:
        return self.inner.type

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        watch = self.watch
        transition = await self.inner.run(scope, payload)
        result = watch.result if watch.result is not None else transition.result
        if result is not payload:
            watch.tell("Result", result, given=True)
        exit = transition.exit
        return Transition(result, transition.next, None if exit is None else WatchedExit(exit, watch.tell))


def watched(state: State, watch: Watch) -> WatchedState:
    """`state`, whose flow, work and Catchers tell `watch` what they make."""
    catch = tuple(
        structs.replace(catcher, exit=WatchedExit(catcher.exit, watch.tell_within(f"Catch[{index}]")))
        for index, catcher in enumerate(state.catch)
    )
    return WatchedState(
        name=state.name,
        place=state.place,
        flow=WatchedFlow(state.flow, watch.tell),
        language=state.language,
        next=state.next,
        retry=state.retry,
        catch=catch,
        inner=state,
        watch=watch,
    )
