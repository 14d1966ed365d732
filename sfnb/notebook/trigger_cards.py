"""What starts executions, in an output cell: a card for each, a table of all, and events tried on rules.

Quiet cards: a badge says which kind it is, and what needs an eye, a thing dropped or a trigger that does not
run, has a colour. All that came from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import TYPE_CHECKING

from sfnb.notebook.card_style import CARD, CODE, PILL, UI
from sfnb.notebook.display import NO_MATHS, Shown, note
from sfnb.on.words import states_of, why

if TYPE_CHECKING:
    from sfnb.on.trigger import Trigger
    from sfnb.on.trying import Trial, Tried
    from sfnb.service import StepFunctions
    from sfnb.triggers import records
    from sfnb.triggers.kinds import Adopted
    from sfnb.triggers.patterns import FieldMatch
    from sfnb.triggers.records import Counts

HUES = {
    "event": "#0969da",
    "schedule": "#8250df",
    "http": "#1a7f37",
    "iot": "#0e7490",
    "queue": "#bc4c00",
    "file": "#9a6700",
}
QUIET, GOOD, BAD = "#57606a", "#1a7f37", "#cf222e"
LONGEST, SHORT = 600, 72
"""Characters that are shown of an input, and of a cell of a table that is text."""

_MUTED = "opacity:.7"
_GRID = (
    "display:grid;grid-template-columns:max-content minmax(0,1fr);gap:1px 14px;align-items:baseline;"
    "margin-top:3px"
)
_CELL = f"text-align:left;vertical-align:top;font-family:{UI}"
_LONG = f"{_CELL};overflow-wrap:anywhere;min-width:12em;max-width:30em"
_NUMBER = f"text-align:right;vertical-align:top;font-family:{UI};font-variant-numeric:tabular-nums"
# A signal on a page of whatever ground: the page's own ink, mixed with the hue where the browser can.
_INK = "color:{hue};color:color-mix(in srgb,{hue} 75%,currentColor)"


# One


def card(trigger: Trigger) -> Shown:
    """What it is there for, where it runs, and what has come of it."""
    record = trigger.record
    runs = states_of(trigger._service, record)
    hue = HUES.get(record.kind, QUIET) if runs == "here" else QUIET
    head = [badge(record.kind, hue), f"<b>{escape(record.name)}</b>", _starts(record)]
    if runs != "here":
        head.append(f'<span style="{_MUTED}">{escape(runs)}</span>')
    rows = [_row("on", _words(record.kind, trigger.words))]
    if record.kind in ("http", "iot") and runs == "here":
        rows.append(_row("at", _code(trigger.url)))
    if trigger.next is not None and runs == "here":
        rows.append(_row("next", escape(moment(trigger.next))))
    rows.append(_row("so far", counted(record.counts)))
    html = f'{" ".join(head)}<div style="{_GRID}">{"".join(rows)}</div>'
    return Shown(_box(hue, html), trigger.text)


def badge(kind: str, hue: str) -> str:
    return f'<span style="{PILL.format(hue=hue)}">{escape(kind)}</span>'


def _words(kind: str, words: str) -> str:
    """What it is there for; what somebody has written, a pattern, a route, SQL, is code."""
    if kind in ("http", "iot", "file"):
        return _code(words)
    before, like, pattern = words.partition("events like ")
    return escape(before + like) + (_code(pattern) if like else "")


def _starts(record: records.Trigger) -> str:
    names = [arn.rpartition(":")[2] for arn in record.targets]
    return f'<span><span style="{_MUTED}">starts</span> {escape(", ".join(names))}</span>' if names else ""


def counted(counts: Counts) -> str:
    """What came, what was started, and in a signal's colour what was dropped, with the reasons below."""
    if not counts.matched and not counts.dropped:
        return f'<span style="{_MUTED}">nothing has come yet</span>'
    told = [f"{counts.matched:,} matched", f"{counts.started:,} started"]
    dropped = sum(counts.dropped.values())
    if not dropped:
        return " · ".join(told)
    lost = f'<span style="{_INK.format(hue=BAD)}">{dropped:,} dropped</span>'
    return " · ".join([*told, lost]) + f'<div style="overflow-wrap:anywhere">{escape(why(counts))}</div>'


def moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M:%S} UTC"


# All


HEADER = ("trigger", "on", "starts", "runs", "matched", "started", "dropped", "next")


def triggers_table(service: StepFunctions, machine: str | None = None) -> Shown:
    """A row for each trigger. machine: the ARN of what it starts."""
    seen = [each for each in service.triggers.all() if machine is None or machine in each.trigger.targets]
    if not seen:
        return note("nothing starts it yet: `%asl on NAME schedule rate(5 minutes)` is a beginning")
    rows = [_cells(service, each.trigger, each.runs) for each in seen]
    shown = [
        at for at, name in enumerate(HEADER) if name not in ("dropped", "next") or any(r[at] for r in rows)
    ]
    head = "".join(f'<th style="{_NUMBER if at in (4, 5) else _CELL}">{HEADER[at]}</th>' for at in shown)
    body = "".join(
        "<tr>" + "".join(_html(at, row[at], each.trigger) for at in shown) + "</tr>"
        for row, each in zip(rows, seen, strict=True)
    )
    html = f'<table class="{NO_MATHS}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return Shown(
        f'<div style="overflow-x:auto">{html}</div>',
        _columns([tuple(row[at] for at in shown) for row in (HEADER, *rows)]),
    )


