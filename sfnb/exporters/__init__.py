"""What a definition is written out as. Each takes the tree of plain values and returns text that
reads back as the same tree."""

from __future__ import annotations

from collections.abc import Callable

from sfnb.exporters.json_ import export_json
from sfnb.exporters.yaml_ import export_yaml
from sfnb.values import Json

EXPORTERS: dict[str, Callable[[Json], str]] = {"json": export_json, "yaml": export_yaml}
