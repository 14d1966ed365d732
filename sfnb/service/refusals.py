"""What the service refuses; each class is called as AWS's error."""

from __future__ import annotations

from sfnb.errors import InvalidInput, SfnbError


class ExecutionDoesNotExist(SfnbError):
    """No execution has this ARN."""


class ExecutionNotResumable(SfnbError):
    """There is nothing to go on with: it has ended, or it is under way."""


class StateMachineDoesNotExist(SfnbError):
    """No state machine has this ARN."""


class ExecutionAlreadyExists(InvalidInput):
    """The name is that of another execution of the machine."""


class InvalidExecutionInput(InvalidInput):
    """A text that is no JSON."""


class StateMachineTypeNotSupported(SfnbError):
    """What is asked for is not to be had of a machine of this type."""


class ServiceClosed(SfnbError):
    """Nothing is started after `close`."""


class InvalidName(SfnbError):
    """A name that AWS would not take."""
