"""What a definition is written out as: by itself, or in a template that deploys it.

EXPORTERS take the tree of plain values and return text that reads back as the same tree; TEMPLATES take the
machine with its role and settings, as do BESIDE, which make a file that a template may need beside it.
"""

from __future__ import annotations

from collections.abc import Callable

from sfnb.exporters.cloudformation import (
    export_cloudformation,
    export_sam,
    export_sam_definition,
    sam_definition_file,
)
from sfnb.exporters.deployable import Deployable
from sfnb.exporters.json_ import export_json
from sfnb.exporters.terraform import export_terraform
from sfnb.exporters.yaml_ import export_yaml
from sfnb.values import Json

__all__ = ["BESIDE", "EXPORTERS", "TEMPLATES", "Deployable", "sam_definition_file"]

EXPORTERS: dict[str, Callable[[Json], str]] = {"json": export_json, "yaml": export_yaml}
TEMPLATES: dict[str, Callable[[Deployable], str]] = {
    "cloudformation": export_cloudformation,
    "sam": export_sam,
    "terraform": export_terraform,
}
BESIDE: dict[str, Callable[[Deployable], str]] = {"sam-definition": export_sam_definition}
MEANT = {"cfn": "cloudformation", "tf": "terraform", "hcl": "terraform", "yml": "yaml", "asl": "json"}
"""What formats are called besides, too far from their names to be taken for misspelt."""
