"""What Jupyter shows, and a terminal prints: a picture with its words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from sfnb.asl.graph import Graph, NodePath
from sfnb.renderers.difference import RULES, merged, tell_difference
from sfnb.renderers.frame import render_html
from sfnb.renderers.story import Progress
from sfnb.renderers.style import DIFFERENCES, Difference
from sfnb.renderers.svg import render_story, render_svg
from sfnb.renderers.text import render_text
from sfnb.renderers.timeline import render_table, render_timeline
from sfnb.renderers.trail import Visit, bars, tell


class Picture(msgspec.Struct, frozen=True):
    """A drawing as SVG, and the same in plain text, which is its repr."""

    svg: str
    text: str

    @property
    def html(self) -> str:
        """For a page: the SVG as an image that takes on the page's theme, in a box that scrolls."""
        return render_html(self.svg)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "image/svg+xml": self.svg, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def picture(graph: Graph, *, title: str = "") -> Picture:
    """A machine."""
    return Picture(render_svg(graph, title=title), render_text(graph, title=title))


def execution_picture(
    graph: Graph,
    visits: Sequence[Visit],
    *,
    title: str = "",
    progress: Mapping[NodePath, Progress] | None = None,
) -> Picture:
    """A machine with what an execution has come to; `visits` in the order of entry.

    progress: of the states whose items are executions of their own.
    """
    story = tell(visits)
    svg = render_svg(
        graph, story.statuses, counts=story.counts, taken=story.taken, progress=progress, title=title
    )
    return Picture(svg, render_text(graph, story.statuses, progress=progress, title=title))


def timeline_picture(visits: Sequence[Visit], *, title: str = "", now: datetime | None = None) -> Picture:
    """When each state was visited; `now` is how far open visits reach."""
    rows = bars(visits)
    return Picture(render_timeline(rows, title=title, now=now), render_table(rows, title=title))


def difference_picture(
    graphs: tuple[Graph, Graph],
    trails: tuple[Sequence[Visit], Sequence[Visit]],
    found: Iterable[tuple[NodePath, Difference]],
    *,
    title: str = "",
) -> Picture:
    """Two machines in one, with where two executions of them differ.

    graphs, trails: of the left one and of the right one. found: what there is to say of each visit, or pair.
    """
    graph = merged(*graphs)
    story = tell_difference(found, *trails)
    svg = render_story(graph, story, title=title, rules=RULES)
    key = "  ".join(f"{look.mark} {look.words}" for look in DIFFERENCES.values())
    outline = render_text(graph, story.statuses, title=title, looks=DIFFERENCES)
    return Picture(svg, f"{outline}\n{key}")
