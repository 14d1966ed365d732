"""Mapping templates of REST APIs: the part of Velocity (VTL) that they use, and what API Gateway adds to it.

`syntax` reads a template once to blocks (`nodes`) and expressions; a `Run` renders it, within bounds.
`variables` has what a template is given: `$input`, `$util`, `$context`, `$stageVariables`.
"""

from sfnb.triggers.http.vtl.scan import TemplateError
from sfnb.triggers.http.vtl.syntax import Template

__all__ = ["Template", "TemplateError"]
