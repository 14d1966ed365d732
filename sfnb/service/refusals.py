"""What the service refuses; each class is called as AWS's error."""

from __future__ import annotations

from collections.abc import Mapping

from sfnb.errors import InvalidInput, SfnbError


class ExecutionDoesNotExist(SfnbError):
    """No execution has this ARN."""


class ExecutionNotResumable(SfnbError):
    """There is nothing to go on with: it has ended, or it is under way."""


class ExecutionNotRedrivable(SfnbError):
    """It has not failed, or not in a way, or not lately enough, to be redriven."""


class TasksMissing(SfnbError):
    """An execution cannot go on before these functions are there.

    tasks: by the state that needs each, what the function has to be called.
    """

    def __init__(self, execution: str, tasks: Mapping[str, str]) -> None:
        self.execution = execution
        self.tasks = dict(tasks)
        needs = ", ".join(f"{name} (state '{state}')" for state, name in self.tasks.items())
        super().__init__(f"{execution} waits for functions that are not defined yet: {needs}")


class StateMachineDoesNotExist(SfnbError):
    """No state machine has this ARN."""


class StateMachineAlreadyExists(SfnbError):
    """The name is that of another state machine."""


class StateMachineDeleting(SfnbError):
    """The state machine goes as soon as the last of its executions has ended."""


class InvalidLoggingConfiguration(SfnbError):
    """Where logs go is not said, or said more than once."""


class InvalidTracingConfiguration(SfnbError):
    """Whether to trace is not said."""


class InvalidEncryptionConfiguration(SfnbError):
    """A key of one's own is to be used, and none is named; or the other way round."""


class MissingRequiredParameter(SfnbError):
    """A change that changes nothing."""


class ConflictException(SfnbError):
    """What is asked for does not go with what there is."""


class ServiceQuotaExceededException(SfnbError):
    """There are as many as there may be."""


class TooManyTags(SfnbError):
    """More than fifty."""


class ActivityAlreadyExists(SfnbError):
    """The name is that of an activity that is encrypted otherwise."""


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
