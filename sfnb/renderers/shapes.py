"""Outlines, arrows and text as SVG, and where a wire meets an outline."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from sfnb.asl.graph import Shape
from sfnb.renderers.labels import xml
from sfnb.renderers.layout import Curve, Point, Rect
from sfnb.renderers.style import LIGHT

ARROW = 9.0


class Corner(msgspec.Struct, frozen=True):
    """How the corners of an outline are cut off: `across` and `down` from each, straight or round."""

    across: float
    down: float
    straight: bool = False

    def inset(self, distance: float) -> float:
        """How far the side stands back, `distance` away from the nearer end of it."""
        if distance >= self.down:
            return 0.0
        if self.straight:
            return self.across * (1 - distance / self.down)
        return self.across - math.sqrt(max(0.0, self.across**2 - (self.down - distance) ** 2))


def corner_of(shape: Shape, height: float) -> Corner:
    """The corner of a card: a hexagon for a decision, an octagon to stop, a lozenge for time."""
    match shape:
        case "choice":
            return Corner(14, height / 2, straight=True)
        case "fail":
            return Corner(11, 11, straight=True)
        case "wait" | "succeed":
            return Corner(23, 23)
        case "pass":
            return Corner(3, 3)
        case "parallel" | "map":
            return Corner(12, 12)
    return Corner(10, 10)


def outline(shape: Shape, rect: Rect) -> str:
    """The shape of a card; ends have a second line inside the first."""
    corner = corner_of(shape, rect.height)
    inner = Rect(rect.x + 3.5, rect.y + 3.5, rect.width - 7, rect.height - 7)
    match shape:
        case "choice":
            return polygon(rect, corner, "sfnb-card")
        case "fail":
            return polygon(rect, corner, "sfnb-card") + polygon(inner, Corner(9.5, 9.5), "sfnb-ring")
        case "succeed":
            return rectangle(rect, 23, "sfnb-card") + rectangle(inner, 19.5, "sfnb-ring")
    return rectangle(rect, corner.across, "sfnb-card")


def meet(end: Point, rect: Rect, corner: Corner) -> Point:
    """The point of an outline nearest to `end`, where a wire meets the rectangle around it.

    Layouts are made with plain rectangles: what Graphviz takes for a hexagon is not ours.
    """
    x, y = end
    if min(abs(y - rect.y), abs(y - rect.bottom)) < 1.5:
        return min(max(x, rect.x + corner.across), rect.right - corner.across), y
    inset = corner.inset(max(0.0, min(y - rect.y, rect.bottom - y)))
    if abs(x - rect.x) < 1.5:
        return x + inset, y
    return (x - inset, y) if abs(x - rect.right) < 1.5 else end


def polygon(rect: Rect, corner: Corner, kind: str) -> str:
    """A rectangle without its corners: a hexagon where they reach half its height, else an octagon."""
    left, right, top, bottom = rect.x, rect.right, rect.y, rect.bottom
    across, down = corner.across, corner.down
    corners = [(left + across, top), (right - across, top), (right, top + down), (right, bottom - down)]
    corners += [(right - across, bottom), (left + across, bottom), (left, bottom - down), (left, top + down)]
    d = "L".join(place(each) for each in dict.fromkeys(corners))
    return f'<path d="M{d}Z" class="{kind}" fill="none" stroke="{LIGHT["line"]}" stroke-linejoin="round"/>'


def rectangle(rect: Rect, radius: float, kind: str, fill: str = "none", stroke: str = LIGHT["line"]) -> str:
    where = f'x="{number(rect.x)}" y="{number(rect.y)}"'
    size = f'width="{number(rect.width)}" height="{number(rect.height)}" rx="{number(radius)}"'
    return f'<rect {where} {size} class="{kind}" fill="{fill}" stroke="{stroke}"/>'


def disc(x: float, y: float, radius: float, fill: str, kind: str = "sfnb-disc") -> str:
    return f'<circle class="{kind}" cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" fill="{fill}"/>'


def symbol(name: str, x: float, y: float, size: float, kind: str) -> str:
    """The symbol `name`, its middle at x, y."""
    corner = f'x="{number(x - size / 2)}" y="{number(y - size / 2)}"'
    return f'<use href="#{name}" class="{kind}" {corner} width="{size:g}" height="{size:g}"/>'


def text(x: float, y: float, words: str, kind: str, *, middle: bool = False) -> str:
    anchor = ' text-anchor="middle"' if middle else ""
    return f'<text x="{number(x)}" y="{number(y)}" class="{kind}"{anchor}>{xml(words)}</text>'


def curve_path(points: tuple[Point, ...]) -> str:
    return f"M{place(points[0])}C{' '.join(map(place, points[1:]))}"


def arrow_path(curve: Curve) -> str:
    """A head of one size, in the direction in which the curve ends."""
    tip = curve.tip
    apart = (point for point in reversed(curve.points) if math.dist(point, tip) > 0.5)
    behind = next(apart, (tip[0], tip[1] - 1))
    distance = math.dist(behind, tip)
    along = ((tip[0] - behind[0]) / distance * ARROW, (tip[1] - behind[1]) / distance * ARROW)
    base = (tip[0] - along[0], tip[1] - along[1])
    left = (base[0] + along[1] * 0.45, base[1] - along[0] * 0.45)
    right = (base[0] - along[1] * 0.45, base[1] + along[0] * 0.45)
    return f"M{place(tip)}L{place(left)}L{place(right)}Z"


def place(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"


def number(value: float) -> str:
    """A coordinate, to a tenth; no minus before nought.

    >>> number(12.04), number(-0.01), number(31234.56)
    ('12', '0', '31234.6')
    """
    return f"{round(value, 1) + 0.0:.8g}"


def beside(band: Rect, width: float, ways: Iterable[Curve], *, margin: float) -> float:
    """The x of words that are `width` wide, in a band that wires cross: left of them, else right of them.

    Where neither side has the room they stand at the left.
    """
    crossed = [x for way in ways for x, y in points_on(way) if _holds(band, x, y)]
    left = band.x + margin
    if crossed and min(crossed) < left + width + margin / 2:
        right = max(crossed) + margin / 2
        return right if right + width <= band.right - margin / 2 else left
    return left


def points_on(curve: Curve, steps: int = 12) -> Iterator[Point]:
    """Points all along a curve, `steps` to each of its pieces."""
    ways = curve.points
    for at in range(0, len(ways) - 3, 3):
        yield from (_bezier(ways[at : at + 4], step / steps) for step in range(steps))
    yield curve.tip


def _bezier(points: Sequence[Point], t: float) -> Point:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    x, y = (sum(w * point[axis] for w, point in zip(weights, points, strict=True)) for axis in (0, 1))
    return x, y


def _holds(rect: Rect, x: float, y: float) -> bool:
    return rect.x <= x <= rect.right and rect.y <= y <= rect.bottom
