"""Executions that are started or taken up without waiting for them, and waits that are skipped on the way."""

from __future__ import annotations

from typing import Any

import pytest

from sfnb.notebook.options import Usage

SEND = "@sfnb.task('sqs:sendMessage')\ndef send(message): return {}"
ASK = """
StartAt: Ask
States:
  Ask:
    Type: Task
    Resource: arn:aws:states:::sqs:sendMessage.waitForTaskToken
    Parameters: {QueueUrl: q, MessageBody.$: $$.Task.Token}
    End: true
"""
REST = """%%asl nap --run --no-draw --skip-waits --expect FAILED
StartAt: Work
States:
  Work: {Type: Task, Resource: work, Next: Rest}
  Rest: {Type: Wait, Seconds: 1000, Next: Done}
  Done: {Type: Pass, Result: rested, End: true}
"""
FAILING = "@sfnb.task\ndef work(payload): raise ValueError('tired')"
WORKING = "@sfnb.task\ndef work(payload): print('at work')"


def answer_token_of(name: str) -> str:
    """A cell that answers the one token of an execution, as soon as there is one."""
    return (
        f"while not len(sfnb.task_tokens()): assert not {name}.wait(0.01)\n"
        f"sfnb.send_task_success(sfnb.task_tokens().token[0], 'yes')\n{name}.result()"
    )


@pytest.mark.parametrize(
    "line", ["%%asl ask --start --no-draw -o asked", "%%asl ask --run --start --no-draw -o asked"]
)
def test_a_cell_may_start_an_execution_whose_token_the_next_cell_answers(run: Any, line: str) -> None:
    run(SEND)
    started = run(line + ASK)

    assert started.error is None
    assert started.texts[0].startswith("ask RUNNING")
    assert run(answer_token_of("asked")).value == "yes"


def test_a_line_may_start_an_execution_too(run: Any, shell: Any) -> None:
    run(SEND)
    run("%%asl ask --no-draw" + ASK)
    run("%asl run ask --start --no-draw")

    assert shell.user_ns["ex"].status == "RUNNING"
    assert run(answer_token_of("ex")).value == "yes"


def test_what_waits_for_a_token_again_may_be_redriven_and_forked_without_waiting(
    run: Any, shell: Any
) -> None:
    run(SEND)
    run("%%asl ask --start --no-draw" + ASK)
    run("ex.stop(); ex.wait()")

    assert run("%asl redrive ex --start --no-draw").texts[0].startswith("ask RUNNING")
    assert run(answer_token_of("ex")).value == "yes"
    assert run("%asl fork ex Ask --start --no-draw -o again").texts[0].startswith("ask RUNNING")
    assert run(answer_token_of("again")).value == "yes"
    assert shell.user_ns["again"].origin == shell.user_ns["ex"].arn


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("%%asl ask --start --expect FAILED" + ASK, "%%asl: --start does not wait for the end"),
        ("%asl run nap --start --expect FAILED", "%asl run: --start does not wait for the end"),
        ("%asl redrive ex --start --expect FAILED", "%asl redrive: --start does not wait for the end"),
        ("%asl fork ex Work --start --expect FAILED", "%asl fork: --start does not wait for the end"),
    ],
)
def test_no_end_is_expected_of_what_is_not_waited_for(run: Any, line: str, said: str) -> None:
    run(FAILING)
    run(REST)
    ran = run(line)

    assert isinstance(ran.error, Usage)
    assert said in ran.printed


def test_a_redrive_and_a_fork_may_skip_waits_that_were_waited_for_before(run: Any, shell: Any) -> None:
    run(FAILING)
    run(REST.replace("--skip-waits ", ""))
    run(WORKING)

    assert run("%asl fork ex Work --skip-waits --no-draw -o other").error is None
    assert shell.user_ns["other"].output == "rested"
    again = run("%asl redrive ex --skip-waits --no-draw")
    assert again.error is None
    assert again.printed == "at work\n"
    assert shell.user_ns["ex"].output == "rested"


def test_the_setting_skips_waits_of_a_redrive_too(run: Any, shell: Any) -> None:
    run(FAILING)
    run(REST.replace("--skip-waits ", ""))
    run(WORKING)
    run("%config SfnMagic.skip_waits = True")
    run("%asl redrive ex --no-draw")

    assert shell.user_ns["ex"].output == "rested"


def test_help_shows_what_one_verb_takes(run: Any) -> None:
    assert run("%asl help redrive").texts == run("%asl redrive --help").texts
    assert "--skip-waits" in run("%asl help redrive").texts[0]
    assert "no such verb: 'redirve'; did you mean \"redrive\"?" in run("%asl help redirve").printed
