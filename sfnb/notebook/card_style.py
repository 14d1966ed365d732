"""How a card looks in a cell, whatever it shows: in JupyterLab's own fonts and colours."""

from __future__ import annotations

UI = "var(--jp-ui-font-family, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif)"
MONO = "var(--jp-code-font-family, ui-monospace, SFMono-Regular, Menlo, Consolas, monospace)"
CARD = (
    "border-left:4px solid {hue};padding:4px 0 4px 12px;margin:2px 0 10px;"
    f"font-family:{UI};font-size:13px;line-height:1.55"
)
PILL = (
    "background:{hue};color:#fff;border-radius:9px;padding:1px 9px;font-size:11px;font-weight:600;"
    "letter-spacing:.03em;white-space:nowrap"
)
CODE = f"font-family:{MONO};font-size:12px;background:none;color:inherit;padding:0;overflow-wrap:anywhere"
