"""A machine as a Mermaid flowchart, which GitHub, GitLab and JupyterLab draw from text.

A flowchart, not a stateDiagram: only its labels can be quoted, and so hold any name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from sfnb.asl.graph import Graph, NodePath, Shape
from sfnb.renderers import labels
from sfnb.renderers.scene import Box, Card, Scene, Wire, arrange
from sfnb.renderers.style import LOOKS, Status

_SHAPES: dict[Shape, tuple[str, str]] = {
    "choice": ("{{", "}}"),
    "wait": ("([", "])"),
    "succeed": ("([", "])"),
    "fail": ("[[", "]]"),
    "pass": ("[", "]"),
}
_SPECIAL = re.compile(r"^[-+*]|(?<=^\d)[.)]|(?<=^\d\d)[.)]|[^\w\s$.,:?!=+*/()·↻…'-]")
"""Mermaid takes a label that begins like a list ("1. ", "- ") for one, and refuses it."""


def render_mermaid(
    graph: Graph, statuses: Mapping[NodePath, Status] | None = None, *, title: str = ""
) -> str:
    """Mermaid source of a machine; states are coloured by `statuses`."""
    scene = arrange(graph)
    lines = ["---", f"title: {json.dumps(labels.clean(title), ensure_ascii=False)}", "---"] if title else []
    lines += ["flowchart TB", "  start((Start))"]
    lines += _things(scene, scene.machine, "  ")
    if any(marker.kind == "end" for marker in scene.markers):
        lines.append("  end_((End))")
    lines += [f"  {_wire(wire)}" for wire in scene.wires if _shown(wire)]
    lines += _colours(scene, statuses or {})
    return "\n".join(lines) + "\n"


def _things(scene: Scene, box: Box, indent: str) -> Iterator[str]:
    """The states of a box, then the boxes in it as subgraphs; a dot marks where a branch starts."""
    cards = {card.id: card for card in scene.cards}
    for thing in box.things:
        if thing in cards and not cards[thing].box:
            yield indent + _card(cards[thing])
    for inner in box.boxes:
        if inner.kind == "container":
            card = cards[inner.things[0]]
            yield f'{indent}subgraph {card.id}["{_label(card, " · ")}"]'
        else:
            yield f'{indent}subgraph {inner.id}["{_quoted(inner.label) or " "}"]'
            yield from (f'{indent}  {inner.id}_s((" ")) --> {head}' for head in _first(scene, inner))
        yield from _things(scene, inner, indent + "  ")
        yield f"{indent}end"


def _first(scene: Scene, branch: Box) -> list[str]:
    """The state that a branch starts with."""
    inside = {*branch.things, *(box.things[0] for box in branch.boxes)}
    return [wire.head for wire in scene.wires if wire.kind == "start" and wire.head in inside]


def _card(card: Card) -> str:
    opening, closing = _SHAPES.get(card.shape, ("(", ")"))
    return f'{card.id}{opening}"{_label(card)}"{closing}'


def _label(card: Card, separator: str = "<br/>") -> str:
    """Name and small lines; a subgraph has room for one line."""
    lines = [labels.clean(card.node.name) or '""', *card.details]
    return separator.join(map(_quoted, lines))


def _wire(wire: Wire) -> str:
    """A join is where its box ends: the wire out of it leaves the box."""
    tail = f"n{wire.tail[1:]}" if wire.tail[0] == "j" else wire.tail
    head = "end_" if wire.head == "end" else wire.head
    arrow = "-.->" if wire.kind == "catch" else "-->"
    words = f'|"{_quoted(wire.words)}"|' if wire.words else ""
    return f"{tail} {arrow}{words} {head}"


def _shown(wire: Wire) -> bool:
    """Mermaid refuses an edge between a subgraph and what is in it: the title and the join of a box."""
    from_title = wire.kind == "start" and wire.tail != "start"
    return not wire.hidden and not from_title and wire.head[0] != "j"


def _colours(scene: Scene, statuses: Mapping[NodePath, Status]) -> Iterator[str]:
    for status, look in LOOKS.items():
        ids = [card.id for card in scene.cards if statuses.get(card.node.path) == status]
        if ids:
            yield f"  classDef {status} fill:{look.light}22,stroke:{look.light},stroke-width:2px"
            yield f"  class {','.join(ids)} {status}"


def _quoted(text: str) -> str:
    """`text` between quotes: all that Mermaid or HTML could take for markup as a code.

    >>> _quoted('a "b" <c>')
    'a #34;b#34; #60;c#62;'
    """
    return _SPECIAL.sub(lambda match: f"#{ord(match.group())};", labels.clean(text))
