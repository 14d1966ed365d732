"""A machine as an outline in plain text: for terminals, for diffs, and where no picture can be drawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from sfnb.asl.graph import Edge, Graph, Node, NodePath
from sfnb.renderers.labels import clean, columns
from sfnb.renderers.scene import readable, shape_of, words_of
from sfnb.renderers.story import Progress
from sfnb.renderers.style import LOOKS, Look, Standing

WIDEST_COLUMN, LONGEST_WORDS = 34, 72


def render_text(
    graph: Graph,
    statuses: Mapping[NodePath, Standing] | None = None,
    *,
    title: str = "",
    progress: Mapping[NodePath, Progress] | None = None,
    looks: Mapping[Standing, Look] = LOOKS,
) -> str:
    """An outline with a line per state: mark, name, type, what it does, where it leads.

    progress: of the states whose items are executions of their own. looks: what `statuses` are of.

    >>> from sfnb.asl.graph import Edge, Graph, Node
    >>> ask = Node(name="Ask", type="Task", path=("Ask",), details=("poll",))
    >>> bye = Node(name="Bye", type="Pass", path=("Bye",), terminal=True)
    >>> graph = Graph(start="Ask", nodes=(ask, bye), edges=(Edge(source="Ask", target="Bye"),))
    >>> print(render_text(graph, {("Ask",): "running"}, title="Poll"))
    Poll
    ● Start → Ask
    ▶ Ask  Task  poll  → Bye
    · Bye  Pass        → End
    """
    lines = [clean(title)] if title else []
    marks = None if statuses is None else {path: looks[status].mark for path, status in statuses.items()}
    lines += _graph(graph, marks, progress or {}, "", "Start")
    return "\n".join(line.rstrip() for line in lines)


def _graph(
    graph: Graph,
    marks: Mapping[NodePath, str] | None,
    progress: Mapping[NodePath, Progress],
    indent: str,
    label: str,
) -> Iterator[str]:
    yield f"{indent}● {clean(label)} → {clean(graph.start)}"
    ways = defaultdict(list)
    for edge in graph.edges:
        ways[edge.source].append(edge)
    rows = [_cells(node) for node in graph.nodes]
    widths = [min(WIDEST_COLUMN, max(map(columns, column))) for column in zip(*rows, strict=True)]
    for node, row in zip(graph.nodes, rows, strict=True):
        mark = "" if marks is None else marks.get(node.path, LOOKS["not_reached"].mark)
        cells = [
            cell + " " * (width - columns(cell)) for cell, width in zip(row, widths, strict=True) if width
        ]
        told = [progress[node.path].words] if node.path in progress else []
        after = "; ".join((*told, *_ways(node, ways[node.name])))
        yield f"{indent}{mark:1} {'  '.join((*cells, after))}"
        for inner in node.graphs:
            yield from _graph(inner, marks, progress, indent + "    ", inner.label or "inside")


def _cells(node: Node) -> tuple[str, str, str]:
    return (
        clean(node.name) or '""',
        clean(node.type),
        ", ".join(clean(readable(line)) for line in node.details),
    )


def _ways(node: Node, edges: list[Edge]) -> Iterator[str]:
    """What is tried again, and where a state leads."""
    for line in node.retry:
        yield f"retry {clean(line)}"
    for edge in edges:
        words = clean(readable(words_of(edge.kind, [edge.label])))
        if len(words) > LONGEST_WORDS:
            words = words[: LONGEST_WORDS - 1] + "…"
        yield f"{words} → {clean(edge.target)}".strip()
    if node.terminal and shape_of(node) not in {"succeed", "fail"}:
        yield "→ End"
