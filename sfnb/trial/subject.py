"""Which state is tested: the one that a definition is, or one of a machine's.

A lone state is checked as the only state of a machine, but that where it leads to need not be there.
Source: AWS recordings of TestState (`at /States/StateName/Branches`).
"""

from __future__ import annotations

from sfnb.asl.decode import Decoder, decode
from sfnb.asl.machine import Definition, check, walk
from sfnb.asl.resources import beyond_express
from sfnb.asl.source import Source, read_text
from sfnb.asl.state import State
from sfnb.asl.validation import invalid_definition
from sfnb.asl.ways import did_you_mean
from sfnb.errors import Diagnostic
from sfnb.trial import refusals as no
from sfnb.trial.refusals import InvalidDefinition, ValidationException

ANONYMOUS = "StateName"
"""What AWS calls a tested state, also one that a machine has a name for."""

WAYS = frozenset({"MISSING_TRANSITION_TARGET", "MISSING_END_STATE", "UNREACHABLE_STATE", "CYCLE_WITHOUT_END"})
INSIDE = frozenset({"ItemProcessor", "Iterator", "Branches"})

MOCKABLE = ("Task", "Map", "Parallel")


def subject_of(text: str, name: str | None = None) -> State:
    """The state to test; raises InvalidDefinition, ValidationException.

    text: JSON text of a state, or of a machine where `name` is given.
    """
    source = read_text(text, format="json")
    definition = _lone(source) if name is None else _whole(source)
    return state_named(definition, name or ANONYMOUS)


def state_named(definition: Definition, name: str) -> State:
    """The state of this name, at any depth; raises ValidationException."""
    states = {state.name: state for state in walk(definition)}
    if name not in states:
        raise ValidationException(no.NO_STATE)
    return states[name]


def near_miss(definition: Definition, name: str) -> str | None:
    """`did you mean "Ship"?` for a name that no state has."""
    return did_you_mean(name, [state.name for state in walk(definition)])


def check_mocked(state: State, *, mocked: bool) -> None:
    """Refuse a mock for a state that does no work, and none for one that is only tested with a mock.

    Raises ValidationException, InvalidDefinition.
    """
    if mocked and state.type not in MOCKABLE:
        raise ValidationException(no.UNMOCKABLE.format(state.type))
    if mocked:
        return
    if state.type in ("Map", "Parallel"):
        raise InvalidDefinition(no.NEEDS_MOCK)
    fault = beyond_express(state.resource) if state.type == "Task" else None  # type: ignore[attr-defined]
    if fault is not None:
        raise ValidationException(
            f"TestState API does not support {_pattern(fault)} when a mock is not specified"
        )


def _pattern(fault: str) -> str:
    """What of a Resource an EXPRESS machine, too, will not have."""
    return fault.removeprefix("Express state machine does not support ").strip()


def _whole(source: Source) -> Definition:
    definition, findings = decode(source)
    if definition is None:
        raise InvalidDefinition(invalid_definition(source, findings))
    return definition


def _lone(source: Source) -> Definition:
    findings = list(source.findings)
    decoder, definition = Decoder(), None
    if not findings:
        definition = decoder.machine({"StartAt": ANONYMOUS, "States": {ANONYMOUS: source.tree}})
        findings += decoder.findings
    if definition is not None:
        findings += [finding for finding in check(definition) if _counts(finding)]
    if definition is None or any(finding.severity == "ERROR" for finding in findings):
        raise InvalidDefinition(invalid_definition(source, findings))
    return definition


def _counts(finding: Diagnostic) -> bool:
    """Whether a finding is about the state itself, and not about what would be around it."""
    if finding.code not in WAYS:
        return True
    return finding.path is not None and len(finding.path) > 2 and finding.path[2] in INSIDE
