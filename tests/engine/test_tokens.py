"""Task tokens, without executions."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sfnb.engine import tokens as under_test
from sfnb.engine.tokens import InvalidToken, TaskDoesNotExist, TaskTimedOut, TaskToken, TaskTokens, signed
from sfnb.errors import StatesError
from sfnb.values import Payload


class Task:
    """Waits for one token."""

    def called_back(self, outcome: Payload | StatesError) -> None: ...

    def heartbeat(self) -> None: ...


def token(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def test_the_tokens_spent_first_are_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(under_test, "REMEMBERED_TOKENS", 3)
    tokens = TaskTokens()
    for number in range(5):
        open_token = TaskToken(
            token=token(number),
            execution="arn",
            state="S",
            resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            since=datetime(2026, 1, 1, tzinfo=UTC),
            input={},
        )
        tokens.open(open_token, Task())
        if number % 2:
            tokens.close(token(number))
        else:
            tokens.succeed(token(number), "1")

    for number, refusal in enumerate([TaskDoesNotExist] * 2 + [TaskTimedOut] * 3):
        with pytest.raises(refusal):
            tokens.heartbeat(token(number))


def test_a_token_that_was_given_out_by_an_earlier_process_is_known_as_such() -> None:
    tokens = TaskTokens(awaited_elsewhere=lambda: False)

    with pytest.raises(TaskTimedOut, match=r"^Task Timed Out: 'Provided task does not exist anymore'$"):
        tokens.succeed(signed(token(1)), "1")
    with pytest.raises(TaskDoesNotExist):
        tokens.succeed(token(1), "1")
    with pytest.raises(InvalidToken):
        tokens.succeed(signed(token(1)).upper(), "1")


def test_a_token_that_somebody_else_may_wait_for_is_only_unknown() -> None:
    tokens = TaskTokens(awaited_elsewhere=lambda: True)

    with pytest.raises(TaskDoesNotExist):
        tokens.succeed(signed(token(1)), "1")
