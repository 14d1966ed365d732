"""The colours keep their distance (WCAG 2.2, level AA)."""

from __future__ import annotations

import pytest

from sfnb.renderers.icons import MARKS
from sfnb.renderers.style import DARK, DIFFERENCES, HUES, LIGHT, LOOKS, Look, Standing

THEMES = {"light": (0, LIGHT), "dark": (1, DARK)}


def channels(colour: str) -> list[float]:
    return [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def contrast(one: list[float], other: list[float]) -> float:
    def luminance(colour: list[float]) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_text_and_lines_can_be_read(theme: str) -> None:
    column, colours = THEMES[theme]
    hues = [channels(hue[column]) for hue in HUES.values()]
    hues += [channels((look.light, look.dark)[column]) for look in (*LOOKS.values(), *DIFFERENCES.values())]
    ground, card = channels(colours["ground"]), channels(colours["card"])
    tints = [[h * 0.13 + g * 0.87 for h, g in zip(hue, ground, strict=True)] for hue in hues]

    for text in ("ink", "muted"):
        assert min(contrast(channels(colours[text]), below) for below in (ground, card, *tints)) >= 4.5
    assert contrast(channels(colours["error"]), ground) >= 4.5
    assert min(contrast(channels(colours["line"]), below) for below in (ground, card)) >= 3
    assert min(contrast(hue, below) for hue in hues for below in (ground, card)) >= 3


@pytest.mark.parametrize("looks", [LOOKS, DIFFERENCES], ids=["statuses", "differences"])
def test_no_two_standings_share_a_mark_or_a_drawing(looks: dict[Standing, Look]) -> None:
    assert len({look.mark for look in looks.values()}) == len(looks)
    assert len({MARKS[name] for name in looks}) == len(looks)
