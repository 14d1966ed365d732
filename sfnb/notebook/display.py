"""How things look in an output cell: each as HTML and as plain text.

Ink and ground are the page's own, so that all themes fit; a status has a hue that stands out on both
light and dark. All that came from a definition, an input or a task is escaped. The text of equal runs
is equal, and so is the HTML but for a duration of a second or more, inside <span class="sfnb-took">.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from html import escape
from itertools import groupby, islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from sfnb.children import progress_of_run
from sfnb.errors import Diagnostic, Located, render_diagnostic
from sfnb.explain import Account, account, summarise
from sfnb.hints.map_runs import child_error, first_failed
from sfnb.notebook.card_style import CARD, CODE, MONO, PILL, UI
from sfnb.notebook.substitution import Origin, Substitution

if TYPE_CHECKING:
    from sfnb.engine.map_views import MapRunView
    from sfnb.execution import Execution
    from sfnb.items.buckets import Buckets
    from sfnb.resuming import Resumption
    from sfnb.snapshot import Snapshot

MOST_OBJECTS, MOST_COUNTED = 8, 10_000
HUES = {
    "SUCCEEDED": ("✔", "#1a7f37"),
    "FAILED": ("✘", "#cf222e"),
    "TIMED_OUT": ("⏱", "#8250df"),
    "ABORTED": ("■", "#57606a"),
    "RUNNING": ("▶", "#0969da"),
    "INTERRUPTED": ("❚❚", "#9a6700"),
}
NO_MATHS = "tex2jax_ignore mathjax_ignore"
"""Else a page takes what stands between the dollars of two paths for LaTeX."""
WARNING, NOTE = "#9a6700", "#57606a"

_GRID = (
    "display:grid;grid-template-columns:{columns} minmax(0,1fr);gap:2px 14px;align-items:baseline;"
    "margin-top:3px"
)
_MUTED = "opacity:.7"
_PRE = (
    f"font-family:{MONO};font-size:12px;line-height:1.45;background:rgba(127,127,127,.12);color:inherit;"
    "border-radius:4px;padding:6px 10px;margin:3px 0;white-space:pre-wrap;overflow-wrap:anywhere"
)


class Shown(msgspec.Struct, frozen=True):
    """Something to look at; its repr is its text."""

    html: str
    text: str

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def __repr__(self) -> str:
        return self.text


def show(thing: object) -> None:
    """Put a thing into the cell's output."""
    from IPython.display import display

    display(thing)  # type: ignore[no-untyped-call]


def code(text: str) -> Shown:
    """Text as it is: a definition, a help."""
    return Shown(_pre(text), text)


# Executions


def execution_bundle(execution: Execution) -> dict[str, str]:
    """How it ended, over its picture, which needs no title there."""
    picture = execution.graph(title="")
    html = summary(execution).html + picture.html
    return {"text/html": html, "image/svg+xml": picture.svg, "text/plain": summarise(execution)}


def summary(execution: Execution) -> Shown:
    """How it ended, without a picture."""
    return Shown(_card(account(execution), took(execution.duration)), summarise(execution))


def snapshot_bundle(snapshot: Snapshot) -> dict[str, str]:
    """How it stood at a moment, over its picture."""
    picture = snapshot.graph(title="")
    html = _card(snapshot.account(), f"{took(snapshot.elapsed)} after the start") + picture.html
    return {"text/html": html, "image/svg+xml": picture.svg, "text/plain": snapshot.summary()}


def _card(told: Account, duration: str) -> str:
    mark, hue = HUES[told.status]
    head = [
        f'<span style="{PILL.format(hue=hue)}">{mark} {told.status}</span>',
        f"<b>{escape(told.machine)}</b>",
    ]
    if told.place:
        head.append(f"<span>{escape(told.place)}</span>")
    if duration:
        head.append(f'<span class="sfnb-took" style="{_MUTED}">{duration}</span>')
    rows = [_row("error", _reason(told))] if told.reason else []
    rows += [_row(word, f'<code style="{CODE}">{escape(text)}</code>') for word, text in told.facts]
    rows += [_row("hint", _hint(hint)) for hint in told.hints]
    grid = _grid("max-content", rows) if rows else ""
    return _box(hue, " ".join(head) + grid)


def _reason(told: Account) -> str:
    parts = [f"<b>{escape(told.error)}</b>"] if told.error else []
    if told.message:
        parts.append(
            f'<span style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(told.message)}</span>'
        )
    return ": ".join(parts) + (_pre("\n".join(told.trace)) if told.trace else "")


