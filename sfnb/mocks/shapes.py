"""The shapes of AWS answers, from the models that botocore brings along."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from sfnb.aws_names import BOTOCORE_NAMES, member_name
from sfnb.errors import SfnbError

Spell = Callable[[str], str]

JOBS: dict[tuple[str, str], tuple[str, str, str | None]] = {
    ("batch", "submitJob"): ("batch", "DescribeJobs", "jobs"),
    ("ecs", "runTask"): ("ecs", "DescribeTasks", "tasks"),
    ("glue", "startJobRun"): ("glue", "GetJobRun", "JobRun"),
    ("databrew", "startJobRun"): ("databrew", "DescribeJobRun", None),
    ("athena", "startQueryExecution"): ("athena", "GetQueryExecution", None),
    ("codebuild", "startBuild"): ("codebuild", "BatchGetBuilds", None),
    ("codebuild", "startBuildBatch"): ("codebuild", "BatchGetBuildBatches", None),
    ("codebuild", "retryBuildBatch"): ("codebuild", "BatchGetBuildBatches", None),
    ("sagemaker", "createTrainingJob"): ("sagemaker", "DescribeTrainingJob", None),
    ("sagemaker", "createTransformJob"): ("sagemaker", "DescribeTransformJob", None),
    ("sagemaker", "createProcessingJob"): ("sagemaker", "DescribeProcessingJob", None),
    ("sagemaker", "createLabelingJob"): ("sagemaker", "DescribeLabelingJob", None),
    ("sagemaker", "createHyperParameterTuningJob"): ("sagemaker", "DescribeHyperParameterTuningJob", None),
    ("elasticmapreduce", "createCluster"): ("emr", "DescribeCluster", None),
    ("elasticmapreduce", "terminateCluster"): ("emr", "DescribeCluster", None),
    ("elasticmapreduce", "addStep"): ("emr", "DescribeStep", None),
    ("emr-containers", "startJobRun"): ("emr-containers", "DescribeJobRun", None),
    ("emr-containers", "deleteVirtualCluster"): ("emr-containers", "DescribeVirtualCluster", None),
    ("emr-serverless", "createApplication"): ("emr-serverless", "GetApplication", None),
    ("emr-serverless", "startApplication"): ("emr-serverless", "GetApplication", None),
    ("emr-serverless", "stopApplication"): ("emr-serverless", "GetApplication", None),
    ("emr-serverless", "startJobRun"): ("emr-serverless", "GetJobRun", None),
    ("emr-serverless", "cancelJobRun"): ("emr-serverless", "GetJobRun", None),
    ("eks", "createCluster"): ("eks", "DescribeCluster", None),
    ("eks", "deleteCluster"): ("eks", "DescribeCluster", None),
    ("eks", "createNodegroup"): ("eks", "DescribeNodegroup", None),
    ("eks", "deleteNodegroup"): ("eks", "DescribeNodegroup", None),
    ("eks", "createFargateProfile"): ("eks", "DescribeFargateProfile", None),
    ("eks", "deleteFargateProfile"): ("eks", "DescribeFargateProfile", None),
    ("bedrock", "createModelCustomizationJob"): ("bedrock", "GetModelCustomizationJob", None),
    ("mediaconvert", "createJob"): ("mediaconvert", "GetJob", None),
    ("states", "startExecution"): ("stepfunctions", "DescribeExecution", None),
}
"""For `.sync`: the service and operation that tells how the job went, and the member of its answer (or
the first element of it) that is the state's result, None for the whole."""

ACTIONS = {
    ("elasticmapreduce", "createCluster"): "RunJobFlow",
    ("elasticmapreduce", "terminateCluster"): "TerminateJobFlows",
    ("elasticmapreduce", "addStep"): "AddJobFlowSteps",
    ("elasticmapreduce", "cancelStep"): "CancelSteps",
    ("elasticmapreduce", "setClusterTerminationProtection"): "SetTerminationProtection",
    ("elasticmapreduce", "modifyInstanceFleetByName"): "ModifyInstanceFleet",
    ("elasticmapreduce", "modifyInstanceGroupByName"): "ModifyInstanceGroups",
}
"""Optimized actions that are called something else in the service."""

SERVICES = {
    **BOTOCORE_NAMES,
    "bedrockagentcore": "bedrock-agentcore",
    "elasticmapreduce": "emr",
    "states": "stepfunctions",
}
"""Services of Step Functions whose name is not botocore's without its hyphens."""


class NoModels(SfnbError):
    """botocore is not installed."""


@cache
def _session() -> Any:
    try:
        import botocore.session
    except ImportError:
        raise NoModels(
            'Automatic mocks need the AWS service models of botocore: pip install "sfnb[aws]"'
        ) from None
    return botocore.session.get_session()


def check_models() -> None:
    """Raises NoModels where botocore is not installed."""
    _session()


@cache
def _services() -> dict[str, str]:
    return {name.replace("-", ""): name for name in _session().get_available_services()}


def service_name(kind: str) -> str | None:
    """What botocore calls a service of Step Functions: "aws-sdk:sfn", "states", "bedrock".

    None where it has none of that name.
    """
    plain = kind.removeprefix("aws-sdk:").lower()
    return _services().get(SERVICES.get(plain, plain).replace("-", ""))


def output_shape(kind: str, action: str, suffix: str = "", *, unwrapped: bool = True) -> Any:
    """botocore's shape of an answer; None where there is no such operation, or it answers nothing.

    kind, action: "dynamodb", "getItem"; "aws-sdk:s3", "listBuckets". suffix: "sync", "sync:2" or "".
    unwrapped: of a job's answer, only what the state's result is made of.
    """
    if suffix.startswith("sync") and (kind, action) in JOBS:
        service, operation, inner = JOBS[kind, action]
        shape = _operation(service, operation)
        if inner is not None and unwrapped and shape is not None:
            shape = shape.members[inner]
            shape = getattr(shape, "member", shape)
        return shape
    if (kind, action) == ("bedrock", "invokeModel"):
        kind = "bedrock-runtime"
    name = service_name(kind)
    operation = ACTIONS.get((kind, action), action[:1].upper() + action[1:])
    return None if name is None else _operation(name, operation)


def input_shape(kind: str, action: str) -> Any:
    """botocore's shape of what an action is asked with; None where there is none. kind, action: as above."""
    name = service_name(kind)
    model = None if name is None else _model(name, action)
    return None if model is None else model.input_shape


def service_names() -> list[str]:
    """The services that there are, without their hyphens."""
    return list(_services())


def operations(service: str) -> list[str]:
    """What a service can be asked, in the model's spelling. service: botocore's name."""
    return list(_session().get_service_model(service).operation_names)


def _operation(service: str, operation: str) -> Any:
    model = _model(service, operation)
    return None if model is None else model.output_shape


@cache
def _model(service: str, operation: str) -> Any:
    model = _session().get_service_model(service)
    known = {name.lower(): name for name in model.operation_names}
    name = known.get(operation.lower())
    return None if name is None else model.operation_model(name)


def spelling(kind: str) -> Spell:
    """How the members of a service's answers are spelt: of `aws-sdk:` as in the AWS SDK for Java 2, of an
    optimized integration as in the service's model, both with a capital.

    >>> spelling("sqs")("MD5OfMessageBody"), spelling("aws-sdk:sqs")("MD5OfMessageBody")
    ('MD5OfMessageBody', 'Md5OfMessageBody')
    """
    return member_name if kind.startswith("aws-sdk:") else capital


def capital(name: str) -> str:
    return name[:1].upper() + name[1:]
