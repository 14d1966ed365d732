"""A table of texts: as text, and as HTML for a notebook. All that is shown is escaped."""

from __future__ import annotations

import re
from html import escape
from itertools import compress

import msgspec

_CELL = "text-align:left;vertical-align:top;overflow-wrap:break-word;min-width:5em"
_LINE = "padding-left:1em;text-indent:-1em"
_REFUSED = '<b style="color:#cf222e">✘</b>'
_BREAK = re.compile(r"(?<=\w[:/])(?=\w)|(?<=[a-z])(?=[A-Z])")
_ZERO = "\N{ZERO WIDTH SPACE}"
_SMALLEST = "font-size:13px;opacity:.8;margin:2px 0 8px"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A title, a header and rows; a cell of several lines has a line each.

    A column with nothing in it is not shown.
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footnote: str = ""

    @property
    def text(self) -> str:
        """Columns as wide as what is in them."""
        lines = [self.title] if self.title else []
        every = self._lines()
        widths = [max(map(len, column)) for column in zip(*every, strict=True)]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in every
        ]
        return "\n".join([*lines, *([self.footnote] if self.footnote else [])])

    def _lines(self) -> list[tuple[str, ...]]:
        rows = []
        for row in self._shown():
            cells = [cell.split("\n") for cell in row]
            for at in range(max(len(cell) for cell in cells)):
                rows.append(tuple(cell[at] if at < len(cell) else "" for cell in cells))
        return rows

    def _shown(self) -> list[tuple[str, ...]]:
        """The header and the rows, without the columns that have nothing in them."""
        filled = [any(column) for column in zip(*self.rows, strict=True)] or [True] * len(self.header)
        return [tuple(compress(row, filled)) for row in (self.header, *self.rows)]

    @property
    def html(self) -> str:
        header, *rows = self._shown()
        head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in header)
        body = "".join(
            "<tr>" + "".join(f'<td style="{_CELL}">{_breaks(cell)}</td>' for cell in row) + "</tr>"
            for row in rows
        )
        title = f"<div><b>{escape(self.title)}</b></div>" if self.title else ""
        foot = f'<div style="{_SMALLEST}">{escape(self.footnote)}</div>' if self.footnote else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        around = f'<div style="overflow-x:auto">{table}</div>'
        return f'<div class="sfnb-table tex2jax_ignore mathjax_ignore">{title}{around}{foot}</div>'

    @property
    def bundle(self) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.bundle

    def __repr__(self) -> str:
        return self.text


def _breaks(text: str) -> str:
    """HTML of a cell; a name may be broken after its colons and slashes, and before its capitals.

    >>> _breaks("✘ nothing")
    '<b style="color:#cf222e">✘</b> nothing'
    """
    lines = [escape(_BREAK.sub(_ZERO, line)).replace(_ZERO, "<wbr>") for line in text.split("\n")]
    found = lines[0] if len(lines) == 1 else "".join(f'<div style="{_LINE}">{line}</div>' for line in lines)
    return _REFUSED + found[1:] if found.startswith("✘") else found
