"""Succeed: end well."""

from __future__ import annotations

from sfnb.asl.state import State, Transition
from sfnb.query.scope import Scope
from sfnb.values import Payload


class Succeed(State, frozen=True, kw_only=True):
    """End the machine, the branch or the iteration with the input as its output.

    Source: Amazon States Language, "Succeed State".
    """

    stages = {"JSONPath": ("InputPath", "OutputPath"), "JSONata": ("Output",)}
    transitions = False

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        return Transition(payload, None)
