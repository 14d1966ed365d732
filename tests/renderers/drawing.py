"""A picture read back."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from sfnb.asl.graph import NodePath

SVG = "{http://www.w3.org/2000/svg}"
Element = ElementTree.Element


def read(svg: str) -> Element:
    root = ElementTree.fromstring(svg)
    assert root.tag == f"{SVG}svg"
    return root


def of_class(root: Element, name: str) -> list[Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def states(root: Element) -> dict[NodePath, Element]:
    """The group of each state."""
    return {tuple(json.loads(group.attrib["data-state"])): group for group in of_class(root, "sfnb-node")}


def classes(element: Element) -> set[str]:
    return set(element.get("class", "").split())


def title(element: Element) -> str:
    return element.findtext(f"{SVG}title") or ""


def texts(root: Element) -> list[str]:
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def bounds(element: Element) -> tuple[float, float, float, float]:
    """Left, top, right, bottom of a state's card or frame."""
    shape = next(each for each in element if classes(each) & {"sfnb-card", "sfnb-frame"})
    if shape.tag == f"{SVG}rect":
        x, y, width, height = (float(shape.attrib[name]) for name in ("x", "y", "width", "height"))
        return x, y, x + width, y + height
    corners = [tuple(map(float, pair.split(","))) for pair in shape.attrib["d"].strip("MZ").split("L")]
    xs, ys = zip(*corners, strict=True)
    return min(xs), min(ys), max(xs), max(ys)
