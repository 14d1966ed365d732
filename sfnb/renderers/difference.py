"""Two executions in one picture: their machines merged, and in what each state and way differs.

A state that was visited on both sides differs where one of its visits does, or has none on the other
side. Sides are told by marks and by lines, dashed and dotted, besides their colours.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from typing import TypeVar

from msgspec import structs

from sfnb.asl.graph import Edge, EdgeKind, Graph, Node, NodePath
from sfnb.renderers.story import Story, Way
from sfnb.renderers.style import DIFFERENCES, Difference, Standing
from sfnb.renderers.trail import Visit

Key = TypeVar("Key", bound=Hashable)

RULES = """
& .sfnb-edge-catch { --sfnb-line: inherit; }
& .sfnb-edge-catch.sfnb-taken { --sfnb-line: var(--sfnb-ink); }
& .sfnb-label-catch text { fill: var(--sfnb-ink); }
& .sfnb-edge:is(.sfnb-only_left, .sfnb-only_right) { --sfnb-line: var(--sfnb-hue); }
& .sfnb-label:is(.sfnb-only_left, .sfnb-only_right) text { fill: var(--sfnb-hue); }
& .sfnb-edge.sfnb-only_left path { stroke-dasharray: 10 5; }
& .sfnb-edge.sfnb-only_right path { stroke-dasharray: 1.5 5; }
& .sfnb-node.sfnb-only_left > :is(.sfnb-card, .sfnb-frame) { stroke-dasharray: 10 5; }
& .sfnb-node.sfnb-only_right > :is(.sfnb-card, .sfnb-frame) { stroke-dasharray: 1.5 5; }
& .sfnb-node.sfnb-only_right > :is(.sfnb-card, .sfnb-frame) { stroke-linecap: round; }
& .sfnb-node:is(.sfnb-only_left, .sfnb-only_right) > .sfnb-card { stroke-width: 2.4; }
& .sfnb-node.sfnb-differs > .sfnb-card { stroke-width: 2.8; }
"""
"""Errors have no colour of their own here: orange is the right side."""


def tell_difference(
    found: Iterable[tuple[NodePath, Difference]], left: Sequence[Visit], right: Sequence[Visit]
) -> Story:
    """What a picture shows; `found` says of each visit, or pair of visits, in what it differs."""
    counts: dict[NodePath, Counter[Standing]] = defaultdict(Counter)
    for path, difference in found:
        counts[path][difference] += 1
    statuses = {path: next(iter(count)) if len(count) == 1 else "differs" for path, count in counts.items()}
    lefts, rights = _ways(left), _ways(right)
    sides: dict[Way, Standing] = dict.fromkeys(lefts - rights, "only_left")
    sides |= dict.fromkeys(rights - lefts, "only_right")
    return Story(statuses=statuses, counts=counts, taken=lefts | rights, sides=sides, looks=DIFFERENCES)


def _ways(visits: Iterable[Visit]) -> set[Way]:
    """The ways between states; from None into a frame, to None out of it."""
    ways: set[Way] = set()
    latest: dict[tuple[int, ...], Visit] = {}
    for visit in visits:
        before = latest.get(visit.frame)
        ways.add((None if before is None else before.path, visit.path))
        latest[visit.frame] = visit
    return ways | {(visit.path, None) for visit in latest.values() if visit.status == "succeeded"}


# Machines


def merged(left: Graph, right: Graph) -> Graph:
    """All states and ways of both; where they are not the same, the right one's words come after."""
    if left == right:
        return left
    lefts, rights = ({node.name: node for node in graph.nodes} for graph in (left, right))
    nodes = [_node(lefts.get(name), rights.get(name)) for name in woven([*lefts], [*rights])]
    return structs.replace(left, nodes=tuple(nodes), edges=tuple(_edges(left.edges, right.edges)))


def woven(left: Sequence[Key], right: Sequence[Key]) -> Iterator[Key]:
    """Every key once: the left ones in their order, each right one after the one it follows there.

    >>> "".join(woven("abd", "acbe"))
    'acbed'
    """
    known = set(left)
    after: dict[Key | None, list[Key]] = defaultdict(list)
    before: Key | None = None
    for key in right:
        if key in known:
            before = key
        else:
            after[before].append(key)
    yield from after[None]
    for key in left:
        yield key
        yield from after.get(key, ())


def _node(left: Node | None, right: Node | None) -> Node:
    if left is None or right is None:
        only = left or right
        assert only is not None
        return only
    graphs = zip_longest(left.graphs, right.graphs)
    return structs.replace(
        left,
        details=(*left.details, *_other_words(left, right)),
        graphs=tuple(merged(one or other, other or one) for one, other in graphs),
        terminal=left.terminal or right.terminal,
    )


def _other_words(left: Node, right: Node) -> Iterator[str]:
    """What the right one says of itself, where that is something else."""
    type_ = [right.type] if right.type != left.type else []
    if type_ or right.details != left.details:
        yield f"right: {' · '.join((*type_, *right.details)) or 'nothing'}"


def _edges(left: Sequence[Edge], right: Sequence[Edge]) -> Iterator[Edge]:
    """One of each kind between the same two states; both labels where they are not the same."""
    lefts, rights = _labels(left), _labels(right)
    for way in woven([*lefts], [*rights]):
        words = {side: texts[way] for side, texts in (("left", lefts), ("right", rights)) if way in texts}
        said = set(words.values())
        label = said.pop() if len(said) == 1 else ", ".join(f"{side}: {text}" for side, text in words.items())
        source, target, kind = way
        yield Edge(source=source, target=target, kind=kind, label=label)


def _labels(edges: Iterable[Edge]) -> Mapping[tuple[str, str, EdgeKind], str]:
    labels: dict[tuple[str, str, EdgeKind], list[str]] = defaultdict(list)
    for edge in edges:
        labels[edge.source, edge.target, edge.kind].append(edge.label)
    return {way: " or ".join(dict.fromkeys(filter(None, texts))) for way, texts in labels.items()}
