"""A machine as things to place: cards, markers, wires and the boxes around them.

Between the drawing model (`asl.graph`) and a layout: sizes are settled here, places are not. Every
thing has a plain id (n0, w0, ...); no name from a definition is ever used as one.

A Parallel or Map is a box. Its title is a card of its own in the top row, from which wires lead to
the first state of each branch; what ends a branch leads to a dot in the bottom row, the join. So the
layout program sees ordinary nodes and keeps every box in the direction of the flow.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Literal

import msgspec

from sfnb.asl.graph import Edge, EdgeKind, Graph, Node, NodePath, Shape
from sfnb.renderers import labels

NAME_SIZE, SMALL_SIZE = 13.0, 11.0
NAME_LEADING, SMALL_LEADING = 17.0, 15.0
TEXT_ROOM, BOX_TEXT_ROOM = 196.0, 250.0
"""How wide a line of a card may be, and one of the title of a box, which has room around it anyway."""
TEXT_LEFT, TEXT_RIGHT, POINTED = 48.0, 16.0, 14.0
CAPTION_MARGIN, CAPTION_ROOM = 12.0, 150.0
"""Left of what is written on the box of a branch, and how wide that may be."""
BAR_ROOM, BAR_WIDTH = 27.0, 150.0

MOST_DETAILS = 4
"""Lines of what a state says of itself, besides that with its type."""

WireKind = Literal["start", "next", "choice", "default", "catch", "end"]
_SHAPES: dict[str, Shape] = {
    "Task": "task",
    "Pass": "pass",
    "Choice": "choice",
    "Wait": "wait",
    "Succeed": "succeed",
    "Fail": "fail",
    "Parallel": "parallel",
    "Map": "map",
}


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A state; one with a `box` is the title of that box. bar: it has room for how far it has come."""

    id: str
    node: Node
    shape: Shape
    name: tuple[str, ...]
    details: tuple[str, ...]
    width: float
    height: float
    box: str = ""
    bar: bool = False

    @property
    def pointed(self) -> bool:
        """Its sides are not straight, and what it says stands further in."""
        return self.shape in {"choice", "fail"}


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """Where a machine starts or ends, or where the branches of a box join."""

    id: str
    kind: Literal["start", "end", "join"]
    width: float
    height: float


class Wire(msgspec.Struct, frozen=True, kw_only=True):
    """From one thing to another; `tail_box` and `head_box` say at which box's border it is to end.

    source, target: the states it joins; None at Start, End and a join.
    back: it leads to where the machine has been before.
    hidden: there is no way here; it only keeps the join of a box below the states that fail.
    """

    id: str
    tail: str
    head: str
    tail_box: str = ""
    head_box: str = ""
    kind: WireKind = "next"
    source: NodePath | None = None
    target: NodePath | None = None
    words: str = ""
    label: tuple[str, ...] = ()
    back: bool = False
    hidden: bool = False

    @property
    def label_width(self) -> float:
        return max((labels.width(line, SMALL_SIZE) for line in self.label), default=0.0) + 10

    @property
    def label_height(self) -> float:
        return len(self.label) * (SMALL_LEADING - 1) + 6


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """What is drawn around things: the whole machine, a Parallel or Map, one branch of it."""

    id: str
    kind: Literal["machine", "container", "branch"]
    label: str = ""
    many: bool = False
    things: tuple[str, ...] = ()
    boxes: tuple[Box, ...] = ()

    @property
    def caption_width(self) -> float:
        """Room for the label on either side of a wire, wherever that comes in."""
        return 2 * (min(labels.width(self.label, SMALL_SIZE), CAPTION_ROOM) + 1.5 * CAPTION_MARGIN)


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """All there is to place; `cards` come with the outer ones first."""

    machine: Box
    cards: tuple[Card, ...]
    markers: tuple[Marker, ...]
    wires: tuple[Wire, ...]

    @property
    def ids(self) -> set[str]:
        """Of everything that needs a place; a wire without one is left out."""
        return (
            {card.id for card in self.cards}
            | {marker.id for marker in self.markers}
            | {*_box_ids(self.machine)}
        )


def _box_ids(box: Box) -> Iterator[str]:
    for inner in box.boxes:
        yield inner.id
        yield from _box_ids(inner)


def shape_of(node: Node) -> Shape:
    """How a state looks: as it says, or by its type."""
    return node.shape or _SHAPES.get(node.type, "task")


