"""Text of a definition to plain values that can say where each stands.

A definition arrives as JSON, as YAML, or as a Python value. Whatever is wrong with it as text becomes
a finding; none of the functions here raises because of what it was given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Literal

from msgspec import structs

from sfnb.asl import json_text, yaml_text
from sfnb.asl.python_value import write
from sfnb.asl.reading import (
    MAX_SIZE_BYTES,
    CollectingLater,
    Place,
    Reading,
    not_an_object,
    span_of,
    syntax_error,
    too_large,
)
from sfnb.errors import Diagnostic, PathStep, Span
from sfnb.values import Json, encode, size_bytes

Format = Literal["json", "yaml"]

# JSON, or JSON under a comment of JavaScript; no definition in YAML begins so.
_begins_json = re.compile(r"\s*(?:[{\[]|//|/\*)").match
_half_characters = re.compile("[\ud800-\udfff]")


class Source:
    """A definition as its author wrote it.

    text: without a byte order mark; what was no Unicode is replaced by U+FFFD.
    tree: the object it holds; None where it could not be read as one.
    findings: what is wrong with the text, as text.
    """

    def __init__(self, text: str, format: Format, reading: Reading) -> None:
        self.text = text
        self.format = format
        self.tree: dict[str, Json] | None = reading.tree
        self.findings: tuple[Diagnostic, ...] = reading.findings
        self._reading = reading
        self._is_rewritten = False

    @property
    def resolved_text(self) -> str:
        """Text of which the same tree can be read: as it was written, unless placeholders were filled in."""
        return encode(self.tree) if self._is_rewritten else self.text

    def locate(self, path: Sequence[PathStep], *, at_key: bool = False) -> Span | None:
        """Where the value at `path` stands, or its key; else the nearest value around it.

        None where the text could not be read at all.
        """
        place = self._reading.root
        if place is None:
            return None
        for step in path:
            inner = self._reading.inside(place).get(step)
            if inner is None:
                break
            place = inner
        start, end = place.key if at_key and place.key else (place.start, place.end)
        return span_of(self.text, start, end)

    def rewritten(
        self,
        text: str,
        tree: dict[str, Json] | None,
        findings: Sequence[Diagnostic],
        key: Callable[[str], str],
    ) -> Source:
        """The same places under another tree: what the definition says once placeholders are filled in.

        text: as the author wrote it, each character where it is in this one.
        findings: besides those of this text. key: what a key of this tree is called in the other.
        """
        inside = self._reading.inside

        def renamed(place: Place) -> dict[PathStep, Place]:
            return {key(step) if isinstance(step, str) else step: at for step, at in inside(place).items()}

        findings = (*self.findings, *findings)
        reading = structs.replace(self._reading, tree=tree, findings=findings, inside=renamed)
        source = Source(text, self.format, reading)
        source._is_rewritten = True
        return source

    def __repr__(self) -> str:
        return f"Source({self.format}, {len(self.text)} characters, {len(self.findings)} findings)"


@CollectingLater()
def read_text(text: str | bytes, *, format: Format | None = None, max_bytes: int = MAX_SIZE_BYTES) -> Source:
    """Read a definition; text that begins with { or [ is JSON, all other YAML, unless `format` says.

    max_bytes: as JSON, AWS's limit unless told; what is over twice as long is not read at all.
    """
    text, broken = _to_unicode(text)
    format = format or ("json" if _begins_json(text) or not text.strip() else "yaml")
    if broken is not None:
        return Source(text, format, Reading(findings=(broken,)))
    if not text.strip():
        return Source(text, format, Reading(findings=(not_an_object("the text is empty"),)))
    size = size_bytes(text)
    if size > 2 * max_bytes:
        return Source(text, format, Reading(findings=(too_large(f"{size:,}"),)))
    if format == "yaml":
        reading = yaml_text.read(text)
        # AWS never sees YAML, so its limit is for the JSON that is sent.
        size = 0 if reading.tree is None else size_bytes(encode(reading.tree))
        return Source(text, format, _within_limit(reading, size, max_bytes))
    return Source(text, format, _within_limit(json_text.read(text), size, max_bytes))


def of_value(value: object, *, max_bytes: int = MAX_SIZE_BYTES) -> Source:
    """A definition that is a Python dict; its text is JSON, two spaces a level.

    A tuple stands for an array. What has no JSON (NaN, a set, a datetime, a key that is no text) is a
    finding at its path, and there is no tree then.
    """
    written = write(value)
    if not written.text:
        return Source("", "json", Reading(findings=written.findings))
    reading = json_text.read(written.text)
    if written.findings:
        reading = structs.replace(reading, tree=None, findings=written.findings)
    return Source(written.text, "json", _within_limit(reading, written.size_bytes, max_bytes))


def _within_limit(reading: Reading, size: int, max_bytes: int) -> Reading:
    """`reading`, with a finding where the JSON is longer than AWS takes."""
    if size <= max_bytes:
        return reading
    return structs.replace(reading, findings=(too_large(f"{size:,}"), *reading.findings))


def _to_unicode(text: str | bytes) -> tuple[str, Diagnostic | None]:
    """Text without a byte order mark, and the first thing in it that is no Unicode."""
    if isinstance(text, bytes):
        try:
            return text.decode().removeprefix("\ufeff"), None
        except UnicodeDecodeError as error:
            fault = f"The byte 0x{text[error.start]:02X} is no UTF-8"
            utf_16 = text.startswith((b"\xff\xfe", b"\xfe\xff"))
            at = len(text[: error.start].decode().removeprefix("\ufeff"))
            replaced = text.decode(errors="replace").removeprefix("\ufeff")
            hint = "save it as UTF-8" + ("; it looks like UTF-16" if utf_16 else "")
            return replaced, syntax_error(replaced, at, at + 1, fault, hint)
    text = text.removeprefix("\ufeff")
    found = None if text.isascii() else _half_characters.search(text)
    if not found:
        return text, None
    replaced = _half_characters.sub("\ufffd", text)
    fault = f"U+{ord(found[0]):04X} is half a character: half of a surrogate pair"
    return replaced, syntax_error(replaced, found.start(), found.end(), fault)
