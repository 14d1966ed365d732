"""The files of the page. Those of the notebook's live view are among them, joined to one module."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

from sfnb.renderers.icons import MARKS, symbols
from sfnb.renderers.style import LOOKS

VIEW_SCRIPTS = ("json_tree.js", "moments.js", "graph.js", "slider.js", "data.js", "view.js")
VIEW_NAMES = (
    "bytes",
    "button",
    "chip",
    "copyText",
    "duration",
    "graphPane",
    "h",
    "jsonTree",
    "section",
    "shape",
)
"""What the page uses of the view besides `render`."""

SCRIPT, STYLE = "text/javascript; charset=utf-8", "text/css; charset=utf-8"

SHELL = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Step Functions</title>
<link rel="icon" href="/page/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/page/assets/view.css">
<link rel="stylesheet" href="/page/assets/page.css">
<script type="module" src="/page/assets/app.js"></script>
</head>
<body>
<svg class="signs" aria-hidden="true"><defs>SIGNS</defs></svg>
<noscript>This page needs JavaScript.</noscript>
</body>
</html>
"""


@cache
def shell() -> bytes:
    """The page before anything is on it: the same for every address."""
    return SHELL.replace("SIGNS", symbols("sign", {name: MARKS[name] for name in LOOKS})).encode()


@lru_cache(maxsize=64)
def asset(name: str) -> tuple[bytes, str] | None:
    """A file by its name, with its media type; None where there is none."""
    if name == "view.js":
        scripts = [_of_view(script) for script in VIEW_SCRIPTS]
        return "\n".join((*scripts, f"export {{ {', '.join(VIEW_NAMES)} }};\n")).encode(), SCRIPT
    if name == "view.css":
        return _of_view("view.css").encode(), STYLE
    if name == "page.css":
        return f"{_hues()}\n{_own(name)}".encode(), STYLE
    if name in {entry.name for entry in (files(__package__) / "static").iterdir()}:
        kind = {"js": SCRIPT, "css": STYLE, "svg": "image/svg+xml"}[name.rpartition(".")[2]]
        return _own(name).encode(), kind
    return None


def _hues() -> str:
    """The colours of the statuses, which are those of every picture."""
    pairs = (f"--sfnb-{name}: light-dark({look.light}, {look.dark});" for name, look in LOOKS.items())
    return f":root {{ {' '.join(pairs)} }}"


def _own(name: str) -> str:
    return (files(__package__) / "static" / name).read_text(encoding="utf-8")


def _of_view(name: str) -> str:
    return (files("sfnb.notebook") / "static" / name).read_text(encoding="utf-8")
