"""Which Resources there are: the optimized integrations, SDK calls, functions and activities.

Source: AWS guide, "Integrating optimized services", "Service integration patterns"; AWS recordings.
"""

from __future__ import annotations

import re

from sfnb.asl.ways import did_you_mean, nearest

UNRECOGNIZED = (
    "The resource provided {resource} is not recognized. The value is not a valid resource ARN, "
    "or the resource is not available in this region."
)

OPTIMIZED: dict[str, dict[str, str]] = {
    "apigateway": {"invoke": "token"},
    "athena": {
        "startQueryExecution": "job",
        "stopQueryExecution": "",
        "getQueryExecution": "",
        "getQueryResults": "",
    },
    "batch": {"submitJob": "job"},
    "bedrock": {"invokeModel": "token", "createModelCustomizationJob": "job token"},
    "bedrockagentcore": {"invokeHarness": ""},
    "codebuild": {
        "startBuild": "job",
        "startBuildBatch": "job",
        "retryBuildBatch": "job",
        "stopBuild": "",
        "stopBuildBatch": "",
        "batchDeleteBuilds": "",
        "deleteBuildBatch": "",
        "batchGetReports": "",
    },
    "databrew": {"startJobRun": "job"},
    "dynamodb": {"getItem": "", "putItem": "", "updateItem": "", "deleteItem": ""},
    "ecs": {"runTask": "job token"},
    "eks": {
        "createCluster": "job token",
        "deleteCluster": "job token",
        "createNodegroup": "job token",
        "deleteNodegroup": "job token",
        "createFargateProfile": "job token",
        "deleteFargateProfile": "job token",
        "runJob": "job token",
        "call": "token",
    },
    "elasticmapreduce": {
        "createCluster": "job",
        "terminateCluster": "job",
        "addStep": "job",
        "cancelStep": "",
        "setClusterTerminationProtection": "",
        "modifyInstanceFleetByName": "",
        "modifyInstanceGroupByName": "",
    },
    "emr-containers": {"createVirtualCluster": "", "deleteVirtualCluster": "job", "startJobRun": "job"},
    "emr-serverless": {
        "createApplication": "job",
        "startApplication": "job",
        "stopApplication": "job",
        "deleteApplication": "job",
        "startJobRun": "job",
        "cancelJobRun": "job",
    },
    "events": {"putEvents": "token"},
    "glue": {"startJobRun": "job"},
    "http": {"invoke": ""},
    "lambda": {"invoke": "token"},
    "mediaconvert": {"createJob": "job"},
    "sagemaker": {
        "createTrainingJob": "job",
        "createTransformJob": "job",
        "createProcessingJob": "job",
        "createHyperParameterTuningJob": "job",
        "createLabelingJob": "job",
        "createModel": "",
        "createEndpointConfig": "",
        "createEndpoint": "",
        "updateEndpoint": "",
    },
    "sns": {"publish": "token"},
    "sqs": {"sendMessage": "token"},
    "states": {"startExecution": "job token"},
}
"""By service and action: whether a job can be waited for (`.sync`), and a callback (`.waitForTaskToken`)."""

_PLACEHOLDER = re.compile(r"\$\{[^}]*\}")
_UNKNOWN = "\0"


def recognized(resource: str) -> bool:
    """Whether AWS would know the Resource of a Task.

    A plain name is the name of a function of ours; `${...}` stands for what a deployment fills in.

    >>> recognized("arn:aws:states:::dynamodb:putItem"), recognized("arn:aws:states:::dynamodb:query")
    (True, False)
    """
    parts = _parts(resource)
    if parts[0] != "arn" or len(parts) < 6:
        return bool(resource.strip()) and (parts[0] != "arn" or "${" in resource)
    service = parts[2]
    if _UNKNOWN in service or service == "lambda":
        return True
    if service != "states":
        return False
    return parts[5] == "activity" or _known_action(parts[5:])


