"""Map runs and their children, as the execution around them shows them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from sfnb.errors import SfnbError
from sfnb.execution import Execution
from sfnb.explain import hints
from sfnb.items.folder import FolderBuckets
from sfnb.machine import StateMachine, load_machine
from sfnb.renderers.story import Progress
from sfnb.service import StepFunctions

READER = {
    "Resource": "arn:aws:states:::s3:getObject",
    "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"},
    "Parameters": {"Bucket": "in", "Key": "rows.csv"},
}
STATES = {
    "Price": {"Type": "Task", "Resource": "price", "Next": "Note"},
    "Note": {"Type": "Pass", "Assign": {"seen.$": "$.id"}, "End": True},
}


@pytest.fixture
def service(tmp_path: Path) -> Iterator[StepFunctions]:
    service = StepFunctions(buckets=FolderBuckets(tmp_path))

    def price(row: Any) -> Any:
        if row["id"] in ("3", "5"):
            raise ValueError(f"no price for {row['id']}")
        return row

    service.registry.functions["price"] = price
    yield service
    service.close()


def machine(service: StepFunctions, states: Any = None, **fields: Any) -> StateMachine:
    """A machine that prices each row of seven."""
    (service.buckets.folder / "in").mkdir(exist_ok=True)  # type: ignore[attr-defined]
    rows = "\n".join(["id", *map(str, range(7))])
    (service.buckets.folder / "in" / "rows.csv").write_text(rows)  # type: ignore[attr-defined]
    states = states or STATES
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    processor = {"ProcessorConfig": config, "StartAt": next(iter(states)), "States": states}
    each = {"Type": "Map", "Label": "rows", "ItemProcessor": processor, "ItemReader": READER, "End": True}
    tree = {"StartAt": "Each", "States": {"Each": each | {"ToleratedFailureCount": 2} | fields}}
    return load_machine(service, tree, name="shop")


def run(service: StepFunctions, states: Any = None, **fields: Any) -> Execution:
    return machine(service, states, **fields).run(skip_waits=True)


# Tables


def test_a_map_run_is_a_row_with_its_counts(service: StepFunctions) -> None:
    [row] = run(service).map_runs.to_dict("records")

    assert (row["state"], row["status"], row["label"]) == ("Each", "SUCCEEDED", "rows")
    assert (row["items"], row["items_succeeded"], row["items_failed"]) == (7, 5, 2)
    assert (row["executions"], row["executions_succeeded"], row["executions_failed"]) == (7, 5, 2)
    assert row["duration"] == row["stopped"] - row["started"]
    assert row["map_run"].startswith("arn:aws:states:us-east-1:123456789012:mapRun:shop/rows:")


def test_each_child_is_a_row(service: StepFunctions) -> None:
    children = run(service).children

    assert children["index"].tolist() == list(range(7))
    assert children["status"].tolist().count("FAILED") == 2
    third = children.iloc[3]
    assert (third["error"], third["input"], third["output"]) == ("ValueError", {"id": "3"}, None)
    assert "no price for 3" in third["cause"]
    assert children.iloc[4]["output"] == {"id": "4"}


def test_batches_are_counted_in_items_and_in_executions(service: StepFunctions) -> None:
    states = {"P": {"Type": "Pass", "End": True}}
    ended = run(service, states, ItemBatcher={"MaxItemsPerBatch": 3})

    assert ended.children["items"].tolist() == [3, 3, 1]
    [row] = ended.map_runs.to_dict("records")
    assert (row["items"], row["executions"]) == (7, 3)


def test_without_a_map_run_the_tables_are_empty_and_have_the_same_columns(service: StepFunctions) -> None:
    alone = load_machine(service, {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}).run()
    some = run(service)

    for name in ("map_runs", "children", "variables"):
        empty: pd.DataFrame = getattr(alone, name)
        assert empty.empty
        assert empty.columns.tolist() == getattr(some, name).columns.tolist()


# Children


def test_a_child_is_an_execution_to_look_into(service: StepFunctions) -> None:
    ended = run(service)
    failed = ended.child(3)

    assert (failed.status, failed.error, failed.input) == ("FAILED", "ValueError", {"id": "3"})
    assert [visit.state for visit in failed.trail] == ["Price"]
    assert failed.summary().startswith('shop/rows FAILED in "Price"\nValueError: no price for 3\n')
    assert ended.child(failed.name).arn == ended.child(failed.arn).arn == failed.arn
    assert ended.child(4, state="Each").output == {"id": "4"}
    assert "✘ Price" in failed.graph().text


@pytest.mark.parametrize(
    ("which", "state", "message"),
    [
        (7, None, 'there is no child 7 in the map run of "Each", which has 7'),
        ("nobody", None, "there is no child 'nobody'"),
        (0, "Other", 'there is no map run of "Other"'),
    ],
)
def test_a_child_that_is_not_there(service: StepFunctions, which: Any, state: Any, message: str) -> None:
    with pytest.raises(SfnbError, match=message):
        run(service).child(which, state=state)


def test_a_map_that_was_tried_again_has_a_map_run_each_and_the_last_one_counts(
    service: StepFunctions,
) -> None:
    retry = [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]
    ended = run(service, ToleratedFailureCount=0, Retry=retry)

    assert ended.map_runs["status"].tolist() == ["FAILED", "FAILED"]
    assert len(ended.trail[0].map_runs) == 2
    assert ended.child(3).arn == ended.children["arn"].iloc[-7:].tolist()[3]
    inside = [visit for visit in ended.deep_trail if visit.state == "Price"]
    assert len(inside) == ended.map_runs["executions"].iloc[-1]


# Pictures


def test_visits_in_children_stand_where_those_of_an_inline_map_would(service: StepFunctions) -> None:
    ended = run(service)
    inside = [visit for visit in ended.deep_trail if visit.state == "Price"]

    assert [visit.path for visit in inside] == [("Each", 0, "Price")] * 7
    assert [visit.iteration for visit in inside] == [(index,) for index in range(7)]
    assert len({visit.frame for visit in inside}) == 7
    assert [visit.state for visit in ended.trail] == ["Each"]
    assert ended.visits["state"].tolist() == ["Each"]


def test_pictures_show_how_far_it_came_and_what_became_of_the_states_inside(service: StepFunctions) -> None:
    ended = run(service)
    text = ended.graph().text

    assert ended.progress == {("Each",): Progress(succeeded=5, failed=2, total=7)}
    assert "7 of 7 items, 2 failed" in text
    assert "7 of 7 items, 2 failed" in ended.graph().svg
    assert "✘ Price" in text
    assert "✔ Note" in text
    assert "Price [3]" in ended.timeline().text


def test_a_map_run_inside_a_map_run_is_looked_into_as_well(service: StepFunctions) -> None:
    config = {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
    innermost = {"ProcessorConfig": config, "StartAt": "P", "States": {"P": {"Type": "Pass", "End": True}}}
    inner = {"Inner": {"Type": "Map", "ItemsPath": "$.two", "ItemProcessor": innermost, "End": True}}
    ended = run(service, inner, ItemSelector={"two": [1, 2]})

    assert ended.status == "SUCCEEDED"
    paths = [visit.iteration for visit in ended.deep_trail if visit.state == "P"]
    assert paths == [(outer, index) for outer in range(7) for index in range(2)]
    assert ended.progress[("Each", 0, "Inner")] == Progress(succeeded=14, total=14)


def test_of_many_children_those_that_failed_come_first(service: StepFunctions) -> None:
    ended = run(service)

    deep = ended.deepened(ended.trail, most=3)
    assert [visit.iteration for visit in deep if visit.state == "Price"] == [(0,), (3,), (5,)]


# Words


def test_tolerated_failures_are_told_of_a_success(service: StepFunctions) -> None:
    lines = run(service).summary().splitlines()

    assert lines[0] == "shop SUCCEEDED"
    assert lines[2] == 'items: "Each": 7 of 7 items, 2 failed'


def test_too_many_failures_name_the_first_child(service: StepFunctions) -> None:
    ended = run(service, ToleratedFailureCount=0, MaxConcurrency=1)

    assert ended.error == "States.ExceedToleratedFailureThreshold"
    assert hints(ended) == [
        "1 item failed (none may), first of all child 3: ValueError: no price for 3; .child(3) shows it"
    ]


@pytest.mark.parametrize(
    ("bucket", "key", "hint"),
    [
        ("nope", "rows.csv", "put the file there, as {folder}/nope/rows.csv"),
        ("in", "row.csv", '{folder}/in has "rows.csv", but no "row.csv": did you mean "rows.csv"?'),
    ],
)
def test_a_file_that_is_not_there(
    service: StepFunctions, tmp_path: Path, bucket: str, key: str, hint: str
) -> None:
    ended = run(service, ItemReader=READER | {"Parameters": {"Bucket": bucket, "Key": key}})

    assert ended.error == "States.ItemReaderFailed"
    assert hint.format(folder=tmp_path) in hints(ended)[0]


def test_a_key_that_is_computed_is_followed(service: StepFunctions, tmp_path: Path) -> None:
    made = machine(service, ItemReader=READER | {"Parameters": {"Bucket.$": "$.b", "Key.$": "$.k"}})

    assert f"as {tmp_path}/gone/a.csv" in hints(made.run({"b": "gone", "k": "a.csv"}))[0]


def test_results_that_have_no_place_to_go(service: StepFunctions, tmp_path: Path) -> None:
    writer = {"Resource": "arn:aws:states:::s3:putObject", "Parameters": {"Bucket": "out", "Prefix": "p"}}
    ended = run(service, {"P": {"Type": "Pass", "End": True}}, ResultWriter=writer)

    assert ended.error == "States.ResultWriterFailed"
    assert hints(ended) == [
        f"make the folder {tmp_path}/out: it stands for s3://out, where the results are to go"
    ]


def test_a_child_does_not_see_the_variables_around_it(service: StepFunctions) -> None:
    states = {"A": {"Type": "Pass", "Parameters": {"x.$": "$outer"}, "End": True}}
    made = machine(service, states)
    ended = made.run()

    assert "the children of a Map in DISTRIBUTED mode do not see" in hints(ended.child(0))[0]


# Variables


def test_variables_have_their_last_value_by_scope(service: StepFunctions) -> None:
    inner = {"StartAt": "I", "States": {"I": {"Type": "Pass", "Assign": {"n.$": "$"}, "End": True}}}
    tree = {
        "StartAt": "A",
        "States": {
            "A": {"Type": "Pass", "Assign": {"x": 1, "keep": {"a": [1]}}, "Next": "B"},
            "B": {"Type": "Pass", "Assign": {"x": 2}, "Next": "Each"},
            "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": inner, "End": True},
        },
    }
    ended = load_machine(service, tree).run({"items": [7, 8]})

    rows = [tuple(row) for row in ended.variables[["scope", "name", "value", "state", "times"]].values]
    assert rows == [
        ("", "x", 2, "B", 2),
        ("", "keep", {"a": [1]}, "A", 1),
        ("Each[0]", "n", 7, "I", 1),
        ("Each[1]", "n", 8, "I", 1),
    ]
    assert ended.visits["assigned"].tolist() == [
        {"x": 1, "keep": {"a": [1]}},
        {"x": 2},
        None,
        {"n": 7},
        {"n": 8},
    ]


def test_the_field_whose_expression_failed_has_a_column(service: StepFunctions) -> None:
    state = {"Type": "Pass", "Output": {"a": "{% $states.input.a %}"}, "End": True}
    tree = {"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": state}}

    assert load_machine(service, tree).run().visits["location"].tolist() == ["Output/a"]