def _hint(hint: str) -> str:
    """A sentence, and code where lines are indented."""
    parts = []
    for is_code, lines in groupby(hint.split("\n"), key=lambda line: line.startswith("    ")):
        text = "\n".join(line[4:] if is_code else line for line in lines)
        parts.append(_pre(text) if is_code else escape(text).replace("\n", "<br>"))
    return "".join(parts)


def took(duration: timedelta | None) -> str:
    """A duration, so coarse that equal runs mostly show the same.

    >>> [took(timedelta(seconds=n)) for n in (0.2, 1.4, 75, 7260, 90000)]
    ['under 1 s', '1 s', '1 min 15 s', '2 h 1 min', '1 d 1 h']
    """
    if duration is None:
        return ""
    seconds = round(duration.total_seconds())
    if duration < timedelta(seconds=1):
        return "under 1 s"
    parts = [
        (seconds // 86_400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "min"),
        (seconds % 60, "s"),
    ]
    first = next(index for index, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count:,} {unit}" for count, unit in parts[first : first + 2] if count)


# What a cell says besides


_ORIGINS: dict[Origin, str] = {
    "option": "from -s",
    "variable": "Python variable",
    "task": "a task, called by this name",
    "function": "no task yet",
}


def substitutions(found: Sequence[Substitution]) -> Shown:
    """What was put in the place of ${Name}, and where a task is to be; what is missing has a finding."""
    found = [item for item in found if item.origin != "missing"]
    rows = [(f"${{{item.name}}}", _becomes(item), _ORIGINS[item.origin]) for item in found]
    hints = [f"${{{item.name}}}: {item.hint}" for item in found if item.origin == "function"]
    text = "\n".join([*_columns(rows), *(f"hint: {hint}" for hint in hints)])
    cells = [
        f'<code style="{CODE}">{escape(name)}</code><code style="{CODE}">{escape(value)}</code>'
        f'<span style="{_MUTED}">{escape(origin)}</span>'
        for name, value, origin in rows
    ]
    lines = "".join(f'<div><span style="{_MUTED}">hint</span> {escape(hint)}</div>' for hint in hints)
    return Shown(_box(NOTE, _grid("repeat(2,max-content)", cells) + lines), text)


def _becomes(item: Substitution) -> str:
    if item.origin in ("option", "variable"):
        text = item.text if len(item.text) <= 60 else item.text[:60] + "…"
        return "= " + text.replace("\n", " ")
    return ""


def note(text: str) -> Shown:
    """A sentence on its own; what stands between backticks is code."""
    parts = [escape(part) for part in text.split("`")]
    parts[1::2] = [f'<code style="{CODE}">{part}</code>' for part in parts[1::2]]
    return Shown(_box(NOTE, "".join(parts)), text)


def findings(source: Located, diagnostics: Sequence[Diagnostic]) -> Shown:
    """Findings with their places, as a compiler shows them."""
    texts = [render_diagnostic(source, diagnostic) for diagnostic in diagnostics]
    blocks = "".join(f'<pre style="{_PRE}">{_first_line_bold(text)}</pre>' for text in texts)
    severe = any(diagnostic.severity == "ERROR" for diagnostic in diagnostics)
    return Shown(_box(HUES["FAILED"][1] if severe else WARNING, blocks), "\n\n".join(texts))


def _first_line_bold(text: str) -> str:
    first, newline, rest = text.partition("\n")
    return f"<b>{escape(first)}</b>{newline}{escape(rest)}"


def emphasised(finding: str) -> list[str]:
    """The lines of a finding for a traceback, in bold what leads the eye.

    No colours: a page shows tracebacks on a ground of its own, on which most of them are hard to read.
    """
    return [_bold_parts(line) for line in finding.split("\n")]


def _bold_parts(line: str) -> str:
    word, colon, rest = line.partition(": ")
    if word in ("error", "warning", "hint"):
        return f"{bold(word)}{colon}{rest}"
    before, bar, marks = line.partition("| ")
    return f"{before}{bar}{bold(marks)}" if bar and set(marks) <= {" ", "^"} else line


def bold(text: str) -> str:
    return f"\x1b[1m{text}\x1b[0m"


# Lists


def table(header: Sequence[str], rows: Iterable[Sequence[str]], *, empty: str) -> Shown:
    """Rows under a header, or `empty` where there are none."""
    rows = [tuple(row) for row in rows]
    if not rows:
        return note(empty)
    cell = f"text-align:left;vertical-align:top;font-family:{UI}"
    head = "".join(f'<th style="{cell}">{escape(name)}</th>' for name in header)
    body = "".join(
        "<tr>"
        + "".join(f'<td style="{cell};white-space:pre-wrap">{escape(text)}</td>' for text in row)
        + "</tr>"
        for row in rows
    )
    html = f'<table class="{NO_MATHS}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return Shown(html, "\n".join(_columns([tuple(header), *rows])))


def pairs(rows: Sequence[tuple[str, str]]) -> Shown:
    """A word and a text in each row."""
    html = _box(NOTE, _grid("max-content", [_row(word, _spoken(text)) for word, text in rows]))
    return Shown(html, "\n".join(_columns(rows)))


def _spoken(text: str) -> str:
    """A text, in which what is typed into a cell is code."""
    before, verb, line = text.partition("%asl ")
    return escape(before) + (f'<code style="{CODE}">{escape(verb + line)}</code>' if verb else "")


_FATES = {
    "goes on": ("▶ GOES ON", HUES["RUNNING"][1]),
    "waits": ("❚❚ WAITS", HUES["INTERRUPTED"][1]),
    "cannot": ("✘ CANNOT GO ON", HUES["FAILED"][1]),
}


def resumption(found: Resumption) -> Shown:
    """What became of interrupted executions, and the lines that are to be written."""
    rows = list(found.rows())
    if not rows:
        return note(found.headline)
    cells = [
        f'<span style="{PILL.format(hue=_FATES[fate][1])};justify-self:start">{_FATES[fate][0]}</span>'
        f"<b>{escape(machine)}</b>"
        f'<code style="{CODE}">{escape(name)}</code>'
        f'<span style="white-space:pre-wrap;overflow-wrap:anywhere">{escape(why)}</span>'
        for machine, name, fate, why in rows
    ]
    hue = _FATES["waits" if found.waiting else "cannot" if found.refused else "goes on"][1]
    columns = "max-content fit-content(20%) fit-content(40%)"
    inside = f"{escape(found.headline)}{_grid(columns, cells)}"
    if found.advice:
        inside += f'<div style="margin-top:6px">{escape(found.advice)}</div>' + _pre("\n".join(found.lines))
    return Shown(_box(hue, inside), repr(found))


def map_runs(execution: Execution) -> Shown:
    """The map runs of an execution, a row each, and how to look further."""
    rows = [
        (run.state, run.status, progress_of_run(run).words, f"{run.executions.total:,}", _first_failure(run))
        for run in execution.map_run_records
    ]
    header = ("state", "status", "items", "executions", "first failure")
    return table(header, rows, empty=f"{execution.machine_name} has no Map in DISTRIBUTED mode that has run")


def _first_failure(run: MapRunView) -> str:
    child = first_failed(run)
    return "" if child is None else f"child {child.index}: {child_error(child)}"


def buckets(found: Buckets) -> Shown:
    """What stands for S3: each bucket with its objects, as far as there is room."""
    folder: Path | None = getattr(found, "folder", None)
    if folder is None:
        return note("buckets are those of S3; `%asl buckets FOLDER` lets a folder stand for it")
    rows = [row for bucket in _folders_in(folder) for row in _objects(bucket)]
    empty = f"the folder `{folder}` stands for S3; there is nothing in it: a bucket is a folder in there"
    shown = table(("bucket", "key", "bytes"), rows, empty=empty)
    if not rows:
        return shown
    words = note(f"the folder `{folder}` stands for S3")
    return Shown(words.html + shown.html, f"{words.text}\n{shown.text}")


def _folders_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def _objects(bucket: Path) -> Iterator[tuple[str, str, str]]:
    """A row for each object, up to a few; then how many more there are."""
    files = list(islice((path for path in sorted(bucket.rglob("*")) if path.is_file()), MOST_COUNTED))
    for path in files[:MOST_OBJECTS]:
        yield bucket.name, path.relative_to(bucket).as_posix(), f"{path.stat().st_size:,}"
    if len(files) > MOST_OBJECTS:
        more = "at least " if len(files) == MOST_COUNTED else ""
        yield bucket.name, f"… and {more}{len(files) - MOST_OBJECTS:,} more", ""
    if not files:
        yield bucket.name, "", ""


def _columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows as lines, columns under one another; what is on several lines is joined."""
    flat = [[" ".join(text.split("\n")) for text in row] for row in rows]
    widths = [max(len(text) for text in column) for column in zip(*flat, strict=True)]
    return [
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in flat
    ]


def _box(hue: str, inside: str) -> str:
    return f'<div class="sfnb-card {NO_MATHS}" style="{CARD.format(hue=hue)}">{inside}</div>'


def _grid(columns: str, cells: Iterable[str]) -> str:
    """Cells in rows; `columns` are those before the last."""
    return f'<div style="{_GRID.format(columns=columns)}">{"".join(cells)}</div>'


def _row(word: str, html: str) -> str:
    return f'<span style="{_MUTED}">{escape(word)}</span><div>{html}</div>'


def _pre(text: str) -> str:
    return f'<pre style="{_PRE}">{escape(text)}</pre>'
