"""What is found wrong with a definition, and where.

A case of `cases/findings.json` is a definition (`definition`, or `state`: the only state of one, named
It; or `text`: the lines of one, with «» around each place that a finding points at) with all its
findings, in their order:

    at          AWS's location; null where it gives none
    says, hint  a part of the message and of the hint
    code        SCHEMA_VALIDATION_FAILED unless given; severity: ERROR unless given
    mark        which «» it points at, from 1, where they do not come in the order of the findings
    any         the last of the case, and as many more of its code as there are
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from sfnb.asl import machine
from sfnb.asl.decode import MAX_LEVELS, decode, load
from sfnb.asl.source import Source, of_value, read_text
from sfnb.asl.states import STATES
from sfnb.errors import DefinitionError, Diagnostic, Span, find_span, render_diagnostics

CASES = json.loads((Path(__file__).parents[1] / "cases" / "findings.json").read_text())
Tree = dict[str, Any]


def of_state(state: Tree) -> Tree:
    return {"StartAt": "It", "States": {"It": state}}


def source_of(case: Tree) -> tuple[Source, list[Span]]:
    """The case's source, and the places that are marked in it."""
    if "text" not in case:
        return of_value(case.get("definition") or of_state(case["state"])), []
    marked = "\n".join(case["text"])
    starts: list[int] = []
    marks: list[tuple[int, int]] = []
    text = ""
    for char in marked:
        if char == "«":
            starts.append(len(text))
            marks.append((len(text), -1))
        elif char == "»":
            start = starts.pop()
            marks[marks.index((start, -1))] = (start, len(text))
        else:
            text += char
    return read_text(text), [span(text, start, end) for start, end in marks]


