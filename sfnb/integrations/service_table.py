"""The actions of optimized services that boto3 is asked for, a row each.

Prefixes of errors and names in causes are those of the AWS SDK for Java 1.
Source: AWS guide, "Integrating optimized services" and its pages; botocore's models.
"""

from __future__ import annotations

from sfnb.engine.ports import Integration
from sfnb.integrations import ecs
from sfnb.integrations import elasticmapreduce as emr
from sfnb.integrations import service_jobs as jobs
from sfnb.integrations.bedrock import InvokeHarness, InvokeModel
from sfnb.integrations.eks import EksCall, RunJob
from sfnb.integrations.jobs import Given
from sfnb.integrations.service_action import Action, Provider, ServiceAction

ATHENA = Provider(client="athena", prefix="Athena", label="AmazonAthena")
BATCH = Provider(client="batch", prefix="Batch", label="AWSBatch")
BEDROCK = Provider(client="bedrock", prefix="Bedrock", label="AmazonBedrock")
BEDROCK_AGENTCORE = Provider(
    client="bedrock-agentcore", prefix="BedrockAgentCore", label="AmazonBedrockAgentCore"
)
BEDROCK_RUNTIME = Provider(client="bedrock-runtime", prefix="Bedrock", label="AmazonBedrockRuntime")
CODEBUILD = Provider(client="codebuild", prefix="CodeBuild", label="AWSCodeBuild")
DATABREW = Provider(client="databrew", prefix="DataBrew", label="AWSGlueDataBrew")
ECS = Provider(client="ecs", prefix="ECS", label="AmazonECS")
EKS = Provider(client="eks", prefix="EKS", label="AmazonEKS")
EMR = Provider(client="emr", prefix="ElasticMapReduce", label="AmazonElasticMapReduce")
EMR_CONTAINERS = Provider(client="emr-containers", prefix="EMRContainers", label="AmazonEMRContainers")
EMR_SERVERLESS = Provider(client="emr-serverless", prefix="EMRServerless", label="AWSEMRServerless")
GLUE = Provider(client="glue", prefix="Glue", label="AWSGlue")
MEDIACONVERT = Provider(client="mediaconvert", prefix="MediaConvert", label="AWSMediaConvert")
SAGEMAKER = Provider(client="sagemaker", prefix="SageMaker", label="AmazonSageMaker")


def _plain(provider: Provider, *operations: str) -> dict[str, Integration]:
    """Actions that are their operations, and no more, by their names."""
    return {
        name[0].lower() + name[1:]: ServiceAction(provider, Action(operation=name)) for name in operations
    }


def _jobs(provider: Provider, **actions: Action) -> dict[str, Integration]:
    return {name: ServiceAction(provider, action) for name, action in actions.items()}


CLUSTER_ID = {"ClusterId": "JobFlowIds[]"}
APPLICATION = {"ApplicationId": "applicationId"}
NODEGROUP = {"clusterName": Given("clusterName"), "nodegroupName": Given("nodegroupName")}
FARGATE = {"clusterName": Given("clusterName"), "fargateProfileName": Given("fargateProfileName")}

