"""What every picture has around it: the <svg> with its style and ground, a title, a legend."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Collection, Mapping

from sfnb.renderers import labels
from sfnb.renderers.icons import MARKS, symbols
from sfnb.renderers.labels import xml
from sfnb.renderers.shapes import disc, number, symbol, text
from sfnb.renderers.style import (
    DARK_PAGES,
    FONT,
    LIGHT,
    LIGHT_PAGES,
    LOOKS,
    Look,
    Standing,
    stylesheet,
)

MARGIN = 18.0
TITLE_SIZE, TITLE_HEIGHT, LEGEND_HEIGHT = 16.0, 34.0, 30.0
SMALLEST_SCALE = 0.72


def frame(
    body: str,
    width: float,
    height: float,
    *,
    prefix: str,
    rules: str = "",
    title: str = "",
    present: Collection[Standing | None] = (),
    icons: dict[str, str] | None = None,
    looks: Mapping[Standing, Look] = LOOKS,
) -> str:
    """`body`, drawn on a field of `width` by `height`, as a document.

    prefix: begins every id. rules: its own style. present: the standings that want explaining,
    of those in `looks`. icons: the symbols it uses besides theirs.
    """
    keys, keys_width = _legend(prefix, present, looks)
    heading = labels.wrap(title, TITLE_SIZE, max(width, 320), 1, bold=True)[0]
    above = MARGIN + (TITLE_HEIGHT if heading else 0)
    whole = max(width, keys_width, labels.width(heading, TITLE_SIZE, bold=True)) + 2 * MARGIN
    tall = above + height + (LEGEND_HEIGHT if keys else 0) + MARGIN
    marks = {name: MARKS[name] for name in looks}
    parts = [f"<defs>{symbols(prefix, (icons or {}) | marks)}</defs>"]
    if heading:
        parts.append(text(MARGIN, MARGIN + 14, heading, "sfnb-title"))
    parts.append(f'<g transform="translate({number((whole - width) / 2)} {number(above)})">\n{body}\n</g>')
    if keys:
        parts.append(
            f'<g class="sfnb-legend" transform="translate(18 {number(tall - MARGIN - 8)})">{keys}</g>'
        )
    parts.insert(0, f"<style>\n{stylesheet(prefix, rules, looks)}\n</style>")
    return _document("\n".join(parts), round(whole), round(tall), prefix=prefix, title=title)


def _document(inside: str, width: int, height: int, *, prefix: str, title: str) -> str:
    label = xml(labels.clean(title)) or "State machine"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{prefix}" class="sfnb-picture" role="img" '
        f'aria-label="{label}" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        f'style="max-width:100%;height:auto" font-family="{xml(FONT)}" font-size="12" '
        f'fill="{LIGHT["ink"]}">\n'
        f'<rect class="sfnb-ground" width="100%" height="100%" rx="8" fill="{LIGHT["ground"]}"/>\n'
        f"{inside}\n</svg>"
    )


def _legend(
    prefix: str, present: Collection[Standing | None], looks: Mapping[Standing, Look]
) -> tuple[str, float]:
    """A key for each standing that is present, and how wide they are together."""
    x, keys = 0.0, []
    for status, look in looks.items():
        if status in present:
            key = disc(x + 7, 0, 7, look.light) + symbol(f"{prefix}-{status}", x + 7, 0, 10, "sfnb-mark")
            keys.append(f'<g class="sfnb-{status}">{key}{text(x + 19, 4, look.words, "sfnb-small")}</g>')
            x += 37 + labels.width(look.words, 11)
            if look.lined:
                line = f'<path d="M{number(x - 10)} 0h30" stroke="{look.light}" fill="none"/>'
                keys.append(f'<g class="sfnb-edge sfnb-taken sfnb-{status}">{line}</g>')
                x += 40
    return "".join(keys), x


def render_html(svg: str) -> str:
    """`svg` in a box of a page: as wide as there is room; before it gets too small to read, it scrolls.

    It is an <img>, since what takes scripts out of a page (JupyterLab for a notebook that it does not
    trust, as a fresh clone's; GitHub) takes an inline SVG apart as well, and leaves a jumble of its
    words. Inside an <img>, `prefers-color-scheme` asks for the `color-scheme` of that <img>, so the
    picture still takes on the page's theme where the <style> is left standing.
    Source: CSS Color Adjustment, "prefers-color-scheme", of images.
    """
    attributes = dict(_ATTRIBUTE.findall(svg.split(">", 1)[0]))
    least = float(attributes["width"]) * SMALLEST_SCALE
    data = b64encode(svg.encode()).decode()
    return (
        f'<div class="sfnb-scroll" style="overflow:auto;max-height:max(85vh,1200px)"><style>{_THEMES}</style>'
        f'<img class="sfnb-still" alt="{attributes["aria-label"]}" width="{attributes["width"]}" '
        f'height="{attributes["height"]}" style="max-width:100%;height:auto;min-width:{least:.0f}px" '
        f'src="data:image/svg+xml;base64,{data}"/></div>'
    )


_ATTRIBUTE = re.compile(r' ([\w-]+)="([^"]*)"')
_THEMES = f"{LIGHT_PAGES} {{ color-scheme: light; }} {DARK_PAGES} {{ color-scheme: dark; }}".replace(
    "&", ".sfnb-still"
)
