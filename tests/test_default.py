"""What the functions of the package do with the one service behind them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import sfnb
from sfnb import default
from sfnb.cli.definitions import machine_name
from sfnb.engine.records import ExecutionFilter


@pytest.fixture(autouse=True)
def fresh_service() -> Iterator[None]:
    default.service.cache_clear()
    yield
    default.service().close()
    default.service.cache_clear()


def test_a_worker_of_ones_own_does_the_tasks_of_an_activity() -> None:
    arn = sfnb.create_activity("pack")
    machine = sfnb.load({"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": arn, "End": True}}})

    def work() -> None:
        task = sfnb.get_activity_task("pack", wait_seconds=20)
        assert task is not None
        sfnb.send_task_success(task.task_token, {"packed": task.input})

    worker = threading.Thread(target=work)
    worker.start()
    execution = machine.run({"n": 1})
    worker.join()

    assert execution.result() == {"packed": {"n": 1}}
    assert sfnb.get_activity_task(arn, wait_seconds=0) is None


def test_a_folder_stands_for_s3(tmp_path: Path) -> None:
    sfnb.use_buckets(tmp_path / "s3")

    assert sfnb.load("StartAt: A\nStates: {A: {Type: Succeed}}").run().bucket_folder == tmp_path / "s3"


def test_mocks_are_written_with_names_of_the_package() -> None:
    task = {"Type": "Task", "Resource": "charge", "Retry": [{"ErrorEquals": ["Declined"]}], "End": True}
    machine = sfnb.load({"StartAt": "Charge", "States": {"Charge": task}})
    answers = [sfnb.Throw("Declined", "no money"), sfnb.Return({"paid": True})]

    assert machine.run(mock={"Charge": answers}, skip_waits=True).result() == {"paid": True}


@pytest.mark.parametrize("given", [str, Path])
def test_a_machine_of_a_file_is_named_after_it_as_in_the_shell(tmp_path: Path, given: Any) -> None:
    file = tmp_path / "nightly.asl.yaml"
    file.write_text("StartAt: A\nStates: {A: {Type: Succeed}}")

    assert sfnb.load(given(file)).name == machine_name(str(file)) == "nightly"
    assert sfnb.load(given(file), name="daily").name == "daily"
    assert sfnb.load(file.read_text()).name.startswith("machine")


def test_what_a_machine_of_a_file_does_is_kept(tmp_path: Path) -> None:
    sfnb.use_store(tmp_path / "executions.db")
    file = tmp_path / "nightly.asl.yaml"
    file.write_text("StartAt: A\nStates: {A: {Type: Succeed}}")
    sfnb.load(file).run(name="night-2")

    assert [each.name for each in default.service().store.list(ExecutionFilter())] == ["night-2"]


def test_task_tokens_tell_the_machine_and_the_execution_by_name() -> None:
    sfnb.task("sqs:sendMessage")(lambda message: None)
    parameters = {"MessageBody.$": "$$.Task.Token"}
    ask = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Parameters": parameters,
        "End": True,
    }
    machine = sfnb.load({"StartAt": "A", "States": {"A": ask}}, name="shop")
    execution = machine.start(name="monday")
    while not len(tokens := sfnb.task_tokens()):
        assert not execution.wait(0.01)

    assert tokens.loc[0, ["machine", "execution", "state"]].to_list() == ["shop", "monday", "A"]
    assert tokens.arn[0] == execution.arn
    sfnb.send_task_success(tokens.token[0])
    execution.wait()
