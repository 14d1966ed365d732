"""The definition as JSON, as AWS takes it."""

from __future__ import annotations

import json

from sfnb.values import Json


def export_json(tree: Json) -> str:
    """Indented by two, keys in their own order, a newline at the end.

    >>> print(export_json({"StartAt": "A"}), end="")
    {
      "StartAt": "A"
    }
    """
    return json.dumps(tree, indent=2, ensure_ascii=False) + "\n"
