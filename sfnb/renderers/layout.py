"""Where the things of a scene go: asked of a layout program, read from its JSON.

The program is the one of `graphviz-pure`, a wheel that brings it along, or a `dot` on the PATH where
that is missing. It is called directly: to turn `graphviz.backend.dot_command.DOT_BINARY` would turn
it for everything else in the user's notebook too, and graphviz-pure writes no pdf. Subprocesses of
this package are started here and nowhere else.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, files
from pathlib import Path

import msgspec

Point = tuple[float, float]
TIMEOUT_SECONDS = 20


class Rect(msgspec.Struct, frozen=True):
    """x, y: the upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


class Curve(msgspec.Struct, frozen=True):
    """A wire's way: a Bezier curve, from its tail; the tip of its arrow; the middle of its label."""

    points: tuple[Point, ...]
    tip: Point
    label: Point | None = None


class Layout(msgspec.Struct, frozen=True):
    """Places by id, y downward."""

    width: float
    height: float
    things: Mapping[str, Point]
    boxes: Mapping[str, Rect]
    wires: Mapping[str, Curve]

    def places(self, ids: set[str]) -> bool:
        """Whether all of `ids` have a place."""
        return ids <= self.things.keys() | self.boxes.keys()


class _Item(msgspec.Struct, frozen=True):
    """A node, which has a `pos`, or a cluster, which has a `bb`."""

    name: str
    pos: str = ""
    bb: str = ""


class _Edge(msgspec.Struct, frozen=True):
    id: str = ""
    pos: str = ""
    lp: str = ""
    dir: str = ""


class _Answer(msgspec.Struct, frozen=True):
    """What we read of Graphviz's json0; y counts upward there."""

    bb: str
    objects: tuple[_Item, ...] = ()
    edges: tuple[_Edge, ...] = ()


def find_program() -> str | None:
    """Path of the layout program; None where this machine has none."""
    try:
        installed = files("graphviz-pure") or []
    except PackageNotFoundError:
        installed = []
    for entry in installed:
        program = Path(str(entry.locate())) if entry.stem == "graphviz-pure" else None
        if program is not None and program.is_file():
            return str(program.resolve())
    return shutil.which("dot")


@lru_cache(maxsize=64)
def lay_out(program: str, source: str) -> Layout | None:
    """The layout of DOT `source`; None where the program fails or takes longer than 20 seconds.

    Kept for a while: a live view draws the same machine over and over.
    """
    try:
        done = subprocess.run(
            [program, "-Kdot", "-Tjson0"],
            input=source.encode(),
            capture_output=True,
            timeout=TIMEOUT_SECONDS,
            check=True,
        )
        return _read(msgspec.json.decode(done.stdout, type=_Answer))
    except (OSError, subprocess.SubprocessError, ValueError):
        return None


def _read(answer: _Answer) -> Layout:
    _, _, width, height = _numbers(answer.bb)
    things = {item.name: _point(item.pos, height) for item in answer.objects if item.pos}
    boxes = {item.name: _rect(item.bb, height) for item in answer.objects if item.bb}
    wires = {edge.id: _curve(edge, height) for edge in answer.edges if edge.pos}
    return Layout(width, height, things, boxes, wires)


def _rect(text: str, height: float) -> Rect:
    left, low, right, high = _numbers(text)
    return Rect(left, height - high, right - left, high - low)


def _curve(edge: _Edge, height: float) -> Curve:
    """`e,x,y` before the points is the arrow's tip, `s,x,y` that of a wire handed over backward."""
    tip: Point | None = None
    points: list[Point] = []
    for word in edge.pos.split(";")[0].split():
        if word[:2] in {"e,", "s,"}:
            tip = _point(word[2:], height)
        else:
            points.append(_point(word, height))
    if len(points) < 4:
        raise ValueError(f"no curve: {edge.pos}")
    if edge.dir == "back":
        points.reverse()
    return Curve(tuple(points), tip or points[-1], _point(edge.lp, height) if edge.lp else None)


def _point(text: str, height: float) -> Point:
    x, y = _numbers(text)
    return x, height - y


def _numbers(text: str) -> list[float]:
    return [float(number) for number in text.split(",")]