def arrange(graph: Graph, *, with_progress: bool = False) -> Scene:
    """The scene of a machine; `with_progress` leaves room for how far an execution of it has come."""
    return _Arrangement(with_progress).scene(graph)


class _Arrangement:
    """Gathers the things of one machine and numbers them."""

    def __init__(self, with_progress: bool) -> None:
        self.with_progress = with_progress
        self.cards: list[Card] = []
        self.markers: list[Marker] = []
        self.wires: list[Wire] = []

    def scene(self, graph: Graph) -> Scene:
        start = Marker(id="start", kind="start", width=58, height=26)
        end = Marker(id="end", kind="end", width=58, height=26)
        self.markers.append(start)
        cards, boxes = self._states(graph, start.id, end.id)
        closes = any(wire.head == end.id for wire in self.wires)
        if closes:
            self.markers.append(end)
        things = ("start", *cards, *(["end"] if closes else ()))
        machine = Box(id="machine", kind="machine", things=things, boxes=boxes)
        return Scene(
            machine=machine,
            cards=tuple(self.cards),
            markers=tuple(self.markers),
            wires=tuple(self.wires),
        )

    def _states(self, graph: Graph, start: str, end: str) -> tuple[list[str], tuple[Box, ...]]:
        """Ids of the plain states, boxes of the others; the way comes from `start` and leads to `end`."""
        ports: dict[str, tuple[Card, str]] = {}
        plain: list[str] = []
        boxes: list[Box] = []
        for node in graph.nodes:
            card = self._card(node)
            exit_id = card.id
            if card.box:
                box, exit_id = self._container(card)
                boxes.append(box)
            else:
                plain.append(card.id)
            ports[node.name] = card, exit_id
        self._connect(graph, ports)
        if graph.start in ports:
            first = ports[graph.start][0]
            self._wire(start, first.id, kind="start", head_box=first.box, target=first.node.path)
        for card, exit_id in ports.values():
            if card.node.terminal and not _is_end(card.node, of_machine=end == "end"):
                self._wire(exit_id, end, kind="end", tail_box=card.box, source=card.node.path)
            elif card.node.terminal and end != "end":
                self._wire(exit_id, end, kind="end", hidden=True)
        return plain, tuple(boxes)

    def _card(self, node: Node) -> Card:
        number = len(self.cards)
        holds = any(graph.nodes for graph in node.graphs)
        bar = self.with_progress and node.progress
        card = _sized_card(f"n{number}", node, f"cluster_n{number}" if holds else "", bar=bar)
        self.cards.append(card)
        return card

    def _container(self, card: Card) -> tuple[Box, str]:
        """The box of a Parallel or Map, and the join at its bottom."""
        join = Marker(id=f"j{card.id[1:]}", kind="join", width=8, height=8)
        self.markers.append(join)
        branches = []
        for index, graph in enumerate(card.node.graphs):
            if not graph.nodes:
                continue
            plain, boxes = self._states(graph, card.id, join.id)
            branches.append(
                Box(
                    id=f"{card.box}_{index}",
                    kind="branch",
                    label=graph.label,
                    many=card.shape == "map",
                    things=tuple(plain),
                    boxes=boxes,
                )
            )
        things = (card.id, join.id)
        return Box(id=card.box, kind="container", things=things, boxes=tuple(branches)), join.id

    def _connect(self, graph: Graph, ports: dict[str, tuple[Card, str]]) -> None:
        """One wire for all edges of a kind between the same two states."""
        together: dict[tuple[str, str, EdgeKind], list[str]] = defaultdict(list)
        for edge in graph.edges:
            if edge.source in ports and edge.target in ports:
                together[edge.source, edge.target, edge.kind].append(edge.label)
        back = _back_edges(graph)
        for (source, target, kind), words in together.items():
            (tail, exit_id), (head, _) = ports[source], ports[target]
            loop = tail.id == head.id
            self._wire(
                tail.id if loop else exit_id,
                head.id,
                kind=kind,
                tail_box="" if loop else tail.box,
                head_box="" if loop else head.box,
                source=tail.node.path,
                target=head.node.path,
                words=words_of(kind, words),
                back=(source, target) in back,
            )

    def _wire(
        self,
        tail: str,
        head: str,
        *,
        kind: WireKind,
        tail_box: str = "",
        head_box: str = "",
        source: NodePath | None = None,
        target: NodePath | None = None,
        words: str = "",
        back: bool = False,
        hidden: bool = False,
    ) -> None:
        self.wires.append(
            Wire(
                id=f"w{len(self.wires)}",
                tail=tail,
                head=head,
                tail_box=tail_box,
                head_box=head_box,
                kind=kind,
                source=source,
                target=target,
                words=words,
                label=labels.wrap(readable(words), SMALL_SIZE, 170, 3) if words else (),
                back=back,
                hidden=hidden,
            )
        )


