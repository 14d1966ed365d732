"""A machine as a DOT graph, for the `graphviz` package and its friends; also what we lay out.

Sizes are fixed, so a name can be as strange as it likes: it changes no layout, and reaches the layout
program only as an escaped label.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Literal

from sfnb.asl.graph import Graph, NodePath
from sfnb.renderers import labels
from sfnb.renderers.scene import NAME_SIZE, SMALL_SIZE, Box, Card, Marker, Scene, Wire, arrange
from sfnb.renderers.style import LIGHT, LOOKS, Status

if TYPE_CHECKING:
    from graphviz import Digraph

Direction = Literal["TB", "LR"]

_WEIGHTS = {"next": "8", "default": "4", "choice": "2", "start": "2"}
_FONT = "Helvetica,Arial,sans-serif"


def render_dot(graph: Graph, statuses: Mapping[NodePath, Status] | None = None, *, title: str = "") -> str:
    """DOT source of a machine; states are coloured by `statuses`."""
    return dot_source(arrange(graph), statuses, title=title)


def dot_source(
    scene: Scene,
    statuses: Mapping[NodePath, Status] | None = None,
    *,
    title: str = "",
    direction: Direction = "TB",
) -> str:
    """DOT source of a scene; the ids in it are the scene's."""
    from graphviz import Digraph

    pen = {"fontname": _FONT, "color": LIGHT["line"]}
    digraph = Digraph(
        graph_attr={"rankdir": direction, "compound": "true", "nodesep": "0.42", "ranksep": "0.42"},
        node_attr={**pen, "fixedsize": "true", "fontsize": f"{NAME_SIZE:g}"},
        edge_attr={**pen, "arrowsize": "0.75", "fontsize": f"{SMALL_SIZE:g}"},
    )
    if title:
        digraph.attr(label=_plain(title), labelloc="t", fontname=_FONT)
    things: dict[str, Card | Marker] = {card.id: card for card in scene.cards}
    things |= {marker.id: marker for marker in scene.markers}
    _add_box(digraph, scene.machine, direction, things, statuses or {})
    for wire in scene.wires if direction == "TB" else reversed(scene.wires):
        _add_wire(digraph, wire)
    return str(digraph.source)


def _add_box(
    digraph: Digraph,
    box: Box,
    direction: Direction,
    things: Mapping[str, Card | Marker],
    statuses: Mapping[NodePath, Status],
) -> None:
    """The things of `box`, then the boxes in it as clusters; Graphviz counts from the bottom in LR."""
    for thing in map(things.__getitem__, box.things):
        if isinstance(thing, Card):
            _add_card(digraph, thing, statuses)
        else:
            _add_marker(digraph, thing)
    for inner in box.boxes if direction == "TB" else reversed(box.boxes):
        with digraph.subgraph(name=inner.id) as cluster:
            cluster.attr(style="rounded", color=LIGHT["line"], margin="14", labeljust="l", label="")
            if inner.kind == "branch":
                cluster.attr(margin="16", style="rounded,dashed")
            if inner.label:
                cluster.attr(label=_sized((inner.label,), inner.caption_width, 16, aligned=' ALIGN="LEFT"'))
            _add_box(cluster, inner, direction, things, statuses)


def _add_card(digraph: Digraph, card: Card, statuses: Mapping[NodePath, Status]) -> None:
    status = statuses.get(card.node.path)
    colours = {"fillcolor": LIGHT["card"]}
    if status is not None:
        colours = {"color": LOOKS[status].light, "fillcolor": LOOKS[status].light + "22"}
    digraph.node(
        card.id,
        _plain("\n".join((*card.name, *card.details))),
        shape="box",
        style="filled,diagonals" if card.shape == "choice" else "filled,rounded",
        width=f"{card.width / 72:.3f}",
        height=f"{card.height / 72:.3f}",
        **({"color": "transparent", "fillcolor": "transparent"} if card.box else colours),
    )


def _add_marker(digraph: Digraph, marker: Marker) -> None:
    size = {"width": f"{marker.width / 72:.3f}", "height": f"{marker.height / 72:.3f}"}
    if marker.kind == "join":
        digraph.node(marker.id, "", shape="point", **size)
    else:
        digraph.node(marker.id, marker.kind.title(), shape="box", style="rounded", **size)


def _add_wire(digraph: Digraph, wire: Wire) -> None:
    """A wire back is handed over the other way round, so that it does not turn the ranks upside down."""
    tail, head = wire.tail, wire.head
    clips = {"ltail": wire.tail_box, "lhead": wire.head_box}
    attributes = {"id": wire.id, "weight": _WEIGHTS.get(wire.kind, "1")}
    if wire.back and tail != head:
        tail, head = head, tail
        clips = {"ltail": wire.head_box, "lhead": wire.tail_box}
        attributes |= {"dir": "back", "weight": "0"}
    if wire.head[0] == "j":
        attributes["arrowhead"] = "none"
    if wire.hidden:
        attributes["style"] = "invis"
    if wire.kind == "catch":
        attributes |= {"style": "dashed", "color": LIGHT["error"]}
    if wire.label:
        attributes["label"] = _sized(wire.label, wire.label_width, wire.label_height)
    digraph.edge(tail, head, **attributes, **{key: box for key, box in clips.items() if box})


def _plain(text: str) -> str:
    """`text` as a label in which a backslash is a backslash and `<` no markup."""
    from graphviz import escape, nohtml

    safe = "\n".join(labels.clean(line) for line in text.split("\n"))
    return str(nohtml(escape(safe).replace("\n", "\\n")))


def _sized(lines: tuple[str, ...], width: float, height: float, *, aligned: str = "") -> str:
    """Label of a size that does not depend on the fonts of the layout program."""
    text = "<BR/>".join(escape(labels.clean(line)) or " " for line in lines)
    borders = 'BORDER="0" CELLBORDER="0" CELLPADDING="0" CELLSPACING="0"'
    size = f'FIXEDSIZE="TRUE" WIDTH="{width:.0f}" HEIGHT="{height:.0f}"'
    return f"<<TABLE {borders} {size}><TR><TD{aligned}>{text}</TD></TR></TABLE>>"
