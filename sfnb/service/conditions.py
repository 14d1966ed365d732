"""What has to hold of a state machine and its settings before it is changed."""

from __future__ import annotations

from sfnb.service.records import Encryption, Holding, Settings
from sfnb.service.refusals import (
    InvalidEncryptionConfiguration,
    InvalidLoggingConfiguration,
    StateMachineDeleting,
)
from sfnb.trial.refusals import ValidationException

UNPUBLISHED_DESCRIPTION = "Version description can only be set when publish is true"
NO_DESTINATION = "Invalid Logging Configuration: Must specify exactly one Log Destination."
NO_LOG_GROUP = (
    "Invalid Logging Configuration: Log Destination must be the ARN of a log group and end with ':*'."
)


def check_there(holding: Holding) -> None:
    """Raises StateMachineDeleting."""
    if holding.deleting:
        raise StateMachineDeleting(f"State Machine is being deleted: '{holding.record.arn}'")


def check_description(publish: bool, description: str | None) -> None:
    if description is not None and not publish:
        raise ValidationException(UNPUBLISHED_DESCRIPTION)


def check_settings(settings: Settings) -> None:
    """Raises InvalidLoggingConfiguration, InvalidEncryptionConfiguration.

    Logs that go nowhere may not be asked for; off, they may be sent somewhere (AWS recordings, api/logs).
    """
    groups = settings.logging.log_groups
    if len(groups) > 1 or (settings.logging.level != "OFF" and not groups):
        raise InvalidLoggingConfiguration(NO_DESTINATION)
    if not all(group.startswith("arn:") and group.endswith(":*") for group in groups):
        raise InvalidLoggingConfiguration(NO_LOG_GROUP)
    check_encryption(settings.encryption)


def check_encryption(encryption: Encryption) -> None:
    """Raises InvalidEncryptionConfiguration."""
    if not encryption.is_whole:
        raise InvalidEncryptionConfiguration(
            "Invalid Encryption Configuration: 'kmsKeyId goes with CUSTOMER_MANAGED_KMS_KEY'"
        )
