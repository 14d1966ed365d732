"""Machines to draw: a small one, a nested one, one of any size."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec

from sfnb.asl.graph import Edge, EdgeKind, Graph, Node, NodePath


def node(name: str, type: str = "Task", inside: NodePath = (), **more: Any) -> Node:
    return Node(name=name, type=type, path=(*inside, name), **more)


def edge(source: str, target: str, kind: EdgeKind = "next", label: str = "") -> Edge:
    return Edge(source=source, target=target, kind=kind, label=label)


def chain(*names: str, label: str = "", inside: NodePath = ()) -> Graph:
    """Tasks one after another."""
    nodes = tuple(node(name, inside=inside, terminal=name == names[-1]) for name in names)
    edges = tuple(edge(first, second) for first, second in pairwise(names))
    return Graph(start=names[0], nodes=nodes, edges=edges, label=label)


ORDER = Graph(
    start="Validate",
    nodes=(
        node("Validate", details=("validate",), retry=("States.Timeout, 3 times",)),
        node("Paid?", "Choice"),
        node("Wait for money", "Wait", details=("30 seconds",)),
        node("Ship", details=("ship",), terminal=True),
        node("Refused", "Fail", terminal=True),
    ),
    edges=(
        edge("Validate", "Paid?"),
        edge("Validate", "Refused", "catch", "States.ALL"),
        edge("Paid?", "Ship", "choice", "$.paid is true"),
        edge("Paid?", "Paid?", "choice", "$.again"),
        edge("Paid?", "Wait for money", "default"),
        edge("Wait for money", "Validate"),
    ),
)

_IN_MAP: NodePath = ("Each file", 0)
_IN_PARALLEL: NodePath = (*_IN_MAP, "Analyse")

NESTED = Graph(
    start="List",
    nodes=(
        node("List"),
        node(
            "Each file",
            "Map",
            details=("at most 10 at once",),
            graphs=(
                Graph(
                    start="Load",
                    label="each item",
                    nodes=(
                        node("Load", inside=_IN_MAP),
                        node(
                            "Analyse",
                            "Parallel",
                            _IN_MAP,
                            terminal=True,
                            graphs=(
                                chain("Text", "Language", label="Branch 1", inside=(*_IN_PARALLEL, 0)),
                                chain("Thumbnail", label="Branch 2", inside=(*_IN_PARALLEL, 1)),
                            ),
                        ),
                    ),
                    edges=(edge("Load", "Analyse"),),
                ),
            ),
        ),
        node("Clean up"),
        node("Done", "Succeed", terminal=True),
    ),
    edges=(
        edge("List", "Each file"),
        edge("Each file", "Done"),
        edge("Each file", "Each file", "catch", "Throttled"),
        edge("Each file", "Clean up", "catch", "States.ALL"),
        edge("Clean up", "List"),
    ),
)


def of_size(count: int) -> Graph:
    """A long machine, every fifth state a Choice that may skip three states."""
    names = [f"Step {number}" for number in range(count)]
    nodes = [
        node(name, "Choice" if n % 5 == 4 else "Task", terminal=n == count - 1)
        for n, name in enumerate(names)
    ]
    edges = [edge(first, second) for first, second in pairwise(names)]
    edges += [
        edge(names[n], names[min(n + 4, count - 1)], "choice", f"$.n > {n}") for n in range(4, count - 1, 5)
    ]
    return Graph(start=names[0], nodes=tuple(nodes), edges=tuple(edges))


MACHINES = {"order": ORDER, "nested": NESTED, "one": chain("Only"), "long": of_size(40)}


def all_nodes(graph: Graph) -> Iterator[Node]:
    for each in graph.nodes:
        yield each
        for inner in each.graphs:
            yield from all_nodes(inner)


def replace(graph: Graph, **fields: Any) -> Graph:
    return msgspec.structs.replace(graph, **fields)
