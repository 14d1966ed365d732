"""The port `Tasks`, with mocks before what stands behind it.

A mock stands for the whole integration: what it answers is the state's result as it is, and its Error
and Cause are what Retry and Catch see. The history has the events of a call all the same.
"""

from __future__ import annotations

import functools
import inspect

from sfnb.engine.activities import Activities
from sfnb.engine.ports import Integration, Queued, TaskCall, Tasks, Work
from sfnb.engine.tokens import TaskTokens
from sfnb.errors import EvaluationError, StatesError
from sfnb.jsonable import to_payload
from sfnb.mocks.answers import Mocks
from sfnb.mocks.plan import Function
from sfnb.values import Payload


class MockedTasks:
    """One execution's tasks. Fulfils the port `Tasks`."""

    def __init__(self, tasks: Tasks, mocks: Mocks) -> None:
        self._tasks = tasks
        self._mocks = mocks
        self._functions: dict[str, Function] = {}
        """What is to be called for a mock, by request id, between `answer` and `work`."""

    @property
    def tokens(self) -> TaskTokens:
        return self._tasks.tokens

    @property
    def activities(self) -> Activities:
        return self._tasks.activities

    def integration(self, resource: str) -> Integration:
        return self._tasks.integration(resource)

    def answer(self, state: str, call: TaskCall, attempt: int) -> Payload | StatesError | None:
        """The mock's answer; automatic mocks leave alone what a Python function stands for."""
        answer = self._mocks.answer(state)
        if answer is not None and not isinstance(answer, Payload | StatesError):
            self._functions[call.request_id] = answer
            return None
        if answer is not None or self._mocks.auto is None or self._has_function(state, call):
            return answer
        return self._mocks.automatic(state, call)

    def _has_function(self, state: str, call: TaskCall) -> bool:
        """Raises EvaluationError where the parameters will not do."""
        try:
            work = self._tasks.work(state, call, self.integration(call.resource))
        except EvaluationError:
            raise
        except StatesError:
            return True  # there is one, and the call is refused
        return isinstance(work, Work) and work.stands_in

    def work(self, state: str, call: TaskCall, integration: Integration) -> Work | Queued | None:
        function = self._functions.pop(call.request_id, None)
        if function is None:
            return self._tasks.work(state, call, integration)
        if call.resource.endswith(".waitForTaskToken"):
            function = calling_back(function, self.tokens, call.token or call.request_id)
        return Work(name=state, function=function, argument=call.payload)


def calling_back(function: Function, tokens: TaskTokens, token: str) -> Function:
    """`function`, whose answer goes to the token that the task waits for."""

    @functools.wraps(function)
    def answer(*arguments: object, **named: object) -> dict[str, object]:
        tokens.succeed(token, to_payload(function(*arguments, **named)))
        return {}

    @functools.wraps(function)
    async def answer_later(*arguments: object, **named: object) -> dict[str, object]:
        tokens.succeed(token, to_payload(await function(*arguments, **named)))
        return {}

    return answer_later if inspect.iscoroutinefunction(function) else answer
