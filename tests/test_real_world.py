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
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.service import StepFunctions
from sfnb.task_parameters import parameter_warnings

FOLDER = Path(__file__).parents[2] / "shared" / "real-world"
COUNT = 63

FILES = sorted(path.name for path in FOLDER.glob("*.asl*")) if FOLDER.is_dir() else []
without_folder = pytest.mark.skipif(
    not FILES, reason=f"{FOLDER} is not there: its definitions are not ours to copy"
)


def files(names: list[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("name", names or [pytest.param("none", marks=without_folder)])


@without_folder
def test_all_of_them_are_there() -> None:
    assert len(FILES) == COUNT


@files(FILES)
def test_a_definition_is_accepted(name: str) -> None:
    definition, findings = decode(read_text((FOLDER / name).read_bytes()))

    assert [finding for finding in findings if finding.severity == "ERROR"] == []
    assert definition is not None


@files(FILES)
def test_no_parameter_of_a_definition_is_warned_of(name: str) -> None:
    assert parameter_warnings(read_text((FOLDER / name).read_bytes()).tree) == ()


@files(FILES)
def test_a_definition_has_a_graph_of_all_its_states(name: str) -> None:
    definition, _ = decode(read_text((FOLDER / name).read_bytes()))
    assert definition is not None

    outline = asl.graph(definition)
    assert count_nodes(outline) == len(list(asl.walk(definition)))
    assert all(edge.source and edge.target for edge in outline.edges)


def count_nodes(graph: Any) -> int:
    return sum(1 + sum(count_nodes(inner) for inner in node.graphs) for node in graph.nodes)


@files(FILES)
def test_a_definition_is_drawn(name: str, service: StepFunctions) -> None:
    picture = load_machine(service, (FOLDER / name).read_bytes()).graph()

    assert "<svg" in picture._repr_mimebundle_()["image/svg+xml"]


ANSWERS = {
    "an object": lambda payload: {},
    "a list": lambda payload: [],
    "text": lambda payload: "text",
    "the input": lambda payload: payload,
}


def answer_callbacks(service: StepFunctions, execution: Execution) -> None:
    """Answer what waits for a callback, until nothing does."""
    for _ in range(100):
        if execution.wait(0.05):
            return
        for token in service.list_task_tokens(execution.arn):
            service.send_task_success(token.token, "{}")


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS.keys())
@files(FILES)
def test_a_definition_runs_whatever_its_tasks_answer(name: str, answer: Any, service: StepFunctions) -> None:
    machine = load_machine(service, (FOLDER / name).read_bytes(), name="machine")
    definition, _ = decode(read_text((FOLDER / name).read_bytes()))
    assert definition is not None
    for state in asl.walk(definition):
        if state.type == "Task":
            machine.tasks[state.name] = answer

    for given in ({}, {"Payload": {}, "items": [1, 2]}, [{"id": 1}]):
        execution = machine.start(given, clock=frozen())
        answer_callbacks(service, execution)
        assert execution.wait(20)
        assert not (execution.cause or "").startswith("Internal error")
        check_laws(execution.log)
