"""What the functions of the package do with the one service behind them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

import sfnb
from sfnb import default


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
