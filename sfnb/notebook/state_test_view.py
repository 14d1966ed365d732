"""A test of a state in an output cell: how it ended, and the data from stage to stage.

Ink and ground are the page's own, as on every card; what a stage changed has a sign before the line and
a tint behind it, so that it can be told without colours and on any theme. Styles stand in the elements,
where a page that does not trust the notebook leaves them.
"""

from __future__ import annotations

from html import escape

from sfnb.notebook.card_style import CARD, CODE, MONO, PILL
from sfnb.notebook.display import NO_MATHS
from sfnb.trial.changes import Kind, Line
from sfnb.trial.story import MARKS, SIGNS, Row, cut, facts, rows, text_of
from sfnb.trial.tested import StateTest

HUES = {"SUCCEEDED": "#1a7f37", "FAILED": "#cf222e", "RETRIABLE": "#9a6700", "CAUGHT_ERROR": "#9a6700"}
TINTS: dict[Kind, tuple[str, str]] = {
    "same": ("transparent", "transparent"),
    "added": ("rgba(46,160,67,.16)", "rgba(46,160,67,.85)"),
    "removed": ("rgba(248,81,73,.15)", "rgba(248,81,73,.85)"),
    "changed": ("rgba(210,153,34,.18)", "rgba(210,153,34,.95)"),
}
"""Behind a line, and its edge."""

_FACTS = "display:grid;grid-template-columns:max-content minmax(0,1fr);gap:2px 14px;margin-top:3px"
_STAGES = "display:grid;grid-template-columns:minmax(96px,max-content) minmax(0,1fr);margin-top:9px"
_CELL = "padding:5px 0;border-top:1px solid rgba(127,127,127,.22);min-width:0"
_LINE = (
    f"display:grid;grid-template-columns:2ch minmax(0,1fr);font-family:{MONO};font-size:12px;"
    "line-height:1.5;color:inherit;background:{ground};border-left:3px solid {edge};padding:0 6px"
)
_TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;padding-left:{indent}ch;text-indent:-{indent}ch"
"""The text brings its own blanks; padding and indent only say where the rest of a long line begins, and
are lost on a page that does not trust the notebook, as fonts are: hence <code>."""
_MUTED = "opacity:.68"


def bundle(test: StateTest) -> dict[str, str]:
    """A test as HTML and as text."""
    return {"text/html": html_of(test), "text/plain": text_of(test)}


def html_of(test: StateTest) -> str:
    """A card: status, state, where to; what failed; the stages."""
    hue = HUES[test.status]
    dot = f'<span style="{_MUTED}">·</span>'
    head = [
        f'<span style="{PILL.format(hue=hue)}">{MARKS[test.status]} {test.status}</span>',
        f"<b>{escape(test.state)}</b>",
        f'{dot} <span style="{_MUTED}">{test.type}</span>',
    ]
    if test.next is not None:
        head.append(f'<span style="{_MUTED}">→</span> <b>{escape(test.next)}</b>')
    elif test.status == "SUCCEEDED":
        head.append(f'{dot} <span style="{_MUTED}">ends here</span>')
    told = "".join(
        f'<span style="{_MUTED}">{escape(fact.word)}</span>'
        f'<div style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(fact.text)}</div>'
        for fact in facts(test)
    )
    stages = "".join(_stage(row) for row in _shown(test))
    parts = " ".join(head)
    parts += f'<div style="{_FACTS}">{told}</div>' if told else ""
    parts += f'<div style="{_STAGES}">{stages}</div>' if stages else ""
    return f'<div class="sfnb-card {NO_MATHS}" style="{CARD.format(hue=hue)}">{parts}</div>'


def _shown(test: StateTest) -> list[Row]:
    """At INFO the output alone."""
    every = [*rows(test)]
    if test.level != "INFO":
        return every
    return [Row(row.name, "", row.lines) for row in every if row.name == "output" and row.lines]


def _stage(row: Row) -> str:
    ends = row.name in ("input", "output")
    name = f"<b>{escape(row.name)}</b>" if ends else escape(row.name)
    label = f'<div style="{_CELL};padding-right:14px">{name}</div>'
    detail = f'<code style="{CODE};{_MUTED}">{escape(row.detail)}</code>' if row.detail else ""
    note = f'<span style="{_MUTED}"><i>{escape(row.note)}</i></span>' if row.note else ""
    head = " ".join(filter(None, (detail, note)))
    body = "".join(map(_line, cut(row.lines)))
    return f'{label}<div style="{_CELL}">{f"<div>{head}</div>" if head else ""}{body}</div>'


def _line(line: Line) -> str:
    ground, edge = TINTS[line.kind]
    text = _TEXT.format(indent=2 * line.depth + 2)
    blanks = "  " * line.depth
    was = f' <span style="{_MUTED}">was {escape(line.was)}</span>' if line.was else ""
    return (
        f'<div style="{_LINE.format(ground=ground, edge=edge)}"><span>{SIGNS[line.kind]}</span>'
        f'<div style="{text}"><code style="{CODE}">{blanks}{escape(line.text)}</code>{was}</div></div>'
    )
