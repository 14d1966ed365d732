"""SVG of the things of a scene: boxes, wires, cards, markers. Styles are in `svg.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from sfnb.asl.graph import NodePath
from sfnb.renderers import labels
from sfnb.renderers.labels import xml
from sfnb.renderers.layout import Curve, Layout, Point, Rect
from sfnb.renderers.scene import (
    BAR_ROOM,
    BAR_WIDTH,
    CAPTION_MARGIN,
    CAPTION_ROOM,
    NAME_LEADING,
    NAME_SIZE,
    POINTED,
    SMALL_LEADING,
    SMALL_SIZE,
    TEXT_LEFT,
    Box,
    Card,
    Marker,
    Scene,
    Wire,
)
from sfnb.renderers.shapes import (
    arrow_path,
    beside,
    corner_of,
    curve_path,
    disc,
    meet,
    outline,
    rectangle,
    symbol,
    text,
)
from sfnb.renderers.story import Progress, Story
from sfnb.renderers.style import HUES, LIGHT, LOOKS, Standing

TILE, BADGE, BAR_HEIGHT = 28.0, 9.5, 6.0
_FOLLOWS = {None: "", True: " sfnb-taken", False: " sfnb-untaken"}


class Pen(msgspec.Struct, frozen=True, kw_only=True):
    """Draws the things of one scene; `prefix` begins every id."""

    prefix: str
    scene: Scene
    layout: Layout
    story: Story

    def everything(self) -> str:
        """Boxes at the back, wires on them, cards, and what is written at the wires."""
        cards = {card.id: card for card in self.scene.cards}
        placed = [wire for wire in self.scene.wires if wire.id in self.layout.wires and not wire.hidden]
        wires = [(wire, self._fitted(wire, cards)) for wire in placed]
        wires.sort(key=lambda pair: self.story.follows(pair[0]) is True)
        parts = [self._box(box, cards) for box in self.scene.machine.boxes]
        parts += [self._wire(*pair) for pair in wires]
        parts += [self._marker(marker) for marker in self.scene.markers]
        parts += [self._card(card) for card in self.scene.cards if not card.box]
        parts += [self._label(*pair) for pair in wires if pair[0].label]
        ways = [curve for _, curve in wires]
        parts += [part for box in self.scene.machine.boxes for part in self._captions(box, ways)]
        return "\n".join(parts)

    def _fitted(self, wire: Wire, cards: Mapping[str, Card]) -> Curve:
        """The way of a wire, its ends moved from the layout's rectangles to the outlines drawn."""
        curve = self.layout.wires[wire.id]
        start, *way = curve.points
        for end in (wire.tail, wire.head):
            card = cards.get(end)
            if card is None:
                continue
            rect = self.layout.boxes[card.box] if card.box else self._rect(card)
            corner = corner_of(card.shape, rect.height)
            if end == wire.tail:
                start = meet(start, rect, corner)
            if end == wire.head:
                tip = meet(curve.tip, rect, corner)
                step = tip[0] - curve.tip[0], tip[1] - curve.tip[1]
                way[-2:] = [(x + step[0], y + step[1]) for x, y in way[-2:]]
                curve = Curve(curve.points, tip, curve.label)
        return Curve((start, *way), curve.tip, curve.label)

    def _rect(self, card: Card) -> Rect:
        x, y = self.layout.things[card.id]
        return Rect(x - card.width / 2, y - card.height / 2, card.width, card.height)

    def _box(self, box: Box, cards: Mapping[str, Card]) -> str:
        rect = self.layout.boxes[box.id]
        if box.kind == "container":
            own = self._container(cards[box.things[0]], rect)
        else:
            sheets = "".join(
                rectangle(Rect(rect.x + step, rect.y + step, rect.width, rect.height), 8, "sfnb-panel")
                for step in ((8, 4, 0) if box.many else (0,))
            )
            own = f'<g class="sfnb-branch">{sheets}</g>'
        return "\n".join((own, *(self._box(inner, cards) for inner in box.boxes)))

    def _captions(self, box: Box, ways: Sequence[Curve]) -> Iterator[str]:
        """What is written on the boxes of branches, beside the wire that leads in."""
        if box.kind == "branch" and box.label:
            rect = self.layout.boxes[box.id]
            words = labels.shorten(box.label, SMALL_SIZE, CAPTION_ROOM)
            band = Rect(rect.x, rect.y + 4, rect.width, 18)
            x = beside(band, labels.width(words, SMALL_SIZE), ways, margin=CAPTION_MARGIN)
            title = f"<title>{xml(labels.clean(box.label))}</title>"
            yield f'<g class="sfnb-label sfnb-caption">{title}{text(x, rect.y + 18, words, "")}</g>'
        for inner in box.boxes:
            yield from self._captions(inner, ways)

    def _container(self, card: Card, rect: Rect) -> str:
        frame = rectangle(rect, 12, "sfnb-frame")
        head = self._writing(card, self._rect(card))
        return f"{self._open(card)}{frame}{head}{self._badge(card, (rect.right, rect.y))}</g>"

    def _card(self, card: Card) -> str:
        rect = self._rect(card)
        corner = rect.right - (POINTED if card.pointed else 0), rect.y
        drawn = outline(card.shape, rect) + self._writing(card, rect) + self._badge(card, corner)
        return f"{self._open(card)}{drawn}</g>"

    def _open(self, card: Card) -> str:
        """The start of a state's group, which says whose it is."""
        status = self.story.status(card.node.path)
        classes = f"sfnb-node sfnb-{card.shape}" + (f" sfnb-{status}" if status else "")
        return (
            f'<g id="{self.prefix}-{card.id}" class="{classes}" data-state="{_json(card.node.path)}">'
            f"<title>{xml(self._tooltip(card))}</title>"
        )

    def _tooltip(self, card: Card) -> str:
        node, path = card.node, card.node.path
        lines = [node.name, node.type, *node.details, *(f"retry {line}" for line in node.retry), node.comment]
        if status := self.story.status(path):
            visits = ", ".join(
                f"{count:,} {self.story.looks[each].words}" for each, count in self.story.visits(path)
            )
            lines.insert(1, visits or self.story.looks[status].words)
        return "\n".join(line for line in lines if line)

    def _writing(self, card: Card, rect: Rect) -> str:
        """The tile with the icon, the name, the small lines."""
        left = rect.x + (POINTED if card.pointed else 0)
        middle = rect.y + rect.height / 2
        tile = Rect(left + 10, middle - TILE / 2, TILE, TILE)
        parts = [
            rectangle(tile, 8, "sfnb-tile", HUES[card.shape][0]),
            symbol(f"{self.prefix}-{card.shape}", left + 10 + TILE / 2, middle, 16, "sfnb-icon"),
        ]
        lines = len(card.name) * NAME_LEADING + len(card.details) * SMALL_LEADING
        y = middle - (lines + (BAR_ROOM if card.bar else 0)) / 2
        for line in card.name:
            y += NAME_LEADING
            parts.append(text(left + TEXT_LEFT, y - (NAME_LEADING - NAME_SIZE), line, "sfnb-name"))
        for line in card.details:
            y += SMALL_LEADING
            parts.append(text(left + TEXT_LEFT, y - (SMALL_LEADING - SMALL_SIZE), line, "sfnb-small"))
        if card.bar:
            parts.append(self._progress(self.story.progress.get(card.node.path), left + TEXT_LEFT, y + 7))
        return "".join(parts)

    def _progress(self, progress: Progress | None, x: float, y: float) -> str:
        """A bar of what came to what, and the same in words; a live view fills it in again."""
        track = Rect(x, y, BAR_WIDTH, BAR_HEIGHT)
        parts = [rectangle(track, BAR_HEIGHT / 2, "sfnb-trough", "none", "none")]
        at = x
        for status, count in (progress.counts if progress else {}).items():
            width = BAR_WIDTH * count / progress.whole if progress else 0.0
            part = rectangle(Rect(at, y, width, BAR_HEIGHT), 0, "sfnb-part", LOOKS[status].light, "none")
            parts.append(f'<g class="sfnb-{status}">{part}</g>')
            at += width
        parts.append(text(x, y + BAR_HEIGHT + 12, progress.words if progress else "", "sfnb-small"))
        return f'<g class="sfnb-progress">{"".join(parts)}</g>'

    def _badge(self, card: Card, corner: Point) -> str:
        """At the upper right corner: the mark of the status, or how many visits came to what."""
        status = self.story.status(card.node.path)
        if status is None:
            return ""
        x, y = corner[0] - 5, corner[1] + 2
        visits = self.story.visits(card.node.path)
        if visits:
            return self._pill(visits, corner[0] + 8, y - 4)
        mark = symbol(f"{self.prefix}-{status}", x, y, 13, "sfnb-mark")
        return f'<g class="sfnb-badge">{disc(x, y, BADGE, self.story.looks[status].light)}{mark}</g>'

    def _pill(self, visits: list[tuple[Standing, int]], right: float, y: float) -> str:
        widths = [22 + labels.width(f"{count:,}", SMALL_SIZE, bold=True) for _, count in visits]
        x = right - sum(widths) - 6
        parts = [rectangle(Rect(x, y - 10, sum(widths) + 6, 20), 10, "sfnb-pill")]
        for (status, count), width in zip(visits, widths, strict=True):
            key = disc(x + 11, y, 6.5, self.story.looks[status].light)
            key += symbol(f"{self.prefix}-{status}", x + 11, y, 10, "sfnb-mark")
            key += text(x + 20, y + 4, f"{count:,}", "sfnb-count")
            parts.append(f'<g class="sfnb-{status}">{key}</g>')
            x += width
        return f'<g class="sfnb-counts">{"".join(parts)}</g>'

    def _marker(self, marker: Marker) -> str:
        x, y = self.layout.things[marker.id]
        if marker.kind == "join":
            return disc(x, y, 3.5, LIGHT["line"], "sfnb-dot")
        rect = Rect(x - marker.width / 2, y - marker.height / 2, marker.width, marker.height)
        inner = Rect(rect.x + 3, rect.y + 3, rect.width - 6, rect.height - 6)
        ring = rectangle(inner, inner.height / 2, "sfnb-ring") if marker.kind == "end" else ""
        word = text(x, y + 4, marker.kind.title(), "sfnb-small", middle=True)
        body = rectangle(rect, rect.height / 2, "sfnb-stop")
        return f'<g class="sfnb-{marker.kind}">{body}{ring}{word}</g>'

    def _wire(self, wire: Wire, curve: Curve) -> str:
        """A line and its arrow; a line into a join just runs into it."""
        classes = f"sfnb-edge sfnb-edge-{wire.kind}{self._follows(wire)}"
        colour = LIGHT["error" if wire.kind == "catch" else "line"]
        line = f'<path d="{curve_path(curve.points)}" fill="none" stroke="{colour}"/>'
        if wire.head[0] != "j":
            line += f'<path class="sfnb-tip" d="{arrow_path(curve)}" fill="{colour}"/>'
        return f'<g class="{classes}"{_ends(wire)}>{line}</g>'

    def _follows(self, wire: Wire) -> str:
        """The classes that say whether, and on which side alone, an execution went this way."""
        side = self.story.side(wire)
        return _FOLLOWS[self.story.follows(wire)] + (f" sfnb-{side}" if side else "")

    def _label(self, wire: Wire, curve: Curve) -> str:
        leading = SMALL_LEADING - 1
        x, y = curve.label or curve.points[0]
        y += 4 - (len(wire.label) - 1) * leading / 2
        lines = enumerate(wire.label)
        rows = "".join(text(x, y + row * leading, line, "", middle=True) for row, line in lines)
        classes = f"sfnb-label sfnb-label-{wire.kind}{self._follows(wire)}"
        return f'<g class="{classes}"{_ends(wire)}><title>{xml(labels.clean(wire.words))}</title>{rows}</g>'


def _ends(wire: Wire) -> str:
    """Which states a wire, or its label, lies between; a live view asks for it."""
    ends = f' data-source="{_json(wire.source)}"' if wire.source else ""
    return ends + (f' data-target="{_json(wire.target)}"' if wire.target else "")


def _json(path: NodePath) -> str:
    """ASCII only: it survives any page and any name."""
    return xml(json.dumps(path, separators=(",", ":")))
