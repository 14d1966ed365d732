"""The definition as YAML that YAML 1.1 and 1.2 readers understand alike."""

from __future__ import annotations

import re
from typing import Any

import yaml

from sfnb.values import Json

_AMBIGUOUS = re.compile(r"y|n|on|off|yes|no|true|false|null|~|0o?[0-7_]+|[-+.:\d_]+(e[-+]?\d+)?|0x[\da-f_]+", re.I)


class _Dumper(yaml.SafeDumper):
    """Writes text over several lines as a block, and quotes what some reader would take for no text."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text.strip("\n"):
        style = "|"
    elif _AMBIGUOUS.fullmatch(text):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def export_yaml(tree: Json) -> str:
    """Keys in their own order.

    >>> print(export_yaml({"StartAt": "on", "Comment": "two\\nlines"}), end="")
    StartAt: "on"
    Comment: |-
      two
      lines
    """
    return yaml.dump(tree, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100)
