"""Task tokens: what a task waits for whose answer comes from outside.

A token is open from the moment its task is called, so an answer may come before the call that hands
the token out has returned. It is spent by the first answer, or when nobody waits any more. Taking
it is atomic and done by the caller's thread, so the caller hears at once whether it counted.

A token is a UUID whose last part is drawn from the rest, so that one that was given out is known as such by
whoever takes up the store. Those of old logs are not; which kind an execution has, its log says.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Protocol

import msgspec

from sfnb.engine.clock import SeededChance
from sfnb.errors import SfnbError, StatesError
from sfnb.values import Json, Payload, size_bytes

if TYPE_CHECKING:
    from sfnb.engine.run import Run

LARGEST_OUTPUT_BYTES = 262_144
REMEMBERED_TOKENS = 10_000
"""How many spent tokens are known as such; those spent first are forgotten first."""


class InvalidToken(SfnbError):
    """A text that cannot be a task token."""


class TaskDoesNotExist(SfnbError):
    """No task was ever given this token."""


class TaskTimedOut(SfnbError):
    """The token's task is over: it was answered, it timed out, or its execution has ended."""


class InvalidOutput(SfnbError):
    """An output that is not JSON, or too large."""


class TaskToken(msgspec.Struct, frozen=True, kw_only=True):
    """An open token.

    execution: its ARN. resource: as the definition has it. since: when the task was scheduled.
    input: the task's parameters.
    """

    token: str
    execution: str
    state: str
    resource: str
    since: datetime
    input: Json

    @property
    def awaits_answer(self) -> bool:
        """Somebody has to answer it; the token of a `.sync` task may be, but its job does so as a rule."""
        return not self.resource.endswith((".sync", ".sync:2"))

    def request(self) -> str:
        """One line for a person.

        >>> from datetime import UTC
        >>> task = TaskToken(token="1-2", execution="arn:e", state="Ask", since=datetime.now(UTC),
        ...                  resource="arn:aws:states:::sqs:sendMessage.waitForTaskToken", input={})
        >>> print(task.request())
        Ask is waiting for a task token: 1-2; answer with sfnb.send_task_success("1-2", output) from \
another thread, or interrupt and run it with --start
        """
        if ":activity:" in self.resource:
            return f"{self.state} is waiting for a worker of {self.resource}, in another thread or process"
        return (
            f"{self.state} is waiting for a task token: {self.token}; "
            f'answer with sfnb.send_task_success("{self.token}", output) from another thread, '
            "or interrupt and run it with --start"
        )


class Waiting(Protocol):
    """The task behind a token; its methods may be called from any thread."""

    def called_back(self, outcome: Payload | StatesError) -> None: ...

    def heartbeat(self) -> None: ...


_TOKEN = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def signed(uuid: str) -> str:
    """The token that is made of a UUID.

    >>> signed("11111111-2222-4333-8444-555555555555")
    '11111111-2222-4333-8444-1fc4f73319b1'
    """
    drawn = uuid[:24]
    return drawn + blake2b(drawn.encode(), digest_size=6, person=b"task token").hexdigest()


class TokenChance(SeededChance):
    """Chance that a token is drawn from."""

    def uuid(self) -> str:
        return signed(super().uuid())


def token_of(run: Run, uuid: str) -> str:
    """The token that an execution makes of a UUID: in an old log, that itself."""
    return signed(uuid) if run.plan.get("signed_tokens") else uuid


class TaskTokens:
    """The tokens of one service. Every method may be called from any thread.

    awaited_elsewhere: whether a token that is not open here may be waited for elsewhere, or later.
    """

    def __init__(self, awaited_elsewhere: Callable[[], bool] = lambda: True) -> None:
        self.awaited_elsewhere = awaited_elsewhere
        self._lock = threading.Lock()
        self._open: dict[str, tuple[TaskToken, Waiting]] = {}
        self._spent: dict[str, None] = {}
        """In the order in which they were spent."""

    def open(self, token: TaskToken, task: Waiting) -> None:
        with self._lock:
            self._spent.pop(token.token, None)
            self._open[token.token] = (token, task)

    def close(self, token: str) -> None:
        """Nobody waits any more."""
        with self._lock:
            if self._open.pop(token, None) is not None:
                self._spend(token)

    def _spend(self, token: str) -> None:
        """Under the lock."""
        self._spent[token] = None
        if len(self._spent) > REMEMBERED_TOKENS:
            del self._spent[next(iter(self._spent))]

    def list(self, execution: str | None = None) -> list[TaskToken]:
        """The open tokens, oldest first; of one execution, if its ARN is given."""
        with self._lock:
            tokens = [token for token, _ in self._open.values()]
        return [token for token in tokens if execution in (None, token.execution)]

    def succeed(self, token: str, output: str | Payload) -> None:
        """output: JSON text, or a payload. Raises InvalidOutput and what `_task` raises."""
        self._task(token)
        payload = _payload(output)
        self._task(token, spend=True).called_back(payload)

    def fail(self, token: str, error: str | None, cause: str | None) -> None:
        self._task(token, spend=True).called_back(StatesError(error, cause))

    def heartbeat(self, token: str) -> None:
        self._task(token).heartbeat()

    def _task(self, token: str, *, spend: bool = False) -> Waiting:
        """Raises InvalidToken, TaskDoesNotExist, TaskTimedOut. Source: AWS API reference, SendTaskSuccess."""
        with self._lock:
            entry = self._open.get(token)
            spent = token in self._spent
            if entry is not None and spend:
                del self._open[token]
                self._spend(token)
        if entry is not None:
            return entry[1]
        well_formed = bool(_TOKEN.fullmatch(token))
        if spent or (well_formed and signed(token) == token and not self.awaited_elsewhere()):
            raise TaskTimedOut("Task Timed Out: 'Provided task does not exist anymore'")
        if not well_formed:
            raise InvalidToken("Invalid Token: 'Invalid token'")  # recorded
        raise TaskDoesNotExist("Task Does Not Exist: 'Provided task does not exist'")


def _payload(output: str | Payload) -> Payload:
    try:
        payload = Payload.of_text(output) if isinstance(output, str) else output
    except ValueError as fault:
        raise InvalidOutput(f"Invalid Output: 'not JSON: {fault}'") from None
    size = size_bytes(payload.text)
    if size > LARGEST_OUTPUT_BYTES:
        raise InvalidOutput(f"Invalid Output: '{size:,} bytes, at most {LARGEST_OUTPUT_BYTES:,} are taken'")
    return payload
