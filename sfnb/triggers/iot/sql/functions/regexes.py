"""Functions with regular expressions.

Run by RE2, in time linear in the text whatever the expression: a backtracking engine could be kept busy
for ever, and a time limit would make the result depend on how busy the machine is. AWS's expressions
are Java's; what RE2 has not (look-around, back-references, possessive quantifiers) is refused when the
statement is read, or Undefined where the expression is computed.
Source: AWS IoT developer guide, "Functions"; java.util.regex.
"""

from __future__ import annotations

import re
from typing import Any

from sfnb.errors import SfnbError
from sfnb.triggers.iot.sql.values import MOST_TEXT, UNDEFINED, Absence

MOST_PATTERN = 1_024
"""Characters of an expression; Undefined above."""

_REFERENCE = re.compile(r"\$(?:(\d)|\{([A-Za-z][A-Za-z0-9]{0,63})\})|\\(.)|([$\\])", re.DOTALL)


def regexp_matches(text: str, pattern: str) -> bool | Absence:
    """Whether `pattern` matches somewhere in `text`."""
    compiled = _compiled(pattern)
    return UNDEFINED if compiled is None else compiled.search(text) is not None


def regexp_substr(text: str, pattern: str) -> str | Absence:
    """The first match of `pattern` in `text`; Undefined if there is none."""
    compiled = _compiled(pattern)
    found = compiled.search(text) if compiled is not None else None
    return UNDEFINED if found is None else str(found[0])


def regexp_replace(text: str, pattern: str, replacement: str) -> str | Absence:
    """`text` with every match of `pattern` replaced; `$1` or `${name}` is a group of the match.

    >>> regexp_replace("abcd", "b(.*)d", "$1")
    'ac'
    """
    compiled = _compiled(pattern)
    if compiled is None:
        return UNDEFINED
    parts: list[str] = []
    size, last = 0, 0
    for match in compiled.finditer(text):
        filled = _filled(replacement, match)
        if filled is None:
            return UNDEFINED
        between = text[last : match.start()]
        size += len(between) + len(filled)
        if size > MOST_TEXT:
            return UNDEFINED
        parts += (between, filled)
        last = match.end()
    return "".join([*parts, text[last:]])


def beyond_re2(pattern: str) -> bool:
    """Whether Python's own engine knows the expression and RE2 does not: look-around and its like."""
    if len(pattern) > MOST_PATTERN or _compiled(pattern) is not None:
        return False
    try:
        re.compile(pattern)
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _filled(replacement: str, match: Any) -> str | None:
    """Java's replacement text with the groups of a match; None where it names one that is not there."""
    parts: list[str] = []
    last = 0
    for found in _REFERENCE.finditer(replacement):
        number, name, escaped, alone = found.groups()
        parts.append(replacement[last : found.start()])
        last = found.end()
        if alone:
            return None
        if escaped:
            parts.append(escaped)
            continue
        try:
            parts.append(match[int(number) if number else name] or "")
        except (IndexError, KeyError):
            return None
    return "".join([*parts, replacement[last:]])


def _compiled(pattern: str) -> Any:
    """A pattern of RE2, which keeps the last ones itself; None where it is no expression to RE2."""
    try:
        import re2  # type: ignore[import-untyped]
    except ImportError:
        raise SfnbError(
            'regular expressions in IoT SQL need google-re2: pip install "sfnb[triggers]"'
        ) from None
    if len(pattern) > MOST_PATTERN:
        return None
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error:
        return None
