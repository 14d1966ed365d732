"""A definition checked without being kept, and what AWS says of one it refuses.

Source: AWS API reference, ValidateStateMachineDefinition; AWS recordings.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import msgspec

from sfnb.asl.decode import decode
from sfnb.asl.json_faults import find_faults
from sfnb.asl.machine import MachineType
from sfnb.asl.reading import SYNTAX
from sfnb.asl.source import Source, read_text
from sfnb.errors import Diagnostic, Severity, Span, find_span
from sfnb.values import Json

MOST_RESULTS = 100
QUOTED = 500
"""How much of a text that is no JSON AWS's parser repeats."""


JSON_EXPECTED = "was expecting one JSON value: an object, an array, a string, a number, true, false or null"


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
    location = _parser_location(finding, source.text) or finding.location
    if location is not None:
        spelled["location"] = location
    return spelled


def invalid_input(text: str) -> str:
    """The message of InvalidExecutionInput, with which AWS refuses a text that is no JSON."""
    faults, _ = find_faults(text)
    finding = faults[-1] if faults else Diagnostic(message="Unreadable text")
    place = _parser_location(finding, text)
    where = f"\n at {place}" if place else ""
    said = JSON_EXPECTED if "definition" in finding.message else finding.message
    return f"Invalid State Machine Execution Input: '{said}{where}'"


def _parser_location(finding: Diagnostic, text: str) -> str | None:
    """Where AWS's parser stopped in a text that is no JSON."""
    if finding.code != SYNTAX or finding.path is not None or finding.span is None:
        return None
    more = f"[truncated {len(text) - QUOTED} chars]" if len(text) > QUOTED else ""
    place = f"line: {finding.span.line}, column: {finding.span.column}"
    return f'[Source: (String)"{text[:QUOTED]}"{more}; {place}]'