def _cells(service: StepFunctions, record: records.Trigger, runs: str) -> tuple[str, ...]:
    counts, when = record.counts, service.triggers.recurring.next(record.key)
    dropped = sum(counts.dropped.values())
    return (
        f"{record.kind} {record.name}",
        service.triggers.words(record),
        ", ".join(arn.rpartition(":")[2] for arn in record.targets),
        "disabled" if runs == "here" and not record.enabled else runs,
        f"{counts.matched:,}",
        f"{counts.started:,}",
        f"{dropped:,}: {why(counts)}" if dropped else "",
        "" if when is None or not record.enabled else moment(when),
    )


def _html(at: int, text: str, record: records.Trigger) -> str:
    if at == 0:
        hue = HUES.get(record.kind, QUIET) if record.enabled else QUIET
        return f'<td style="{_CELL};white-space:nowrap">{badge(record.kind, hue)} {escape(record.name)}</td>'
    style = _NUMBER if at in (4, 5) else f"{_CELL};white-space:nowrap" if at in (2, 3, 7) else _LONG
    if at == 1:
        return f'<td style="{style}">{_words(record.kind, text)}</td>'
    if at == 3 and text != "here":
        return f'<td style="{style};{_MUTED}">{escape(text)}</td>'
    if at == 6 and text:
        count, _, reasons = text.partition(": ")
        lost = f'<span style="{_INK.format(hue=BAD)}">{count}</span>'
        return f'<td style="{style}">{lost} {escape(reasons)}</td>'
    return f'<td style="{style}">{escape(text)}</td>'


def _columns(rows: Sequence[Sequence[str]]) -> str:
    rows = [[_short(" ".join(text.split("\n"))) for text in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _short(text: str) -> str:
    return text if len(text) <= SHORT else f"{text[: SHORT - 1]}…"


def taken_up(adopted: Iterable[Adopted], service: StepFunctions) -> Shown:
    """Triggers of an earlier session that run again, and what they have missed."""
    lines = []
    for trigger, missed in adopted:
        told = f"runs again: {trigger.name} ({service.triggers.words(trigger)})"
        lines.append(f"{told}; {missed}" if missed else told)
    html = "".join(f"<div>{escape(line)}</div>" for line in lines)
    return Shown(_box(QUIET, html), "\n".join(lines))


# An event tried


def trial(tried: Trial) -> Shown:
    """Each rule with what it asks of the event, field by field, and the input that it would make of it."""
    if not tried.rules:
        return note("there is no rule to try it on: `%asl on NAME event PATTERN` makes one")
    return Shown("".join(_tried(rule) for rule in tried.rules), tried.table.text)


def _tried(rule: Tried) -> str:
    hue, mark = (GOOD, "✔") if rule.matched else (QUIET, "✘")
    verdict = f"{mark} {rule.verdict.upper()}"
    head = f'<span style="{PILL.format(hue=hue)}">{verdict}</span> <b>{escape(rule.rule)}</b>'
    rows = "".join(_field(field) for field in rule.fields)
    grid = f'<div style="{_GRID.replace("max-content", "max-content fit-content(30%)")}">{rows}</div>'
    inputs = "".join(_input(arn, value) for arn, value in rule.inputs.items()) if rule.matched else ""
    return _box(hue, head + grid + inputs)


def _field(field: FieldMatch) -> str:
    path, colon, words = field.words.partition(": ")
    if not colon:
        path, words = "", field.words
    hue, mark = (GOOD, "✔") if field.matched else (BAD, "✘")
    return (
        f'<b style="{_INK.format(hue=hue)}">{mark}</b><code style="{CODE}">{escape(path)}</code>'
        f'<span style="overflow-wrap:anywhere">{escape(words)}</span>'
    )


def _input(arn: str, value: object) -> str:
    import msgspec

    text = msgspec.json.encode(value).decode()
    short = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
    name = escape(arn.rpartition(":")[2])
    return f'<div style="margin-top:3px"><span style="{_MUTED}">{name} gets</span> {_code(short)}</div>'


# Parts


def _row(word: str, html: str) -> str:
    return f'<span style="{_MUTED}">{word}</span><div>{html}</div>'


def _code(text: str) -> str:
    return f'<code style="{CODE};white-space:pre-wrap">{escape(text)}</code>'


def _box(hue: str, inside: str) -> str:
    return f'<div class="sfnb-card {NO_MATHS}" style="{CARD.format(hue=hue)}">{inside}</div>'
