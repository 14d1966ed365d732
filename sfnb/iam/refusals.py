"""How a call fails that a role has no right to, each service in its own words.

Seen on AWS: the failures of Lambda, of a role that may not be taken on, of an HTTP Task's credentials, and
the cause of one without the right to its endpoint (under which name it fails there is not known). The others
are put together from the services' own texts and from how Step Functions names an error that a service's
model does not have. A rule of EventBridge that may not be made is refused on AWS when the machine is created,
with these words; here the call fails, since a role may be given to a machine that is there.
Source: AWS recordings, credentials; public reports of executions that failed so.
"""

from __future__ import annotations

import functools
import json
from typing import NamedTuple

from sfnb.aws_names import BOTOCORE_NAMES, exception_name, pascal_case
from sfnb.errors import StatesError
from sfnb.iam.evaluate import Decision
from sfnb.iam.needed import Need

TASK_FAILED = "States.TaskFailed"
CONNECTION_DENIED = "Events.ConnectionResource.AccessDenied"
INVOKE_ENDPOINT = "states:InvokeHTTPEndpoint"


class Caller(NamedTuple):
    """Who calls. role: its ARN. session: the name of the session in which it is taken on."""

    role: str
    session: str
    request_id: str

    @property
    def user(self) -> str:
        """The ARN that a service knows it by."""
        account, name = self.role.split(":")[4], self.role.rpartition("/")[2]
        return f"arn:{self.role.split(':')[1]}:sts::{account}:assumed-role/{name}/{self.session}"


class Words(NamedTuple):
    """Of a service: the error's name, the service's in causes, the status and the code of the refusal."""

    error: str
    label: str
    status: int = 400
    code: str = "AccessDeniedException"


OPTIMIZED = {
    "athena": Words("Athena.AmazonAthenaException", "AmazonAthena"),
    "batch": Words("Batch.AWSBatchException", "AWSBatch", 403),
    "bedrock": Words("Bedrock.AccessDeniedException", "AmazonBedrock", 403),
    "bedrock:invokeModel": Words("Bedrock.AccessDeniedException", "AmazonBedrockRuntime", 403),
    "bedrockagentcore": Words("BedrockAgentCore.AccessDeniedException", "AmazonBedrockAgentCore", 403),
    "codebuild": Words("CodeBuild.AWSCodeBuildException", "AWSCodeBuild"),
    "databrew": Words("DataBrew.AccessDeniedException", "AWSGlueDataBrew", 403),
    "dynamodb": Words("DynamoDB.AmazonDynamoDBException", "AmazonDynamoDBv2"),
    "ecs": Words("ECS.AccessDeniedException", "AmazonECS"),
    "eks": Words("EKS.AmazonEKSException", "AmazonEKS", 403),
    "elasticmapreduce": Words("ElasticMapReduce.AmazonElasticMapReduceException", "AmazonElasticMapReduce"),
    "emr-containers": Words("EMRContainers.AmazonEMRContainersException", "AmazonEMRContainers", 403),
    "emr-serverless": Words("EMRServerless.AWSEMRServerlessException", "AWSEMRServerless", 403),
    "events": Words("EventBridge.AmazonEventBridgeException", "AmazonEventBridge"),
    "glue": Words("Glue.AccessDeniedException", "AWSGlue"),
    "lambda": Words("Lambda.AWSLambdaException", "AWSLambda", 403),
    "mediaconvert": Words("MediaConvert.AWSMediaConvertException", "AWSMediaConvert", 403),
    "sagemaker": Words("SageMaker.AmazonSageMakerException", "AmazonSageMaker"),
    "sns": Words("SNS.AuthorizationErrorException", "AmazonSNS", 403, "AuthorizationError"),
    "sqs": Words("SQS.AmazonSQSException", "AmazonSQS", 403, "AccessDenied"),
    "states": Words("StepFunctions.AWSStepFunctionsException", "AWSStepFunctions"),
}

"""By service, or by service and action."""

SPELLED = {"sns": lambda action: action.replace("sns:", "SNS:"), "sqs": str.lower}
"""Services whose refusals spell the action as they do themselves."""


def assume_refused(role: str, target: str) -> StatesError:
    """A role that may not take on another, by its own policies or by the other's trust policy."""
    cause = f"The role {role} is not authorized to assume the task state's role, {target}."
    return StatesError(TASK_FAILED, cause)


