"""What there is to draw of a machine: nodes, edges, and graphs inside nodes.

Renderers see these records and nothing else, so they never learn of a new state type: a state says
by `shape` and `details` how it wants to look. A node is named by its `path`, the steps through the
nesting: ("Load",), ("Each", 0, "Resize") for a state of the first branch of "Each".
"""

from __future__ import annotations

from typing import Literal

import msgspec

NodePath = tuple[str | int, ...]
EdgeKind = Literal["next", "choice", "default", "catch"]
Shape = Literal["task", "pass", "choice", "wait", "succeed", "fail", "parallel", "map"]


class Edge(msgspec.Struct, frozen=True, kw_only=True):
    """From one state to another of the same graph.

    source, target: state names.
    label: in words: a Choice rule ("$.total > 100"), the Error Names of a Catcher; "" for none.
    """

    source: str
    target: str
    kind: EdgeKind = "next"
    label: str = ""


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A state.

    type: as in the definition ("Task").
    shape: the look of which type it takes; None: that of its own, or a Task's where it is a new one.
    details: short lines to show under the name, e.g. what a Task calls or how long a Wait lasts.
    retry: a short line per Retrier, e.g. "States.Timeout, 3 times".
    graphs: what runs inside, for Parallel (one a branch) and Map (one).
    terminal: leaving it ends its graph.
    progress: how far it has come is worth showing: its items are executions of their own.
    """

    name: str
    type: str
    path: NodePath
    shape: Shape | None = None
    details: tuple[str, ...] = ()
    retry: tuple[str, ...] = ()
    graphs: tuple[Graph, ...] = ()
    terminal: bool = False
    progress: bool = False
    comment: str = ""


class Graph(msgspec.Struct, frozen=True, kw_only=True):
    """The states that run one after another: a machine, a branch, or what a Map does to each item.

    label: "" for the machine; "Branch 1", "each item" and the like inside a node.
    """

    start: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    label: str = ""
