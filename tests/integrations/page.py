"""docs/integrations.md, made of the tables that the integrations are.

`python -m tests.integrations.page` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from sfnb.asl.resources import OPTIMIZED
from sfnb.engine.ports import Integration
from sfnb.integrations import INTEGRATIONS
from sfnb.integrations.ecs import exited
from sfnb.integrations.eks import JOB as KUBERNETES_JOB
from sfnb.integrations.eks import finished
from sfnb.integrations.jobs import Ends, Job
from sfnb.integrations.optimized import Optimized
from sfnb.integrations.service_action import ServiceAction

PAGE = Path(__file__).parents[2] / "docs" / "integrations.md"

INTRODUCTION = """\
# Integrations

Every optimized integration of AWS Step Functions, as sfnb has it. Besides these there are:

- `arn:aws:lambda:...` and plain names: a Python function, else Lambda's Invoke;
- `arn:aws:states:::aws-sdk:SERVICE:ACTION`, with `.waitForTaskToken`: every action of every service that
  botocore has a model of, errors named as the AWS SDK for Java 2 names them;
- activities.

A Python function under the action's name, as with `@sfnb.task("sqs:sendMessage")`, stands before each of
them. Where none does, the service is called through boto3, at the place that `%asl aws` names; without one
the task fails and says what to do.

- **patterns**: ✓ is request and response, `.sync` waits for the job, `callback` is `.waitForTaskToken`.
- **errors**: the prefix of their names, as in `DynamoDB.ConditionalCheckFailedException`.
- **`.sync` asks**: the operation that tells of the job, on the execution's clock: first after 1 s, then ever
  more seldom, at last each minute.
- **until**: what ends the wait well; then what fails the task, with `States.TaskFailed` and the job as its
  Cause.
- **stopped by**: the operation that ends the job when its execution is stopped, its time is up or a sibling
  fails; –: it goes on, as on AWS.
- **tested on**: what stands for the service in the tests.
"""

ENDING = """
This page is written by `python -m tests.integrations.page`, from the tables in `sfnb/integrations`.
"""

PREFIXES = {
    "apigateway:invoke": "ApiGateway.STATUS",
    "eks:call": "EKS.STATUS",
    "eks:runJob": "EKS.STATUS",
    "http:invoke": "States.Http.StatusCode.STATUS",
    "lambda:invoke": "Lambda",
    "states:startExecution": "StepFunctions",
}
"""Of those that do not name errors after a service's model."""

ENDS: dict[object, str] = {
    exited: "`STOPPED`, each exit code 0; else any end",
    finished: "`Complete`; `Failed`",
}
"""What ends a job where that is not a status alone."""

TOLD = "answers of a test"
TESTED = {
    "apigateway:invoke": "a web server",
    "http:invoke": "a web server",
    "eks:call": "a web server",
    "eks:runJob": "a web server",
    "lambda:invoke": "a server that speaks Invoke",
    "states:startExecution": "this process",
    **dict.fromkeys(
        (
            "athena:startQueryExecution",
            "batch:submitJob",
            "codebuild:startBuild",
            "dynamodb:deleteItem",
            "dynamodb:getItem",
            "dynamodb:putItem",
            "dynamodb:updateItem",
            "ecs:runTask",
            "eks:createCluster",
            "eks:createNodegroup",
            "eks:deleteCluster",
            "eks:deleteNodegroup",
            "elasticmapreduce:addStep",
            "elasticmapreduce:cancelStep",
            "elasticmapreduce:createCluster",
            "elasticmapreduce:modifyInstanceGroupByName",
            "elasticmapreduce:terminateCluster",
            "emr-serverless:createApplication",
            "emr-serverless:deleteApplication",
            "emr-serverless:startApplication",
            "emr-serverless:stopApplication",
            "events:putEvents",
            "glue:startJobRun",
            "sagemaker:createEndpoint",
            "sagemaker:createTrainingJob",
            "sns:publish",
            "sqs:sendMessage",
        ),
        "moto",
    ),
}
"""What stands for the service where an action is tested; for all others, answers that a test gives."""


def page() -> str:
    return "\n".join((INTRODUCTION, *table(), ENDING))


def table() -> Iterator[str]:
    yield _row(
        ["service", "action", "patterns", "errors", "`.sync` asks", "until", "stopped by", "tested on"]
    )
    yield _row(["---"] * 8)
    for service, actions in OPTIMIZED.items():
        for number, (action, ways) in enumerate(actions.items()):
            name = f"{service}:{action}"
            yield _row(
                [
                    f"**{service}**" if number == 0 else "",
                    f"`{action}`",
                    _patterns(name, ways),
                    _prefix(name),
                    *_job(name),
                    TESTED.get(name, TOLD),
                ]
            )


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _patterns(name: str, ways: str) -> str:
    sync = "`.sync` `.sync:2`" if name.startswith("states:") else "`.sync`"
    words = {"job": sync, "token": "callback"}
    return " ".join(["✓", *(words[way] for way in ways.split())])


def _prefix(name: str) -> str:
    integration: Integration = INTEGRATIONS[name]
    return f"`{integration.prefix if isinstance(integration, Optimized) else PREFIXES[name]}`"


def _job(name: str) -> list[str]:
    """What tells of the end, what it is, and what stops it."""
    if name == "states:startExecution":
        return ["the execution itself", "`SUCCEEDED`; else any end", "`StopExecution`"]
    if name == "eks:runJob":
        return ["the Kubernetes Job", *_ends(KUBERNETES_JOB)]
    integration = INTEGRATIONS[name]
    job = integration.action.job if isinstance(integration, ServiceAction) else None
    if job is None:
        return ["", "", ""]
    return [f"`{job.describe.operation}`", *_ends(job)]


def _ends(job: Job) -> list[str]:
    stops = "–" if job.cancel is None else f"`{job.cancel.operation}`"
    if not isinstance(job.ends, Ends):
        return [ENDS[job.ends], stops]
    good = f"`{job.gone}`" if job.gone is not None else _names(job.ends.good)
    bad = f"; {_names(job.ends.bad)}" if job.ends.bad else ""
    return [good + bad, stops]


def _names(statuses: frozenset[str]) -> str:
    return " ".join(f"`{status}`" for status in sorted(statuses))


if __name__ == "__main__":
    PAGE.write_text(page())
