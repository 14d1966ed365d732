"""JSONata, as Step Functions has it: `{% expression %}` in any field that may be computed."""

from __future__ import annotations

from sfnb.query.jsonata.language import JSONATA

__all__ = ["JSONATA"]
