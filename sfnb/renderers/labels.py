"""Text in pictures: made safe, measured, broken into lines, cut short.

There is no font to measure with: the reader's machine has its own. Widths are estimated from the
kind of each character, a little generously; cards have room to spare on the right.
"""

from __future__ import annotations

import re
import unicodedata
from collections import deque
from collections.abc import Iterator
from html import escape

_ILLEGAL = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff\u202a-\u202e\u2066-\u2069]"
)
"""What XML 1.0 forbids or discourages, and the marks that would turn the text around them."""

_MARKS = r"[\u0300-\u036f\u20d0-\u20ff\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"
_GLYPHS = re.compile(rf".(?:\u200d.|{_MARKS})*", re.DOTALL)
_BREAKS = re.compile(r"(?<=[\s\-_./:,;|])|(?<=[a-z0-9])(?=[A-Z])")
_EM = {
    0.25: "ijl|'`",
    0.32: "It.,:;!f/\\[]()r- ",
    0.55: 'cksvxyzJ"{}*',
    0.68: "ABCDEGHKNOPQRSTUVXYZ&",
    0.9: "MWmw@%",
}
_WIDTHS = {character: em for em, characters in _EM.items() for character in characters}


def clean(text: str) -> str:
    """`text` on one line, without what no XML file may hold."""
    return " ".join(_ILLEGAL.sub("", text).split())


def xml(text: str) -> str:
    """`text` for an element or a quoted attribute of XML, its lines kept.

    >>> xml('a < "b"')
    'a &lt; &quot;b&quot;'
    """
    return escape(_ILLEGAL.sub("", text.replace("\r", "\n")))


def width(text: str, size: float, *, bold: bool = False) -> float:
    """About how wide `text` is, in the unit of `size`, the height of the font."""
    return sum(map(_em, text)) * size * (1.19 if bold else 1.08)


def _em(character: str) -> float:
    known = _WIDTHS.get(character)
    if known is not None:
        return known
    if character.isascii():
        return 0.58
    if unicodedata.east_asian_width(character) in "WF":
        return 1.05
    return 0.0 if unicodedata.category(character) in {"Mn", "Me", "Cf"} else 0.62


def wrap(text: str, size: float, room: float, lines: int, *, bold: bool = False) -> tuple[str, ...]:
    """`text` in at most `lines` lines no wider than `room`; what is left over becomes an ellipsis."""
    rows: list[str] = []
    row = ""
    for piece in _pieces(clean(text), size, room, bold=bold):
        if row and width((row + piece).rstrip(), size, bold=bold) > room:
            rows.append(row.strip())
            row = ""
        row += piece
    rows = [*rows, row.strip()] if row.strip() else rows
    if len(rows) <= lines:
        return tuple(rows) or ("",)
    rest = " ".join(rows[lines - 1 :])
    return (*rows[: lines - 1], _head(rest, size, room - size, bold=bold) + "…")


def _pieces(text: str, size: float, room: float, *, bold: bool) -> Iterator[str]:
    """The stretches of `text` that a line may be broken between, none wider than `room`."""
    for word in _BREAKS.split(text):
        while word and width(word.rstrip(), size, bold=bold) > room:
            head = _head(word, size, room, bold=bold) or word
            yield head
            word = word[len(head) :]
        if word:
            yield word


def _head(text: str, size: float, room: float, *, bold: bool) -> str:
    """As many whole glyphs from the start of `text` as fit into `room`; one at least."""
    end, used = 0, 0.0
    for glyph in _GLYPHS.finditer(text):
        used += width(glyph.group(), size, bold=bold)
        if end and used > room:
            break
        end = glyph.end()
    return text[:end].rstrip() or text[:end]


def shorten(text: str, size: float, room: float) -> str:
    """`text` with its middle left out where it is wider than `room`: the end of an ARN says most.

    >>> shorten("arn:aws:lambda:us-east-1:123456789012:function:charge", 11, 160)
    'arn:aws:lamb…ction:charge'
    """
    text = clean(text)
    if width(text, size) <= room:
        return text
    head, tail, used = "", "", size
    glyphs = deque(_GLYPHS.findall(text))
    while True:
        glyph = glyphs.pop() if len(tail) <= len(head) else glyphs.popleft()
        used += width(glyph, size)
        if used > room:
            return f"{head.rstrip()}…{tail.lstrip()}"
        if len(tail) <= len(head):
            tail = glyph + tail
        else:
            head += glyph


def columns(text: str) -> int:
    """How many columns of a terminal `text` takes.

    >>> columns("ab"), columns("日本")
    (2, 4)
    """
    seen = [character for character in text if _em(character)]
    return len(seen) + sum(unicodedata.east_asian_width(character) in "WF" for character in seen)
