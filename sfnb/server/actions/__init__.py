"""What the server does for each operation of the API: one function each.

An action is given the service and the checked parameters as they came, in camelCase, and answers in
camelCase, with moments as datetimes. What it refuses it raises: exceptions that are called as AWS's errors.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sfnb.server.actions import (
    callbacks,
    executions,
    history,
    machines,
    map_runs,
    tags,
    trials,
    versions,
)
from sfnb.service import StepFunctions

Action = Callable[[StepFunctions, dict[str, Any]], dict[str, Any]]

STARTING_ACTIONS: Mapping[
    str, Callable[[StepFunctions, dict[str, Any], Mapping[str, Any]], dict[str, Any]]
] = {
    "StartExecution": executions.start_execution,
    "StartSyncExecution": executions.start_sync_execution,
}
"""Those that begin an execution; given besides, in which manner `StepFunctions.start_execution` is to."""

ACTIONS: Mapping[str, Action] = {
    "CreateActivity": callbacks.create_activity,
    "CreateStateMachine": machines.create_state_machine,
    "CreateStateMachineAlias": versions.create_state_machine_alias,
    "DeleteActivity": callbacks.delete_activity,
    "DeleteStateMachine": machines.delete_state_machine,
    "DeleteStateMachineAlias": versions.delete_state_machine_alias,
    "DeleteStateMachineVersion": versions.delete_state_machine_version,
    "DescribeActivity": callbacks.describe_activity,
    "DescribeExecution": executions.describe_execution,
    "DescribeMapRun": map_runs.describe_map_run,
    "DescribeStateMachine": machines.describe_state_machine,
    "DescribeStateMachineAlias": versions.describe_state_machine_alias,
    "DescribeStateMachineForExecution": machines.describe_state_machine_for_execution,
    "GetActivityTask": callbacks.get_activity_task,
    "GetExecutionHistory": history.get_execution_history,
    "ListActivities": callbacks.list_activities,
    "ListExecutions": executions.list_executions,
    "ListMapRuns": map_runs.list_map_runs,
    "ListStateMachineAliases": versions.list_state_machine_aliases,
    "ListStateMachineVersions": versions.list_state_machine_versions,
    "ListStateMachines": machines.list_state_machines,
    "ListTagsForResource": tags.list_tags_for_resource,
    "PublishStateMachineVersion": versions.publish_state_machine_version,
    "RedriveExecution": executions.redrive_execution,
    "SendTaskFailure": callbacks.send_task_failure,
    "SendTaskHeartbeat": callbacks.send_task_heartbeat,
    "SendTaskSuccess": callbacks.send_task_success,
    "StartExecution": executions.start_execution,
    "StartSyncExecution": executions.start_sync_execution,
    "StopExecution": executions.stop_execution,
    "TagResource": tags.tag_resource,
    "TestState": trials.test_state,
    "UntagResource": tags.untag_resource,
    "UpdateMapRun": map_runs.update_map_run,
    "UpdateStateMachine": machines.update_state_machine,
    "UpdateStateMachineAlias": versions.update_state_machine_alias,
    "ValidateStateMachineDefinition": machines.validate_state_machine_definition,
}
