"""`sfnb start`, against a server that runs in this process."""

from __future__ import annotations

import io
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from sfnb.cli import main
from sfnb.cli import start as command
from sfnb.execution import Execution
from sfnb.machine import load_machine
from sfnb.server.auth import Key
from sfnb.server.serve import Server
from sfnb.server.settings import Settings
from sfnb.service import StepFunctions

ECHO = {"StartAt": "Echo", "States": {"Echo": {"Type": "Pass", "End": True}}}
REFUSE = {"StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "Shop.Closed", "Cause": "it is late"}}}
ASK = {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "ask", "End": True}}}


class Answer(NamedTuple):
    code: int
    out: str
    err: str


Call = Callable[..., Answer]


@pytest.fixture
def url(service: StepFunctions) -> Iterator[str]:
    """Where `service` is served, with a few machines."""
    load_machine(service, ECHO, name="echo")
    load_machine(service, REFUSE, name="refuse")
    load_machine(service, ECHO, name="quick", type="EXPRESS")
    load_machine(service, REFUSE, name="hasty", type="EXPRESS")
    with Server(service, Settings(port=0)) as server:
        yield server.url


@pytest.fixture
def bare(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Call:
    """`sfnb start` in an empty folder, where there are no credentials and no region."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION", "DEFAULT_REGION", "PROFILE", "ENDPOINT_URL"):
        monkeypatch.delenv(f"AWS_{name}", raising=False)

    def call(*arguments: str, stdin: str = "") -> Answer:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode())))
        try:
            code = main(["start", *arguments])
        except SystemExit as end:
            code = int(end.code or 0)
        out, err = capsys.readouterr()
        return Answer(code, out, err)

    return call


@pytest.fixture
def call(bare: Call, url: str) -> Call:
    """The same with the server's address."""
    return lambda *arguments, **more: bare(*arguments, "--endpoint-url", url, **more)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_arn_of_the_execution_is_the_one_answer(call: Call, service: StepFunctions) -> None:
    answer = call("echo", "--input", '{"id": 7}', "--name", "first")

    assert answer == Answer(0, "arn:aws:states:us-east-1:123456789012:execution:echo:first\n", "")
    execution = Execution(service, service.execution(answer.out.strip()))
    assert execution.wait(20)
    assert execution.describe().output == '{"id": 7}'


def test_a_machine_is_found_by_its_arn_too(call: Call) -> None:
    arn = "arn:aws:states:us-east-1:123456789012:stateMachine:echo"

    assert call(arn, "--wait", "--input", "[1]").out == "[1]\n"


def test_the_whole_answer_is_json(call: Call) -> None:
    answer = json.loads(call("echo", "--json", "--name", "second").out)

    assert set(answer) == {"executionArn", "startDate"}
    assert answer["executionArn"].endswith(":echo:second")


def test_waiting_prints_the_output_and_says_how_it_went(call: Call) -> None:
    answer = call("echo", "--wait", "--input", '{ "é": 1 }')

    assert answer == Answer(0, '{ "é": 1 }\n', "echo SUCCEEDED\n")


def test_a_failure_that_was_waited_for_is_an_exit_code(call: Call) -> None:
    answer = call("refuse", "--wait")

    assert answer == Answer(1, "", "refuse FAILED: Shop.Closed: it is late\n")


def test_waiting_is_asking_until_the_end(call: Call, service: StepFunctions) -> None:
    go_on = threading.Event()
    service.registry.functions["ask"] = lambda payload: go_on.wait(20) and payload
    load_machine(service, ASK, name="slow")
    threading.Timer(0.2, go_on.set).start()

    assert call("slow", "--wait", "--input", '"done"').out == '"done"\n'


def test_ctrl_c_ends_the_waiting_and_not_the_execution(
    call: Call, service: StepFunctions, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    service.registry.functions["ask"] = lambda payload: go_on.wait(20) and payload
    load_machine(service, ASK, name="slow")

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "time", SimpleNamespace(sleep=interrupt))
    answer = call("slow", "--wait", "--name", "kept")

    assert (answer.code, answer.out) == (130, "")
    assert "the execution goes on: arn:aws:states:us-east-1:123456789012:execution:slow:kept" in answer.err
    go_on.set()
    arn = "arn:aws:states:us-east-1:123456789012:execution:slow:kept"
    execution = Execution(service, service.execution(arn))
    assert execution.wait(20)
    assert execution.describe().status == "SUCCEEDED"


def test_an_express_machine_answers_in_one_call(call: Call) -> None:
    assert call("quick", "--sync", "--input", "[2]") == Answer(0, "[2]\n", "quick SUCCEEDED\n")
    assert call("hasty", "--sync") == Answer(1, "", "hasty FAILED: Shop.Closed: it is late\n")
    told = json.loads(call("quick", "--sync", "--json").out)
    assert (told["status"], told["output"]) == ("SUCCEEDED", "{}")


def test_who_would_wait_for_an_express_machine_is_told_of_sync(call: Call, service: StepFunctions) -> None:
    answer = call("quick", "--wait")

    assert (answer.code, answer.out) == (2, "")
    assert "quick is an EXPRESS machine" in answer.err
    assert "--sync" in answer.err


def test_a_near_miss_is_named(call: Call) -> None:
    answer = call("ecko")

    assert answer == Answer(2, "", "sfnb: there is no state machine 'ecko'; did you mean \"echo\"?\n")
    assert "there are echo, " in call("entirely-different").err


def test_a_server_without_machines_says_so(bare: Call, service: StepFunctions) -> None:
    with Server(service, Settings(port=0)) as server:
        answer = bare("orders", "--endpoint-url", server.url)

    assert answer.code == 2
    assert "there is no state machine 'orders'; there are none: create-state-machine makes one" in answer.err


def test_where_nothing_answers_one_sentence_says_what_would(bare: Call) -> None:
    port = free_port()
    answer = bare("orders", "--endpoint-url", f"http://127.0.0.1:{port}")

    assert answer == Answer(
        2,
        "",
        f"sfnb: nothing answers at http://127.0.0.1:{port}: `sfnb serve --port {port}` starts a server\n",
    )


def test_a_refusal_is_in_the_servers_words(call: Call) -> None:
    answer = call("echo", "--name", "no/slash")

    assert (answer.code, answer.out) == (2, "")
    assert "InvalidName" in answer.err
    assert "Traceback" not in answer.err


def test_the_input_may_come_from_a_file_or_from_standard_input(call: Call, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_text('{"id": 8}')

    assert call("echo", "--wait", "--input", "@order.json").out == '{"id": 8}\n'
    assert call("echo", "--wait", "--input", "-", stdin="[8]").out == "[8]\n"


def test_an_input_that_is_no_json_is_refused_before_anyone_is_asked(bare: Call) -> None:
    answer = bare("echo", "--input", '{"id": }', "--endpoint-url", f"http://127.0.0.1:{free_port()}")

    assert answer.code == 2
    assert answer.err.startswith("sfnb: --input is not JSON: line 1, column 8")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--endpoint-url", "127.0.0.1:8083"], "--endpoint-url '127.0.0.1:8083' is no address such as"),
        (["--endpoint-url", "http://"], "--endpoint-url 'http://' is no address such as"),
        (["--aws", "--profile", "nobody"], "The config profile (nobody) could not be found"),
        (["--aws"], "--aws needs a region"),
    ],
)
def test_a_place_that_cannot_be_is_refused(bare: Call, arguments: list[str], reason: str) -> None:
    answer = bare("orders", *arguments)

    assert (answer.code, answer.out) == (2, "")
    assert reason in answer.err
    assert "Traceback" not in answer.err


def test_a_server_that_asks_for_signatures_gets_them(
    bare: Call, service: StepFunctions, tmp_path: Path
) -> None:
    load_machine(service, ECHO, name="echo")
    keys = (Key(access_key_id="AKIDEXAMPLE", secret_access_key="secret"),)
    with Server(service, Settings(port=0, keys=keys)) as server:
        unsigned = bare("echo", "--wait", "--endpoint-url", server.url)
        (tmp_path / "credentials").write_text(
            "[shop]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n"
        )
        signed = bare("echo", "--wait", "--endpoint-url", server.url, "--profile", "shop")

    assert unsigned.code == 2
    assert "MissingAuthenticationToken" in unsigned.err
    assert signed == Answer(0, "{}\n", "echo SUCCEEDED\n")


def test_options_that_contradict_each_other_are_a_wrong_call(bare: Call) -> None:
    for arguments in (["--wait", "--sync"], ["--aws", "--endpoint-url", "http://127.0.0.1:1"]):
        assert bare("orders", *arguments).err.startswith("usage: sfnb start")
