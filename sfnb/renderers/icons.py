"""The small drawings: what a state is, on a tile; what became of it, in a badge.

Strokes on a field of 16 by 16, in the colour of `currentColor`. None is told by its colour alone.
"""

from __future__ import annotations

import math


def _gear() -> str:
    """A ring with eight teeth."""
    teeth = []
    for step in range(8):
        cos, sin = math.cos(step * math.pi / 4), math.sin(step * math.pi / 4)
        teeth.append(f"M{8 + 4.6 * cos:.2f} {8 + 4.6 * sin:.2f}L{8 + 6.6 * cos:.2f} {8 + 6.6 * sin:.2f}")
    rings = '<circle cx="8" cy="8" r="4.4"/><circle cx="8" cy="8" r="1.3"/>'
    return f'{rings}<path d="{"".join(teeth)}" stroke-width="2.2"/>'


ICONS: dict[str, str] = {
    "task": _gear(),
    "pass": '<path d="M2.5 8H13M9.5 4.5L13 8L9.5 11.5"/>',
    "choice": (
        '<path d="M8 14V9.5M8 9.5C8 6.5 3.5 7.5 3.5 3M8 9.5C8 6.5 12.5 7.5 12.5 3'
        'M1.5 5L3.5 2.6L5.5 5M10.5 5L12.5 2.6L14.5 5"/>'
    ),
    "wait": '<circle cx="8" cy="8" r="6"/><path d="M8 4.5V8L10.5 9.8"/>',
    "succeed": '<path d="M3 8.5L6.5 12L13 4.5"/>',
    "fail": '<path d="M4 4L12 12M12 4L4 12"/>',
    "parallel": '<path d="M3 3V13M8 3V13M13 3V13"/>',
    "map": '<path d="M8 2L14 5L8 8L2 5ZM2 8L8 11L14 8M2 11L8 14L14 11"/>',
}

MARKS: dict[str, str] = {
    "succeeded": '<path d="M3.5 8.5L6.7 11.5L12.5 5"/>',
    "failed": '<path d="M4.5 4.5L11.5 11.5M11.5 4.5L4.5 11.5"/>',
    "caught": '<path d="M8 3V9M8 12V12.6"/>',
    "running": '<path d="M6 3.8L12 8L6 12.2Z" fill="currentColor"/>',
    "aborted": '<path d="M5 5H11V11H5Z" fill="currentColor"/>',
    "timed_out": '<path d="M4 3H12L4 13H12Z"/>',
    "not_reached": '<path d="M5 8H11"/>',
    "same": '<path d="M4.5 6H11.5M4.5 10H11.5"/>',
    "differs": '<path d="M4.5 6H11.5M4.5 10H11.5M10 3.5L6 12.5"/>',
    "only_left": '<path d="M9.8 3.8L5.6 8L9.8 12.2"/>',
    "only_right": '<path d="M6.2 3.8L10.4 8L6.2 12.2"/>',
}
"""By standing, and as symbols of their own so that a live view can turn one into another."""


def symbols(prefix: str, names: dict[str, str]) -> str:
    """A <symbol> for each of `names`, to be <use>d as #PREFIX-NAME."""
    pen = (
        'fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" stroke-linejoin="round"'
    )
    return "".join(
        f'<symbol id="{prefix}-{name}" viewBox="0 0 16 16"><g {pen}>{drawing}</g></symbol>'
        for name, drawing in names.items()
    )
