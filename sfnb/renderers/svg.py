"""A machine as a picture: a self-contained SVG.

`graphviz-pure` says where things go (`layout.py`), `draw.py` draws them: cards with room for a name,
an icon and what a state says of itself. Graphviz's own SVG is not used: its labels cannot be styled
and its ids carry names.

For a live view: each state is a <g data-state="PATH AS JSON" class="sfnb-node sfnb-TYPE sfnb-STATUS">.
To recolour it, replace the class of the status, and the `href` of its `.sfnb-mark` by `#ID-STATUS`,
where ID is the id of the <svg>. A wire, and its label, carries data-source and data-target; its classes are
sfnb-taken and sfnb-untaken. Draw it with `statuses={}` first, so that the badges are there, and the
bars, each a .sfnb-progress: a .sfnb-trough, .sfnb-part for what came to something, and words.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import blake2s

from sfnb.asl.graph import Graph, NodePath
from sfnb.renderers import labels
from sfnb.renderers.dot import Direction, dot_source
from sfnb.renderers.draw import Pen
from sfnb.renderers.frame import frame
from sfnb.renderers.icons import ICONS
from sfnb.renderers.labels import xml
from sfnb.renderers.layout import find_program, lay_out
from sfnb.renderers.scene import arrange
from sfnb.renderers.story import Progress, Story, Way
from sfnb.renderers.style import Standing
from sfnb.renderers.text import render_text

_RULES = """
& .sfnb-card { fill: var(--sfnb-card); stroke: var(--sfnb-line); stroke-width: 1.3; }
& .sfnb-frame { fill: var(--sfnb-hue); fill-opacity: 0.07; stroke: var(--sfnb-hue); stroke-width: 1.4; }
& .sfnb-panel { fill: var(--sfnb-ground); stroke: var(--sfnb-line); stroke-dasharray: 4 3; }
& .sfnb-tile { fill: var(--sfnb-hue); stroke: none; }
& .sfnb-icon { color: var(--sfnb-card); }
& .sfnb-ring { fill: none; stroke: var(--sfnb-line); }
& .sfnb-name { font-size: 13px; font-weight: 600; }
& .sfnb-count { font-size: 11px; font-weight: 600; }
& .sfnb-start .sfnb-stop { fill: var(--sfnb-ink); stroke: none; }
& .sfnb-start text { fill: var(--sfnb-ground); }
& .sfnb-end .sfnb-stop { fill: var(--sfnb-card); stroke: var(--sfnb-line); stroke-width: 1.3; }
& .sfnb-edge path { stroke: var(--sfnb-line); stroke-width: 1.4; fill: none; stroke-linecap: round; }
& .sfnb-edge .sfnb-tip { fill: var(--sfnb-line); stroke: none; }
& .sfnb-edge-catch { --sfnb-line: var(--sfnb-error); }
& .sfnb-edge-catch path { stroke-dasharray: 5 4; }
& .sfnb-label text { font-size: 11px; paint-order: stroke; }
& .sfnb-label text { stroke: var(--sfnb-ground); stroke-width: 4px; stroke-linejoin: round; }
& .sfnb-caption text { fill: var(--sfnb-muted); }
& .sfnb-label-default text { fill: var(--sfnb-muted); font-style: italic; }
& .sfnb-label-catch text { fill: var(--sfnb-error); }
& .sfnb-edge.sfnb-taken { --sfnb-line: var(--sfnb-ink); }
& .sfnb-edge-catch.sfnb-taken { --sfnb-line: var(--sfnb-error); }
& .sfnb-taken path { stroke-width: 2.4; }
& .sfnb-edge.sfnb-untaken { opacity: 0.55; }
& .sfnb-label.sfnb-untaken text { fill: var(--sfnb-muted); }
& .sfnb-badge .sfnb-disc { stroke: var(--sfnb-ground); stroke-width: 2; }
& .sfnb-trough { fill: var(--sfnb-ink); fill-opacity: 0.12; stroke: none; }
& .sfnb-part { fill: var(--sfnb-hue); stroke: none; }
& .sfnb-pill { fill: var(--sfnb-card); stroke: var(--sfnb-hue); stroke-width: 1.3; }
& .sfnb-node:is(STANDINGS) > .sfnb-card { fill: var(--sfnb-hue); fill-opacity: 0.13; }
& .sfnb-node:is(STANDINGS) > .sfnb-card { stroke: var(--sfnb-hue); stroke-width: 1.8; }
& .sfnb-node:is(STANDINGS) > .sfnb-ring { stroke: var(--sfnb-hue); }
& .sfnb-node:is(.sfnb-failed, .sfnb-timed_out) > .sfnb-card { stroke-width: 2.8; }
& .sfnb-node.sfnb-caught > .sfnb-card { stroke-dasharray: 7 3; }
& .sfnb-node.sfnb-not_reached > .sfnb-card { stroke-dasharray: 3 3; fill-opacity: 0.08; }
& .sfnb-not_reached > .sfnb-name { fill: var(--sfnb-muted); font-weight: 500; }
& .sfnb-not_reached > .sfnb-tile { fill-opacity: 0.55; }
& .sfnb-not_reached > .sfnb-frame { stroke-dasharray: 3 3; fill-opacity: 0.04; }
& .sfnb-not_reached > .sfnb-badge { display: none; }
@media (prefers-reduced-motion: no-preference) {
  & .sfnb-running > :is(.sfnb-card, .sfnb-frame) { animation: sfnb-pulse 1.6s ease-in-out infinite; }
  @keyframes sfnb-pulse { 50% { stroke-opacity: 0.35; } }
}
"""


def render_svg(
    graph: Graph,
    statuses: Mapping[NodePath, Standing] | None = None,
    *,
    title: str = "",
    legend: bool = True,
    counts: Mapping[NodePath, Mapping[Standing, int]] | None = None,
    taken: Collection[Way] | None = None,
    progress: Mapping[NodePath, Progress] | None = None,
    direction: Direction = "TB",
) -> str:
    """The picture of a machine; of an execution where `statuses` are given.

    statuses: by state; a state without one was not reached. None: a bare definition.
    counts: how many visits came to what, for states inside a Map or a loop.
    taken: the pairs of states between which the execution went; None where that is not known.
    progress: of the states whose items are executions of their own; each gets a bar, empty at first.
    Where nothing can lay out a picture, the SVG shows the text outline. The same arguments give the
    same bytes.
    """
    story = Story(statuses=statuses, counts=counts or {}, taken=taken, progress=progress or {})
    bars = statuses is not None
    return render_story(graph, story, title=title, legend=legend, direction=direction, bars=bars)


def render_story(
    graph: Graph,
    story: Story,
    *,
    title: str = "",
    legend: bool = True,
    direction: Direction = "TB",
    bars: bool = False,
    rules: str = "",
) -> str:
    """The picture of a machine with what a story tells of it.

    bars: leave room for how far states have come. rules: style besides that of every picture.
    """
    scene = arrange(graph, with_progress=bars)
    source = dot_source(scene, direction=direction)
    prefix = "s" + blake2s((source + rules).encode(), digest_size=4).hexdigest()
    program = find_program()
    layout = lay_out(program, source) if program else None
    if layout is None or not layout.places(scene.ids):
        outline = render_text(graph, story.statuses, progress=story.progress, looks=story.looks)
        return _outline(outline, title, prefix)
    pen = Pen(prefix=prefix, scene=scene, layout=layout, story=story)
    return frame(
        pen.everything(),
        layout.width,
        layout.height,
        prefix=prefix,
        rules=_RULES + rules,
        title=title,
        present=story.present(card.node.path for card in scene.cards) if legend else (),
        icons={card.shape: ICONS[card.shape] for card in scene.cards},
        looks=story.looks,
    )


def _outline(outline: str, title: str, prefix: str) -> str:
    """The outline as a picture of text."""
    lines = outline.split("\n")
    rows = (
        f'<text class="sfnb-mono" xml:space="preserve" x="0" y="{12 + 17 * row}">{xml(line)}</text>'
        for row, line in enumerate(lines)
    )
    width = max(map(labels.columns, lines)) * 7.4
    return frame("\n".join(rows), width, len(lines) * 17, prefix=prefix, title=title)
