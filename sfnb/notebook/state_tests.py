"""`%asl test`: what the line says about a test of one state."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from sfnb.machine import StateMachine
from sfnb.mocks.plan import Return, Throw
from sfnb.notebook.inputs import read_input
from sfnb.notebook.options import Parser, Usage
from sfnb.trial.tested import StateTest

LEVELS = ("INFO", "DEBUG", "TRACE")


def add_test_options(parser: Parser) -> None:
    """What a test takes besides a machine and a state."""
    add: Any = parser.add_argument
    value = "a Python variable, JSON, or @file.json"
    add("-i", "--input", metavar="X", help=f"the state's input: {value}")
    add("-m", "--mock", metavar="X", help=f"what its work comes to: {value}; or auto")
    add("--throw", metavar="ERROR", help="let its work fail with this Error")
    add("--cause", metavar="TEXT", help="... and this Cause")
    add("--retries", metavar="N", type=int, default=0, help="how often its Retry has been used")
    add("--failed", metavar="N", type=int, help="how many iterations of a Map have failed")
    add("-v", "--variables", metavar="X", help=f"workflow variables: {value}")
    add("--context", metavar="X", help=f"the Context Object: {value}")
    add("--inspect", choices=LEVELS, default="TRACE", help="INFO shows the output alone")


def try_state(machine: StateMachine, options: Namespace, variables: Mapping[str, Any]) -> StateTest:
    """Try the state that a line names; raises Usage, and what `machine.test_state` raises."""

    def given(text: str | None) -> Any:
        return None if text is None else read_input(text, variables).payload.value

    return machine.test_state(
        options.state,
        given(options.input),
        variables=given(options.variables),
        context=given(options.context),
        mock=_mock(options, variables),
        inspection=options.inspect,
        retry_count=options.retries,
        failed_iterations=options.failed,
    )


def _mock(options: Namespace, variables: Mapping[str, Any]) -> Any:
    """A variable may hold a function, a Return or a Throw; other text is a value, so that null is one."""
    text: str | None = options.mock
    if options.throw is not None:
        if text is not None:
            raise Usage("%asl test: --mock and --throw exclude each other")
        return Throw(options.throw, options.cause)
    if options.cause is not None:
        raise Usage("%asl test: --cause belongs to --throw")
    if text is None or text == "auto":
        return text
    held = variables.get(text)
    if callable(held) or isinstance(held, Return | Throw):
        return held
    return Return(read_input(text, variables).payload.value)
