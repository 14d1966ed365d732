"""How deep a tree goes, and the way to a place that lies too deep."""

from __future__ import annotations

from sfnb.asl.reading import Container, one_level_in
from sfnb.errors import PathStep
from sfnb.values import Json


def beyond(levels: int, tree: dict[str, Json]) -> tuple[PathStep, ...] | None:
    """A place that lies deeper than so many levels, if there is one."""
    level: list[Container] = [tree]
    outside: list[list[Container]] = []
    for _ in range(levels):
        outside.append(level)
        level = one_level_in(level)
        if not level:
            return None
    return tuple(_way_to(level[0], outside))


def _way_to(inner: Container, outside: list[list[Container]]) -> list[PathStep]:
    """The steps to `inner`, by the containers of each level outside it."""
    steps: list[PathStep] = []
    for level in reversed(outside):
        for outer in level:
            parts = outer.items() if isinstance(outer, dict) else enumerate(outer)
            found: list[PathStep] = [step for step, part in parts if part is inner]
            if found:
                steps.insert(0, found[0])
                inner = outer
                break
    return steps
