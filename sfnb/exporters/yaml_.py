"""The definition as YAML: pleasant to read, and the same to readers of YAML 1.1 and 1.2."""

from __future__ import annotations

import re
import sys

import yaml

from sfnb.values import Json

WIDEST_LIST = 80

# PyYAML quotes what YAML 1.1 takes for no text, as its own reader knows it. These are what it leaves bare:
# y and n, which the 1.1 specification reads as booleans; numbers of 1.2 and of other readers of 1.1.
_AMBIGUOUS = re.compile(
    r"[yYnN]|0o?[0-7_]+|[-+]?0[xX][\da-fA-F_]+|[-+]?0b[01_]+|[-+]?[\d._]+([eE][-+]?\d+)?|[-+]?[\d_]+(:[\d_]+)+(\.\d*)?"
)
# Ends of lines for YAML 1.1, ordinary characters for 1.2.
_LINE_ENDS_OF_1_1 = re.compile("[\x85\u2028\u2029]")


class _Dumper(yaml.SafeDumper):
    """Indents lists, repeats a value rather than point at it, and never breaks a line of text."""

    def ignore_aliases(self, data: object) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if _LINE_ENDS_OF_1_1.search(text):
        style = '"'
    elif "\n" in text:
        style = "|" if text.strip("\n") else '"'
    elif _AMBIGUOUS.fullmatch(text):
        style = "'"
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _list(dumper: yaml.SafeDumper, items: list[Json]) -> yaml.SequenceNode:
    """On one line, where a few short names or numbers are all there is: [States.Timeout, Busy]."""
    words = "".join(str(item) for item in items)
    short = len(words) + 4 * len(items) <= WIDEST_LIST and "\n" not in words
    plain = not any(isinstance(item, list | dict) for item in items)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=short and plain)


_Dumper.add_representer(str, _text)
_Dumper.add_representer(list, _list)


def export_yaml(tree: Json) -> str:
    """Keys in their own order; text of several lines as a block.

    >>> print(export_yaml({"StartAt": "on", "Comment": "two\\nlines", "ErrorEquals": ["Busy"]}), end="")
    StartAt: 'on'
    Comment: |-
      two
      lines
    ErrorEquals: [Busy]
    """
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=sys.maxsize)
