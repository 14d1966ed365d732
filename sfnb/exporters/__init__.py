"""What a definition is written out as: by itself, or in a template that deploys it.

EXPORTERS take the tree of plain values and return text that reads back as the same tree; TEMPLATES take the
machine with its role and settings.
"""

from __future__ import annotations

from collections.abc import Callable

from sfnb.exporters.cloudformation import export_cloudformation, export_sam
from sfnb.exporters.deployable import Deployable
from sfnb.exporters.json_ import export_json
from sfnb.exporters.terraform import export_terraform
from sfnb.exporters.yaml_ import export_yaml
from sfnb.values import Json

__all__ = ["EXPORTERS", "TEMPLATES", "Deployable"]

EXPORTERS: dict[str, Callable[[Json], str]] = {"json": export_json, "yaml": export_yaml}
TEMPLATES: dict[str, Callable[[Deployable], str]] = {
    "cloudformation": export_cloudformation,
    "sam": export_sam,
    "terraform": export_terraform,
}
