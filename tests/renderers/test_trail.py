"""From visits to what pictures show."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from sfnb.asl.graph import NodePath
from sfnb.renderers import execution_picture, timeline_picture
from sfnb.renderers.style import Status
from sfnb.renderers.trail import bars, tell

from .drawing import classes, read, states, texts
from .machines import NESTED

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
LOAD: NodePath = ("Each file", 0, "Load")


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """As much of a visit as pictures ask for."""

    path: NodePath
    status: Status = "succeeded"
    frame: tuple[int, ...] = ()
    iteration: tuple[int, ...] | None = None
    entered: datetime = NOON
    exited: datetime | None = NOON + timedelta(seconds=1)
    error: str | None = None
    cause: str | None = None
    tries: tuple[tuple[datetime, datetime | None], ...] = ()

    @property
    def state(self) -> str:
        return str(self.path[-1])


def in_item(index: int, **fields: Any) -> Seen:
    return Seen(path=LOAD, frame=(7, index), iteration=(index,), **fields)


def test_a_state_is_as_its_latest_visit_left_it() -> None:
    story = tell([Seen(path=("A",), status="caught"), Seen(path=("A",), status="succeeded")])

    assert story.status(("A",)) == "succeeded"
    assert story.visits(("A",)) == [("succeeded", 1), ("caught", 1)]


def test_inside_a_map_a_state_is_as_its_gravest_visit() -> None:
    story = tell([in_item(0, status="failed"), in_item(1), in_item(2, status="running")])

    assert story.status(LOAD) == "failed"


def test_a_way_is_taken_within_one_frame() -> None:
    first, second, next_one = Seen(path=("List",)), Seen(path=("Each file",)), Seen(path=("Done",))
    story = tell([first, second, in_item(0), in_item(1), next_one])

    assert story.taken == {(("List",), ("Each file",)), (("Each file",), ("Done",))}


def test_bars_tell_items_apart() -> None:
    (bar,) = bars([in_item(3, status="failed", error="E", cause="why")])

    assert (bar.label, bar.depth, bar.detail, bar.status) == ("Load [3]", 1, "E: why", "failed")


def test_a_bar_tells_the_message_of_an_exception_alone() -> None:
    cause = '{"errorMessage": "card expired", "errorType": "E", "requestId": "1", "stackTrace": []}'
    halves = [bars([Seen(path=("A",), error="E", cause=text)])[0].detail for text in (cause, cause[:20])]

    assert halves == ["E: card expired", f"E: {cause[:20]}"]


def test_an_execution_shows_as_picture_and_as_words() -> None:
    picture = execution_picture(NESTED, [Seen(path=("List",)), in_item(0, status="failed")], title="Run")

    assert "sfnb-succeeded" in classes(states(read(picture.svg))["List",])
    assert "✘ Load" in repr(picture)
    bundle = picture._repr_mimebundle_()
    assert set(bundle) == {"text/html", "image/svg+xml", "text/plain"}
    assert bundle["text/plain"].startswith("Run\n● Start → List")


def test_a_timeline_shows_as_picture_and_as_words() -> None:
    picture = timeline_picture([Seen(path=("List",)), in_item(0)])

    assert {"List", "Load [0]"} <= set(texts(read(picture.svg)))
    assert repr(picture).count("\n") == 1