def words_of(kind: EdgeKind, texts: list[str]) -> str:
    """What stands at an edge.

    >>> words_of("choice", ["$.n > 1", "$.n < 0"]), words_of("catch", ["States.ALL"])
    ('$.n > 1 or $.n < 0', 'catch States.ALL')
    """
    words = " or ".join(dict.fromkeys(text for text in texts if text))
    if kind == "catch":
        return f"catch {words}".strip()
    return words or ("default" if kind == "default" else "")


def readable(words: str) -> str:
    """`words` without what stands before nearly every path in JSONata.

    >>> readable("$states.input.total > $limit"), readable("$.total > 100")
    ('input.total > $limit', '$.total > 100')
    """
    return words.replace("$states.", "")


def _is_end(node: Node, *, of_machine: bool) -> bool:
    """Whether a state is an end by itself; one that succeeds inside a branch ends only the branch."""
    return shape_of(node) == "fail" or (of_machine and shape_of(node) == "succeed")


def _sized_card(card_id: str, node: Node, box: str, *, bar: bool) -> Card:
    shape = shape_of(node)
    name = labels.wrap(labels.clean(node.name) or '""', NAME_SIZE, TEXT_ROOM, 3, bold=True)
    details = tuple(_details(node, BOX_TEXT_ROOM if box else TEXT_ROOM))
    text = max(
        *(labels.width(line, NAME_SIZE, bold=True) for line in name),
        *(labels.width(line, SMALL_SIZE) for line in details),
        BAR_WIDTH if bar else 0.0,
    )
    pointed = 2 * POINTED if shape in {"choice", "fail"} else 0.0
    return Card(
        id=card_id,
        node=node,
        shape=shape,
        name=name,
        details=details,
        width=round(max(128.0, TEXT_LEFT + text + TEXT_RIGHT + pointed)),
        height=(6 if box else 20)
        + len(name) * NAME_LEADING
        + len(details) * SMALL_LEADING
        + (BAR_ROOM if bar else 0),
        box=box,
        bar=bar,
    )


def _details(node: Node, room: float) -> Iterator[str]:
    """The small lines of a card: the type, what the state says of itself, its Retriers."""
    first, *rest = node.details or ("",)
    together = f"{node.type} · {first}" if first else node.type
    if labels.width(labels.clean(readable(together)), SMALL_SIZE) > room:
        together, rest = node.type, list(node.details)
    shown = [together, *rest[:MOST_DETAILS], *(f"↻ {line}" for line in node.retry[:2])]
    yield from (labels.shorten(readable(line), SMALL_SIZE, room) for line in shown)


def _back_edges(graph: Graph) -> set[tuple[str, str]]:
    """The edges that close a loop, as met on a walk from the start in the order of the definition.

    A layout program left to itself breaks a loop at any edge, and may put the start at the bottom.
    """
    ways: dict[str, list[str]] = defaultdict(list)
    for edge in _by_likelihood(graph.edges):
        ways[edge.source].append(edge.target)
    back: set[tuple[str, str]] = set()
    open_: set[str] = set()
    seen: set[str] = set()
    for root in (graph.start, *(node.name for node in graph.nodes)):
        stack: list[tuple[str, Iterator[str]]] = []
        if root not in seen:
            stack = [(root, iter(ways[root]))]
            seen.add(root)
            open_.add(root)
        while stack:
            name, targets = stack[-1]
            target = next(targets, None)
            if target is None:
                open_.discard(name)
                stack.pop()
            elif target in open_:
                back.add((name, target))
            elif target not in seen:
                seen.add(target)
                open_.add(target)
                stack.append((target, iter(ways[target])))
    return back


def _by_likelihood(edges: tuple[Edge, ...]) -> list[Edge]:
    """The usual way first, the way of errors last."""
    return sorted(edges, key=lambda edge: edge.kind == "catch")
