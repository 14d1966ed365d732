"""AWS's answers to definitions, right and wrong: ../shared/parity, recorded; and definitions gone wrong."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sfnb.asl.decode import decode
from sfnb.asl.machine import MachineType
from sfnb.asl.source import of_value, read_text
from sfnb.asl.validation import invalid_definition, validate_definition
from sfnb.errors import render_diagnostics

SHARED = Path(__file__).parents[3] / "shared"
CASES = Path(__file__).parents[1] / "cases"
GIVEN = {"activity_arn": "arn:aws:states:us-east-1:123456789012:activity:work"}
"""Placeholders of the recordings that stand for a value whose form counts."""

OPERATIONS = ("CreateStateMachine", "UpdateStateMachine", "ValidateStateMachineDefinition", "TestState")


class Recorded(NamedTuple):
    """A definition that AWS was given. answer: what it said, {} where it took the definition."""

    id: str
    operation: str
    definition: str
    type: MachineType
    answer: dict[str, Any]

    @property
    def refusal(self) -> str | None:
        """The message of InvalidDefinition."""
        error = self.answer.get("Error", {})
        if error.get("Code") == "InvalidDefinition":
            return str(error["Message"])
        value = str(self.answer.get("exception_value", ""))
        return value.partition(" operation: ")[2] if "(InvalidDefinition)" in value else None


def recorded() -> Iterator[Recorded]:
    for file in sorted((SHARED / "parity" / "cases").rglob("*.json")):
        case = json.loads(file.read_text())
        for number, step in enumerate(case["steps"]):
            text = step["params"].get("definition")
            if step["operation"] not in OPERATIONS or text is None:
                continue
            text = text if isinstance(text, str) else json.dumps(text)
            for placeholder, value in GIVEN.items():
                text = text.replace(f'"{placeholder}"', f'"{value}"')
            key = step.get("expect")
            answer = case["expected"].get(key, {}) if isinstance(key, str) else {}
            yield Recorded(
                f"{file.stem}-{number}",
                step["operation"],
                text,
                step["params"].get("type", "STANDARD"),
                answer if isinstance(answer, dict) else {},
            )


RECORDED = list(recorded())
needs_recordings = pytest.mark.skipif(not RECORDED, reason="no recordings in ../shared/parity")
VALIDATED = [one for one in RECORDED if one.operation == "ValidateStateMachineDefinition"]
REFUSED = [one for one in RECORDED if (one.refusal or "").startswith("Invalid State Machine Definition")]
TAKEN = [
    one
    for one in RECORDED
    if one.operation in ("CreateStateMachine", "UpdateStateMachine") and one.refusal is None
]


def each(cases: list[Recorded]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases or [pytest.param(None, marks=needs_recordings)], ids=name_of)


def name_of(case: Recorded | None) -> str:
    return case.id if case else "none"


def definition_of(case: Recorded) -> str:
    """TestState may be given a single state, which AWS then calls StateName."""
    tree = json.loads(case.definition) if case.operation == "TestState" else {"States": {}}
    if "States" in tree:
        return case.definition
    return json.dumps({"StartAt": "StateName", "States": {"StateName": tree}})


@needs_recordings
def test_there_are_enough_recordings() -> None:
    assert len(VALIDATED) >= 5
    assert len(REFUSED) >= 9
    assert len(TAKEN) >= 500


@each(VALIDATED)
def test_the_answer_is_the_recorded_one(case: Recorded) -> None:
    answer = validate_definition(case.definition, type=case.type).response()

    assert answer == {name: case.answer[name] for name in ("result", "diagnostics", "truncated")}


@each(REFUSED)
def test_a_refusal_reads_as_recorded(case: Recorded) -> None:
    source = read_text(definition_of(case), format="json")
    definition, findings = decode(source, case.type)

    assert definition is None
    assert invalid_definition(source, findings) == case.refusal


@needs_recordings
def test_what_aws_took_is_taken() -> None:
    refused = {
        case.id: validate_definition(case.definition, type=case.type).response()["diagnostics"]
        for case in TAKEN
        if validate_definition(case.definition, type=case.type).result == "FAIL"
    }
    assert refused == {}


# The answer's own rules (AWS API reference, ValidateStateMachineDefinition)

WARNED = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "States.Mine"}}})
WRONG = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "X": 1, "Y": 2, "Next": "B"}}})


def test_warnings_are_shown_when_asked_for_and_never_fail() -> None:
    assert validate_definition(WARNED).response() == {"result": "OK", "diagnostics": [], "truncated": False}

    shown = validate_definition(WARNED, severity="WARNING")
    assert shown.result == "OK"
    assert [diagnostic.severity for diagnostic in shown.diagnostics] == ["WARNING"]


@pytest.mark.parametrize(("most", "count"), [(1, 1), (2, 2), (4, 4), (0, 4), (1_000, 4)])
def test_no_more_are_shown_than_asked_for(most: int, count: int) -> None:
    answer = validate_definition(WRONG, max_results=most)

    assert answer.result == "FAIL"
    assert len(answer.diagnostics) == count
    assert answer.truncated == (count < 4)


def test_a_finding_has_a_place_and_a_hint_of_ours() -> None:
    answer = validate_definition('{"StartAt": "A",\n "States": {"A": {"Type": "Sucess"}}}')
    (diagnostic,) = answer.diagnostics

    span = answer.span_of(diagnostic)
    assert span is not None
    assert (span.line, span.column) == (2, 27)
    assert diagnostic.hint == 'did you mean "Succeed"?'


def test_text_that_is_no_json_is_located_as_the_parser_does() -> None:
    answer: Any = validate_definition("not it").response()
    (diagnostic,) = answer["diagnostics"]

    assert diagnostic["code"] == "INVALID_JSON_DESCRIPTION"
    assert diagnostic["location"].startswith('[Source: (String)"not it"; line: 1, column: ')


def test_yaml_is_no_json_but_a_source_of_it_is_a_definition() -> None:
    text = "StartAt: A\nStates:\n  A: {Type: Succeed}\n"

    assert validate_definition(text).result == "FAIL"
    assert validate_definition(read_text(text)).result == "OK"


def test_a_refusal_names_every_error_and_null_where_there_is_no_place() -> None:
    source = read_text(json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Next": "NOPE"}}}))

    assert invalid_definition(source, decode(source)[1]) == (
        "Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: Missing 'Next' target: NOPE at "
        "/States/A/Next, MISSING_END_STATE: Workflow has no terminal state at null'"
    )


# What an EXPRESS machine may not do

LIMITS = {
    "arn:aws:states:::states:startExecution.sync:2": "'.sync' service integration",
    "arn:aws:states:::batch:submitJob.sync": "'.sync' service integration",
    "arn:aws:states:::lambda:invoke.waitForTaskToken": "'.waitForTaskToken' service integration ",
    "arn:aws:states:us-east-1:123456789012:activity:work": "Activity ARN",
}


@pytest.mark.parametrize("resource", LIMITS)
@pytest.mark.parametrize("inside", [False, True])
def test_an_express_machine_does_not_wait(resource: str, inside: bool) -> None:
    machine: Any = {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": resource, "End": True}}}
    if inside:
        machine = {"StartAt": "P", "States": {"P": {"Type": "Parallel", "Branches": [machine], "End": True}}}

    answer = validate_definition(json.dumps(machine), type="EXPRESS")
    assert [one.message for one in answer.diagnostics] == [
        f"Express state machine does not support {LIMITS[resource]}"
    ]
    assert str(answer.diagnostics[0].location).endswith("/T/Resource")
    assert validate_definition(json.dumps(machine)).result == "OK"


def test_an_express_machine_has_no_distributed_map() -> None:
    processor = {
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"},
        "StartAt": "S",
        "States": {"S": {"Type": "Succeed"}},
    }
    machine = {"StartAt": "M", "States": {"M": {"Type": "Map", "ItemProcessor": processor, "End": True}}}

    assert validate_definition(json.dumps(machine)).result == "OK"
    assert validate_definition(json.dumps(machine), type="EXPRESS").result == "FAIL"


# Definitions gone wrong


def sound() -> list[Any]:
    """Definitions without a finding, or with warnings alone."""
    found = []
    for file in sorted((CASES / "language").glob("*.json")):
        for case in json.loads(file.read_text()):
            tree = case.get("definition") or {"StartAt": "It", "States": {"It": case.get("state", {})}}
            if isinstance(tree, dict) and validate_definition(of_value(tree)).result == "OK":
                found.append(tree)
    return found


SOUND = sound()
ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "$", "$.", "$x", "$$", "{% %}", "{% $states.", "{% $ %}", "States.", "A", "\x00"]),
    st.text(max_size=5),
    st.builds(json.loads, st.sampled_from(["[]", "{}", "[[]]", '{"": {"": []}}'])),
)


def places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for step, inner in parts:
        yield (*path, step)
        yield from places(inner, (*path, step))


@st.composite
def gone_wrong(draw: st.DrawFn) -> Any:
    """A sound definition with one to three changes: a field dropped, misspelt, or of another kind."""
    tree = copy.deepcopy(draw(st.sampled_from(SOUND)))
    for _ in range(draw(st.integers(1, 3))):
        every = list(places(tree))
        if not every:
            break
        *way, last = draw(st.sampled_from(every))
        holder = tree
        for step in way:
            holder = holder[step]
        change = draw(st.sampled_from(["drop", "misspell", "replace", "add"]))
        if change == "drop":
            del holder[last]
        elif change == "misspell" and isinstance(last, str):
            holder[draw(st.sampled_from([last[1:], last + "x", last.lower(), last + "Path"]))] = holder.pop(
                last
            )
        elif change == "add" and isinstance(holder, dict):
            holder[draw(st.sampled_from(["Label", "Assign", "Output", "Retry", "QueryLanguage"]))] = draw(ODD)
        else:
            holder[last] = draw(ODD)
    return tree


@settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
@given(tree=gone_wrong(), type=st.sampled_from(["STANDARD", "EXPRESS"]))
def test_whatever_is_wrong_is_told_with_a_place_in_the_text(tree: Any, type: MachineType) -> None:
    answer = validate_definition(of_value(tree), type=type, severity="WARNING")

    known = {(), *places(tree)}
    for diagnostic in answer.diagnostics:
        assert diagnostic.path is None or diagnostic.path in known
        assert diagnostic.path is None or answer.span_of(diagnostic) is not None
    render_diagnostics(answer.source, answer.diagnostics)


def test_there_are_sound_definitions_to_change() -> None:
    assert len(SOUND) >= 50