def resource_hint(resource: str) -> str | None:
    """What was probably meant by a Resource that is not `recognized`; None where nobody can know.

    >>> resource_hint("arn:aws:states:::sqs:sendMesage")
    'did you mean "arn:aws:states:::sqs:sendMessage"?'
    >>> resource_hint("arn:aws:states:::glue:startJobRun.sync:2")
    'did you mean "arn:aws:states:::glue:startJobRun.sync"?'
    """
    parts = resource.split(":")
    if len(parts) < 7 or parts[0] != "arn" or parts[2] != "states" or parts[5] in ("aws-sdk", "activity"):
        return None
    service = nearest(parts[5], OPTIMIZED)
    action, _, ending = ":".join(parts[6:]).partition(".")
    action, *version = action.split(":")
    found = nearest(action, OPTIMIZED[service]) if service else None
    if service is None or found is None:
        return (
            f"'{parts[5]}:{action}' is no optimized integration: any action of a service can be called as "
            '"arn:aws:states:::aws-sdk:SERVICE:ACTION"'
        )
    endings = _endings(service, found)
    ending = ":".join([ending, *version])
    near = nearest(ending, endings) if ending else ""
    if near is None:
        there = ", ".join(f".{each}" for each in endings) or "none"
        return f"'{service}:{found}' has no ending .{ending}: there is {there}"
    prefix = ":".join(parts[:5])
    return did_you_mean(resource, [f"{prefix}:{service}:{found}" + (f".{near}" if near else "")])


def _endings(service: str, action: str) -> list[str]:
    """How an action may wait: `sync`, `waitForTaskToken`."""
    names = {"job": "sync", "token": "waitForTaskToken"}
    endings = [names[way] for way in OPTIMIZED[service][action].split()]
    return [*endings, "sync:2"] if (service, action) == ("states", "startExecution") else endings


def _parts(resource: str) -> list[str]:
    """The parts of an ARN, with a mark in the place of what is filled in later."""
    return _PLACEHOLDER.sub(_UNKNOWN, resource).split(":")


def _known_action(parts: list[str]) -> bool:
    if any(_UNKNOWN in part for part in parts):
        return True
    name, action, *rest = (*parts, "")
    action, _, ending = action.partition(".")
    if name == "aws-sdk":
        last = rest[0] if rest else ""
        return bool(action) and not ending and bool(last) and _sdk_ending(last)
    ways = OPTIMIZED.get(name, {}).get(action)
    version = rest[0] if len(rest) > 1 else ""
    if ways is None:
        return False
    if not ending:
        return not version
    wanted = {"sync": "job", "waitForTaskToken": "token"}.get(ending)
    return wanted in ways.split() and (not version or (name, ending, version) == ("states", "sync", "2"))


def _sdk_ending(action: str) -> bool:
    return action.partition(".")[2] in ("", "waitForTaskToken")


def reads_items(resource: str) -> str | None:
    """The S3 action of an ItemReader or a ResultWriter: `getObject`; "" where it is filled in later, None
    where the Resource is another one.
    """
    parts = _parts(resource)
    if any(_UNKNOWN in part for part in (parts[5:] or parts)):
        return ""
    s3 = len(parts) == 7 and parts[0] == "arn" and parts[2] == "states" and parts[5] == "s3"
    return parts[6] if s3 else None


def beyond_express(resource: str) -> str | None:
    """Why an EXPRESS machine may not have this Resource, in AWS's words; None where it may.

    The words about callbacks end in a blank on AWS too (recordings).
    """
    parts = _parts(resource)
    if len(parts) < 6 or parts[2] != "states":
        return None
    if parts[5] == "activity":
        return "Express state machine does not support Activity ARN"
    action = ":".join(parts[6:])
    if action.endswith((".sync", ".sync:2")):
        return "Express state machine does not support '.sync' service integration"
    if action.endswith(".waitForTaskToken"):
        return "Express state machine does not support '.waitForTaskToken' service integration "
    return None
