"""Pass: hand the input on, or something made of it."""

from __future__ import annotations

from typing import Annotated

from sfnb.asl.state import State, Transition
from sfnb.asl.vocabulary import AnyJson, Spelled
from sfnb.query.scope import Scope
from sfnb.values import Payload


class Pass(State, frozen=True, kw_only=True):
    """Do no work.

    result: stands for the work's result as it is; a key that ends in `.$` is not filled.
    Source: Amazon States Language, "Pass State".
    """

    stages = {
        "JSONPath": ("InputPath", "Parameters", "ResultPath", "OutputPath", "Assign"),
        "JSONata": ("Output", "Assign"),
    }

    result: Annotated[Payload | None, AnyJson(), Spelled(jsonpath="Result")] = None

    async def run(self, scope: Scope, payload: Payload) -> Transition:
        return Transition(payload if self.result is None else self.result, self.next)
