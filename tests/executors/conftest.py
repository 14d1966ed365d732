"""Executors, clocks and calls for their tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from told import HandClock, JumpingClock, MakeCall, Submit, Told

from sfnb.engine.ports import Call, Executor, Handle
from sfnb.executors import EXECUTORS
from sfnb.values import Json, Payload


@pytest.fixture(params=EXECUTORS)
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    executor = EXECUTORS[request.param]()
    yield executor
    executor.close()


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def jumping_clock() -> JumpingClock:
    return JumpingClock()


@pytest.fixture
def make_call(clock: HandClock) -> MakeCall:
    """Makes calls: make_call(function, argument, **fields)."""

    def make_call(function: Callable[..., Any], argument: Json = None, **fields: Any) -> Call:
        defaults: dict[str, Any] = {
            "name": getattr(function, "__name__", "task"),
            "key": "arn:aws:states:us-east-1:123456789012:execution:m:e/7",
            "resource": "arn:aws:lambda:us-east-1:123456789012:function:price",
            "timeout_seconds": None,
            "now": clock.now,
            "wait_until": clock.wait_until,
        }
        return Call(function=function, argument=Payload(argument), **(defaults | fields))

    return make_call


@pytest.fixture
def submit(make_call: MakeCall) -> Submit:
    """Submits a call: handle, told = submit(executor, function, argument, **fields)."""

    def submit(
        executor: Executor, function: Callable[..., Any], argument: Json = None, **fields: Any
    ) -> tuple[Handle, Told]:
        told = Told()
        return executor.submit(make_call(function, argument, **fields), told), told

    return submit
