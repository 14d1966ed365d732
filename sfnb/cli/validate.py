"""`sfnb validate`."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TextIO

from sfnb.cli import definitions
from sfnb.cli.streams import FAILED, WELL, WRONG_CALL, json_escapes, say, write

if TYPE_CHECKING:
    from sfnb.errors import Diagnostic, Located

EXAMPLES = """\
examples:
  sfnb validate orders.asl.json
  sfnb validate --json flows/*.yaml | jq '.[] | select(.severity == "ERROR")'
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help=definitions.FILE_HELP)
    definitions.add_type(parser)
    parser.add_argument("--json", action="store_true", help="the findings as JSON, on standard output")


def perform(options: argparse.Namespace, answers: TextIO) -> int:
    """Check definitions and print every finding with its place."""
    from sfnb.asl.decode import decode
    from sfnb.errors import SfnbError
    from sfnb.task_parameters import parameter_warnings

    reports: list[dict[str, Any]] = []
    found: Counter[str] = Counter()
    unreadable = 0
    for file in options.files:
        try:
            source = definitions.read(file)
        except SfnbError as fault:
            unreadable += 1
            reports.append(unread(file, str(fault)))
            say(f"error: {fault}")
            continue
        _, findings = decode(source, options.type)
        findings += parameter_warnings(source.tree)
        found.update(finding.severity for finding in findings)
        reports += [describe(file, source, finding) for finding in findings]
        if not options.json:
            tell(file, source, findings)
    if len(options.files) > 1 and not options.json:
        say(f"{counted(len(options.files), 'file')}: {totals(found, unreadable)}")
    if options.json:
        write(json.dumps(reports, indent=2, ensure_ascii=False), answers, escape=json_escapes)
    return WRONG_CALL if unreadable else FAILED if found["ERROR"] else WELL


def tell(file: str, source: Located, findings: Sequence[Diagnostic]) -> None:
    """The findings of one file, for people."""
    from sfnb.errors import render_diagnostics

    name = "standard input" if file == "-" else file
    say(f"{name}: {totals(Counter(finding.severity for finding in findings))}")
    if findings:
        say(f"\n{render_diagnostics(source, findings)}\n")


def totals(found: Counter[str], unreadable: int = 0) -> str:
    """
    >>> totals(Counter(ERROR=2, WARNING=1)), totals(Counter())
    ('2 errors, 1 warning', 'no findings')
    """
    parts = [counted(found[kind], kind.lower()) for kind in ("ERROR", "WARNING") if found[kind]]
    parts += [f"{unreadable} could not be read"] if unreadable else []
    return ", ".join(parts) or "no findings"


def counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def describe(file: str, source: Located, finding: Diagnostic) -> dict[str, Any]:
    """A finding as AWS's ValidateStateMachineDefinition spells it, with its place in the file.

    line, column: from 1; None where no place can be named.
    """
    from sfnb.errors import find_span

    span = find_span(source, finding)
    return {
        "file": file,
        "severity": finding.severity,
        "code": finding.code,
        "message": finding.message,
        "location": finding.location,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "hint": finding.hint,
    }


def unread(file: str, message: str) -> dict[str, Any]:
    """What stands in the place of findings for a file that could not be read."""
    nowhere = dict.fromkeys(("location", "line", "column", "hint"))
    return {"file": file, "severity": "ERROR", "code": "CANNOT_READ", "message": message, **nowhere}
