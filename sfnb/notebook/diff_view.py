"""Two executions side by side in an output cell: how each ended, where they part, in what they differ."""

from __future__ import annotations

from datetime import timedelta
from html import escape
from typing import TYPE_CHECKING

from sfnb.diff.words import Comparison, Row
from sfnb.engine.execution import ExecutionState
from sfnb.notebook.card_style import CARD, CODE, PILL
from sfnb.notebook.display import HUES, NO_MATHS, took
from sfnb.renderers.style import DIFFERENCES

if TYPE_CHECKING:
    from sfnb.diff import Diff

_MUTED = "opacity:.7"
_FACTS = "display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 14px;margin-top:3px"
_ROWS = (
    "display:grid;grid-template-columns:max-content fit-content(34%) max-content minmax(0,1fr);"
    "gap:3px 12px;align-items:baseline;margin-top:8px;padding-top:6px;"
    "border-top:1px solid rgba(127,127,127,.25)"
)
_SIGN = (
    "display:inline-block;background:{hue};color:#fff;border-radius:9px;width:18px;line-height:18px;"
    "text-align:center;font-size:12px;font-weight:700"
)


def bundle(diff: Diff) -> dict[str, str]:
    """As HTML, as an image, as text."""
    told, picture = diff.comparison(), diff.graph(title="")
    html = _card(told, diff.states) + picture.html
    return {"text/html": html, "image/svg+xml": picture.svg, "text/plain": told.text}


def _card(told: Comparison, states: tuple[ExecutionState, ExecutionState]) -> str:
    hue = DIFFERENCES["same" if told.same else "differs"].light
    word = "= SAME" if told.same else "≠ DIFFERENT"
    head = [f'<span style="{PILL.format(hue=hue)}">{word}</span>', f"<b>{escape(told.machine)}</b>"]
    head += [_side(name, state) for name, state in zip(("left", "right"), states, strict=True)]
    facts = "".join(
        f'<span style="{_MUTED}">{escape(word)}</span>'
        f'<div style="overflow-wrap:anywhere">{escape(text)}</div>'
        for word, text in told.facts
    )
    parts = " ".join(head) + f'<div style="{_FACTS}">{facts}</div>'
    if told.rows:
        parts += f'<div style="{_ROWS}">{"".join(map(_row, told.rows))}</div>'
    if told.more:
        parts += f'<div style="{_MUTED};margin-top:3px">and {told.more:,} more: .frame has them all</div>'
    return f'<div class="sfnb-card {NO_MATHS}" style="{CARD.format(hue=hue)}">{parts}</div>'


def _side(name: str, state: ExecutionState) -> str:
    """`left ✔ SUCCEEDED 3 s`."""
    mark, hue = HUES[state.status]
    duration = took(None if state.stop_date is None else _duration(state))
    return (
        f'<span style="white-space:nowrap;margin-left:10px"><span style="{_MUTED}">{name}</span> '
        f'<span style="{PILL.format(hue=hue)}">{mark} {state.status}</span> '
        f'<span class="sfnb-took" style="{_MUTED}">{duration}</span></span>'
    )


def _duration(state: ExecutionState) -> timedelta:
    assert state.stop_date is not None
    return state.stop_date - state.start_date


def _row(row: Row) -> str:
    look = DIFFERENCES[row.difference]
    return (
        f'<span style="{_SIGN.format(hue=look.light)}" title="{look.words}">{escape(look.mark)}</span>'
        f'<b style="overflow-wrap:anywhere">{escape(row.where)}</b>'
        f'<span style="{_MUTED}">{escape(row.change)}</span>'
        f'<code style="{CODE}">{escape(row.detail)}</code>'
    )
