"""What EventBridge, its Scheduler and its Pipes refuse, called as AWS's errors."""

from __future__ import annotations

from sfnb.errors import SfnbError


class Refusal(SfnbError):
    """A request that is not granted."""


class ValidationException(Refusal):
    """A parameter is not what it has to be."""


class ResourceNotFoundException(Refusal):
    """There is no such bus, rule, archive, schedule."""


class ResourceAlreadyExistsException(Refusal):
    """There is one of this name."""


class ConflictException(Refusal):
    """There is one of this name, or it is being changed."""


class InvalidEventPatternException(Refusal):
    """An event pattern that cannot be read."""


class IllegalStatusException(Refusal):
    """It has ended already."""


class LimitExceededException(Refusal):
    """There are as many as there may be."""


class NotFoundException(Refusal):
    """There is no such pipe."""


class PolicyLengthExceededException(Refusal):
    """The policy of a bus is too long."""
