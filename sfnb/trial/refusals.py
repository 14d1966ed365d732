"""How a test of a state is refused: exceptions called as AWS's errors, with AWS's messages.

Source: AWS recordings of TestState. Where nothing was recorded, the words are modelled on those that
were; AWS's guide tells only that the call is refused.
"""

from __future__ import annotations

from sfnb.errors import SfnbError

WITHOUT_MOCK = "TestState does not support {} when a mock is not specified."
"""Recorded for MapIterationFailureCount."""

NEEDS_MOCK = (
    "TestState API does not support Map or Parallel states. Supported state types include: "
    "[Task, Wait, Pass, Succeed, Fail, Choice]"
)
NEEDS_ROLE = "RoleArn must be specified when testing a Task state"
UNMOCKABLE = "State type '{}' is not supported when a mock is specified"
TWO_MOCKS = "A test mock should have only one of the following fields: [result, errorOutput]."
NO_STATE = "State not found in definition"
NO_ARRAY = "Mocked result must be an array."
TOO_MANY_FAILURES = "Map iteration failure count must be less than or equal to the number of Map iterations"
BAD_CONTEXT = "Invalid Context object provided: {}"


class ValidationException(SfnbError):
    """The parameters of a call do not fit each other, or what they are about. reason: AWS's word for it."""

    def __init__(self, message: str, reason: str | None = None) -> None:
        super().__init__(message)
        self.reason = reason


class InvalidDefinition(SfnbError):
    """The definition is no valid state machine, or no state that can be tested so."""
