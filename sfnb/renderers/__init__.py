"""How machines and executions look: pictures, outlines, and text that others draw from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sfnb.asl.graph import Graph, NodePath
from sfnb.renderers.dot import render_dot
from sfnb.renderers.mermaid import render_mermaid
from sfnb.renderers.pictures import Picture as Picture
from sfnb.renderers.pictures import difference_picture as difference_picture
from sfnb.renderers.pictures import execution_picture as execution_picture
from sfnb.renderers.pictures import picture as picture
from sfnb.renderers.pictures import timeline_picture as timeline_picture
from sfnb.renderers.style import Status
from sfnb.renderers.svg import render_svg
from sfnb.renderers.text import render_text


class Renderer(Protocol):
    """A machine as text of some format, coloured by `statuses` where they are given."""

    def __call__(
        self, graph: Graph, statuses: Mapping[NodePath, Status] | None = None, *, title: str = ""
    ) -> str: ...


RENDERERS: dict[str, Renderer] = {
    "svg": render_svg,
    "text": render_text,
    "mermaid": render_mermaid,
    "dot": render_dot,
}