def span(text: str, start: int, end: int) -> Span:
    end = max(end, start + 1)
    before, until = text[:start], text[:end]
    return Span(
        before.count("\n") + 1,
        start - before.rfind("\n"),
        until.count("\n") + 1,
        end - until.rfind("\n"),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_definition_has_these_findings(case: Tree) -> None:
    source, marks = source_of(case)
    definition, findings = decode(source)

    claims = case["findings"]
    if claims and claims[-1].get("any"):
        assert all(finding.code == claims[-1]["code"] for finding in findings[len(claims) - 1 :])
        claims, findings = claims[:-1], findings[: len(claims) - 1]
    assert [shown(finding) for finding in findings] == [claimed(*pair) for pair in paired(claims, findings)]
    for index, claim in enumerate(claims if marks else ()):
        assert find_span(source, findings[index]) == marks[claim.get("mark", index + 1) - 1], claim["says"]
    assert (definition is None) == any(claim.get("severity", "ERROR") == "ERROR" for claim in claims)


Shown = tuple[str, str, str | None, str, str | None]


def paired(
    claims: Sequence[Tree], findings: Sequence[Diagnostic]
) -> Iterator[tuple[Tree, Diagnostic | None]]:
    for index, claim in enumerate(claims):
        yield claim, findings[index] if index < len(findings) else None


def shown(finding: Diagnostic) -> Shown:
    return finding.severity, finding.code, finding.location, finding.message, finding.hint


def claimed(claim: Tree, finding: Diagnostic | None) -> Shown:
    """The claim, with the finding's own words where they contain those claimed."""
    message, hint = claim["says"], claim.get("hint")
    if finding is not None and message in finding.message:
        message = finding.message
    if finding is not None and (hint is None or hint in (finding.hint or "")):
        hint = finding.hint
    code = claim.get("code", "SCHEMA_VALIDATION_FAILED")
    return claim.get("severity", "ERROR"), code, claim["at"], message, hint


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_every_finding_has_a_place_and_can_be_shown(case: Tree) -> None:
    source, _ = source_of(case)
    _, findings = decode(source)

    for finding in findings:
        nowhere = finding.location is None and finding.code in (
            "MISSING_END_STATE",
            "SCHEMA_VALIDATION_FAILED",
        )
        assert (find_span(source, finding) is None) == nowhere
    assert render_diagnostics(source, findings).count("hint: ") == sum(bool(f.hint) for f in findings)


# FACTS 3a: which field belongs to which type

TYPES = ("Task", "Pass", "Wait", "Choice", "Parallel", "Map", "Succeed", "Fail")
FIELDS: dict[str, str] = {  # the types that have it, by their first letters; C is Choice, S is Succeed
    "Comment": "Ta Pas Wa Ch Par Ma Su Fa",
    "QueryLanguage": "Ta Pas Wa Ch Par Ma Su Fa",
    "Next": "Ta Pas Wa Par Ma",
    "End": "Ta Pas Wa Par Ma",
    "InputPath": "Ta Pas Wa Ch Par Ma Su",
    "OutputPath": "Ta Pas Wa Ch Par Ma Su",
    "Parameters": "Ta Pas Par Ma",
    "ResultSelector": "Ta Par Ma",
    "ResultPath": "Ta Pas Par Ma",
    "Retry": "Ta Par Ma",
    "Catch": "Ta Par Ma",
    "Result": "Pas",
    "Resource": "Ta",
    "TimeoutSeconds": "Ta",
    "TimeoutSecondsPath": "Ta",
    "HeartbeatSeconds": "Ta",
    "HeartbeatSecondsPath": "Ta",
    "Credentials": "Ta",
    "Seconds": "Wa",
    "SecondsPath": "Wa",
    "Timestamp": "Wa",
    "TimestampPath": "Wa",
    "Choices": "Ch",
    "Default": "Ch",
    "Branches": "Par",
    "ItemProcessor": "Ma",
    "Iterator": "Ma",
    "ItemsPath": "Ma",
    "ItemSelector": "Ma",
    "MaxConcurrency": "Ma",
    "MaxConcurrencyPath": "Ma",
    "Error": "Fa",
    "ErrorPath": "Fa",
    "Cause": "Fa",
    "CausePath": "Fa",
}
DISTRIBUTED = {  # of a Map in this mode; the tolerated ones are taken without effect in the other
    "ItemReader": {
        "Resource": "arn:aws:states:::s3:getObject",
        "Parameters": {"Bucket": "b", "Key": "k"},
        "ReaderConfig": {"InputType": "JSON"},
    },
    "ItemBatcher": {"MaxItemsPerBatch": 2},
    "ResultWriter": {"WriterConfig": {"OutputType": "JSONL"}},
    "Label": "batch",
    "ToleratedFailureCount": 1,
    "ToleratedFailureCountPath": "$.n",
    "ToleratedFailurePercentage": 0.5,
    "ToleratedFailurePercentagePath": "$.n",
}
INNER = {"StartAt": "In", "States": {"In": {"Type": "Succeed"}}}
LEAST: dict[str, Tree] = {
    "Task": {"Resource": "f"},
    "Wait": {"Seconds": 1},
    "Choice": {"Choices": [{"Variable": "$.a", "IsNull": True, "Next": "Last"}]},
    "Parallel": {"Branches": [INNER]},
    "Map": {"ItemProcessor": INNER},
}
GOOD: Tree = {
    "QueryLanguage": "JSONPath",
    "Next": "Last",
    "Default": "Last",
    "End": True,
    "Retry": [],
    "Catch": [],
    "Result": [1],
    "Choices": LEAST["Choice"]["Choices"],
    "Branches": [INNER],
    "ItemProcessor": INNER,
    "Iterator": INNER,
    "Parameters": {},
    "ResultSelector": {},
    "ItemSelector": {},
    "Credentials": {"RoleArn": "r"},
    "Timestamp": "2026-01-01T00:00:00Z",
    "TimeoutSeconds": 9,
    "HeartbeatSeconds": 1,
    "Seconds": 1,
    "MaxConcurrency": 1,
}


def with_field(kind: str, field: str) -> Tree:
    """A sound state of a type, with one field more."""
    value = GOOD.get(field, "$.x" if field.endswith("Path") else "text")
    state: Tree = {"Type": kind} | LEAST.get(kind, {}) | {field: value}
    if field == "Iterator":
        state.pop("ItemProcessor", None)
    if kind == "Wait" and field in ("SecondsPath", "Timestamp", "TimestampPath"):
        del state["Seconds"]
    if STATES[kind].transitions and field not in ("Next", "End"):
        state["Next"] = "Last"
    return {"StartAt": "It", "States": {"It": state, "Last": {"Type": "Succeed"}}}


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("field", FIELDS)
def test_a_field_belongs_to_its_types_alone(kind: str, field: str) -> None:
    _, findings = decode(of_value(with_field(kind, field)))

    said = [(finding.code, finding.message) for finding in findings if "not reachable" not in finding.message]
    if any(kind.startswith(start) for start in FIELDS.get(field, "").split()):
        assert said == []
    else:
        assert ("SCHEMA_VALIDATION_FAILED", f"Field '{field}' is not supported") in said


@pytest.mark.parametrize("field", DISTRIBUTED)
@pytest.mark.parametrize("mode", ["INLINE", "DISTRIBUTED"])
def test_a_field_belongs_to_a_distributed_map(field: str, mode: str) -> None:
    config = {"Mode": mode} | ({"ExecutionType": "EXPRESS"} if mode == "DISTRIBUTED" else {})
    processor = INNER | {"ProcessorConfig": config}
    state = {"Type": "Map", "ItemProcessor": processor, field: DISTRIBUTED[field], "End": True}
    _, findings = decode(of_value(of_state(state)))

    said = [(finding.severity, finding.message) for finding in findings]
    if mode == "DISTRIBUTED":
        assert said == []
    elif field.startswith("Tolerated"):
        assert said == [("WARNING", f"'{field}' has no effect here")]
    else:
        assert said == [("ERROR", f"Field '{field}' is not supported")]


# FACTS 3c: how large a number may be

BOUNDS: list[tuple[str, tuple[object, ...], tuple[object, ...]]] = [
    ("TimeoutSeconds", (1, 99_999_999), (0, -1, 100_000_000, 1.5, "5", True, None)),
    ("HeartbeatSeconds", (1, 4), (0, -1, 5, 1.5, "5", True, None)),
    ("Seconds", (0, 99_999_999), (-1, 100_000_000, 1.5, "5", True, None)),
    ("MaxConcurrency", (0, 1, 10_000), (-1, 1.5, "5", True, None)),
    ("IntervalSeconds", (1, 99_999_999), (0, -1, 100_000_000, 1.5, "5", True, None)),
    ("MaxAttempts", (0, 99_999_999), (-1, 100_000_000, 1.5, "5", True, None)),
    ("BackoffRate", (1, 1.0, 1.5, 10), (0.99, 0, -1, "2", True, None)),
    ("MaxDelaySeconds", (1, 31_622_400), (0, -1, 31_622_401, 1.5, "5", True, None)),
]


def with_number(field: str, value: object) -> Tree:
    match field:
        case "TimeoutSeconds":
            return of_state({"Type": "Task", "Resource": "f", field: value, "End": True})
        case "HeartbeatSeconds":
            return of_state({"Type": "Task", "Resource": "f", field: value, "TimeoutSeconds": 5, "End": True})
        case "Seconds":
            return of_state({"Type": "Wait", field: value, "End": True})
        case "MaxConcurrency":
            return of_state({"Type": "Map", "ItemProcessor": INNER, field: value, "End": True})
    retry = [{"ErrorEquals": ["E"], field: value}]
    return of_state({"Type": "Task", "Resource": "f", "Retry": retry, "End": True})


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, good, _ in BOUNDS for value in good])
def test_a_number_within_its_bounds_is_accepted(field: str, value: object) -> None:
    assert decode(of_value(with_number(field, value)))[1] == ()


