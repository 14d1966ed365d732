"""What the server does for each operation of the services that start executions.

`service.triggers` has an object for each, with a method for each operation, called as it in snake_case. It is
given the checked parameters as AWS has them, and answers as AWS does, with moments as datetimes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from sfnb.server.actions import Action
from sfnb.service import StepFunctions

EVENTS = (
    "CancelReplay",
    "CreateArchive",
    "CreateEventBus",
    "DeleteArchive",
    "DeleteEventBus",
    "DeleteRule",
    "DescribeArchive",
    "DescribeEventBus",
    "DescribeReplay",
    "DescribeRule",
    "DisableRule",
    "EnableRule",
    "ListArchives",
    "ListEventBuses",
    "ListReplays",
    "ListRuleNamesByTarget",
    "ListRules",
    "ListTagsForResource",
    "ListTargetsByRule",
    "PutEvents",
    "PutPermission",
    "PutRule",
    "PutTargets",
    "RemovePermission",
    "RemoveTargets",
    "StartReplay",
    "TagResource",
    "TestEventPattern",
    "UntagResource",
    "UpdateArchive",
    "UpdateEventBus",
)

SCHEDULER = (
    "CreateSchedule",
    "CreateScheduleGroup",
    "DeleteSchedule",
    "DeleteScheduleGroup",
    "GetSchedule",
    "GetScheduleGroup",
    "ListScheduleGroups",
    "ListSchedules",
    "ListTagsForResource",
    "TagResource",
    "UntagResource",
    "UpdateSchedule",
)

PIPES = (
    "CreatePipe",
    "DeletePipe",
    "DescribePipe",
    "ListPipes",
    "ListTagsForResource",
    "StartPipe",
    "StopPipe",
    "TagResource",
    "UntagResource",
    "UpdatePipe",
)


def method_name(operation: str) -> str:
    """
    >>> method_name("ListRuleNamesByTarget")
    'list_rule_names_by_target'
    """
    return re.sub(r"(?<!^)(?=[A-Z])", "_", operation).lower()


def _actions(holder: Callable[[Any], Any], operations: tuple[str, ...]) -> Mapping[str, Action]:
    """By operation. holder: gives, of `service.triggers`, the object with the methods."""
    return {operation: _action(holder, method_name(operation)) for operation in operations}


def _action(holder: Callable[[Any], Any], method: str) -> Action:
    def act(service: StepFunctions, params: dict[str, Any]) -> dict[str, Any]:
        triggers: Any = service.triggers
        answer: dict[str, Any] = getattr(holder(triggers), method)(params)
        return answer

    return act


TRIGGER_ACTIONS: Mapping[str, Mapping[str, Action]] = {
    "events": _actions(lambda triggers: triggers.buses, EVENTS),
    "scheduler": _actions(lambda triggers: triggers.scheduler, SCHEDULER),
    "pipes": _actions(lambda triggers: triggers.pipes, PIPES),
}
"""By botocore's name of a service and the operation."""
