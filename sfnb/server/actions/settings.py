"""What a state machine has besides its definition, on the wire.

Source: AWS API reference, CreateStateMachine.
"""

from __future__ import annotations

from collections.abc import Set
from typing import Any

from sfnb.asl.machine import walk
from sfnb.service.arns import role_arn
from sfnb.service.records import Encryption, Logging, Settings, StateMachineRecord
from sfnb.service.refusals import InvalidTracingConfiguration
from sfnb.values import Json, encode

REUSE_SECONDS = 300
"""How long a data key is used again, where nothing is said. Source: AWS guide, "Data at rest encryption"."""


def settings_of(params: dict[str, Any]) -> Settings:
    return Settings(
        role_arn=role_arn(params["roleArn"]),
        logging=logging_of(params.get("loggingConfiguration")) or Logging(),
        tracing=tracing_of(params.get("tracingConfiguration")) or False,
        encryption=encryption_of(params.get("encryptionConfiguration")) or Encryption(),
    )


def logging_of(given: dict[str, Any] | None) -> Logging | None:
    if given is None:
        return None
    groups = [each.get("cloudWatchLogsLogGroup", {}) for each in given.get("destinations") or ()]
    return Logging(
        level=given.get("level", "OFF"),
        include_data=given.get("includeExecutionData", False),
        log_groups=tuple(group.get("logGroupArn", "") for group in groups),
        names_none=given.get("destinations") == [],
    )


def tracing_of(given: dict[str, Any] | None) -> bool | None:
    """Raises InvalidTracingConfiguration."""
    if given is None:
        return None
    if given.get("enabled") is None:
        raise InvalidTracingConfiguration("Invalid Tracing Configuration: Must specify enabled.")
    return bool(given["enabled"])


def encryption_of(given: dict[str, Any] | None) -> Encryption | None:
    if given is None:
        return None
    own = given["type"] == "CUSTOMER_MANAGED_KMS_KEY"
    return Encryption(
        type=given["type"],
        key_id=given.get("kmsKeyId"),
        reuse_seconds=given.get("kmsDataKeyReusePeriodSeconds") or (REUSE_SECONDS if own else None),
    )


def described(settings: Settings) -> dict[str, Any]:
    """As Describe... answers have it."""
    logging = settings.logging
    logged: dict[str, Any] = {"includeExecutionData": logging.include_data, "level": logging.level}
    if logging.log_groups or logging.names_none:
        groups = [{"cloudWatchLogsLogGroup": {"logGroupArn": arn}} for arn in logging.log_groups]
        logged["destinations"] = groups
    return {
        "roleArn": settings.role_arn,
        "loggingConfiguration": logged,
        "tracingConfiguration": {"enabled": settings.tracing},
        "encryptionConfiguration": encrypted(settings.encryption),
    }


def encrypted(encryption: Encryption) -> dict[str, Any]:
    told = {
        "type": encryption.type,
        "kmsKeyId": encryption.key_id,
        "kmsDataKeyReusePeriodSeconds": encryption.reuse_seconds,
    }
    return {name: value for name, value in told.items() if value is not None}


def definition_text(machine: StateMachineRecord) -> str:
    """The definition as it was given; of YAML, JSON. Of what a map run's children run, that part."""
    source = machine.source
    if "/" in machine.arn:
        part = _with_states(source.tree, machine.definition.states.keys())
        return encode(part)
    return source.resolved_text if source.format == "json" else encode(source.tree)


def _with_states(tree: Json, names: Set[str]) -> Json:
    """The part of a definition whose states these are; a name stands in it once."""
    if isinstance(tree, dict):
        states = tree.get("States")
        if isinstance(states, dict) and states.keys() == names:
            return tree
    inside = tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ()
    return next((part for each in inside if (part := _with_states(each, names)) is not None), None)


def variable_references(machine: StateMachineRecord) -> dict[str, Any]:
    """Which variables each state asks for; only states that do. Nothing where none does."""
    read = {state.name: sorted(state.reads) for state in walk(machine.definition) if state.reads}
    return {"variableReferences": read} if read else {}
