"""A definition checked without being kept, and what AWS says of one it refuses.

Source: AWS API reference, ValidateStateMachineDefinition; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from sfnb.asl.decode import decode
from sfnb.asl.machine import MachineType
from sfnb.asl.reading import SYNTAX
from sfnb.asl.source import Source, read_text
from sfnb.errors import Diagnostic, Severity, Span, find_span
from sfnb.values import Json

MOST_RESULTS = 100
QUOTED = 500
"""How much of a text that is no JSON AWS's parser repeats."""


class Validation(msgspec.Struct, frozen=True, kw_only=True):
    """AWS's answer to ValidateStateMachineDefinition.

    result: FAIL where there is an ERROR among all findings, whichever of them are shown.
    diagnostics: what is shown; each with our hint. truncated: there are more.
    source: where they point; `span_of` tells the place of one.
    """

    result: Literal["OK", "FAIL"]
    diagnostics: tuple[Diagnostic, ...]
    truncated: bool
    source: Source

    def span_of(self, diagnostic: Diagnostic) -> Span | None:
        return find_span(self.source, diagnostic)

    def response(self) -> dict[str, Json]:
        """The answer as AWS sends it."""
        return {
            "result": self.result,
            "diagnostics": [wire(diagnostic, self.source) for diagnostic in self.diagnostics],
            "truncated": self.truncated,
        }


def validate_definition(
    definition: str | bytes | Source,
    *,
    type: MachineType = "STANDARD",
    severity: Severity = "ERROR",
    max_results: int = MOST_RESULTS,
) -> Validation:
    """Check a definition for a machine of `type`.

    definition: JSON text, as AWS takes it, or a source of any format.
    severity: WARNING shows warnings too. max_results: 0 or more than 100 means 100.
    """
    source = definition if isinstance(definition, Source) else read_text(definition, format="json")
    _, findings = decode(source, type)
    shown = [finding for finding in findings if severity == "WARNING" or finding.severity == "ERROR"]
    most = max_results if 0 < max_results < MOST_RESULTS else MOST_RESULTS
    return Validation(
        result="FAIL" if any(finding.severity == "ERROR" for finding in findings) else "OK",
        diagnostics=tuple(shown[:most]),
        truncated=len(shown) > most,
        source=source,
    )


def invalid_definition(source: Source, findings: Iterable[Diagnostic]) -> str:
    """The message of InvalidDefinition, with which AWS refuses to create or update a machine."""
    errors = [wire(finding, source) for finding in findings if finding.severity == "ERROR"]
    said = [f"{error['code']}: {error['message']} at {error.get('location', 'null')}" for error in errors]
    return f"Invalid State Machine Definition: '{', '.join(said)}'"


def wire(finding: Diagnostic, source: Source) -> dict[str, Json]:
    """A finding as AWS spells it; location only where there is one."""
    spelled: dict[str, Json] = {
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
    }
    location = _parser_location(finding, source) or finding.location
    if location is not None:
        spelled["location"] = location
    return spelled


def _parser_location(finding: Diagnostic, source: Source) -> str | None:
    """Where AWS's parser stopped in a text that is no JSON."""
    if finding.code != SYNTAX or finding.path is not None or finding.span is None:
        return None
    text = source.text[:QUOTED]
    more = f"[truncated {len(source.text) - QUOTED} chars]" if len(source.text) > QUOTED else ""
    return f'[Source: (String)"{text}"{more}; line: {finding.span.line}, column: {finding.span.column}]'
