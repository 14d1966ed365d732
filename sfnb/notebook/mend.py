"""Comments and blank lines above `%%asl`.

IPython knows a cell magic only in a cell's very first line; a comment above it makes `%%asl` a line
magic that does not exist. What stands above is put below as blank lines, so that line numbers stay
those that the reader sees.
"""

from __future__ import annotations

import re

_is_magic = re.compile(r"%%asl(\s|$)").match


def mend(lines: list[str]) -> list[str]:
    """A cell's lines with `%%asl` first; an input transformer of IPython.

    >>> mend(["# The orders\\n", "\\n", "%%asl orders\\n", "StartAt: A\\n"])
    ['%%asl orders\\n', '\\n', '\\n', 'StartAt: A\\n']
    """
    for index, line in enumerate(lines):
        if _is_magic(line):
            return [line, *["\n"] * index, *lines[index + 1 :]]
        if line.strip() and not line.lstrip().startswith("#"):
            break
    return lines
