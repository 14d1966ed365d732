"""Run the notebooks of this folder anew and save their outputs: `python notebooks/renew.py [NOTEBOOK ...]`.

For when what they show was meant to change; look at the difference before keeping it. A cell tagged
`nbval-ignore-output` keeps the output it has: a live view's picture, a time that was measured.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient

CELL_SECONDS = 120


def renew(path: Path) -> None:
    """Raises CellExecutionError where a cell fails without the tag `raises-exception`; saves nothing then."""
    before = json.loads(path.read_text(encoding="utf-8"))
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=CELL_SECONDS, kernel_name="python3", record_timing=False).execute()
    after = json.loads(nbformat.writes(notebook))
    after["metadata"] = before["metadata"]
    for old, new in zip(before["cells"], after["cells"], strict=True):
        if "nbval-ignore-output" in old["metadata"].get("tags", ()) and old["outputs"]:
            new["outputs"] = old["outputs"]
    path.write_text(
        json.dumps(after, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8", newline="\n"
    )


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(Path(__file__).parent.glob("*.ipynb")):
        renew(Path(name))
        print(name)