@pytest.mark.parametrize(("field", "value"), [(field, value) for field, _, bad in BOUNDS for value in bad])
def test_a_number_beyond_its_bounds_is_refused(field: str, value: object) -> None:
    definition, findings = decode(of_value(with_number(field, value)))

    (finding,) = findings
    assert definition is None
    assert finding.location is not None
    assert finding.location.endswith(f"/{field}")
    assert finding.code == "SCHEMA_VALIDATION_FAILED"


# However large, deep or many


def nested(levels: int, outer: str) -> Tree:
    """Arrays and objects within each other so many levels deep, the definition itself included."""
    if outer == "Parallel":
        tree: Tree = {"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}
        for n in range((levels - 3) // 4):
            tree = {
                "StartAt": f"P{n}",
                "States": {f"P{n}": {"Type": "Parallel", "Branches": [tree], "End": True}},
            }
        return tree
    if outer == "Not":
        rule: Tree = {"Variable": "$.a", "IsNull": True}
        for _ in range(levels - 5):
            rule = {"Not": rule}
        choice = {"Type": "Choice", "Choices": [rule | {"Next": "S"}], "Default": "S"}
        return {"StartAt": "C", "States": {"C": choice, "S": {"Type": "Succeed"}}}
    template: Tree = {"v.$": "$"}
    for _ in range(levels - 4):
        template = {"a": template}
    return of_state({"Type": "Pass", "Parameters": template, "End": True})


@pytest.mark.parametrize("outer", ["Parallel", "Not", "Parameters"])
def test_a_definition_may_be_deep(outer: str) -> None:
    definition, findings = decode(of_value(nested(MAX_LEVELS, outer)))

    assert definition is not None, findings[:1]
    assert machine.graph(definition).nodes
    assert list(machine.walk(definition))


@pytest.mark.parametrize("outer", ["Parallel", "Not", "Parameters"])
@pytest.mark.parametrize("levels", [MAX_LEVELS + 4, 300, 480, 600, 5_000])
def test_a_definition_too_deep_is_one_finding(outer: str, levels: int) -> None:
    text = json.dumps(nested(levels, outer)) if levels < 900 else "[" * levels
    definition, findings = decode(read_text(text))

    assert definition is None
    assert [finding.code for finding in findings] == ["TOO_DEEPLY_NESTED"]
    assert find_span(read_text(text), findings[0]) is not None


def chain(count: int, **wrong: object) -> Tree:
    names = [f"state-{n}" for n in range(count)]
    states: Tree = {name: {"Type": "Pass", "Next": following} | wrong for name, following in pairwise(names)}
    return {"StartAt": names[0], "States": states | {names[-1]: {"Type": "Succeed"}}}


@pytest.mark.parametrize(
    "tree",
    [
        chain(10_000),
        chain(10_000, Next="nowhere"),
        chain(10_000, Nxt="a"),
        chain(10_000, Type="Pas"),
        chain(900, Next="stat-5"),
        {**chain(10_000), "StartAt": "state-9999"},
    ],
    ids=["sound", "missing targets", "unknown fields", "unknown types", "near misses", "unreachable"],
)
def test_thousands_of_findings_take_no_time_and_the_first_hundred_are_shown(tree: Tree) -> None:
    source = read_text(json.dumps(tree))
    began = time.process_time()
    _, findings = decode(source)
    render_diagnostics(source, findings)

    assert time.process_time() - began < 5  # a quarter of this, where nothing else is to be done
    assert len(findings) <= 100


def test_five_megabytes_are_one_finding() -> None:
    for text in (json.dumps(chain(100_000)), "x" * 5_000_000, "a: 1\n" * 1_000_000):
        definition, findings = decode(read_text(text))
        assert definition is None
        assert len(findings) == 1
        assert findings[0].severity == "ERROR"


def test_load_raises_every_finding_with_its_place() -> None:
    with pytest.raises(DefinitionError) as raised:
        load(of_value(of_state({"Type": "Task", "Resorce": "f", "End": True})))

    assert len(raised.value.diagnostics) == 2
    assert "error: line 6, column 7: Field 'Resorce' is not supported" in str(raised.value)
    assert 'hint: did you mean "Resource"?' in str(raised.value)
    assert "^^^^^^^^^" in str(raised.value)


def test_a_definition_with_warnings_alone_is_loaded() -> None:
    definition, warnings = load(of_value(of_state({"Type": "Fail", "Error": "States.Mine"})))

    assert definition.start_at == "It"
    assert [warning.severity for warning in warnings] == ["WARNING"]


def test_text_lost_to_a_comment_of_yaml_is_shown_among_the_warnings() -> None:
    lines = [
        "StartAt: It",
        "States:",
        "  It:",
        "    Type: Task  # of DynamoDB",
        "    Resource: arn:aws:states:::dynamodb:updateItem",
        "    Parameters:",
        "      TableName: orders",
        "      Key: {id: {S: a}}",
        "      UpdateExpression: SET #s = :s",
        "    End: true",
    ]
    source = read_text("\n".join(lines))

    (warning,) = load(source)[1]

    assert warning.severity == "WARNING"
    assert warning.path == ("States", "It", "Parameters", "UpdateExpression")
    shown = render_diagnostics(source, [warning])
    assert "line 9, column 29: The rest of the line is a comment" in shown
