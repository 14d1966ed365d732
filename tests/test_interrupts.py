"""What a KeyboardInterrupt says of the execution that was waited for, and misspelt keywords."""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from typing import Any

import pytest

from sfnb.execution import Execution
from sfnb.machine import StateMachine, load_machine
from sfnb.service import StepFunctions


@pytest.fixture
def gate(service: StepFunctions) -> threading.Event:
    return threading.Event()


@pytest.fixture
def shop(service: StepFunctions, gate: threading.Event) -> StateMachine:
    """A machine whose task waits until somebody opens the gate."""
    service.registry.functions["hang"] = lambda order: gate.wait(60)
    states = {"A": {"Type": "Task", "Resource": "hang", "End": True}}
    return load_machine(service, {"StartAt": "A", "States": states}, name="shop")


def interrupt_once_waiting() -> None:
    """Send SIGINT to the main thread as soon as it waits for an execution."""
    main = threading.main_thread().ident
    assert main is not None

    def look() -> None:
        while not is_waiting(main):
            pass
        signal.pthread_kill(main, signal.SIGINT)

    threading.Thread(target=look, daemon=True).start()


def is_waiting(thread: int) -> bool:
    frames = traceback.walk_stack(sys._current_frames()[thread])
    return any(frame.f_code is Execution._wait.__code__ for frame, _ in frames)


def test_an_interrupt_of_run_says_what_was_stopped(shop: StateMachine, gate: threading.Event) -> None:
    interrupt_once_waiting()
    with pytest.raises(KeyboardInterrupt) as interrupt:
        shop.run(name="monday")
    gate.set()

    assert interrupt.value.__notes__ == ['the execution of shop is ABORTED: sfnb.get_execution("monday")']


def test_an_interrupt_of_a_wait_says_what_goes_on(shop: StateMachine, gate: threading.Event) -> None:
    execution = shop.start(name="monday")
    interrupt_once_waiting()
    with pytest.raises(KeyboardInterrupt) as interrupt:
        execution.wait()

    assert interrupt.value.__notes__ == ['the execution of shop is RUNNING: sfnb.get_execution("monday")']
    gate.set()
    assert execution.result() is True


@pytest.mark.parametrize(
    ("call", "meant"),
    [
        (lambda shop: shop.start(nam="x"), 'StateMachine.start() got an unexpected .*; did you mean "name"?'),
        (lambda shop: shop.run(clok=1), 'StateMachine.start() got an unexpected .*; did you mean "clock"?'),
        (lambda shop: shop.on.http("GET /x", sycn=True), "On.http() .* 'sycn'; did you mean \"sync\"?"),
        (lambda shop: shop.on.schedule("rate(1 day)", tz="UTC"), "On.schedule() .*; it takes .* timezone, "),
    ],
)
def test_a_misspelt_keyword_is_told_what_was_meant(shop: StateMachine, call: Any, meant: str) -> None:
    with pytest.raises(TypeError, match=meant.replace("()", r"\(\)").replace("?", r"\?")):
        call(shop)


def test_both_waits_take_the_same_keyword(shop: StateMachine, gate: threading.Event) -> None:
    gate.set()
    trigger = shop.on.event({"source": ["shop"]})

    assert shop.start().wait(timeout_seconds=60)
    with pytest.raises(TypeError, match='did you mean "timeout_seconds"'):
        trigger.wait(1, timeout=20)  # type: ignore[call-arg]
