"""Definitions as people publish them: ../shared/real-world, 63 files. None is copied here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from laws import check_laws
from machines import frozen

from sfnb.asl import machine as asl
from sfnb.asl.decode import decode
from sfnb.asl.source import read_text
from sfnb.machine import load_machine
from sfnb.service import StepFunctions

FOLDER = Path(__file__).parents[2] / "shared" / "real-world"
COUNT = 63

MAP = "DISTRIBUTED"
NOT_YET = {
    "bedrock-evaluations-sam--statemachine--statemachine.asl.json": "JSONata",
    "distributed-batch-import--state-machine--create-organization.asl.asl.yaml": MAP,
    "distributed-data-stream-aggregator--statemachine--data-processing-child.asl.json": "JSONata",
    "distributed-map-csv-iterator--sam--statemachine.asl.json": MAP,
    "dynamodb-import-json--statemachine--statemachine.asl.asl.yaml": MAP,
    "eventbridge-rules-to-schedules--statemachine--statemachine.asl.json": MAP,
    "sam--app-dataquality-using-lambda--statemachine--dataquality.asl.json": MAP,
    "sam--app-meeting-summarization--statemachines--summarize-transcription.asl.asl.yaml": "JSONata",
    "sam--app-meeting-summarization--statemachines--transcribe-file.asl.asl.yaml": "JSONata",
    "sam--demo-bulk-delete-s3-objects--bulk-delete-objects-from-s3.asl.json": MAP,
    "sam--demo-distributed-map-data-processing--statemachines--copy-noaa-data-us-east-1.asl.json": MAP,
    "sam--demo-generate-steady-state-events--statemachines--event-emitter.asl.yaml": MAP,
}
"""What is refused for now, and what it needs; each row is a promise to take it out again."""

FILES = sorted(path.name for path in FOLDER.glob("*.asl*")) if FOLDER.is_dir() else []
without_folder = pytest.mark.skipif(
    not FILES, reason=f"{FOLDER} is not there: its definitions are not ours to copy"
)


def files(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names or [pytest.param("none", marks=without_folder)])


@without_folder
def test_all_of_them_are_there() -> None:
    assert len(FILES) == COUNT
    assert NOT_YET.keys() <= set(FILES)


@files(FILES)
def test_a_definition_is_accepted_or_honestly_refused(name: str) -> None:
    definition, findings = decode(read_text((FOLDER / name).read_bytes()))

    errors = [finding for finding in findings if finding.severity == "ERROR"]
    assert {finding.code for finding in errors} == ({"NOT_YET_SUPPORTED"} if name in NOT_YET else set())
    assert any(NOT_YET.get(name, "") in finding.message for finding in errors) == (name in NOT_YET)
    assert (definition is None) == (name in NOT_YET)


@files([name for name in FILES if name not in NOT_YET])
def test_an_accepted_definition_has_a_graph_of_all_its_states(name: str) -> None:
    definition, _ = decode(read_text((FOLDER / name).read_bytes()))
    assert definition is not None

    outline = asl.graph(definition)
    assert count_nodes(outline) == len(list(asl.walk(definition)))
    assert all(edge.source and edge.target for edge in outline.edges)


def count_nodes(graph: Any) -> int:
    return sum(1 + sum(count_nodes(inner) for inner in node.graphs) for node in graph.nodes)


@files([name for name in FILES if name not in NOT_YET])
def test_an_accepted_definition_is_drawn(name: str, service: StepFunctions) -> None:
    picture = load_machine(service, (FOLDER / name).read_bytes()).graph()

    assert "<svg" in picture._repr_mimebundle_()["image/svg+xml"]


ANSWERS = {
    "an object": lambda payload: {},
    "a list": lambda payload: [],
    "text": lambda payload: "text",
    "the input": lambda payload: payload,
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@files([name for name in FILES if name not in NOT_YET])
def test_an_accepted_definition_runs_whatever_its_tasks_answer(
    name: str, answer: Any, service: StepFunctions
) -> None:
    machine = load_machine(service, (FOLDER / name).read_bytes(), name="machine")
    definition, _ = decode(read_text((FOLDER / name).read_bytes()))
    assert definition is not None
    for state in asl.walk(definition):
        if state.type == "Task":
            machine.tasks[state.name] = answer

    for given in ({}, {"Payload": {}, "items": [1, 2]}, [{"id": 1}]):
        execution = machine.start(given, clock=frozen())
        assert execution.wait(20)
        assert not (execution.cause or "").startswith("Internal error")
        check_laws(execution.log)