SERVICES: dict[str, dict[str, Integration]] = {
    "athena": {
        **_jobs(ATHENA, startQueryExecution=Action(operation="StartQueryExecution", job=jobs.QUERY)),
        **_plain(ATHENA, "StopQueryExecution", "GetQueryExecution", "GetQueryResults"),
    },
    "batch": _jobs(BATCH, submitJob=Action(operation="SubmitJob", job=jobs.BATCH_JOB)),
    "bedrock": {
        "invokeModel": InvokeModel(BEDROCK_RUNTIME),
        **_jobs(
            BEDROCK,
            createModelCustomizationJob=Action(
                operation="CreateModelCustomizationJob", job=jobs.CUSTOMIZATION
            ),
        ),
    },
    "bedrockagentcore": {"invokeHarness": InvokeHarness(BEDROCK_AGENTCORE)},
    "codebuild": {
        **_jobs(
            CODEBUILD,
            startBuild=Action(operation="StartBuild", token="idempotencyToken", job=jobs.BUILD),
            startBuildBatch=Action(
                operation="StartBuildBatch", token="idempotencyToken", job=jobs.BUILD_BATCH
            ),
            retryBuildBatch=Action(
                operation="RetryBuildBatch", token="idempotencyToken", job=jobs.BUILD_BATCH
            ),
        ),
        **_plain(
            CODEBUILD,
            "StopBuild",
            "StopBuildBatch",
            "BatchDeleteBuilds",
            "DeleteBuildBatch",
            "BatchGetReports",
        ),
    },
    "databrew": _jobs(DATABREW, startJobRun=Action(operation="StartJobRun", job=jobs.BREW_RUN)),
    "ecs": _jobs(
        ECS,
        runTask=Action(
            operation="RunTask",
            adds={"startedBy": ecs.STARTED_BY},
            refuse=ecs.not_placed,
            job=jobs.CLUSTER_TASK,
        ),
    ),
    "eks": {
        "call": EksCall(),
        "runJob": RunJob(),
        **_jobs(
            EKS,
            createCluster=Action(
                operation="CreateCluster", job=jobs.eks_creation("Cluster", name=Given("name"))
            ),
            deleteCluster=Action(
                operation="DeleteCluster", job=jobs.eks_deletion("Cluster", name=Given("name"))
            ),
            createNodegroup=Action(
                operation="CreateNodegroup", job=jobs.eks_creation("Nodegroup", **NODEGROUP)
            ),
            deleteNodegroup=Action(
                operation="DeleteNodegroup", job=jobs.eks_deletion("Nodegroup", **NODEGROUP)
            ),
            createFargateProfile=Action(
                operation="CreateFargateProfile", job=jobs.eks_creation("FargateProfile", **FARGATE)
            ),
            deleteFargateProfile=Action(
                operation="DeleteFargateProfile", job=jobs.eks_deletion("FargateProfile", **FARGATE)
            ),
        ),
    },
    "elasticmapreduce": {
        **_jobs(
            EMR,
            createCluster=Action(
                operation="RunJobFlow",
                check=emr.stays_alive,
                gives={"ClusterId": "JobFlowId"},
                job=jobs.emr_cluster("WAITING", "TERMINATING TERMINATED TERMINATED_WITH_ERRORS"),
            ),
            terminateCluster=Action(
                operation="TerminateJobFlows",
                takes=CLUSTER_ID,
                needs=("ClusterId",),
                job=jobs.emr_termination(),
            ),
            addStep=Action(
                operation="AddJobFlowSteps",
                takes={"ClusterId": "JobFlowId", "Step": "Steps[]"},
                needs=("ClusterId", "Step"),
                gives={"StepId": "StepIds[]"},
                job=jobs.STEP,
            ),
            cancelStep=Action(
                operation="CancelSteps",
                takes={"StepId": "StepIds[]"},
                needs=("ClusterId", "StepId"),
                gives={"CancelStepsInfo": "CancelStepsInfoList[]"},
            ),
            setClusterTerminationProtection=Action(
                operation="SetTerminationProtection", takes=CLUSTER_ID, needs=("ClusterId",)
            ),
        ),
        "modifyInstanceFleetByName": emr.ModifyByName(EMR, "InstanceFleet", plural=False),
        "modifyInstanceGroupByName": emr.ModifyByName(EMR, "InstanceGroup", plural=True),
    },
    "emr-containers": {
        **_plain(EMR_CONTAINERS, "CreateVirtualCluster"),
        **_jobs(
            EMR_CONTAINERS,
            deleteVirtualCluster=Action(operation="DeleteVirtualCluster", job=jobs.VIRTUAL_CLUSTER_DELETION),
            startJobRun=Action(operation="StartJobRun", job=jobs.POD_RUN),
        ),
    },
    "emr-serverless": _jobs(
        EMR_SERVERLESS,
        createApplication=Action(
            operation="CreateApplication", job=jobs.application("CREATED STARTED", "TERMINATED")
        ),
        startApplication=Action(
            operation="StartApplication",
            echoes=APPLICATION,
            job=jobs.application("STARTED", "TERMINATED", cancel="StopApplication"),
        ),
        stopApplication=Action(
            operation="StopApplication", echoes=APPLICATION, job=jobs.application("STOPPED", "TERMINATED")
        ),
        deleteApplication=Action(
            operation="DeleteApplication", echoes=APPLICATION, job=jobs.application("TERMINATED")
        ),
        startJobRun=Action(
            operation="StartJobRun",
            job=jobs.serverless_run("SUCCESS", "FAILED CANCELLED", cancel="CancelJobRun"),
        ),
        cancelJobRun=Action(operation="CancelJobRun", job=jobs.serverless_run("CANCELLED", "SUCCESS FAILED")),
    ),
    "glue": _jobs(
        GLUE, startJobRun=Action(operation="StartJobRun", echoes={"JobName": "JobName"}, job=jobs.GLUE_RUN)
    ),
    "mediaconvert": _jobs(
        MEDIACONVERT,
        createJob=Action(
            operation="CreateJob",
            adds={"Tags": {"ManagedByService": "AWSStepFunctions"}},
            job=jobs.TRANSCODING,
        ),
    ),
    "sagemaker": {
        **{
            f"create{kind}": ServiceAction(
                SAGEMAKER, Action(operation=f"Create{kind}", job=jobs.sagemaker_job(kind))
            )
            for kind in (
                "TrainingJob",
                "TransformJob",
                "ProcessingJob",
                "HyperParameterTuningJob",
                "LabelingJob",
            )
        },
        **_plain(SAGEMAKER, "CreateModel", "CreateEndpointConfig", "CreateEndpoint", "UpdateEndpoint"),
    },
}
"""By service and action."""

SERVICE_ACTIONS = {
    f"{service}:{name}": action for service, actions in SERVICES.items() for name, action in actions.items()
}
"""The same as the rows of `INTEGRATIONS`."""
