"""Parallel: several things at once."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from sfnb.asl.commands import RunBranches
from sfnb.asl.machine import Definition
from sfnb.asl.state import WORK_STAGES, State, Transition
from sfnb.errors import PathStep
from sfnb.query.scope import Scope
from sfnb.values import Payload


class Parallel(State, frozen=True, kw_only=True):
    """Run every branch on the same input; the result is the list of their outputs.

    Source: Amazon States Language, "Parallel State".
    """

    stages = WORK_STAGES
    recovers = True

    branches: Annotated[tuple[Definition, ...], Meta(min_length=1)]

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        outputs = await RunBranches(branches=self.branches, input=payload)
        return Transition(joined(outputs), self.next)

    def parts(self) -> tuple[tuple[str, Definition, tuple[PathStep, ...]], ...]:
        return tuple(
            (f"Branch {index + 1}", branch, ("Branches", index)) for index, branch in enumerate(self.branches)
        )


def joined(outputs: list[Payload]) -> Payload:
    """The list of several outputs, each with the white space it came with, as AWS joins them."""
    text = "[" + ",".join([output.text for output in outputs]) + "]"
    return Payload([output.value for output in outputs], text)
