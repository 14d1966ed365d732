"""The design: colours, fonts and sizes, in one place for every picture.

A picture is seen in three surroundings: inside a page that has a theme (JupyterLab, Notebook, VS Code,
Colab: their variables and marks are asked for), inside a page that has none, and as an <img>, where
no variable reaches it and only `prefers-color-scheme` is left. It brings its own ground, so that
ink and ground always fit each other, even where the page and the system disagree.

Each rule is scoped by the picture's id, since a <style> inside an inline SVG holds for the whole
page. Shapes carry light colours as attributes as well: renderers that know no variables (Inkscape,
librsvg) draw those.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import msgspec

Status = Literal["succeeded", "failed", "caught", "running", "aborted", "timed_out", "not_reached"]
STATUSES: tuple[Status, ...] = get_args(Status)
Difference = Literal["same", "differs", "only_left", "only_right"]
Standing = Status | Difference
"""What a state is marked as: what became of it, or how two executions differ in it."""

FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", Arial, sans-serif'
MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace'


class Look(msgspec.Struct, frozen=True):
    """How a standing shows. hue: on white (light) and on near-black (dark); mark: for plain text.

    lined: the ways between states are marked by it, too.
    """

    words: str
    mark: str
    light: str
    dark: str
    lined: bool = False


LOOKS: dict[Standing, Look] = {
    "succeeded": Look("succeeded", "✔", "#1a7f37", "#3fb950"),
    "failed": Look("failed", "✘", "#cf222e", "#ff7b72"),
    "caught": Look("caught", "⚠", "#9a6700", "#d29922"),
    "running": Look("running", "▶", "#0969da", "#58a6ff"),
    "aborted": Look("aborted", "■", "#57606a", "#a4adb8"),
    "timed_out": Look("timed out", "⏱", "#8250df", "#bc8cff"),
    "not_reached": Look("not reached", "·", "#7d8590", "#7d8590"),
}

DIFFERENCES: dict[Standing, Look] = {
    "same": Look("same", "=", "#57606a", "#a4adb8"),
    "differs": Look("differs", "≠", "#8250df", "#bc8cff"),
    "only_left": Look("only left", "<", "#0969da", "#58a6ff", lined=True),
    "only_right": Look("only right", ">", "#bc4c00", "#f0883e", lined=True),
    "not_reached": Look("in neither", "·", "#7d8590", "#7d8590"),
}

BY_GRAVITY: tuple[Status, ...] = ("failed", "timed_out", "aborted", "running", "caught", "succeeded")

HUES: dict[str, tuple[str, str]] = {
    "task": ("#4f5bd5", "#8f9bff"),
    "pass": ("#57606a", "#9aa4b0"),
    "choice": ("#b35900", "#f0a04b"),
    "wait": ("#0b7285", "#4cc2d6"),
    "succeed": ("#1a7f37", "#3fb950"),
    "fail": ("#cf222e", "#ff7b72"),
    "parallel": ("#7c3aed", "#b794ff"),
    "map": ("#a81e8c", "#ee7fd6"),
}

LIGHT = {
    "ground": "#ffffff",
    "card": "#ffffff",
    "ink": "#1f2328",
    "muted": "#59636e",
    "line": "#7d8690",
    "error": "#bc4c00",
}
DARK = {
    "ground": "#111111",
    "card": "#212121",
    "ink": "#e6e8eb",
    "muted": "#a3abb5",
    "line": "#868e98",
    "error": "#f0883e",
}
"""Text keeps 4.5 to 1 to what it stands on, lines 3 to 1 (WCAG 2.2, AA): a test computes it."""

LIGHT_PAGES = '[data-jp-theme-light="true"] &, .vscode-light &, html[theme="light"] &'
DARK_PAGES = '[data-jp-theme-light="false"] &, .vscode-dark &, html[theme="dark"] &, .dark &'
"""`&` on a page that says which theme it has: JupyterLab and Notebook, VS Code, Colab, marimo."""

_PAGE = {
    "ground": "var(--jp-layout-color0, var(--vscode-editor-background, {0}))",
    "card": "var(--jp-layout-color1, var(--vscode-editor-background, {0}))",
    "ink": "var(--jp-ui-font-color1, var(--vscode-editor-foreground, {0}))",
}

_BASE = """
& { font-family: var(--jp-ui-font-family, FONT); }
& text { fill: var(--sfnb-ink); }
& .sfnb-ground { fill: var(--sfnb-ground); }
& .sfnb-mono { font-family: var(--jp-code-font-family, MONO); }
& .sfnb-small { font-size: 11px; fill: var(--sfnb-muted); }
& .sfnb-title { font-size: 16px; font-weight: 600; }
& .sfnb-dot { fill: var(--sfnb-line); }
& .sfnb-disc { fill: var(--sfnb-hue); }
& .sfnb-mark { color: var(--sfnb-card); }
"""


def stylesheet(scope: str, rules: str, looks: Mapping[Standing, Look] = LOOKS) -> str:
    """`rules` after the ones every picture has; `&` in them stands for the picture, STANDINGS for `looks`."""
    base = _BASE.replace("FONT", FONT).replace("MONO", MONO)
    hues = "\n".join(f"& .sfnb-{name} {{ --sfnb-hue: var(--sfnb-{name}); }}" for name in (*HUES, *looks))
    css = "\n".join((_themes(looks), base.strip(), hues, rules.strip()))
    return css.replace("STANDINGS", ", ".join(f".sfnb-{name}" for name in looks)).replace("&", f"#{scope}")


def _themes(looks: Mapping[Standing, Look]) -> str:
    """The light and dark sets of variables, and who asks for which."""
    light, dark = _variables(0, looks), _variables(1, looks)
    return (
        f"& {{ {light} }}\n@media (prefers-color-scheme: dark) {{ & {{ {dark} }} }}\n"
        f"{LIGHT_PAGES} {{ {light} }}\n{DARK_PAGES} {{ {dark} }}"
    )


def _variables(theme: Literal[0, 1], looks: Mapping[Standing, Look]) -> str:
    colours = (LIGHT, DARK)[theme]
    pairs = {name: _PAGE.get(name, "{0}").format(colour) for name, colour in colours.items()}
    pairs |= {name: hue[theme] for name, hue in HUES.items()}
    pairs |= {name: (look.light, look.dark)[theme] for name, look in looks.items()}
    return " ".join(f"--sfnb-{name}: {value};" for name, value in pairs.items())
