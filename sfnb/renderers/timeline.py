"""When each state was visited, and for how long: a Gantt chart as a self-contained SVG."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import blake2s

import msgspec

from sfnb.renderers import labels
from sfnb.renderers.durations import microseconds, step_microseconds, words
from sfnb.renderers.frame import frame
from sfnb.renderers.labels import xml
from sfnb.renderers.layout import Rect
from sfnb.renderers.shapes import disc, number, rectangle, symbol, text
from sfnb.renderers.style import LOOKS, Status

MOST_BARS, MOST_LINES = 2_000, 200
ROW, BAR, SLIM_ROW, SLIM_BAR = 26.0, 14.0, 19.0, 11.0
"""Heights; the slim ones from 60 rows on."""
PLOT, MOST_TICKS, INDENT = 700.0, 8, 13.0
AXIS = 26.0

_RULES = """
& .sfnb-row text { font-size: 12px; }
& .sfnb-row .sfnb-small { font-size: 10.5px; }
& .sfnb-stripe { fill: var(--sfnb-ink); fill-opacity: 0.035; stroke: none; }
& .sfnb-odd { fill-opacity: 0; }
& .sfnb-row:hover .sfnb-stripe { fill-opacity: 0.09; }
& .sfnb-grid { stroke: var(--sfnb-line); stroke-opacity: 0.3; }
& .sfnb-bar { fill: var(--sfnb-hue); stroke: none; }
& .sfnb-whole { fill: var(--sfnb-hue); fill-opacity: 0.25; stroke: var(--sfnb-hue); }
& .sfnb-open { fill: var(--sfnb-hue); fill-opacity: 0.35; stroke: var(--sfnb-hue); stroke-dasharray: 4 2; }
"""


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """A visit: what was visited, how deep in the nesting, from when to when.

    end: None while it lasts.
    detail: more to tell in the tooltip, e.g. an error and its cause.
    tries: where there was more than one, when each began and ended; between them it waited.
    """

    label: str
    start: datetime
    end: datetime | None
    status: Status
    depth: int = 0
    detail: str = ""
    tries: tuple[tuple[datetime, datetime | None], ...] = ()


def render_timeline(bars: Sequence[Bar], *, title: str = "", now: datetime | None = None) -> str:
    """A chart with a row per bar, in the order of their starts; times are aware datetimes.

    now: how far bars without an end reach; the latest time of all unless given.
    Of more than 2,000 bars the longest are drawn, and a note says how many were left out.
    """
    rows = sorted(bars, key=lambda bar: bar.start)  # equal starts stay as they came: in the order of the log
    if not rows:
        return frame(text(0, 14, "nothing was visited", "sfnb-small"), 320, 24, prefix="s0", title=title)
    chart = _Chart.of(rows, now)
    kept = chart.longest(rows) if len(rows) > MOST_BARS else rows
    slim = len(kept) > 60
    row, thick = (SLIM_ROW, SLIM_BAR) if slim else (ROW, BAR)
    left = _label_width(kept)
    prefix = "s" + blake2s(repr(kept).encode(), digest_size=4).hexdigest()
    pen = _Pen(prefix=prefix, chart=chart, left=left, row=row, thick=thick)
    parts = [pen.axis(len(kept)), *(pen.bar(bar, index) for index, bar in enumerate(kept))]
    height = AXIS + len(kept) * row + 8
    if len(kept) < len(rows):
        note = f"the {len(rows) - len(kept):,} shortest of {len(rows):,} visits are left out"
        parts.append(text(0, height + 10, note, "sfnb-small"))
        height += 20
    present = {bar.status for bar in kept}
    width = left + PLOT + 70
    return frame("\n".join(parts), width, height, prefix=prefix, rules=_RULES, title=title, present=present)


def render_table(bars: Sequence[Bar], *, title: str = "") -> str:
    """The same in plain text: mark, time since the start, duration, label. Ends after 200 lines."""
    rows = sorted(bars, key=lambda bar: bar.start)  # equal starts stay as they came: in the order of the log
    lines = [labels.clean(title)] if title else []
    for bar in rows[:MOST_LINES]:
        since = words(bar.start - rows[0].start)
        took = "…" if bar.end is None else words(bar.end - bar.start)
        label = "  " * bar.depth + labels.clean(bar.label)
        lines.append(f"{LOOKS[bar.status].mark} {since:>12} {took:>12}  {label}")
    if len(rows) > MOST_LINES:
        lines.append(f"… and {len(rows) - MOST_LINES:,} more visits")
    return "\n".join(lines) if rows else "\n".join((*lines, "nothing was visited"))


class _Chart(msgspec.Struct, frozen=True):
    """From when to when the chart reaches; microseconds count from its start."""

    start: datetime
    now: datetime
    span: int
    step: int

    @classmethod
    def of(cls, bars: Sequence[Bar], now: datetime | None) -> _Chart:
        start = min(bar.start for bar in bars)
        latest = max(max(bar.start, bar.end or bar.start) for bar in bars)
        now = max(now or latest, start)
        span = max(microseconds(max(latest, now) - start), 1)
        step = step_microseconds(span, MOST_TICKS)
        return cls(start, now, span, step)

    def end(self, bar: Bar) -> datetime:
        return max(bar.start, bar.end or self.now)

    def x(self, moment: datetime) -> float:
        """How far to the right a moment is, in the plot."""
        return min(1.0, max(0.0, microseconds(moment - self.start) / self.span)) * PLOT

    def longest(self, bars: list[Bar]) -> list[Bar]:
        """The longest of `bars`, in their order."""
        by_length = sorted(range(len(bars)), key=lambda i: (bars[i].start - self.end(bars[i]), i))
        return [bars[index] for index in sorted(by_length[:MOST_BARS])]


class _Pen(msgspec.Struct, frozen=True, kw_only=True):
    """Draws rows; `left` is where the plot begins."""

    prefix: str
    chart: _Chart
    left: float
    row: float
    thick: float

    def axis(self, rows: int) -> str:
        """Time since the start, and when that was."""
        bottom = number(AXIS + rows * self.row)
        parts = []
        for tick in range(0, self.chart.span + 1, self.chart.step):
            x = self.left + tick / self.chart.span * PLOT
            line = f"M{number(x)} {number(AXIS - 6)}V{bottom}"
            parts.append(f'<path class="sfnb-grid" d="{line}" stroke="#ccd1d6"/>')
            parts.append(text(x, AXIS - 12, words(timedelta(microseconds=tick)), "sfnb-small", middle=True))
        began = self.chart.start.isoformat(sep=" ", timespec="seconds").replace("+00:00", " UTC")
        return "".join(parts) + text(0, AXIS - 12, began, "sfnb-small")

    def bar(self, bar: Bar, index: int) -> str:
        """A row: stripe, mark, label, bar, duration."""
        top = AXIS + index * self.row
        middle = top + self.row / 2
        x = bar.depth * INDENT + 7
        room = self.left - x - 18
        stripe = Rect(-6, top, self.left + PLOT + 76, self.row)
        parts = [
            f"<title>{xml(self._tooltip(bar))}</title>",
            rectangle(stripe, 3, "sfnb-stripe" if index % 2 == 0 else "sfnb-stripe sfnb-odd", "none", "none"),
            disc(x, middle, 6, LOOKS[bar.status].light),
            symbol(f"{self.prefix}-{bar.status}", x, middle, 9, "sfnb-mark"),
            text(x + 12, middle + 4, labels.shorten(bar.label, 12, room), ""),
            *self._stretches(bar, middle),
        ]
        return f'<g class="sfnb-row sfnb-{bar.status}">{"".join(parts)}</g>'

    def _stretches(self, bar: Bar, middle: float) -> list[str]:
        """The bar itself, its tries if there were several, and how long it took."""
        begin, end = self.chart.x(bar.start), self.chart.x(self.chart.end(bar))
        several = len(bar.tries) > 1
        kind = "sfnb-open" if bar.end is None else "sfnb-whole" if several else "sfnb-bar"
        parts = [self._stretch(begin, end, middle, kind, bar.status)]
        if several:
            for count, (start, stop) in enumerate(bar.tries, 1):
                status: Status = bar.status if count == len(bar.tries) else "failed"
                until = self.chart.x(stop or self.chart.now)
                parts.append(
                    self._stretch(self.chart.x(start), until, middle, f"sfnb-bar sfnb-{status}", status)
                )
        took = words(self.chart.end(bar) - bar.start) + ("…" if bar.end is None else "")
        room = labels.width(took, 10.5) + 8
        if end + room <= PLOT + 70:
            parts.append(text(self.left + max(end, begin + 3) + 6, middle + 4, took, "sfnb-small"))
        return parts

    def _stretch(self, begin: float, end: float, middle: float, kind: str, status: Status) -> str:
        wide = max(end - begin, 3.0)
        begin = min(begin, PLOT - 3.0) if end - begin < 3.0 else begin
        rect = Rect(self.left + begin, middle - self.thick / 2, wide, self.thick)
        return rectangle(rect, min(4.0, wide / 2), kind, LOOKS[status].light, "none")

    def _tooltip(self, bar: Bar) -> str:
        took = words(self.chart.end(bar) - bar.start)
        lines = [
            labels.clean(bar.label),
            f"{LOOKS[bar.status].words}, {took}",
            f"from {bar.start.isoformat()}",
        ]
        if bar.end is not None:
            lines.append(f"to {bar.end.isoformat()}")
        if len(bar.tries) > 1:
            lines.append(f"{len(bar.tries)} tries")
        return "\n".join((*lines, bar.detail)).strip()


def _label_width(bars: Sequence[Bar]) -> float:
    """Room for marks and labels: what they need, within bounds."""
    needed = max(bar.depth * INDENT + 19 + labels.width(labels.clean(bar.label)[:80], 12) for bar in bars)
    return min(max(needed + 16, 195.0), 300.0)
