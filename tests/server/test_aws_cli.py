"""The AWS CLI, in a virtual environment of its own, at a server in a process of its own.

`SFNB_AWS_CLI` names the folder of that environment; it is made below the user's cache unless given.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path

from benchmarks.serving import ROLE, Served, without_aws

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the CLI is found elsewhere there")

CLI = "awscli==1.46.3"
REFUSED = 255
"""The exit code where a service refuses; version 2 of the CLI has 254."""
SOON = 60

FLOW = {
    "StartAt": "Check",
    "States": {
        "Check": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.ok", "BooleanEquals": True, "Next": "Good"}],
            "Default": "Bad",
        },
        "Good": {"Type": "Pass", "Result": "well", "End": True},
        "Bad": {"Type": "Fail", "Error": "NotWell", "Cause": "it was told so"},
    },
}
LONG_WAIT = {"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3_600, "End": True}}}

Aws = Callable[..., Any]


@pytest.fixture(scope="session")
def python() -> Path:
    """The Python that has the CLI; skips where pip cannot install it."""
    home = Path(os.environ.get("SFNB_AWS_CLI") or user_cache_path("sfnb") / "tests" / CLI.replace("==", "-"))
    program = home / "bin" / "python"
    if not program.exists():
        making = home.with_name(f"{home.name}.{os.getpid()}")
        try:
            _make(making)
            making.rename(home)
        except OSError:
            assert program.exists()  # another run of the tests was quicker
        finally:
            shutil.rmtree(making, ignore_errors=True)
    return program


def _make(home: Path) -> None:
    """A virtual environment that is complete before it gets its name."""
    home.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--python", home / "bin" / "python", "install", "--quiet", CLI],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        pytest.skip(f"pip cannot install {CLI}: {done.stderr.strip()[-200:]}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("cli"), "--store", "kept.db") as served:
        yield served


@pytest.fixture(scope="module")
def aws(python: Path, server: Served) -> Aws:
    """Calls `aws stepfunctions` with these words: the answer, decoded; None where there is none.

    Raises AssertionError where the CLI does not end well.
    """

    def aws(*words: object) -> Any:
        done = run(python, server.url, *words)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    return aws


def run(
    python: Path, url: str, *words: object, key: str = "AKID", secret: str = "secret"
) -> subprocess.CompletedProcess[str]:
    return run_cli(python, url, "stepfunctions", *words, key=key, secret=secret)


def run_cli(
    python: Path, url: str, *words: object, key: str = "AKID", secret: str = "secret"
) -> subprocess.CompletedProcess[str]:
    """words: from the service on."""
    environment = {
        **without_aws(),
        "AWS_ACCESS_KEY_ID": key,
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_MAX_ATTEMPTS": "1",
    }
    command = [python, "-m", "awscli", *map(text, words)]
    return subprocess.run(
        [*command, "--endpoint-url", url, "--region", "us-east-1", "--output", "json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=SOON,
    )


def text(word: object) -> str:
    return word if isinstance(word, str) else json.dumps(word)


def made(aws: Aws, name: str, definition: object, *more: str) -> str:
    words = ("--name", name, "--definition", definition, "--role-arn", ROLE, *more)
    arn: str = aws("create-state-machine", *words)["stateMachineArn"]
    return arn


def ended(aws: Aws, execution: str) -> dict[str, Any]:
    until = time.monotonic() + SOON
    while True:
        described: dict[str, Any] = aws("describe-execution", "--execution-arn", execution)
        if described["status"] not in ("RUNNING", "PENDING_REDRIVE"):
            return described
        assert time.monotonic() < until, described


def test_a_whole_life(aws: Aws, python: Path, server: Served) -> None:
    machine = made(aws, "life", FLOW, "--tags", "key=team,value=blue")
    of_machine = ("--state-machine-arn", machine)
    execution = aws("start-execution", *of_machine, "--name", "one", "--input", {"ok": False})
    of_execution = ("--execution-arn", execution["executionArn"])

    failed = ended(aws, execution["executionArn"])
    assert (failed["status"], failed["error"], failed["redriveStatus"]) == (
        "FAILED",
        "NotWell",
        "REDRIVABLE",
    )
    aws("redrive-execution", *of_execution)
    assert ended(aws, execution["executionArn"])["redriveCount"] == 1
    history = aws("get-execution-history", *of_execution, "--page-size", "2")
    assert [event["id"] for event in history["events"]] == list(range(1, len(history["events"]) + 1))
    assert "ExecutionRedriven" in [event["type"] for event in history["events"]]
    latest = aws("get-execution-history", *of_execution, "--reverse-order", "--max-items", "1")
    assert [event["type"] for event in latest["events"]] == ["ExecutionFailed"]

    version = aws("publish-state-machine-version", *of_machine, "--description", "the first")
    route = [{"stateMachineVersionArn": version["stateMachineVersionArn"], "weight": 100}]
    alias = aws("create-state-machine-alias", "--name", "LIVE", "--routing-configuration", route)
    alias_arn = alias["stateMachineAliasArn"]
    by_alias = aws("start-execution", "--state-machine-arn", alias_arn, "--input", {"ok": True})
    described = ended(aws, by_alias["executionArn"])
    assert (described["status"], described["output"]) == ("SUCCEEDED", '"well"')
    assert (described["stateMachineAliasArn"], described["stateMachineVersionArn"]) == (
        alias_arn,
        version["stateMachineVersionArn"],
    )

    aws("delete-state-machine-alias", "--state-machine-alias-arn", alias_arn)
    aws("delete-state-machine", *of_machine)
    gone = run(python, server.url, "describe-state-machine", *of_machine)
    assert (gone.returncode, gone.stdout) == (REFUSED, "")
    assert "An error occurred (StateMachineDoesNotExist) when calling the DescribeStateMachine" in gone.stderr


def test_lists_come_in_pages(aws: Aws) -> None:
    names = [f"page-{number}" for number in range(3)]
    for name in names:
        made(aws, name, FLOW)

    first = aws("list-state-machines", "--max-items", "2", "--page-size", "1")
    rest = aws("list-state-machines", "--starting-token", first["NextToken"])

    found = [each["name"] for page in (first, rest) for each in page["stateMachines"]]
    assert len(first["stateMachines"]) == 2
    assert "NextToken" not in rest
    assert [name for name in found if name.startswith("page-")] == names


def test_what_runs_is_stopped_and_a_name_is_taken_once(aws: Aws, python: Path, server: Served) -> None:
    machine = made(aws, "stopped", LONG_WAIT)
    start = ("start-execution", "--state-machine-arn", machine, "--name", "mine", "--input")
    execution = aws(*start, "{}")

    assert aws(*start, "{}") == execution
    taken = run(python, server.url, *start, "[1]")
    assert taken.returncode == REFUSED
    assert "An error occurred (ExecutionAlreadyExists) when calling the StartExecution" in taken.stderr
    stop = ("--execution-arn", execution["executionArn"], "--error", "Enough", "--cause", "late")
    assert "stopDate" in aws("stop-execution", *stop)
    found = aws("list-executions", "--state-machine-arn", machine, "--status-filter", "ABORTED")
    assert [each["name"] for each in found["executions"]] == ["mine"]


def test_a_worker_takes_a_task_and_answers_it(aws: Aws) -> None:
    activity = aws("create-activity", "--name", "work")["activityArn"]
    machine = made(
        aws,
        "worked",
        {"StartAt": "T", "States": {"T": {"Type": "Task", "Resource": activity, "End": True}}},
    )
    execution = aws("start-execution", "--state-machine-arn", machine, "--input", {"n": 1})["executionArn"]

    task = aws("get-activity-task", "--activity-arn", activity, "--worker-name", "me")
    aws("send-task-success", "--task-token", task["taskToken"], "--task-output", {"n": 2})

    assert json.loads(task["input"]) == {"n": 1}
    assert json.loads(ended(aws, execution)["output"]) == {"n": 2}


def test_an_express_machine_answers_at_once(aws: Aws) -> None:
    """The CLI would put `sync-` before the host: AWS_DISABLE_HOST_PREFIX_INJECTION keeps it from that."""
    machine = made(aws, "express", FLOW, "--type", "EXPRESS")

    answer = aws("start-sync-execution", "--state-machine-arn", machine, "--input", {"ok": True})

    assert (answer["status"], answer["output"]) == ("SUCCEEDED", '"well"')


def test_one_state_is_tried_and_a_definition_is_checked(aws: Aws) -> None:
    state = {"Type": "Pass", "Parameters": {"b.$": "$.a"}, "Next": "Then"}

    tried = aws("test-state", "--definition", state, "--role-arn", ROLE, "--input", {"a": 1})
    checked = aws("validate-state-machine-definition", "--definition", {**FLOW, "StartAt": "Nowhere"})

    assert (tried["status"], tried["output"], tried["nextState"]) == ("SUCCEEDED", '{"b":1}', "Then")
    assert checked["result"] == "FAIL"
    assert checked["diagnostics"][0]["code"] == "MISSING_TRANSITION_TARGET"


def test_tags_are_kept_and_taken_off(aws: Aws) -> None:
    of_machine = ("--resource-arn", made(aws, "tagged", FLOW, "--tags", "key=a,value=1"))

    aws("tag-resource", *of_machine, "--tags", "key=b,value=2")
    aws("untag-resource", *of_machine, "--tag-keys", "a")

    assert aws("list-tags-for-resource", *of_machine) == {"tags": [{"key": "b", "value": "2"}]}


def test_the_right_key_is_let_in_and_a_wrong_one_is_not(python: Path, tmp_path: Path) -> None:
    keys = {"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "s/3+cret"}
    with Served(tmp_path, "--require-auth", environment=keys) as served:
        right = run(python, served.url, "list-state-machines", key="AKIDEXAMPLE", secret="s/3+cret")
        wrong = run(python, served.url, "list-state-machines", key="AKIDEXAMPLE", secret="another")
        unknown = run(python, served.url, "list-state-machines", key="AKIDOTHER", secret="s/3+cret")

    assert (right.returncode, json.loads(right.stdout)) == (0, {"stateMachines": []})
    assert (wrong.returncode, unknown.returncode) == (REFUSED, REFUSED)
    assert "(InvalidSignatureException)" in wrong.stderr
    assert "(UnrecognizedClientException)" in unknown.stderr