def refused(resource: str, need: Need, decision: Decision, caller: Caller) -> StatesError:
    """The failure of a Task with this Resource."""
    if need.phase == "rule":
        return StatesError(TASK_FAILED, f"'{caller.role}' is not authorized to create managed-rule.")
    parts = resource.split(":")
    if len(parts) < 7 or parts[2] != "states":
        return _of_service(OPTIMIZED["lambda"], "lambda", need, decision, caller)
    service = parts[5]
    if service == "aws-sdk":
        return _of_sdk(parts[6], need, decision, caller)
    if service == "apigateway":
        body = {"Message": message(service, need, decision, caller)}
        return StatesError("ApiGateway.403", json.dumps(body, separators=(",", ":")))
    action = parts[6].partition(".")[0]
    if service == "http":
        return _of_endpoint(need, decision, caller)
    words = OPTIMIZED.get(f"{service}:{action}") or OPTIMIZED.get(service)
    if words is None:
        return StatesError(TASK_FAILED, message(service, need, decision, caller))
    return _of_service(words, service, need, decision, caller)


def denied(need: Need, decision: Decision, caller: Caller) -> StatesError:
    """What the service of an action answers that a Distributed Map asks for: S3, or Step Functions itself.

    S3's is named as in its answer, for it to be the Cause of the reader's or writer's failure. How AWS names
    the failure of a map run that may not start its children is not known: here it is as that of a Task that
    may not start an execution, which is the same request.
    """
    if need.action.startswith("s3:"):
        return StatesError("AccessDenied", message("s3", need, decision, caller))
    return _of_service(OPTIMIZED["states"], "states", need, decision, caller)


def _of_service(words: Words, service: str, need: Need, decision: Decision, caller: Caller) -> StatesError:
    """As the AWS SDK for Java 1 words it."""
    return StatesError(
        words.error,
        f"{message(service, need, decision, caller)} (Service: {words.label}; Status Code: {words.status}; "
        f"Error Code: {words.code}; Request ID: {caller.request_id}; Proxy: null)",
    )


def _of_sdk(service: str, need: Need, decision: Decision, caller: Caller) -> StatesError:
    """As the AWS SDK for Java 2 words it."""
    prefix, models_it, status = sdk_words(service.lower())
    error = exception_name("AccessDenied") if models_it else f"{prefix}Exception"
    if service == "sns":
        error, status = "AuthorizationErrorException", 403
    return StatesError(
        f"{prefix}.{error}",
        f"{message(service, need, decision, caller)} (Service: {prefix}, Status Code: {status}, "
        f"Request ID: {caller.request_id})",
    )


def _of_endpoint(need: Need, decision: Decision, caller: Caller) -> StatesError:
    """An HTTP Task: it may not call the endpoint, or not have the connection's credentials."""
    if need.action != INVOKE_ENDPOINT:
        return StatesError(CONNECTION_DENIED, message("http", need, decision, caller))
    endpoint = dict(need.context).get("states:HTTPEndpoint", "")
    return StatesError(
        TASK_FAILED,
        f"AWS Step Functions is not authorized to perform {INVOKE_ENDPOINT} on API Endpoint {endpoint}. "
        f"Ensure that the StateMachine role contains the {INVOKE_ENDPOINT} permission for the given API "
        "Endpoint",
    )


@functools.cache
def sdk_words(service: str) -> tuple[str, bool, int]:
    """A service's name in errors, whether its model has AccessDeniedException, and the status of a refusal.

    Services whose errors are told in JSON refuse with 400 (`AWS JSON`), others with 403.
    """
    try:
        import botocore.session
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return pascal_case(service.capitalize()), False, 400
    session = botocore.session.get_session()
    name = BOTOCORE_NAMES.get(service)
    known = session.get_available_services()
    name = name or next((each for each in known if each.replace("-", "") == service), service)
    try:
        model = session.get_service_model(name)
    except BotoCoreError:
        return pascal_case(service.capitalize()), False, 400
    has_shape = any(shape.name == "AccessDeniedException" for shape in model.error_shapes)
    status = 400 if model.metadata.get("protocol") == "json" else 403
    return pascal_case(model.metadata["serviceId"]), has_shape, status


def message(service: str, need: Need, decision: Decision, caller: Caller) -> str:
    """`User: ... is not authorized to perform: sqs:SendMessage on resource: ... because ...`"""
    spell = SPELLED.get(service, str)
    action = spell(need.action)
    resource = f'"{need.resource}"' if need.action.startswith("s3:") else need.resource
    why = (
        "with an explicit deny in an identity-based policy"
        if decision.explicit
        else f"because no identity-based policy allows the {action} action"
    )
    return f"User: {caller.user} is not authorized to perform: {action} on resource: {resource} {why}"
