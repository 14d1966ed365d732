"""Policies and decisions as tables: text, and HTML for a notebook. All that is shown is escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from sfnb.iam.policy import Policy

_CELL = "text-align:left;vertical-align:top;padding:2px 12px 2px 0;overflow-wrap:anywhere"


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A title, a header and rows; a cell of several lines has a line each."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    footnote: str = ""

    @property
    def text(self) -> str:
        """Columns as wide as what is in them."""
        lines = [self.title] if self.title else []
        every = [self.header, *self._lines()]
        widths = [max(len(row[column]) for row in every) for column in range(len(self.header))]
        lines += [
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
            for row in every
        ]
        return "\n".join([*lines, *([self.footnote] if self.footnote else [])])

    def _lines(self) -> list[tuple[str, ...]]:
        rows = []
        for row in self.rows:
            cells = [cell.split("\n") for cell in row]
            for at in range(max(len(cell) for cell in cells)):
                rows.append(tuple(cell[at] if at < len(cell) else "" for cell in cells))
        return rows

    @property
    def html(self) -> str:
        head = "".join(f'<th style="{_CELL}">{escape(name)}</th>' for name in self.header)
        body = "".join(
            "<tr>" + "".join(f'<td style="{_CELL}">{_breaks(cell)}</td>' for cell in row) + "</tr>"
            for row in self.rows
        )
        title = f"<div><b>{escape(self.title)}</b></div>" if self.title else ""
        foot = f'<div style="opacity:.7">{escape(self.footnote)}</div>' if self.footnote else ""
        table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
        return f'<div class="sfnb-iam tex2jax_ignore mathjax_ignore">{title}{table}{foot}</div>'

    @property
    def bundle(self) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.text}

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return self.bundle

    def __repr__(self) -> str:
        return self.text


def _breaks(text: str) -> str:
    return "<br>".join(escape(line) for line in text.split("\n"))


def policy_table(policy: Policy) -> Table:
    """What is granted, on what, and why."""
    from sfnb.iam.policy import MOST_INLINE, MOST_MANAGED

    rows = tuple(
        (
            each.sid,
            "\n".join(each.actions),
            "\n".join(each.resources),
            "\n".join(_conditions(each.condition)),
            "\n".join(each.reasons),
        )
        for each in policy.statements
    )
    footnote = ""
    if policy.size > MOST_MANAGED:
        footnote = f"{policy.size:,} characters: more than the {MOST_MANAGED:,} of a managed policy"
        if policy.size > MOST_INLINE:
            footnote += f" and the {MOST_INLINE:,} of a role's inline policies: make several of it"
    if not rows:
        return Table(title="", header=("a role for this machine needs no rights",), rows=())
    header = ("statement", "actions", "resources", "condition", "why")
    return Table(title="", header=header, rows=rows, footnote=footnote)


def _conditions(condition: dict[str, dict[str, str]]) -> Sequence[str]:
    return [
        f"{operator} {key} {value}" for operator, keys in condition.items() for key, value in keys.items()
    ]
