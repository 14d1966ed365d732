"""What is particular to ecs:runTask.

Source: AWS guide, "Run Amazon ECS or Fargate tasks with Step Functions"; ECS API reference, Task.
"""

from __future__ import annotations

from sfnb.errors import TaskError
from sfnb.values import Json, encode

STARTED_BY = "AWS Step Functions"


def exited(task: Json) -> bool | None:
    """Whether a task has stopped by itself, every container with exit code 0; None while it runs.

    A container without an exit code is one that never ran, or that was stopped with the task.

    >>> exited({"LastStatus": "STOPPED", "Containers": [{"ExitCode": 0}, {"ExitCode": 1}]})
    False
    """
    if not isinstance(task, dict) or task.get("LastStatus") != "STOPPED":
        return None
    if task.get("StopCode") not in (None, "EssentialContainerExited"):
        return False
    containers = task.get("Containers")
    codes = (
        [c.get("ExitCode") for c in containers if isinstance(c, dict)] if isinstance(containers, list) else []
    )
    return all(code in (None, 0) for code in codes)


def not_placed(answer: dict[str, Json]) -> TaskError | None:
    """RunTask answers with 200 where it could not place a task; one that waits fails then."""
    return TaskError("AmazonECS.Unknown", encode(answer)) if answer.get("Failures") else None
