"""Executions by the ARNs that AWS takes."""

from __future__ import annotations

from sfnb.service import Live, StepFunctions
from sfnb.service.arns import checked


def execution(service: StepFunctions, arn: str, *, express: bool = True) -> Live:
    """A STANDARD execution, or the child of a map run.

    express: an EXPRESS child is meant as well.
    Raises InvalidArn, also for an EXPRESS execution that nobody keeps on AWS; ExecutionDoesNotExist.
    """
    is_child = "/" in arn
    checked(arn, *(("execution", "express") if is_child and express else ("execution",)))
    return service.execution(arn)
